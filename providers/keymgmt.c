// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "providers/object.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <string.h>

/*
 * Key management (provider-keymgmt(7)). What is asked of a key's public half is answered by libcrypto's own
 * implementation of its kind; the private half is only ever used, never shown.
 */

static void *new_of(void *data, const char *type)
{
    struct pc_object *object = pc_object_new(data);
    if (object != NULL) {
        object->type = type;
    }
    return object;
}

static void *new_rsa(void *data)
{
    return new_of(data, "RSA");
}

static void *new_ec(void *data)
{
    return new_of(data, "EC");
}

static void *new_ed25519(void *data)
{
    return new_of(data, "ED25519");
}

static void *new_ed448(void *data)
{
    return new_of(data, "ED448");
}

static void *new_ml_dsa_44(void *data)
{
    return new_of(data, "ML-DSA-44");
}

static void *new_ml_dsa_65(void *data)
{
    return new_of(data, "ML-DSA-65");
}

static void *new_ml_dsa_87(void *data)
{
    return new_of(data, "ML-DSA-87");
}

static void free_object(void *data)
{
    struct pc_object *object = data;
    pc_object_free(&object);
}

/* Takes over the key that the store or the decoder points to. */
static void *load(const void *reference, size_t size)
{
    struct pc_object *object = NULL;
    if (size == sizeof(void *)) {
        struct pc_object **at = (struct pc_object **)(uintptr_t)reference;
        object = *at;
        *at = NULL;
    }
    return object;
}

static int has(const void *data, int selection)
{
    const struct pc_object *object = data;
    const bool wants_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    return object != NULL && object->pkey != NULL && (!wants_private || object->held.ops != NULL) ? 1 : 0;
}

static int match(const void *data1, const void *data2, int selection)
{
    const struct pc_object *one = data1;
    const struct pc_object *two = data2;
    if (one->pkey == NULL || two->pkey == NULL) {
        return 0;
    }
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0) {
        return pc_span_eq(pc_buf_span(&one->spki), pc_buf_span(&two->spki)) ? 1 : 0;
    }
    return EVP_PKEY_parameters_eq(one->pkey, two->pkey) == 1 ? 1 : 0;
}

static struct pc_result import_number(struct pc_object *object, const OSSL_PARAM *param, p11csr_error **err)
{
    uint64_t number = 0;
    struct pc_object *from =
        OSSL_PARAM_get_uint64(param, &number) == 1 ? pc_provider_take(object->provider, number) : NULL;
    const bool moved = from != NULL && pc_object_move(from, object);
    pc_object_free(&from);
    return moved ? PC_OK : pc_fail(err, P11CSR_E_VALUE, "there is no key of this number");
}

static bool has_private_value(const OSSL_PARAM params[])
{
    return OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != NULL ||
           OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != NULL;
}

/* A public key of another provider's, as libcrypto compares keys and looks for who can use one. */
static struct pc_result import_public(struct pc_object *object, const OSSL_PARAM params[], p11csr_error **err)
{
    PC_KEEP_ERRORS(mark);
    EVP_PKEY *pkey = NULL;
    unsigned char *spki = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(object->provider->libctx, object->type, NULL);
    int len = 0;
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) == 1) {
        len = i2d_PUBKEY(pkey, &spki);
    }
    const struct pc_result result =
        len > 0 ? pc_object_fill_public(object, (struct pc_span){spki, (size_t)len}, err)
                : pc_fail(err, P11CSR_E_UNSUPPORTED, "no public key of type %s", object->type);
    OPENSSL_free(spki);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    return result;
}

static int import(void *data, int selection, const OSSL_PARAM params[])
{
    struct pc_object *object = data;
    p11csr_error *err = NULL;
    const OSSL_PARAM *number = OSSL_PARAM_locate_const(params, PC_PARAM_NUMBER);
    if (object->pkey != NULL) {
        return 0;
    }
    if (number != NULL) {
        return pc_provider_answer(object->provider, import_number(object, number, &err), &err);
    }
    if (has_private_value(params)) {
        const struct pc_result result =
            pc_fail(&err, P11CSR_E_UNSUPPORTED, "p11csr takes no private keys of software");
        pc_hint(&err, "load the provider 'default' as well");
        return pc_provider_answer(object->provider, result, &err);
    }
    (void)selection;
    return pc_is_ok(import_public(object, params, NULL)) ? 1 : 0; // who asks has others to ask
}

/* Of every kind; RSA: n and e, curves: a group and a point. */
static const OSSL_PARAM values[] = {
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
    OSSL_PARAM_END,
};

static const OSSL_PARAM *value_types(int selection)
{
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? values : NULL;
}

/*
 * Called by libcrypto in vain for each use of a key, to see whether another provider could have it: says
 * nothing.
 */
static int export(void *data, int selection, OSSL_CALLBACK *callback, void *callback_data)
{
    const struct pc_object *object = data;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || object->pkey == NULL) {
        return 0;
    }
    return EVP_PKEY_export(object->pkey, EVP_PKEY_PUBLIC_KEY, callback, callback_data);
}

static int get_params(void *data, OSSL_PARAM params[])
{
    const struct pc_object *object = data;
    return object->pkey != NULL ? EVP_PKEY_get_params(object->pkey, params) : 0;
}

static const OSSL_PARAM *gettable_params(void *data)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)data;
    return known;
}

/* The whole of it is shared; the public half alone is a key of its own. */
static void *dup(const void *data, int selection)
{
    struct pc_object *object = (struct pc_object *)(uintptr_t)data;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
        return pc_object_share(object);
    }
    struct pc_object *copy = pc_object_new(object->provider);
    if (copy != NULL && !pc_is_ok(pc_object_fill_public(copy, pc_buf_span(&object->spki), NULL))) {
        pc_object_free(&copy);
    }
    return copy;
}

static void *gen_init(void *data, int selection, const OSSL_PARAM params[])
{
    p11csr_error *err = NULL;
    (void)selection;
    (void)params;
    const struct pc_result result =
        pc_fail(&err, P11CSR_E_UNSUPPORTED, "p11csr makes no keys through OpenSSL");
    pc_hint(&err,
            "a key on a token: p11csr keys generate; one of software: load the provider 'default' as well");
    (void)pc_provider_answer(data, result, &err);
    return NULL;
}

/* libcrypto wants them with gen_init; they are never reached. */
static void *gen(void *data, OSSL_CALLBACK *callback, void *callback_data)
{
    (void)data;
    (void)callback;
    (void)callback_data;
    return NULL;
}

static void gen_cleanup(void *data)
{
    (void)data;
}

/* Signatures on curves go by another name than the keys. */
static const char *ec_operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define COMMON(new)                                                                                          \
    PC_DISPATCH(OSSL_FUNC_KEYMGMT_NEW, new), PC_DISPATCH(OSSL_FUNC_KEYMGMT_FREE, free_object),               \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_LOAD, load), PC_DISPATCH(OSSL_FUNC_KEYMGMT_HAS, has),                  \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_MATCH, match), PC_DISPATCH(OSSL_FUNC_KEYMGMT_IMPORT, import),          \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, value_types),                                            \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_EXPORT, export),                                                       \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, value_types),                                            \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),                                               \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),                                     \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_DUP, dup), PC_DISPATCH(OSSL_FUNC_KEYMGMT_GEN_INIT, gen_init),          \
        PC_DISPATCH(OSSL_FUNC_KEYMGMT_GEN, gen), PC_DISPATCH(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, gen_cleanup)

static const OSSL_DISPATCH rsa[] = {COMMON(new_rsa), PC_DISPATCH_END};
static const OSSL_DISPATCH ec[] = {
    COMMON(new_ec), PC_DISPATCH(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, ec_operation_name), PC_DISPATCH_END};
static const OSSL_DISPATCH ed25519[] = {COMMON(new_ed25519), PC_DISPATCH_END};
static const OSSL_DISPATCH ed448[] = {COMMON(new_ed448), PC_DISPATCH_END};
static const OSSL_DISPATCH ml_dsa_44[] = {COMMON(new_ml_dsa_44), PC_DISPATCH_END};
static const OSSL_DISPATCH ml_dsa_65[] = {COMMON(new_ml_dsa_65), PC_DISPATCH_END};
static const OSSL_DISPATCH ml_dsa_87[] = {COMMON(new_ml_dsa_87), PC_DISPATCH_END};

/* The names are those of libcrypto's own providers: a kind of key is known by all of them. */
const OSSL_ALGORITHM pc_keymgmt_algorithms[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PC_PROPERTIES, rsa, "RSA keys on a token"},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PC_PROPERTIES, ec, "elliptic curve keys on a token"},
    {"ED25519:1.3.101.112", PC_PROPERTIES, ed25519, "Ed25519 keys on a token"},
    {"ED448:1.3.101.113", PC_PROPERTIES, ed448, "Ed448 keys on a token"},
    {PC_NAMES_ML_DSA_44, PC_PROPERTIES, ml_dsa_44, "ML-DSA-44 keys on a token"},
    {PC_NAMES_ML_DSA_65, PC_PROPERTIES, ml_dsa_65, "ML-DSA-65 keys on a token"},
    {PC_NAMES_ML_DSA_87, PC_PROPERTIES, ml_dsa_87, "ML-DSA-87 keys on a token"},
    {NULL, NULL, NULL, NULL},
};
