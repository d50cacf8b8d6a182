// SPDX-License-Identifier: Apache-2.0
#include "csr/content/oid.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

enum { NO_LIMIT = PC_MAX_OID };

/* Complete arcs in their shortest form, each of at most `most` octets. */
static bool has_arcs(struct pc_span oid, size_t most)
{
    size_t octets = 0; // of the arc so far
    for (size_t i = 0; i < oid.len; i++) {
        if ((octets == 0 && oid.ptr[i] == 0x80) || octets == most) {
            return false;
        }
        octets = (oid.ptr[i] & 0x80) == 0 ? 0 : octets + 1;
    }
    return oid.len > 0 && oid.len <= PC_MAX_OID && octets == 0;
}

PC_RESULT pc_oid_read(struct pc_der *in, const char *what, struct pc_span *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_expect(in, PC_DER_OID, what, &value, err));
    if (!has_arcs(value.content, NO_LIMIT)) {
        PC_TRY(pc_der_deviates(&before, NULL, "OBJECT IDENTIFIER is malformed", err));
    }
    *ret = value.content;
    return PC_OK;
}

PC_RESULT pc_oid_format(struct pc_span oid, struct pc_buf *ret, p11csr_error **err)
{
    char *dotted PC_CLEANUP(pc_free_str) = pc_der_oid_to_text(oid);
    if (dotted != NULL) {
        pc_buf_text(ret, dotted);
    } else if (has_arcs(oid, PC_DER_ARC_OCTETS)) {
        return pc_fail_memory(err);
    } else {
        pc_buf_byte(ret, '#');
        pc_hex_add(ret, oid, 0);
    }
    return pc_buf_check(ret, err);
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
