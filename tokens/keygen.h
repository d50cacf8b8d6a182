// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_KEYGEN_H
#define PC_TOKENS_KEYGEN_H

#include "tokens/key.h"

struct pc_keygen {
    const struct pc_keyspec *spec;
    const char *label; /* CKA_LABEL of both halves */
    struct pc_span id; /* CKA_ID of both halves; empty: a random one is chosen */
    /* `id` comes from pc_key_random_id(): no use in looking for a key that has it already. */
    bool id_is_random;
    /*
     * Extractable under wrap, by a trusted wrapping key where the token knows those; else it never leaves the
     * token.
     */
    bool backup;
};

/*
 * Appends a random CKA_ID. The id is chosen before the key is made, so that both halves have it from the
 * start.
 */
PC_RESULT pc_key_random_id(struct pc_buf *ret, p11csr_error **err);

/*
 * Makes a key pair on the token (C_GenerateKeyPair): private half sensitive and not extractable, for signing
 * only, every other use explicitly FALSE. A private key of the same label or id that is there already is
 * KEY_EXISTS. The security attributes are read back: when one was not honoured, the two objects that this
 * call made, and nothing else, are destroyed again and the result is KEY_PROTECTION.
 */
PC_RESULT pc_key_generate(struct pc_token *token, const struct pc_keygen *wanted,
                          const struct pc_login *login, struct pc_key *ret, p11csr_error **err);

#endif
