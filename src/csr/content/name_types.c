// SPDX-License-Identifier: Apache-2.0
#include "csr/content/name_types.h"

#include "base/text.h"
#include "csr/content/host.h"
#include "der/der.h"

#include <string.h>

// clang-format off
static const struct pc_name_type types[] = {
    {.name = "CN", .aliases = {"commonName"}, .oid = PC_BYTES("\x55\x04\x03"),
     .tag = PC_DER_UTF8_STRING, .max = 64},
    {.name = "C", .aliases = {"countryName", "country"}, .oid = PC_BYTES("\x55\x04\x06"),
     .tag = PC_DER_PRINTABLE_STRING, .max = 2, .country = true},
    {.name = "O", .aliases = {"organizationName", "organization"}, .oid = PC_BYTES("\x55\x04\x0a"),
     .tag = PC_DER_UTF8_STRING, .max = 64},
    {.name = "OU", .aliases = {"organizationalUnitName", "organizationalUnit"},
     .oid = PC_BYTES("\x55\x04\x0b"),
     .tag = PC_DER_UTF8_STRING, .max = 64},
    {.name = "L", .aliases = {"localityName", "locality"}, .oid = PC_BYTES("\x55\x04\x07"),
     .tag = PC_DER_UTF8_STRING, .max = 128},
    {.name = "ST", .aliases = {"stateOrProvinceName", "S", "state"}, .oid = PC_BYTES("\x55\x04\x08"),
     .tag = PC_DER_UTF8_STRING, .max = 128},
    {.name = "STREET", .aliases = {"streetAddress"}, .oid = PC_BYTES("\x55\x04\x09"),
     .tag = PC_DER_UTF8_STRING, .max = 128},
    {.name = "postalCode", .oid = PC_BYTES("\x55\x04\x11"), .tag = PC_DER_UTF8_STRING, .max = 40},
    {.name = "DC", .aliases = {"domainComponent"},
     .oid = PC_BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"),
     .tag = PC_DER_IA5_STRING, .max = 63, .labels = PC_NAME_LABEL},
    {.name = "UID", .aliases = {"userid"}, .oid = PC_BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"),
     .tag = PC_DER_UTF8_STRING, .max = 256},
    {.name = "emailAddress", .aliases = {"E", "email"},
     .oid = PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),
     .tag = PC_DER_IA5_STRING, .max = 255, .labels = PC_NAME_MAILBOX},
    {.name = "serialNumber", .oid = PC_BYTES("\x55\x04\x05"), .tag = PC_DER_PRINTABLE_STRING, .max = 64},
    {.name = "surname", .oid = PC_BYTES("\x55\x04\x04"), .tag = PC_DER_UTF8_STRING, .max = 32768},
    {.name = "givenName", .aliases = {"GN"}, .oid = PC_BYTES("\x55\x04\x2a"),
     .tag = PC_DER_UTF8_STRING, .max = 32768},
    {.name = "name", .oid = PC_BYTES("\x55\x04\x29"), .tag = PC_DER_UTF8_STRING, .max = 32768},
    {.name = "initials", .oid = PC_BYTES("\x55\x04\x2b"), .tag = PC_DER_UTF8_STRING, .max = 32768},
    {.name = "generationQualifier", .oid = PC_BYTES("\x55\x04\x2c"), .tag = PC_DER_UTF8_STRING, .max = 32768},
    {.name = "title", .aliases = {"T"}, .oid = PC_BYTES("\x55\x04\x0c"), .tag = PC_DER_UTF8_STRING,
     .max = 64},
    {.name = "pseudonym", .oid = PC_BYTES("\x55\x04\x41"), .tag = PC_DER_UTF8_STRING, .max = 128},
    {.name = "businessCategory", .oid = PC_BYTES("\x55\x04\x0f"), .tag = PC_DER_UTF8_STRING, .max = 128},
    {.name = "dnQualifier", .oid = PC_BYTES("\x55\x04\x2e"), .tag = PC_DER_PRINTABLE_STRING},
    {.name = "organizationIdentifier", .oid = PC_BYTES("\x55\x04\x61"), .tag = PC_DER_UTF8_STRING},
    {.name = "jurisdictionC", .aliases = {"jurisdictionCountryName",
     "jurisdictionOfIncorporationCountryName"},
     .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03"),
     .tag = PC_DER_PRINTABLE_STRING, .max = 2, .country = true},
    {.name = "jurisdictionST",
     .aliases = {"jurisdictionStateOrProvinceName", "jurisdictionOfIncorporationStateOrProvinceName"},
     .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02"), .tag = PC_DER_UTF8_STRING, .max = 128},
    {.name = "jurisdictionL", .aliases = {"jurisdictionLocalityName",
     "jurisdictionOfIncorporationLocalityName"},
     .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01"), .tag = PC_DER_UTF8_STRING, .max = 128},
};
// clang-format on

const struct pc_name_type *pc_name_type_find(const char *name)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(types); i++) {
        bool found = pc_ascii_equal(types[i].name, name);
        for (size_t a = 0; a < PC_ARRAY_LEN(types[i].aliases) && types[i].aliases[a] != NULL; a++) {
            found = found || pc_ascii_equal(types[i].aliases[a], name);
        }
        if (found) {
            return &types[i];
        }
    }
    return NULL;
}

const struct pc_name_type *pc_name_type_by_oid(struct pc_span oid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(types); i++) {
        if (pc_span_eq(types[i].oid, oid)) {
            return &types[i];
        }
    }
    return NULL;
}

static const char *type_name_at(const void *table, size_t index)
{
    return ((const struct pc_name_type *)table)[index].name;
}

const char *pc_name_type_nearest(const char *name)
{
    return pc_nearest_word(name, type_name_at, types, PC_ARRAY_LEN(types));
}

bool pc_name_type_takes(const struct pc_name_type *type, unsigned tag)
{
    return tag == type->tag || (type->tag == PC_DER_UTF8_STRING && tag == PC_DER_PRINTABLE_STRING);
}

static bool is_printable_string_char(int32_t c)
{
    return c > 0 && c < 0x80 && (pc_ascii_is_alnum((char)c) || strchr(" '()+,-./:=?", (char)c) != NULL);
}

/* What is wrong with one character of a value, or NULL. */
static const char *character_fault(unsigned tag, int32_t c)
{
    if (c < 0) {
        return "is not UTF-8";
    }
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
        return "has a control character";
    }
    if (c == 0xFEFF) {
        return "has a byte order mark";
    }
    if (tag == PC_DER_IA5_STRING && c > 0x7F) {
        return "has a character that is not ASCII";
    }
    if (tag == PC_DER_PRINTABLE_STRING && !is_printable_string_char(c)) {
        return "has a character outside A-Z a-z 0-9 space ' ( ) + , - . / : = ?";
    }
    return NULL;
}

static bool is_country_code(struct pc_span value)
{
    return value.len == 2 && value.ptr[0] >= 'A' && value.ptr[0] <= 'Z' && value.ptr[1] >= 'A' &&
           value.ptr[1] <= 'Z';
}

const char *pc_name_type_fault(const struct pc_name_type *type, unsigned tag, struct pc_span value,
                               size_t *ret_at)
{
    *ret_at = 0;
    if (value.len == 0) {
        return "is empty";
    }
    if (value.ptr[0] == ' ') {
        return "starts with a space";
    }
    for (size_t at = 0; at < value.len;) {
        *ret_at = at;
        const char *fault = character_fault(tag, pc_utf8_next(value, &at));
        if (fault != NULL) {
            return fault;
        }
    }
    if (value.ptr[value.len - 1] == ' ') {
        return "ends with a space";
    }
    *ret_at = 0;
    return type != NULL && type->country && !is_country_code(value)
               ? "is not a country code of two upper-case letters"
               : NULL;
}

bool pc_name_type_is_over(const struct pc_name_type *type, struct pc_span value, size_t *ret_at)
{
    size_t at = 0;
    for (size_t count = 0; at < value.len && (type->max == 0 || count < type->max); count++) {
        (void)pc_utf8_next(value, &at);
    }
    *ret_at = at;
    return at < value.len;
}

const char *pc_name_type_map(const struct pc_name_type *type, struct pc_span value, struct pc_buf *ret,
                             size_t *ret_at)
{
    const uint8_t *sign =
        type->labels == PC_NAME_MAILBOX && value.len > 0 ? memrchr(value.ptr, '@', value.len) : NULL;
    const size_t at = sign != NULL ? (size_t)(sign - value.ptr) + 1 : 0;
    const bool label = type->labels == PC_NAME_LABEL;
    *ret_at = 0;
    if (pc_is_ascii((struct pc_span){value.ptr + at, value.len - at}) || (!label && sign == NULL)) {
        pc_buf_add_span(ret, value);
        return NULL;
    }
    pc_buf_add(ret, value.ptr, at);
    return label ? pc_host_label_add(value, ret) : pc_host_add(value, at, ret, ret_at);
}
