// SPDX-License-Identifier: Apache-2.0
#include "csr/content/attributes.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/extensions.h"
#include "csr/content/oid.h"
#include "csr/content/value.h"

enum { EXTENSION_REQUEST, MS_EXTENSIONS, CHALLENGE_PASSWORD, ATTESTATION, POSSESSION };

// clang-format off
static const struct pc_oid_name names[] = {
    [EXTENSION_REQUEST] = {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"), "extensionRequest"},
    [MS_EXTENSIONS] = {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e"), "msCertExtensions"},
    [CHALLENGE_PASSWORD] = {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"), "challengePassword"},
    [ATTESTATION] = {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x3b"), "attestation"},
    [POSSESSION] = {PC_BYTES("\x2b\x06\x01\x04\x01\x81\xac\x60\x02\x01"), "statementOfPossession"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), "emailAddress"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"), "sMIMECapabilities"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14"), "friendlyName"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x01"), "msRenewalCertificate"},
    {PC_BYTES("\x67\x81\x0c\x29"), "caSigningNonce"},
    {PC_BYTES("\x67\x81\x0c\x2a"), "applicantSigningNonce"},
};
// clang-format on

struct pc_span pc_attribute_extension_request(void)
{
    return names[EXTENSION_REQUEST].oid;
}

struct pc_span pc_attribute_challenge_password(void)
{
    return names[CHALLENGE_PASSWORD].oid;
}

struct pc_span pc_attribute_attestation(void)
{
    return names[ATTESTATION].oid;
}

struct pc_span pc_attribute_possession(void)
{
    return names[POSSESSION].oid;
}

bool pc_attribute_holds_extensions(struct pc_span oid)
{
    return pc_span_eq(oid, names[EXTENSION_REQUEST].oid) || pc_span_eq(oid, names[MS_EXTENSIONS].oid);
}

const char *pc_attribute_name(struct pc_span oid)
{
    const struct pc_item_row *row = pc_attribute_row_by_oid(oid);
    return row != NULL ? row->oid.name : pc_oid_find(names, PC_ARRAY_LEN(names), oid);
}

PC_RESULT pc_attributes_walk(struct pc_der in,
                             PC_RESULT (*visit)(const struct pc_attribute *attribute, void *data,
                                                p11csr_error **err),
                             void *data, p11csr_error **err)
{
    for (size_t count = 0; !pc_der_at_end(&in); count++) {
        struct pc_attribute attribute;
        struct pc_der inner;
        struct pc_der_value values;
        if (count == PC_MAX_ATTRIBUTES) {
            return pc_fail(err, P11CSR_E_LIMIT, "more than %zu attributes", count);
        }
        PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Attribute", &inner, err));
        PC_TRY(pc_oid_read(&inner, "attribute type", &attribute.oid, err));
        PC_TRY(pc_der_expect(&inner, PC_DER_SET, "attribute values", &values, err));
        PC_TRY(pc_der_leave(&inner, "Attribute", err));
        attribute.values = values.content;
        attribute.name = pc_attribute_name(attribute.oid);
        PC_TRY(visit(&attribute, data, err));
    }
    return PC_OK;
}

struct search {
    struct pc_attribute wanted; /* its values are set when it is found */
    bool found;
    struct pc_der_writer *others; /* where those of other types go */
};

static struct pc_result write_attribute(const struct pc_attribute *attribute, struct pc_der_writer *w,
                                        p11csr_error **err)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, attribute->oid);
    pc_der_begin(w, PC_DER_SET);
    pc_der_raw(w, attribute->values);
    PC_TRY(pc_der_end_set_of(w, err));
    pc_der_end(w);
    return PC_OK;
}

static struct pc_result search_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct search *search = data;
    if (!pc_span_eq(attribute->oid, search->wanted.oid)) {
        return write_attribute(attribute, search->others, err);
    }
    search->wanted = *attribute;
    search->found = true;
    return PC_OK;
}

static bool has_value(struct pc_span values, struct pc_span value)
{
    struct pc_der in = pc_der_over(values);
    struct pc_der_value each;
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &each, NULL))) {
        if (pc_span_eq(each.whole, value)) {
            return true;
        }
    }
    return false;
}

/* RFC 2985 section 5.4.1, draft-ietf-lamps-csr-attestation, and others that have one value. */
static bool is_single_valued(struct pc_span oid)
{
    const struct pc_item_row *row = pc_attribute_row_by_oid(oid);
    return pc_span_eq(oid, names[CHALLENGE_PASSWORD].oid) || pc_span_eq(oid, names[ATTESTATION].oid) ||
           (row != NULL && !row->adds);
}

/* Keeps what stands in a SET OF, which is in DER order, in whatever order it was said. */
static struct pc_result keep(struct pc_content *content, const struct pc_buf *set, p11csr_error **err)
{
    struct pc_buf fresh PC_CLEANUP(pc_buf_wipe) = {0};
    struct pc_der in = pc_der_over(pc_buf_span(set));
    struct pc_der_value value;
    pc_buf_init(&fresh, content->attributes.max);
    PC_TRY(pc_der_next(&in, &value, err));
    pc_buf_add_span(&fresh, value.content);
    PC_TRY(pc_buf_check(&fresh, err));
    const struct pc_buf earlier = content->attributes;
    content->attributes = fresh;
    fresh = earlier;
    return PC_OK;
}

/* Puts `values` in the place of those of this type, with the earlier ones if `add`. */
static struct pc_result put_values(struct pc_content *content, struct pc_attribute attribute, bool add,
                                   p11csr_error **err)
{
    struct pc_buf set PC_CLEANUP(pc_buf_wipe) = {0};
    struct pc_buf values PC_CLEANUP(pc_buf_wipe) = {0};
    struct pc_der_writer w;
    struct search search = {.wanted.oid = attribute.oid, .others = &w};
    pc_buf_init(&set, PC_MAX_REQUEST);
    pc_buf_init(&values, content->attributes.max);
    pc_der_writer_init(&w, &set);
    pc_der_begin(&w, PC_DER_SET);
    PC_TRY(
        pc_attributes_walk(pc_der_over(pc_buf_span(&content->attributes)), search_attribute, &search, err));
    if (search.found && add) {
        pc_buf_add_span(&values, search.wanted.values);
    }
    if (!search.found || !add || !has_value(search.wanted.values, attribute.values)) {
        pc_buf_add_span(&values, attribute.values);
    }
    attribute.values = pc_buf_span(&values);
    PC_TRY(pc_buf_check(&values, err));
    PC_TRY(write_attribute(&attribute, &w, err));
    PC_TRY(pc_der_end_set_of(&w, err));
    PC_TRY(pc_der_finish(&w, err));
    return keep(content, &set, err);
}

static struct pc_result refuse_extensions(struct pc_span oid, p11csr_error **err)
{
    if (!pc_attribute_holds_extensions(oid)) {
        return PC_OK;
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_ATTRIBUTE, "the attribute %s holds the extensions and is written once, for all",
                pc_attribute_name(oid));
    pc_hint(err, "name each extension by itself: --extension OID:hex:...");
    return result;
}

static struct pc_result find_same(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    const struct pc_span *oid = data;
    return pc_span_eq(attribute->oid, *oid)
               ? pc_fail(err, P11CSR_E_ATTRIBUTE, "an attribute stands there twice")
               : PC_OK;
}

PC_RESULT pc_content_take_attribute(struct pc_content *content, const struct pc_attribute *attribute,
                                    p11csr_error **err)
{
    struct pc_span oid = attribute->oid;
    PC_TRY(refuse_extensions(oid, err));
    PC_TRY(pc_attributes_walk(pc_der_over(pc_buf_span(&content->attributes)), find_same, &oid, err));
    return put_values(content, *attribute, false, err);
}

static struct pc_result replace_attribute(const struct pc_attribute *attribute, void *data,
                                          p11csr_error **err)
{
    return put_values(data, *attribute, false, err);
}

PC_RESULT pc_attributes_merge(struct pc_content *content, const struct pc_content *more, p11csr_error **err)
{
    return pc_attributes_walk(pc_der_over(pc_buf_span(&more->attributes)), replace_attribute, content, err);
}

PC_RESULT pc_content_add_attribute(struct pc_content *content, struct pc_span oid, struct pc_span value,
                                   p11csr_error **err)
{
    const struct pc_attribute attribute = {.oid = oid, .values = value};
    PC_TRY(refuse_extensions(oid, err));
    PC_TRY(pc_value_check(value, P11CSR_E_ATTRIBUTE, err));
    return put_values(content, attribute, !is_single_valued(oid), err);
}

PC_RESULT pc_content_say_attribute(struct pc_content *content, const struct pc_item_row *row,
                                   const char *text, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&value, PC_MAX_VALUE);
    pc_der_writer_init(&w, &value);
    PC_TRY(pc_value_recode(row->write(text, (struct pc_span){0}, &w, err), P11CSR_E_ATTRIBUTE, err));
    PC_TRY(pc_der_finish(&w, err));
    return pc_content_add_attribute(content, row->oid.oid, pc_buf_span(&value), err);
}

/* The extensionRequest attribute (RFC 2985 section 5.4.2). */
static void write_extension_request(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, pc_attribute_extension_request());
    pc_der_begin(w, PC_DER_SET);
    pc_extensions_write(content, w);
    pc_der_end(w); // one value: nothing to sort
    pc_der_end(w);
}

PC_RESULT pc_attributes_write(const struct pc_content *content, struct pc_der_writer *w, p11csr_error **err)
{
    pc_der_begin(w, PC_DER_CONTEXT_CONSTRUCTED(0));
    pc_der_raw(w, pc_buf_span(&content->attributes));
    if (pc_extensions_count(content) > 0) {
        write_extension_request(content, w);
    }
    return pc_der_end_set_of(w, err);
}
