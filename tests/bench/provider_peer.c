// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * provider_peer URI SIGNATURES THREADS: loads a private key as OpenSSL's configuration says and signs with
 * it. For each octet on its input it makes so many signatures, shared by so many threads, and writes the
 * seconds that this took, as a double.
 */
enum { MAX_THREADS = 8, MAX_SIGNATURE = 1024 };

static const unsigned char message[300] = {1};

struct work {
    EVP_PKEY *key;
    long count;
};

static void must(bool is_so, const char *what)
{
    if (!is_so) {
        ERR_print_errors_fp(stderr);
        raw_check(CKR_GENERAL_ERROR, what);
    }
}

static EVP_PKEY *load(const char *uri)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    must(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1, uri);
    while (key == NULL && OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        key = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
        OSSL_STORE_INFO_free(info);
    }
    must(key != NULL, uri);
    (void)OSSL_STORE_close(store);
    return key;
}

static size_t sign(EVP_PKEY *key, unsigned char signature[static MAX_SIGNATURE])
{
    size_t len = MAX_SIGNATURE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
             EVP_DigestSign(ctx, signature, &len, message, sizeof(message)) == 1,
         "EVP_DigestSign");
    EVP_MD_CTX_free(ctx);
    return len;
}

/* A rate of wrong signatures is none: one is verified by OpenSSL alone. */
static void prove(EVP_PKEY *key)
{
    unsigned char signature[MAX_SIGNATURE];
    const size_t len = sign(key, signature);
    unsigned char *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    const unsigned char *at = spki;
    OSSL_LIB_CTX *software = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(software, "default");
    EVP_PKEY *public = spki_len > 0 ? d2i_PUBKEY_ex(NULL, &at, spki_len, software, NULL) : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(provider != NULL && public != NULL && ctx != NULL &&
             EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", software, NULL, public, NULL) == 1 &&
             EVP_DigestVerify(ctx, signature, len, message, sizeof(message)) == 1,
         "the signature is wrong");
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    OPENSSL_free(spki);
    (void)OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(software);
}

static void *run(void *data)
{
    const struct work *work = data;
    unsigned char signature[MAX_SIGNATURE];
    for (long i = 0; i < work->count; i++) {
        (void)sign(work->key, signature);
    }
    return NULL;
}

static double batch(struct work *work, long threads)
{
    pthread_t other[MAX_THREADS];
    const double start = raw_now();
    for (long i = 1; i < threads; i++) {
        must(pthread_create(&other[i], NULL, run, work) == 0, "pthread_create");
    }
    (void)run(work);
    for (long i = 1; i < threads; i++) {
        (void)pthread_join(other[i], NULL);
    }
    return raw_now() - start;
}

int main(int argc, char **argv)
{
    char octet = 0;
    must(argc == 4, "provider_peer URI SIGNATURES THREADS");
    const long threads = strtol(argv[3], NULL, 10);
    must(threads >= 1 && threads <= MAX_THREADS, argv[3]);
    struct work work = {.key = load(argv[1]), .count = strtol(argv[2], NULL, 10) / threads};
    prove(work.key);
    (void)batch(&work, threads); // warm
    while (read(STDIN_FILENO, &octet, 1) == 1) {
        const double seconds = batch(&work, threads);
        must(write(STDOUT_FILENO, &seconds, sizeof(seconds)) == (ssize_t)sizeof(seconds), "write");
    }
    // What a provider does at the end of a process is not what is measured.
    _exit(0);
}
