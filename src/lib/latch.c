// SPDX-License-Identifier: Apache-2.0
#include "lib/latch.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/context.h"
#include "lib/json.h"
#include "lib/target.h"
#include "p11csr/token.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "pin-";
static const char suffix[] = ".json";

/* The record of a token and role: made of what tells it from others, so that a login looks at one name. */
static char *record_path(const p11csr_ctx *ctx, const struct pc_pin_request *request)
{
    const CK_TOKEN_INFO *info = &request->slot->token_info;
    struct pc_span number = pc_padded(info->serialNumber, sizeof(info->serialNumber));
    if (number.len == 0) {
        number = pc_padded(info->label, sizeof(info->label));
    }
    char *serial PC_CLEANUP(pc_free_str) = pc_hex(number);
    char *model PC_CLEANUP(pc_free_str) = pc_hex(pc_padded(info->model, sizeof(info->model)));
    char *maker PC_CLEANUP(pc_free_str) =
        pc_hex(pc_padded(info->manufacturerID, sizeof(info->manufacturerID)));
    if (serial == NULL || model == NULL || maker == NULL) {
        return NULL;
    }
    return pc_asprintf("%s/%s%s-%s-%s-%s%s", ctx->state_dir, prefix,
                       request->role == PC_ROLE_SO ? "so" : "user", serial, model, maker, suffix);
}

static bool has_strings(const json_t *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!json_is_string(json_object_get(object, names[i]))) {
            return false;
        }
    }
    return true;
}

static bool is_file_entry(const json_t *entry)
{
    static const char *const texts[] = {"path", "since"};
    static const char *const numbers[] = {"device",      "inode",         "seconds",
                                          "nanoseconds", "folder-device", "folder-inode"};
    for (size_t i = 0; i < PC_ARRAY_LEN(numbers); i++) {
        if (!json_is_integer(json_object_get(entry, numbers[i]))) {
            return false;
        }
    }
    return has_strings(entry, texts, PC_ARRAY_LEN(texts)) &&
           json_is_boolean(json_object_get(entry, "credential"));
}

static bool is_record(const json_t *record)
{
    static const char *const texts[] = {"token", "role"};
    const json_t *files = json_object_get(record, "files");
    const size_t count = json_array_size(files);
    bool good = has_strings(record, texts, PC_ARRAY_LEN(texts)) && count > 0 && count <= PC_MAX_LATCHED;
    for (size_t i = 0; i < count && good; i++) {
        good = is_file_entry(json_array_get(files, i));
    }
    return good;
}

/* Reads what follows in `fd`. */
static struct pc_result parse_record(int fd, const char *path, json_t **ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&content, PC_MAX_LATCH);
    PC_TRY(pc_file_read_fd(fd, path, &content, err));
    json_t *record = json_loadb((const char *)content.ptr, content.len, JSON_REJECT_DUPLICATES, NULL);
    if (!is_record(record)) {
        json_decref(record);
        const struct pc_result result =
            pc_fail(err, P11CSR_E_READ, "'%s' is no record of wrong PINs as p11csr writes it", path);
        pc_hint(err, "remove this file; the PIN may be wrong, so check it before");
        return result;
    }
    *ret = record;
    return PC_OK;
}

/* *ret is NULL when there is no record. */
static struct pc_result read_record(p11csr_ctx *ctx, const char *path, json_t **ret, p11csr_error **err)
{
    *ret = NULL;
    int fd PC_CLEANUP(pc_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (fd >= 0) {
        return parse_record(fd, path, ret, err);
    }
    const int why = errno;
    if (why == EACCES || why == EPERM) {
        pc_ctx_warn(ctx, "whether this PIN was wrong before is not known: '%s' may not be read", path);
        return PC_OK;
    }
    return why == ENOENT || why == ENOTDIR ? PC_OK
                                           : pc_fail_errno(err, P11CSR_E_READ, why, "open '%s'", path);
}

/* The file's full path as JSON and people can take it; NULL when out of memory. */
static char *full_path(const char *path)
{
    char *full PC_CLEANUP(pc_free_str) = realpath(path, NULL);
    return pc_text_printable(full != NULL ? full : path);
}

static int64_t number(const json_t *entry, const char *name)
{
    return json_integer_value(json_object_get(entry, name));
}

static const char *text(const json_t *entry, const char *name)
{
    return json_string_value(json_object_get(entry, name));
}

/* True when the PIN that was wrong then may still be what the file holds. */
static bool still_holds(const json_t *entry, const char *path, const struct pc_latch_file *file)
{
    if (number(entry, "device") == (int64_t)file->device && number(entry, "inode") == (int64_t)file->inode &&
        number(entry, "seconds") == file->seconds && number(entry, "nanoseconds") == file->nanoseconds) {
        return true;
    }
    // A credential in a new folder is a new copy, made when the service was started: of what, nobody knows.
    return file->is_credential && json_is_true(json_object_get(entry, "credential")) &&
           strcmp(text(entry, "path"), path) == 0 &&
           (number(entry, "folder-device") != (int64_t)file->folder_device ||
            number(entry, "folder-inode") != (int64_t)file->folder_inode);
}

static struct pc_result fail_latched(const struct pc_pin_request *request, const json_t *entry,
                                     p11csr_error **err)
{
    char *token PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_slot_uri_text(request->slot, &token, err));
    const struct pc_result result =
        pc_fail(err, P11CSR_E_PIN_LATCHED, "the PIN in '%s' was wrong at %s and %s; it was not sent",
                text(entry, "path"), text(entry, "since"),
                json_is_true(json_object_get(entry, "credential")) ? "nothing shows that it was changed since"
                                                                   : "the file has not changed since");
    pc_hint(err, "correct the file, or have it tried once more: p11csr tokens clear-latch --token '%s'",
            token);
    return result;
}

/* Removes what is remembered about a file. False when there was nothing. */
static bool remove_entries(json_t *files, const char *full)
{
    const size_t before = json_array_size(files);
    for (size_t i = before; i > 0; i--) {
        if (strcmp(text(json_array_get(files, i - 1), "path"), full) == 0) {
            (void)json_array_remove(files, i - 1);
        }
    }
    return json_array_size(files) != before;
}

/* At the end; the oldest goes where there is no room. */
static struct pc_result add_entry(json_t *files, const char *full, const struct pc_latch_file *file,
                                  p11csr_error **err)
{
    char now[PC_TIME_SIZE];
    pc_time_now(now);
    while (json_array_size(files) >= PC_MAX_LATCHED) {
        (void)json_array_remove(files, 0);
    }
    json_t *entry = json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "path", full, "since", now, "credential",
        file->is_credential ? 1 : 0, "device", (json_int_t)file->device, "inode", (json_int_t)file->inode,
        "seconds", (json_int_t)file->seconds, "nanoseconds", (json_int_t)file->nanoseconds, "folder-device",
        (json_int_t)file->folder_device, "folder-inode", (json_int_t)file->folder_inode);
    return json_array_append_new(files, entry) == 0 ? PC_OK : pc_fail_memory(err);
}

/* A record that names no file is none. */
static struct pc_result write_record(const char *name, const json_t *record, p11csr_error **err)
{
    if (json_array_size(json_object_get(record, "files")) == 0) {
        return unlink(name) == 0 ? PC_OK : pc_fail_errno(err, P11CSR_E_WRITE, errno, "remove '%s'", name);
    }
    char *content PC_CLEANUP(pc_json_free_text) = json_dumps(record, JSON_COMPACT);
    if (content == NULL) {
        return pc_fail_memory(err);
    }
    return pc_file_write(name, pc_span_str(content), PC_FILE_REPLACE, 0600, err);
}

/*
 * Replaces what is remembered about the file; nothing for NULL. With the folder locked, so that two processes
 * do not write the same record at once.
 */
static struct pc_result change_record(p11csr_ctx *ctx, const struct pc_pin_request *request, const char *full,
                                      const struct pc_latch_file *file, p11csr_error **err)
{
    json_t *record PC_CLEANUP(pc_json_free) = NULL;
    char *token PC_CLEANUP(pc_free_str) = NULL;
    char *name PC_CLEANUP(pc_free_str) = record_path(ctx, request);
    if (name == NULL || full == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_dir_make(ctx->state_dir, 0700, err));
    int folder PC_CLEANUP(pc_close) = open(ctx->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "open '%s'", ctx->state_dir);
    }
    (void)flock(folder, LOCK_EX); // where there are no locks, one of two at the same instant may be lost
    PC_TRY(read_record(ctx, name, &record, err));
    if (record == NULL) {
        PC_TRY(pc_slot_uri_text(request->slot, &token, err));
        record = json_pack("{s:s, s:s, s:[]}", "token", token, "role",
                           request->role == PC_ROLE_SO ? "so" : "user", "files");
    }
    json_t *files = json_object_get(record, "files");
    const bool removed = remove_entries(files, full);
    if (file != NULL) {
        PC_TRY(add_entry(files, full, file, err));
    } else if (!removed) {
        return PC_OK; // another process was faster
    }
    return write_record(name, record, err);
}

PC_RESULT pc_latch_check(p11csr_ctx *ctx, const struct pc_pin_request *request, const char *path,
                         const struct pc_latch_file *file, p11csr_error **err)
{
    json_t *record PC_CLEANUP(pc_json_free) = NULL;
    if (ctx->state_dir == NULL || !file->known) {
        return PC_OK;
    }
    char *name PC_CLEANUP(pc_free_str) = record_path(ctx, request);
    if (name == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(read_record(ctx, name, &record, err));
    if (record == NULL) {
        return PC_OK;
    }
    char *full PC_CLEANUP(pc_free_str) = full_path(path);
    if (full == NULL) {
        return pc_fail_memory(err);
    }
    json_t *files = json_object_get(record, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        if (still_holds(json_array_get(files, i), full, file)) {
            return fail_latched(request, json_array_get(files, i), err);
        }
    }
    if (remove_entries(files, full)) { // the file has changed: that it was wrong once is of no use any more
        pc_ignore(change_record(ctx, request, full, NULL, NULL));
    }
    return PC_OK;
}

void pc_latch_set(p11csr_ctx *ctx, const struct pc_pin_request *request, const char *path,
                  const struct pc_latch_file *file, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    if (!file->known) {
        return;
    }
    if (ctx->state_dir == NULL) {
        pc_ctx_warn(ctx,
                    "without a state folder it is not remembered that the PIN in '%s' is wrong: the "
                    "next run sends it again",
                    path);
        return;
    }
    char *full PC_CLEANUP(pc_free_str) = full_path(path);
    const struct pc_result result = change_record(ctx, request, full, file, &why);
    if (!pc_is_ok(result)) {
        const size_t causes = p11csr_error_cause_count(why); // none when there is no memory
        pc_ctx_warn(ctx,
                    "that the PIN in '%s' is wrong cannot be remembered, the next run sends it again: %s",
                    path, causes > 0 ? p11csr_error_cause(why, causes - 1) : p11csr_error_message(why));
        return;
    }
    char *token PC_CLEANUP(pc_free_str) = NULL;
    if (!pc_is_ok(pc_slot_uri_text(request->slot, &token, NULL))) {
        pc_note(err, "it is not sent again before '%s' changes", path);
        return;
    }
    pc_note(err, "it is not sent again before '%s' changes or: p11csr tokens clear-latch --token '%s'", path,
            token);
}

static const enum pc_uri_attr token_names[] = {PC_URI_TOKEN, PC_URI_MANUFACTURER, PC_URI_SERIAL,
                                               PC_URI_MODEL};

/* Whether the URI says anything that a record can be compared with. */
static bool names_token(const struct pc_uri *uri)
{
    bool any = false;
    for (size_t i = 0; i < PC_ARRAY_LEN(token_names); i++) {
        any = any || uri->present[token_names[i]];
    }
    return any;
}

/* True when all that `wanted` says about a token is true for the token of the record. */
static bool speaks_of(const json_t *record, const struct pc_uri *wanted)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    pc_uri_init(&uri);
    if (!pc_is_ok(pc_uri_parse(text(record, "token"), &uri, NULL))) {
        return false;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(token_names); i++) {
        const enum pc_uri_attr name = token_names[i];
        if (wanted->present[name] && !pc_span_eq(pc_uri_value(wanted, name), pc_uri_value(&uri, name))) {
            return false;
        }
    }
    return true;
}

/* True when the file is as it was when its PIN was wrong. Of a newer copy of a credential nobody knows. */
static bool is_in_force(const json_t *entry)
{
    struct stat st;
    if (stat(text(entry, "path"), &st) != 0) {
        return json_is_true(json_object_get(entry, "credential"));
    }
    const struct pc_latch_file file = {.device = st.st_dev,
                                       .inode = st.st_ino,
                                       .seconds = st.st_ctim.tv_sec,
                                       .nanoseconds = st.st_ctim.tv_nsec};
    return still_holds(entry, text(entry, "path"), &file);
}

/* What is done with each record of wrong PINs. */
struct walk {
    p11csr_ctx *ctx;
    const struct pc_uri *wanted; /* NULL: every token's; then also what cannot be understood goes */
    bool clears;                 /* false: it is only told what is in force */
    json_t *list;
};

/* What is told about one record: paths and times, no more. */
static struct pc_result add_told(const struct walk *walk, const json_t *record, const char *path,
                                 p11csr_error **err)
{
    json_t *sources = json_array();
    json_t *row = json_pack("{s:s*, s:s*, s:s, s:o}", "token", text(record, "token"), "role",
                            text(record, "role"), "record", path, "files", sources);
    const json_t *files = json_object_get(record, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *entry = json_array_get(files, i);
        if (walk->clears || is_in_force(entry)) {
            (void)json_array_append_new(
                sources, json_pack("{s:s, s:s}", "path", text(entry, "path"), "since", text(entry, "since")));
        }
    }
    if (!walk->clears && json_array_size(sources) == 0) {
        json_decref(row);
        return PC_OK;
    }
    return json_array_append_new(walk->list, row) == 0 ? PC_OK : pc_fail_memory(err);
}

static struct pc_result visit_record(const struct walk *walk, const char *path, p11csr_error **err)
{
    json_t *record PC_CLEANUP(pc_json_free) = NULL;
    const struct pc_result read = read_record(walk->ctx, path, &record, NULL);
    if (read.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    const bool goes_unread = walk->clears && walk->wanted == NULL;
    if (!goes_unread && !pc_is_ok(read)) { // whose it is, nobody knows
        pc_ctx_warn(walk->ctx, "'%s' is no record of wrong PINs as p11csr writes it: remove it by hand",
                    path);
        return PC_OK;
    }
    const bool is_meant = record != NULL && (walk->wanted == NULL || speaks_of(record, walk->wanted));
    if (!goes_unread && !is_meant) {
        return PC_OK;
    }
    if (json_array_size(walk->list) >= PC_MAX_LATCHES) {
        return pc_fail(err, P11CSR_E_LIMIT, "there are more than %d records of wrong PINs", PC_MAX_LATCHES);
    }
    if (walk->clears && unlink(path) != 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "remove '%s'", path);
    }
    return add_told(walk, record, path, err);
}

static struct pc_result visit_folder(const struct walk *walk, p11csr_error **err)
{
    DIR *dir = opendir(walk->ctx->state_dir);
    struct pc_result result = PC_OK;
    if (dir == NULL) {
        return errno == ENOENT || errno == ENOTDIR
                   ? PC_OK
                   : pc_fail_errno(err, P11CSR_E_READ, errno, "list '%s'", walk->ctx->state_dir);
    }
    (void)flock(dirfd(dir), walk->clears ? LOCK_EX : LOCK_SH); // as whoever writes one
    for (const struct dirent *entry = readdir(dir); entry != NULL && pc_is_ok(result); entry = readdir(dir)) {
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0) {
            continue;
        }
        char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s", walk->ctx->state_dir, entry->d_name);
        result = path != NULL ? visit_record(walk, path, err) : pc_fail_memory(err);
    }
    if (walk->clears) {
        (void)fsync(dirfd(dir)); // some file systems cannot; a latch that comes back only asks once more
    }
    (void)closedir(dir);
    return result;
}

static struct pc_result visit_latches(p11csr_ctx *ctx, const char *token, bool clears, char **ret_json,
                                      p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    json_t *list PC_CLEANUP(pc_json_free) = json_array();
    if (list == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    if (token != NULL && !names_token(&target.uri)) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_USAGE, "'%s' does not say which token's records are meant", token);
        pc_hint(err,
                "name it by its label, its serial number or an alias that does; no --token: all records");
        return result;
    }
    if (ctx->state_dir != NULL) {
        const struct walk walk = {
            .ctx = ctx, .wanted = token != NULL ? &target.uri : NULL, .clears = clears, .list = list};
        PC_TRY(visit_folder(&walk, err));
    }
    return pc_json_take_text(list, ret_json, err);
}

enum p11csr_code p11csr_latches_to_json(p11csr_ctx *ctx, const char *token, char **ret_json,
                                        p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return visit_latches(lock.ctx, token, false, ret_json, err).code;
}

enum p11csr_code p11csr_latches_clear(p11csr_ctx *ctx, const char *token, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return visit_latches(lock.ctx, token, true, ret_json, err).code;
}
