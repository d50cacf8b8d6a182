// SPDX-License-Identifier: Apache-2.0
#include "p11csr/objects.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/intent.h"
#include "lib/key.h"
#include "lib/log.h"
#include "lib/target.h"
#include "tokens/members.h"

#include <string.h>

/* One object's info and the texts that it points to. */
struct row {
    struct p11csr_object_info info;
    char *label;
    char *id;
};

struct p11csr_objects {
    p11csr_ctx *ctx;
    struct pc_opened *opened; /* borrowed from the context */
    struct pc_members members;
    struct pc_key_texts texts;
    struct pc_buf rows; /* struct row */
    bool fully_named;
};

static void rows_done(struct pc_buf *rows)
{
    for (size_t at = 0; at < rows->len; at += sizeof(struct row)) {
        struct row *row = (struct row *)(void *)(rows->ptr + at);
        pc_release(row->label);
        pc_release(row->id);
    }
    pc_buf_done(rows);
}

static struct p11csr_objects *objects_new(p11csr_ctx *ctx)
{
    struct p11csr_objects *objects = pc_alloc(sizeof(*objects));
    if (objects != NULL) {
        objects->ctx = ctx;
        pc_members_init(&objects->members);
        pc_buf_init(&objects->rows, PC_MAX_MEMBERS * sizeof(struct row));
    }
    return objects;
}

static void objects_cleanup(struct p11csr_objects **objects)
{
    p11csr_objects_free(objects);
}

static const char *kind_of(CK_OBJECT_CLASS class)
{
    return class == CKO_PRIVATE_KEY ? "private-key"
                                    : (class == CKO_PUBLIC_KEY ? "public-key" : "certificate");
}

static struct pc_result add_row(const struct pc_member *member, struct pc_buf *rows, p11csr_error **err)
{
    static const char *const kept[] = {
        [PC_KEPT_NOT] = NULL,
        [PC_KEPT_OTHER_KEY] = "it belongs to another key of the same CKA_ID",
        [PC_KEPT_UNCLEAR] = "whether it belongs to this key cannot be told",
    };
    struct row row = {.label = pc_text_printable_bytes(pc_buf_span(&member->label)),
                      .id = pc_hex(pc_buf_span(&member->id))};
    row.info = (struct p11csr_object_info){.kind = kind_of(member->class),
                                           .label = row.label,
                                           .id = row.id,
                                           .kept = kept[member->kept],
                                           .gone = member->gone ? 1 : 0,
                                           .changed = member->changed ? 1 : 0};
    pc_buf_add(rows, &row, sizeof(row));
    const struct pc_result result =
        row.label != NULL && row.id != NULL ? pc_buf_check(rows, err) : pc_fail_memory(err);
    if (rows->failed != P11CSR_OK) {
        pc_release(row.label);
        pc_release(row.id);
    }
    return result;
}

/* Makes the texts of what the objects are now. The old ones stay when that fails. */
static struct pc_result describe(struct p11csr_objects *objects, p11csr_error **err)
{
    struct pc_buf rows PC_CLEANUP(rows_done) = {0};
    struct pc_key_texts texts = {0};
    pc_buf_init(&rows, PC_MAX_MEMBERS * sizeof(struct row));
    for (size_t i = 0; i < pc_members_count(&objects->members); i++) {
        PC_TRY(add_row(pc_members_get(&objects->members, i), &rows, err));
    }
    const struct pc_result result =
        pc_key_texts_fill(objects->ctx, &objects->opened->token, &objects->members.key, &texts, err);
    if (!pc_is_ok(result)) {
        pc_key_texts_done(&texts);
        return result;
    }
    pc_key_texts_done(&objects->texts);
    objects->texts = texts;
    rows_done(&objects->rows);
    objects->rows = rows;
    rows = (struct pc_buf){0};
    return PC_OK;
}

static bool names_fully(const struct p11csr_select *select, const struct pc_key_query *query,
                        const struct pc_key *key)
{
    const bool by_value = query->spki.len > 0;
    const bool by_label = query->label != NULL || key->label.len == 0;
    const bool by_id = query->has_id || key->id.len == 0;
    const bool nameless = key->label.len == 0 && key->id.len == 0;
    return select->token != NULL && (by_value || (by_label && by_id && !nameless));
}

static struct pc_result find(p11csr_ctx *ctx, const struct p11csr_select *select, struct p11csr_objects **ret,
                             p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct p11csr_objects *objects PC_CLEANUP(objects_cleanup) = objects_new(ctx);
    struct pc_key_query query;
    if (objects == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_target_resolve(ctx, select->token, &target, err));
    PC_TRY(pc_target_query(&target, select, &query, err));
    if (query.label == NULL && !query.has_id && query.spki.len == 0) {
        const struct pc_result result = pc_fail(err, P11CSR_E_USAGE, "no key is named");
        pc_hint(err, "name one by its URI, or by --key-label, --key-id or --key-for");
        return result;
    }
    PC_TRY(pc_target_open(ctx, &target, &objects->opened, err));
    struct pc_opened *opened = objects->opened;
    PC_TRY(pc_members_find(&opened->token, &query, &opened->login, &objects->members, err));
    const char *type = pc_uri_text(&target.uri, PC_URI_TYPE);
    if (type != NULL && strcmp(type, "public") == 0 &&
        objects->members.key.private_key != CK_INVALID_HANDLE) {
        const struct pc_result result = pc_fail(err, P11CSR_E_KEY_AMBIGUOUS,
                                                "the URI says type=public, and its private key is there too");
        pc_hint(err, "to name the whole key, leave type=public out");
        return result;
    }
    objects->fully_named = names_fully(select, &query, &objects->members.key);
    PC_TRY(describe(objects, err));
    *ret = objects;
    objects = NULL;
    return PC_OK;
}

enum p11csr_code p11csr_objects_find(p11csr_ctx *ctx, const struct p11csr_select *select,
                                     p11csr_objects **ret_objects, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_select taken;
    const struct pc_result result = pc_take_options(select, select->struct_size, &taken, sizeof(taken), err);
    return pc_is_ok(result) ? find(lock.ctx, &taken, ret_objects, err).code : result.code;
}

const struct p11csr_key_info *p11csr_objects_get_key(const p11csr_objects *objects)
{
    return &objects->texts.info;
}

int p11csr_objects_is_fully_named(const p11csr_objects *objects)
{
    return objects->fully_named ? 1 : 0;
}

size_t p11csr_objects_count(const p11csr_objects *objects)
{
    return objects->rows.len / sizeof(struct row);
}

const struct p11csr_object_info *p11csr_objects_get(const p11csr_objects *objects, size_t index)
{
    const struct row *rows = (const struct row *)(const void *)objects->rows.ptr;
    return index < p11csr_objects_count(objects) ? &rows[index].info : NULL;
}

/* What is left is said in a way that can be acted on. */
static void hint_at_rest(const struct p11csr_objects *objects, p11csr_error **err)
{
    bool any_gone = false;
    for (size_t i = 0; i < pc_members_count(&objects->members); i++) {
        any_gone = any_gone || pc_members_get(&objects->members, i)->gone;
    }
    pc_hint(err, any_gone ? "when the cause is gone, run the command again: it deletes what is left"
                          : "nothing was deleted; some tokens have their own tool for it");
}

static struct pc_result delete_all(struct p11csr_objects *objects, bool with_certificates, p11csr_error **err)
{
    struct pc_token *token = &objects->opened->token;
    char *name PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_token_uri_text(token, &name, err));
    PC_TRY(pc_log_open(objects->ctx, err));
    const struct pc_result deleted = pc_members_destroy(token, &objects->members, with_certificates, err);
    if (pc_is_ok(deleted)) {
        pc_intent_forget(objects->ctx, name, pc_buf_span(&objects->members.key.id));
    } else {
        hint_at_rest(objects, err);
    }
    const struct pc_log_line line = {.event = pc_is_ok(deleted) ? "key-deleted" : "key-not-deleted",
                                     .token = name,
                                     .key = objects->texts.uri,
                                     .spki_sha256 = objects->texts.spki_sha256,
                                     .outcome = deleted.code};
    const struct pc_result logged = pc_log_finish(objects->ctx, &line, deleted, err);
    if (pc_is_ok(logged)) {
        return describe(objects, err);
    }
    pc_ignore(describe(objects, NULL)); // the texts stay as they were
    return logged;
}

enum p11csr_code p11csr_objects_delete(p11csr_objects *objects, int with_certificates, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(objects->ctx);
    return delete_all(objects, with_certificates != 0, err).code;
}

static struct pc_result rename_all(struct p11csr_objects *objects, const struct pc_new_name *name,
                                   p11csr_error **err)
{
    struct pc_key *key = &objects->members.key;
    if ((name->label == NULL && !name->has_id) || (name->label != NULL && name->label[0] == 0) ||
        (name->has_id && name->id.len == 0)) {
        return pc_fail(err, P11CSR_E_USAGE, "a new label or a new id is needed, and it may not be empty");
    }
    const struct pc_result result = pc_members_rename(&objects->opened->token, &objects->members, name, err);
    if (pc_is_ok(result) && name->label != NULL) {
        pc_buf_done(&key->label);
        pc_buf_text(&key->label, name->label);
        PC_TRY(pc_buf_check(&key->label, err));
    }
    if (pc_is_ok(result) && name->has_id) {
        pc_buf_done(&key->id);
        pc_buf_add_span(&key->id, name->id);
        PC_TRY(pc_buf_check(&key->id, err));
    }
    if (result.code == P11CSR_E_UNSUPPORTED || result.code == P11CSR_E_KEY_USE ||
        result.code == P11CSR_E_TOKEN_READ_ONLY) {
        pc_hint(err, "this token does not let it be renamed; the names it has go on working");
    }
    if (pc_is_ok(result)) {
        return describe(objects, err);
    }
    pc_ignore(describe(objects, NULL)); // the texts stay as they were
    return result;
}

enum p11csr_code p11csr_objects_rename(p11csr_objects *objects, const char *label, const unsigned char *id,
                                       size_t id_len, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(objects->ctx);
    const struct pc_new_name name = {.label = label, .has_id = id != NULL, .id = {id, id_len}};
    return rename_all(objects, &name, err).code;
}

void p11csr_objects_free(p11csr_objects **objects)
{
    if (objects != NULL && *objects != NULL) {
        rows_done(&(*objects)->rows);
        pc_key_texts_done(&(*objects)->texts);
        pc_members_done(&(*objects)->members);
        pc_release(*objects);
        *objects = NULL;
    }
}
