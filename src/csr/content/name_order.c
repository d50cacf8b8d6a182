// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name.h"
#include "csr/content/name_types.h"
#include "csr/content/oid.h"
#include "der/writer.h"

/* The RDNs of a name, and which of them have been written. */
struct rdns {
    size_t count;
    struct pc_der_value values[PC_MAX_RDNS];
    bool written[PC_MAX_RDNS];
};

/* `der` is a name that was checked. */
static struct pc_result list(struct pc_span der, struct rdns *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(der);
    struct pc_der name;
    PC_TRY(pc_name_walk(in, NULL, NULL, err));
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Name", &name, err));
    for (; !pc_der_at_end(&name) && ret->count < PC_MAX_RDNS; ret->count++) {
        PC_TRY(pc_der_next(&name, &ret->values[ret->count], err));
    }
    return PC_OK;
}

static bool has_type(struct pc_span rdn, struct pc_span oid)
{
    struct pc_der in = pc_der_over(rdn);
    struct pc_der pair;
    struct pc_span type;
    while (!pc_der_at_end(&in)) {
        if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "AttributeTypeAndValue", &pair, NULL)) ||
            !pc_is_ok(pc_oid_read(&pair, "attribute type", &type, NULL))) {
            return false;
        }
        if (pc_span_eq(type, oid)) {
            return true;
        }
    }
    return false;
}

/* Appends the OID of a type by its name or in dotted form. */
static struct pc_result find_oid(const char *text, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_name_type *type = pc_name_type_find(text);
    if (type != NULL) {
        pc_buf_add_span(ret, type->oid);
    } else if (!pc_der_oid_from_text(text, ret)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "unknown attribute type '%s'", text);
    }
    return pc_buf_check(ret, err);
}

/* Writes those that have this type, all when `oid` is empty, unless they have been written. */
static void write_rdns(struct rdns *rdns, struct pc_span oid, struct pc_der_writer *w)
{
    for (size_t i = 0; i < rdns->count; i++) {
        if (!rdns->written[i] && (oid.len == 0 || has_type(rdns->values[i].content, oid))) {
            pc_der_raw(w, rdns->values[i].whole);
            rdns->written[i] = true;
        }
    }
}

PC_RESULT pc_name_reorder(struct pc_span der, const char *const *types, size_t count, struct pc_buf *ret,
                          p11csr_error **err)
{
    struct rdns rdns = {0};
    struct pc_der_writer w;
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    PC_TRY(list(der, &rdns, err));
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    for (size_t i = 0; i < count; i++) {
        oid.len = 0;
        PC_TRY(find_oid(types[i], &oid, err));
        write_rdns(&rdns, pc_buf_span(&oid), &w);
    }
    write_rdns(&rdns, (struct pc_span){0}, &w);
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}
