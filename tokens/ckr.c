// SPDX-License-Identifier: Apache-2.0
#include "tokens/ckr.h"

#include "base/error.h"

#include <stdio.h>

struct ckr_row {
    CK_RV rv;
    const char *name;
    enum p11csr_code code;
    const char *meaning; /* NULL: the name says it */
};

// clang-format off
#define ROW(rv_, code_, meaning_) {.rv = rv_, .name = #rv_, .code = P11CSR_E_##code_, .meaning = meaning_}
static const struct ckr_row ckr_rows[] = {
    ROW(CKR_PIN_INCORRECT, PIN_INCORRECT, "the PIN is wrong"),
    ROW(CKR_PIN_LOCKED, PIN_LOCKED, "too many wrong PINs were sent"),
    ROW(CKR_PIN_LEN_RANGE, PIN_LENGTH, "the PIN is too short or too long"),
    ROW(CKR_PIN_INVALID, PIN_INCORRECT, "the PIN holds characters that the token does not take"),
    ROW(CKR_PIN_TOO_WEAK, PIN_LENGTH, "the PIN is too simple for the token"),
    ROW(CKR_PIN_EXPIRED, PIN_CHANGE, "the PIN has expired"),
    ROW(CKR_USER_PIN_NOT_INITIALIZED, PIN_NOT_SET, "the token has no user PIN yet"),
    ROW(CKR_USER_NOT_LOGGED_IN, LOGIN, "the token wants a login first"),
    ROW(CKR_USER_TYPE_INVALID, LOGIN, "the token does not know this role"),
    ROW(CKR_USER_TOO_MANY_TYPES, LOGIN, "too many roles are logged in"),
    ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, LOGIN, "another role is logged in"),
    ROW(CKR_SESSION_READ_ONLY_EXISTS, LOGIN, "a read-only session hinders the login of the SO"),
    ROW(CKR_FUNCTION_CANCELED, PIN_CANCELLED, "cancelled at the device"),
    ROW(CKR_FUNCTION_REJECTED, PIN_CANCELLED, "refused at the device"),
    ROW(CKR_CANCEL, PIN_CANCELLED, "cancelled"),
    ROW(CKR_DEVICE_REMOVED, TOKEN_REMOVED, "the token was removed"),
    ROW(CKR_TOKEN_NOT_PRESENT, TOKEN_REMOVED, "no token is in the slot"),
    ROW(CKR_TOKEN_NOT_RECOGNIZED, TOKEN_REMOVED, "the module does not recognise the token"),
    ROW(CKR_SESSION_HANDLE_INVALID, TOKEN_REMOVED, "the session is gone"),
    ROW(CKR_SESSION_CLOSED, TOKEN_REMOVED, "the session was closed"),
    ROW(CKR_SLOT_ID_INVALID, TOKEN_NOT_FOUND, "there is no such slot"),
    ROW(CKR_DEVICE_MEMORY, TOKEN_FULL, "the token has no room"),
    ROW(CKR_TOKEN_WRITE_PROTECTED, TOKEN_READ_ONLY, "the token is write-protected"),
    ROW(CKR_SESSION_READ_ONLY, TOKEN_READ_ONLY, "the session is read-only"),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, KEY_USE, "the key's attributes forbid this use"),
    ROW(CKR_KEY_TYPE_INCONSISTENT, KEY_USE, "the mechanism does not fit the type of the key"),
    ROW(CKR_KEY_SIZE_RANGE, MECHANISM, "the token does not do keys of this size"),
    ROW(CKR_KEY_HANDLE_INVALID, OBJECT_GONE, "the key is gone from the token"),
    ROW(CKR_OBJECT_HANDLE_INVALID, OBJECT_GONE, "the object is gone from the token"),
    ROW(CKR_MECHANISM_INVALID, MECHANISM, "the token lacks this mechanism"),
    ROW(CKR_MECHANISM_PARAM_INVALID, MECHANISM, "the token does not take the mechanism's parameter"),
    ROW(CKR_CURVE_NOT_SUPPORTED, MECHANISM, "the token does not know the curve"),
    ROW(CKR_DOMAIN_PARAMS_INVALID, MECHANISM, "the token does not know the curve"),
    ROW(CKR_FUNCTION_NOT_SUPPORTED, UNSUPPORTED, "the module lacks this function"),
    ROW(CKR_ATTRIBUTE_TYPE_INVALID, UNSUPPORTED, "the token does not know an attribute"),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID, UNSUPPORTED, "the token does not take the value of an attribute"),
    ROW(CKR_ATTRIBUTE_READ_ONLY, UNSUPPORTED, "the token does not let an attribute be set"),
    ROW(CKR_ATTRIBUTE_SENSITIVE, KEY_USE, "the token does not reveal it"),
    ROW(CKR_TEMPLATE_INCOMPLETE, UNSUPPORTED, "the token wants more attributes"),
    ROW(CKR_TEMPLATE_INCONSISTENT, UNSUPPORTED, "the token does not take the attributes together"),
    ROW(CKR_ACTION_PROHIBITED, KEY_USE, "the token forbids it"),
    ROW(CKR_HOST_MEMORY, NO_MEMORY, "the module has no memory"),
    ROW(CKR_SESSION_COUNT, BUSY, "the token has no free session"),
    ROW(CKR_TOKEN_RESOURCE_EXCEEDED, BUSY, "the token has no resources left"),
    ROW(CKR_DEVICE_ERROR, CONNECTION, "the device or the connection to it failed"),
    ROW(CKR_GENERAL_ERROR, TOKEN, "the module gives no reason"),
    ROW(CKR_FUNCTION_FAILED, TOKEN, "the module gives no reason"),
    ROW(CKR_ARGUMENTS_BAD, TOKEN, NULL),
    ROW(CKR_BUFFER_TOO_SMALL, TOKEN, NULL),
    ROW(CKR_CANT_LOCK, MODULE_LOAD, "the module cannot be used with threads"),
    ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, TOKEN, NULL),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED, TOKEN, "the module is not initialised in this process"),
    ROW(CKR_DATA_INVALID, TOKEN, NULL),
    ROW(CKR_DATA_LEN_RANGE, TOKEN, NULL),
    ROW(CKR_FIPS_SELF_TEST_FAILED, TOKEN, "the token failed its self-test"),
    ROW(CKR_LIBRARY_LOAD_FAILED, MODULE_LOAD, "a library that the module needs is missing"),
    ROW(CKR_NEED_TO_CREATE_THREADS, MODULE_LOAD, NULL),
    ROW(CKR_OPERATION_ACTIVE, BUSY, "an earlier operation is not finished"),
    ROW(CKR_OPERATION_NOT_INITIALIZED, TOKEN, NULL),
    ROW(CKR_SESSION_EXISTS, TOKEN, "another session on the token is open"),
    ROW(CKR_USER_ALREADY_LOGGED_IN, LOGIN, NULL),
};
#undef ROW

struct ckm_row {
    CK_MECHANISM_TYPE type;
    const char *name;
};

#define ROW(type_) {.type = type_, .name = #type_}
static const struct ckm_row ckm_rows[] = {
    ROW(CKM_RSA_PKCS_KEY_PAIR_GEN),
    ROW(CKM_RSA_PKCS),
    ROW(CKM_RSA_PKCS_PSS),
    ROW(CKM_SHA1_RSA_PKCS),
    ROW(CKM_SHA224_RSA_PKCS),
    ROW(CKM_SHA256_RSA_PKCS),
    ROW(CKM_SHA384_RSA_PKCS),
    ROW(CKM_SHA512_RSA_PKCS),
    ROW(CKM_SHA256_RSA_PKCS_PSS),
    ROW(CKM_SHA384_RSA_PKCS_PSS),
    ROW(CKM_SHA512_RSA_PKCS_PSS),
    ROW(CKM_EC_KEY_PAIR_GEN),
    ROW(CKM_ECDSA),
    ROW(CKM_ECDSA_SHA224),
    ROW(CKM_ECDSA_SHA256),
    ROW(CKM_ECDSA_SHA384),
    ROW(CKM_ECDSA_SHA512),
    ROW(CKM_EC_EDWARDS_KEY_PAIR_GEN),
    ROW(CKM_EDDSA),
    ROW(CKM_RSA_X9_31_KEY_PAIR_GEN),
    {PC_CKM_ML_DSA_KEY_PAIR_GEN, "CKM_ML_DSA_KEY_PAIR_GEN"},
    {PC_CKM_ML_DSA, "CKM_ML_DSA"},
};
#undef ROW
// clang-format on

static const struct ckr_row *find_row(CK_RV rv)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(ckr_rows); i++) {
        if (ckr_rows[i].rv == rv) {
            return &ckr_rows[i];
        }
    }
    return NULL;
}

const char *pc_ckr_name(CK_RV rv, char fallback[static 32])
{
    const struct ckr_row *row = find_row(rv);
    if (row != NULL) {
        return row->name;
    }
    (void)snprintf(fallback, 32, "CKR_0x%08lx", rv);
    return rv == CKR_OK ? "CKR_OK" : fallback;
}

const char *pc_ckm_name(CK_MECHANISM_TYPE type, char fallback[static 32])
{
    for (size_t i = 0; i < PC_ARRAY_LEN(ckm_rows); i++) {
        if (ckm_rows[i].type == type) {
            return ckm_rows[i].name;
        }
    }
    (void)snprintf(fallback, 32, "CKM_0x%08lx", type);
    return fallback;
}

bool pc_ckr_find(struct pc_span name, CK_RV *ret)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(ckr_rows); i++) {
        if (pc_span_eq(name, pc_span_str(ckr_rows[i].name))) {
            *ret = ckr_rows[i].rv;
            return true;
        }
    }
    return false;
}

bool pc_ckm_find(struct pc_span name, CK_MECHANISM_TYPE *ret)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(ckm_rows); i++) {
        if (pc_span_eq(name, pc_span_str(ckm_rows[i].name))) {
            *ret = ckm_rows[i].type;
            return true;
        }
    }
    return false;
}

PC_RESULT pc_ckr(CK_RV rv, const char *function, p11csr_error **err)
{
    if (rv == CKR_OK) {
        return PC_OK;
    }
    char fallback[32];
    const char *name = pc_ckr_name(rv, fallback);
    const struct ckr_row *row = find_row(rv);
    if (row == NULL) {
        return pc_fail(err, P11CSR_E_TOKEN, "%s: %s (%s)", function, name,
                       (rv & CKR_VENDOR_DEFINED) != 0 ? "a code of the module's vendor" : "no known meaning");
    }
    if (row->meaning == NULL) {
        return pc_fail(err, row->code, "%s: %s", function, name);
    }
    return pc_fail(err, row->code, "%s: %s (%s)", function, name, row->meaning);
}
