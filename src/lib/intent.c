// SPDX-License-Identifier: Apache-2.0
#include "lib/intent.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/json.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char prefix[] = "key-";

static struct pc_result write_record(p11csr_ctx *ctx, const struct pc_intent_says *says, const char *path,
                                     p11csr_error **err)
{
    char *id PC_CLEANUP(pc_free_str) = pc_hex(says->id);
    char time[PC_TIME_SIZE];
    pc_time_now(time);
    json_t *record PC_CLEANUP(pc_json_free) =
        id == NULL ? NULL
                   : json_pack("{s:s, s:s, s:s, s:s, s:s}", "time", time, "token", says->token, "id", id,
                               "label", says->label, "spec", says->spec);
    char *text PC_CLEANUP(pc_json_free_text) = record != NULL ? json_dumps(record, JSON_COMPACT) : NULL;
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_dir_make(ctx->state_dir, 0700, err));
    return pc_file_write(path, pc_span_str(text), PC_FILE_KEEP, 0600, err);
}

PC_RESULT pc_intent_open(p11csr_ctx *ctx, const struct pc_intent_says *says, struct pc_intent *ret,
                         p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    *ret = (struct pc_intent){0};
    if (ctx->state_dir == NULL) {
        return PC_OK;
    }
    char *id PC_CLEANUP(pc_free_str) = pc_hex(says->id);
    char *path = id != NULL ? pc_asprintf("%s/%s%s.json", ctx->state_dir, prefix, id) : NULL;
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    const struct pc_result result = write_record(ctx, says, path, &why);
    if (result.code == P11CSR_E_NO_MEMORY) {
        pc_release(path);
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(result)) {
        pc_ctx_warn(ctx, "no record of the key to be made could be written: %s", p11csr_error_cause(why, 0));
        pc_release(path);
        return PC_OK;
    }
    ret->path = path;
    return PC_OK;
}

void pc_intent_close(struct pc_intent *intent, bool outcome_known, p11csr_error **err)
{
    if (intent->path == NULL) {
        return;
    }
    if (outcome_known) {
        (void)unlink(intent->path);
    } else {
        pc_hint(err, "see what was begun, and look for it: p11csr keys list --incomplete");
    }
    pc_free_str(&intent->path);
}

static bool is_record(const json_t *record)
{
    static const char *const texts[] = {"time", "token", "id", "label", "spec"};
    for (size_t i = 0; i < PC_ARRAY_LEN(texts); i++) {
        if (!json_is_string(json_object_get(record, texts[i]))) {
            return false;
        }
    }
    return true;
}

static struct pc_result add_record(const char *path, json_t *list, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&content, PC_MAX_CONFIG);
    PC_TRY(pc_file_read(path, &content, err));
    json_t *record = json_loadb((const char *)content.ptr, content.len, 0, NULL);
    if (!is_record(record)) {
        json_decref(record);
        return pc_fail(err, P11CSR_E_READ, "'%s' is not a record of p11csr", path);
    }
    if (json_array_size(list) >= PC_MAX_INTENTS) {
        json_decref(record);
        return pc_fail(err, P11CSR_E_LIMIT, "there are more than %d records of keys begun", PC_MAX_INTENTS);
    }
    if (json_object_set_new(record, "file", json_string(path)) != 0 ||
        json_array_append_new(list, record) != 0) {
        return pc_fail_memory(err);
    }
    return PC_OK;
}

static struct pc_result add_folder(const char *folder, json_t *list, p11csr_error **err)
{
    DIR *dir = opendir(folder);
    struct pc_result result = PC_OK;
    if (dir == NULL) {
        return errno == ENOENT ? PC_OK : pc_fail_errno(err, P11CSR_E_READ, errno, "list '%s'", folder);
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL && pc_is_ok(result); entry = readdir(dir)) {
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0) {
            continue;
        }
        char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s", folder, entry->d_name);
        result = path != NULL ? add_record(path, list, err) : pc_fail_memory(err);
    }
    (void)closedir(dir);
    return result;
}

PC_RESULT pc_intent_records(p11csr_ctx *ctx, json_t *list, p11csr_error **err)
{
    return ctx->state_dir != NULL ? add_folder(ctx->state_dir, list, err) : PC_OK;
}

void pc_intent_forget(p11csr_ctx *ctx, const char *token, struct pc_span id)
{
    char *hex PC_CLEANUP(pc_free_str) = pc_hex(id);
    char *path PC_CLEANUP(pc_free_str) = hex != NULL && ctx->state_dir != NULL
                                             ? pc_asprintf("%s/%s%s.json", ctx->state_dir, prefix, hex)
                                             : NULL;
    json_t *list PC_CLEANUP(pc_json_free) = json_array();
    if (path == NULL || list == NULL || !pc_is_ok(add_record(path, list, NULL))) {
        return; // there is none, or none that speaks of this key
    }
    const char *its = json_string_value(json_object_get(json_array_get(list, 0), "token"));
    if (its != NULL && strcmp(its, token) == 0) {
        (void)unlink(path);
    }
}
