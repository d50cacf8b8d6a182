// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/key_file.h"

#include "alg/public.h"
#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/pem.h"
#include "csr/reading/read.h"

#include <limits.h>
#include <string.h>

/* How the public key is found in each kind of input. */
static struct pc_result from_request(struct pc_span der, struct pc_span *ret, p11csr_error **err)
{
    struct pc_csr csr;
    PC_TRY(pc_csr_parse(der, &csr, err));
    *ret = csr.spki;
    return PC_OK;
}

static struct pc_result from_public_key(struct pc_span der, struct pc_span *ret, p11csr_error **err)
{
    struct pc_public key;
    PC_TRY(pc_public_from_spki(der, &key, err));
    *ret = der;
    return PC_OK;
}

struct kind {
    const char *label; /* of PEM */
    struct pc_result (*read)(struct pc_span der, struct pc_span *ret, p11csr_error **err);
};

static const struct kind kinds[] = {
    {PEM_STRING_X509_REQ, from_request},
    {PEM_STRING_X509_REQ_OLD, from_request},
    {PEM_STRING_X509, pc_public_spki_in_certificate},
    {PEM_STRING_PUBLIC, from_public_key},
};

static struct pc_result take(struct pc_span spki, struct pc_buf *ret, p11csr_error **err)
{
    pc_buf_add_span(ret, spki);
    return pc_buf_check(ret, err);
}

/* DER does not say what it is: it is what it can be read as. */
static struct pc_result read_der(struct pc_span der, struct pc_buf *ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        struct pc_span spki = {0};
        if (pc_is_ok(kinds[i].read(der, &spki, NULL))) {
            return take(spki, ret, err);
        }
    }
    return pc_fail(err, P11CSR_E_REQUEST, "neither a certificate, nor a request, nor a public key");
}

static struct pc_result read_block(const char *label, struct pc_span der, struct pc_buf *ret,
                                   p11csr_error **err)
{
    struct pc_span spki = {0};
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].label, label) == 0) {
            PC_TRY(kinds[i].read(der, &spki, err));
            return take(spki, ret, err);
        }
    }
    return pc_fail(err, P11CSR_E_REQUEST,
                   "the PEM block '%s' is neither a certificate, a request nor a public key", label);
}

static struct pc_result read_pem(struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
    bool end = false;
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(input.ptr, (int)input.len);
    if (bio == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_pem_next(bio, P11CSR_E_REQUEST, &block, &end, err));
    return end ? pc_fail(err, P11CSR_E_REQUEST, "neither PEM nor DER")
               : read_block(block.label, (struct pc_span){block.data, (size_t)block.len}, ret, err);
}

PC_RESULT pc_key_file_read(struct pc_span input, struct pc_buf *ret_spki, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    if (input.len == 0 || input.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_REQUEST, "%s", input.len == 0 ? "it is empty" : "it is too large");
    }
    return input.ptr[0] == PC_DER_SEQUENCE ? read_der(input, ret_spki, err) : read_pem(input, ret_spki, err);
}
