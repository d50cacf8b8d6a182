// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_CALL_H
#define P11CSR_CALL_H

#include "p11csr/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One step of a PKCS#11 call: the module is about to be called, or it has returned. What the call is given is
 * never told: no PIN, no key, no handle. The texts live until the callback returns. Fields may be added at
 * the end.
 */
struct p11csr_call {
    const char *module; /* the module's name or file */
    const char
        *function;       /* like "C_Sign"; "dlopen" and "dlclose" for getting and leaving the module's file */
    int leaving;         /* 0: about to be called; 1: returned */
    int asks_person;     /* 1: a person may be asked for a PIN or a touch meanwhile, and needs their time */
    unsigned long rv;    /* when returned: the CK_RV */
    const char *rv_name; /* when returned: like "CKR_OK", "CKR_0x80000001"; else NULL */
};

/*
 * Watches the PKCS#11 calls of a context. It is called in the thread that makes the call, with the context
 * locked: it must not use the context, and the call waits until it returns. Where keys are used as EVP_PKEY
 * (p11csr_key_evp_pkey()) several threads may be in it at once, and it is set before. A call that crashes or
 * hangs was told as entered and is never told as returned.
 */
typedef void (*p11csr_call_callback)(const struct p11csr_call *call, void *data);
/* Sets who is told of the calls, those of modules that are loaded already too. NULL: nobody. Any time. */
P11CSR_API void p11csr_ctx_set_call_callback(p11csr_ctx *ctx, p11csr_call_callback callback, void *data);

#ifdef __cplusplus
}
#endif

#endif
