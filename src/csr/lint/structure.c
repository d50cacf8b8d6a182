// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/lint/oids.h"
#include "csr/lint/rule_functions.h"

#include <string.h>

/* Rules about the request as a whole: encoding, version, attributes, extensions. */

/* Tells the deviations met in reading that break this rule. */
PC_RESULT pc_lint_faults(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_der_faults *faults = lint->csr->faults;
    const size_t count = faults != NULL ? pc_der_faults_count(faults) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct pc_der_fault *fault = pc_der_faults_get(faults, i);
        if (strcmp(fault->rule != NULL ? fault->rule : "S01", lint->rule->id) == 0) {
            PC_TRY(pc_lint_report(lint, fault->at, err, "%s", fault->text));
        }
    }
    return PC_OK;
}

/* What is wrong with the content octets of a primitive value, or NULL. */
static const char *primitive_fault(const struct pc_der_value *value)
{
    const struct pc_span c = value->content;
    switch (value->tag) {
    case PC_DER_NULL:
        return c.len == 0 ? NULL : "NULL has a content";
    case PC_DER_BOOLEAN:
        return c.len == 1 && (c.ptr[0] == 0 || c.ptr[0] == 0xFF) ? NULL : "BOOLEAN is neither 00 nor FF";
    case PC_DER_INTEGER: {
        const bool padded =
            c.len > 1 && ((c.ptr[0] == 0 && c.ptr[1] < 0x80) || (c.ptr[0] == 0xFF && c.ptr[1] >= 0x80));
        return c.len > 0 && !padded ? NULL : "INTEGER is not in its shortest form";
    }
    case PC_DER_BIT_STRING: {
        const bool whole = c.len > 0 && c.ptr[0] <= 7 && (c.len > 1 || c.ptr[0] == 0);
        return whole && (c.ptr[c.len - 1] & ((1U << c.ptr[0]) - 1)) == 0
                   ? NULL
                   : "unused bits of a BIT STRING are not zero";
    }
    default:
        return NULL;
    }
}

/* Universal types that are constructed in DER: SEQUENCE and SET. */
static bool is_in_parts(unsigned tag)
{
    return (tag & 0xE0) == 0x20 && tag != PC_DER_SEQUENCE && tag != PC_DER_SET;
}

/*
 * Walks all values of the request, depth first and without recursion; `in` records deviations. What stands
 * behind the request was recorded when it was read.
 */
static struct pc_result walk(struct pc_der in, p11csr_error **err)
{
    enum { CONSTRUCTED = 0x20 };
    struct pc_der_value request;
    struct pc_der whole = in;
    PC_TRY(pc_der_next(&whole, &request, err));
    in = pc_der_part(&in, request.whole);
    const uint8_t *ends[PC_MAX_DER_DEPTH] = {in.end};
    for (size_t depth = 1; depth > 0;) {
        struct pc_der_value value;
        in.end = ends[depth - 1];
        if (pc_der_at_end(&in)) {
            depth--;
            continue;
        }
        const struct pc_der before = in;
        PC_TRY(pc_der_next(&in, &value, err));
        const char *fault =
            is_in_parts(value.tag) ? "a string in parts: this is BER, not DER" : primitive_fault(&value);
        if (fault != NULL) {
            PC_TRY(pc_der_deviates(&before, NULL, fault, err));
        }
        if ((value.tag & CONSTRUCTED) != 0 && depth == PC_ARRAY_LEN(ends)) {
            return pc_der_deviates(&before, NULL, "nested too deeply to be read", err);
        }
        if ((value.tag & CONSTRUCTED) != 0) {
            ends[depth++] = in.at;
            in.at = value.content.ptr;
        }
    }
    return PC_OK;
}

PC_RESULT pc_lint_encoding(struct pc_lint *lint, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    if (lint->csr->faults == NULL) { // it was read strictly, and is our own
        return PC_OK;
    }
    const struct pc_result walked = walk(pc_csr_reader(lint->csr, lint->csr->whole), &why);
    if (walked.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(walked)) {
        PC_TRY(pc_lint_report(lint, PC_LINT_NOWHERE, err, "%s", p11csr_error_cause(why, 0)));
    }
    return pc_lint_faults(lint, err);
}

PC_RESULT pc_lint_version(struct pc_lint *lint, p11csr_error **err)
{
    return lint->csr->version == 0
               ? PC_OK
               : pc_lint_report(lint, PC_LINT_NOWHERE, err, "the version is %lu where only 0 is defined",
                                lint->csr->version);
}

/* Attribute types that have exactly one value. */
static bool is_single_valued(struct pc_span oid)
{
    return pc_span_eq(oid, PC_OID_CHALLENGE_PASSWORD) || pc_attribute_holds_extensions(oid) ||
           pc_span_eq(oid, pc_attribute_attestation()) || pc_span_eq(oid, PC_OID_POSSESSION);
}

static size_t count_values(const struct pc_lint *lint, struct pc_span values)
{
    struct pc_der in = pc_csr_reader(lint->csr, values);
    struct pc_der_value value;
    size_t count = 0;
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &value, NULL))) {
        count++;
    }
    return count;
}

/* Attributes whose values are text of 1 to 255 characters (RFC 2985 sections 5.2.2, 5.2.3, 5.4.1). */
static bool is_text(struct pc_span oid)
{
    return pc_span_eq(oid, PC_OID_CHALLENGE_PASSWORD) || pc_span_eq(oid, PC_OID_UNSTRUCTURED_NAME) ||
           pc_span_eq(oid, PC_OID_UNSTRUCTURED_ADDRESS);
}

static bool is_in_bounds(const struct pc_der_value *value, struct pc_buf *text)
{
    enum { MAX_CHARACTERS = 255 };
    size_t count = 0;
    text->len = 0;
    if (!pc_name_value_text(value->tag, value->content, text)) {
        return value->tag == PC_DER_TELETEX_STRING; // its characters are not known
    }
    for (size_t at = 0; at < text->len; count++) {
        (void)pc_utf8_next(pc_buf_span(text), &at);
    }
    return count >= 1 && count <= MAX_CHARACTERS;
}

static struct pc_result check_text(struct pc_lint *lint, const struct pc_attribute *attribute,
                                   p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der in = pc_csr_reader(lint->csr, attribute->values);
    struct pc_der_value value;
    pc_buf_init(&text, (size_t)2 * PC_MAX_REQUEST);
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &value, NULL))) {
        const bool good = is_in_bounds(&value, &text);
        PC_TRY(pc_buf_check(&text, err));
        if (!good) {
            PC_TRY(pc_lint_report(lint, pc_lint_at(lint, value.whole), err,
                                  "the value is no text of 1 to 255 characters"));
        }
    }
    return PC_OK;
}

PC_RESULT pc_lint_attributes(struct pc_lint *lint, p11csr_error **err)
{
    PC_TRY(pc_lint_faults(lint, err));
    for (size_t i = 0; i < pc_lint_attribute_count(lint); i++) {
        const struct pc_attribute *attribute = pc_lint_attribute(lint, i);
        char *oid PC_CLEANUP(pc_free_str) = pc_lint_oid_text(attribute->oid);
        const char *name = attribute->name != NULL ? attribute->name : oid;
        const size_t values = count_values(lint, attribute->values);
        if (oid == NULL) {
            return pc_fail_memory(err);
        }
        if (pc_lint_attribute_find(lint, attribute->oid) != attribute) {
            PC_TRY(pc_lint_report(lint, pc_lint_at(lint, attribute->oid), err,
                                  "the attribute %s occurs twice", name));
        }
        // a second value of an extension request is recorded where it is read
        if (values > 1 && is_single_valued(attribute->oid) &&
            !pc_attribute_holds_extensions(attribute->oid)) {
            PC_TRY(pc_lint_report(lint, pc_lint_at(lint, attribute->oid), err,
                                  "the attribute %s has %zu values where it takes one", name, values));
        }
        PC_TRY(is_text(attribute->oid) ? check_text(lint, attribute, err) : PC_OK);
    }
    return PC_OK;
}

PC_RESULT pc_lint_extension_request(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_attribute *ms = pc_lint_attribute_find(lint, PC_OID_MS_EXTENSIONS);
    PC_TRY(pc_lint_faults(lint, err));
    if (ms != NULL && pc_lint_attribute_find(lint, PC_OID_EXTENSION_REQUEST) != NULL) {
        return pc_lint_report(lint, pc_lint_at(lint, ms->oid), err,
                              "extensions stand in extensionRequest and in Microsoft's attribute as well");
    }
    return PC_OK;
}

/* RFC 5280 sections 4.2.1.9 and 4.2.1.10: what is true of certificates, whose maker may still mend it. */
static struct pc_result check_ca_extensions(struct pc_lint *lint, p11csr_error **err)
{
    enum { KEY_CERT_SIGN = 5 };
    const struct pc_extension *basic = pc_lint_extension_find(lint, PC_OID_BASIC_CONSTRAINTS);
    const struct pc_extension *names = pc_lint_extension_find(lint, PC_OID_NAME_CONSTRAINTS);
    const bool is_ca = lint->content.is_ca;
    if (basic != NULL && is_ca && !basic->critical) {
        PC_TRY(pc_lint_warn(lint, pc_lint_at(lint, basic->oid), err,
                            "basicConstraints of a CA are not critical"));
    }
    if (basic != NULL && !is_ca && pc_lint_has_usage(lint, KEY_CERT_SIGN)) {
        PC_TRY(pc_lint_warn(lint, pc_lint_at(lint, basic->oid), err,
                            "keyCertSign is asked for, and basicConstraints say that it is no CA"));
    }
    if (names != NULL && !names->critical) {
        PC_TRY(pc_lint_warn(lint, pc_lint_at(lint, names->oid), err, "nameConstraints are not critical"));
    }
    return PC_OK;
}

PC_RESULT pc_lint_extension_values(struct pc_lint *lint, p11csr_error **err)
{
    static const struct pc_oid_name identifiers[] = {{PC_BYTES("\x55\x1d\x0e"), "subjectKeyIdentifier"},
                                                     {PC_BYTES("\x55\x1d\x23"), "authorityKeyIdentifier"}};
    PC_TRY(pc_lint_faults(lint, err));
    for (size_t i = 0; i < PC_ARRAY_LEN(identifiers); i++) {
        const struct pc_extension *ext = pc_lint_extension_find(lint, identifiers[i].oid);
        if (ext != NULL && ext->critical) {
            PC_TRY(pc_lint_warn(lint, pc_lint_at(lint, ext->oid), err, "%s is critical, which it never is",
                                identifiers[i].name));
        }
    }
    return check_ca_extensions(lint, err);
}

PC_RESULT pc_lint_critical_names(struct pc_lint *lint, p11csr_error **err)
{
    const bool empty = pc_lint_name_count(lint) == 0;
    const struct pc_extension *san = pc_lint_extension_find(lint, PC_OID_SAN);
    if (san == NULL) {
        return !empty ? PC_OK
                      : pc_lint_report(lint, PC_LINT_NOWHERE, err,
                                       "neither a subject nor alternative names say whom it is for");
    }
    if (san->critical == empty) {
        return PC_OK;
    }
    return pc_lint_report(lint, pc_lint_at(lint, san->oid), err,
                          empty ? "the subject is empty, and the alternative names are not critical"
                                : "the alternative names are critical although there is a subject");
}

PC_RESULT pc_lint_challenge(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_attribute *challenge = pc_lint_attribute_find(lint, PC_OID_CHALLENGE_PASSWORD);
    return challenge == NULL
               ? PC_OK
               : pc_lint_report(
                     lint, pc_lint_at(lint, challenge->oid), err,
                     "a challenge password stands in it in clear: whoever reads the request knows it");
}

PC_RESULT pc_lint_key_place(struct pc_lint *lint, p11csr_error **err)
{
    if (lint->options->key_is_proved) {
        return PC_OK;
    }
    return pc_lint_not_judged(lint, err, "needs the key: p11csr match FILE 'pkcs11:...'");
}

PC_RESULT pc_lint_ca_owned(struct pc_lint *lint, p11csr_error **err)
{
    static const struct {
        struct pc_span oid;
        bool never;
        const char *text;
    } owned[] = {
        {PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"), true,
         "asks for the poison of a precertificate (1.3.6.1.4.1.11129.2.4.3)"},
        {PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"), true,
         "asks for a list of certificate timestamps (1.3.6.1.4.1.11129.2.4.2)"},
        {PC_BYTES("\x55\x1d\x23"), false, "asks for an authorityKeyIdentifier, which is the CA's to say"},
        {PC_BYTES("\x55\x1d\x1f"), false, "asks for cRLDistributionPoints, which are the CA's to say"},
        {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x01"), false,
         "asks for an authorityInfoAccess, which is the CA's to say"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(owned); i++) {
        const struct pc_extension *ext = pc_lint_extension_find(lint, owned[i].oid);
        if (ext == NULL) {
            continue;
        }
        const size_t at = pc_lint_at(lint, ext->oid);
        PC_TRY(owned[i].never ? pc_lint_report(lint, at, err, "%s", owned[i].text)
                              : pc_lint_warn(lint, at, err, "%s", owned[i].text));
    }
    return PC_OK;
}
