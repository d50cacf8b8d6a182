// SPDX-License-Identifier: Apache-2.0
#include "csr/oid.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

PC_RESULT pc_oid_read(struct pc_der *in, const char *what, struct pc_span *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, PC_DER_OID, what, &value, err));
    bool fresh = true;
    bool valid = value.content.len > 0 && value.content.len <= PC_MAX_OID;
    for (size_t i = 0; valid && i < value.content.len; i++) {
        valid = !fresh || value.content.ptr[i] != 0x80;
        fresh = (value.content.ptr[i] & 0x80) == 0;
    }
    if (!valid || !fresh) {
        return pc_der_fail(&before, "OBJECT IDENTIFIER is malformed", err);
    }
    *ret = value.content;
    return PC_OK;
}

void pc_oid_format(struct pc_span oid, struct pc_buf *ret)
{
    char *dotted PC_CLEANUP(pc_free_str) = pc_der_oid_to_text(oid);
    if (dotted != NULL) {
        pc_buf_text(ret, dotted);
    } else {
        pc_buf_byte(ret, '#');
        pc_hex_add(ret, oid, 0);
    }
}

const char *pc_oid_find(const struct pc_oid_name *table, size_t count, struct pc_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (pc_span_eq(table[i].oid, oid)) {
            return table[i].name;
        }
    }
    return NULL;
}
