// SPDX-License-Identifier: Apache-2.0
#include "lib/pin.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/context.h"
#include "lib/pin_read.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct source_row {
    const char *word; /* with ':' when something follows */
    struct pc_result (*make)(const char *rest, struct pc_pin *ret, p11csr_error **err);
};

static struct pc_result set_path(const char *path, enum pc_pin_kind kind, struct pc_pin *ret,
                                 p11csr_error **err)
{
    if (path[0] == 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "the PIN source is not followed by a path");
    }
    ret->kind = kind;
    ret->path = pc_strdup(path);
    return ret->path != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result make_file(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    return set_path(rest, PC_PIN_FILE, ret, err);
}

static struct pc_result make_exec(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    return set_path(rest, PC_PIN_EXEC, ret, err);
}

/* A credential of the service manager is a file in the folder that it names. */
static struct pc_result make_credential(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE,
                       "CREDENTIALS_DIRECTORY is not set: no service manager started this");
    }
    if (rest[0] == 0 || strchr(rest, '/') != NULL) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "'cred:' is not followed by the name of a credential");
    }
    char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s", folder, rest);
    ret->folder = pc_strdup(folder);
    return path != NULL && ret->folder != NULL ? set_path(path, PC_PIN_FILE, ret, err) : pc_fail_memory(err);
}

static struct pc_result keep(struct pc_secret **ret, p11csr_error **err)
{
    *ret = pc_secret_new();
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result make_fd(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    ret->kind = PC_PIN_KEPT;
    PC_TRY(keep(&ret->secret, err));
    return pc_pin_read_fd(rest, ret->secret, err);
}

static struct pc_result make_env(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    ret->kind = PC_PIN_KEPT;
    PC_TRY(keep(&ret->secret, err));
    return pc_pin_read_env(rest, ret->secret, err);
}

static struct pc_result make_prompt(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    (void)rest;
    (void)err;
    ret->kind = PC_PIN_PROMPT;
    return PC_OK;
}

static struct pc_result make_empty(const char *rest, struct pc_pin *ret, p11csr_error **err)
{
    (void)rest;
    (void)err;
    ret->kind = PC_PIN_EMPTY;
    return PC_OK;
}

static const struct source_row rows[] = {
    {.word = "prompt", .make = make_prompt},    {.word = "file:", .make = make_file},
    {.word = "cred:", .make = make_credential}, {.word = "exec:", .make = make_exec},
    {.word = "fd:", .make = make_fd},           {.word = "env:", .make = make_env},
    {.word = "empty", .make = make_empty},
};

static const char *row_word(const void *table, size_t index)
{
    return ((const struct source_row *)table)[index].word;
}

static struct pc_result make(const char *text, struct pc_pin *ret, p11csr_error **err)
{
    if (text[0] == '/') {
        return make_file(text, ret, err); // RFC 7512 lets pin-source be a bare path
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const size_t len = strlen(rows[i].word);
        const bool takes_more = rows[i].word[len - 1] == ':';
        if (takes_more ? strncmp(text, rows[i].word, len) == 0 : strcmp(text, rows[i].word) == 0) {
            return rows[i].make(text + len, ret, err);
        }
    }
    // The text itself is not repeated: somebody may have written the PIN there.
    const char *near = pc_nearest_word(text, row_word, rows, PC_ARRAY_LEN(rows));
    return pc_fail(
        err, P11CSR_E_PIN_SOURCE,
        "the PIN source is none of prompt, file:PATH, cred:NAME, exec:PROGRAM, fd:N, env:NAME, empty%s%s%s",
        near != NULL ? "; the nearest is '" : "", near != NULL ? near : "", near != NULL ? "'" : "");
}

void pc_pin_free(struct pc_pin **pin)
{
    if (*pin == NULL) {
        return;
    }
    pc_release((*pin)->text);
    pc_release((*pin)->path);
    pc_release((*pin)->folder);
    pc_secret_free(&(*pin)->secret);
    pc_close(&(*pin)->held);
    pc_release(*pin);
    *pin = NULL;
}

static struct pc_pin *pin_at(const struct pc_buf *pins, size_t at)
{
    struct pc_pin *pin = NULL;
    memcpy(&pin, pins->ptr + at, sizeof(pin)); // NOLINT(bugprone-sizeof-expression): of the pointer
    return pin;
}

void pc_pins_done(struct pc_buf *pins)
{
    for (size_t at = 0; at < pins->len; at += sizeof(struct pc_pin *)) {
        struct pc_pin *pin = pin_at(pins, at);
        pc_pin_free(&pin);
    }
    pc_buf_done(pins);
}

/* A request as callbacks get it. What a token calls itself goes to a terminal. */
struct asked {
    struct p11csr_pin_request request;
    char *token;
    char *key;
    char *form;
};

static void asked_done(struct asked *asked)
{
    pc_release(asked->token);
    pc_release(asked->key);
    pc_release(asked->form);
}

static void fill_asked(const struct pc_pin_request *request, struct asked *ret)
{
    static const enum p11csr_role roles[] = {[PC_ROLE_USER] = P11CSR_ROLE_USER,
                                             [PC_ROLE_SO] = P11CSR_ROLE_SO,
                                             [PC_ROLE_CONTEXT] = P11CSR_ROLE_CONTEXT};
    ret->token = pc_text_printable(request->token);
    ret->key = request->key != NULL ? pc_text_printable(request->key) : NULL;
    ret->form = request->form != NULL ? pc_text_printable(request->form) : NULL;
    ret->request = (struct p11csr_pin_request){.role = roles[request->role],
                                               .token = ret->token != NULL ? ret->token : "",
                                               .key = ret->key,
                                               .count_low = request->count_low ? 1 : 0,
                                               .final_try = request->final_try ? 1 : 0,
                                               .form = ret->form};
}

void pc_pin_at_device(void *self, const struct pc_pin_request *request)
{
    const p11csr_ctx *ctx = self;
    struct asked asked PC_CLEANUP(asked_done) = {.token = NULL};
    if (ctx->device_callback != NULL) {
        fill_asked(request, &asked);
        ctx->device_callback(&asked.request, ctx->device_callback_data);
    }
}

static struct pc_result ask(const struct pc_pin *pin, const struct pc_pin_request *request,
                            struct pc_secret *ret, p11csr_error **err)
{
    struct asked asked PC_CLEANUP(asked_done) = {.token = NULL};
    const char *which = request->role == PC_ROLE_SO ? "SO PIN" : "PIN";
    if (pin->ctx->pin_callback == NULL) {
        return pc_fail(err, P11CSR_E_PIN_NEEDED, "there is nobody to ask for the %s of token '%s'", which,
                       request->token);
    }
    fill_asked(request, &asked);
    const enum p11csr_code code =
        pin->ctx->pin_callback(&asked.request, (p11csr_pin *)(void *)ret, pin->ctx->pin_callback_data);
    if (code == P11CSR_OK) {
        return PC_OK;
    }
    if (code == P11CSR_E_PIN_LENGTH) {
        return pc_fail(err, code, "the %s given for token '%s' is longer than %d bytes", which,
                       request->token, PC_MAX_PIN);
    }
    return pc_fail(err, code == P11CSR_E_INTERRUPTED ? code : P11CSR_E_PIN_CANCELLED,
                   "no %s was given for token '%s'", which, request->token);
}

/* A file, unless this state of it was wrong before. */
static struct pc_result read_held(struct pc_pin *pin, const struct pc_pin_request *request,
                                  struct pc_secret *ret, p11csr_error **err)
{
    struct stat st;
    if (pin->folder != NULL && stat(pin->folder, &st) == 0) {
        pin->read.is_credential = true;
        pin->read.folder_device = st.st_dev;
        pin->read.folder_inode = st.st_ino;
    }
    PC_TRY(pc_latch_check(pin->ctx, request, pin->path, &pin->read, err));
    return pc_pin_read_file(pin->held, pin->path, ret, err);
}

static struct pc_result get_from_file(struct pc_pin *pin, const struct pc_pin_request *request,
                                      struct pc_secret *ret, p11csr_error **err)
{
    pc_close(&pin->held);
    PC_TRY(pc_pin_open_file(pin->ctx, pin->path, &pin->held, &pin->read, err));
    const struct pc_result result = read_held(pin, request, ret, err);
    if (!pc_is_ok(result)) {
        pc_close(&pin->held);
    }
    return result;
}

static void let_go(void *self)
{
    pc_close(&((struct pc_pin *)self)->held);
}

static struct pc_result get_from_program(struct pc_pin *pin, struct pc_secret *ret, p11csr_error **err)
{
    if (pin->secret == NULL) {
        return pc_pin_read_exec(pin->path, ret, err);
    }
    const struct pc_span bytes = pc_secret_bytes(pin->secret);
    const bool taken = pc_secret_set(ret, bytes.ptr, bytes.len);
    pc_secret_free(&pin->secret);
    return taken ? PC_OK : pc_fail_memory(err);
}

PC_RESULT pc_pin_ahead(struct pc_pin *pin, p11csr_error **err)
{
    if (pin->kind != PC_PIN_EXEC || pin->secret != NULL) {
        return PC_OK;
    }
    PC_TRY(keep(&pin->secret, err));
    const struct pc_result result = pc_pin_read_exec(pin->path, pin->secret, err);
    if (!pc_is_ok(result)) {
        pc_secret_free(&pin->secret);
        return result;
    }
    pin->ctx->has_pin_ahead = true;
    return PC_OK;
}

void pc_pins_forget_ahead(p11csr_ctx *ctx)
{
    for (size_t at = 0; at < ctx->pins.len; at += sizeof(struct pc_pin *)) {
        struct pc_pin *pin = pin_at(&ctx->pins, at);
        if (pin->kind == PC_PIN_EXEC) {
            pc_secret_free(&pin->secret);
        }
    }
    ctx->has_pin_ahead = false;
}

static void note_refused(void *self, const struct pc_pin_request *request, p11csr_error **err)
{
    const struct pc_pin *pin = self;
    if (pin->kind == PC_PIN_FILE) {
        pc_latch_set(pin->ctx, request, pin->path, &pin->read, err);
    }
}

static PC_RESULT get_pin(void *self, const struct pc_pin_request *request, struct pc_secret *ret,
                         p11csr_error **err)
{
    struct pc_pin *pin = self;
    switch (pin->kind) {
    case PC_PIN_FILE:
        return get_from_file(pin, request, ret, err);
    case PC_PIN_EXEC:
        return get_from_program(pin, ret, err);
    case PC_PIN_PROMPT:
        return ask(pin, request, ret, err);
    case PC_PIN_KEPT: {
        const struct pc_span bytes = pc_secret_bytes(pin->secret);
        return pc_secret_set(ret, bytes.ptr, bytes.len) ? PC_OK : pc_fail_memory(err);
    }
    case PC_PIN_EMPTY:
        break;
    }
    return PC_OK; // the empty PIN
}

/* Makes the source what it is used through. */
static struct pc_pin *set_up(struct pc_pin *pin, p11csr_ctx *ctx)
{
    pin->ctx = ctx;
    pin->source = (struct pc_pin_source){.asks_person = pin->kind == PC_PIN_PROMPT,
                                         .get = get_pin,
                                         .refused = note_refused,
                                         .done = let_go,
                                         .self = pin};
    return pin;
}

PC_RESULT pc_pin_named(p11csr_ctx *ctx, const char *text, struct pc_pin **ret, p11csr_error **err)
{
    for (size_t at = 0; at < ctx->pins.len; at += sizeof(struct pc_pin *)) {
        struct pc_pin *known = pin_at(&ctx->pins, at);
        if (strcmp(known->text, text) == 0) {
            *ret = known;
            return PC_OK;
        }
    }
    if (ctx->pins.len >= ctx->pins.max) {
        return pc_fail(err, P11CSR_E_LIMIT, "more PIN sources were named than a context keeps");
    }
    struct pc_pin *pin = pc_alloc(sizeof(*pin));
    if (pin == NULL) {
        return pc_fail_memory(err);
    }
    pin->held = -1;
    pin->text = pc_strdup(text);
    struct pc_result result = pin->text != NULL ? make(text, pin, err) : pc_fail_memory(err);
    if (pc_is_ok(result)) {
        *ret = set_up(pin, ctx);
        pc_buf_add(&ctx->pins, &pin, sizeof(pin)); // NOLINT(bugprone-sizeof-expression): of the pointer
        result = pc_buf_check(&ctx->pins, err);
    }
    if (!pc_is_ok(result)) {
        pc_pin_free(&pin);
    }
    return result;
}

/* A source that keeps the secret, which it takes over in any case. NULL when out of memory. */
static struct pc_pin *keep_secret(p11csr_ctx *ctx, struct pc_secret **secret)
{
    struct pc_pin *pin = pc_alloc(sizeof(*pin));
    if (pin == NULL) {
        pc_secret_free(secret);
        return NULL;
    }
    pin->held = -1;
    pin->kind = PC_PIN_KEPT;
    pin->secret = *secret;
    *secret = NULL;
    return set_up(pin, ctx);
}

PC_RESULT pc_pin_of_secret(p11csr_ctx *ctx, struct pc_secret **secret, struct pc_pin **ret,
                           p11csr_error **err)
{
    struct pc_pin *pin = keep_secret(ctx, secret);
    if (pin == NULL) {
        return pc_fail_memory(err);
    }
    *ret = pin;
    return PC_OK;
}

static struct pc_result inherit(p11csr_ctx *ctx, const struct pc_pin *from, p11csr_error **err)
{
    const struct pc_span bytes = pc_secret_bytes(from->secret);
    struct pc_secret *secret PC_CLEANUP(pc_secret_free) = pc_secret_new();
    struct pc_pin *pin PC_CLEANUP(pc_pin_free) = NULL;
    if (secret != NULL && pc_secret_set(secret, bytes.ptr, bytes.len)) {
        pin = keep_secret(ctx, &secret);
    }
    if (pin != NULL) {
        pin->text = pc_strdup(from->text);
    }
    if (pin == NULL || pin->text == NULL) {
        return pc_fail_memory(err);
    }
    pc_buf_add(&ctx->pins, &pin, sizeof(pin)); // NOLINT(bugprone-sizeof-expression): of the pointer
    PC_TRY(pc_buf_check(&ctx->pins, err));
    pin = NULL;
    return PC_OK;
}

PC_RESULT pc_pins_inherit(p11csr_ctx *ctx, const p11csr_ctx *parent, p11csr_error **err)
{
    for (size_t at = 0; at < parent->pins.len; at += sizeof(struct pc_pin *)) {
        const struct pc_pin *pin = pin_at(&parent->pins, at);
        if (pin->kind == PC_PIN_KEPT) {
            PC_TRY(inherit(ctx, pin, err));
        }
    }
    return PC_OK;
}

enum p11csr_code p11csr_pin_set(p11csr_pin *pin, const void *bytes, size_t len)
{
    return pc_secret_set((struct pc_secret *)(void *)pin, bytes, len) ? P11CSR_OK : P11CSR_E_PIN_LENGTH;
}
