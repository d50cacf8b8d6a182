// SPDX-License-Identifier: Apache-2.0
#include "providers/core.h"

/*
 * Where several providers have a kind of key, and nobody says which one is meant, libcrypto takes the one
 * that it made acquaintance with first: with p11csr loaded before `default` every "EC" would be ours, that of
 * a TLS handshake or of a software token (SoftHSM2) in the same process as well, although we have no software
 * keys. So before we show an operation for the first time, we make libcrypto ask the others for theirs. A key
 * of ours is found all the same: libcrypto looks for the implementation of a key's own provider.
 *
 * That is done in the process's default library context, which can be named without knowing whose code the
 * core is. In others what is ours is declined where it should not be ours.
 */

static bool ask_others(int operation)
{
    PC_KEEP_ERRORS(mark);
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_get0_global_default();
    EVP_KEYMGMT *keymgmt = NULL;
    EVP_SIGNATURE *signature = NULL;
    if (operation == OSSL_OP_KEYMGMT) {
        keymgmt = EVP_KEYMGMT_fetch(libctx, "EC", "provider!=p11csr");
    } else {
        signature = EVP_SIGNATURE_fetch(libctx, "ECDSA", "provider!=p11csr");
    }
    const bool there = keymgmt != NULL || signature != NULL;
    EVP_KEYMGMT_free(keymgmt);
    EVP_SIGNATURE_free(signature);
    return there;
}

bool pc_order_ready(struct pc_provider *provider, int operation, bool *ret_keep)
{
    const uintptr_t self = (uintptr_t)pthread_self();
    const unsigned bit = 1U << (unsigned)operation;
    const void *core = provider->core.get_libctx(provider->core.handle);
    *ret_keep = true;
    if ((atomic_load(&provider->ordered) & bit) != 0 || core != OSSL_LIB_CTX_get0_global_default()) {
        return true;
    }
    if (atomic_load(&provider->orderer) == self) {
        *ret_keep = false; // asked by libcrypto on behalf of ask_others()
        return false;
    }
    (void)pthread_mutex_lock(&provider->order_lock); // not held by this thread: cannot fail
    atomic_store(&provider->orderer, self);
    const bool there = ask_others(operation);
    atomic_store(&provider->orderer, 0);
    (void)pthread_mutex_unlock(&provider->order_lock);
    if (there) {
        (void)atomic_fetch_or(&provider->ordered, bit);
    }
    *ret_keep = there; // until there are others, libcrypto asks again each time
    return true;
}
