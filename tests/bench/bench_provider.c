// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"
#include <p11csr/p11csr.h>

#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Signatures per second through EVP_DigestSign, with an EVP_MD_CTX for each, against the token's own
 * C_SignInit + C_Sign, with one thread and with two. Both take turns in short rounds of one process, and of
 * each the undisturbed are compared. The ratio is the figure, the seconds are not.
 */
enum { ROUNDS = 401, MAX_THREADS = 2 };

struct bench {
    struct raw raw;
    CK_OBJECT_HANDLE raw_key;
    CK_MECHANISM raw_mechanism;
    const CK_BYTE *raw_input;
    CK_ULONG raw_len;
    EVP_PKEY *pkey;
    int batch;
};

struct worker {
    const struct bench *bench;
    pthread_barrier_t *start;
    CK_SESSION_HANDLE session;
    void (*sign)(const struct worker *worker);
    double began;
    double ended;
};

static const CK_BYTE message[300] = {1};

static void check(int truth, const char *what)
{
    raw_check(truth ? CKR_OK : CKR_GENERAL_ERROR, what);
}

static void sign_raw(const struct worker *worker)
{
    const struct bench *b = worker->bench;
    CK_BYTE signature[512];
    CK_ULONG len = sizeof(signature);
    CK_MECHANISM mechanism = b->raw_mechanism;
    raw_check(b->raw.fn->C_SignInit(worker->session, &mechanism, b->raw_key), "C_SignInit");
    raw_check(
        b->raw.fn->C_Sign(worker->session, (CK_BYTE *)(uintptr_t)b->raw_input, b->raw_len, signature, &len),
        "C_Sign");
}

static void sign_evp(const struct worker *worker)
{
    unsigned char signature[512];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    check(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, worker->bench->pkey) == 1, "EVP_DigestSignInit");
    check(EVP_DigestSign(ctx, signature, &len, message, sizeof(message)) == 1, "EVP_DigestSign");
    EVP_MD_CTX_free(ctx);
}

static void *work(void *data)
{
    struct worker *worker = data;
    (void)pthread_barrier_wait(worker->start);
    worker->began = raw_now();
    for (int i = 0; i < worker->bench->batch; i++) {
        worker->sign(worker);
    }
    worker->ended = raw_now();
    return NULL;
}

/* Seconds for one signature of each thread. */
static double run(struct worker *workers, int threads, void (*sign)(const struct worker *worker))
{
    pthread_t ids[MAX_THREADS];
    pthread_barrier_t start;
    (void)pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        workers[i].start = &start;
        workers[i].sign = sign;
        check(pthread_create(&ids[i], NULL, work, &workers[i]) == 0, "pthread_create");
    }
    double began = 0;
    double ended = 0;
    for (int i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
        began = i == 0 || workers[i].began < began ? workers[i].began : began;
        ended = workers[i].ended > ended ? workers[i].ended : ended;
    }
    (void)pthread_barrier_destroy(&start);
    return (ended - began) / workers[0].bench->batch;
}

/* Returns 1 when the ratio is below the bar. */
static int compare(const char *kind, struct worker *workers, int threads, double bar)
{
    double raw[ROUNDS];
    double ours[ROUNDS];
    (void)run(workers, threads, sign_raw);
    (void)run(workers, threads, sign_evp);
    for (int i = 0; i < ROUNDS; i++) {
        raw[i] = run(workers, threads, sign_raw);
        ours[i] = run(workers, threads, sign_evp);
    }
    const double raw_time = raw_undisturbed(raw, ROUNDS);
    const double our_time = raw_undisturbed(ours, ROUNDS);
    const double ratio = raw_time / our_time;
    printf("%-9s %d thread%s C_SignInit + C_Sign %8.2f us, EVP_DigestSign %8.2f us, E = %.3f (bar %.2f) %s\n",
           kind, threads, threads == 1 ? ": " : "s:", raw_time * 1e6, our_time * 1e6, ratio, bar,
           ratio >= bar ? "ok" : "TOO SLOW");
    return ratio >= bar ? 0 : 1;
}

static p11csr_ctx *open_pkey(const char *label, EVP_PKEY **ret)
{
    char uri[128];
    p11csr_ctx *ctx = NULL;
    p11csr_key *key = NULL;
    struct p11csr_select select = P11CSR_SELECT_INIT;
    (void)snprintf(uri, sizeof(uri), "pkcs11:token=%s;object=%s?pin-value=%s", raw_label, label, raw_secret);
    select.token = uri;
    check(p11csr_ctx_new(&ctx, NULL) == P11CSR_OK &&
              p11csr_ctx_set_module(ctx, raw_module(), NULL) == P11CSR_OK &&
              p11csr_key_open(ctx, &select, &key, NULL) == P11CSR_OK &&
              p11csr_key_evp_pkey(key, ret, NULL) == P11CSR_OK,
          label);
    p11csr_key_free(&key);
    return ctx;
}

/* Measures the key `label`; returns how many bars it missed. */
static int bench_key(struct bench *b, const char *label, double bar)
{
    struct worker workers[MAX_THREADS] = {{.bench = b, .session = b->raw.session}, {.bench = b}};
    CK_SESSION_INFO info;
    int missed = 0;
    raw_check(b->raw.fn->C_GetSessionInfo(b->raw.session, &info), "C_GetSessionInfo");
    raw_check(b->raw.fn->C_OpenSession(info.slotID, CKF_SERIAL_SESSION, NULL, NULL, &workers[1].session),
              "C_OpenSession");
    b->raw_key = raw_find_private(&b->raw, label);
    p11csr_ctx *ctx = open_pkey(label, &b->pkey);
    for (int threads = 1; threads <= MAX_THREADS; threads++) {
        missed += compare(label, workers, threads, bar);
    }
    EVP_PKEY_free(b->pkey);
    p11csr_ctx_free(&ctx);
    raw_check(b->raw.fn->C_CloseSession(workers[1].session), "C_CloseSession");
    return missed;
}

int main(void)
{
    char folder[64];
    struct bench b = {.batch = 30, .raw_input = message, .raw_len = 32};
    raw_make_token(folder);
    raw_open(&b.raw, CKF_RW_SESSION);
    raw_generate(&b.raw, "p256", 0);
    raw_generate(&b.raw, "rsa-2048", 2048);
    b.raw_mechanism = (CK_MECHANISM){CKM_ECDSA, NULL, 0};
    int missed = bench_key(&b, "p256", 0.90);
    b.raw_mechanism = (CK_MECHANISM){CKM_SHA256_RSA_PKCS, NULL, 0};
    b.raw_len = sizeof(message);
    b.batch = 3;
    missed += bench_key(&b, "rsa-2048", 0.97);
    raw_close(&b.raw);
    raw_remove(folder);
    return missed;
}
