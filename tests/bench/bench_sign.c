// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "bench/rawtoken.h"
#include "csr/request.h"
#include "tokens/sign.h"

#include <stdio.h>
#include <string.h>

/*
 * Requests per second against the token's own C_SignInit + C_Sign, in one process on one key. Raw signing,
 * requests without self-check and requests as they are made take turns in short rounds, and of each the
 * undisturbed ones are compared: what else the machine does takes longer than the microseconds that are asked
 * for.
 */
enum { ROUNDS = 101 };

struct bench {
    struct raw raw;
    CK_OBJECT_HANDLE raw_key;
    CK_MECHANISM raw_mechanism;
    struct pc_span raw_input;
    struct pc_signing signing;
    struct pc_content content;
    int batch;
};

static void must(struct pc_result result)
{
    if (!pc_is_ok(result)) {
        raw_check(CKR_GENERAL_ERROR, p11csr_strerror(result.code));
    }
}

static double raw_batch(const struct bench *b)
{
    CK_BYTE signature[512];
    const double start = raw_now();
    for (int i = 0; i < b->batch; i++) {
        CK_ULONG len = sizeof(signature);
        CK_MECHANISM mechanism = b->raw_mechanism;
        raw_check(b->raw.fn->C_SignInit(b->raw.session, &mechanism, b->raw_key), "C_SignInit");
        raw_check(b->raw.fn->C_Sign(b->raw.session, (CK_BYTE *)(uintptr_t)b->raw_input.ptr, b->raw_input.len,
                                    signature, &len),
                  "C_Sign");
    }
    return (raw_now() - start) / b->batch;
}

static double request_batch(const struct bench *b, bool self_check)
{
    const struct pc_span spki = b->signing.signer->ops->spki(b->signing.signer->self);
    const double start = raw_now();
    for (int i = 0; i < b->batch; i++) {
        struct pc_buf tbs PC_CLEANUP(pc_buf_done) = {0};
        struct pc_buf out PC_CLEANUP(pc_buf_done) = {0};
        pc_buf_init(&tbs, PC_MAX_REQUEST);
        pc_buf_init(&out, PC_MAX_REQUEST);
        if (self_check) {
            must(pc_request_make(&b->signing, &b->content, &out, NULL));
        } else {
            must(pc_request_assemble(&b->content, spki, &tbs, NULL));
            must(pc_request_sign(&b->signing, pc_buf_span(&tbs), &out, NULL));
        }
    }
    return (raw_now() - start) / b->batch;
}

static int judge(const char *what, double raw, double ours, double bar)
{
    const double e = raw / ours;
    printf("  %-20s %8.2f us, host cost %6.2f us, E = %.3f (bar %.2f) %s\n", what, ours * 1e6,
           (ours - raw) * 1e6, e, bar, e >= bar ? "ok" : "TOO SLOW");
    return e >= bar ? 0 : 1;
}

static int measure(const struct bench *b, const char *name, double bar_plain, double bar_checked)
{
    double raw[ROUNDS];
    double plain[ROUNDS];
    double checked[ROUNDS];
    (void)raw_batch(b);
    (void)request_batch(b, true);
    for (int i = 0; i < ROUNDS; i++) {
        raw[i] = raw_batch(b);
        plain[i] = request_batch(b, false);
        checked[i] = request_batch(b, true);
    }
    const double raw_time = raw_undisturbed(raw, ROUNDS);
    printf("%s: C_SignInit + C_Sign %.2f us\n", name, raw_time * 1e6);
    return judge("without self-check", raw_time, raw_undisturbed(plain, ROUNDS), bar_plain) +
           judge("with self-check", raw_time, raw_undisturbed(checked, ROUNDS), bar_checked);
}

/* Measures the key `label`; returns how many bars it missed. */
static int bench_key(struct bench *b, struct pc_token *token, const char *label, double bar_plain,
                     double bar_checked)
{
    static const struct pc_login no_login = {0};
    const struct pc_key_query query = {.label = label};
    struct pc_key key;
    struct pc_token_signer token_signer;
    struct pc_signer signer;
    struct pc_crypto *crypto = NULL;
    struct pc_verifier *verifier = NULL;
    pc_key_init(&key);
    must(pc_key_find(token, &query, &no_login, &key, NULL));
    must(pc_crypto_new(&crypto, NULL));
    must(pc_verifier_new(crypto, pc_buf_span(&key.spki), &verifier, NULL));
    must(pc_token_signer_init(&token_signer, token, &key, &no_login, &signer, NULL));
    b->signing = (struct pc_signing){.crypto = crypto,
                                     .verifier = verifier,
                                     .signer = &signer,
                                     .scheme = pc_scheme_get(key.public.spec->scheme)};
    b->raw_key = raw_find_private(&b->raw, label);
    const int missed = measure(b, label, bar_plain, bar_checked);
    pc_verifier_free(&verifier);
    pc_crypto_free(&crypto);
    pc_key_done(&key);
    return missed;
}

int main(void)
{
    static const CK_BYTE digest[32] = {1};
    static const CK_BYTE message[300] = {1};
    char folder[64];
    struct bench b = {.batch = 60};
    struct pc_modules modules;
    struct pc_uri uri;
    struct pc_slot slot;
    struct pc_token token;
    raw_make_token(folder);
    raw_open(&b.raw, CKF_RW_SESSION);
    raw_generate(&b.raw, "p256", 0);
    raw_generate(&b.raw, "rsa-2048", 2048);
    must(pc_modules_adopt(b.raw.fn, "raw", &modules, NULL));
    pc_uri_init(&uri);
    must(pc_uri_set(&uri, PC_URI_TOKEN, pc_span_str(raw_label), NULL));
    must(pc_slot_find_one(&modules, &uri, &slot, NULL));
    pc_token_init(&token, &slot);
    token.logged_in = true; // the raw session did it for the process
    pc_content_init(&b.content);
    must(pc_content_set_subject(&b.content, "CN=device-0123456789.example.com,O=Example GmbH,C=DE", NULL));
    must(pc_content_add_san(&b.content, PC_SAN_DNS, "device-0123456789.example.com", NULL));
    pc_content_settle(&b.content);

    b.raw_mechanism = (CK_MECHANISM){CKM_ECDSA, NULL, 0};
    b.raw_input = PC_SPAN(digest);
    int missed = bench_key(&b, &token, "p256", 0.95, 0.38);
    b.raw_mechanism = (CK_MECHANISM){CKM_SHA256_RSA_PKCS, NULL, 0};
    b.raw_input = PC_SPAN(message);
    b.batch = 6;
    missed += bench_key(&b, &token, "rsa-2048", 0.95, 0.90);

    pc_content_done(&b.content);
    pc_uri_done(&uri);
    token.logged_in = false;
    pc_token_done(&token);
    pc_modules_done(&modules);
    raw_close(&b.raw);
    raw_remove(folder);
    return missed;
}
