// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/certificate.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/pem.h"
#include "der/reader.h"

#include <openssl/x509.h>
#include <string.h>
#include <time.h>

static struct pc_result fail_certificate(const char *what, p11csr_error **err)
{
    return pc_ossl_out_of_memory() ? pc_fail_memory(err)
                                   : pc_fail(err, P11CSR_E_CERTIFICATE, "%s cannot be read", what);
}

/* Takes over what an i2d function of libcrypto made. */
static struct pc_result take_der(unsigned char *made, int len, const char *what, struct pc_buf *ret,
                                 p11csr_error **err)
{
    if (len <= 0) {
        return fail_certificate(what, err);
    }
    pc_buf_add(ret, made, (size_t)len);
    OPENSSL_free(made);
    return pc_buf_check(ret, err);
}

static struct pc_result take_name(const X509_NAME *name, const char *what, struct pc_buf *ret,
                                  p11csr_error **err)
{
    unsigned char *made = NULL;
    const int len = i2d_X509_NAME(name, &made);
    return take_der(made, len, what, ret, err);
}

static struct pc_result take_time(const ASN1_TIME *time, const char *what, int64_t *ret, p11csr_error **err)
{
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
        return fail_certificate(what, err);
    }
    *ret = timegm(&parts);
    return PC_OK;
}

static struct pc_result take_parts(struct pc_certificate *ret, p11csr_error **err)
{
    unsigned char *made = NULL;
    PC_TRY(take_name(X509_get_subject_name(ret->x509), "the subject", &ret->subject, err));
    PC_TRY(take_name(X509_get_issuer_name(ret->x509), "the issuer", &ret->issuer, err));
    int len = i2d_ASN1_INTEGER(X509_get0_serialNumber(ret->x509), &made);
    PC_TRY(take_der(made, len, "the serial number", &ret->serial, err));
    made = NULL;
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(ret->x509), &made);
    PC_TRY(take_der(made, len, "the public key", &ret->spki, err));
    PC_TRY(take_time(X509_get0_notBefore(ret->x509), "notBefore", &ret->not_before, err));
    return take_time(X509_get0_notAfter(ret->x509), "notAfter", &ret->not_after, err);
}

static struct pc_result parse(const struct pc_crypto *crypto, struct pc_span der, struct pc_certificate *ret,
                              p11csr_error **err)
{
    const unsigned char *at = der.ptr;
    ret->x509 = X509_new_ex(pc_crypto_libctx(crypto), NULL);
    if (ret->x509 == NULL) {
        return pc_fail_memory(err);
    }
    if (der.len > PC_MAX_ATTRIBUTE || d2i_X509(&ret->x509, &at, (long)der.len) == NULL) {
        ret->x509 = NULL; // libcrypto has freed it
        return fail_certificate("the certificate", err);
    }
    if (at != der.ptr + der.len) {
        return pc_fail(err, P11CSR_E_CERTIFICATE, "there is something behind the certificate");
    }
    pc_buf_add_span(&ret->der, der);
    PC_TRY(pc_buf_check(&ret->der, err));
    return take_parts(ret, err);
}

PC_RESULT pc_certificate_new(const struct pc_crypto *crypto, struct pc_span der, struct pc_certificate **ret,
                             p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    struct pc_certificate *made PC_CLEANUP(pc_certificate_free) = pc_alloc(sizeof(*made));
    if (made == NULL) {
        return pc_fail_memory(err);
    }
    struct pc_buf *const bufs[] = {&made->der, &made->subject, &made->issuer, &made->serial, &made->spki};
    for (size_t i = 0; i < PC_ARRAY_LEN(bufs); i++) {
        pc_buf_init(bufs[i], PC_MAX_ATTRIBUTE);
    }
    PC_TRY(parse(crypto, der, made, err));
    *ret = made;
    made = NULL;
    return PC_OK;
}

void pc_certificate_free(struct pc_certificate **certificate)
{
    if (certificate == NULL || *certificate == NULL) {
        return;
    }
    X509_free((*certificate)->x509);
    struct pc_buf *const bufs[] = {&(*certificate)->der, &(*certificate)->subject, &(*certificate)->issuer,
                                   &(*certificate)->serial, &(*certificate)->spki};
    for (size_t i = 0; i < PC_ARRAY_LEN(bufs); i++) {
        pc_buf_done(bufs[i]);
    }
    pc_release(*certificate);
    *certificate = NULL;
}

PC_RESULT pc_certificate_serial(const struct pc_certificate *certificate, struct pc_buf *ret,
                                p11csr_error **err)
{
    struct pc_der in = pc_der_over(pc_buf_span(&certificate->serial));
    struct pc_der_value value;
    PC_TRY(pc_der_next(&in, &value, err));
    while (value.content.len > 1 && value.content.ptr[0] == 0) {
        value.content.ptr++;
        value.content.len--;
    }
    pc_buf_add_span(ret, value.content);
    return pc_buf_check(ret, err);
}

PC_RESULT pc_certificate_issued_by(const struct pc_certificate *certificate,
                                   const struct pc_certificate *issuer, enum pc_verdict *ret,
                                   p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    *ret = PC_VERDICT_BAD;
    if (X509_NAME_cmp(X509_get_issuer_name(certificate->x509), X509_get_subject_name(issuer->x509)) != 0) {
        return PC_OK;
    }
    EVP_PKEY *key = X509_get0_pubkey(issuer->x509); // belongs to the certificate
    const int algorithm = X509_get_signature_nid(certificate->x509);
    if (key == NULL || OBJ_find_sigid_algs(algorithm, NULL, NULL) != 1) {
        *ret = PC_VERDICT_UNKNOWN;
        return pc_ossl_out_of_memory() ? pc_fail_memory(err) : PC_OK;
    }
    *ret = X509_verify(certificate->x509, key) == 1 ? PC_VERDICT_GOOD : PC_VERDICT_BAD;
    return *ret != PC_VERDICT_GOOD && pc_ossl_out_of_memory() ? pc_fail_memory(err) : PC_OK;
}

PC_RESULT pc_certificate_is_placeholder(const struct pc_certificate *certificate, bool *ret,
                                        p11csr_error **err)
{
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    *ret = false;
    if (!pc_span_eq(pc_buf_span(&certificate->subject), pc_buf_span(&certificate->issuer)) ||
        certificate->not_before < certificate->not_after) {
        return PC_OK;
    }
    PC_TRY(pc_certificate_issued_by(certificate, certificate, &verdict, err));
    *ret = verdict == PC_VERDICT_BAD;
    return PC_OK;
}

void pc_certificates_init(struct pc_certificates *list)
{
    pc_buf_init(&list->items, PC_MAX_CHAIN * sizeof(struct pc_certificate *));
}

size_t pc_certificates_count(const struct pc_certificates *list)
{
    return list->items.len / sizeof(struct pc_certificate *);
}

const struct pc_certificate *pc_certificates_get(const struct pc_certificates *list, size_t index)
{
    struct pc_certificate *item = NULL;
    memcpy(&item, list->items.ptr + index * sizeof(item), sizeof(item)); // NOLINT(bugprone-sizeof-expression)
    return item;
}

void pc_certificates_done(struct pc_certificates *list)
{
    for (size_t i = 0; i < pc_certificates_count(list); i++) {
        struct pc_certificate *item = (struct pc_certificate *)(uintptr_t)pc_certificates_get(list, i);
        pc_certificate_free(&item);
    }
    pc_buf_done(&list->items);
}

PC_RESULT pc_certificates_add(const struct pc_crypto *crypto, struct pc_span der, struct pc_certificates *ret,
                              p11csr_error **err)
{
    struct pc_certificate *made = NULL;
    PC_TRY(pc_certificate_new(crypto, der, &made, err));
    pc_buf_add(&ret->items, &made, sizeof(made)); // NOLINT(bugprone-sizeof-expression): of the pointer
    const struct pc_result result = pc_buf_check(&ret->items, err);
    if (!pc_is_ok(result)) {
        pc_certificate_free(&made);
    }
    return result;
}

static struct pc_result read_pem(const struct pc_crypto *crypto, BIO *bio, struct pc_certificates *ret,
                                 p11csr_error **err)
{
    for (;;) {
        struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
        bool end = false;
        PC_TRY(pc_pem_next(bio, P11CSR_E_CERTIFICATE, &block, &end, err));
        if (end) {
            return PC_OK;
        }
        if (strcmp(block.label, PEM_STRING_X509) != 0 && strcmp(block.label, PEM_STRING_X509_OLD) != 0) {
            return pc_fail(err, P11CSR_E_CERTIFICATE, "the PEM block '%s' is not a certificate", block.label);
        }
        PC_TRY(pc_certificates_add(crypto, (struct pc_span){block.data, (size_t)block.len}, ret, err));
    }
}

PC_RESULT pc_certificates_read(const struct pc_crypto *crypto, struct pc_span input,
                               struct pc_certificates *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    const size_t before = pc_certificates_count(ret);
    if (input.len == 0 || input.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_CERTIFICATE, "%s", input.len == 0 ? "it is empty" : "it is too large");
    }
    if (input.len > 1 && input.ptr[0] == PC_DER_SEQUENCE && input.ptr[1] >= 0x80) {
        return pc_certificates_add(crypto, input, ret, err);
    }
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(input.ptr, (int)input.len);
    if (bio == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(read_pem(crypto, bio, ret, err));
    return pc_certificates_count(ret) > before
               ? PC_OK
               : pc_fail(err, P11CSR_E_CERTIFICATE, "this is neither PEM nor DER");
}
