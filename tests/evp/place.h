// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TESTS_EVP_PLACE_H
#define PC_TESTS_EVP_PLACE_H

#include "lib/check.h"
#include "lib/softheld.h"
#include "providers/provider.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdatomic.h>

/*
 * The provider in a library context of its own, with software keys for a host: a URI's object= names one of
 * them. Whatever libcrypto refuses that it should not refuse fails the running test.
 */
enum { PLACE_KEYS = 5 };

struct place {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *software; /* `default` */
    OSSL_PROVIDER *loaded;
    struct pc_provider *provider;
    struct {
        const char *name;
        struct softheld *held;
    } keys[PLACE_KEYS];
    atomic_uint opened; /* URIs that the host was asked for */
    atomic_uint closed;
    atomic_uint loads; /* keys that it handed out */
    bool stopped;      /* the provider was unloaded */
    const char *pin;   /* asked for before a key is handed out; NULL: nobody is asked */
    pthread_mutex_t lock;
    char last_uri[1024]; /* that the host was asked for */
};

/* `software_first`: in which order the two are loaded. One provider is made at a time. */
void place_start(struct place *place, OSSL_LIB_CTX *libctx, bool software_first);
/* With a new library context, `default` first. */
void place_begin(struct place *place);
/* Loads it anew after it was unloaded. */
void place_again(struct place *place);
/* Unloads all, and checks that the host was stopped and every store closed. */
void place_end(struct place *place);
/* Makes it the provider's host, which it is from the start. */
void place_attach(struct place *place);
void place_add(struct place *place, const char *name, struct softheld *held);
/* An EVP_PKEY of the key, by pc_provider_new_pkey(). */
EVP_PKEY *place_pkey(const struct place *place, struct softheld *held);

/* The one error of p11csr's in the queue has this code, and its text has `text`. Empties the queue. */
void check_raised_at(enum p11csr_code code, const char *text, const char *file, int line);
#define check_raised(code, text) check_raised_at((code), (text), __FILE__, __LINE__)

#endif
