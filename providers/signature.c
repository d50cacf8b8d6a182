// SPDX-License-Identifier: Apache-2.0
#include "alg/signature.h"

#include "base/error.h"
#include "base/limits.h"
#include "providers/signing.h"

#include <openssl/core_names.h>
#include <string.h>

enum { MAX_MESSAGE = 4 << 20, MAX_INFO = 32 + 64 };

static void *new_context(void *data, const char *properties)
{
    struct pc_signing *signing = pc_alloc(sizeof(*signing));
    (void)properties;
    if (signing != NULL) {
        signing->provider = data;
        pc_buf_init(&signing->message, MAX_MESSAGE);
    }
    return signing;
}

void pc_signing_end_verifying(struct pc_signing *signing)
{
    if (signing->verifying == NULL) {
        EVP_PKEY_CTX_free(signing->verifier);
    }
    EVP_MD_CTX_free(signing->verifying);
    signing->verifying = NULL;
    signing->verifier = NULL;
}

static void free_context(void *data)
{
    struct pc_signing *signing = data;
    if (signing != NULL) {
        pc_signing_end_verifying(signing);
        EVP_MD_CTX_free(signing->hash);
        pc_buf_done(&signing->message);
        pc_object_free(&signing->object);
        pc_release(signing);
    }
}

static bool copy_parts(const struct pc_signing *from, struct pc_signing *to)
{
    to->object = from->object != NULL ? pc_object_share(from->object) : NULL;
    to->hash = from->hash != NULL ? EVP_MD_CTX_new() : NULL;
    pc_buf_add_span(&to->message, pc_buf_span(&from->message));
    if (from->verifying != NULL) {
        to->verifying = EVP_MD_CTX_new();
        if (to->verifying == NULL || EVP_MD_CTX_copy_ex(to->verifying, from->verifying) != 1) {
            return false;
        }
        to->verifier = EVP_MD_CTX_get_pkey_ctx(to->verifying);
    } else if (from->verifier != NULL) {
        to->verifier = EVP_PKEY_CTX_dup(from->verifier);
        if (to->verifier == NULL) {
            return false;
        }
    }
    return (from->hash == NULL || (to->hash != NULL && EVP_MD_CTX_copy_ex(to->hash, from->hash) == 1)) &&
           pc_is_ok(pc_buf_check(&to->message, NULL));
}

static void *dup_context(void *data)
{
    const struct pc_signing *from = data;
    struct pc_signing *to = new_context(from->provider, NULL);
    if (to == NULL) {
        return NULL;
    }
    to->digest = from->digest;
    to->pss = from->pss;
    to->by_digest = from->by_digest;
    to->too_long = from->too_long;
    if (!copy_parts(from, to)) {
        free_context(to);
        return NULL;
    }
    return to;
}

PC_RESULT pc_signing_begin(struct pc_signing *signing, struct pc_object *object, const char *digest,
                           const OSSL_PARAM params[], p11csr_error **err)
{
    pc_signing_end_verifying(signing);
    signing->message.len = 0;
    signing->too_long = false;
    if (object != NULL && object != signing->object) {
        pc_object_free(&signing->object);
        signing->object = pc_object_share(object);
        signing->pss = false;
    }
    if (signing->object == NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "there is no key to use");
    }
    PC_TRY(pc_provider_digest(signing->provider, digest, &signing->digest, err));
    return pc_signing_set(signing, params, err);
}

static struct pc_result check_private(const struct pc_signing *signing, p11csr_error **err)
{
    return signing->object->held.ops != NULL
               ? PC_OK
               : pc_fail(err, P11CSR_E_KEY_USE, "it is a public key, and cannot sign");
}

/* The running hash, for schemes that have one. */
static struct pc_result begin_hash(struct pc_signing *signing, p11csr_error **err)
{
    const struct pc_keyspec *spec = signing->object->public.spec;
    signing->by_digest = true;
    if (signing->digest == PC_DIGEST_NONE) {
        signing->digest = pc_scheme_get(spec->scheme)->digest;
    }
    if (signing->digest == PC_DIGEST_NONE) {
        return PC_OK;
    }
    const struct pc_scheme *scheme = NULL;
    PC_TRY(pc_signing_scheme(signing, 0, &scheme, err));
    if (signing->hash == NULL) {
        signing->hash = EVP_MD_CTX_new();
    }
    return signing->hash != NULL &&
                   EVP_DigestInit_ex2(signing->hash, signing->provider->digests[signing->digest], NULL) == 1
               ? PC_OK
               : pc_fail_memory(err);
}

static struct pc_result digest_sign_begin(struct pc_signing *signing, const char *digest,
                                          struct pc_object *object, const OSSL_PARAM params[],
                                          p11csr_error **err)
{
    PC_TRY(pc_signing_begin(signing, object, digest, params, err));
    PC_TRY(check_private(signing, err));
    return begin_hash(signing, err);
}

static int digest_sign_init(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    return pc_provider_answer(signing->provider, digest_sign_begin(signing, digest, key, params, &err), &err);
}

static struct pc_result sign_begin(struct pc_signing *signing, struct pc_object *object,
                                   const OSSL_PARAM params[], p11csr_error **err)
{
    PC_TRY(pc_signing_begin(signing, object, NULL, params, err));
    signing->by_digest = false;
    return check_private(signing, err);
}

static int sign_init(void *data, void *key, const OSSL_PARAM params[])
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    return pc_provider_answer(signing->provider, sign_begin(signing, key, params, &err), &err);
}

static int digest_sign_update(void *data, const unsigned char *part, size_t len)
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    if (signing->digest != PC_DIGEST_NONE && EVP_DigestUpdate(signing->hash, part, len) != 1) {
        return pc_provider_answer(signing->provider, pc_fail(&err, P11CSR_E_INTERNAL, "EVP_DigestUpdate"),
                                  &err);
    }
    if (signing->too_long || len > MAX_MESSAGE - signing->message.len) {
        signing->too_long = true;
        return 1;
    }
    pc_buf_add(&signing->message, part, len);
    return pc_provider_answer(signing->provider, pc_buf_check(&signing->message, &err), &err);
}

/* What is to be signed, as far as it is known: a token takes one or the other. */
struct subject {
    struct pc_span digest;  /* empty: the scheme has none */
    struct pc_span message; /* ptr NULL: only the digest came, or it was too long to be kept */
};

static struct pc_result choose(const struct pc_signing *signing, const struct pc_scheme *scheme,
                               const struct subject *subject, const struct pc_mech **ret, p11csr_error **err)
{
    const struct pc_held *held = &signing->object->held;
    if (scheme->digest != PC_DIGEST_NONE) {
        const struct pc_result result = held->ops->choose(held->self, scheme, true, ret, err);
        if (result.code != P11CSR_E_MECHANISM || (subject->message.ptr == NULL && !signing->too_long)) {
            return result;
        }
        p11csr_error_free(err);
    }
    PC_TRY(held->ops->choose(held->self, scheme, false, ret, err));
    if (subject->message.ptr == NULL) {
        return pc_fail(err, P11CSR_E_LIMIT,
                       "the token hashes what it signs by %s itself, and p11csr hands it %d MiB at most",
                       scheme->name, MAX_MESSAGE >> 20);
    }
    return PC_OK;
}

static struct pc_result sign_by(const struct pc_signing *signing, const struct pc_scheme *scheme,
                                const struct pc_mech *mech, const struct subject *subject, struct pc_buf *ret,
                                p11csr_error **err)
{
    const struct pc_held *held = &signing->object->held;
    uint8_t info[MAX_INFO];
    struct pc_span input = mech->input == PC_INPUT_MESSAGE ? subject->message : subject->digest;
    if (mech->input == PC_INPUT_DIGEST_INFO) {
        const struct pc_span prefix = pc_digest_get(scheme->digest)->info_prefix;
        if (prefix.ptr == NULL || subject->digest.ptr == NULL ||
            prefix.len + subject->digest.len > sizeof(info)) {
            return pc_fail(err, P11CSR_E_INTERNAL, "DigestInfo of %s", scheme->name);
        }
        memcpy(info, prefix.ptr, prefix.len);
        memcpy(info + prefix.len, subject->digest.ptr, subject->digest.len);
        input = (struct pc_span){info, prefix.len + subject->digest.len};
    }
    ret->len = 0;
    return held->ops->sign(held->self, scheme, mech, input, ret, err);
}

/* Signs by the mechanism that the holder chooses, by another one where it turns out that that is refused. */
static struct pc_result sign_raw(const struct pc_signing *signing, const struct pc_scheme *scheme,
                                 const struct subject *subject, const struct pc_mech **ret_mech,
                                 struct pc_buf *ret, p11csr_error **err)
{
    PC_KEEP_ERRORS(mark); // a PKCS#11 module that uses libcrypto leaves its own behind
    const struct pc_mech *mech = NULL;
    const struct pc_mech *other = NULL;
    PC_TRY(choose(signing, scheme, subject, &mech, err));
    struct pc_result result = sign_by(signing, scheme, mech, subject, ret, err);
    if (result.code == P11CSR_E_MECHANISM && pc_is_ok(choose(signing, scheme, subject, &other, NULL)) &&
        other != mech) {
        p11csr_error_free(err);
        mech = other;
        result = sign_by(signing, scheme, mech, subject, ret, err);
    }
    *ret_mech = mech;
    return result;
}

/* Signatures that are handed on as they are have one length. */
static struct pc_result check_length(const struct pc_signing *signing, const struct pc_scheme *scheme,
                                     const struct pc_buf *raw, p11csr_error **err)
{
    const size_t expected = (size_t)EVP_PKEY_get_size(signing->object->pkey);
    if (scheme->encoding != PC_SIG_AS_IS || raw->len == expected) {
        return PC_OK;
    }
    return pc_fail(err, P11CSR_E_PROOF_SIGNATURE, "the token's signature has %zu bytes, not %zu", raw->len,
                   expected);
}

static struct pc_result make(struct pc_signing *signing, const struct pc_scheme *scheme,
                             const struct subject *subject, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_mech *mech = NULL;
    struct pc_buf raw PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&raw, PC_MAX_SIGNATURE);
    PC_TRY(sign_raw(signing, scheme, subject, &mech, &raw, err));
    PC_TRY(check_length(signing, scheme, &raw, err));
    PC_TRY(pc_signature_encode(scheme, signing->object->public.spec, pc_buf_span(&raw), ret, err));
    const struct pc_span proved = scheme->digest == PC_DIGEST_NONE ? subject->message : subject->digest;
    return pc_object_prove(signing->object, scheme, mech, proved, pc_buf_span(ret), err);
}

/* Where a signature goes. */
struct place {
    unsigned char *to;
    size_t room;
    size_t *ret_len;
};

/* A signature of `subject`; `hashed_len` as for pc_signing_scheme(). */
static struct pc_result hand_over(struct pc_signing *signing, size_t hashed_len,
                                  const struct subject *subject, const struct place *place,
                                  p11csr_error **err)
{
    const struct pc_scheme *scheme = NULL;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    const size_t most = (size_t)EVP_PKEY_get_size(signing->object->pkey);
    pc_buf_init(&signature, PC_MAX_SIGNATURE);
    if (place->room < most) {
        return pc_fail(err, P11CSR_E_LIMIT, "there is room for %zu bytes; a signature has up to %zu",
                       place->room, most);
    }
    PC_TRY(pc_signing_scheme(signing, hashed_len, &scheme, err));
    PC_TRY(make(signing, scheme, subject, &signature, err));
    if (signature.len > place->room) {
        return pc_fail(err, P11CSR_E_PROOF_SIGNATURE, "the signature has %zu bytes, more than %zu",
                       signature.len, most);
    }
    memcpy(place->to, signature.ptr, signature.len);
    *place->ret_len = signature.len;
    return PC_OK;
}

/* How much room a signature may take; the token is not asked. */
static int tell_size(const struct pc_signing *signing, size_t *ret_len)
{
    *ret_len = (size_t)EVP_PKEY_get_size(signing->object->pkey);
    return 1;
}

/* Hashes what is left, and signs. */
static struct pc_result finish(struct pc_signing *signing, struct pc_span message, const struct place *place,
                               p11csr_error **err)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (signing->digest != PC_DIGEST_NONE && EVP_DigestFinal_ex(signing->hash, digest, &len) != 1) {
        return pc_fail(err, P11CSR_E_INTERNAL, "EVP_DigestFinal_ex");
    }
    const struct subject subject = {.digest = {digest, len}, .message = message};
    if (signing->digest == PC_DIGEST_NONE && message.ptr == NULL) {
        return pc_fail(err, P11CSR_E_LIMIT,
                       "more than %d MiB in parts cannot be signed with a key of type %s", MAX_MESSAGE >> 20,
                       signing->object->type);
    }
    return hand_over(signing, 0, &subject, place, err);
}

/* Bytes that have come, if there are none too: a NULL says that they are not known. */
static struct pc_span come(const unsigned char *bytes, size_t len)
{
    static const uint8_t none[1];
    const struct pc_span nothing = {none, 0};
    const struct pc_span all = {bytes, len};
    return bytes != NULL ? all : nothing;
}

static int digest_sign_final(void *data, unsigned char *to, size_t *ret_len, size_t room)
{
    struct pc_signing *signing = data;
    const struct place place = {.to = to, .room = room, .ret_len = ret_len};
    p11csr_error *err = NULL;
    if (to == NULL) {
        return tell_size(signing, ret_len);
    }
    const struct pc_span none = {0};
    const struct pc_span message =
        signing->too_long ? none : come(signing->message.ptr, signing->message.len);
    return pc_provider_answer(signing->provider, finish(signing, message, &place, &err), &err);
}

static int digest_sign(void *data, unsigned char *to, size_t *ret_len, size_t room,
                       const unsigned char *message, size_t len)
{
    struct pc_signing *signing = data;
    const struct place place = {.to = to, .room = room, .ret_len = ret_len};
    p11csr_error *err = NULL;
    if (to == NULL) {
        return tell_size(signing, ret_len);
    }
    if (signing->message.len > 0 || signing->too_long) { // the last part of several
        return digest_sign_update(data, message, len) == 1 ? digest_sign_final(data, to, ret_len, room) : 0;
    }
    if (signing->digest != PC_DIGEST_NONE && EVP_DigestUpdate(signing->hash, message, len) != 1) {
        return pc_provider_answer(signing->provider, pc_fail(&err, P11CSR_E_INTERNAL, "EVP_DigestUpdate"),
                                  &err);
    }
    const struct pc_span whole = come(message, len);
    return pc_provider_answer(signing->provider, finish(signing, whole, &place, &err), &err);
}

/* What comes is the digest; of keys whose schemes have none, the message. */
static int sign(void *data, unsigned char *to, size_t *ret_len, size_t room, const unsigned char *hashed,
                size_t len)
{
    struct pc_signing *signing = data;
    const struct place place = {.to = to, .room = room, .ret_len = ret_len};
    p11csr_error *err = NULL;
    if (to == NULL) {
        return tell_size(signing, ret_len);
    }
    const bool takes_message = pc_scheme_get(signing->object->public.spec->scheme)->digest == PC_DIGEST_NONE;
    const struct pc_span none = {0};
    const struct pc_span bytes = come(hashed, len);
    const struct subject subject = {.digest = takes_message ? none : bytes,
                                    .message = takes_message ? bytes : none};
    return pc_provider_answer(signing->provider,
                              hand_over(signing, takes_message ? 0 : len, &subject, &place, &err), &err);
}

static int set_params(void *data, const OSSL_PARAM params[])
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    return pc_provider_answer(signing->provider, pc_signing_set(signing, params, &err), &err);
}

static int get_params(void *data, OSSL_PARAM params[])
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    return pc_provider_answer(signing->provider, pc_signing_get(signing, params, &err), &err);
}

static const OSSL_PARAM *settable_params(void *data, void *provider)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)data;
    (void)provider;
    return known;
}

static const OSSL_PARAM *gettable_params(void *data, void *provider)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)data;
    (void)provider;
    return known;
}

static const OSSL_DISPATCH functions[] = {
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_NEWCTX, new_context),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_FREECTX, free_context),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DUPCTX, dup_context),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_SIGN, sign),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, digest_sign_init),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, digest_sign_update),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, digest_sign_final),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, digest_sign),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_VERIFY_INIT, pc_verify_init),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_VERIFY, pc_verify),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, pc_digest_verify_init),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, pc_digest_verify_update),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, pc_digest_verify_final),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, pc_digest_verify),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_params),
    PC_DISPATCH(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable_params),
    PC_DISPATCH_END,
};

const OSSL_ALGORITHM pc_signature_algorithms[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PC_PROPERTIES, functions, "RSA signatures by a token"},
    {"ECDSA", PC_PROPERTIES, functions, "ECDSA signatures by a token"},
    {"ED25519:1.3.101.112", PC_PROPERTIES, functions, "Ed25519 signatures by a token"},
    {"ED448:1.3.101.113", PC_PROPERTIES, functions, "Ed448 signatures by a token"},
    {PC_NAMES_ML_DSA_44, PC_PROPERTIES, functions, "ML-DSA-44 signatures by a token"},
    {PC_NAMES_ML_DSA_65, PC_PROPERTIES, functions, "ML-DSA-65 signatures by a token"},
    {PC_NAMES_ML_DSA_87, PC_PROPERTIES, functions, "ML-DSA-87 signatures by a token"},
    {NULL, NULL, NULL, NULL},
};
