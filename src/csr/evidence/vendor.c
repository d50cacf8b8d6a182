// SPDX-License-Identifier: Apache-2.0
#include "csr/evidence/vendor.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/ossl.h"
#include "csr/reading/json.h"
#include "der/reader.h"

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

/*
 * Yubico's arcs, 1.3.6.1.4.1.41482: .3 is the PIV application of the YubiKey (its developers' page "PIV
 * attestation"), .4 the YubiHSM 2 (its manual, "Attestation"). Some values are DER, some are bare octets.
 */

enum form {
    FORM_VERSION, /* three octets */
    FORM_NUMBER,  /* INTEGER */
    FORM_POLICY,  /* two octets: PIN, touch */
    FORM_SHAPE,   /* one octet */
    FORM_PRESENT, /* that it is there says it */
    FORM_ORIGIN,  /* bits */
    FORM_HEX,     /* octets */
    FORM_TEXT,    /* UTF-8 */
};

struct row {
    const char *oid;
    const char *device;
    const char *name;
    enum form form;
    bool of_key; /* only attestations of keys have it */
};

#define YUBICO "1.3.6.1.4.1.41482."

static const struct row rows[] = {
    {YUBICO "3.3", "YubiKey PIV", "firmware", FORM_VERSION, false},
    {YUBICO "3.7", "YubiKey PIV", "serial", FORM_NUMBER, false},
    {YUBICO "3.8", "YubiKey PIV", "policy", FORM_POLICY, true},
    {YUBICO "3.9", "YubiKey PIV", "form-factor", FORM_SHAPE, false},
    {YUBICO "3.10", "YubiKey PIV", "fips-certified", FORM_PRESENT, false},
    {YUBICO "3.11", "YubiKey PIV", "cspn-certified", FORM_PRESENT, false},
    {YUBICO "4.1", "YubiHSM 2", "firmware", FORM_VERSION, false},
    {YUBICO "4.2", "YubiHSM 2", "serial", FORM_NUMBER, false},
    {YUBICO "4.3", "YubiHSM 2", "origin", FORM_ORIGIN, true},
    {YUBICO "4.4", "YubiHSM 2", "domains", FORM_HEX, true},
    {YUBICO "4.5", "YubiHSM 2", "capabilities", FORM_HEX, true},
    {YUBICO "4.6", "YubiHSM 2", "object-id", FORM_NUMBER, true},
    {YUBICO "4.9", "YubiHSM 2", "label", FORM_TEXT, true},
};

static const struct row *row_of(const ASN1_OBJECT *object)
{
    char oid[64];
    const int len = OBJ_obj2txt(oid, sizeof(oid), object, 1);
    for (size_t i = 0; len > 0 && len < (int)sizeof(oid) && i < PC_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].oid, oid) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool has_row(const struct pc_certificate *certificate, bool of_key)
{
    for (int i = 0; i < X509_get_ext_count(certificate->x509); i++) {
        const struct row *row = row_of(X509_EXTENSION_get_object(X509_get_ext(certificate->x509, i)));
        if (row != NULL && row->of_key == of_key) {
            return true;
        }
    }
    return false;
}

bool pc_vendor_attests_key(const struct pc_certificate *certificate)
{
    return has_row(certificate, true);
}

bool pc_vendor_is_device(const struct pc_certificate *certificate)
{
    return has_row(certificate, false) && !has_row(certificate, true);
}

/* The content of the value where it is one of DER with a tag like that, or the octets as they are. */
static struct pc_span content_of(struct pc_span octets, size_t bare_len)
{
    struct pc_der in = pc_der_over(octets);
    struct pc_der_value value;
    if (octets.len != bare_len && pc_is_ok(pc_der_next(&in, &value, NULL)) && pc_der_at_end(&in)) {
        const bool bits = value.tag == PC_DER_BIT_STRING && value.content.len > 0;
        return bits ? (struct pc_span){value.content.ptr + 1, value.content.len - 1} : value.content;
    }
    return octets;
}

static json_t *word(const char *const *words, size_t count, unsigned number)
{
    return number < count && words[number] != NULL ? json_string(words[number])
                                                   : json_sprintf("unknown (%u)", number);
}

static json_t *version_json(struct pc_span octets)
{
    const struct pc_span is = content_of(octets, 3);
    return is.len == 3 ? json_sprintf("%u.%u.%u", is.ptr[0], is.ptr[1], is.ptr[2]) : pc_json_hex(octets);
}

static json_t *number_json(struct pc_span octets)
{
    const struct pc_span is = content_of(octets, 0);
    json_int_t number = 0;
    if (is.len == 0 || is.len > 7) {
        return pc_json_hex(octets);
    }
    for (size_t i = 0; i < is.len; i++) {
        number = number << 8 | is.ptr[i];
    }
    return json_integer(number);
}

static json_t *policy_json(struct pc_span octets)
{
    static const char *const asked[] = {NULL, "never", "once", "always", "match-once", "match-always"};
    static const char *const touch[] = {NULL, "never", "always", "cached"};
    const struct pc_span is = content_of(octets, 2);
    return is.len == 2 ? json_pack("{s:o, s:o}", "pin", word(asked, PC_ARRAY_LEN(asked), is.ptr[0]), "touch",
                                   word(touch, PC_ARRAY_LEN(touch), is.ptr[1]))
                       : pc_json_hex(octets);
}

static json_t *shape_json(struct pc_span octets)
{
    static const char *const shapes[] = {NULL,         "USB-A keychain",  "USB-A nano", "USB-C keychain",
                                         "USB-C nano", "USB-C/Lightning", "USB-A bio",  "USB-C bio"};
    const struct pc_span is = content_of(octets, 1);
    return is.len == 1 ? word(shapes, PC_ARRAY_LEN(shapes), is.ptr[0] & 0x0F) : pc_json_hex(octets);
}

static json_t *origin_json(struct pc_span octets)
{
    const struct pc_span is = content_of(octets, 1);
    if (is.len != 1) {
        return pc_json_hex(octets);
    }
    const char *made =
        (is.ptr[0] & 0x01) != 0 ? "generated" : ((is.ptr[0] & 0x02) != 0 ? "imported" : "unknown");
    return json_sprintf("%s%s", made, (is.ptr[0] & 0x10) != 0 ? ", imported wrapped" : "");
}

static json_t *value_json(const struct row *row, struct pc_span octets)
{
    switch (row->form) {
    case FORM_VERSION:
        return version_json(octets);
    case FORM_NUMBER:
        return number_json(octets);
    case FORM_POLICY:
        return policy_json(octets);
    case FORM_SHAPE:
        return shape_json(octets);
    case FORM_PRESENT:
        return json_true();
    case FORM_ORIGIN:
        return origin_json(octets);
    case FORM_TEXT: {
        char *text PC_CLEANUP(pc_free_str) = pc_text_printable_bytes(content_of(octets, 0));
        return text != NULL ? json_string(text) : NULL;
    }
    case FORM_HEX:
        break;
    }
    return pc_json_hex(content_of(octets, 0));
}

PC_RESULT pc_vendor_describe(const struct pc_certificate *certificate, json_t **ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    bool known = false;
    for (int i = 0; i < X509_get_ext_count(certificate->x509); i++) {
        X509_EXTENSION *ext = X509_get_ext(certificate->x509, i);
        const struct row *row = row_of(X509_EXTENSION_get_object(ext));
        const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(ext);
        const struct pc_span octets = {ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)};
        if (row != NULL) {
            known = true;
            PC_TRY(pc_json_set(object, "device", json_string(row->device), err));
            PC_TRY(pc_json_set(object, row->name, value_json(row, octets), err));
        }
    }
    *ret = known ? json_incref(object) : json_null();
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}
