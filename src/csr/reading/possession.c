// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/possession.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name.h"
#include "csr/reading/json.h"

/* PrivateKeyPossessionStatement (RFC 9883 section 4); `in` stands before it. */
static struct pc_result read_statement(struct pc_der *in, struct pc_possession *ret, p11csr_error **err)
{
    struct pc_der statement;
    struct pc_der signer;
    struct pc_der_value value;
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "PrivateKeyPossessionStatement", &statement, err));
    PC_TRY(pc_der_leave(in, "the statement of possession, which has one value", err));
    PC_TRY(pc_der_enter(&statement, PC_DER_SEQUENCE, "IssuerAndSerialNumber", &signer, err));
    PC_TRY(pc_der_expect(&signer, PC_DER_SEQUENCE, "issuer", &value, err));
    *ret = (struct pc_possession){.issuer = value.whole};
    PC_TRY(pc_der_expect(&signer, PC_DER_INTEGER, "serialNumber", &value, err));
    ret->serial = value.content;
    PC_TRY(pc_der_leave(&signer, "IssuerAndSerialNumber", err));
    if (!pc_der_at_end(&statement)) {
        PC_TRY(pc_der_expect(&statement, PC_DER_SEQUENCE, "cert", &value, err));
        ret->certificate = value.whole;
    }
    return pc_der_leave(&statement, "PrivateKeyPossessionStatement", err);
}

struct search {
    struct pc_span values;
    bool found;
};

static struct pc_result find(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct search *search = data;
    (void)err;
    if (!search->found && pc_span_eq(attribute->oid, pc_attribute_possession())) {
        *search = (struct search){attribute->values, true};
    }
    return PC_OK;
}

PC_RESULT pc_possession_find(const struct pc_csr *csr, struct pc_possession *ret, bool *ret_there,
                             p11csr_error **err)
{
    struct search search = {0};
    PC_TRY(pc_csr_walk_attributes(csr, find, &search, err));
    *ret_there = search.found;
    if (!search.found) {
        return PC_OK;
    }
    struct pc_der in = pc_csr_reader(csr, search.values);
    return read_statement(&in, ret, err);
}

/* Takes the value. */
static struct pc_result add(json_t *list, const char *type, const char *key, json_t *value,
                            p11csr_error **err)
{
    json_t *item PC_CLEANUP(pc_json_drop) = json_pack("{s:s, s:o}", "type", type, key, value);
    if (item == NULL) {
        return pc_fail_memory(err);
    }
    return pc_json_append(list, json_incref(item), err);
}

PC_RESULT pc_possession_describe(struct pc_span values, json_t **ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(values);
    struct pc_possession statement = {0};
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    struct pc_buf issuer PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&issuer, (size_t)4 * PC_MAX_REQUEST); // escapes make it longer
    PC_TRY(read_statement(&in, &statement, err));
    PC_TRY(pc_name_format(statement.issuer, &issuer, err));
    PC_TRY(add(list, "issuer", "value", pc_json_text(pc_buf_span(&issuer)), err));
    PC_TRY(add(list, "serial", "value", pc_json_hex(statement.serial), err));
    if (statement.certificate.len > 0) {
        PC_TRY(add(list, "certificate", "hex", pc_json_hex(statement.certificate), err));
    }
    *ret = json_incref(list);
    return PC_OK;
}
