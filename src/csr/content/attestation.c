// SPDX-License-Identifier: Apache-2.0
#include "csr/content/attestation.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/name.h"
#include "csr/content/value.h"
#include "csr/evidence/chain.h"
#include "csr/reading/certificate.h"
#include "csr/reading/json.h"
#include "csr/reading/source.h"

enum { OTHER_CERTIFICATE = PC_DER_CONTEXT_CONSTRUCTED(3) };

/* The contents of the two SEQUENCEs of an AttestationBundle. */
struct bundle {
    struct pc_span statements;
    struct pc_span certificates; /* empty: there is no such SEQUENCE */
};

/* `values`: of the attribute, which has just one. */
static struct pc_result read_bundle(struct pc_span values, struct bundle *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(values);
    struct pc_der inner;
    struct pc_der_value list;
    *ret = (struct bundle){0};
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "AttestationBundle", &inner, err));
    PC_TRY(pc_der_leave(&in, "AttestationBundle", err));
    PC_TRY(pc_der_expect(&inner, PC_DER_SEQUENCE, "attestations", &list, err));
    ret->statements = list.content;
    if (!pc_der_at_end(&inner)) {
        PC_TRY(pc_der_expect(&inner, PC_DER_SEQUENCE, "certs", &list, err));
        ret->certificates = list.content;
    }
    return pc_der_leave(&inner, "AttestationBundle", err);
}

/* A visitor of attributes. */
static struct pc_result find_bundle(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    return pc_span_eq(attribute->oid, pc_attribute_attestation()) ? read_bundle(attribute->values, data, err)
                                                                  : PC_OK;
}

/* The bundle that the content has; an empty one when there is none. */
static struct pc_result get_bundle(const struct pc_content *content, struct bundle *ret, p11csr_error **err)
{
    *ret = (struct bundle){0};
    return pc_value_recode(
        pc_attributes_walk(pc_der_over(pc_buf_span(&content->attributes)), find_bundle, ret, err),
        P11CSR_E_ATTRIBUTE, err);
}

/* Puts it in the place of the earlier one, with what is in `more` behind what it has. */
static struct pc_result put_bundle(struct pc_content *content, const struct bundle *bundle,
                                   const struct bundle *more, p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_der_writer_init(&w, &der);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, bundle->statements);
    pc_der_raw(&w, more->statements);
    pc_der_end(&w);
    if (bundle->certificates.len + more->certificates.len > 0) {
        pc_der_begin(&w, PC_DER_SEQUENCE);
        pc_der_raw(&w, bundle->certificates);
        pc_der_raw(&w, more->certificates);
        pc_der_end(&w);
    }
    pc_der_end(&w);
    PC_TRY(pc_der_finish(&w, err));
    return pc_content_add_attribute(content, pc_attribute_attestation(), pc_buf_span(&der), err);
}

/* Refuses one more than `max` of what the list holds. */
static struct pc_result check_count(struct pc_span list, size_t more, size_t max, const char *what,
                                    p11csr_error **err)
{
    struct pc_der in = pc_der_over(list);
    size_t count = more;
    while (!pc_der_at_end(&in) && count <= max) {
        struct pc_der_value value;
        PC_TRY(pc_value_recode(pc_der_next(&in, &value, err), P11CSR_E_ATTRIBUTE, err));
        count++;
    }
    return count <= max ? PC_OK : pc_fail(err, P11CSR_E_LIMIT, "more than %zu %s", max, what);
}

PC_RESULT pc_attestation_add(struct pc_content *content, const char *type, struct pc_span statement,
                             p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    struct bundle bundle;
    pc_buf_init(&oid, PC_MAX_OID);
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_der_writer_init(&w, &der);
    PC_TRY(pc_value_oid(type, P11CSR_E_ATTRIBUTE, &oid, err));
    if (statement.len > PC_MAX_VALUE) {
        return pc_fail(err, P11CSR_E_LIMIT, "the statement has more than %d octets", (int)PC_MAX_VALUE);
    }
    PC_TRY(pc_frame(pc_value_check(statement, P11CSR_E_ATTRIBUTE, err), err,
                    "the statement is not one DER value"));
    PC_TRY(get_bundle(content, &bundle, err));
    PC_TRY(check_count(bundle.statements, 1, PC_MAX_ITEMS, "statements", err));
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_bytes(&w, PC_DER_OID, pc_buf_span(&oid));
    pc_der_raw(&w, statement);
    pc_der_end(&w);
    PC_TRY(pc_der_finish(&w, err));
    const struct bundle more = {.statements = pc_buf_span(&der)};
    return put_bundle(content, &bundle, &more, err);
}

PC_RESULT pc_attestation_add_certificates(struct pc_content *content, struct pc_span input,
                                          p11csr_error **err)
{
    struct pc_crypto *crypto PC_CLEANUP(pc_crypto_free) = NULL;
    struct pc_certificates list PC_CLEANUP(pc_certificates_done);
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct bundle bundle;
    pc_certificates_init(&list);
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(get_bundle(content, &bundle, err));
    if (bundle.statements.len == 0) {
        return pc_fail(err, P11CSR_E_ATTRIBUTE, "there is no attestation that they belong to");
    }
    PC_TRY(pc_crypto_new(&crypto, err));
    PC_TRY(pc_certificates_read(crypto, input, &list, err));
    PC_TRY(check_count(bundle.certificates, pc_certificates_count(&list), PC_MAX_CHAIN, "certificates", err));
    for (size_t i = 0; i < pc_certificates_count(&list); i++) {
        pc_buf_add_span(&der, pc_buf_span(&pc_certificates_get(&list, i)->der));
    }
    PC_TRY(pc_buf_check(&der, err));
    const struct bundle more = {.certificates = pc_buf_span(&der)};
    return put_bundle(content, &bundle, &more, err);
}

/* What can be read as certificates; most statements cannot, which says nothing. */
static struct pc_result gather(const struct pc_crypto *crypto, struct pc_span value,
                               struct pc_certificates *ret, p11csr_error **err)
{
    const struct pc_result result = pc_evidence_read(crypto, value, ret, NULL);
    return result.code == P11CSR_E_NO_MEMORY ? pc_fail_memory(err) : PC_OK;
}

static struct pc_result gather_all(const struct pc_crypto *crypto, const struct bundle *bundle,
                                   struct pc_certificates *ret, p11csr_error **err)
{
    struct pc_der statements = pc_der_over(bundle->statements);
    struct pc_der certificates = pc_der_over(bundle->certificates);
    while (!pc_der_at_end(&statements)) {
        struct pc_der inner;
        struct pc_span type;
        struct pc_der_value value;
        PC_TRY(pc_der_enter(&statements, PC_DER_SEQUENCE, "AttestationStatement", &inner, err));
        PC_TRY(pc_oid_read(&inner, "type", &type, err));
        PC_TRY(pc_der_next(&inner, &value, err));
        PC_TRY(gather(crypto, value.tag == PC_DER_OCTET_STRING ? value.content : value.whole, ret, err));
    }
    while (!pc_der_at_end(&certificates)) {
        struct pc_der_value value;
        PC_TRY(pc_der_next(&certificates, &value, err));
        PC_TRY(gather(crypto, value.whole, ret, err));
    }
    return PC_OK;
}

static struct pc_result fail_other_key(const struct pc_certificate *certificate, p11csr_error **err)
{
    struct pc_buf name PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&name, (size_t)4 * PC_MAX_REQUEST); // escapes make it longer
    PC_TRY(pc_name_format(pc_buf_span(&certificate->subject), &name, err));
    const struct pc_result result = pc_fail(
        err, P11CSR_E_ATTRIBUTE, "the certificate '%.*s' attests another key than that of the request",
        (int)name.len, (const char *)name.ptr);
    pc_hint(err, "have the vendor's tool attest the key of this request, or leave --attestation out");
    return result;
}

PC_RESULT pc_attestation_check(const struct pc_crypto *crypto, const struct pc_content *content,
                               struct pc_span spki, enum pc_attestation_verdict *ret, p11csr_error **err)
{
    struct pc_certificates list PC_CLEANUP(pc_certificates_done);
    struct bundle bundle;
    pc_certificates_init(&list);
    PC_TRY(get_bundle(content, &bundle, err));
    PC_TRY(pc_value_recode(gather_all(crypto, &bundle, &list, err), P11CSR_E_ATTRIBUTE, err));
    *ret = bundle.statements.len > 0 ? PC_ATTESTATION_UNREAD : PC_ATTESTATION_NONE;
    for (size_t i = 0; i < pc_certificates_count(&list); i++) {
        const struct pc_certificate *is = pc_certificates_get(&list, i);
        if (pc_span_eq(pc_buf_span(&is->spki), spki)) {
            *ret = PC_ATTESTATION_OF_KEY;
        } else if (pc_chain_attests_key(is)) {
            return fail_other_key(is, err);
        }
    }
    return PC_OK;
}

static struct pc_result append(json_t *list, json_t *type, const char *key, json_t *value, p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    struct pc_result result = pc_json_set(object, "type", type, err);
    if (!pc_is_ok(result)) {
        json_decref(value);
        return result;
    }
    PC_TRY(pc_json_set(object, key, value, err));
    return pc_json_append(list, json_incref(object), err);
}

static struct pc_result describe_statement(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    struct pc_span type;
    struct pc_der_value statement;
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "AttestationStatement", &inner, err));
    PC_TRY(pc_oid_read(&inner, "type", &type, err));
    PC_TRY(pc_der_next(&inner, &statement, err));
    PC_TRY(pc_der_leave(&inner, "AttestationStatement", err));
    return append(list, pc_json_oid(type), "hex", pc_json_hex(statement.whole), err);
}

static struct pc_result describe_certificate(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_buf copy PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_value value;
    struct pc_source source;
    pc_buf_init(&copy, PC_MAX_REQUEST);
    pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST); // escapes make it longer
    if (pc_der_peek(in) == OTHER_CERTIFICATE) {
        PC_TRY(pc_der_next(in, &value, err));
        return append(list, json_string("other-certificate"), "hex", pc_json_hex(value.whole), err);
    }
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "Certificate", &value, err));
    PC_TRY(pc_source_read(value.whole, PC_SOURCE_CERTIFICATE, &copy, &source, err));
    PC_TRY(pc_name_format(source.subject, &text, err));
    return append(list, json_string("certificate"), "value", pc_json_text(pc_buf_span(&text)), err);
}

PC_RESULT pc_attestation_describe(struct pc_span values, json_t **ret, p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    struct bundle bundle;
    PC_TRY(read_bundle(values, &bundle, err));
    struct pc_der statements = pc_der_over(bundle.statements);
    struct pc_der certificates = pc_der_over(bundle.certificates);
    while (!pc_der_at_end(&statements)) {
        PC_TRY(describe_statement(&statements, list, err));
    }
    while (!pc_der_at_end(&certificates)) {
        PC_TRY(describe_certificate(&certificates, list, err));
    }
    *ret = json_incref(list);
    return PC_OK;
}
