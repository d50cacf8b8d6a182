// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/evidence/chain.h"
#include "csr/reading/pem.h"
#include "der/der.h"

#include <openssl/pkcs7.h>
#include <string.h>

/* The files that vendors' tools write. */

static void free_message(PKCS7 **message)
{
    PKCS7_free(*message);
}

static struct pc_result take(const struct pc_crypto *crypto, X509 *x509, struct pc_certificates *ret,
                             p11csr_error **err)
{
    unsigned char *der = NULL;
    const int len = i2d_X509(x509, &der);
    if (len <= 0) {
        return pc_fail_memory(err);
    }
    const struct pc_result result = pc_certificates_add(crypto, (struct pc_span){der, (size_t)len}, ret, err);
    OPENSSL_free(der);
    return result;
}

static struct pc_result read_message(const struct pc_crypto *crypto, struct pc_span der,
                                     struct pc_certificates *ret, p11csr_error **err)
{
    const unsigned char *at = der.ptr;
    PKCS7 *message PC_CLEANUP(free_message) = d2i_PKCS7(NULL, &at, (long)der.len);
    if (message == NULL || at != der.ptr + der.len || !PKCS7_type_is_signed(message) ||
        message->d.sign == NULL || sk_X509_num(message->d.sign->cert) <= 0) {
        return pc_ossl_out_of_memory()
                   ? pc_fail_memory(err)
                   : pc_fail(err, P11CSR_E_CERTIFICATE, "this is no PKCS#7 message with certificates");
    }
    for (int i = 0; i < sk_X509_num(message->d.sign->cert); i++) {
        PC_TRY(take(crypto, sk_X509_value(message->d.sign->cert, i), ret, err));
    }
    return PC_OK;
}

/* SEQUENCE { OID id-signedData ... }: a certificate has a SEQUENCE in that place. */
static bool is_message(struct pc_span input)
{
    static const uint8_t oid[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02};
    const size_t header = input.len > 1 && input.ptr[0] == PC_DER_SEQUENCE && (input.ptr[1] & 0x80) != 0
                              ? (size_t)2 + (input.ptr[1] & 0x7F)
                              : 2;
    return input.len > header + sizeof(oid) && input.ptr[0] == PC_DER_SEQUENCE &&
           memcmp(input.ptr + header, oid, sizeof(oid)) == 0;
}

static bool is_message_label(const char *label)
{
    return strcmp(label, PEM_STRING_PKCS7) == 0 || strcmp(label, PEM_STRING_PKCS7_SIGNED) == 0 ||
           strcmp(label, PEM_STRING_CMS) == 0;
}

/* Whether the PEM is of a message: *ret_done, and its certificates are taken. */
static struct pc_result try_pem(const struct pc_crypto *crypto, struct pc_span input, bool *ret_done,
                                struct pc_certificates *ret, p11csr_error **err)
{
    struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(input.ptr, (int)input.len);
    bool end = false;
    *ret_done = false;
    if (bio == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_pem_next(bio, P11CSR_E_CERTIFICATE, &block, &end, err));
    *ret_done = !end && is_message_label(block.label);
    return *ret_done ? read_message(crypto, (struct pc_span){block.data, (size_t)block.len}, ret, err)
                     : PC_OK;
}

PC_RESULT pc_evidence_read(const struct pc_crypto *crypto, struct pc_span input, struct pc_certificates *ret,
                           p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    bool done = false;
    if (input.len == 0 || input.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_CERTIFICATE, "%s", input.len == 0 ? "it is empty" : "it is too large");
    }
    if (is_message(input)) {
        return read_message(crypto, input, ret, err);
    }
    if (input.ptr[0] != PC_DER_SEQUENCE || input.len < 2 || input.ptr[1] < 0x80) {
        PC_TRY(try_pem(crypto, input, &done, ret, err));
    }
    return done ? PC_OK : pc_certificates_read(crypto, input, ret, err);
}
