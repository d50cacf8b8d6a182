// SPDX-License-Identifier: Apache-2.0
#ifndef PC_PROVIDERS_STORED_H
#define PC_PROVIDERS_STORED_H

#include "providers/object.h"

/* What the host's stores deliver, on its way to libcrypto; for the store and the decoder. */

/* libcrypto's passphrase callback while it lasts. */
struct pc_asker {
    OSSL_PASSPHRASE_CALLBACK *callback;
    void *data;
};

/* Asks the person at the program; `data` is a struct pc_asker. A pc_store_ask. */
bool pc_asker_ask(void *data, const char *what, struct pc_secret *ret);
/*
 * An object for a key, private or public; takes over what is held in any case. Errors: PROOF_PUBLIC_KEY,
 * UNSUPPORTED.
 */
PC_RESULT pc_stored_to_object(struct pc_provider *provider, struct pc_stored *stored, struct pc_object **ret,
                              p11csr_error **err);
/*
 * Gives libcrypto a key by reference: our key management's load() takes it over, and *object is NULL after
 * it did. Returns what the callback does.
 */
int pc_object_deliver(struct pc_object **object, OSSL_CALLBACK *callback, void *data);

#endif
