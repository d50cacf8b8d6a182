// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/text.h"
#include "providers/signing.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

/* What libcrypto may say and ask about a signature: digest, padding, salt, AlgorithmIdentifier. */

/* A number of libcrypto's and the word that goes for it. */
struct word {
    int number;
    const char *text;
};

static const struct word paddings[] = {{RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15},
                                       {RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS},
                                       {RSA_NO_PADDING, OSSL_PKEY_RSA_PAD_MODE_NONE},
                                       {RSA_X931_PADDING, OSSL_PKEY_RSA_PAD_MODE_X931}};

/* "auto-digestmax" came with 3.1. */
enum { SALT_AUTO_DIGEST_MAX = -4 };
static const struct word salts[] = {{RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST},
                                    {RSA_PSS_SALTLEN_AUTO, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO},
                                    {RSA_PSS_SALTLEN_MAX, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX},
                                    {SALT_AUTO_DIGEST_MAX, "auto-digestmax"}};

/* A parameter that comes as a number, as one of the words, or as a number in digits. */
static bool read_word(const OSSL_PARAM *param, const struct word *words, size_t count, int *ret)
{
    const char *text = NULL;
    unsigned long number = 0;
    if (param->data_type == OSSL_PARAM_INTEGER || param->data_type == OSSL_PARAM_UNSIGNED_INTEGER) {
        return OSSL_PARAM_get_int(param, ret) == 1;
    }
    if (OSSL_PARAM_get_utf8_string_ptr(param, &text) != 1 || text == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i].text) == 0) {
            *ret = words[i].number;
            return true;
        }
    }
    const bool is_number = pc_parse_number(text, 65536, &number);
    *ret = (int)number;
    return is_number;
}

static int write_word(OSSL_PARAM *param, const struct word *words, size_t count, int number)
{
    for (size_t i = 0; i < count && param->data_type == OSSL_PARAM_UTF8_STRING; i++) {
        if (words[i].number == number) {
            return OSSL_PARAM_set_utf8_string(param, words[i].text);
        }
    }
    return OSSL_PARAM_set_int(param, number);
}

static struct pc_result set_padding(struct pc_signing *signing, const OSSL_PARAM *param, p11csr_error **err)
{
    int padding = 0;
    const bool known = read_word(param, paddings, PC_ARRAY_LEN(paddings), &padding);
    if (!known || signing->object->public.spec->family != PC_FAMILY_RSA ||
        (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING)) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED,
                       "p11csr knows the paddings pkcs1 and pss of RSA keys, not this one (%d)", padding);
    }
    signing->pss = padding == RSA_PKCS1_PSS_PADDING;
    return PC_OK;
}

/* Of a length that the verifier is to find out we make the usual one, that of the digest. */
static struct pc_result set_salt(const struct pc_signing *signing, const OSSL_PARAM *param,
                                 p11csr_error **err)
{
    int salt = 0;
    const bool known = read_word(param, salts, PC_ARRAY_LEN(salts), &salt);
    const int digest_len = (int)pc_digest_get(signing->digest)->len;
    if (known && (salt == RSA_PSS_SALTLEN_DIGEST || salt == RSA_PSS_SALTLEN_AUTO ||
                  salt == SALT_AUTO_DIGEST_MAX || (digest_len > 0 && salt == digest_len))) {
        return PC_OK;
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_UNSUPPORTED, "p11csr signs with a salt as long as the digest only");
    pc_hint(err, "set rsa_pss_saltlen to digest");
    return result;
}

static struct pc_result read_digest(const struct pc_signing *signing, const OSSL_PARAM *param,
                                    enum pc_digest_id *ret, p11csr_error **err)
{
    const char *name = NULL;
    if (OSSL_PARAM_get_utf8_string_ptr(param, &name) != 1) {
        return pc_fail(err, P11CSR_E_VALUE, "the name of a digest is no text");
    }
    return pc_provider_digest(signing->provider, name, ret, err);
}

static struct pc_result set_digest(struct pc_signing *signing, const OSSL_PARAM *param, p11csr_error **err)
{
    enum pc_digest_id digest = PC_DIGEST_NONE;
    PC_TRY(read_digest(signing, param, &digest, err));
    if (signing->by_digest && digest != signing->digest) {
        return pc_fail(err, P11CSR_E_USAGE, "the message is being hashed with %s already",
                       pc_digest_get(signing->digest)->name);
    }
    signing->digest = digest;
    return PC_OK;
}

static struct pc_result set_mgf(const struct pc_signing *signing, const OSSL_PARAM *param, p11csr_error **err)
{
    enum pc_digest_id digest = PC_DIGEST_NONE;
    PC_TRY(read_digest(signing, param, &digest, err));
    if (signing->digest == PC_DIGEST_NONE || digest == signing->digest) {
        return PC_OK;
    }
    return pc_fail(err, P11CSR_E_UNSUPPORTED,
                   "p11csr signs with the mask generation's digest being the message's");
}

PC_RESULT pc_signing_set(struct pc_signing *signing, const OSSL_PARAM params[], p11csr_error **err)
{
    if (params == NULL || signing->object == NULL) {
        return PC_OK;
    }
    if (signing->verifier != NULL) {
        return EVP_PKEY_CTX_set_params(signing->verifier, params) == 1
                   ? PC_OK
                   : pc_fail(err, P11CSR_E_ALGORITHM, "libcrypto cannot verify so");
    }
    const OSSL_PARAM *digest = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
    const OSSL_PARAM *padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    const OSSL_PARAM *mgf = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
    if (digest != NULL) {
        PC_TRY(set_digest(signing, digest, err));
    }
    if (padding != NULL) {
        PC_TRY(set_padding(signing, padding, err));
    }
    if (salt != NULL) {
        PC_TRY(set_salt(signing, salt, err));
    }
    return mgf != NULL ? set_mgf(signing, mgf, err) : PC_OK;
}

static struct pc_result get_algorithm(const struct pc_signing *signing, OSSL_PARAM *param, p11csr_error **err)
{
    const struct pc_scheme *scheme = NULL;
    PC_TRY(pc_signing_scheme(signing, 0, &scheme, err));
    return OSSL_PARAM_set_octet_string(param, scheme->aid.ptr, scheme->aid.len) == 1
               ? PC_OK
               : pc_fail(err, P11CSR_E_LIMIT, "there is no room for an AlgorithmIdentifier");
}

PC_RESULT pc_signing_get(const struct pc_signing *signing, OSSL_PARAM params[], p11csr_error **err)
{
    if (signing->verifier != NULL) {
        return EVP_PKEY_CTX_get_params(signing->verifier, params) == 1
                   ? PC_OK
                   : pc_fail(err, P11CSR_E_ALGORITHM, "libcrypto does not tell");
    }
    const char *digest = pc_digest_get(signing->digest)->ossl_name;
    OSSL_PARAM *algorithm = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    OSSL_PARAM *digests[] = {OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST),
                             OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST)};
    OSSL_PARAM *padding = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    OSSL_PARAM *salt = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    const int mode = signing->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (algorithm != NULL) {
        PC_TRY(get_algorithm(signing, algorithm, err));
    }
    bool good = padding == NULL || write_word(padding, paddings, PC_ARRAY_LEN(paddings), mode) == 1;
    good =
        good && (salt == NULL || write_word(salt, salts, PC_ARRAY_LEN(salts), RSA_PSS_SALTLEN_DIGEST) == 1);
    for (size_t i = 0; i < PC_ARRAY_LEN(digests); i++) {
        good = good && (digests[i] == NULL ||
                        OSSL_PARAM_set_utf8_string(digests[i], digest != NULL ? digest : "") == 1);
    }
    return good ? PC_OK : pc_fail(err, P11CSR_E_LIMIT, "there is no room for what was asked");
}

static struct pc_result fail_scheme(const struct pc_signing *signing, p11csr_error **err)
{
    const struct pc_keyspec *spec = signing->object->public.spec;
    const char *digest = pc_digest_get(signing->digest)->name;
    const struct pc_result result = pc_fail(
        err, P11CSR_E_ALGORITHM, "a key of type %s does not sign with %s%s", spec->name,
        signing->digest != PC_DIGEST_NONE ? digest : "an unknown digest", signing->pss ? " and PSS" : "");
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
        if (pc_scheme_fits(scheme, spec)) {
            pc_note(err, "fits: %s", scheme->name);
        }
    }
    pc_hint(err, "name one of the digests that fit, like -sha256, or -pkeyopt digest:sha256");
    return result;
}

PC_RESULT pc_signing_scheme(const struct pc_signing *signing, size_t hashed_len, const struct pc_scheme **ret,
                            p11csr_error **err)
{
    const struct pc_keyspec *spec = signing->object->public.spec;
    const bool by_length = hashed_len > 0 && signing->digest == PC_DIGEST_NONE;
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
        const size_t len = pc_digest_get(scheme->digest)->len;
        /* ECDSA signs a digest whose name it does not need; RSA signs the name too. */
        const bool digest_fits =
            by_length ? spec->family == PC_FAMILY_EC && len == hashed_len : scheme->digest == signing->digest;
        if (digest_fits && scheme->pss == signing->pss && pc_scheme_fits(scheme, spec)) {
            if (hashed_len > 0 && len != hashed_len) {
                return pc_fail(err, P11CSR_E_VALUE, "a digest of %s has %zu bytes, not %zu",
                               pc_digest_get(scheme->digest)->name, len, hashed_len);
            }
            *ret = scheme;
            return PC_OK;
        }
    }
    return fail_scheme(signing, err);
}
