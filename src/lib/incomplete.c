// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/intent.h"
#include "lib/json.h"
#include "lib/key.h"
#include "lib/target.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What is on the tokens of the keys that were begun. Only what a record names is ever looked for. */

enum state { STATE_UNKNOWN, STATE_NOT_THERE, STATE_OTHER_ID, STATE_PRIVATE, STATE_PUBLIC, STATE_BOTH };

static const char *const state_names[] = {
    [STATE_UNKNOWN] = "unknown",      [STATE_NOT_THERE] = "not-there", [STATE_OTHER_ID] = "other-id",
    [STATE_PRIVATE] = "private-only", [STATE_PUBLIC] = "public-only",  [STATE_BOTH] = "both",
};

/* What was found of one record. */
struct finding {
    enum state state;
    char *why; /* of what is not known; NULL else */
    char *uri; /* names what is there; NULL else */
};

static void finding_done(struct finding *found)
{
    pc_free_str(&found->why);
    pc_free_str(&found->uri);
}

static const char *text_of(const json_t *record, const char *name)
{
    return json_string_value(json_object_get(record, name));
}

static struct pc_result list(struct pc_opened *opened, const struct pc_key_query *query, struct pc_buf *ret,
                             p11csr_error **err)
{
    pc_buf_init(ret, PC_MAX_OBJECTS * sizeof(struct pc_key));
    return pc_keys_list(&opened->token, query, ret, err);
}

/* The halves of the key of this label and id. */
static struct pc_result find_halves(struct pc_opened *opened, const struct pc_key_query *query,
                                    struct finding *ret, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    bool has_private = false;
    bool has_public = false;
    pc_uri_init(&uri);
    PC_TRY(list(opened, query, &keys, err));
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        const struct pc_key *key = (const struct pc_key *)(const void *)(keys.ptr + at);
        has_private = has_private || key->private_key != CK_INVALID_HANDLE;
        has_public = has_public || key->public_key != CK_INVALID_HANDLE;
    }
    ret->state = has_private && has_public ? STATE_BOTH
                 : has_private             ? STATE_PRIVATE
                 : has_public              ? STATE_PUBLIC
                                           : STATE_NOT_THERE;
    if (ret->state == STATE_NOT_THERE) {
        return PC_OK;
    }
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_URI);
    PC_TRY(pc_slot_to_uri(&opened->token.slot, &uri, err));
    PC_TRY(pc_uri_set(&uri, PC_URI_ID, query->id, err));
    PC_TRY(pc_uri_set(&uri, PC_URI_OBJECT, pc_span_str(query->label), err));
    PC_TRY(pc_uri_format(&uri, &text, err));
    return pc_buf_take_text(&text, &ret->uri, err);
}

/* Some tokens give new keys an id of their own: then the label is all that is left to tell. */
static struct pc_result look_for_label(struct pc_opened *opened, const char *label, struct finding *ret,
                                       p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    const struct pc_key_query query = {.label = label};
    PC_TRY(list(opened, &query, &keys, err));
    if (keys.len > 0) {
        ret->state = STATE_OTHER_ID;
        ret->why =
            pc_strdup("a key of this label has another id: it may be the one that was begun, or another");
        return ret->why != NULL ? PC_OK : pc_fail_memory(err);
    }
    return PC_OK;
}

static struct pc_result look(p11csr_ctx *ctx, const json_t *record, struct finding *ret, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    struct pc_opened *opened = NULL;
    pc_buf_init(&id, PC_MAX_ATTRIBUTE);
    const char *label = text_of(record, "label"); // empty where the token names its keys
    if (!pc_hex_parse(text_of(record, "id"), &id)) {
        return pc_fail(err, P11CSR_E_READ, "the id of the record is not hex");
    }
    PC_TRY(pc_buf_check(&id, err));
    const struct pc_key_query query = {
        .has_id = true, .id = pc_buf_span(&id), .label = label != NULL && label[0] != 0 ? label : NULL};
    PC_TRY(pc_target_resolve(ctx, text_of(record, "token"), &target, err));
    PC_TRY(pc_target_open(ctx, &target, &opened, err));
    PC_TRY(pc_login_look(&opened->token, &opened->login, err));
    PC_TRY(find_halves(opened, &query, ret, err));
    if (pc_login_needed(&opened->token) && ret->state != STATE_BOTH && ret->state != STATE_PRIVATE) {
        ret->state = STATE_UNKNOWN;
        ret->why = pc_strdup("private keys show only after a login: add --pin-source file:PATH");
        return ret->why != NULL ? PC_OK : pc_fail_memory(err);
    }
    return ret->state == STATE_NOT_THERE ? look_for_label(opened, query.label, ret, err) : PC_OK;
}

/* Looks; a token that cannot be looked at is an answer about this one record. */
static struct pc_result look_leniently(p11csr_ctx *ctx, const json_t *record, struct finding *ret,
                                       p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result result = look(ctx, record, ret, &why);
    if (pc_is_ok(result)) {
        return result;
    }
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    finding_done(ret);
    const size_t causes = p11csr_error_cause_count(why);
    ret->state = STATE_UNKNOWN;
    ret->why = pc_strdup(causes > 0 ? p11csr_error_cause(why, causes - 1) : p11csr_error_message(why));
    return ret->why != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result describe(p11csr_ctx *ctx, json_t *record, p11csr_error **err)
{
    struct finding found PC_CLEANUP(finding_done) = {0};
    PC_TRY(look_leniently(ctx, record, &found, err));
    json_t *said =
        json_pack("{s:s, s:s?, s:s?}", "state", state_names[found.state], "why", found.why, "uri", found.uri);
    const int added = json_object_update(record, said);
    json_decref(said);
    return said != NULL && added == 0 ? PC_OK : pc_fail_memory(err);
}

static struct pc_result describe_all(p11csr_ctx *ctx, json_t *records, p11csr_error **err)
{
    PC_TRY(pc_intent_records(ctx, records, err));
    for (size_t i = 0; i < json_array_size(records); i++) {
        PC_TRY(describe(ctx, json_array_get(records, i), err));
    }
    return PC_OK;
}

enum p11csr_code p11csr_intents_to_json(p11csr_ctx *ctx, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    json_t *records PC_CLEANUP(pc_json_free) = json_array();
    if (records == NULL) {
        return pc_fail_memory(err).code;
    }
    const struct pc_result result = describe_all(lock.ctx, records, err);
    return pc_is_ok(result) ? pc_json_take_text(records, ret_json, err).code : result.code;
}

static struct pc_result close_record(p11csr_ctx *ctx, const char *file, p11csr_error **err)
{
    json_t *records PC_CLEANUP(pc_json_free) = json_array();
    if (records == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_intent_records(ctx, records, err));
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        struct finding found PC_CLEANUP(finding_done) = {0};
        if (strcmp(text_of(record, "file"), file) != 0) {
            continue;
        }
        PC_TRY(look(ctx, record, &found, err));
        if (found.state != STATE_NOT_THERE) {
            return pc_fail(err, P11CSR_E_KEY_EXISTS, "the key '%s' may be on its token: %s%s%s",
                           text_of(record, "label"), state_names[found.state], found.why != NULL ? ", " : "",
                           found.why != NULL ? found.why : "");
        }
        return unlink(file) == 0 ? PC_OK : pc_fail_errno(err, P11CSR_E_WRITE, errno, "remove '%s'", file);
    }
    return pc_fail(err, P11CSR_E_READ, "'%s' is no record of a key that was begun", file);
}

enum p11csr_code p11csr_intent_close(p11csr_ctx *ctx, const char *file, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return pc_frame(close_record(lock.ctx, file, err), err, "cannot close the record '%s'", file).code;
}
