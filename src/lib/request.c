// SPDX-License-Identifier: Apache-2.0
#include "p11csr/request.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/name.h"
#include "csr/content/skid.h"
#include "csr/request.h"
#include "lib/csr.h"
#include "lib/key.h"
#include "lib/log.h"
#include "lib/profile_use.h"
#include "lib/request.h"
#include "lib/request_lint.h"
#include "lib/target.h"
#include "tokens/ckr.h"
#include "tokens/sign.h"

#include <stdio.h>
#include <string.h>

enum { MIN_RSA_BITS = 2048 };

/* A certificate names something: a subject or an alternative name. */
static struct pc_result check_names(const struct pc_content *content, p11csr_error **err)
{
    const bool has_subject = content->subject.len > 0 && !pc_name_is_empty(pc_buf_span(&content->subject));
    if (!has_subject && pc_content_san_count(content) == 0) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_SUBJECT, "there is neither a subject nor an alternative name");
        pc_hint(err, "add --subject 'CN=...' or a name like --dns www.example.com");
        return result;
    }
    return PC_OK;
}

/* Adds the schemes that a key of this kind can be used with to the error. */
static void note_fitting(const struct pc_keyspec *spec, p11csr_error **err)
{
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
        if (pc_scheme_fits(scheme, spec) && !scheme->weak) {
            pc_note(err, "fits: %s", scheme->name);
        }
    }
}

static struct pc_result check_strength(const p11csr_request *request, const struct pc_scheme *scheme,
                                       p11csr_error **err)
{
    if (!scheme->weak || request->allow_weak) {
        return PC_OK;
    }
    const struct pc_result result = pc_fail(err, P11CSR_E_WEAK, "%s: %s", scheme->name, scheme->doc);
    pc_hint(err, "choose another scheme (p11csr algorithms), or add --allow-weak if you must");
    return result;
}

PC_RESULT pc_lib_choose_scheme(const p11csr_request *request, const struct pc_keyspec *spec,
                               const struct pc_scheme **ret, p11csr_error **err)
{
    const struct pc_scheme *usual = pc_scheme_get(spec->scheme);
    enum pc_digest_id digest = request->digest != PC_DIGEST_NONE ? request->digest : request->usual_digest;
    if (digest == PC_DIGEST_NONE || (request->digest == PC_DIGEST_NONE && usual->digest == PC_DIGEST_NONE)) {
        digest = usual->digest;
    }
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
        const bool wanted = request->scheme != NULL ? scheme == request->scheme
                                                    : scheme->digest == digest && scheme->pss == request->pss;
        if (wanted && pc_scheme_fits(scheme, spec)) {
            *ret = scheme;
            return check_strength(request, scheme, err);
        }
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_ALGORITHM, "%s%s%s does not fit a key of type %s",
                request->scheme != NULL ? "the scheme " : "the digest ",
                request->scheme != NULL ? request->scheme->name : pc_digest_get(digest)->name,
                request->scheme == NULL && request->pss ? " with PSS" : "", spec->name);
    note_fitting(spec, err);
    return result;
}

static struct pc_result check(const p11csr_request *request, const char *key_type, p11csr_error **err)
{
    const struct pc_keyspec *spec = NULL;
    PC_TRY(check_names(&request->content, err));
    PC_TRY(pc_profile_check_content(request, err));
    if (key_type == NULL) {
        return PC_OK;
    }
    PC_TRY(pc_keyspec_find(key_type, &spec, err));
    PC_TRY(pc_profile_check_kind(request, spec, err));
    const struct pc_scheme *scheme = NULL;
    return pc_lib_choose_scheme(request, spec, &scheme, err);
}

enum p11csr_code p11csr_request_check(const p11csr_request *request, const char *key_type, p11csr_error **err)
{
    return check(request, key_type, err).code;
}

static struct pc_result check_token(const p11csr_request *request, p11csr_ctx *ctx, const char *token,
                                    const char *key_type, struct p11csr_signature *ret, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_opened *opened = NULL;
    const struct pc_keyspec *spec = NULL;
    const struct pc_scheme *scheme = NULL;
    const struct pc_mech *mech = NULL;
    char fallback[32];
    PC_TRY(pc_keyspec_find(key_type, &spec, err));
    PC_TRY(pc_lib_choose_scheme(request, spec, &scheme, err));
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    PC_TRY(pc_target_open(ctx, &target, &opened, err));
    PC_TRY(pc_profile_check_slot(request, &opened->token, err));
    PC_TRY(pc_token_mechanism(&opened->token, scheme, &mech, err));
    if (ret != NULL) {
        ret->scheme = scheme->name;
        (void)snprintf(ret->mechanism, sizeof(ret->mechanism), "%s", pc_ckm_name(mech->ckm, fallback));
    }
    return PC_OK;
}

enum p11csr_code p11csr_request_check_token(const p11csr_request *request, p11csr_ctx *ctx, const char *token,
                                            const char *key_type, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return pc_frame(check_token(request, lock.ctx, token, key_type, NULL, err), err,
                    "cannot make a request with a key of type %s", key_type)
        .code;
}

enum p11csr_code p11csr_request_get_signature(const p11csr_request *request, p11csr_ctx *ctx,
                                              const char *token, const char *key_type,
                                              struct p11csr_signature *ret, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return pc_frame(check_token(request, lock.ctx, token, key_type, ret, err), err,
                    "cannot make a request with a key of type %s", key_type)
        .code;
}

/* What the key may do and how it is kept, where that matters: the token is asked for it. */
static struct pc_result check_use(const p11csr_request *request, struct p11csr_key *key, p11csr_error **err)
{
    struct pc_token *token = &key->opened->token;
    struct pc_key_protection is;
    PC_TRY(pc_profile_check_slot(request, token, err));
    if (!pc_key_usage_wants_more(request->content.key_usage) && !pc_profile_wants_protection(request)) {
        return PC_OK;
    }
    PC_TRY(pc_key_check_private(key, err));
    PC_TRY(pc_key_protection_read(token, &key->key, &key->opened->login, &is, err));
    PC_TRY(pc_profile_check_protection(request, &is, err));
    return pc_key_usage_check(request->content.key_usage, &is, err);
}

static struct pc_result check_key(const p11csr_request *request, struct p11csr_key *key, p11csr_error **err)
{
    const struct pc_public *public = &key->key.public;
    if (public->spec->family == PC_FAMILY_RSA && public->bits < MIN_RSA_BITS && !request->allow_weak) {
        const struct pc_result result = pc_fail(
            err, P11CSR_E_WEAK, "the key has %u bits; requests are made for RSA keys of %d bits and more",
            public->bits, MIN_RSA_BITS);
        pc_hint(err, "make a stronger one: --generate rsa-3072; or add --allow-weak if you must");
        return result;
    }
    PC_TRY(pc_profile_check_content(request, err));
    PC_TRY(pc_profile_check_kind(request, public->spec, err));
    enum pc_attestation_verdict verdict = PC_ATTESTATION_NONE;
    PC_TRY(pc_lib_check_attestation(request, key, &verdict, err));
    return check_use(request, key, err);
}

/* The key's verifier, made once: it is slow to make. */
static struct pc_result prepare_verifier(struct p11csr_key *key, const struct pc_crypto **ret,
                                         p11csr_error **err)
{
    PC_TRY(pc_ctx_crypto(key->ctx, ret, err));
    if (key->verifier == NULL) {
        PC_TRY(pc_verifier_new(*ret, pc_buf_span(&key->key.spki), &key->verifier, err));
    }
    return PC_OK;
}

/* What this request says of this key; its buffers are borrowed from the request. */
static struct pc_result make_content(const p11csr_request *request, struct p11csr_key *key,
                                     struct pc_content *ret, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    *ret = request->content;
    if (request->skid == PC_SKID_NONE) {
        return PC_OK;
    }
    PC_TRY(pc_ctx_crypto(key->ctx, &crypto, err));
    return pc_skid_compute(crypto, request->skid, pc_buf_span(&key->key.spki), ret, err);
}

PC_RESULT pc_lib_sha256(p11csr_ctx *ctx, struct pc_span bytes, char **ret_hex, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, bytes, digest, err));
    *ret_hex = pc_hex((struct pc_span){digest, pc_digest_get(PC_DIGEST_SHA256)->len});
    return *ret_hex != NULL ? PC_OK : pc_fail_memory(err);
}

PC_RESULT pc_lib_expect(p11csr_request *request, const char *sha256, p11csr_error **err)
{
    struct pc_buf digest PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&digest, PC_MAX_TEXT);
    if (!pc_hex_parse(sha256, &digest) || digest.len != pc_digest_get(PC_DIGEST_SHA256)->len) {
        const struct pc_result result = pc_fail(err, P11CSR_E_VALUE, "'%s' is no SHA-256 in hex", sha256);
        pc_hint(err, "take the one of the plan, 64 hex digits: p11csr plan --help");
        return result;
    }
    char *hex PC_CLEANUP(pc_free_str) = pc_hex(pc_buf_span(&digest));
    if (hex == NULL) {
        return pc_fail_memory(err);
    }
    (void)snprintf(request->expected, sizeof(request->expected), "%s", hex);
    return PC_OK;
}

enum p11csr_code p11csr_request_expect(p11csr_request *request, const char *sha256, p11csr_error **err)
{
    if (sha256 == NULL) {
        request->expected[0] = 0;
        return P11CSR_OK;
    }
    return pc_lib_expect(request, sha256, err).code;
}

/* A request of a plan is for the one key that it names. */
static struct pc_result check_planned_key(const p11csr_request *request, const struct p11csr_key *key,
                                          p11csr_error **err)
{
    char *planned PC_CLEANUP(pc_free_str) = NULL;
    const struct pc_span spki = pc_buf_span(&request->planned_spki);
    if (spki.len == 0 || pc_span_eq(spki, pc_buf_span(&key->key.spki))) {
        return PC_OK;
    }
    PC_TRY(pc_lib_sha256(key->ctx, spki, &planned, err));
    return pc_fail(err, P11CSR_E_NOT_PLANNED,
                   "the plan is for the key whose SubjectPublicKeyInfo has the SHA-256 %s, not %s", planned,
                   key->texts.spki_sha256);
}

/* Before the token is asked for anything: the rules are kept, and what was expected would be signed. */
static struct pc_result check_info(const p11csr_request *request, struct p11csr_key *key, p11csr_error **err)
{
    const struct pc_scheme *scheme = NULL;
    char *is PC_CLEANUP(pc_free_str) = NULL;
    struct pc_buf tbs PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&tbs, PC_MAX_REQUEST);
    if (request->expected[0] == 0 && request->lint == NULL) {
        return PC_OK;
    }
    PC_TRY(pc_lib_assemble(request, key, &tbs, &scheme, err));
    if (request->expected[0] == 0) {
        return PC_OK;
    }
    PC_TRY(pc_lib_sha256(key->ctx, pc_buf_span(&tbs), &is, err));
    return strcmp(is, request->expected) == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_NOT_PLANNED,
                         "the CertificationRequestInfo has the SHA-256 %s, and %s was expected", is,
                         request->expected);
}

PC_RESULT pc_lib_assemble(const p11csr_request *request, struct p11csr_key *key, struct pc_buf *ret,
                          const struct pc_scheme **ret_scheme, p11csr_error **err)
{
    struct pc_content content;
    PC_TRY(check_names(&request->content, err));
    PC_TRY(check_key(request, key, err));
    PC_TRY(check_planned_key(request, key, err));
    PC_TRY(pc_lib_choose_scheme(request, key->key.public.spec, ret_scheme, err));
    PC_TRY(make_content(request, key, &content, err));
    PC_TRY(pc_request_assemble(&content, pc_buf_span(&key->key.spki), ret, err));
    return pc_lib_lint_info(request, key->ctx, pc_buf_span(ret), *ret_scheme, err);
}

static struct pc_result assemble(const p11csr_request *request, struct p11csr_key *key,
                                 unsigned char **ret_info, size_t *ret_len, char **ret_sha256,
                                 p11csr_error **err)
{
    const struct pc_scheme *scheme = NULL;
    char *sha256 PC_CLEANUP(pc_free_str) = NULL;
    struct pc_buf info PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&info, PC_MAX_REQUEST);
    PC_TRY(pc_lib_assemble(request, key, &info, &scheme, err));
    PC_TRY(pc_lib_sha256(key->ctx, pc_buf_span(&info), &sha256, err));
    PC_TRY(pc_buf_take(&info, ret_info, ret_len, err));
    if (ret_sha256 != NULL) {
        *ret_sha256 = sha256;
        sha256 = NULL;
    }
    return PC_OK;
}

enum p11csr_code p11csr_request_assemble(const p11csr_request *request, p11csr_key *key,
                                         unsigned char **ret_info, size_t *ret_len, char **ret_sha256,
                                         p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    return pc_frame(assemble(request, key, ret_info, ret_len, ret_sha256, err), err,
                    "cannot assemble a request for key '%s'", key->texts.uri)
        .code;
}

static struct pc_result sign(const p11csr_request *request, struct p11csr_key *key, p11csr_csr **ret,
                             p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    const struct pc_scheme *scheme = NULL;
    struct pc_token_signer token_signer PC_CLEANUP(pc_token_signer_done) = {0};
    struct pc_signer signer;
    struct pc_content content;
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    char fallback[32];
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(check_names(&request->content, err));
    PC_TRY(pc_key_check_private(key, err));
    PC_TRY(check_key(request, key, err));
    PC_TRY(check_planned_key(request, key, err));
    PC_TRY(pc_lib_choose_scheme(request, key->key.public.spec, &scheme, err));
    PC_TRY(check_info(request, key, err));
    PC_TRY(prepare_verifier(key, &crypto, err));
    PC_TRY(pc_token_signer_init(&token_signer, &key->opened->token, &key->key, &key->opened->login, &signer,
                                err));
    const struct pc_signing signing = {
        .crypto = crypto, .verifier = key->verifier, .signer = &signer, .scheme = scheme};
    pc_opened_touch(key->ctx, key->opened);
    PC_TRY(make_content(request, key, &content, err));
    const struct pc_result made = pc_request_make(&signing, &content, &der, err);
    if (made.code == P11CSR_E_PROOF_SIGNATURE && token_signer.used != NULL) {
        pc_note(err, "signed by %s; the public key is from: %s",
                pc_ckm_name(token_signer.used->ckm, fallback), pc_pubkey_source_name(key->key.source));
    }
    PC_TRY(made);
    PC_TRY(pc_csr_object_new(&der, ret, err));
    (*ret)->scheme = scheme->name;
    (*ret)->subject_is_given = request->subject_is_given;
    (void)snprintf((*ret)->mechanism, sizeof((*ret)->mechanism), "%s",
                   pc_ckm_name(token_signer.used->ckm, fallback));
    return PC_OK;
}

static void csr_cleanup(p11csr_csr **csr)
{
    p11csr_csr_free(csr);
}

/* The request is released when its line is in the log. */
static struct pc_result sign_and_log(const p11csr_request *request, struct p11csr_key *key, p11csr_csr **ret,
                                     p11csr_error **err)
{
    p11csr_csr *csr PC_CLEANUP(csr_cleanup) = NULL;
    char *tbs PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_log_open(key->ctx, err));
    struct pc_result result = sign(request, key, &csr, err);
    if (key->ctx->log_fd >= 0) {
        if (pc_is_ok(result)) {
            result = pc_lib_sha256(key->ctx, csr->parts.tbs, &tbs, err);
        }
        const struct pc_log_line line = {.event = pc_is_ok(result) ? "request-signed" : "request-refused",
                                         .token = key->texts.token,
                                         .key = key->texts.uri,
                                         .spki_sha256 = key->texts.spki_sha256,
                                         .tbs_sha256 = tbs,
                                         .outcome = result.code};
        result = pc_log_finish(key->ctx, &line, result, err);
    }
    PC_TRY(result);
    *ret = csr;
    csr = NULL;
    return PC_OK;
}

enum p11csr_code p11csr_request_sign(const p11csr_request *request, p11csr_key *key, p11csr_csr **ret_csr,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    const struct p11csr_key_info *info = &key->texts.info;
    return pc_frame(sign_and_log(request, key, ret_csr, err), err,
                    "cannot make a request for key '%s' on token '%s'",
                    info->label[0] != 0 ? info->label : info->id, info->token)
        .code;
}
