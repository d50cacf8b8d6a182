// SPDX-License-Identifier: Apache-2.0
/*
 * mbed_verify <FILE: whether a certificate request, PEM or DER, proves itself, by mbed TLS and with nothing
 * of this project. Prints "good" (status 0) or "bad" (1). What mbed TLS cannot read is neither: an error on
 * stderr, and status 2.
 */
// The parts of a parsed request have no other way to them in version 3; version 2 does not hide them.
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_csr.h>
#include <stdio.h>
#include <string.h>

enum { GOOD, BAD, UNREADABLE };
enum { MAX_REQUEST = 1 << 20 };

static int say_unreadable(int code)
{
    char text[128];
    mbedtls_strerror(code, text, sizeof(text));
    (void)fprintf(stderr, "mbed_verify: -0x%04x %s\n", (unsigned)-code, text);
    return UNREADABLE;
}

/* The signature is over the CertificationRequestInfo as it stands in the input. */
static int verify(mbedtls_x509_csr *csr)
{
    unsigned char digest[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(csr->sig_md);
    if (md == NULL) {
        return say_unreadable(MBEDTLS_ERR_MD_FEATURE_UNAVAILABLE);
    }
    int rc = mbedtls_md(md, csr->cri.p, csr->cri.len, digest);
    if (rc != 0) {
        return say_unreadable(rc);
    }
    // Does the same as mbedtls_pk_verify() but for RSASSA-PSS, which needs its parameters.
    rc = mbedtls_pk_verify_ext(csr->sig_pk, csr->sig_opts, &csr->pk, csr->sig_md, digest,
                               mbedtls_md_get_size(md), csr->sig.p, csr->sig.len);
    if (rc == MBEDTLS_ERR_PK_TYPE_MISMATCH || rc == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE) {
        return say_unreadable(rc);
    }
    return rc == 0 ? GOOD : BAD;
}

int main(void)
{
    static unsigned char input[MAX_REQUEST + 1];
    static const char pem_start[] = "-----BEGIN ";
    mbedtls_x509_csr csr;
    size_t len = fread(input, 1, MAX_REQUEST, stdin);
    if (len >= sizeof(pem_start) && memcmp(input, pem_start, sizeof(pem_start) - 1) == 0) {
        input[len++] = 0; // by which mbed TLS knows PEM
    }
    mbedtls_x509_csr_init(&csr);
    const int rc = mbedtls_x509_csr_parse(&csr, input, len);
    const int verdict = rc != 0 ? say_unreadable(rc) : verify(&csr);
    mbedtls_x509_csr_free(&csr);
    if (verdict != UNREADABLE) {
        (void)puts(verdict == GOOD ? "good" : "bad");
    }
    return verdict;
}
