// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/describe_ext.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attestation.h"
#include "csr/content/oid.h"
#include "csr/content/san.h"
#include "csr/reading/json.h"
#include "csr/reading/possession.h"

#include <string.h>

static struct pc_result describe_basic(const struct pc_content *content, json_t **ret, p11csr_error **err)
{
    json_t *value PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(pc_json_set(value, "ca", json_boolean(content->is_ca), err));
    if (content->has_path_length) {
        PC_TRY(pc_json_set(value, "path-length", json_integer((json_int_t)content->path_length), err));
    }
    *ret = json_incref(value);
    return PC_OK;
}

static struct pc_result describe_key_usage(const struct pc_content *content, json_t **ret, p11csr_error **err)
{
    json_t *value PC_CLEANUP(pc_json_drop) = json_array();
    for (unsigned bit = 0; bit < PC_KEY_USAGE_COUNT; bit++) {
        if ((content->key_usage >> bit & 1U) != 0) {
            PC_TRY(pc_json_append(value, json_string(pc_key_usage_name(bit)), err));
        }
    }
    *ret = json_incref(value);
    return PC_OK;
}

static struct pc_result describe_ext_key_usage(const struct pc_content *content, json_t **ret,
                                               p11csr_error **err)
{
    json_t *value PC_CLEANUP(pc_json_drop) = json_array();
    struct pc_der in = pc_der_over(pc_buf_span(&content->ekus));
    while (!pc_der_at_end(&in)) {
        struct pc_der_value oid;
        PC_TRY(pc_der_next(&in, &oid, err));
        const char *name = pc_eku_name(oid.content);
        PC_TRY(pc_json_append(value, name != NULL ? json_string(name) : pc_json_oid(oid.content), err));
    }
    *ret = json_incref(value);
    return PC_OK;
}

static struct pc_result describe_tls_feature(const struct pc_content *content, json_t **ret,
                                             p11csr_error **err)
{
    json_t *value PC_CLEANUP(pc_json_drop) = json_array();
    (void)content;
    PC_TRY(pc_json_append(value, json_string("status_request"), err));
    *ret = json_incref(value);
    return PC_OK;
}

static struct pc_result describe_skid(const struct pc_content *content, json_t **ret, p11csr_error **err)
{
    *ret = pc_json_hex((struct pc_span){content->skid, content->skid_len});
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

/* How the value of an extension is shown that a content can say. Alternative names are shown otherwise. */
static const struct {
    const char *name;
    PC_RESULT (*describe)(const struct pc_content *content, json_t **ret, p11csr_error **err);
} describers[] = {
    {"basicConstraints", describe_basic},    {"keyUsage", describe_key_usage},
    {"extKeyUsage", describe_ext_key_usage}, {"tlsFeature", describe_tls_feature},
    {"subjectKeyIdentifier", describe_skid},
};

static struct pc_result describe_general_name(const struct pc_general_name *name, void *data,
                                              p11csr_error **err)
{
    json_t *names = data;
    json_t *value PC_CLEANUP(pc_json_drop) = json_object();
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST); // escapes make it longer
    PC_TRY(pc_json_set(value, "type", json_string(name->kind), err));
    if (name->has_row) {
        PC_TRY(pc_san_format((struct pc_san){name->type, name->content}, &text, err));
        PC_TRY(pc_json_set(value, "value", pc_json_text(pc_buf_span(&text)), err));
    } else {
        PC_TRY(pc_json_set(value, "hex", pc_json_hex(name->whole), err));
    }
    return pc_json_append(names, json_incref(value), err);
}

static struct pc_result describe_san(const struct pc_extension *ext, json_t **ret, p11csr_error **err)
{
    json_t *names PC_CLEANUP(pc_json_drop) = json_array();
    PC_TRY(pc_general_names_walk(ext->in, describe_general_name, names, err));
    *ret = json_incref(names);
    return PC_OK;
}

/* The texts that would write the values; *ret is left alone when there are none. */
static struct pc_result describe_row(const struct pc_item_row *row, struct pc_der in, json_t **ret,
                                     p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    if (row == NULL) {
        return PC_OK;
    }
    while (!pc_der_at_end(&in)) {
        struct pc_der_value value;
        PC_TRY(pc_der_next(&in, &value, err));
        const struct pc_der one = pc_der_part(&in, value.whole);
        const struct pc_result shown = row->show(one, list, err);
        if (shown.code == P11CSR_E_UNSUPPORTED) {
            p11csr_error_free(err);
            return PC_OK;
        }
        PC_TRY(shown);
    }
    *ret = json_incref(list);
    return PC_OK;
}

/* Decodes the value. *ret is left alone when there is no row that can say all of it. */
static struct pc_result describe_known(const struct pc_extension *ext, json_t **ret, p11csr_error **err)
{
    struct pc_content content PC_CLEANUP(pc_content_done);
    bool known = false;
    pc_content_init(&content);
    if (ext->name == NULL) {
        return PC_OK;
    }
    if (strcmp(ext->name, "subjectAltName") == 0) {
        return describe_san(ext, ret, err);
    }
    PC_TRY(pc_extension_read(ext, &content, &known, err));
    if (!known) {
        return describe_row(pc_extension_row_by_oid(ext->oid), ext->in, ret, err);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(describers); i++) {
        if (strcmp(describers[i].name, ext->name) == 0) {
            return describers[i].describe(&content, ret, err);
        }
    }
    return PC_OK;
}

/* The innermost cause of a failure as JSON. */
static json_t *cause_of(const p11csr_error *reason)
{
    const size_t count = p11csr_error_cause_count(reason);
    return json_string(count > 0 ? p11csr_error_cause(reason, count - 1) : p11csr_error_message(reason));
}

/* Sets "value", and "why" when there is something wrong with it. */
static struct pc_result describe_value(const struct pc_extension *ext, json_t *object, p11csr_error **err)
{
    json_t *value PC_CLEANUP(pc_json_drop) = NULL;
    p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_extension lenient = *ext; // people want to see what stands there all the same
    lenient.explicit_false = false;
    const struct pc_result described = describe_known(&lenient, &value, &reason);
    if (described.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (value == NULL) {
        value = json_object();
        PC_TRY(pc_json_set(value, "hex", pc_json_hex(ext->value), err));
    }
    PC_TRY(pc_json_set(object, "value", json_incref(value), err));
    if (!pc_is_ok(described)) {
        return pc_json_set(object, "why", cause_of(reason), err);
    }
    if (ext->explicit_false) {
        return pc_json_set(object, "why", json_string("critical FALSE is written out, which is not DER"),
                           err);
    }
    return PC_OK;
}

PC_RESULT pc_describe_extension(const struct pc_extension *ext, json_t **ret, p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(pc_json_set(object, "name", pc_json_name(ext->name), err));
    PC_TRY(pc_json_set(object, "oid", pc_json_oid(ext->oid), err));
    PC_TRY(pc_json_set(object, "critical", json_boolean(ext->critical), err));
    PC_TRY(describe_value(ext, object, err));
    *ret = json_incref(object);
    return PC_OK;
}

/* Sets "value": what is in an attestation, the texts of its row, or hex. */
static struct pc_result describe_values(const struct pc_attribute *attribute, json_t *object,
                                        p11csr_error **err)
{
    json_t *value PC_CLEANUP(pc_json_drop) = NULL;
    p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_item_row *row = pc_attribute_row_by_oid(attribute->oid);
    const struct pc_span values = attribute->values;
    const struct pc_result shown = pc_span_eq(attribute->oid, pc_attribute_attestation())
                                       ? pc_attestation_describe(values, &value, &reason)
                                       : (pc_span_eq(attribute->oid, pc_attribute_possession())
                                              ? pc_possession_describe(values, &value, &reason)
                                              : describe_row(row, pc_der_over(values), &value, &reason));
    if (shown.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (value == NULL) {
        value = json_object();
        PC_TRY(pc_json_set(value, "hex", pc_json_hex(attribute->values), err));
    }
    return pc_json_set(object, "value", json_incref(value), err);
}

PC_RESULT pc_describe_attribute(const struct pc_attribute *attribute, bool all, json_t **ret,
                                p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(pc_json_set(object, "name", pc_json_name(attribute->name), err));
    PC_TRY(pc_json_set(object, "oid", pc_json_oid(attribute->oid), err));
    if (pc_span_eq(attribute->oid, pc_attribute_challenge_password())) {
        PC_TRY(pc_json_set(object, "value", json_string("present, not shown"), err));
    } else if (all || !pc_attribute_holds_extensions(attribute->oid)) {
        PC_TRY(describe_values(attribute, object, err));
    }
    *ret = json_incref(object);
    return PC_OK;
}
