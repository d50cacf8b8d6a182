// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_KEYGEN_H
#define PC_TOKENS_KEYGEN_H

#include "tokens/key.h"

struct pc_keygen {
    const struct pc_keyspec *spec;
    const char *label; /* CKA_LABEL of both halves */
    struct pc_span id; /* CKA_ID of both halves; empty: one is chosen as the token wants it */
    /* `id` comes from pc_key_choose_id() and is long: no use in looking for a key that has it already. */
    bool id_is_random;
    /*
     * Extractable under wrap, by a trusted wrapping key where the token knows those; else it never leaves the
     * token.
     */
    bool backup;
    bool decrypt, derive; /* what it may do besides signing */
    bool overwrite_slot;  /* on a token that replaces what a place holds, that is what is wanted */
};

/*
 * Appends the CKA_ID of a new key: `given`, if the token can have that, or a random one as long as the
 * token wants it. It is chosen before the key is made, so that both halves have it from the start; a token
 * that sets it itself is not told, and the record of what was begun has it all the same. Errors: USAGE
 * when the token wants to be told, VALUE when it does not take this one.
 */
PC_RESULT pc_key_choose_id(struct pc_token *token, struct pc_span given, struct pc_buf *ret,
                           p11csr_error **err);
/* Whether an id that pc_key_choose_id() made is too long to be there by chance. */
bool pc_key_id_is_unique(struct pc_span id);

/*
 * Makes a key pair on the token (C_GenerateKeyPair): private half sensitive and not extractable, for signing
 * and what is asked for besides, every other use explicitly FALSE. A private key of the same label or id that
 * is there already is KEY_EXISTS. The security attributes are read back: when one was not honoured, the two
 * objects that this call made, and nothing else, are destroyed again and the result is KEY_PROTECTION. The
 * same is done with PROOF_PUBLIC_KEY when the public half is not one of the kind asked for, or its sources
 * disagree.
 */
PC_RESULT pc_key_generate(struct pc_token *token, const struct pc_keygen *wanted,
                          const struct pc_login *login, struct pc_key *ret, p11csr_error **err);

#endif
