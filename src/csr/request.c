// SPDX-License-Identifier: Apache-2.0
#include "csr/request.h"

#include "alg/signature.h"
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/ext_fields.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"
#include "csr/reading/read.h"

/*
 * RFC 5280 section 4.1.2.6: a request without a subject must not hide its names in an extension that may be
 * ignored.
 */
static struct pc_result check_settled(const struct pc_content *content, p11csr_error **err)
{
    const bool no_subject = content->subject.len == 0 || pc_name_is_empty(pc_buf_span(&content->subject));
    const bool critical = no_subject || content->san_said_critical;
    if (content->san_critical != (critical && pc_content_san_count(content) > 0)) {
        return pc_fail(err, P11CSR_E_INTERNAL, "the content was not settled before it was assembled");
    }
    return PC_OK;
}

/* Fields and lists are filled apart; each extension may be there once, and all have to fit. */
static struct pc_result check_extensions(const struct pc_content *content, p11csr_error **err)
{
    const struct pc_extension_field *field = NULL;
    struct pc_extension other;
    for (size_t i = 0; (field = pc_extension_field_get(i)) != NULL; i++) {
        if (field->wanted(content) && pc_content_get_extension(content, field->oid.oid, &other)) {
            return pc_fail(err, P11CSR_E_EXTENSION,
                           "%s was taken over with a value that nothing can be added to", field->oid.name);
        }
    }
    if (pc_extensions_count(content) > PC_MAX_EXTENSIONS) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d extensions", (int)PC_MAX_EXTENSIONS);
    }
    return PC_OK;
}

PC_RESULT pc_request_assemble(const struct pc_content *content, struct pc_span spki, struct pc_buf *ret,
                              p11csr_error **err)
{
    static const uint8_t empty_name[] = {0x30, 0x00};
    struct pc_der_writer w;
    PC_TRY(check_settled(content, err));
    PC_TRY(check_extensions(content, err));
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_number(&w, 0);
    pc_der_raw(&w, content->subject.len > 0 ? pc_buf_span(&content->subject) : PC_SPAN(empty_name));
    pc_der_raw(&w, spki);
    PC_TRY(pc_attributes_write(content, &w, err));
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

/* Appends what the mechanism is given to sign, unless that is the message itself. */
static struct pc_result prepare_input(const struct pc_crypto *crypto, const struct pc_scheme *scheme,
                                      const struct pc_mech *mech, struct pc_span tbs, struct pc_buf *ret,
                                      p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    const struct pc_digest *row = pc_digest_get(scheme->digest);
    PC_TRY(pc_crypto_digest(crypto, scheme->digest, tbs, digest, err));
    if (mech->input == PC_INPUT_DIGEST_INFO) {
        pc_buf_add_span(ret, row->info_prefix);
    }
    pc_buf_add(ret, digest, row->len);
    return pc_buf_check(ret, err);
}

static struct pc_result sign_by(const struct pc_signing *signing, const struct pc_mech *mech,
                                struct pc_span tbs, struct pc_buf *ret_raw, p11csr_error **err)
{
    const struct pc_signer *signer = signing->signer;
    struct pc_span input = tbs;
    struct pc_buf digest PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&digest, PC_MAX_SIGNATURE);
    if (mech->input != PC_INPUT_MESSAGE) {
        PC_TRY(prepare_input(signing->crypto, signing->scheme, mech, tbs, &digest, err));
        input = pc_buf_span(&digest);
    }
    return signer->ops->sign(signer->self, signing->scheme, mech, input, ret_raw, err);
}

/* Has the signer sign and appends the signature as it stands in a request. */
static struct pc_result sign_info(const struct pc_signing *signing, struct pc_span tbs, struct pc_buf *ret,
                                  p11csr_error **err)
{
    const struct pc_signer *signer = signing->signer;
    const struct pc_mech *mech = NULL;
    const struct pc_mech *other = NULL;
    struct pc_buf raw PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&raw, PC_MAX_SIGNATURE);
    PC_TRY(signer->ops->choose(signer->self, signing->scheme, &mech, err));
    struct pc_result result = sign_by(signing, mech, tbs, &raw, err);
    // A token may list a mechanism that it does not do with this key.
    if (result.code == P11CSR_E_MECHANISM &&
        pc_is_ok(signer->ops->choose(signer->self, signing->scheme, &other, NULL)) && other != mech) {
        p11csr_error_free(err);
        result = sign_by(signing, other, tbs, &raw, err);
    }
    PC_TRY(result);
    return pc_signature_encode(signing->scheme, pc_verifier_key(signing->verifier)->spec, pc_buf_span(&raw),
                               ret, err);
}

PC_RESULT pc_request_sign(const struct pc_signing *signing, struct pc_span tbs, struct pc_buf *ret,
                          p11csr_error **err)
{
    const struct pc_scheme *scheme = signing->scheme;
    const struct pc_public *key = pc_verifier_key(signing->verifier);
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    if (!pc_scheme_fits(scheme, key->spec)) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "signature scheme '%s' is not for keys of the kind '%s'",
                       scheme->name, key->spec->name);
    }
    pc_buf_init(&signature, PC_MAX_SIGNATURE);
    PC_TRY(sign_info(signing, tbs, &signature, err));
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, tbs);
    pc_der_raw(&w, scheme->aid);
    pc_der_bit_string(&w, pc_buf_span(&signature));
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

/* Says of a failure while reading back that it is the finished request which is at fault. */
static struct pc_result unreadable(struct pc_result failure, p11csr_error **err)
{
    if (failure.code != P11CSR_E_REQUEST && failure.code != P11CSR_E_LIMIT && failure.code != P11CSR_E_SAN) {
        return failure;
    }
    const char *why = err != NULL && *err != NULL ? p11csr_error_cause(*err, 0) : NULL;
    char *copy PC_CLEANUP(pc_free_str) = pc_strdup(why != NULL ? why : "");
    return copy == NULL
               ? pc_fail_memory(err)
               : pc_fail(err, P11CSR_E_PROOF_CONTENT, "the finished request cannot be read back: %s", copy);
}

static struct pc_result prove_content(const struct pc_csr *csr, const struct pc_content *asked,
                                      p11csr_error **err)
{
    struct pc_content got PC_CLEANUP(pc_content_done);
    size_t unknown = 0;
    pc_content_init(&got);
    const struct pc_result read = pc_csr_content(csr, &got, &unknown, err);
    if (!pc_is_ok(read)) {
        return unreadable(read, err);
    }
    if (csr->version != 0 || unknown != 0) {
        return pc_fail(err, P11CSR_E_PROOF_CONTENT, "the finished request has %s that was not asked for",
                       csr->version != 0 ? "a version" : "an attribute");
    }
    return pc_content_compare(asked, &got, err);
}

/* Whether the signature verifies; NOT_VERIFIABLE when that cannot be told. */
static struct pc_result check_signature(const struct pc_verifier *verifier, const struct pc_scheme *scheme,
                                        struct pc_span message, struct pc_span signature, bool *ret,
                                        p11csr_error **err)
{
    char kind[32];
    enum pc_verdict verdict = PC_VERDICT_BAD;
    PC_TRY(pc_verifier_check(verifier, scheme, message, signature, &verdict, err));
    if (verdict == PC_VERDICT_UNKNOWN) {
        pc_public_name(pc_verifier_key(verifier), kind, sizeof(kind));
        return pc_fail(err, P11CSR_E_NOT_VERIFIABLE,
                       "this libcrypto does not verify %s with a key of the kind %s", scheme->name, kind);
    }
    *ret = verdict == PC_VERDICT_GOOD;
    return PC_OK;
}

PC_RESULT pc_signing_try(const struct pc_signing *signing, struct pc_span message, bool *ret_is_half,
                         p11csr_error **err)
{
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, PC_MAX_SIGNATURE);
    PC_TRY(sign_info(signing, message, &signature, err));
    return check_signature(signing->verifier, signing->scheme, message, pc_buf_span(&signature), ret_is_half,
                           err);
}

static struct pc_result prove_signature(const struct pc_verifier *verifier, const struct pc_scheme *scheme,
                                        const struct pc_csr *csr, p11csr_error **err)
{
    char kind[32];
    bool good = false;
    PC_TRY(check_signature(verifier, scheme, csr->tbs, csr->signature, &good, err));
    if (!good) {
        pc_public_name(pc_verifier_key(verifier), kind, sizeof(kind));
        return pc_fail(err, P11CSR_E_PROOF_SIGNATURE,
                       "the %s signature does not verify with the token's %s public key: the token, its "
                       "mechanism or the "
                       "public key it shows is suspect",
                       scheme->name, kind);
    }
    return PC_OK;
}

PC_RESULT pc_request_prove(const struct pc_verifier *verifier, const struct pc_content *content,
                           const struct pc_scheme *scheme, struct pc_span request, p11csr_error **err)
{
    struct pc_csr csr;
    const struct pc_result parsed = pc_csr_parse(request, &csr, err);
    if (!pc_is_ok(parsed)) {
        return unreadable(parsed, err);
    }
    if (!pc_span_eq(csr.spki, pc_verifier_spki(verifier))) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "the public key in the finished request is not the one that was asked for");
    }
    if (!pc_span_eq(csr.aid, scheme->aid)) {
        return pc_fail(err, P11CSR_E_PROOF_CONTENT,
                       "the signature algorithm in the finished request is not %s", scheme->name);
    }
    PC_TRY(prove_content(&csr, content, err));
    return prove_signature(verifier, scheme, &csr, err);
}

PC_RESULT pc_request_make(const struct pc_signing *signing, const struct pc_content *content,
                          struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_signer *signer = signing->signer;
    struct pc_buf tbs PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf request PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&tbs, PC_MAX_REQUEST);
    pc_buf_init(&request, PC_MAX_REQUEST);
    const struct pc_span spki = signer->ops->spki(signer->self);
    if (!pc_span_eq(spki, pc_verifier_spki(signing->verifier))) { // before a signature costs a PIN or a touch
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "the public key that belongs to the signing key is not the one that was asked for");
    }
    PC_TRY(pc_request_assemble(content, spki, &tbs, err));
    PC_TRY(pc_request_sign(signing, pc_buf_span(&tbs), &request, err));
    PC_TRY(pc_request_prove(signing->verifier, content, signing->scheme, pc_buf_span(&request), err));
    pc_buf_add_span(ret, pc_buf_span(&request));
    return pc_buf_check(ret, err);
}
