// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/facts.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/ext_fields.h"
#include "csr/content/oid.h"
#include "csr/content/rows.h"
#include "csr/lint/oids.h"
#include "csr/reading/json.h"

#include <string.h>

size_t pc_lint_name_count(const struct pc_lint *lint)
{
    return lint->names.len / sizeof(struct pc_name_part);
}

const struct pc_name_part *pc_lint_name(const struct pc_lint *lint, size_t index)
{
    return (const struct pc_name_part *)(const void *)lint->names.ptr + index;
}

size_t pc_lint_attribute_count(const struct pc_lint *lint)
{
    return lint->attributes.len / sizeof(struct pc_attribute);
}

const struct pc_attribute *pc_lint_attribute(const struct pc_lint *lint, size_t index)
{
    return (const struct pc_attribute *)(const void *)lint->attributes.ptr + index;
}

size_t pc_lint_extension_count(const struct pc_lint *lint)
{
    return lint->extensions.len / sizeof(struct pc_extension);
}

const struct pc_extension *pc_lint_extension(const struct pc_lint *lint, size_t index)
{
    return (const struct pc_extension *)(const void *)lint->extensions.ptr + index;
}

size_t pc_lint_san_count(const struct pc_lint *lint)
{
    return lint->sans.len / sizeof(struct pc_general_name);
}

const struct pc_general_name *pc_lint_san(const struct pc_lint *lint, size_t index)
{
    return (const struct pc_general_name *)(const void *)lint->sans.ptr + index;
}

const struct pc_extension *pc_lint_extension_find(const struct pc_lint *lint, struct pc_span oid)
{
    for (size_t i = 0; i < pc_lint_extension_count(lint); i++) {
        if (pc_span_eq(pc_lint_extension(lint, i)->oid, oid)) {
            return pc_lint_extension(lint, i);
        }
    }
    return NULL;
}

const struct pc_attribute *pc_lint_attribute_find(const struct pc_lint *lint, struct pc_span oid)
{
    for (size_t i = 0; i < pc_lint_attribute_count(lint); i++) {
        if (pc_span_eq(pc_lint_attribute(lint, i)->oid, oid)) {
            return pc_lint_attribute(lint, i);
        }
    }
    return NULL;
}

bool pc_lint_has_eku(const struct pc_lint *lint, struct pc_span oid)
{
    struct pc_der in = pc_der_over(pc_buf_span(&lint->content.ekus));
    struct pc_der_value value;
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &value, NULL))) {
        if (pc_span_eq(value.content, oid)) {
            return true;
        }
    }
    return false;
}

bool pc_lint_has_usage(const struct pc_lint *lint, unsigned bit)
{
    return (lint->content.key_usage >> bit & 1U) != 0;
}

size_t pc_lint_at(const struct pc_lint *lint, struct pc_span part)
{
    return (size_t)(part.ptr - lint->csr->whole.ptr);
}

static struct pc_result keep_name(const struct pc_name_part *part, void *data, p11csr_error **err)
{
    struct pc_buf *names = data;
    pc_buf_add(names, part, sizeof(*part));
    return pc_buf_check(names, err);
}

static struct pc_result keep_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct pc_buf *attributes = data;
    pc_buf_add(attributes, attribute, sizeof(*attribute));
    return pc_buf_check(attributes, err);
}

static struct pc_result keep_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    struct pc_buf *extensions = data;
    pc_buf_add(extensions, ext, sizeof(*ext));
    return pc_buf_check(extensions, err);
}

static struct pc_result keep_general_name(const struct pc_general_name *name, void *data, p11csr_error **err)
{
    struct pc_lint *lint = data;
    if (name->has_row && name->type == PC_SAN_DIRNAME) { // so that deviations in it are recorded
        PC_TRY(pc_name_walk(pc_csr_reader(lint->csr, name->content), NULL, NULL, err));
    }
    pc_buf_add(&lint->sans, name, sizeof(*name));
    return pc_buf_check(&lint->sans, err);
}

/* A part that cannot be read at all is a finding of the rule that it breaks; `failure` is why. */
static struct pc_result note_unreadable(struct pc_lint *lint, const char *rule, struct pc_result failure,
                                        const char *what, p11csr_error *reason, p11csr_error **err)
{
    if (pc_is_ok(failure) || (lint->options->sets >> PC_LINT_STRUCTURE & 1U) == 0) {
        return PC_OK;
    }
    if (failure.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    const size_t count = p11csr_error_cause_count(reason);
    const char *why = count > 0 ? p11csr_error_cause(reason, count - 1) : p11csr_error_message(reason);
    lint->rule = pc_lint_rule_find(rule);
    if (pc_lint_is_ignored(lint->options, lint->rule)) {
        return PC_OK;
    }
    return pc_lint_report(lint, PC_LINT_NOWHERE, err, "%s cannot be read: %s", what, why);
}

static struct pc_result walk_extensions(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_span extensions = {0};
    PC_TRY(pc_csr_extensions(lint->csr, &extensions, err));
    return extensions.len == 0 ? PC_OK
                               : pc_extensions_walk(pc_csr_reader(lint->csr, extensions), keep_extension,
                                                    &lint->extensions, err);
}

/* Whether the value of an extension with a row is what the row says; what is read is dropped. */
static struct pc_result read_row(const struct pc_item_row *row, struct pc_der in, p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    const struct pc_result shown = row->show(in, list, err);
    if (shown.code == P11CSR_E_UNSUPPORTED) { // nothing is wrong with it
        p11csr_error_free(err);
        return PC_OK;
    }
    return shown;
}

static struct pc_result read_extension(struct pc_lint *lint, const struct pc_extension *ext,
                                       p11csr_error **err)
{
    const struct pc_extension_field *field = pc_extension_field_find(ext->oid);
    const struct pc_item_row *row = pc_extension_row_by_oid(ext->oid);
    bool known = field != NULL;
    if (pc_extension_is_san(ext->oid)) {
        return pc_general_names_walk(ext->in, keep_general_name, lint, err);
    }
    if (field != NULL) {
        PC_TRY(field->read(ext->in, ext->critical, &lint->content, &known, err));
    }
    return row != NULL && !known ? read_row(row, ext->in, err) : PC_OK;
}

static struct pc_result gather_extensions(struct pc_lint *lint, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result walked = walk_extensions(lint, &why);
    PC_TRY(note_unreadable(lint, "S05", walked, "the extension request", why, err));
    for (size_t i = 0; i < pc_lint_extension_count(lint); i++) {
        const struct pc_extension *ext = pc_lint_extension(lint, i);
        p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
        const struct pc_result read = read_extension(lint, ext, &reason);
        PC_TRY(note_unreadable(lint, pc_extension_is_san(ext->oid) ? "S11" : "S12", read,
                               ext->name != NULL ? ext->name : "an extension", reason, err));
    }
    return PC_OK;
}

/* AlgorithmIdentifier: its OID, and the encoding of its parameters, which may be absent. */
static struct pc_result read_algorithm(struct pc_der in, const char *what, struct pc_span *ret_oid,
                                       struct pc_span *ret_params, p11csr_error **err)
{
    struct pc_der inner;
    struct pc_der_value params;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, what, &inner, err));
    PC_TRY(pc_oid_read(&inner, what, ret_oid, err));
    if (!pc_der_at_end(&inner)) {
        PC_TRY(pc_der_next(&inner, &params, err));
        *ret_params = params.whole;
    }
    return pc_der_leave(&inner, what, err);
}

static unsigned bits_of(struct pc_span magnitude)
{
    unsigned bits = (unsigned)magnitude.len * 8;
    for (unsigned top = magnitude.len > 0 ? magnitude.ptr[0] : 0x80; top < 0x80 && bits > 0; top <<= 1) {
        bits--;
    }
    return bits;
}

/* Whether the next value is an INTEGER below zero. */
static bool is_negative(struct pc_der in)
{
    struct pc_der_value value;
    return pc_is_ok(pc_der_next(&in, &value, NULL)) && value.content.len > 0 &&
           (value.content.ptr[0] & 0x80) != 0;
}

static struct pc_result read_rsa(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_key *key = &lint->key;
    struct pc_der in = pc_csr_reader(lint->csr, key->octets);
    struct pc_der inner;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "RSAPublicKey", &inner, err));
    PC_TRY(pc_der_leave(&in, "RSAPublicKey", err));
    key->negative_modulus = is_negative(inner);
    PC_TRY(pc_der_read_unsigned(&inner, "modulus", &key->modulus, err));
    key->negative_exponent = is_negative(inner);
    PC_TRY(pc_der_read_unsigned(&inner, "publicExponent", &key->exponent, err));
    PC_TRY(pc_der_leave(&inner, "RSAPublicKey", err));
    key->is_rsa = true;
    key->bits = bits_of(key->modulus);
    return PC_OK;
}

static struct pc_result read_key(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_key *key = &lint->key;
    struct pc_der in = pc_csr_reader(lint->csr, lint->csr->spki);
    struct pc_der inner;
    struct pc_der_value aid;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "SubjectPublicKeyInfo", &inner, err));
    PC_TRY(pc_der_expect(&inner, PC_DER_SEQUENCE, "algorithm", &aid, err));
    key->aid = aid.whole;
    PC_TRY(read_algorithm(pc_der_part(&inner, aid.whole), "algorithm", &key->oid, &key->params, err));
    PC_TRY(pc_der_read_bit_octets(&inner, "subjectPublicKey", &key->octets, err));
    PC_TRY(pc_der_leave(&inner, "SubjectPublicKeyInfo", err));
    key->is_known = pc_is_ok(pc_public_from_spki(lint->csr->spki, &key->values, NULL));
    key->bits = key->is_known ? key->values.bits : 0;
    if (pc_span_eq(key->oid, PC_OID_RSA) || pc_span_eq(key->oid, PC_OID_RSASSA_PSS)) {
        return read_rsa(lint, err);
    }
    return PC_OK;
}

static struct pc_result gather_key(struct pc_lint *lint, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result read = read_key(lint, &why);
    return note_unreadable(lint, "S07", read, "the public key", why, err);
}

static struct pc_result gather_signature(struct pc_lint *lint, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_der in = pc_csr_reader(lint->csr, lint->csr->aid);
    const struct pc_result read =
        read_algorithm(in, "signatureAlgorithm", &lint->signature.oid, &lint->signature.params, &why);
    lint->signature.scheme = pc_scheme_by_aid(lint->csr->aid);
    return note_unreadable(lint, "S07", read, "the signature algorithm", why, err);
}

PC_RESULT pc_lint_facts_gather(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_csr *csr = lint->csr;
    pc_buf_init(&lint->names, (size_t)PC_MAX_RDNS * PC_MAX_ATVS * sizeof(struct pc_name_part));
    pc_buf_init(&lint->attributes, PC_MAX_ATTRIBUTES * sizeof(struct pc_attribute));
    pc_buf_init(&lint->extensions, PC_MAX_EXTENSIONS * sizeof(struct pc_extension));
    pc_buf_init(&lint->sans, PC_MAX_REQUEST * sizeof(struct pc_general_name) / 2);
    pc_content_init(&lint->content);
    PC_TRY(pc_name_walk(pc_csr_reader(csr, csr->subject), keep_name, &lint->names, err));
    PC_TRY(pc_csr_walk_attributes(csr, keep_attribute, &lint->attributes, err));
    PC_TRY(gather_key(lint, err));
    PC_TRY(gather_extensions(lint, err));
    return csr->aid.len > 0 ? gather_signature(lint, err) : PC_OK;
}

void pc_lint_facts_done(struct pc_lint *lint)
{
    pc_buf_done(&lint->names);
    pc_buf_done(&lint->attributes);
    pc_buf_done(&lint->extensions);
    pc_buf_done(&lint->sans);
    pc_content_done(&lint->content);
}
