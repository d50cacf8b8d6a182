// SPDX-License-Identifier: Apache-2.0
/*
 * life WHAT URI [FOLDER]: uses a key through the providers of openssl.cnf, or with FOLDER loads them itself,
 * in a program that forks, has threads, unloads providers, or ends in the middle of it. Ends with 0 if all is
 * well; what goes on in it, it says on stdout.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIGNATURE_MAX = 1024, THREADS = 16, ROUNDS = 20, CHILDREN = 4 };

static const char *the_uri;
static EVP_PKEY *the_key;
static atomic_bool stop;

static void must(int good, const char *what)
{
    if (good) {
        return;
    }
    (void)fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    (void)fflush(stderr);
    _exit(1);
}

static EVP_PKEY *load(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(the_uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    must(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1, "open");
    while (key == NULL && OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL) {
            break;
        }
        key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(store);
    must(key != NULL, "load");
    return key;
}

/* Whether the key signs; a signature that does not verify ends the program. */
static int sign(OSSL_LIB_CTX *libctx, EVP_PKEY *key)
{
    static const unsigned char text[] = "text";
    unsigned char signature[SIGNATURE_MAX];
    size_t size = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";
    int good = EVP_DigestSignInit_ex(ctx, NULL, digest, libctx, NULL, key, NULL) == 1 &&
               EVP_DigestSign(ctx, signature, &size, text, sizeof(text)) == 1;
    EVP_MD_CTX_free(ctx);
    if (!good) {
        return 0;
    }
    ctx = EVP_MD_CTX_new();
    must(EVP_DigestVerifyInit_ex(ctx, NULL, digest, libctx, NULL, key, NULL) == 1 &&
             EVP_DigestVerify(ctx, signature, size, text, sizeof(text)) == 1,
         "a signature that is wrong");
    EVP_MD_CTX_free(ctx);
    return 1;
}

static void must_sign(void)
{
    must(sign(NULL, the_key), "sign");
}

/* How the child ended; one that hangs is ended by its alarm. */
static int join(pid_t child)
{
    int status = 0;
    must(waitpid(child, &status, 0) == child, "wait");
    must(WIFEXITED(status), "a child was ended by a signal");
    return WEXITSTATUS(status);
}

/* Children that use the key they inherited, load it anew, and end as programs do. */
static void run_fork(void)
{
    the_key = load(NULL);
    must_sign();
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        must(children[i] >= 0, "fork");
        if (children[i] == 0) {
            (void)alarm(30);
            must_sign();
            must_sign();
            EVP_PKEY *own = load(NULL);
            must(sign(NULL, own), "sign with a key of its own");
            EVP_PKEY_free(own);
            exit(0);
        }
        must_sign();
    }
    for (int i = 0; i < CHILDREN; i++) {
        must(join(children[i]) == 0, "child");
    }
    must_sign();
    EVP_PKEY_free(the_key);
}

static void *work(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        must_sign();
    }
    return NULL;
}

static void *work_on(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        must_sign();
    }
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    the_key = load(NULL);
    for (int i = 0; i < THREADS; i++) {
        must(pthread_create(&threads[i], NULL, work, NULL) == 0, "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        must(pthread_join(threads[i], NULL) == 0, "join");
    }
    EVP_PKEY_free(the_key);
}

/* Forks while other threads sign: the child may be refused, but it neither hangs nor crashes. */
static void run_busy_fork(void)
{
    pthread_t threads[2];
    int signed_in_child = 0;
    the_key = load(NULL);
    for (int i = 0; i < 2; i++) {
        must(pthread_create(&threads[i], NULL, work_on, NULL) == 0, "thread");
    }
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0) {
            (void)alarm(30);
            int good = sign(NULL, the_key);
            must(good || ERR_peek_error() != 0, "a refusal without an error");
            _exit(good ? 0 : 3);
        }
        int status = join(child);
        must(status == 0 || status == 3, "child");
        signed_in_child += status == 0;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        must(pthread_join(threads[i], NULL) == 0, "join");
    }
    must_sign();
    EVP_PKEY_free(the_key);
    printf("%d children signed\n", signed_in_child);
}

/* Ends with a key in use. */
static void run_exit(void)
{
    the_key = load(NULL);
    must_sign();
}

static void use_at_exit(void)
{
    if (the_key != NULL) {
        printf(sign(NULL, the_key) ? "signed at exit\n" : "refused at exit\n");
    }
    (void)fflush(stdout);
}

/* A handler that runs before libcrypto's own, registered after or before the token is first used. */
static void run_exit_late(void)
{
    the_key = load(NULL);
    must_sign();
    must(atexit(use_at_exit) == 0, "atexit");
}

static void run_exit_early(void)
{
    must(OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) == 1, "init");
    must(atexit(use_at_exit) == 0, "atexit");
    the_key = load(NULL);
    must_sign();
}

/* Two library contexts beside the program's own, each with its key; closed in either order. */
static void run_contexts(void)
{
    const char *config = getenv("OPENSSL_CONF");
    OSSL_LIB_CTX *contexts[2] = {OSSL_LIB_CTX_new(), OSSL_LIB_CTX_new()};
    EVP_PKEY *keys[2] = {NULL, NULL};
    the_key = load(NULL);
    for (int i = 0; i < 2; i++) {
        must(OSSL_LIB_CTX_load_config(contexts[i], config) == 1, "config");
        keys[i] = load(contexts[i]);
        must(sign(contexts[i], keys[i]), "sign");
    }
    must_sign();
    EVP_PKEY_free(keys[0]);
    OSSL_LIB_CTX_free(contexts[0]);
    must(sign(contexts[1], keys[1]), "sign in the second");
    EVP_PKEY_free(keys[1]);
    OSSL_LIB_CTX_free(contexts[1]);
    must_sign();
    EVP_PKEY_free(the_key);
}

/* Loads and unloads the provider again and again; the last time with the key still there. */
static void run_unload(const char *folder)
{
    must(OSSL_PROVIDER_set_default_search_path(NULL, folder) == 1, "folder");
    OSSL_PROVIDER *usual = OSSL_PROVIDER_load(NULL, "default");
    must(usual != NULL, "default");
    for (int i = 0; i < ROUNDS; i++) {
        OSSL_PROVIDER *ours = OSSL_PROVIDER_load(NULL, "p11csr");
        must(ours != NULL && OSSL_PROVIDER_self_test(ours) == 1, "p11csr");
        the_key = load(NULL);
        must_sign();
        if (i % 2 == 0) {
            EVP_PKEY_free(the_key);
        }
        must(OSSL_PROVIDER_unload(ours) == 1, "unload");
        if (i % 2 == 1) {
            (void)sign(NULL, the_key);
            EVP_PKEY_free(the_key);
        }
        ERR_clear_error();
    }
    must(OSSL_PROVIDER_unload(usual) == 1, "unload");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {
        {"fork", run_fork},         {"threads", run_threads},     {"busy-fork", run_busy_fork},
        {"exit", run_exit},         {"exit-late", run_exit_late}, {"exit-early", run_exit_early},
        {"contexts", run_contexts},
    };
    if (argc < 3) {
        return 2;
    }
    the_uri = argv[2];
    if (argc == 4 && strcmp(argv[1], "unload") == 0) {
        run_unload(argv[3]);
        return 0;
    }
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run();
            return 0;
        }
    }
    return 2;
}
