// SPDX-License-Identifier: Apache-2.0
#include "place.h"

#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void check_ok(enum p11csr_code code, p11csr_error **err)
{
    if (code != P11CSR_OK) {
        fail_msg("%s: %s (%s)", p11csr_code_name(code), p11csr_error_message(*err),
                 p11csr_error_cause_count(*err) > 0 ? p11csr_error_cause(*err, 0) : "");
    }
    assert_null(*err);
}

void check_fails(enum p11csr_code code, p11csr_error **err, enum p11csr_code wanted)
{
    assert_string_equal(p11csr_code_name(code), p11csr_code_name(wanted));
    assert_non_null(*err);
    assert_int_equal(p11csr_error_code(*err), wanted);
    assert_true(p11csr_error_message(*err)[0] != 0);
    assert_true(p11csr_error_hint(*err)[0] != 0);
    for (size_t i = 0; i < p11csr_error_cause_count(*err); i++) {
        assert_true(p11csr_error_cause(*err, i)[0] != 0);
    }
    assert_null(p11csr_error_cause(*err, p11csr_error_cause_count(*err)));
    assert_null(p11csr_error_note(*err, p11csr_error_note_count(*err)));
    p11csr_error_free(err);
    assert_null(*err);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    p11csr_ctx *ctx = NULL;
    p11csr_error *err = NULL;
    assert_non_null(place);
    (void)snprintf(place->folder, sizeof(place->folder), "%s/p11csr-api-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->config, sizeof(place->config), "%s/config", place->folder);
    (void)snprintf(place->data, sizeof(place->data), "%s/data", place->folder);
    check_ok(p11csr_ctx_new(&ctx, &err), &err);
    check_ok(p11csr_soft_token_create(ctx, "api", place->config, place->data, &place->soft, &err), &err);
    assert_int_equal(place->soft.created, 1);
    p11csr_ctx_free(&ctx);
    *state = place;
    return 0;
}

int remove_place(void **state)
{
    struct place *place = *state;
    p11csr_soft_token_done(&place->soft);
    const int rc = nftw(place->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(place);
    return rc;
}

p11csr_ctx *new_ctx(const struct place *place)
{
    p11csr_ctx *ctx = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_ctx_new(&ctx, &err), &err);
    check_ok(p11csr_ctx_load_config(ctx, place->config, &err), &err);
    return ctx;
}

struct p11csr_select by_label(const char *label)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    select.token = "api";
    select.label = label;
    return select;
}

p11csr_key *ensure_key(p11csr_ctx *ctx, const char *spec, const char *label)
{
    const struct p11csr_select select = by_label(label);
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    p11csr_key *key = NULL;
    p11csr_error *err = NULL;
    keygen.spec = spec;
    keygen.ensure = 1;
    check_ok(p11csr_key_generate(ctx, &select, &keygen, &key, NULL, &err), &err);
    return key;
}

p11csr_request *new_request(const char *subject)
{
    p11csr_request *request = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_request_new(&request, &err), &err);
    check_ok(p11csr_request_set_subject(request, subject, &err), &err);
    return request;
}

void sign_and_verify(p11csr_ctx *ctx, const p11csr_request *request, p11csr_key *key)
{
    p11csr_csr *csr = NULL;
    p11csr_csr *again = NULL;
    p11csr_error *err = NULL;
    char *pem = NULL;
    const char *why = "not touched";
    enum p11csr_verdict verdict = P11CSR_VERDICT_UNKNOWN;
    size_t len = 0;
    size_t again_len = 0;
    check_ok(p11csr_request_sign(request, key, &csr, &err), &err);
    check_ok(p11csr_csr_to_pem(csr, &pem, &err), &err);
    check_ok(p11csr_csr_read(pem, strlen(pem), &again, &err), &err);
    check_ok(p11csr_csr_verify(ctx, again, &verdict, &why, &err), &err);
    assert_int_equal(verdict, P11CSR_VERDICT_GOOD);
    assert_null(why);
    const unsigned char *der = p11csr_csr_get_der(csr, &len);
    assert_memory_equal(der, p11csr_csr_get_der(again, &again_len), len);
    assert_int_equal(len, again_len);
    p11csr_free_text(&pem);
    assert_null(pem);
    p11csr_csr_free(&again);
    p11csr_csr_free(&csr);
    assert_null(csr);
}

size_t certify(const unsigned char *spki, size_t len, long serial, unsigned char **ret)
{
    EVP_PKEY *signer = EVP_EC_gen("P-256");
    EVP_PKEY *key = d2i_PUBKEY(NULL, &spki, (long)len);
    X509 *made = X509_new();
    *ret = NULL;
    assert_true(signer != NULL && key != NULL && made != NULL);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), serial), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), 86400));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_issuer_name(made), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"CA", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_pubkey(made, key), 1);
    assert_true(X509_sign(made, signer, EVP_sha256()) > 0);
    const int der_len = i2d_X509(made, ret);
    assert_true(der_len > 0);
    X509_free(made);
    EVP_PKEY_free(key);
    EVP_PKEY_free(signer);
    return (size_t)der_len;
}
