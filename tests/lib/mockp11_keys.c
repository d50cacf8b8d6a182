// SPDX-License-Identifier: Apache-2.0
#include "lib/mockp11_parts.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <string.h>

/* Real keys for the mock: a stock of them, their public attributes, and C_GenerateKeyPair. */

enum { STOCK = 8, FIRST_MADE = 4, BYTES = 1024 };

static const uint8_t oid_p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const char name_ed25519[] = "\x13\x0c"
                                   "edwards25519";

EVP_PKEY *mock_key(enum mock_kind kind, size_t index)
{
    static EVP_PKEY *stock[MOCK_KIND_COUNT][STOCK]; // to the end of the process: RSA keys take long to make
    MOCK_CHECK(index < STOCK);
    EVP_PKEY **key = &stock[kind][index];
    if (*key == NULL) {
        *key = kind == MOCK_P256       ? EVP_EC_gen("P-256")
               : kind == MOCK_RSA_2048 ? EVP_RSA_gen(2048)
                                       : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    MOCK_CHECK(*key != NULL);
    return *key;
}

size_t mock_spki(EVP_PKEY *key, unsigned char **ret)
{
    *ret = NULL;
    const int len = i2d_PUBKEY(key, ret);
    MOCK_CHECK(len > 0);
    return (size_t)len;
}

static size_t number_of(EVP_PKEY *key, const char *name, uint8_t ret[static BYTES])
{
    BIGNUM *number = NULL;
    MOCK_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    MOCK_CHECK(BN_num_bytes(number) <= BYTES);
    const int len = BN_bn2bin(number, ret);
    BN_free(number);
    return (size_t)len;
}

/* The bare point: 04 and both coordinates, or the 32 octets of Ed25519. */
static size_t point_of(EVP_PKEY *key, enum mock_kind kind, uint8_t ret[static BYTES])
{
    size_t len = BYTES;
    if (kind == MOCK_ED25519) {
        MOCK_CHECK(EVP_PKEY_get_raw_public_key(key, ret, &len) == 1);
    } else {
        MOCK_CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, ret, BYTES, &len) == 1);
    }
    return len;
}

static void set_point(struct mock_object *object, enum mock_point form, const uint8_t *point, size_t len)
{
    uint8_t wrapped[BYTES] = {0};
    size_t header = 0;
    if (form == MOCK_POINT_OCTET_STRING) {
        wrapped[header++] = 0x04;
        wrapped[header++] = (uint8_t)len;
    } else if (form == MOCK_POINT_BIT_STRING) {
        wrapped[header++] = 0x03;
        wrapped[header++] = (uint8_t)(len + 1);
        wrapped[header++] = 0;
    }
    memcpy(wrapped + header, point, len);
    mock_set(object, CKA_EC_POINT, wrapped, header + len);
}

static void set_curve(const struct mock *mock, struct mock_object *object, enum mock_kind kind)
{
    if (kind == MOCK_P256) {
        mock_set(object, CKA_EC_PARAMS, oid_p256, sizeof(oid_p256));
    } else if (mock->knobs.alt_params) {
        mock_set(object, CKA_EC_PARAMS, name_ed25519, sizeof(name_ed25519) - 1);
    } else {
        mock_set(object, CKA_EC_PARAMS, oid_ed25519, sizeof(oid_ed25519));
    }
}

static void set_rsa(struct mock_object *object, EVP_PKEY *key)
{
    uint8_t bytes[BYTES];
    mock_set(object, CKA_MODULUS, bytes, number_of(key, OSSL_PKEY_PARAM_RSA_N, bytes));
    mock_set(object, CKA_PUBLIC_EXPONENT, bytes, number_of(key, OSSL_PKEY_PARAM_RSA_E, bytes));
}

void mock_set_public(const struct mock *mock, struct mock_object *object, enum mock_kind kind, size_t index)
{
    uint8_t bytes[BYTES];
    EVP_PKEY *key = mock_key(kind, index);
    if (kind == MOCK_RSA_2048) {
        set_rsa(object, key);
        return;
    }
    set_curve(mock, object, kind);
    set_point(object, mock->knobs.point, bytes, point_of(key, kind, bytes));
}

void mock_set_info(struct mock_object *object, enum mock_kind kind, size_t index)
{
    unsigned char *spki = NULL;
    const size_t len = mock_spki(mock_key(kind, index), &spki);
    mock_set(object, CKA_PUBLIC_KEY_INFO, spki, len);
    OPENSSL_free(spki);
}

static CK_KEY_TYPE key_type(enum mock_kind kind)
{
    static const CK_KEY_TYPE types[MOCK_KIND_COUNT] = {CKK_EC, CKK_RSA, CKK_EC_EDWARDS};
    return types[kind];
}

static struct mock_object *add(struct mock *mock, CK_OBJECT_CLASS class, const char *label, const char *id)
{
    struct mock_object *object = mock_object_new(mock, 0);
    mock_set_number(object, CKA_CLASS, class);
    mock_set_flag(object, CKA_TOKEN, true);
    mock_set_flag(object, CKA_PRIVATE, class == CKO_PRIVATE_KEY);
    if (label != NULL) {
        mock_set(object, CKA_LABEL, label, strlen(label));
    }
    if (id != NULL) {
        mock_set(object, CKA_ID, id, strlen(id));
    }
    return object;
}

static void set_pkey(struct mock_object *object, EVP_PKEY *key)
{
    MOCK_CHECK(EVP_PKEY_up_ref(key) == 1);
    object->pkey = key;
}

struct mock_object *mock_add_private(struct mock *mock, enum mock_kind kind, size_t index, const char *label,
                                     const char *id)
{
    struct mock_object *object = add(mock, CKO_PRIVATE_KEY, label, id);
    mock_set_number(object, CKA_KEY_TYPE, key_type(kind));
    mock_set_flag(object, CKA_SENSITIVE, true);
    mock_set_flag(object, CKA_EXTRACTABLE, false);
    mock_set_flag(object, CKA_SIGN, true);
    set_pkey(object, mock_key(kind, index));
    if (kind == MOCK_RSA_2048) {
        set_rsa(object, object->pkey);
    } else {
        set_curve(mock, object, kind);
    }
    return object;
}

struct mock_object *mock_add_public(struct mock *mock, enum mock_kind kind, size_t index, const char *label,
                                    const char *id)
{
    struct mock_object *object = add(mock, CKO_PUBLIC_KEY, label, id);
    mock_set_number(object, CKA_KEY_TYPE, key_type(kind));
    mock_set_flag(object, CKA_VERIFY, true);
    mock_set_public(mock, object, kind, index);
    return object;
}

struct mock_pair mock_add_pair(struct mock *mock, enum mock_kind kind, size_t index, const char *label,
                               const char *id)
{
    return (struct mock_pair){.private_key = mock_add_private(mock, kind, index, label, id),
                              .public_key = mock_add_public(mock, kind, index, label, id)};
}

struct mock_object *mock_add_certificate(struct mock *mock, enum mock_kind kind, size_t index,
                                         const char *label, const char *id)
{
    struct mock_object *object = add(mock, CKO_CERTIFICATE, label, id);
    EVP_PKEY *key = mock_key(kind, index);
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    MOCK_CHECK(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1);
    MOCK_CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7) == 1);
    MOCK_CHECK(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
    MOCK_CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL);
    MOCK_CHECK(X509_set_pubkey(certificate, key) == 1);
    MOCK_CHECK(X509_sign(certificate, key, kind == MOCK_ED25519 ? NULL : EVP_sha256()) > 0);
    const int len = i2d_X509(certificate, &der);
    MOCK_CHECK(len > 0);
    mock_set(object, CKA_VALUE, der, (size_t)len);
    mock_set_number(object, CKA_CERTIFICATE_TYPE, CKC_X_509);
    OPENSSL_free(der);
    X509_free(certificate);
    return object;
}

/* The kind that the mechanism and the public template ask for. CKR_OK, or why the token does not make it. */
static CK_RV kind_asked(CK_MECHANISM_TYPE mechanism, const struct mock_template *given, enum mock_kind *ret)
{
    const struct mock_attribute *curve = mock_asked(given, CKA_EC_PARAMS);
    if (mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN) {
        *ret = MOCK_RSA_2048;
        return mock_asked(given, CKA_MODULUS_BITS) != NULL ? CKR_OK : CKR_TEMPLATE_INCOMPLETE;
    }
    if (curve == NULL) {
        return CKR_TEMPLATE_INCOMPLETE;
    }
    const struct pc_span asked = {curve->value, curve->len};
    *ret = mechanism == CKM_EC_KEY_PAIR_GEN ? MOCK_P256 : MOCK_ED25519;
    const struct pc_span known = *ret == MOCK_P256 ? PC_SPAN(oid_p256) : PC_SPAN(oid_ed25519);
    return pc_span_eq(asked, known) ? CKR_OK : CKR_CURVE_NOT_SUPPORTED;
}

static struct mock_object *from_template(struct mock *mock, size_t slot, const struct mock_template *given,
                                         CK_OBJECT_CLASS class, enum mock_kind kind)
{
    struct mock_object *object = mock_object_new(mock, slot);
    for (size_t i = 0; i < given->count; i++) {
        mock_set(object, given->attributes[i].type, given->attributes[i].value, given->attributes[i].len);
    }
    mock_set_number(object, CKA_CLASS, class);
    mock_set_number(object, CKA_KEY_TYPE, key_type(kind));
    mock_set_flag(object, CKA_LOCAL, true);
    return object;
}

static void spoil_protection(const struct mock_knobs *knobs, struct mock_object *object)
{
    if (knobs->made_not_sensitive) {
        mock_set_flag(object, CKA_SENSITIVE, false);
    }
    if (knobs->made_extractable) {
        mock_set_flag(object, CKA_EXTRACTABLE, true);
    }
    if (knobs->made_silent) {
        mock_unset(object, CKA_SENSITIVE);
        mock_unset(object, CKA_EXTRACTABLE);
    }
}

static CK_RV may_make(const struct mock_session *session, const struct mock_template *private_given)
{
    const struct mock_slot *slot = &mock_current()->slots[session->slot];
    const struct mock_attribute *is_private = mock_asked(private_given, CKA_PRIVATE);
    if (!session->read_write) {
        return CKR_SESSION_READ_ONLY;
    }
    if ((slot->token.flags & CKF_WRITE_PROTECTED) != 0) {
        return CKR_TOKEN_WRITE_PROTECTED;
    }
    if (mock_current()->knobs.made_by_so) {
        return slot->so_logged_in ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
    }
    return is_private != NULL && is_private->value[0] == CK_TRUE && !slot->logged_in ? CKR_USER_NOT_LOGGED_IN
                                                                                     : CKR_OK;
}

CK_RV mock_generate_key_pair(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                             CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                             CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    static const enum mock_kind wrong[MOCK_KIND_COUNT] = {MOCK_RSA_2048, MOCK_P256, MOCK_P256};
    static size_t made;
    struct mock *mock = mock_current();
    const struct mock_session *session = mock_session_get(handle);
    enum mock_kind kind = MOCK_P256;
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    mock_template_set(&mock->made_public, public_list, public_count);
    mock_template_set(&mock->made_private, private_list, private_count);
    CK_RV rv = may_make(session, &mock->made_private);
    rv = rv == CKR_OK ? kind_asked(mechanism->mechanism, &mock->made_public, &kind) : rv;
    if (rv != CKR_OK) {
        return rv;
    }
    kind = mock->knobs.made_wrong_kind ? wrong[kind] : kind;
    const size_t index = FIRST_MADE + made++ % (STOCK - FIRST_MADE);
    struct mock_object *public_key =
        from_template(mock, session->slot, &mock->made_public, CKO_PUBLIC_KEY, kind);
    struct mock_object *private_key =
        from_template(mock, session->slot, &mock->made_private, CKO_PRIVATE_KEY, kind);
    set_pkey(private_key, mock_key(kind, index));
    if (!mock->knobs.made_without_public_value) {
        mock_set_public(mock, public_key, kind, mock->knobs.made_other_public ? 0 : index);
        mock_set_public(mock, private_key, kind, index);
    }
    spoil_protection(&mock->knobs, private_key);
    *ret_public = public_key->handle;
    *ret_private = private_key->handle;
    return CKR_OK;
}
