// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_HELD_H
#define PC_LIB_HELD_H

#include "lib/key.h"
#include "providers/held.h"

/*
 * A key of a token for the provider, used by any number of threads at once. It keeps the key; it is released
 * before the context is freed. Its first signature, and whatever needs a person or a recovery, takes place
 * with the context locked; others do in lanes (tokens/lane.h). In a child process every use is FORKED, and
 * nothing is touched that the parent left: no lock, no session, not the module. With the context locked.
 */
PC_RESULT pc_held_key_new(struct p11csr_key *key, struct pc_held *ret, p11csr_error **err);

#endif
