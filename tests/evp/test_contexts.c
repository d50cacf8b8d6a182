// SPDX-License-Identifier: Apache-2.0
#include "evp/place.h"

#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Library contexts, the order of providers, unloading, threads. */

enum { ROOM = 1024, THREADS = 8, ROUNDS = 40 };

/* Signs and verifies by software. */
static bool works(const struct place *place, EVP_PKEY *pkey, struct softheld *held)
{
    static const unsigned char message[] = "message";
    unsigned char signature[ROOM];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = EVP_DigestSignInit_ex(ctx, NULL, NULL, place->libctx, NULL, pkey, NULL) == 1 &&
                EVP_DigestSign(ctx, signature, &len, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    good = good &&
           EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, softsigner_pkey(softheld_signer(held)),
                                   NULL) == 1 &&
           EVP_DigestVerify(ctx, signature, len, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static const enum pc_keyspec_id specs[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_P256, PC_KEYSPEC_ED25519,
                                           PC_KEYSPEC_ED448};

static void check_all_kinds(const struct place *place)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(specs); i++) {
        struct softheld *held = softheld_new(specs[i]);
        EVP_PKEY *pkey = place_pkey(place, held);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(pkey)), "p11csr");
        assert_true(works(place, pkey, held));
        EVP_PKEY_free(pkey);
        softheld_free(&held);
    }
}

/* What everybody else does goes on as if we were not there: keys of software are those of `default`. */
static void check_software(const struct place *place)
{
    static const char *const types[] = {"EC", "RSA", "ED25519", "ED448", "X25519"};
    for (size_t i = 0; i < PC_ARRAY_LEN(types); i++) {
        EVP_PKEY *pkey = i == 0   ? EVP_PKEY_Q_keygen(place->libctx, NULL, "EC", "P-256")
                         : i == 1 ? EVP_PKEY_Q_keygen(place->libctx, NULL, "RSA", (size_t)2048)
                                  : EVP_PKEY_Q_keygen(place->libctx, NULL, types[i]);
        if (pkey == NULL) {
            print_error("no software key of type %s\n", types[i]);
            ERR_print_errors_fp(stderr);
        }
        assert_non_null(pkey);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(pkey)), "default");
        unsigned char *der = NULL;
        const int len = i2d_PrivateKey(pkey, &der);
        const unsigned char *at = der;
        EVP_PKEY *again = d2i_AutoPrivateKey_ex(NULL, &at, len, place->libctx, NULL);
        assert_int_equal(EVP_PKEY_eq(again, pkey), 1);
        EVP_PKEY_free(again);
        OPENSSL_free(der);
        der = NULL;
        const int public_len = i2d_PUBKEY(pkey, &der);
        at = der;
        again = d2i_PUBKEY_ex(NULL, &at, public_len, place->libctx, NULL);
        assert_int_equal(EVP_PKEY_eq(again, pkey), 1);
        EVP_PKEY_free(again);
        OPENSSL_free(der);
        EVP_PKEY_free(pkey);
    }
}

static void check_order(bool software_first)
{
    struct place place;
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    place_start(&place, libctx, software_first);
    check_software(&place);
    check_all_kinds(&place);
    check_software(&place);
    place_end(&place);
    ERR_clear_error();
}

static void test_after_default(void **state)
{
    (void)state;
    check_order(true);
}

static void test_before_default(void **state)
{
    (void)state;
    check_order(false);
}

/* The process's own library context, in a process of its own: what is loaded into it stays. */
static void in_default_context(bool software_first)
{
    static struct place place; // libcrypto's clean-up at the end of the process stops it
    place_start(&place, NULL, software_first);
    check_software(&place);
    check_all_kinds(&place);
    check_software(&place);
    assert_int_equal(OSSL_PROVIDER_unload(place.loaded), 1);
    check_software(&place);
}

static void check_child(bool software_first)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        in_default_context(software_first);
        exit(0); // with libcrypto's clean-up
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_default_context(void **state)
{
    (void)state;
    check_child(true);
    check_child(false);
}

/* A key of one context is of no use to the provider of another, and they do not get in each other's way. */
static void test_two_contexts(void **state)
{
    struct place one;
    struct place two;
    (void)state;
    place_begin(&one);
    place_begin(&two);
    struct softheld *first = softheld_new(PC_KEYSPEC_P256);
    struct softheld *second = softheld_new(PC_KEYSPEC_P256);
    EVP_PKEY *a = place_pkey(&one, first);
    EVP_PKEY *b = place_pkey(&two, second);
    assert_true(works(&one, a, first));
    assert_true(works(&two, b, second));
    assert_int_not_equal(EVP_PKEY_eq(a, b), 1);
    EVP_PKEY_free(a);
    place_end(&one);
    assert_true(works(&two, b, second));
    EVP_PKEY_free(b);
    place_end(&two);
    softheld_free(&first);
    softheld_free(&second);
    ERR_clear_error();
}

/* libcrypto keeps a provider that is unloaded, and only stops it when the context goes. */
static void test_unload_and_load_again(void **state)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    struct place place;
    (void)state;
    place_start(&place, libctx, true);
    for (int i = 0; i < 5; i++) {
        check_all_kinds(&place);
        assert_int_equal(OSSL_PROVIDER_unload(place.loaded), 1);
        assert_int_equal(OSSL_PROVIDER_available(libctx, "p11csr"), 0);
        check_software(&place);
        assert_null(EVP_KEYMGMT_fetch(libctx, "EC", "provider=p11csr"));
        ERR_clear_error();
        place_again(&place);
    }
    check_all_kinds(&place);
    place_end(&place);
}

/* A key that outlives the program's hold on the provider keeps it. */
static void test_key_keeps_provider(void **state)
{
    struct place place;
    (void)state;
    place_begin(&place);
    struct softheld *held = softheld_new(PC_KEYSPEC_P256);
    EVP_PKEY *pkey = place_pkey(&place, held);
    assert_int_equal(OSSL_PROVIDER_unload(place.loaded), 1);
    assert_false(place.stopped);
    assert_true(works(&place, pkey, held));
    EVP_PKEY_free(pkey);
    assert_int_equal(softheld_holds(held), 0);
    softheld_free(&held);
    assert_int_equal(OSSL_PROVIDER_unload(place.software), 1);
    OSSL_LIB_CTX_free(place.libctx);
    assert_true(place.stopped);
}

struct worker {
    const struct place *place;
    struct softheld *const *helds;
    EVP_PKEY *const *pkeys;
    unsigned good;
};

static void *work(void *data)
{
    struct worker *worker = data;
    for (size_t i = 0; i < ROUNDS; i++) {
        const size_t at = i % PC_ARRAY_LEN(specs);
        EVP_PKEY *copy = i % 3 == 0 ? EVP_PKEY_dup(worker->pkeys[at]) : NULL;
        EVP_PKEY *pkey = copy != NULL ? copy : worker->pkeys[at];
        worker->good += works(worker->place, pkey, worker->helds[at]) ? 1 : 0;
        EVP_PKEY_free(copy);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct place place;
    struct softheld *helds[PC_ARRAY_LEN(specs)];
    EVP_PKEY *pkeys[PC_ARRAY_LEN(specs)];
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    place_begin(&place);
    for (size_t i = 0; i < PC_ARRAY_LEN(specs); i++) {
        helds[i] = softheld_new(specs[i]);
        pkeys[i] = place_pkey(&place, helds[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.place = &place, .helds = helds, .pkeys = pkeys};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].good, ROUNDS);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(specs); i++) {
        EVP_PKEY_free(pkeys[i]);
        softheld_free(&helds[i]);
    }
    place_end(&place);
}

/* Threads that make keys at once get each its own. */
static void *make_and_use(void *data)
{
    struct worker *worker = data;
    for (size_t i = 0; i < ROUNDS; i++) {
        const size_t at = i % PC_ARRAY_LEN(specs);
        struct pc_held hold = softheld_hold(worker->helds[at]);
        EVP_PKEY *pkey = NULL;
        p11csr_error *err = NULL;
        const bool made = pc_is_ok(
            pc_provider_new_pkey(worker->place->provider, worker->place->libctx, &hold, &pkey, &err));
        p11csr_error_free(&err);
        const EVP_PKEY *expected = softsigner_pkey(softheld_signer(worker->helds[at]));
        worker->good += made && EVP_PKEY_eq(pkey, expected) == 1 ? 1 : 0;
        EVP_PKEY_free(pkey);
    }
    return NULL;
}

static void test_making_in_threads(void **state)
{
    struct place place;
    struct softheld *helds[THREADS][PC_ARRAY_LEN(specs)];
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    place_begin(&place);
    for (size_t i = 0; i < THREADS; i++) {
        for (size_t at = 0; at < PC_ARRAY_LEN(specs); at++) {
            helds[i][at] = softheld_new(at == 0 ? PC_KEYSPEC_P384 : specs[at]);
        }
        workers[i] = (struct worker){.place = &place, .helds = helds[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_use, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].good, ROUNDS);
        for (size_t at = 0; at < PC_ARRAY_LEN(specs); at++) {
            softheld_free(&helds[i][at]);
        }
    }
    place_end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_context), // first: the child inherits no other
        cmocka_unit_test(test_after_default),      cmocka_unit_test(test_before_default),
        cmocka_unit_test(test_two_contexts),       cmocka_unit_test(test_unload_and_load_again),
        cmocka_unit_test(test_key_keeps_provider), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_making_in_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
