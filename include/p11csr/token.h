// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_TOKEN_H
#define P11CSR_TOKEN_H

#include "p11csr/context.h"

#ifdef __cplusplus
extern "C" {
#endif

enum p11csr_pin_state {
    P11CSR_PIN_STATE_UNKNOWN,   /* the token reports nothing: that is no good sign and no bad one */
    P11CSR_PIN_STATE_COUNT_LOW, /* a wrong PIN was sent since the last good one */
    P11CSR_PIN_STATE_FINAL_TRY,
    P11CSR_PIN_STATE_LOCKED,
    P11CSR_PIN_STATE_TO_BE_CHANGED,
    P11CSR_PIN_STATE_NOT_SET,
};

/* A token as its module reports it (PKCS#11 CK_TOKEN_INFO). Fields may be added at the end. */
struct p11csr_token_info {
    const char *uri; /* RFC 7512, names this token */
    const char *label;
    const char *manufacturer;
    const char *model;
    const char *serial;
    const char *module; /* the module's file, or its name in p11-kit */
    const char *hardware_version;
    const char *firmware_version;
    unsigned long slot_id; /* may differ the next time */
    unsigned long min_pin_length;
    unsigned long max_pin_length;
    int login_required; /* 1 or 0, as the following */
    int protected_path; /* the PIN is entered at the device */
    int write_protected;
    int hardware; /* the slot says that it is hardware */
    enum p11csr_pin_state pin_state;
    const char *module_file; /* path of the module's file; empty when it is not known */
};

typedef struct p11csr_token_list p11csr_token_list;

/*
 * Lists the tokens that `token` matches: an alias of the configuration, a token's label, or a pkcs11: URI;
 * NULL means every token of the modules in question. Slots without an initialised token are left out. No
 * login takes place. Errors: URI, MODULE_NOT_FOUND, MODULE_LOAD, TOKEN. An empty list is no error.
 */
P11CSR_API enum p11csr_code p11csr_tokens_list(p11csr_ctx *ctx, const char *token,
                                               p11csr_token_list **ret_list, p11csr_error **err);
P11CSR_API size_t p11csr_token_list_count(const p11csr_token_list *list);
/* Borrowed from the list; NULL when `index` is out of range. */
P11CSR_API const struct p11csr_token_info *p11csr_token_list_get(const p11csr_token_list *list, size_t index);
P11CSR_API void p11csr_token_list_free(p11csr_token_list **list);

/*
 * Lists the modules that p11-kit's configuration names, and those of the context's aliases, without loading
 * any: a JSON array of {"name", "file": the .module file or the configuration, "path": of the module or null,
 * "trust-policy": true where it holds certificates of authorities only, "alias": true or false}. Errors:
 * NO_MEMORY, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_modules_to_json(p11csr_ctx *ctx, char **ret_json, p11csr_error **err);

/*
 * Loads the module that the context or `token` (an alias or a URI; NULL: neither) says, and describes what it
 * reports about itself, its slots and all tokens in them, initialised or not: a JSON array, one object for
 * each module (see tests/schema/doctor.json, "library"), freed with p11csr_free_text(). No session is opened
 * and no login takes place. What a slot or token does not answer is told as its "error", and is no error.
 * Errors: MODULE_NOT_FOUND, MODULE_LOAD, TOKEN and all others that C_Initialize can have.
 */
P11CSR_API enum p11csr_code p11csr_module_to_json(p11csr_ctx *ctx, const char *token, char **ret_json,
                                                  p11csr_error **err);

/*
 * Which module will be loaded for `token` (an alias, a label, a URI; NULL: any): the context's, else what the
 * URI or the alias says. *ret_module is a copy, freed with p11csr_free_text(); NULL when none is named, and
 * every module that p11-kit knows would be loaded. Nothing is loaded now. Errors: URI, CONFIG, NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_token_module(p11csr_ctx *ctx, const char *token, char **ret_module,
                                                p11csr_error **err);

/*
 * Lets PINs be tried again that were wrong: those of the tokens that `token` names (an alias, a label, a URI;
 * the records are looked at, no token need be there), or all for NULL, records that cannot be read included.
 * *ret_json is a JSON array of what was cleared, freed with p11csr_free_text(): {"token": URI, "role": "user"
 * or "so", "record": the record's file, "files": [{"path", "since"}]}; "token" and "role" are not there for a
 * record that cannot be read. Errors: USAGE (`token` says nothing that records are told apart by), URI,
 * CONFIG, READ, WRITE, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_latches_clear(p11csr_ctx *ctx, const char *token, char **ret_json,
                                                 p11csr_error **err);
/*
 * What p11csr_latches_clear() would let be tried again, in the same form, and nothing is cleared: the PIN
 * files that are not sent to the tokens that `token` names, because they have not changed since their PIN was
 * wrong. What has changed is left out, and records that cannot be read are warned of. Errors: USAGE, URI,
 * CONFIG, READ, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_latches_to_json(p11csr_ctx *ctx, const char *token, char **ret_json,
                                                   p11csr_error **err);

/* How a token differs from the standard, in one word. Fields may be added at the end. */
struct p11csr_quirk {
    const char *word;
    const char *value;    /* what is in force */
    const char *fallback; /* the value when nothing sets another */
    const char *set_by;   /* "default", "row NAME" of what p11csr knows, "FILE:LINE", or "--quirk" */
    const char *evidence; /* what the row rests on; NULL when no row set the value */
    const char *effect;   /* what p11csr does with it */
};

typedef struct p11csr_quirk_list p11csr_quirk_list;

/*
 * Lists every word of the vocabulary with its value for the one token that `token` names (see
 * p11csr_tokens_list()). The module is loaded and asked who made it; no login takes place. The caller
 * frees the list, which is valid as long as the context. Errors: as p11csr_key_open() up to the login.
 */
P11CSR_API enum p11csr_code p11csr_token_quirks(p11csr_ctx *ctx, const char *token,
                                                p11csr_quirk_list **ret_list, p11csr_error **err);
P11CSR_API size_t p11csr_quirk_list_count(const p11csr_quirk_list *list);
/* Borrowed from the list; NULL when `index` is out of range. */
P11CSR_API const struct p11csr_quirk *p11csr_quirk_list_get(const p11csr_quirk_list *list, size_t index);
P11CSR_API void p11csr_quirk_list_free(p11csr_quirk_list **list);

/* What p11csr_soft_token_create() made or found. All texts are freed by p11csr_soft_token_done(). */
struct p11csr_soft_token {
    char *alias_file;  /* YAML file that makes the name an alias */
    char *pin_file;    /* the user PIN, readable by the owner only */
    char *config_file; /* value for SOFTHSM2_CONF */
    char *module;      /* value for --module */
    int created;       /* 0: everything was there already */
};

/*
 * Makes a SoftHSM2 token for trying things out: its store under `data_dir`/softhsm2/`name`, random PINs in
 * `config_dir`/p11csr.d/`name`.pin and .so-pin, and the alias in `config_dir`/p11csr.d/`name`.yaml, written
 * last. A second call with the same name changes nothing. `name` has 1 to 32 letters, digits, '-', '_' or
 * '.', and starts with a letter or digit. The process gets the environment variable SOFTHSM2_CONF before the
 * module is loaded. Errors: VALUE, MODULE_NOT_FOUND (SoftHSM2 is not installed), WRITE, TOKEN.
 */
P11CSR_API enum p11csr_code p11csr_soft_token_create(p11csr_ctx *ctx, const char *name,
                                                     const char *config_dir, const char *data_dir,
                                                     struct p11csr_soft_token *ret, p11csr_error **err);
P11CSR_API void p11csr_soft_token_done(struct p11csr_soft_token *soft);

/*
 * Reads a pkcs11: URI (RFC 7512) and returns its normal form, without PIN attributes, to be freed with
 * p11csr_free_text(). Errors: URI, with the byte that is wrong. Needs no context; thread-safe.
 */
P11CSR_API enum p11csr_code p11csr_uri_normalize(const char *uri, char **ret_text, p11csr_error **err);

/* One attribute of a URI, decoded. */
typedef void (*p11csr_uri_visitor)(const char *name, const unsigned char *value, size_t len, void *data);
/* Calls `visit` for each attribute that is there; a pin-value is shown with an empty value. Errors: URI. */
P11CSR_API enum p11csr_code p11csr_uri_explain(const char *uri, p11csr_uri_visitor visit, void *data,
                                               p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
