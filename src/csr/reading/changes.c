// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/changes.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/name.h"
#include "csr/reading/describe_ext.h"
#include "csr/reading/json.h"
#include "csr/reading/takeover.h"

/* One thing that is said, by one side or both. */
struct change {
    const char *kind;
    struct pc_oid_name what;
    const char *state;
    json_t *old; /* owned; NULL: not shown */
    json_t *new;
};

static void change_done(struct change *change)
{
    json_decref(change->old);
    json_decref(change->new);
}

static struct pc_result add_change(json_t *list, const struct change *change, p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(pc_json_set(object, "kind", json_string(change->kind), err));
    PC_TRY(pc_json_set(object, "name", pc_json_name(change->what.name), err));
    PC_TRY(pc_json_set(object, "oid", change->what.oid.len > 0 ? pc_json_oid(change->what.oid) : json_null(),
                       err));
    PC_TRY(pc_json_set(object, "state", json_string(change->state), err));
    if (change->old != NULL) {
        PC_TRY(pc_json_set(object, "old", json_incref(change->old), err));
    }
    if (change->new != NULL) {
        PC_TRY(pc_json_set(object, "new", json_incref(change->new), err));
    }
    return pc_json_append(list, json_incref(object), err);
}

static struct pc_result name_text(struct pc_span der, json_t **ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST); // escapes make it longer
    PC_TRY(pc_name_format(der, &text, err));
    *ret = pc_json_text(pc_buf_span(&text));
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result compare_subjects(const struct pc_source *old, const struct pc_source *new,
                                         json_t *list, p11csr_error **err)
{
    struct change change PC_CLEANUP(change_done) = {.kind = "subject"};
    change.state = pc_span_eq(old->subject, new->subject) ? "kept" : "changed";
    PC_TRY(name_text(old->subject, &change.old, err));
    PC_TRY(name_text(new->subject, &change.new, err));
    return add_change(list, &change, err);
}

static struct pc_result key_text(const struct pc_crypto *crypto, struct pc_span spki, json_t **ret,
                                 p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, spki, digest, err));
    *ret = pc_json_hex((struct pc_span){digest, pc_digest_get(PC_DIGEST_SHA256)->len});
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result compare_keys(const struct pc_crypto *crypto, const struct pc_source *old,
                                     const struct pc_source *new, json_t *list, p11csr_error **err)
{
    struct change change PC_CLEANUP(change_done) = {.kind = "key"};
    change.state = pc_span_eq(old->spki, new->spki) ? "kept" : "changed";
    PC_TRY(key_text(crypto, old->spki, &change.old, err));
    PC_TRY(key_text(crypto, new->spki, &change.new, err));
    return add_change(list, &change, err);
}

/* The extensions or attributes of one side; no more than the reader of requests lets pass. */
struct said {
    struct pc_extension extensions[PC_MAX_EXTENSIONS];
    struct pc_attribute attributes[PC_MAX_ATTRIBUTES];
    size_t extension_count;
    size_t attribute_count;
};

static struct pc_result keep_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    struct said *said = data;
    (void)err;
    said->extensions[said->extension_count++] = *ext;
    return PC_OK;
}

static struct pc_result keep_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct said *said = data;
    (void)err;
    if (!pc_attribute_holds_extensions(attribute->oid)) {
        said->attributes[said->attribute_count++] = *attribute;
    }
    return PC_OK;
}

static struct pc_result read_said(const struct pc_source *source, struct said *ret, p11csr_error **err)
{
    const struct pc_span list = source->extensions;
    if (list.len > 0) {
        const struct pc_der in = {source->whole.ptr, list.ptr, list.ptr + list.len};
        PC_TRY(pc_extensions_walk(in, keep_extension, ret, err));
    }
    return source->kind == PC_SOURCE_REQUEST ? pc_csr_walk_attributes(&source->csr, keep_attribute, ret, err)
                                             : PC_OK;
}

static const struct pc_extension *find_extension(const struct said *said, struct pc_span oid)
{
    for (size_t i = 0; i < said->extension_count; i++) {
        if (pc_span_eq(said->extensions[i].oid, oid)) {
            return &said->extensions[i];
        }
    }
    return NULL;
}

static const struct pc_attribute *find_attribute(const struct said *said, struct pc_span oid)
{
    for (size_t i = 0; i < said->attribute_count; i++) {
        if (pc_span_eq(said->attributes[i].oid, oid)) {
            return &said->attributes[i];
        }
    }
    return NULL;
}

static const char *state_of(bool old, bool new, bool same)
{
    if (old && new) {
        return same ? "kept" : "changed";
    }
    return old ? "dropped" : "added";
}

static struct pc_result compare_extension(const struct pc_extension *old, const struct pc_extension *new,
                                          json_t *list, p11csr_error **err)
{
    const struct pc_extension *one = old != NULL ? old : new;
    const bool same =
        old != NULL && new != NULL && old->critical == new->critical &&pc_span_eq(old->value, new->value);
    struct change change PC_CLEANUP(change_done) = {
        .kind = "extension",
        .what = {one->oid, one->name},
        .state = state_of(old != NULL, new != NULL, same),
    };
    (void)pc_takeover_extension(&change.what, false); // it knows more names
    if (old != NULL) {
        PC_TRY(pc_describe_extension(old, &change.old, err));
    }
    if (new != NULL) {
        PC_TRY(pc_describe_extension(new, &change.new, err));
    }
    return add_change(list, &change, err);
}

static struct pc_result compare_extensions(const struct said *old, const struct said *new, json_t *list,
                                           p11csr_error **err)
{
    for (size_t i = 0; i < old->extension_count; i++) {
        const struct pc_extension *ext = &old->extensions[i];
        PC_TRY(compare_extension(ext, find_extension(new, ext->oid), list, err));
    }
    for (size_t i = 0; i < new->extension_count; i++) {
        const struct pc_extension *ext = &new->extensions[i];
        if (find_extension(old, ext->oid) == NULL) {
            PC_TRY(compare_extension(NULL, ext, list, err));
        }
    }
    return PC_OK;
}

/* Their values are not shown: one of them is a secret. */
static struct pc_result compare_attribute(const struct pc_attribute *old, const struct pc_attribute *new,
                                          json_t *list, p11csr_error **err)
{
    const struct pc_attribute *one = old != NULL ? old : new;
    const bool same = old != NULL && new != NULL &&pc_span_eq(old->values, new->values);
    const struct change change = {
        .kind = "attribute",
        .what = {one->oid, one->name},
        .state = state_of(old != NULL, new != NULL, same),
    };
    return add_change(list, &change, err);
}

static struct pc_result compare_attributes(const struct said *old, const struct said *new, json_t *list,
                                           p11csr_error **err)
{
    for (size_t i = 0; i < old->attribute_count; i++) {
        const struct pc_attribute *attribute = &old->attributes[i];
        PC_TRY(compare_attribute(attribute, find_attribute(new, attribute->oid), list, err));
    }
    for (size_t i = 0; i < new->attribute_count; i++) {
        const struct pc_attribute *attribute = &new->attributes[i];
        if (find_attribute(old, attribute->oid) == NULL) {
            PC_TRY(compare_attribute(NULL, attribute, list, err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_source_changes(const struct pc_crypto *crypto, const struct pc_source *old,
                            const struct pc_source *new, json_t **ret, p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    struct said before = {0};
    struct said after = {0};
    if (list == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(read_said(old, &before, err));
    PC_TRY(read_said(new, &after, err));
    PC_TRY(compare_subjects(old, new, list, err));
    PC_TRY(compare_keys(crypto, old, new, list, err));
    PC_TRY(compare_extensions(&before, &after, list, err));
    PC_TRY(compare_attributes(&before, &after, list, err));
    *ret = json_incref(list);
    return PC_OK;
}
