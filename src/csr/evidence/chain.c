// SPDX-License-Identifier: Apache-2.0
#include "csr/evidence/chain.h"

#include "base/error.h"
#include "csr/evidence/vendor.h"
#include "csr/ossl.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* Security level 2 of libcrypto: 112 bits, so no SHA-1 and no RSA below 2048 bits. */
enum { AUTH_LEVEL = 2, NAME_SIZE = 128 };

static void free_store(X509_STORE **store)
{
    X509_STORE_free(*store);
}

static void free_store_ctx(X509_STORE_CTX **ctx)
{
    X509_STORE_CTX_free(*ctx);
}

static void free_stack(STACK_OF(X509) * *stack)
{
    sk_X509_free(*stack); // the certificates are borrowed
}

bool pc_chain_attests_key(const struct pc_certificate *certificate)
{
    return pc_vendor_attests_key(certificate);
}

static void name_of(X509 *x509, char ret[static NAME_SIZE])
{
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new(BIO_s_mem());
    char *text = NULL;
    ret[0] = 0;
    if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253) >= 0) {
        const long len = BIO_get_mem_data(bio, &text);
        (void)snprintf(ret, NAME_SIZE, "%.*s", (int)len, text != NULL ? text : "");
    }
}

/* A stack that borrows the certificates; NULL when out of memory. */
static STACK_OF(X509) * stack_of(const struct pc_certificates *list)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    for (size_t i = 0; stack != NULL && i < pc_certificates_count(list); i++) {
        if (sk_X509_push(stack, pc_certificates_get(list, i)->x509) == 0) {
            sk_X509_free(stack);
            return NULL;
        }
    }
    return stack;
}

/* What is being verified, for the callback. */
struct check {
    const struct pc_certificates *others;
    const struct pc_certificates *roots;
    struct pc_chain_verdict *verdict;
};

static const struct pc_certificate *find(const struct pc_certificates *list, const X509 *x509)
{
    for (size_t i = 0; i < pc_certificates_count(list); i++) {
        if (pc_certificates_get(list, i)->x509 == x509) {
            return pc_certificates_get(list, i);
        }
    }
    return NULL;
}

/*
 * See pc_chain_verify(): why a certificate that libcrypto takes for no CA may not issue others; NULL: it may.
 * Else whoever holds an attested key, or anything else that the vendor's root certifies, could attest keys.
 */
static const char *objection(const struct check *check, X509_STORE_CTX *ctx, X509 *x509, int depth)
{
    const int last = sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1;
    const struct pc_certificate *certificate = find(check->others, x509);
    certificate = certificate != NULL ? certificate : find(check->roots, x509);
    if (certificate == NULL || X509_get_ext_by_NID(x509, NID_basic_constraints, -1) >= 0 ||
        (X509_get_key_usage(x509) & KU_KEY_CERT_SIGN) == 0) {
        return X509_verify_cert_error_string(X509_V_ERR_INVALID_CA);
    }
    if (pc_vendor_attests_key(certificate)) {
        return "an attested key attests no others";
    }
    return depth == last || (depth == last - 1 && pc_vendor_is_device(certificate))
               ? NULL
               : "without basic constraints only a root, or a known vendor's device right below one, may "
                 "issue certificates";
}

static int on_step(int ok, X509_STORE_CTX *ctx)
{
    const struct check *check = X509_STORE_CTX_get_app_data(ctx);
    struct pc_chain_verdict *verdict = check->verdict;
    X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
    const int depth = X509_STORE_CTX_get_error_depth(ctx);
    char name[NAME_SIZE];
    if (ok != 0 || x509 == NULL || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_INVALID_CA ||
        objection(check, ctx, x509, depth) != NULL || verdict->note_count == PC_CHAIN_NOTES) {
        return ok;
    }
    name_of(x509, name);
    (void)snprintf(verdict->notes[verdict->note_count++], PC_CHAIN_TEXT,
                   "'%s' does not say that it may issue certificates: let pass, because some devices' "
                   "firmware makes it so",
                   name);
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static struct pc_result judge(const struct check *check, X509_STORE_CTX *ctx, int answer, p11csr_error **err)
{
    struct pc_chain_verdict *verdict = check->verdict;
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    char name[NAME_SIZE] = "";
    if (answer != 1 && pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    if (answer != 1) {
        const int error = X509_STORE_CTX_get_error(ctx);
        const char *why = NULL;
        if (at != NULL) {
            name_of(at, name);
            why = error == X509_V_ERR_INVALID_CA
                      ? objection(check, ctx, at, X509_STORE_CTX_get_error_depth(ctx))
                      : NULL;
        }
        (void)snprintf(verdict->why, PC_CHAIN_TEXT, "'%s': %.120s", name,
                       why != NULL ? why : X509_verify_cert_error_string(error));
        return PC_OK;
    }
    verdict->root = find(check->roots, sk_X509_value(chain, sk_X509_num(chain) - 1));
    verdict->good = verdict->root != NULL && sk_X509_num(chain) > 1;
    if (!verdict->good) {
        (void)snprintf(verdict->why, PC_CHAIN_TEXT, "the chain ends in no root that was given");
    }
    return PC_OK;
}

static struct pc_result run(const struct pc_crypto *crypto, const struct pc_certificate *leaf,
                            struct check *check, p11csr_error **err)
{
    X509_STORE *store PC_CLEANUP(free_store) = X509_STORE_new();
    X509_STORE_CTX *ctx PC_CLEANUP(free_store_ctx) = X509_STORE_CTX_new_ex(pc_crypto_libctx(crypto), NULL);
    STACK_OF(X509) * others PC_CLEANUP(free_stack) = stack_of(check->others);
    if (store == NULL || ctx == NULL || others == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 0; i < pc_certificates_count(check->roots); i++) {
        if (X509_STORE_add_cert(store, pc_certificates_get(check->roots, i)->x509) != 1) {
            return pc_fail_memory(err);
        }
    }
    if (X509_STORE_CTX_init(ctx, store, leaf->x509, others) != 1) {
        return pc_fail_memory(err);
    }
    // X509_V_FLAG_X509_STRICT would ask for key identifiers, which devices do not write.
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_depth(param, PC_MAX_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    (void)X509_STORE_CTX_set_app_data(ctx, check);
    X509_STORE_CTX_set_verify_cb(ctx, on_step);
    const int answer = X509_verify_cert(ctx);
    return judge(check, ctx, answer, err);
}

PC_RESULT pc_chain_verify(const struct pc_crypto *crypto, const struct pc_certificate *leaf,
                          const struct pc_certificates *others, const struct pc_certificates *roots,
                          struct pc_chain_verdict *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    *ret = (struct pc_chain_verdict){0};
    struct check check = {others, roots, ret};
    if (pc_certificates_count(roots) == 0) {
        (void)snprintf(ret->why, PC_CHAIN_TEXT, "not verified to a root: none was given");
        return PC_OK;
    }
    for (size_t i = 0; i < pc_certificates_count(roots); i++) { // libcrypto would take it for trusted
        if (pc_span_eq(pc_buf_span(&pc_certificates_get(roots, i)->der), pc_buf_span(&leaf->der))) {
            (void)snprintf(ret->why, PC_CHAIN_TEXT, "the attestation certificate itself is given as a root");
            return PC_OK;
        }
    }
    return run(crypto, leaf, &check, err);
}

static struct pc_result find_issuer(const struct pc_certificate *of, const struct pc_certificates *others,
                                    const struct pc_certificate **ret, p11csr_error **err)
{
    *ret = NULL;
    if (pc_span_eq(pc_buf_span(&of->subject), pc_buf_span(&of->issuer))) {
        return PC_OK;
    }
    for (size_t i = 0; i < pc_certificates_count(others) && *ret == NULL; i++) {
        enum pc_verdict verdict = PC_VERDICT_BAD;
        PC_TRY(pc_certificate_issued_by(of, pc_certificates_get(others, i), &verdict, err));
        *ret = verdict == PC_VERDICT_GOOD ? pc_certificates_get(others, i) : NULL;
    }
    return PC_OK;
}

PC_RESULT pc_chain_build(const struct pc_certificate *leaf, const struct pc_certificates *others,
                         struct pc_chain *ret, p11csr_error **err)
{
    const struct pc_certificate *at = leaf;
    ret->count = 0;
    while (at != NULL && ret->count < PC_MAX_CHAIN) { // two that issued each other would go on for ever
        ret->links[ret->count++] = at;
        PC_TRY(find_issuer(at, others, &at, err));
    }
    return at == NULL
               ? PC_OK
               : pc_fail(err, P11CSR_E_LIMIT, "the chain has more than %d certificates", (int)PC_MAX_CHAIN);
}
