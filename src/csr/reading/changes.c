// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/changes.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/any_key.h"
#include "csr/content/attributes.h"
#include "csr/content/name.h"
#include "csr/reading/describe.h"
#include "csr/reading/describe_ext.h"
#include "csr/reading/json.h"
#include "csr/reading/takeover.h"

#include <string.h>

/* One thing that is said, by one side or both. */
struct change {
    const char *kind;
    struct pc_oid_name what;
    const char *state;
    json_t *old; /* owned; NULL: not shown */
    json_t *new;
    const char *why; /* or NULL */
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
    if (change->why != NULL) {
        PC_TRY(pc_json_set(object, "why", json_string(change->why), err));
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
    if (!pc_span_eq(old->subject, new->subject) && json_equal(change.old, change.new) == 1) {
        change.why = "the same text, encoded differently";
    }
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

/* Whether it is the same key, however it is written. */
static struct pc_result is_same_key(const struct pc_crypto *crypto, const struct pc_source *old,
                                    const struct pc_source *new, bool *ret, p11csr_error **err)
{
    struct pc_buf first PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf second PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&first, PC_MAX_REQUEST);
    pc_buf_init(&second, PC_MAX_REQUEST);
    PC_TRY(pc_any_key_normal(crypto, old->spki, &first, err));
    PC_TRY(pc_any_key_normal(crypto, new->spki, &second, err));
    *ret = pc_span_eq(pc_buf_span(&first), pc_buf_span(&second));
    return PC_OK;
}

static struct pc_result compare_keys(const struct pc_crypto *crypto, const struct pc_source *old,
                                     const struct pc_source *new, json_t *list, p11csr_error **err)
{
    struct change change PC_CLEANUP(change_done) = {.kind = "key"};
    change.state = pc_span_eq(old->spki, new->spki) ? "kept" : "changed";
    PC_TRY(key_text(crypto, old->spki, &change.old, err));
    PC_TRY(key_text(crypto, new->spki, &change.new, err));
    bool same = false;
    PC_TRY(is_same_key(crypto, old, new, &same, err));
    if (same && !pc_span_eq(old->spki, new->spki)) {
        change.why = "the same key, encoded differently";
    }
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
        const struct pc_der whole = pc_der_over(source->whole);
        struct pc_der in = pc_der_part(&whole, list);
        in.faults = source->csr.faults; // NULL where it was read strictly
        PC_TRY(pc_extensions_walk(in, keep_extension, ret, err));
    }
    return source->kind == PC_SOURCE_REQUEST ? pc_csr_walk_attributes(&source->csr, keep_attribute, ret, err)
                                             : PC_OK;
}

/*
 * What stands in `other` for the extension at `index`: the one that has as many of its type before it, since
 * others put a type twice. NULL: nothing.
 */
static const struct pc_extension *like_extension(const struct said *said, size_t index,
                                                 const struct said *other)
{
    const struct pc_span oid = said->extensions[index].oid;
    size_t before = 0;
    for (size_t i = 0; i < index; i++) {
        before += pc_span_eq(said->extensions[i].oid, oid) ? 1 : 0;
    }
    for (size_t i = 0; i < other->extension_count; i++) {
        if (pc_span_eq(other->extensions[i].oid, oid) && before-- == 0) {
            return &other->extensions[i];
        }
    }
    return NULL;
}

static const struct pc_attribute *like_attribute(const struct said *said, size_t index,
                                                 const struct said *other)
{
    const struct pc_span oid = said->attributes[index].oid;
    size_t before = 0;
    for (size_t i = 0; i < index; i++) {
        before += pc_span_eq(said->attributes[i].oid, oid) ? 1 : 0;
    }
    for (size_t i = 0; i < other->attribute_count; i++) {
        if (pc_span_eq(other->attributes[i].oid, oid) && before-- == 0) {
            return &other->attributes[i];
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
    if (!same && json_equal(change.old, change.new) == 1) {
        change.why = "the same value, encoded differently";
    }
    return add_change(list, &change, err);
}

static struct pc_result compare_extensions(const struct said *old, const struct said *new, json_t *list,
                                           p11csr_error **err)
{
    for (size_t i = 0; i < old->extension_count; i++) {
        const struct pc_extension *ext = &old->extensions[i];
        PC_TRY(compare_extension(ext, like_extension(old, i, new), list, err));
    }
    for (size_t i = 0; i < new->extension_count; i++) {
        const struct pc_extension *ext = &new->extensions[i];
        if (like_extension(new, i, old) == NULL) {
            PC_TRY(compare_extension(NULL, ext, list, err));
        }
    }
    return PC_OK;
}

/* A password among them is not shown. */
static struct pc_result compare_attribute(const struct pc_attribute *old, const struct pc_attribute *new,
                                          json_t *list, p11csr_error **err)
{
    const struct pc_attribute *one = old != NULL ? old : new;
    const bool same = old != NULL && new != NULL &&pc_span_eq(old->values, new->values);
    struct change change PC_CLEANUP(change_done) = {
        .kind = "attribute",
        .what = {one->oid, one->name},
        .state = state_of(old != NULL, new != NULL, same),
    };
    if (old != NULL) {
        PC_TRY(pc_describe_attribute(old, false, &change.old, err));
    }
    if (new != NULL) {
        PC_TRY(pc_describe_attribute(new, false, &change.new, err));
    }
    if (!same && json_equal(change.old, change.new) == 1) {
        change.why = "what is shown is the same, the values are not";
    }
    return add_change(list, &change, err);
}

static struct pc_result compare_attributes(const struct said *old, const struct said *new, json_t *list,
                                           p11csr_error **err)
{
    for (size_t i = 0; i < old->attribute_count; i++) {
        const struct pc_attribute *attribute = &old->attributes[i];
        PC_TRY(compare_attribute(attribute, like_attribute(old, i, new), list, err));
    }
    for (size_t i = 0; i < new->attribute_count; i++) {
        const struct pc_attribute *attribute = &new->attributes[i];
        if (like_attribute(new, i, old) == NULL) {
            PC_TRY(compare_attribute(NULL, attribute, list, err));
        }
    }
    return PC_OK;
}

/* Reports a thing of requests that is shown as a value, unless it is the same. Takes both values. */
static struct pc_result compare_values(const char *kind, const char *name, json_t *old, json_t *new,
                                       json_t *list, p11csr_error **err)
{
    struct change change PC_CLEANUP(change_done) = {
        .kind = kind, .what = {{0}, name}, .state = "changed", .old = old, .new = new};
    if (old == NULL || new == NULL) {
        return pc_fail_memory(err);
    }
    return json_equal(old, new) == 1 ? PC_OK : add_change(list, &change, err);
}

/* The OIDs of those extensions of `said` that `other` has too, in their order. NULL: out of memory. */
static json_t *common_extensions(const struct said *said, const struct said *other)
{
    json_t *oids = json_array();
    for (size_t i = 0; i < said->extension_count; i++) {
        if (like_extension(said, i, other) != NULL) {
            (void)json_array_append_new(oids, pc_json_oid(said->extensions[i].oid));
        }
    }
    return oids;
}

static json_t *common_attributes(const struct said *said, const struct said *other)
{
    json_t *oids = json_array();
    for (size_t i = 0; i < said->attribute_count; i++) {
        if (like_attribute(said, i, other) != NULL) {
            (void)json_array_append_new(oids, pc_json_oid(said->attributes[i].oid));
        }
    }
    return oids;
}

static bool all_kept(const json_t *list)
{
    size_t i = 0;
    const json_t *change = NULL;
    json_array_foreach(list, i, change)
    {
        if (strcmp(json_string_value(json_object_get(change, "state")), "kept") != 0) {
            return false;
        }
    }
    return true;
}

/* What only requests have. */
static struct pc_result compare_requests(const struct pc_csr *old, const struct pc_csr *new, json_t *list,
                                         p11csr_error **err)
{
    PC_TRY(compare_values("version", NULL, json_integer((json_int_t)old->version),
                          json_integer((json_int_t) new->version), list, err));
    struct change algorithm PC_CLEANUP(change_done) = {.kind = "signature", .state = "changed"};
    if (!pc_span_eq(old->aid, new->aid)) {
        algorithm.old = pc_describe_scheme(old->aid);
        algorithm.new = pc_describe_scheme(new->aid);
        algorithm.why = json_equal(algorithm.old, algorithm.new) == 1 ? "its parameters differ" : NULL;
        PC_TRY(add_change(list, &algorithm, err));
    }
    if (!pc_span_eq(old->tbs, new->tbs) && all_kept(list)) {
        const struct change encoding = {
            .kind = "encoding", .state = "changed", .why = "the same content, encoded differently"};
        PC_TRY(add_change(list, &encoding, err));
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
    if (old->kind == PC_SOURCE_REQUEST && new->kind == PC_SOURCE_REQUEST) {
        PC_TRY(compare_values("order", "extensions", common_extensions(&before, &after),
                              common_extensions(&after, &before), list, err));
        PC_TRY(compare_values("order", "attributes", common_attributes(&before, &after),
                              common_attributes(&after, &before), list, err));
        PC_TRY(compare_requests(&old->csr, &new->csr, list, err));
    }
    *ret = json_incref(list);
    return PC_OK;
}
