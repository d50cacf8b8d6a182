// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/read.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/name.h"
#include "csr/content/oid.h"

#include <limits.h>
#include <string.h>

struct pc_der pc_csr_reader(const struct pc_csr *csr, struct pc_span part)
{
    struct pc_der in = pc_der_over(csr->whole);
    in.faults = csr->faults;
    return pc_der_part(&in, part);
}

/* CertificationRequestInfo; `in` stands in it. */
static struct pc_result parse_info(struct pc_der *in, struct pc_csr *csr, p11csr_error **err)
{
    struct pc_der_value subject;
    struct pc_der_value spki;
    struct pc_der_value attributes = {.content = {in->end, 0}};
    if (pc_der_peek(in) == PC_DER_CONTEXT_CONSTRUCTED(0)) {
        return pc_der_fail(in, "this looks like a certificate, not a request", err);
    }
    PC_TRY(pc_der_read_number(in, "version", LONG_MAX, &csr->version, err));
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "subject", &subject, err));
    PC_TRY(pc_der_expect(in, PC_DER_SEQUENCE, "subjectPKInfo", &spki, err));
    if (pc_der_at_end(in) && in->faults != NULL) {
        PC_TRY(pc_der_deviates(in, "S03",
                               "the attributes are missing: without any, they are [0] of no length", err));
    } else {
        PC_TRY(pc_der_expect(in, PC_DER_CONTEXT_CONSTRUCTED(0), "attributes", &attributes, err));
    }
    PC_TRY(pc_der_leave(in, "CertificationRequestInfo", err));
    csr->subject = subject.whole;
    csr->spki = spki.whole;
    csr->attributes = attributes.content;
    return PC_OK;
}

/* X.690 section 11.6. `in` stands in a SET OF. */
static struct pc_result check_set_order(struct pc_der in, p11csr_error **err)
{
    struct pc_span earlier = {0};
    while (!pc_der_at_end(&in)) {
        const struct pc_der before = in;
        struct pc_der_value value;
        PC_TRY(pc_der_next(&in, &value, err));
        const size_t common = earlier.len < value.whole.len ? earlier.len : value.whole.len;
        const int order = common > 0 ? memcmp(earlier.ptr, value.whole.ptr, common) : 0;
        if (order > 0 || (order == 0 && earlier.len > value.whole.len)) {
            return pc_der_deviates(&before, "S03",
                                   "the elements of a SET are not in the order that DER demands", err);
        }
        earlier = value.whole;
    }
    return PC_OK;
}

static struct pc_result check_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    const struct pc_csr *csr = data;
    const struct pc_der values = pc_csr_reader(csr, attribute->values);
    if (pc_der_at_end(&values)) {
        return pc_der_deviates(&values, "S04", "an attribute has no value", err);
    }
    return check_set_order(values, err);
}

/* The RDNs of a subject that was walked. */
static struct pc_result check_rdn_order(const struct pc_csr *csr, p11csr_error **err)
{
    struct pc_der in = pc_csr_reader(csr, csr->subject);
    struct pc_der name;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Name", &name, err));
    while (!pc_der_at_end(&name)) {
        struct pc_der rdn;
        PC_TRY(pc_der_enter(&name, PC_DER_SET, "RelativeDistinguishedName", &rdn, err));
        PC_TRY(check_set_order(rdn, err));
    }
    return PC_OK;
}

/* What parse_info() has left: subject and attributes. */
static struct pc_result check_info(struct pc_csr *csr, p11csr_error **err)
{
    PC_TRY(pc_frame(pc_name_walk(pc_csr_reader(csr, csr->subject), NULL, NULL, err), err,
                    "the subject of the request cannot be read"));
    if (csr->faults != NULL) { // a subject that is taken over stays as it is
        PC_TRY(check_rdn_order(csr, err));
    }
    PC_TRY(pc_csr_walk_attributes(csr, check_attribute, csr, err));
    return check_set_order(pc_csr_reader(csr, csr->attributes), err);
}

PC_RESULT pc_csr_parse_info(struct pc_span der, struct pc_csr *ret, p11csr_error **err)
{
    struct pc_csr csr = {.whole = der, .tbs = der};
    struct pc_der in = pc_der_over(der);
    struct pc_der info;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "CertificationRequestInfo", &info, err));
    PC_TRY(pc_der_leave(&in, "CertificationRequestInfo", err));
    PC_TRY(parse_info(&info, &csr, err));
    PC_TRY(check_info(&csr, err));
    *ret = csr;
    return PC_OK;
}

PC_RESULT pc_csr_parse(struct pc_span der, struct pc_csr *ret, p11csr_error **err)
{
    return pc_csr_parse_tolerantly(der, NULL, ret, err);
}

PC_RESULT pc_csr_parse_tolerantly(struct pc_span der, struct pc_der_faults *faults, struct pc_csr *ret,
                                  p11csr_error **err)
{
    struct pc_csr csr = {.whole = der, .faults = faults};
    struct pc_der in = pc_csr_reader(&csr, der);
    struct pc_der outer;
    struct pc_der_value tbs;
    struct pc_der_value aid;
    if (der.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_LIMIT, "a request of more than %d bytes", (int)PC_MAX_REQUEST);
    }
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "CertificationRequest", &outer, err));
    PC_TRY(pc_der_leave(&in, "CertificationRequest", err));
    PC_TRY(pc_der_expect(&outer, PC_DER_SEQUENCE, "CertificationRequestInfo", &tbs, err));
    csr.tbs = tbs.whole;
    struct pc_der info = pc_csr_reader(&csr, tbs.content);
    PC_TRY(parse_info(&info, &csr, err));
    PC_TRY(pc_der_expect(&outer, PC_DER_SEQUENCE, "signatureAlgorithm", &aid, err));
    PC_TRY(pc_der_read_bit_octets(&outer, "signature", &csr.signature, err));
    PC_TRY(pc_der_leave(&outer, "CertificationRequest", err));
    csr.aid = aid.whole;
    PC_TRY(check_info(&csr, err));
    *ret = csr;
    return PC_OK;
}

PC_RESULT pc_csr_walk_attributes(const struct pc_csr *csr,
                                 PC_RESULT (*visit)(const struct pc_attribute *attribute, void *data,
                                                    p11csr_error **err),
                                 void *data, p11csr_error **err)
{
    return pc_attributes_walk(pc_csr_reader(csr, csr->attributes), visit, data, err);
}

struct extension_search {
    const struct pc_csr *csr;
    struct pc_span found;
};

static struct pc_result find_extensions(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct extension_search *search = data;
    struct pc_der in = pc_csr_reader(search->csr, attribute->values);
    struct pc_der_value value;
    if (!pc_attribute_holds_extensions(attribute->oid)) {
        return PC_OK;
    }
    if (search->found.len > 0) {
        return pc_der_deviates(&in, "S05", "a second attribute with extensions", err);
    }
    if (pc_der_at_end(&in) && in.faults != NULL) {
        return PC_OK; // that it has no value was recorded when the request was read
    }
    PC_TRY(pc_der_next(&in, &value, err));
    if (!pc_der_at_end(&in)) {
        PC_TRY(
            pc_der_deviates(&in, "S04", "a second value of the extension request, which has one value", err));
    }
    search->found = value.whole;
    return PC_OK;
}

PC_RESULT pc_csr_extensions(const struct pc_csr *csr, struct pc_span *ret, p11csr_error **err)
{
    struct extension_search search = {.csr = csr};
    PC_TRY(pc_csr_walk_attributes(csr, find_extensions, &search, err));
    *ret = search.found;
    return PC_OK;
}

struct content_reading {
    struct pc_content *content;
    size_t unknown;
};

static struct pc_result take_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    struct content_reading *reading = data;
    bool known = false;
    return pc_extension_read(ext, reading->content, &known, err);
}

static struct pc_result take_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct content_reading *reading = data;
    if (pc_attribute_holds_extensions(attribute->oid)) {
        reading->unknown += pc_span_eq(attribute->oid, pc_attribute_extension_request()) ? 0 : 1;
        return PC_OK;
    }
    return pc_content_take_attribute(reading->content, attribute, err);
}

PC_RESULT pc_csr_content(const struct pc_csr *csr, struct pc_content *ret, size_t *ret_unknown,
                         p11csr_error **err)
{
    struct content_reading reading = {.content = ret};
    struct pc_span extensions = {0};
    pc_buf_add_span(&ret->subject, csr->subject);
    PC_TRY(pc_buf_check(&ret->subject, err));
    PC_TRY(pc_csr_walk_attributes(csr, take_attribute, &reading, err));
    PC_TRY(pc_csr_extensions(csr, &extensions, err));
    if (extensions.len > 0) {
        PC_TRY(pc_extensions_walk(pc_csr_reader(csr, extensions), take_extension, &reading, err));
    }
    *ret_unknown = reading.unknown;
    return PC_OK;
}
