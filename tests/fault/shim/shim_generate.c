// SPDX-License-Identifier: Apache-2.0
/* Making key pairs. */
#include "shim.h"

#include <string.h>

enum { DER_PRINTABLE_STRING = 0x13, KIND_LABEL_MAX = 63, MAX_TEMPLATE = MAX_ROWS + 1 };

/* What is made. */
struct pair {
    CK_MECHANISM mechanism;
    CK_ATTRIBUTE publics[MAX_TEMPLATE];
    CK_ULONG public_count;
    CK_ATTRIBUTE privates[MAX_TEMPLATE];
    CK_ULONG private_count;
    CK_ULONG bits;
};

static void destroy_same_id(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *list, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        CK_OBJECT_HANDLE found[MAX_FOUND];
        CK_ATTRIBUTE id = list[i];
        const CK_ULONG n = id.type == CKA_ID ? shim_find_real(session, &id, 1, found) : 0;
        for (CK_ULONG k = 0; k < n; k++) {
            (void)shim.real->C_DestroyObject(session, found[k]);
        }
    }
}

static const CK_ATTRIBUTE *attribute_of(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (list[i].type == type) {
            return &list[i];
        }
    }
    return NULL;
}

/* Whether a key has this name where its kind is a number. */
static bool is_name(const CK_ATTRIBUTE *label)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const unsigned char *text = label->pValue;
    for (CK_ULONG i = 0; i < label->ulValueLen; i++) {
        if (memchr(letters, text[i], sizeof(letters) - 1) == NULL) {
            return false;
        }
    }
    return label->ulValueLen > 0 && label->ulValueLen <= KIND_LABEL_MAX;
}

/* The kind that a private template names; its refusal if it does not, or holds anything else. */
static CK_RV find_kind(const CK_ATTRIBUTE *list, CK_ULONG count, const struct shim_kind **ret,
                       CK_ATTRIBUTE *ret_label)
{
    const CK_ATTRIBUTE_TYPE type = shim.script.kinds[0].type;
    const CK_ATTRIBUTE *label = attribute_of(list, count, CKA_LABEL);
    const CK_ATTRIBUTE *named = attribute_of(list, count, type);
    CK_ULONG number = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        if (list[i].type != CKA_LABEL && list[i].type != type) {
            return CKR_TEMPLATE_INCONSISTENT;
        }
    }
    if (label == NULL || named == NULL) {
        return CKR_TEMPLATE_INCOMPLETE;
    }
    if (!is_name(label) || named->ulValueLen != sizeof(number)) {
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    *ret_label = *label;
    memcpy(&number, named->pValue, sizeof(number));
    for (size_t i = 0; i < shim.script.kind_count; i++) {
        if (shim.script.kinds[i].number == number) {
            *ret = &shim.script.kinds[i];
            return CKR_OK;
        }
    }
    return CKR_ATTRIBUTE_VALUE_INVALID;
}

/* What the real module has to be told where the kind of key was a number. */
static CK_RV fill_by_kind(struct pair *pair)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    const struct shim_kind *kind = NULL;
    CK_ATTRIBUTE label = {0};
    const CK_RV rv = pair->public_count > 0 ? CKR_TEMPLATE_INCONSISTENT
                                            : find_kind(pair->privates, pair->private_count, &kind, &label);
    if (rv != CKR_OK) {
        return rv;
    }
    if (kind->mechanism != pair->mechanism.mechanism) {
        return CKR_TEMPLATE_INCONSISTENT;
    }
    const CK_ATTRIBUTE privates[] = {label,
                                     {CKA_TOKEN, &yes, sizeof(yes)},
                                     {CKA_PRIVATE, &yes, sizeof(yes)},
                                     {CKA_SENSITIVE, &yes, sizeof(yes)},
                                     {CKA_EXTRACTABLE, &no, sizeof(no)},
                                     {CKA_SIGN, &yes, sizeof(yes)}};
    const CK_ATTRIBUTE publics[] = {label, {CKA_TOKEN, &yes, sizeof(yes)}, {CKA_VERIFY, &yes, sizeof(yes)}};
    memcpy(pair->privates, privates, sizeof(privates));
    pair->private_count = sizeof(privates) / sizeof(privates[0]);
    memcpy(pair->publics, publics, sizeof(publics));
    pair->public_count = sizeof(publics) / sizeof(publics[0]);
    pair->bits = kind->bits;
    pair->publics[pair->public_count++] =
        kind->bits > 0 ? (CK_ATTRIBUTE){CKA_MODULUS_BITS, &pair->bits, sizeof(pair->bits)}
                       : (CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)(size_t)kind->ec_params, kind->ec_params_len};
    return CKR_OK;
}

static CK_RV check_edwards(const struct pair *pair)
{
    const CK_ATTRIBUTE *params = attribute_of(pair->publics, pair->public_count, CKA_EC_PARAMS);
    if (pair->mechanism.mechanism != CKM_EC_EDWARDS_KEY_PAIR_GEN || params == NULL ||
        params->ulValueLen == 0 || *(const unsigned char *)params->pValue == DER_PRINTABLE_STRING) {
        return CKR_OK;
    }
    return shim.script.edwards_unnamed;
}

/* What the script makes of the caller's templates. */
static CK_RV fill(struct pair *pair, const CK_ATTRIBUTE *public_list, CK_ULONG public_count,
                  const CK_ATTRIBUTE *private_list, CK_ULONG private_count)
{
    CK_RV rv = shim_template(public_list, public_count, CKO_PUBLIC_KEY, pair->publics, &pair->public_count);
    if (rv == CKR_OK) {
        rv =
            shim_template(private_list, private_count, CKO_PRIVATE_KEY, pair->privates, &pair->private_count);
    }
    if (rv == CKR_OK && shim.script.kind_count > 0) {
        rv = fill_by_kind(pair);
    }
    if (rv == CKR_OK) {
        rv = check_edwards(pair);
    }
    if (rv == CKR_OK) {
        shim_add_own_id(pair->publics, &pair->public_count);
        shim_add_own_id(pair->privates, &pair->private_count);
    }
    return rv;
}

// NOLINTNEXTLINE(readability-function-size): as many parameters as PKCS#11 wants
CK_RV shim_do_C_GenerateKeyPair(struct shim_call *call, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                CK_ATTRIBUTE *public_list, CK_ULONG public_count, CK_ATTRIBUTE *private_list,
                                CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                                CK_OBJECT_HANDLE *private_key)
{
    struct pair pair = {0};
    (void)call;
    CK_RV rv = shim_check_need(NEED_GENERATE);
    if (rv == CKR_OK && !shim_mechanism(mechanism, &pair.mechanism)) {
        rv = CKR_MECHANISM_INVALID;
    }
    if (rv == CKR_OK) {
        rv = fill(&pair, public_list, public_count, private_list, private_count);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    if (shim.script.overwrites) {
        destroy_same_id(session, pair.privates, pair.private_count);
    }
    return shim.real->C_GenerateKeyPair(session, &pair.mechanism, pair.publics, pair.public_count,
                                        pair.privates, pair.private_count, public_key, private_key);
}
