// SPDX-License-Identifier: Apache-2.0
#include "providers/core.h"

#include <dlfcn.h>

/*
 * Where several providers have a kind of key, and nobody says which one is meant, libcrypto takes the one
 * that it made acquaintance with first: with p11csr loaded before `default` every "EC" would be ours, that of
 * a TLS handshake or of a software token (SoftHSM2) in the same process as well, although we have no software
 * keys. So before we show an operation for the first time, we make libcrypto ask the others for theirs. A key
 * of ours is found all the same: libcrypto looks for the implementation of a key's own provider.
 *
 * The library context is the one that the provider was loaded into. The core shows it as a pointer that means
 * something to the core's own libcrypto only; a program may have another one than we. Then what is ours is
 * declined where it should not be ours.
 */

/* Whether the core is the libcrypto that we are linked with. */
static bool is_our_libcrypto(const struct pc_provider *provider)
{
    Dl_info core = {0};
    Dl_info ours = {0};
    return dladdr((void *)(uintptr_t)provider->core.get_libctx, &core) != 0 &&
           dladdr((void *)(uintptr_t)OSSL_LIB_CTX_new, &ours) != 0 && core.dli_fbase == ours.dli_fbase;
}

static bool ask_others(const struct pc_provider *provider, int operation)
{
    PC_KEEP_ERRORS(mark);
    OSSL_LIB_CTX *libctx =
        (OSSL_LIB_CTX *)provider->core.get_libctx(provider->core.handle); // NULL: the default
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
    *ret_keep = true;
    if ((atomic_load(&provider->ordered) & bit) != 0 || !is_our_libcrypto(provider)) {
        return true;
    }
    if (atomic_load(&provider->orderer) == self) {
        *ret_keep = false; // asked by libcrypto on behalf of ask_others()
        return false;
    }
    (void)pthread_mutex_lock(&provider->order_lock); // not held by this thread: cannot fail
    atomic_store(&provider->orderer, self);
    const bool there = ask_others(provider, operation);
    atomic_store(&provider->orderer, 0);
    (void)pthread_mutex_unlock(&provider->order_lock);
    if (there) {
        (void)atomic_fetch_or(&provider->ordered, bit);
    }
    *ret_keep = there; // until there are others, libcrypto asks again each time
    return true;
}
