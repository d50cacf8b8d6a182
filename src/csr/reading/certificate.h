// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_CERTIFICATE_H
#define PC_CSR_READING_CERTIFICATE_H

#include "csr/crypto.h"

/* X.509 certificates (RFC 5280), read by libcrypto. */

struct x509_st;

struct pc_certificate {
    struct x509_st *x509;
    struct pc_buf der;
    struct pc_buf subject; /* Name, whole encoding */
    struct pc_buf issuer;  /* the same */
    struct pc_buf serial;  /* INTEGER, whole encoding */
    struct pc_buf spki;    /* SubjectPublicKeyInfo */
    int64_t not_before;    /* seconds since 1970 */
    int64_t not_after;
};

/* Reads one certificate in DER, nothing behind it. Errors: CERTIFICATE. */
PC_RESULT pc_certificate_new(const struct pc_crypto *crypto, struct pc_span der, struct pc_certificate **ret,
                             p11csr_error **err);
void pc_certificate_free(struct pc_certificate **certificate);
/* Appends the serial number's octets, without those that are only its sign; one zero for zero. */
PC_RESULT pc_certificate_serial(const struct pc_certificate *certificate, struct pc_buf *ret,
                                p11csr_error **err);
/*
 * Whether `issuer` made the certificate: BAD when the names do not meet or the signature is not of its key,
 * UNKNOWN when this libcrypto does not know the key or the signature algorithm.
 */
PC_RESULT pc_certificate_issued_by(const struct pc_certificate *certificate,
                                   const struct pc_certificate *issuer, enum pc_verdict *ret,
                                   p11csr_error **err);
/*
 * Whether the certificate only holds the place of one to come, as some modules write them when they make a
 * key: subject and issuer are the same, its key did not sign it, and it ends no later than it begins. Each of
 * these alone is true of real ones too: of a CA's new key that the old one certified, for one.
 */
PC_RESULT pc_certificate_is_placeholder(const struct pc_certificate *certificate, bool *ret,
                                        p11csr_error **err);

struct pc_certificates {
    struct pc_buf items; /* struct pc_certificate * */
};
void pc_certificates_init(struct pc_certificates *list);
void pc_certificates_done(struct pc_certificates *list);
size_t pc_certificates_count(const struct pc_certificates *list);
const struct pc_certificate *pc_certificates_get(const struct pc_certificates *list, size_t index);
/* Appends one in DER. Errors: CERTIFICATE, LIMIT. */
PC_RESULT pc_certificates_add(const struct pc_crypto *crypto, struct pc_span der, struct pc_certificates *ret,
                              p11csr_error **err);
/*
 * Appends the certificates in `input`: one in DER, or any number in PEM, with text around them. A private key
 * or anything else in it is refused. Errors: CERTIFICATE, LIMIT.
 */
PC_RESULT pc_certificates_read(const struct pc_crypto *crypto, struct pc_span input,
                               struct pc_certificates *ret, p11csr_error **err);

#endif
