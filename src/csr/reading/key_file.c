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
    struct pc_der_faults faults PC_CLEANUP(pc_der_faults_done);
    struct pc_csr csr;
    pc_der_faults_init(&faults);
    PC_TRY(pc_csr_parse_tolerantly(der, &faults, &csr, err)); // only its key is wanted
    *ret = csr.spki;
    return PC_OK;
}

/* Of any kind: those who use the key say which they know. */
static struct pc_result from_public_key(struct pc_span der, struct pc_span *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(der);
    struct pc_der inner;
    struct pc_der algorithm;
    struct pc_der_value value;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "SubjectPublicKeyInfo", &inner, err));
    PC_TRY(pc_der_leave(&in, "SubjectPublicKeyInfo", err));
    PC_TRY(pc_der_enter(&inner, PC_DER_SEQUENCE, "AlgorithmIdentifier", &algorithm, err));
    PC_TRY(pc_der_expect(&algorithm, PC_DER_OID, "algorithm", &value, err));
    PC_TRY(pc_der_expect(&inner, PC_DER_BIT_STRING, "subjectPublicKey", &value, err));
    PC_TRY(pc_der_leave(&inner, "SubjectPublicKeyInfo", err));
    *ret = der;
    return PC_OK;
}

struct kind {
    const char *name;
    const char *label; /* of PEM */
    struct pc_result (*read)(struct pc_span der, struct pc_span *ret, p11csr_error **err);
};

static const struct kind kinds[] = {
    {"request", PEM_STRING_X509_REQ, from_request},
    {"request", PEM_STRING_X509_REQ_OLD, from_request},
    {"certificate", PEM_STRING_X509, pc_public_spki_in_certificate},
    {"certificate", PEM_STRING_X509_OLD, pc_public_spki_in_certificate},
    {"public-key", PEM_STRING_PUBLIC, from_public_key},
};

static struct pc_result take(const struct kind *kind, struct pc_span spki, struct pc_buf *ret,
                             const char **ret_kind, p11csr_error **err)
{
    pc_buf_add_span(ret, spki);
    *ret_kind = kind->name;
    return pc_buf_check(ret, err);
}

/* DER does not say what it is: it is what it can be read as. */
static struct pc_result read_der(struct pc_span der, struct pc_buf *ret, const char **ret_kind,
                                 p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        struct pc_span spki = {0};
        if (pc_is_ok(kinds[i].read(der, &spki, NULL))) {
            return take(&kinds[i], spki, ret, ret_kind, err);
        }
    }
    return pc_fail(err, P11CSR_E_REQUEST, "neither a certificate, nor a request, nor a public key");
}

static struct pc_result read_block(const struct pc_pem_block *block, struct pc_buf *ret,
                                   const char **ret_kind, p11csr_error **err)
{
    const struct pc_span der = {block->data, (size_t)block->len};
    struct pc_span spki = {0};
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].label, block->label) == 0) {
            PC_TRY(kinds[i].read(der, &spki, err));
            return take(&kinds[i], spki, ret, ret_kind, err);
        }
    }
    return pc_fail(err, P11CSR_E_REQUEST,
                   "the PEM block '%s' is neither a certificate, a request nor a public key", block->label);
}

/* Which of several requests is meant nobody says. Of certificates the first counts: its chain follows. */
static struct pc_result check_alone(BIO *bio, p11csr_error **err)
{
    for (;;) {
        struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
        bool end = false;
        PC_TRY(pc_pem_next(bio, P11CSR_E_REQUEST, &block, &end, err));
        if (end) {
            return PC_OK;
        }
        if (strcmp(block.label, PEM_STRING_X509_REQ) == 0 ||
            strcmp(block.label, PEM_STRING_X509_REQ_OLD) == 0) {
            return pc_fail(err, P11CSR_E_REQUEST, "more than one request in one input");
        }
    }
}

static struct pc_result read_pem(struct pc_span input, struct pc_buf *ret, const char **ret_kind,
                                 p11csr_error **err)
{
    struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
    bool end = false;
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(input.ptr, (int)input.len);
    if (bio == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_pem_next(bio, P11CSR_E_REQUEST, &block, &end, err));
    if (end) {
        return pc_fail(err, P11CSR_E_REQUEST, "neither PEM nor DER");
    }
    PC_TRY(read_block(&block, ret, ret_kind, err));
    return strcmp(*ret_kind, "request") == 0 ? check_alone(bio, err) : PC_OK;
}

PC_RESULT pc_key_file_read(struct pc_span input, struct pc_buf *ret_spki, const char **ret_kind,
                           p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    if (input.len == 0 || input.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_REQUEST, "%s", input.len == 0 ? "it is empty" : "it is too large");
    }
    return input.ptr[0] == PC_DER_SEQUENCE ? read_der(input, ret_spki, ret_kind, err)
                                           : read_pem(input, ret_spki, ret_kind, err);
}
