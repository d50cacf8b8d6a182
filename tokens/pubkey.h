// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_PUBKEY_H
#define PC_TOKENS_PUBKEY_H

#include "tokens/key.h"

/*
 * Reads the public half of `key` from every source that its handles name, fills `spki`, `public` and `source`
 * from the first that has it, and compares the others with it: PROOF_PUBLIC_KEY names the two that disagree.
 * When no source has it the key's `why_no_spki` says so and the result is OK.
 */
PC_RESULT pc_pubkey_read(struct pc_token *token, struct pc_key *key, p11csr_error **err);

#endif
