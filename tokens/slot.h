// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_SLOT_H
#define PC_TOKENS_SLOT_H

#include "tokens/module.h"
#include "tokens/uri.h"

/* A slot with a token in it, as it was when it was looked at. */
struct pc_slot {
    struct pc_module *module;
    CK_SLOT_ID id;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token_info;
};

/*
 * Appends a struct pc_slot to `ret` for each initialised token that matches the URI (NULL: every token).
 * Slots whose token is not initialised hold no keys and are left out.
 */
PC_RESULT pc_slots_find(const struct pc_modules *modules, const struct pc_uri *uri, struct pc_buf *ret,
                        p11csr_error **err);
/* The one token that matches; TOKEN_NOT_FOUND or TOKEN_AMBIGUOUS with the candidates' URIs. */
PC_RESULT pc_slot_find_one(const struct pc_modules *modules, const struct pc_uri *uri, struct pc_slot *ret,
                           p11csr_error **err);
/* C_GetTokenInfo, in the module's turn. */
CK_RV pc_slot_read(struct pc_slot *slot);
/* True when both hold the same token: label, serial number, model and manufacturer are equal. */
bool pc_slot_same_token(const struct pc_slot *a, const struct pc_slot *b);
/* Looks for the slot's token again, which may have been away and be in another slot now. */
PC_RESULT pc_slot_again(struct pc_slot *slot, p11csr_error **err);
/* The first slot of the module that holds a token without content. TOKEN_NOT_FOUND when there is none. */
PC_RESULT pc_slot_find_uninitialised(struct pc_module *module, CK_SLOT_ID *ret, p11csr_error **err);
/* Sets the attributes that name the token: label, serial number, model, manufacturer. */
PC_RESULT pc_slot_to_uri(const struct pc_slot *slot, struct pc_uri *ret, p11csr_error **err);
/* The same as text, which the caller frees. */
PC_RESULT pc_slot_uri_text(const struct pc_slot *slot, char **ret, p11csr_error **err);
/*
 * Fails with MODULE_LOAD unless the module says that it is made by `maker` (the beginning of C_GetInfo's
 * manufacturerID).
 */
PC_RESULT pc_module_expect_maker(struct pc_module *module, const char *maker, p11csr_error **err);
/* Text of a blank-padded field without the padding. */
struct pc_span pc_padded(const unsigned char *field, size_t size);

#endif
