// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"
#include <p11csr/p11csr.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Reads requests and holds them against the structure rules, the signature among them, against OpenSSL's
 * reading and verifying of the same. Both take turns in short rounds, and of each the undisturbed are
 * compared. The ratio is the figure, the seconds are not.
 */
enum { REQUESTS = 10000, ROUNDS = 200, PART = REQUESTS / ROUNDS };

struct request {
    unsigned char *der;
    int len;
};

static void check(int truth, const char *what)
{
    if (!truth) {
        (void)fprintf(stderr, "bench_lint: %s\n", what);
        exit(1);
    }
}

static void add_extensions(X509_REQ *req, const char *names)
{
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    check(sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names)) > 0 &&
              sk_X509_EXTENSION_push(
                  list, X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature")) > 0 &&
              sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "serverAuth")) >
                  0 &&
              X509_REQ_add_extensions(req, list) == 1,
          "no extensions");
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

/* A usual request for a TLS server. */
static struct request make(EVP_PKEY *key, int number)
{
    struct request made = {0};
    char name[64];
    char names[256];
    X509_REQ *req = X509_REQ_new();
    X509_NAME *subject = X509_NAME_new();
    (void)snprintf(name, sizeof(name), "www%d.example.com", number);
    (void)snprintf(names, sizeof(names), "DNS:%s,DNS:api.%s,DNS:mail.%s", name, name, name);
    check(X509_NAME_add_entry_by_txt(subject, "C", MBSTRING_ASC, (const unsigned char *)"DE", -1, -1, 0) &&
              X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Example", -1,
                                         -1, 0) &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                                         0) &&
              X509_REQ_set_subject_name(req, subject) && X509_REQ_set_pubkey(req, key),
          "no request");
    add_extensions(req, names);
    check(X509_REQ_sign(req, key, EVP_sha256()) > 0, "cannot sign");
    made.len = i2d_X509_REQ(req, &made.der);
    check(made.len > 0, "cannot encode");
    X509_NAME_free(subject);
    X509_REQ_free(req);
    return made;
}

static void by_openssl(const struct request *request)
{
    const unsigned char *at = request->der;
    X509_REQ *req = d2i_X509_REQ(NULL, &at, request->len);
    check(req != NULL && X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) == 1, "OpenSSL refuses");
    X509_REQ_free(req);
}

static void by_p11csr(p11csr_ctx *ctx, const p11csr_lint *lint, const struct request *request)
{
    p11csr_csr *csr = NULL;
    struct p11csr_lint_counts counts = {0};
    check(p11csr_csr_read(request->der, (size_t)request->len, &csr, NULL) == P11CSR_OK &&
              p11csr_csr_lint(ctx, csr, lint, &counts, NULL, NULL) == P11CSR_OK && counts.errors == 0,
          "p11csr refuses");
    p11csr_csr_free(&csr);
}

/* Returns 1 when the ratio is over the bar. */
static int compare(const char *kind, EVP_PKEY *key, double bar)
{
    static struct request requests[PART];
    static double theirs[ROUNDS];
    static double ours[ROUNDS];
    p11csr_ctx *ctx = NULL;
    p11csr_lint *lint = NULL;
    check(key != NULL, "no key");
    check(p11csr_ctx_new(&ctx, NULL) == P11CSR_OK && p11csr_lint_new(&lint, NULL) == P11CSR_OK, "no context");
    for (int i = 0; i < PART; i++) {
        requests[i] = make(key, i);
    }
    for (int round = 0; round < ROUNDS; round++) {
        const double start = raw_now();
        for (int i = 0; i < PART; i++) {
            by_openssl(&requests[i]);
        }
        const double middle = raw_now();
        for (int i = 0; i < PART; i++) {
            by_p11csr(ctx, lint, &requests[i]);
        }
        theirs[round] = middle - start;
        ours[round] = raw_now() - middle;
    }
    const double their_time = raw_undisturbed(theirs, ROUNDS) / PART;
    const double our_time = raw_undisturbed(ours, ROUNDS) / PART;
    const double ratio = our_time / their_time;
    printf("%-9s %d requests: OpenSSL %.1f us, p11csr %.1f us each, ratio %.2f (bar %.2f) %s\n", kind,
           (int)REQUESTS, their_time * 1e6, our_time * 1e6, ratio, bar, ratio <= bar ? "ok" : "TOO SLOW");
    for (int i = 0; i < PART; i++) {
        OPENSSL_free(requests[i].der);
    }
    EVP_PKEY_free(key);
    p11csr_lint_free(&lint);
    p11csr_ctx_free(&ctx);
    return ratio <= bar ? 0 : 1;
}

int main(void)
{
    int failed = compare("p256", EVP_EC_gen("P-256"), 1.5);
    failed += compare("rsa-2048", EVP_RSA_gen(2048), 1.5);
    return failed;
}
