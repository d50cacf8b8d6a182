// SPDX-License-Identifier: Apache-2.0
#include "lib/context.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PINS = 1024, MAX_LOADED = 64, MAX_OPENED = 1024 };

const char *p11csr_version(void)
{
    return PC_VERSION;
}

enum p11csr_code p11csr_ctx_new(p11csr_ctx **ret_ctx, p11csr_error **err)
{
    struct p11csr_ctx *ctx = pc_alloc(sizeof(*ctx));
    if (ctx == NULL || pthread_mutex_init(&ctx->lock, NULL) != 0) {
        pc_release(ctx);
        return pc_fail_memory(err).code;
    }
    ctx->log_fd = -1;
    pc_config_init(&ctx->config);
    pc_buf_init(&ctx->quirks, PC_MAX_QUIRK_RULES * sizeof(struct pc_own_rule *));
    pc_buf_init(&ctx->pins, MAX_PINS * sizeof(struct pc_pin *));
    pc_buf_init(&ctx->loaded, MAX_LOADED * sizeof(struct pc_loaded *));
    pc_buf_init(&ctx->opened, MAX_OPENED * sizeof(struct pc_opened *));
    *ret_ctx = ctx;
    return P11CSR_OK;
}

static void close_tokens(struct p11csr_ctx *ctx)
{
    for (size_t at = 0; at < ctx->opened.len; at += sizeof(struct pc_opened *)) {
        struct pc_opened *opened = NULL;
        memcpy(&opened, ctx->opened.ptr + at,
               sizeof(opened)); // NOLINT(bugprone-sizeof-expression): of the pointer
        pc_token_done(&opened->token);
        pc_pin_free(&opened->own_pin);
        pc_release(opened);
    }
    pc_buf_done(&ctx->opened);
}

static void unload_modules(struct p11csr_ctx *ctx)
{
    for (size_t at = 0; at < ctx->loaded.len; at += sizeof(struct pc_loaded *)) {
        struct pc_loaded *loaded = NULL;
        memcpy(&loaded, ctx->loaded.ptr + at,
               sizeof(loaded)); // NOLINT(bugprone-sizeof-expression): of the pointer
        pc_modules_done(&loaded->modules);
        pc_release(loaded->name);
        pc_release(loaded);
    }
    pc_buf_done(&ctx->loaded);
}

void p11csr_ctx_free(p11csr_ctx **ctx)
{
    if (ctx == NULL || *ctx == NULL) {
        return;
    }
    struct p11csr_ctx *old = *ctx;
    *ctx = NULL;
    if (pc_ctx_is_forked(old)) { // what else it holds is the parent's
        pc_pins_done(&old->pins);
        return;
    }
    (void)ERR_set_mark();
    pc_evp_free(&old->evp);
    close_tokens(old);
    unload_modules(old);
    (void)ERR_pop_to_mark();
    pc_config_done(&old->config);
    pc_own_rules_done(&old->quirks);
    pc_crypto_free(&old->crypto);
    pc_close(&old->log_fd);
    pc_release(old->state_dir);
    pc_release(old->module);
    pc_pins_done(&old->pins);
    (void)pthread_mutex_destroy(&old->lock);
    pc_release(old);
}

struct pc_lock pc_lock_begin(p11csr_ctx *ctx)
{
    (void)pthread_mutex_lock(&ctx->lock); // a plain mutex that is not held by this thread: cannot fail
    (void)ERR_set_mark();
    return (struct pc_lock){.ctx = ctx};
}

void pc_lock_end(const struct pc_lock *lock)
{
    if (lock->ctx->has_pin_ahead) {
        pc_pins_forget_ahead(lock->ctx);
    }
    (void)ERR_pop_to_mark();
    (void)pthread_mutex_unlock(&lock->ctx->lock);
}

bool pc_ctx_is_forked(const p11csr_ctx *ctx)
{
    return ctx->pid != 0 && ctx->pid != getpid();
}

PC_RESULT pc_ctx_check_process(const p11csr_ctx *ctx, p11csr_error **err)
{
    return !pc_ctx_is_forked(ctx)
               ? PC_OK
               : pc_fail(err, P11CSR_E_FORKED,
                         "the context loaded its modules in process %ld, and this is process %ld",
                         (long)ctx->pid, (long)getpid());
}

void pc_ctx_warn(p11csr_ctx *ctx, const char *format, ...)
{
    char text[PC_MAX_TEXT];
    va_list args;
    if (ctx->warning_callback == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pc_text_redact(text);
    char *printable PC_CLEANUP(pc_free_str) = pc_text_printable(text);
    if (printable != NULL) {
        ctx->warning_callback(printable, ctx->warning_callback_data);
    }
}

PC_RESULT pc_ctx_crypto(p11csr_ctx *ctx, const struct pc_crypto **ret, p11csr_error **err)
{
    if (ctx->crypto == NULL) {
        PC_TRY(pc_crypto_new(&ctx->crypto, err));
    }
    *ret = ctx->crypto;
    return PC_OK;
}

enum p11csr_code p11csr_ctx_load_config(p11csr_ctx *ctx, const char *path, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct stat st;
    if (path[0] == 0) {
        return pc_fail(err, P11CSR_E_READ, "the path of a configuration is empty").code;
    }
    const bool is_folder = stat(path, &st) == 0 ? S_ISDIR(st.st_mode) : path[strlen(path) - 1] == '/';
    return is_folder ? pc_config_read_folder(&lock.ctx->config, path, err).code
                     : pc_config_read_file(&lock.ctx->config, path, err).code;
}

const char *p11csr_ctx_alias_name(const p11csr_ctx *ctx, size_t index)
{
    const struct pc_alias *aliases = (const struct pc_alias *)(const void *)ctx->config.aliases.ptr;
    return index < ctx->config.aliases.len / sizeof(*aliases) ? aliases[index].name : NULL;
}

/* Replaces a text of the context; NULL clears it. */
static struct pc_result replace_text(char **slot, const char *text, p11csr_error **err)
{
    char *copy = text != NULL ? pc_strdup(text) : NULL;
    if (text != NULL && copy == NULL) {
        return pc_fail_memory(err);
    }
    pc_release(*slot);
    *slot = copy;
    return PC_OK;
}

enum p11csr_code p11csr_ctx_set_module(p11csr_ctx *ctx, const char *path_or_name, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return replace_text(&lock.ctx->module, path_or_name, err).code;
}

enum p11csr_code p11csr_ctx_set_state_dir(p11csr_ctx *ctx, const char *path, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return replace_text(&lock.ctx->state_dir, path, err).code;
}

void p11csr_ctx_set_warning_callback(p11csr_ctx *ctx, p11csr_warning_callback callback, void *data)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    lock.ctx->warning_callback = callback;
    lock.ctx->warning_callback_data = data;
}

void p11csr_ctx_set_call_callback(p11csr_ctx *ctx, p11csr_call_callback callback, void *data)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    lock.ctx->call_hook = (struct pc_call_hook){.callback = callback, .data = data};
}

void p11csr_free_text(char **text)
{
    if (text != NULL) {
        pc_free_str(text);
    }
}

void p11csr_free_bytes(unsigned char **bytes)
{
    if (bytes != NULL) {
        pc_free_bytes(bytes);
    }
}
