// SPDX-License-Identifier: Apache-2.0
#include "providers/object.h"

#include "base/error.h"
#include "base/limits.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

struct pc_object *pc_object_new(struct pc_provider *provider)
{
    struct pc_object *object = pc_alloc(sizeof(*object));
    if (object != NULL) {
        object->provider = provider;
        atomic_init(&object->references, 1);
        atomic_init(&object->proved, 0);
        pc_buf_init(&object->spki, PC_MAX_SPKI);
    }
    return object;
}

struct pc_object *pc_object_share(struct pc_object *object)
{
    (void)atomic_fetch_add(&object->references, 1);
    return object;
}

void pc_object_free(struct pc_object **object)
{
    if (object == NULL || *object == NULL) {
        return;
    }
    struct pc_object *old = *object;
    *object = NULL;
    if (atomic_fetch_sub(&old->references, 1) > 1) {
        return;
    }
    if (old->held.ops != NULL) {
        PC_KEEP_ERRORS(mark);
        old->held.ops->release(old->held.self);
    }
    EVP_PKEY_free(old->pkey);
    pc_buf_done(&old->spki);
    pc_release(old);
}

PC_RESULT pc_object_fill_public(struct pc_object *object, struct pc_span spki, p11csr_error **err)
{
    PC_KEEP_ERRORS(mark);
    pc_buf_add_span(&object->spki, spki);
    PC_TRY(pc_buf_check(&object->spki, err));
    PC_TRY(pc_public_from_spki(pc_buf_span(&object->spki), &object->public, err));
    const char *type = object->public.spec->ossl_type;
    if (object->type != NULL && strcmp(object->type, type) != 0) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "the key is of type %s, not %s", type, object->type);
    }
    const unsigned char *at = object->spki.ptr;
    object->type = type;
    object->pkey = d2i_PUBKEY_ex(NULL, &at, (long)object->spki.len, object->provider->libctx, NULL);
    return object->pkey != NULL
               ? PC_OK
               : pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "libcrypto does not take the public key");
}

PC_RESULT pc_object_fill(struct pc_object *object, struct pc_held *held, p11csr_error **err)
{
    object->held = *held;
    *held = (struct pc_held){0};
    return pc_object_fill_public(object, object->held.ops->spki(object->held.self), err);
}

bool pc_object_move(struct pc_object *from, struct pc_object *to)
{
    if (to->type != NULL && strcmp(from->type, to->type) != 0) {
        return false;
    }
    to->type = from->type;
    to->held = from->held;
    to->spki = from->spki;
    to->public = from->public;
    to->pkey = from->pkey;
    from->held = (struct pc_held){0};
    from->pkey = NULL;
    pc_buf_init(&from->spki, PC_MAX_SPKI);
    return true;
}

static bool verify_digest(const struct pc_object *object, const struct pc_scheme *scheme,
                          struct pc_span digest, struct pc_span signature)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(object->provider->libctx, object->pkey, NULL);
    bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
    if (good && scheme->family == PC_FAMILY_RSA) {
        good =
            EVP_PKEY_CTX_set_rsa_padding(ctx, scheme->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
    }
    good = good && EVP_PKEY_CTX_set_signature_md(ctx, object->provider->digests[scheme->digest]) == 1;
    if (good && scheme->pss) {
        good = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    good = good && EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest.ptr, digest.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

static bool verify_message(const struct pc_object *object, struct pc_span message, struct pc_span signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool good =
        ctx != NULL &&
        EVP_DigestVerifyInit_ex(ctx, NULL, NULL, object->provider->libctx, NULL, object->pkey, NULL) == 1 &&
        EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

PC_RESULT pc_object_prove(struct pc_object *object, const struct pc_scheme *scheme,
                          const struct pc_mech *mech, struct pc_span digest_or_message,
                          struct pc_span signature, p11csr_error **err)
{
    _Static_assert(PC_SCHEME_COUNT * PC_SCHEME_MECHS <= 64, "a bit for each mechanism of each scheme");
    PC_KEEP_ERRORS(mark);
    const uint64_t bit =
        UINT64_C(1) << ((unsigned)scheme->id * PC_SCHEME_MECHS + (unsigned)(mech - scheme->mechs));
    if (object->provider->proof == PC_PROOF_FIRST && (atomic_load(&object->proved) & bit) != 0) {
        return PC_OK;
    }
    const bool good = scheme->digest == PC_DIGEST_NONE
                          ? verify_message(object, digest_or_message, signature)
                          : verify_digest(object, scheme, digest_or_message, signature);
    if (!good) {
        return pc_fail(err, P11CSR_E_PROOF_SIGNATURE,
                       "what the token signed by %s is not a signature of its public key", scheme->name);
    }
    (void)atomic_fetch_or(&object->proved, bit);
    return PC_OK;
}
