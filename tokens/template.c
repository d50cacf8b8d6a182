// SPDX-License-Identifier: Apache-2.0
#include "tokens/template.h"

#include "base/error.h"

static CK_BBOOL yes_no(bool value)
{
    return value ? CK_TRUE : CK_FALSE;
}

/*
 * A boolean attribute of a template. Values are constants: PKCS#11 takes pointers that it does not write
 * through.
 */
static CK_ATTRIBUTE flag_attribute(CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL values[] = {CK_FALSE, CK_TRUE};
    return (CK_ATTRIBUTE){type, (void *)(uintptr_t)&values[yes_no(value)], sizeof(CK_BBOOL)};
}

static CK_ATTRIBUTE bytes_attribute(CK_ATTRIBUTE_TYPE type, struct pc_span bytes)
{
    return (CK_ATTRIBUTE){type, (void *)(uintptr_t)bytes.ptr, bytes.len};
}

static void fill_common(const struct pc_keygen *wanted, CK_ATTRIBUTE *list, size_t *count)
{
    list[(*count)++] = flag_attribute(CKA_TOKEN, true);
    list[(*count)++] = bytes_attribute(CKA_LABEL, pc_span_str(wanted->label));
    list[(*count)++] = bytes_attribute(CKA_ID, wanted->id);
}

/* Whether a quirk leaves the attribute out of the template of this half. */
static bool is_omitted(struct pc_token *token, enum pc_quirk_side half, CK_ATTRIBUTE_TYPE type)
{
    struct pc_quirk_item item;
    if ((type == CKA_ID && pc_quirk_is(&token->quirks, PC_QUIRK_ID_RULE, "none")) ||
        (type == CKA_LABEL && pc_quirk_is(&token->quirks, PC_QUIRK_LABEL, "fixed"))) {
        return true;
    }
    for (size_t at = 0; pc_quirk_next(&token->quirks, PC_QUIRK_OMIT_ATTRS, &at, &item);) {
        if ((item.side == PC_QUIRK_BOTH || item.side == half) && (item.all || item.number == type)) {
            return true;
        }
    }
    return false;
}

static void leave_out(struct pc_token *token, enum pc_quirk_side half, CK_ATTRIBUTE *list, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (!is_omitted(token, half, list[i].type)) {
            list[kept++] = list[i];
        }
    }
    *count = kept;
}

/*
 * What the token wants to be told about this kind of key. A token that has such a list makes no other
 * kind.
 */
static struct pc_result add_values(struct pc_token *token, const struct pc_keyspec *spec,
                                   struct pc_templates *ret, p11csr_error **err)
{
    struct pc_quirk_item item;
    size_t rows = 0;
    size_t added = 0;
    for (size_t at = 0;
         pc_quirk_next(&token->quirks, PC_QUIRK_ADD_ATTRS, &at, &item) && added < PC_TEMPLATE_ADDED;) {
        rows++;
        if (pc_span_eq(item.spec, pc_span_str(spec->name))) {
            ret->added[added] = item.value;
            ret->private[ret->private_count++] =
                (CK_ATTRIBUTE){item.number, &ret->added[added], sizeof(ret->added[added])};
            added++;
        }
    }
    return rows == 0 || added > 0 ? PC_OK
                                  : pc_fail(err, P11CSR_E_UNSUPPORTED,
                                            "the token makes no %s keys, as far as is known", spec->name);
}

/* Every use is said explicitly: some modules give TRUE to what is left out. */
static void fill(struct pc_token *token, const struct pc_keygen *wanted, struct pc_templates *ret)
{
    static const uint8_t f4[] = {0x01, 0x00, 0x01};
    static const CK_ATTRIBUTE_TYPE refused_public[] = {CKA_ENCRYPT, CKA_WRAP, CKA_VERIFY_RECOVER};
    const struct {
        CK_ATTRIBUTE_TYPE type;
        bool wanted;
    } uses[] = {{CKA_DECRYPT, wanted->decrypt},
                {CKA_UNWRAP, false},
                {CKA_SIGN_RECOVER, false},
                {CKA_DERIVE, wanted->derive}};
    const bool needs_login = pc_login_protects(token);
    fill_common(wanted, ret->public, &ret->public_count);
    fill_common(wanted, ret->private, &ret->private_count);
    if (wanted->spec->family == PC_FAMILY_RSA) {
        ret->number = wanted->spec->bits;
        ret->public[ret->public_count++] =
            (CK_ATTRIBUTE){CKA_MODULUS_BITS, &ret->number, sizeof(ret->number)};
        ret->public[ret->public_count++] = bytes_attribute(CKA_PUBLIC_EXPONENT, PC_SPAN(f4));
    } else if (wanted->spec->parameter_set != 0) {
        ret->number = wanted->spec->parameter_set;
        ret->public[ret->public_count++] =
            (CK_ATTRIBUTE){PC_CKA_PARAMETER_SET, &ret->number, sizeof(ret->number)};
    } else {
        const bool by_name =
            wanted->spec->ec_params_alt.len > 0 && pc_quirk_is(&token->quirks, PC_QUIRK_EC_PARAMS, "name");
        ret->public[ret->public_count++] =
            bytes_attribute(CKA_EC_PARAMS, by_name ? wanted->spec->ec_params_alt : wanted->spec->ec_params);
    }
    ret->public[ret->public_count++] = flag_attribute(CKA_PRIVATE, false);
    ret->public[ret->public_count++] = flag_attribute(CKA_VERIFY, true);
    for (size_t i = 0; i < PC_ARRAY_LEN(refused_public); i++) {
        ret->public[ret->public_count++] = flag_attribute(refused_public[i], false);
    }
    ret->private[ret->private_count++] = flag_attribute(CKA_PRIVATE, needs_login);
    ret->private[ret->private_count++] = flag_attribute(CKA_SENSITIVE, true);
    ret->private[ret->private_count++] = flag_attribute(CKA_EXTRACTABLE, wanted->backup);
    if (wanted->backup) {
        ret->private[ret->private_count++] = flag_attribute(CKA_WRAP_WITH_TRUSTED, true);
    }
    ret->private[ret->private_count++] = flag_attribute(CKA_SIGN, true);
    for (size_t i = 0; i < PC_ARRAY_LEN(uses); i++) {
        ret->private[ret->private_count++] = flag_attribute(uses[i].type, uses[i].wanted);
    }
}

PC_RESULT pc_templates_fill(struct pc_token *token, const struct pc_keygen *wanted, struct pc_templates *ret,
                            p11csr_error **err)
{
    *ret = (struct pc_templates){0};
    fill(token, wanted, ret);
    leave_out(token, PC_QUIRK_PUBLIC, ret->public, &ret->public_count);
    leave_out(token, PC_QUIRK_PRIVATE, ret->private, &ret->private_count);
    return add_values(token, wanted->spec, ret, err);
}

bool pc_templates_drop(struct pc_templates *templates, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < templates->private_count; i++) {
        if (templates->private[i].type == type) {
            templates->private[i] = templates->private[--templates->private_count];
            return true;
        }
    }
    return false;
}
