// SPDX-License-Identifier: Apache-2.0
#include "lib/csr.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/describe.h"
#include "csr/reading/pem.h"
#include "csr/reading/possession.h"
#include "csr/reading/verify.h"
#include "lib/context.h"
#include "lib/json.h"

/* `input`: what others wrote; NULL: it was made here. */
static struct pc_result object_new(struct pc_buf *der, const struct pc_span *input, p11csr_csr **ret,
                                   p11csr_error **err)
{
    struct p11csr_csr *csr = pc_alloc(sizeof(*csr));
    if (csr == NULL) {
        return pc_fail_memory(err);
    }
    csr->der = *der;
    pc_buf_init(der, der->max);
    pc_der_faults_init(&csr->faults);
    struct pc_result result = pc_csr_parse_tolerantly(pc_buf_span(&csr->der),
                                                      input != NULL ? &csr->faults : NULL, &csr->parts, err);
    if (pc_is_ok(result) && input != NULL) {
        result = pc_pem_judge(*input, &csr->faults, err);
    }
    if (!pc_is_ok(result)) {
        p11csr_csr_free(&csr);
        return result;
    }
    *ret = csr;
    return PC_OK;
}

PC_RESULT pc_csr_object_new(struct pc_buf *der, p11csr_csr **ret, p11csr_error **err)
{
    return object_new(der, NULL, ret, err);
}

enum p11csr_code p11csr_csr_read(const void *data, size_t len, p11csr_csr **ret_csr, p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&der, PC_MAX_REQUEST);
    const struct pc_span input = {data, len};
    struct pc_result result = pc_csr_decode_input(input, &der, err);
    if (pc_is_ok(result)) {
        result = object_new(&der, &input, ret_csr, err);
    }
    return result.code;
}

void p11csr_csr_free(p11csr_csr **csr)
{
    if (csr != NULL && *csr != NULL) {
        pc_buf_done(&(*csr)->der);
        pc_der_faults_done(&(*csr)->faults);
        pc_release(*csr);
        *csr = NULL;
    }
}

const unsigned char *p11csr_csr_get_der(const p11csr_csr *csr, size_t *ret_len)
{
    *ret_len = csr->der.len;
    return csr->der.ptr;
}

enum p11csr_code p11csr_csr_to_pem(const p11csr_csr *csr, char **ret_pem, p11csr_error **err)
{
    struct pc_buf pem PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&pem, (size_t)2 * PC_MAX_REQUEST);
    struct pc_result result = pc_csr_encode_pem(pc_buf_span(&csr->der), &pem, err);
    if (pc_is_ok(result)) {
        result = pc_buf_take_text(&pem, ret_pem, err);
    }
    return result.code;
}

static struct pc_result to_json(p11csr_ctx *ctx, const p11csr_csr *csr, char **ret_json, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    json_t *tree PC_CLEANUP(pc_json_free) = NULL;
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_csr_describe(crypto, &csr->parts, &tree, err));
    return pc_json_take_text(tree, ret_json, err);
}

enum p11csr_code p11csr_csr_to_json(p11csr_ctx *ctx, const p11csr_csr *csr, char **ret_json,
                                    p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return to_json(lock.ctx, csr, ret_json, err).code;
}

/* Hands out what was found. */
static struct pc_result tell(struct pc_result result, enum pc_verdict found, const char *why,
                             enum p11csr_verdict *ret_verdict, const char **ret_why)
{
    static const enum p11csr_verdict verdicts[] = {[PC_VERDICT_GOOD] = P11CSR_VERDICT_GOOD,
                                                   [PC_VERDICT_BAD] = P11CSR_VERDICT_BAD,
                                                   [PC_VERDICT_UNKNOWN] = P11CSR_VERDICT_UNKNOWN};
    if (pc_is_ok(result)) {
        *ret_verdict = verdicts[found];
    }
    if (pc_is_ok(result) && ret_why != NULL) {
        *ret_why = found == PC_VERDICT_GOOD ? NULL : why;
    }
    return result;
}

enum p11csr_code p11csr_csr_verify(p11csr_ctx *ctx, const p11csr_csr *csr, enum p11csr_verdict *ret_verdict,
                                   const char **ret_why, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    const struct pc_crypto *crypto = NULL;
    enum pc_verdict found = PC_VERDICT_UNKNOWN;
    const char *why = NULL;
    struct pc_result result = pc_ctx_crypto(lock.ctx, &crypto, err);
    if (pc_is_ok(result)) {
        result = pc_csr_verify(crypto, &csr->parts, &found, &why, err);
    }
    return tell(result, found, why, ret_verdict, ret_why).code;
}

int p11csr_csr_names_signer(const p11csr_csr *csr)
{
    struct pc_possession statement;
    bool there = false;
    const struct pc_result found = pc_possession_find(&csr->parts, &statement, &there, NULL);
    return pc_is_ok(found) && there ? 1 : 0;
}

static struct pc_result verify_by(p11csr_ctx *ctx, const struct pc_csr *csr, struct pc_span signer,
                                  enum pc_verdict *ret, const char **ret_why, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_certificate *certificate PC_CLEANUP(pc_certificate_free) = NULL;
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    if (!pc_is_ok(pc_pem_find_certificate(signer, &der, NULL))) {
        return pc_fail(err, P11CSR_E_CERTIFICATE, "neither PEM nor DER of a certificate");
    }
    PC_TRY(pc_certificate_new(crypto, pc_buf_span(&der), &certificate, err));
    return pc_csr_verify_by(crypto, csr, certificate, ret, ret_why, err);
}

enum p11csr_code p11csr_csr_verify_by(p11csr_ctx *ctx, const p11csr_csr *csr,
                                      const struct p11csr_bytes *signer, enum p11csr_verdict *ret_verdict,
                                      const char **ret_why, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    enum pc_verdict found = PC_VERDICT_UNKNOWN;
    const char *why = NULL;
    const struct pc_result result =
        verify_by(lock.ctx, &csr->parts, (struct pc_span){signer->data, signer->len}, &found, &why, err);
    return tell(result, found, why, ret_verdict, ret_why).code;
}

const char *p11csr_csr_get_scheme(const p11csr_csr *csr)
{
    return csr->scheme;
}

const char *p11csr_csr_get_mechanism(const p11csr_csr *csr)
{
    return csr->scheme != NULL ? csr->mechanism : NULL;
}
