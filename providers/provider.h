// SPDX-License-Identifier: Apache-2.0
#ifndef PC_PROVIDERS_PROVIDER_H
#define PC_PROVIDERS_PROVIDER_H

#include "base/secret.h"
#include "providers/held.h"

#include <openssl/core.h>
#include <openssl/evp.h>

/*
 * The OpenSSL provider: keys that somebody holds (held.h) as EVP_PKEY for every program that uses libcrypto.
 * It knows neither tokens nor configuration: both come from its host.
 */
struct pc_provider;

/* What a store delivers (OSSL_STORE). */
enum pc_stored_kind { PC_STORED_PRIVATE, PC_STORED_PUBLIC, PC_STORED_CERTIFICATE, PC_STORED_KIND_COUNT };

struct pc_stored {
    enum pc_stored_kind kind;
    struct pc_held held; /* PRIVATE: handed over to the caller; zeroed otherwise */
    struct pc_span der;  /* PUBLIC: SubjectPublicKeyInfo; CERTIFICATE: the certificate; until the next call */
};

/*
 * Asks the person at the program that loads for a PIN. `what` says of what, like "token 'name'". False when
 * nobody can be asked or nothing was said.
 */
typedef bool pc_store_ask(void *data, const char *what, struct pc_secret *ret);

/* What one open store is asked with. */
struct pc_store_wish {
    bool only[PC_STORED_KIND_COUNT]; /* which kinds are wanted; none is true: all */
    pc_store_ask *ask;               /* or NULL */
    void *ask_data;
};

/* An open store; what it is lies with the host. */
struct pc_store;

/* Who gives the provider its keys. Called by any number of threads at once. */
struct pc_host_ops {
    /* Opens what a pkcs11: URI names. Reads the URI only; the token is asked by `next`. */
    PC_RESULT (*open)(void *self, const char *uri, struct pc_store **ret, p11csr_error **err);
    /* The next object, the first time after finding them all. *ret_there false: that was the last. */
    PC_RESULT(*next)
    (struct pc_store *store, const struct pc_store_wish *wish, struct pc_stored *ret, bool *ret_there,
     p11csr_error **err);
    void (*close)(struct pc_store *store);
    /* The provider is unloaded: gives up everything, `self` too. No key and no store is in use any more. */
    void (*stop)(void *self);
};

struct pc_host {
    const struct pc_host_ops *ops;
    void *self;
};

/* Whether the provider verifies what was signed before it hands it over. */
enum pc_provider_proof {
    PC_PROOF_FIRST,  /* the first signature of each key and mechanism */
    PC_PROOF_ALWAYS, /* every one */
};

/*
 * OSSL_provider_init of the loadable module and of the built-in provider; as the core calls it. The provider
 * has no host yet: see pc_provider_attach(). Returns 1, or 0 when out of memory.
 */
int pc_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                     void **ret_provider);
/* Gives it its host, or a zeroed one for none, which it stops when it is unloaded. Before it is used. */
void pc_provider_attach(struct pc_provider *provider, const struct pc_host *host);
void pc_provider_set_proof(struct pc_provider *provider, enum pc_provider_proof proof);
/* A setting of the provider's section in openssl.cnf, or NULL. Borrowed from the core. */
const char *pc_provider_setting(const struct pc_provider *provider, const char *name);
/* Puts an error of ours, and what is noted with it, into the error queue of the program. */
void pc_provider_raise(const struct pc_provider *provider, const p11csr_error *err);
/*
 * An EVP_PKEY for a key that is held; it takes `held` over, and releases it at once when it fails. `libctx`
 * is the library context that the provider was loaded into. It is freed with EVP_PKEY_free(), before the
 * provider is unloaded.
 */
PC_RESULT pc_provider_new_pkey(struct pc_provider *provider, OSSL_LIB_CTX *libctx, struct pc_held *held,
                               EVP_PKEY **ret, p11csr_error **err);

#endif
