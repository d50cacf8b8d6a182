// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_TARGET_H
#define PC_LIB_TARGET_H

#include "lib/context.h"
#include "p11csr/key.h"
#include "tokens/key.h"

/* What a caller's words mean: which module, which token, which key, and where the PIN comes from. */
struct pc_target {
    struct pc_uri uri;      /* token attributes, and those of the key */
    const char *module;     /* borrowed: path or name; NULL: all that p11-kit knows */
    struct pc_pin *pin;     /* borrowed from the context or `own_pin`; NULL: none is known */
    bool pin_named;         /* it is not only what is left: whoever can be asked */
    struct pc_pin *own_pin; /* of a pin-value; handed to the token when that is opened */
    struct pc_pin *so_pin;  /* borrowed from the context: of the security officer; NULL: none is known */
    const char *label;      /* borrowed: the word was neither an alias nor a URI; else NULL */
    const struct pc_alias *alias; /* borrowed from the configuration, or NULL */
};

/*
 * Copies an option struct of a caller into one of this version: fields that the caller's version did not have
 * are zero. USAGE when struct_size was not set.
 */
PC_RESULT pc_take_options(const void *options, size_t size, void *ret, size_t ret_size, p11csr_error **err);
/*
 * Resolves `token`: an alias, a label, or a pkcs11: URI; NULL matches every token. A URI that repeats all
 * that one alias says about a token means that alias. The module: what the context was told, else the URI,
 * else the alias.
 */
PC_RESULT pc_target_resolve(p11csr_ctx *ctx, const char *token, struct pc_target *ret, p11csr_error **err);
/*
 * The same for a URI that was read already, which is copied. Where it names no token, `token` (NULL: any)
 * says which one, in the words of pc_target_resolve().
 */
PC_RESULT pc_target_of_uri(p11csr_ctx *ctx, const struct pc_uri *uri, const char *token,
                           struct pc_target *ret, p11csr_error **err);
void pc_target_done(struct pc_target *target);
/* The modules to look at, loaded now if need be. Borrowed from the context. */
PC_RESULT pc_target_modules(p11csr_ctx *ctx, const struct pc_target *target, struct pc_modules **ret,
                            p11csr_error **err);
/* The one token that is meant, without a session, a PIN source or a login. Borrowed from the context. */
PC_RESULT pc_target_attach(p11csr_ctx *ctx, const struct pc_target *target, struct pc_opened **ret,
                           p11csr_error **err);
/* The same with its PIN source known, and logged in where that is to happen in any case. */
PC_RESULT pc_target_open(p11csr_ctx *ctx, struct pc_target *target, struct pc_opened **ret,
                         p11csr_error **err);
/* Tells the person that the device may want to be touched, where it is known to. */
void pc_opened_touch(p11csr_ctx *ctx, struct pc_opened *opened);
/*
 * The key that is meant: label and id of `select` and of the URI, which must not contradict each other.
 * Borrowed from both.
 */
PC_RESULT pc_target_query(const struct pc_target *target, const struct p11csr_select *select,
                          struct pc_key_query *ret, p11csr_error **err);
/* Adds the CKA_ID that objects of this slot of a PIV card have; any id that is there has to agree. */
PC_RESULT pc_query_take_piv_slot(struct pc_key_query *query, const char *slot, p11csr_error **err);

#endif
