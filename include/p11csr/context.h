// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_CONTEXT_H
#define P11CSR_CONTEXT_H

#include "p11csr/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version, like "0.1.0". Static storage. */
P11CSR_API const char *p11csr_version(void);

/*
 * Makes a context. No module is loaded yet and no configuration is read. The caller frees it with
 * p11csr_ctx_free(). Threads may share a context: it locks inside, and its token operations run one after the
 * other.
 */
P11CSR_API enum p11csr_code p11csr_ctx_new(p11csr_ctx **ret_ctx, p11csr_error **err);
/*
 * Closes the sessions (a login ends with the last session of the process), finalises the modules that the
 * context loaded, and frees it; *ctx becomes NULL. Every key of the context must have been freed. Accepts
 * NULL and a pointer to NULL.
 */
P11CSR_API void p11csr_ctx_free(p11csr_ctx **ctx);

/*
 * Reads configuration (see p11csr(1), FILES): a file, or a folder in which p11csr.yaml and p11csr.d/NAME.yaml
 * are read, in the order of their names. A folder or a file in it that is not there is fine; a file named
 * directly must be there. Token aliases replace those of the same name that were read earlier. Errors: CONFIG
 * with file, line and the nearest known word; READ.
 */
P11CSR_API enum p11csr_code p11csr_ctx_load_config(p11csr_ctx *ctx, const char *path, p11csr_error **err);

/* Name of the alias at `index`, from 0; NULL behind the last. Borrowed until configuration is read again. */
P11CSR_API const char *p11csr_ctx_alias_name(const p11csr_ctx *ctx, size_t index);

/*
 * Uses only this PKCS#11 module: a path (with a '/') or a name that p11-kit knows. It goes before what an
 * alias or a URI says. NULL: no such preference. Nothing is loaded before a token is needed.
 */
P11CSR_API enum p11csr_code p11csr_ctx_set_module(p11csr_ctx *ctx, const char *path_or_name,
                                                  p11csr_error **err);

/*
 * The folder, made when needed, for records that outlive a run. One is kept while a key is being made: after
 * a crash it tells which key may be on which token. One is kept of each PIN file (file:, cred:) whose PIN was
 * wrong, by device, inode and time of change: it is not sent again before the file has changed or
 * p11csr_latches_clear() is called. NULL: no records. Absolute path.
 */
P11CSR_API enum p11csr_code p11csr_ctx_set_state_dir(p11csr_ctx *ctx, const char *path, p11csr_error **err);

/*
 * Where the user PIN comes from. It goes before what a URI or an alias says. NULL: no such preference.
 *   prompt        the callback
 *   file:PATH     a file of one line; its newline is not part of the PIN
 *   cred:NAME     a file of that name in $CREDENTIALS_DIRECTORY (systemd)
 *   exec:PROGRAM  the line that a program prints: a full path and arguments, split at blanks, no shell;
 *                 started before the module is loaded where the call that loads it may log in
 *   fd:N          a file descriptor, read to its end now and closed
 *   env:NAME      an environment variable, read and overwritten now
 *   empty         the empty PIN
 * What is read now is kept in locked memory as long as the context. Errors: PIN_SOURCE.
 */
P11CSR_API enum p11csr_code p11csr_ctx_set_pin_source(p11csr_ctx *ctx, const char *source,
                                                      p11csr_error **err);

enum p11csr_role {
    P11CSR_ROLE_USER,    /* the normal user: once per token */
    P11CSR_ROLE_CONTEXT, /* one use of a key with CKA_ALWAYS_AUTHENTICATE */
    P11CSR_ROLE_SO,      /* the security officer; on some tokens a management key or an administrator */
};

/* What a PIN is wanted for. The texts live until the callback returns. Fields may be added at the end. */
struct p11csr_pin_request {
    enum p11csr_role role;
    const char *token; /* the token's label */
    const char *key;   /* the key's label, or NULL */
    int count_low;     /* 1: a wrong PIN was sent since the last good one */
    int final_try;     /* 1: one more wrong PIN locks the token */
    const char *form;  /* what the PIN consists of, like "user:password"; NULL: nothing special */
};

/*
 * Asks a person for a PIN and hands it over with p11csr_pin_set(). Returns P11CSR_OK, or
 * P11CSR_E_PIN_CANCELLED or P11CSR_E_INTERRUPTED when there is none. It is called with the context locked: it
 * must not use the context.
 */
typedef enum p11csr_code (*p11csr_pin_callback)(const struct p11csr_pin_request *request, p11csr_pin *pin,
                                                void *data);
/*
 * Hands over a PIN of `len` bytes (at most 255), which are copied; the caller wipes its own. Errors:
 * PIN_LENGTH.
 */
P11CSR_API enum p11csr_code p11csr_pin_set(p11csr_pin *pin, const void *bytes, size_t len);
/* Sets the callback used for "prompt" and when no other source is known. NULL: nobody can be asked. */
P11CSR_API void p11csr_ctx_set_pin_callback(p11csr_ctx *ctx, p11csr_pin_callback callback, void *data);

/*
 * Sets how tokens behave that differ from the standard: "word=value", a word of the vocabulary that
 * p11csr_token_quirks() lists. It holds for every token that is opened after, and comes after what p11csr
 * knows by itself and what the configuration says. The text is copied. Errors: VALUE, LIMIT, NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_ctx_set_quirk(p11csr_ctx *ctx, const char *setting, p11csr_error **err);

/*
 * Tells a person to enter the PIN at the device itself (CKF_PROTECTED_AUTHENTICATION_PATH), right before the
 * call that waits for it, however long that takes. No PIN source is read then. It must not use the context.
 */
typedef void (*p11csr_device_callback)(const struct p11csr_pin_request *request, void *data);
/* NULL: nobody is told. */
P11CSR_API void p11csr_ctx_set_device_callback(p11csr_ctx *ctx, p11csr_device_callback callback, void *data);

/*
 * Where the security officer's PIN comes from, named as in p11csr_ctx_set_pin_source(). NULL: the callback.
 * Errors: PIN_SOURCE.
 */
P11CSR_API enum p11csr_code p11csr_ctx_set_so_pin_source(p11csr_ctx *ctx, const char *source,
                                                         p11csr_error **err);
/*
 * 1: keys are listed and made, and objects changed, as security officer (PKCS#11 section 5.6.8, CKU_SO), as
 * some tokens want it; the normal user logs in again where a key is used. Default 0.
 */
P11CSR_API void p11csr_ctx_login_as_so(p11csr_ctx *ctx, int as_so);

enum p11csr_login {
    P11CSR_LOGIN_AUTO,   /* when what is needed does not show without; first, when nobody has to be asked */
    P11CSR_LOGIN_ALWAYS, /* as soon as a token is opened, even if it asks for no login */
    P11CSR_LOGIN_NEVER,  /* C_Login is never called: private keys that want it are not found or cannot sign */
};
/*
 * When a token is logged in to. Always and never go before what is known about the token. Default: auto.
 * Errors: USAGE for any other value.
 */
P11CSR_API enum p11csr_code p11csr_ctx_set_login(p11csr_ctx *ctx, enum p11csr_login login,
                                                 p11csr_error **err);

/* 1: a PIN is sent even when the token says that one more wrong PIN locks it. Default 0. */
P11CSR_API void p11csr_ctx_accept_final_try(p11csr_ctx *ctx, int accept);

/*
 * Receives warnings: one line each, without a newline. It must not use the context. NULL: they are dropped.
 */
typedef void (*p11csr_warning_callback)(const char *text, void *data);
P11CSR_API void p11csr_ctx_set_warning_callback(p11csr_ctx *ctx, p11csr_warning_callback callback,
                                                void *data);

/* Frees a text that a function returned as `char **`. Accepts NULL and a pointer to NULL. */
P11CSR_API void p11csr_free_text(char **text);
/* The same for bytes returned as `unsigned char **`. */
P11CSR_API void p11csr_free_bytes(unsigned char **bytes);

#ifdef __cplusplus
}
#endif

#endif
