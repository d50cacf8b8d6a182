// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "providers/signing.h"

/*
 * Verifying with a key of ours: programs do it with the key they sign with. It is libcrypto's own work with
 * the public half, in the provider's own library context.
 */

static struct pc_result begin(struct pc_signing *signing, struct pc_object *object, p11csr_error **err)
{
    return pc_signing_begin(signing, object, NULL, NULL, err);
}

static int report(struct pc_signing *signing, bool good, p11csr_error **err)
{
    return good ? 1
                : pc_provider_answer(signing->provider,
                                     pc_fail(err, P11CSR_E_ALGORITHM, "libcrypto cannot verify so"), err);
}

int pc_verify_init(void *data, void *key, const OSSL_PARAM params[])
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    const struct pc_result begun = begin(signing, key, &err);
    if (!pc_is_ok(begun)) {
        return pc_provider_answer(signing->provider, begun, &err);
    }
    signing->verifier = EVP_PKEY_CTX_new_from_pkey(signing->provider->libctx, signing->object->pkey, NULL);
    const bool good = signing->verifier != NULL && EVP_PKEY_verify_init_ex(signing->verifier, params) == 1;
    return report(signing, good, &err);
}

int pc_verify(void *data, const unsigned char *signature, size_t signature_len, const unsigned char *hashed,
              size_t hashed_len)
{
    struct pc_signing *signing = data;
    return EVP_PKEY_verify(signing->verifier, signature, signature_len, hashed, hashed_len) == 1 ? 1 : 0;
}

int pc_digest_verify_init(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct pc_signing *signing = data;
    p11csr_error *err = NULL;
    const struct pc_result begun = begin(signing, key, &err);
    if (!pc_is_ok(begun)) {
        return pc_provider_answer(signing->provider, begun, &err);
    }
    signing->verifying = EVP_MD_CTX_new();
    const bool good =
        signing->verifying != NULL &&
        EVP_DigestVerifyInit_ex(signing->verifying, &signing->verifier, digest, signing->provider->libctx,
                                NULL, signing->object->pkey, params) == 1;
    return report(signing, good, &err);
}

int pc_digest_verify_update(void *data, const unsigned char *part, size_t len)
{
    struct pc_signing *signing = data;
    return EVP_DigestVerifyUpdate(signing->verifying, part, len);
}

int pc_digest_verify_final(void *data, const unsigned char *signature, size_t signature_len)
{
    struct pc_signing *signing = data;
    return EVP_DigestVerifyFinal(signing->verifying, signature, signature_len) == 1 ? 1 : 0;
}

int pc_digest_verify(void *data, const unsigned char *signature, size_t signature_len,
                     const unsigned char *message, size_t len)
{
    struct pc_signing *signing = data;
    return EVP_DigestVerify(signing->verifying, signature, signature_len, message, len) == 1 ? 1 : 0;
}
