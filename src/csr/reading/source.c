// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/source.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/merge.h"
#include "csr/content/name.h"
#include "csr/reading/json.h"
#include "csr/reading/takeover.h"

#include <string.h>

/* Moves `in` past the fields of TBSCertificate that stand before its extensions (RFC 5280 section 4.1). */
static struct pc_result parse_fields(struct pc_der *in, struct pc_source *ret, p11csr_error **err)
{
    struct pc_der_value value;
    if (pc_der_peek(in) == PC_DER_CONTEXT_CONSTRUCTED(0)) {
        PC_TRY(pc_der_next(in, &value, err)); // version
    }
    PC_TRY(pc_der_expect(in, PC_DER_INTEGER, "serialNumber", &value, err));
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "signature", &value, err));
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "issuer", &value, err));
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "validity", &value, err));
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "subject", &value, err));
    ret->subject = value.whole;
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "subjectPublicKeyInfo", &value, err));
    ret->spki = value.whole;
    while (pc_der_peek(in) == PC_DER_CONTEXT(1) || pc_der_peek(in) == PC_DER_CONTEXT(2)) {
        PC_TRY(pc_der_next(in, &value, err)); // unique identifiers
    }
    return PC_OK;
}

static struct pc_result parse_certificate(struct pc_span der, struct pc_source *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(der);
    struct pc_der outer;
    struct pc_der tbs;
    struct pc_der_value value;
    *ret = (struct pc_source){.kind = PC_SOURCE_CERTIFICATE, .whole = der};
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Certificate", &outer, err));
    PC_TRY(pc_der_leave(&in, "Certificate", err));
    PC_TRY(pc_der_enter(&outer, PC_DER_SEQUENCE, "TBSCertificate", &tbs, err));
    PC_TRY(pc_der_expect(&outer, PC_DER_SEQUENCE, "signatureAlgorithm", &value, err));
    PC_TRY(pc_der_expect(&outer, PC_DER_BIT_STRING, "signature", &value, err));
    PC_TRY(pc_der_leave(&outer, "Certificate", err));
    PC_TRY(parse_fields(&tbs, ret, err));
    if (pc_der_peek(&tbs) == PC_DER_CONTEXT_CONSTRUCTED(3)) {
        struct pc_der inner;
        PC_TRY(pc_der_enter(&tbs, PC_DER_CONTEXT_CONSTRUCTED(3), "extensions", &inner, err));
        PC_TRY(pc_der_expect(&inner, PC_DER_SEQUENCE, "Extensions", &value, err));
        PC_TRY(pc_der_leave(&inner, "extensions", err));
        ret->extensions = value.whole;
    }
    PC_TRY(pc_der_leave(&tbs, "TBSCertificate", err));
    const struct pc_der whole = pc_der_over(der);
    const struct pc_der subject = pc_der_part(&whole, ret->subject);
    return pc_frame(pc_name_walk(subject, NULL, NULL, err), err,
                    "the subject of the certificate cannot be read");
}

static struct pc_result parse_request(struct pc_span der, struct pc_der_faults *faults, struct pc_source *ret,
                                      p11csr_error **err)
{
    *ret = (struct pc_source){.kind = PC_SOURCE_REQUEST, .whole = der};
    PC_TRY(pc_csr_parse_tolerantly(der, faults, &ret->csr, err));
    ret->subject = ret->csr.subject;
    ret->spki = ret->csr.spki;
    return pc_csr_extensions(&ret->csr, &ret->extensions, err);
}

/* `faults`: NULL to read it strictly. */
static struct pc_result read_request(struct pc_span input, struct pc_der_faults *faults,
                                     struct pc_buf *ret_der, struct pc_source *ret, p11csr_error **err)
{
    PC_TRY(pc_csr_decode_input(input, ret_der, err));
    return parse_request(pc_buf_span(ret_der), faults, ret, err);
}

static struct pc_result read_certificate(struct pc_span input, struct pc_buf *ret_der, struct pc_source *ret,
                                         p11csr_error **err)
{
    PC_TRY(pc_pem_find_certificate(input, ret_der, err));
    return parse_certificate(pc_buf_span(ret_der), ret, err);
}

/* Whether DER has the fields of a request as far as those of a certificate differ: [0] stands last. */
static bool has_form_of_request(struct pc_span der)
{
    struct pc_der in = pc_der_over(der);
    struct pc_der outer;
    struct pc_der info;
    struct pc_der_value value;
    if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "", &outer, NULL)) ||
        !pc_is_ok(pc_der_enter(&outer, PC_DER_SEQUENCE, "", &info, NULL)) ||
        !pc_is_ok(pc_der_expect(&info, PC_DER_INTEGER, "", &value, NULL)) ||
        !pc_is_ok(pc_der_next(&info, &value, NULL)) || !pc_is_ok(pc_der_next(&info, &value, NULL))) {
        return false;
    }
    return pc_der_peek(&info) == PC_DER_CONTEXT_CONSTRUCTED(0);
}

/* What the input is meant to be, be it whole or damaged. */
static enum pc_source_kind guess(struct pc_span input)
{
    static const char label[] = "CERTIFICATE REQUEST-----";
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_faults faults PC_CLEANUP(pc_der_faults_done);
    struct pc_source source;
    pc_der_faults_init(&faults);
    pc_buf_init(&der, PC_MAX_REQUEST);
    return (input.len > 0 && memmem(input.ptr, input.len, label, strlen(label)) != NULL) ||
                   pc_is_ok(read_request(input, &faults, &der, &source, NULL)) ||
                   has_form_of_request(pc_buf_span(&der))
               ? PC_SOURCE_REQUEST
               : PC_SOURCE_CERTIFICATE;
}

/* True when the input can be read as the kind that was not asked for. */
static bool is_other(struct pc_span input, enum pc_source_kind kind)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_source source;
    pc_buf_init(&der, PC_MAX_REQUEST);
    return pc_is_ok(kind == PC_SOURCE_REQUEST ? read_certificate(input, &der, &source, NULL)
                                              : read_request(input, NULL, &der, &source, NULL));
}

PC_RESULT pc_source_read(struct pc_span input, enum pc_source_kind kind, struct pc_buf *ret_der,
                         struct pc_source *ret, p11csr_error **err)
{
    if (kind == PC_SOURCE_ANY) {
        kind = guess(input);
    } else if (is_other(input, kind)) {
        const bool request = kind == PC_SOURCE_REQUEST;
        const struct pc_result result =
            pc_fail(err, P11CSR_E_REQUEST, "this is %s, not %s", request ? "a certificate" : "a request",
                    request ? "a request" : "a certificate");
        pc_hint(err, "a request takes it over by --from-%s", request ? "cert" : "csr");
        return result;
    }
    return kind == PC_SOURCE_REQUEST ? read_request(input, NULL, ret_der, ret, err)
                                     : read_certificate(input, ret_der, ret, err);
}

PC_RESULT pc_source_read_tolerantly(struct pc_span input, struct pc_der_faults *faults,
                                    struct pc_buf *ret_der, struct pc_source *ret, p11csr_error **err)
{
    return guess(input) == PC_SOURCE_REQUEST ? read_request(input, faults, ret_der, ret, err)
                                             : read_certificate(input, ret_der, ret, err);
}

/* What is being taken over, and what is left out. */
struct taking {
    const struct pc_source *source;
    struct pc_content *content;
    json_t *dropped;
};

static struct pc_result drop(const struct taking *taking, const char *kind, const struct pc_oid_name *what,
                             const char *why, p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(pc_json_set(object, "kind", json_string(kind), err));
    PC_TRY(pc_json_set(object, "name", pc_json_name(what->name), err));
    PC_TRY(pc_json_set(object, "oid", pc_json_oid(what->oid), err));
    PC_TRY(pc_json_set(object, "why", json_string(why), err));
    return pc_json_append(taking->dropped, json_incref(object), err);
}

static struct pc_result take_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    const struct taking *taking = data;
    struct pc_oid_name what = {ext->oid, ext->name};
    const char *why = pc_takeover_extension(&what, taking->source->kind == PC_SOURCE_CERTIFICATE);
    if (why != NULL) {
        return drop(taking, "extension", &what, why, err);
    }
    struct pc_extension lenient = *ext; // an encoding that is not DER is not taken over: it is made anew
    lenient.explicit_false = false;
    bool known = false;
    return pc_extension_read(&lenient, taking->content, &known, err);
}

static struct pc_result take_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct taking *taking = data;
    const struct pc_oid_name what = {attribute->oid, attribute->name};
    if (pc_attribute_holds_extensions(attribute->oid)) {
        return PC_OK; // its extensions are taken one by one
    }
    const char *why = pc_takeover_attribute(attribute->oid);
    return why != NULL ? drop(taking, "attribute", &what, why, err)
                       : pc_content_take_attribute(taking->content, attribute, err);
}

static struct pc_result take_all(struct taking *taking, p11csr_error **err)
{
    const struct pc_source *source = taking->source;
    pc_buf_add_span(&taking->content->subject, source->subject);
    PC_TRY(pc_buf_check(&taking->content->subject, err));
    if (source->extensions.len > 0) {
        const struct pc_span list = source->extensions;
        const struct pc_der whole = pc_der_over(source->whole);
        const struct pc_der in = pc_der_part(&whole, list);
        PC_TRY(pc_extensions_walk(in, take_extension, taking, err));
    }
    return source->kind == PC_SOURCE_REQUEST
               ? pc_csr_walk_attributes(&source->csr, take_attribute, taking, err)
               : PC_OK;
}

PC_RESULT pc_source_take(const struct pc_source *source, struct pc_content *content, json_t **ret_dropped,
                         p11csr_error **err)
{
    struct pc_content got PC_CLEANUP(pc_content_done);
    json_t *dropped PC_CLEANUP(pc_json_drop) = json_array();
    struct taking taking = {.source = source, .content = &got, .dropped = dropped};
    pc_content_init(&got);
    if (dropped == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(take_all(&taking, err));
    PC_TRY(pc_content_merge(content, &got, err));
    *ret_dropped = json_incref(dropped);
    return PC_OK;
}
