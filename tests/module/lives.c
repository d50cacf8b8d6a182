// SPDX-License-Identifier: Apache-2.0
/*
 * A program that signs with a key on a token through the OpenSSL provider, and then ends, forks, or loads
 * and unloads it in every way there is: lives MODE FOLDER URI [FIRST]. Exit status 0 and "done" when all went
 * well. FIRST: the provider that is loaded first, "default" or "p11csr".
 */
#include <errno.h>
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

enum { THREADS = 16, EACH = 20, FORKS = 20, ROUNDS = 5, PATIENCE_S = 60 };

/* Where the providers are, and what they are asked for. */
struct stage {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *providers[2];
    EVP_PKEY *key;
};

static const char *folder;
static const char *uri;
static const char *first = "default";
static struct stage the_stage; // for exit handlers
/*
 * What a thread held that there is not in a child is held there for ever: a PKCS#11 module's own exit
 * handlers may wait for it.
 */
static bool without_handlers;

static void fail(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    _exit(1);
}

static void check(bool is_so, const char *what)
{
    if (!is_so) {
        fail(what);
    }
}

static void load(struct stage *stage)
{
    const char *second = strcmp(first, "default") == 0 ? "p11csr" : "default";
    check(OSSL_PROVIDER_set_default_search_path(stage->libctx, folder) == 1, "search path");
    stage->providers[0] = OSSL_PROVIDER_load(stage->libctx, first);
    stage->providers[1] = OSSL_PROVIDER_load(stage->libctx, second);
    check(stage->providers[0] != NULL && stage->providers[1] != NULL, "OSSL_PROVIDER_load");
}

static EVP_PKEY *find_key(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    check(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1, "OSSL_STORE_open_ex");
    while (key == NULL && OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        key = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

static void begin(struct stage *stage)
{
    load(stage);
    stage->key = find_key(stage->libctx);
    check(stage->key != NULL, "there is no key");
}

/* One signature, which has to verify. False when none was made. */
static bool try_sign(const struct stage *stage)
{
    static const unsigned char data[] = "data to be signed";
    unsigned char signature[1024];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool made =
        ctx != NULL &&
        EVP_DigestSignInit_ex(ctx, NULL, "SHA256", stage->libctx, NULL, stage->key, NULL) == 1 &&
        EVP_DigestSign(ctx, signature, &len, data, sizeof(data)) == 1;
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    check(!made ||
              (ctx != NULL &&
               EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", stage->libctx, NULL, stage->key, NULL) == 1 &&
               EVP_DigestVerify(ctx, signature, len, data, sizeof(data)) == 1),
          "the signature is wrong");
    EVP_MD_CTX_free(ctx);
    return made;
}

static void sign(const struct stage *stage)
{
    check(try_sign(stage), "no signature was made");
}

static void end(struct stage *stage)
{
    EVP_PKEY_free(stage->key);
    check(OSSL_PROVIDER_unload(stage->providers[1]) == 1, "OSSL_PROVIDER_unload");
    check(OSSL_PROVIDER_unload(stage->providers[0]) == 1, "OSSL_PROVIDER_unload");
    stage->key = NULL;
}

/* What each mode does with a key that has signed once. */

static void do_nothing(void)
{
}

static void do_free(void)
{
    end(&the_stage);
}

static void do_clean_up(void)
{
    OPENSSL_cleanup();
}

static void do_free_and_clean_up(void)
{
    EVP_PKEY_free(the_stage.key);
    OPENSSL_cleanup();
}

static void do_reload(void)
{
    end(&the_stage);
    for (int i = 0; i < ROUNDS; i++) {
        begin(&the_stage);
        sign(&the_stage);
        end(&the_stage);
    }
}

static void do_contexts(void)
{
    struct stage stages[2] = {{.libctx = OSSL_LIB_CTX_new()}, {.libctx = OSSL_LIB_CTX_new()}};
    begin(&stages[0]);
    begin(&stages[1]);
    sign(&stages[0]);
    sign(&stages[1]);
    end(&stages[0]);
    OSSL_LIB_CTX_free(stages[0].libctx);
    sign(&stages[1]);
    sign(&the_stage);
    end(&stages[1]);
    OSSL_LIB_CTX_free(stages[1].libctx);
    sign(&the_stage);
}

static void *sign_many(void *data)
{
    (void)data;
    for (int i = 0; i < EACH; i++) {
        sign(&the_stage);
    }
    return NULL;
}

static void do_threads(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        check(pthread_create(&threads[i], NULL, sign_many, NULL) == 0, "pthread_create");
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* The text of the newest error, without what takes locks of libcrypto, as printing them all does. */
static bool tell_error(void)
{
    const char *text = NULL;
    int flags = 0;
    const unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &text, &flags);
    (void)fprintf(stderr, "%s\n", text != NULL ? text : "");
    return code != 0;
}

/* Runs something in a child process, which ends by exit() with what it returns. Returns that. */
static int in_child(bool (*what)(const struct stage *))
{
    int status = 0;
    (void)fflush(NULL);
    const pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        (void)alarm(PATIENCE_S); // one that hangs is killed
        const bool good = what == NULL || what(&the_stage);
        if (!good && !tell_error()) {
            _exit(3); // without a reason
        }
        (without_handlers ? _exit : exit)(good ? 0 : 2);
    }
    check(waitpid(child, &status, 0) == child && WIFEXITED(status), "a child process was killed");
    return WEXITSTATUS(status);
}

static bool sign_and_fork(const struct stage *stage)
{
    return try_sign(stage) && in_child(try_sign) == 0 && try_sign(stage);
}

static bool free_key(const struct stage *stage)
{
    EVP_PKEY_free(stage->key);
    the_stage.key = find_key(NULL);
    return the_stage.key != NULL && try_sign(&the_stage);
}

static bool clean_up(const struct stage *stage)
{
    EVP_PKEY_free(stage->key);
    OPENSSL_cleanup();
    return true;
}

static bool unload(const struct stage *stage)
{
    struct stage copy = *stage;
    end(&copy);
    return true;
}

static void do_fork(void)
{
    static bool (*const all[])(const struct stage *) = {NULL,     try_sign, sign_and_fork,
                                                        free_key, clean_up, unload};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const int status = in_child(all[i]);
        if (status != 0) {
            (void)fprintf(stderr, "child %zu ended with %d\n", i, status);
            fail("a child process failed");
        }
        sign(&the_stage);
    }
}

static atomic_bool stopped;

static void *sign_until(void *data)
{
    (void)data;
    while (!atomic_load(&stopped)) {
        sign(&the_stage);
    }
    return NULL;
}

static void do_fork_threads(void)
{
    pthread_t threads[4];
    int signed_in_child = 0;
    without_handlers = true;
    for (int i = 0; i < 4; i++) {
        check(pthread_create(&threads[i], NULL, sign_until, NULL) == 0, "pthread_create");
    }
    for (int i = 0; i < FORKS; i++) {
        const int status = in_child(try_sign);
        check(status == 0 || status == 2, "a child process failed without a reason");
        signed_in_child += status == 0 ? 1 : 0;
    }
    atomic_store(&stopped, true);
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)printf("%d of %d children signed\n", signed_in_child, FORKS);
}

/* Threads that sign until they cannot, while the program ends. */
static atomic_int running;

static void *sign_on(void *data)
{
    (void)data;
    while (try_sign(&the_stage)) {
    }
    (void)atomic_fetch_sub(&running, 1);
    return NULL;
}

static void do_exit_beside_threads(void)
{
    pthread_t thread;
    atomic_store(&running, 4);
    for (int i = 0; i < 4; i++) {
        check(pthread_create(&thread, NULL, sign_on, NULL) == 0, "pthread_create");
    }
    sign(&the_stage);
}

/* Runs after the provider was closed, and before libcrypto is: no thread may use that any more then. */
static void wait_at_exit(void)
{
    while (atomic_load(&running) > 0) {
        (void)usleep(1000);
    }
}

/* Exit handlers. */

static void free_at_exit(void)
{
    EVP_PKEY_free(the_stage.key);
}

static void sign_at_exit(void)
{
    (void)try_sign(&the_stage); // a signature or an error
    ERR_clear_error();
}

static void open_at_exit(void)
{
    EVP_PKEY_free(find_key(NULL)); // the same
    ERR_clear_error();
}

static void unload_at_exit(void)
{
    end(&the_stage);
}

static const struct {
    const char *name;
    void (*run)(void);
    void (*before)(void); /* an exit handler that is registered before libcrypto is used: runs last */
    void (*after)(void);  /* one that is registered when all has been used: runs first */
} modes[] = {
    {"exit", do_nothing, NULL, NULL},
    {"free", do_free, NULL, NULL},
    {"cleanup", do_clean_up, NULL, NULL},
    {"free-cleanup", do_free_and_clean_up, NULL, NULL},
    {"cleanup-first", do_nothing, NULL, OPENSSL_cleanup},
    {"cleanup-last", do_nothing, OPENSSL_cleanup, NULL},
    {"free-first", do_nothing, NULL, free_at_exit},
    {"sign-first", do_nothing, NULL, sign_at_exit},
    {"open-first", do_nothing, NULL, open_at_exit},
    {"unload-first", do_nothing, NULL, unload_at_exit},
    {"reload", do_reload, NULL, NULL},
    {"contexts", do_contexts, NULL, NULL},
    {"threads", do_threads, NULL, NULL},
    {"exit-beside-threads", do_exit_beside_threads, NULL, NULL},
    {"fork", do_fork, NULL, NULL},
    {"fork-threads", do_fork_threads, NULL, NULL},
};

__attribute__((visibility("default"))) int main(int argc, char **argv);

int main(int argc, char **argv) // called by plug.c, too
{
    size_t mode = 0;
    while (argc > 1 && mode < sizeof(modes) / sizeof(modes[0]) && strcmp(argv[1], modes[mode].name) != 0) {
        mode++;
    }
    if (argc < 4 || mode == sizeof(modes) / sizeof(modes[0])) {
        (void)fprintf(stderr, "usage: lives MODE FOLDER URI [FIRST]\n");
        return 64;
    }
    folder = argv[2];
    uri = argv[3];
    first = argc > 4 ? argv[4] : first;
    check(modes[mode].before == NULL || atexit(modes[mode].before) == 0, "atexit");
    check(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) == 1 && atexit(wait_at_exit) == 0,
          "atexit");
    begin(&the_stage);
    sign(&the_stage);
    check(modes[mode].after == NULL || atexit(modes[mode].after) == 0, "atexit");
    modes[mode].run();
    (void)printf("done\n");
    return 0;
}
