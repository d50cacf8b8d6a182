// SPDX-License-Identifier: Apache-2.0
#include "csr/content/value.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/ossl.h"
#include "der/reader.h"
#include "der/writer.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { CONSTRUCTED = 0x20, MAX_BIT_DIGITS = 5 };

PC_RESULT pc_value_recode(struct pc_result failure, enum p11csr_code code, p11csr_error **err)
{
    switch ((int)failure.code) {
    case P11CSR_E_REQUEST:
    case P11CSR_E_SAN:
    case P11CSR_E_SUBJECT:
    case P11CSR_E_EXTENSION:
        break;
    default:
        return failure;
    }
    const char *why = err != NULL && *err != NULL ? p11csr_error_cause(*err, 0) : NULL;
    char *copy PC_CLEANUP(pc_free_str) = pc_strdup(why != NULL ? why : "");
    return copy == NULL ? pc_fail_memory(err) : pc_fail(err, code, "%s", copy);
}

PC_RESULT pc_value_oid(const char *dotted, enum p11csr_code code, struct pc_buf *ret, p11csr_error **err)
{
    if (!pc_der_oid_from_text(dotted, ret)) {
        return pc_fail(err, code, "'%s' is not an object identifier", dotted);
    }
    return pc_buf_check(ret, err);
}

/* Walks what stands in a value, depth first and without recursion. */
static struct pc_result check_nested(struct pc_der in, p11csr_error **err)
{
    const uint8_t *ends[PC_MAX_DER_DEPTH] = {in.end};
    for (size_t depth = 1; depth > 0;) {
        struct pc_der_value value;
        in.end = ends[depth - 1];
        if (pc_der_at_end(&in)) {
            depth--;
            continue;
        }
        const struct pc_der before = in;
        PC_TRY(pc_der_next(&in, &value, err));
        if ((value.tag & CONSTRUCTED) != 0) {
            if (depth == PC_ARRAY_LEN(ends)) {
                return pc_der_fail(&before, "nested too deeply", err);
            }
            ends[depth++] = in.at;
            in.at = value.content.ptr;
        }
    }
    return PC_OK;
}

PC_RESULT pc_value_check(struct pc_span der, enum p11csr_code code, p11csr_error **err)
{
    struct pc_der in = pc_der_over(der);
    struct pc_der_value value;
    struct pc_result result = pc_der_next(&in, &value, err);
    if (pc_is_ok(result)) {
        result = pc_der_leave(&in, "one value", err);
    }
    if (pc_is_ok(result)) {
        result = check_nested(pc_der_over(der), err);
    }
    return pc_value_recode(result, code, err);
}

/* A position in hex text counts its characters from 1. */
static struct pc_result read_hex(const char *text, enum p11csr_code code, struct pc_buf *ret,
                                 p11csr_error **err)
{
    int high = -1;
    for (size_t i = 0; text[i] != 0; i++) {
        const int digit = pc_hex_digit(text[i]);
        if (digit < 0 && (text[i] == ' ' || text[i] == ':') && high < 0) {
            continue;
        }
        if (digit < 0) {
            return pc_fail(err, code, "character %zu of the hex is not a hex digit", i + 1);
        }
        if (high >= 0) {
            pc_buf_byte(ret, (uint8_t)(high << 4 | digit));
        }
        high = high < 0 ? digit : -1;
    }
    if (high >= 0) {
        return pc_fail(err, code, "the hex has half an octet at its end");
    }
    return pc_buf_check(ret, err);
}

static void free_asn1_type(ASN1_TYPE **type)
{
    ASN1_TYPE_free(*type);
}

/* Why libcrypto refused it, with the part of the text that it names. */
static struct pc_result refuse_asn1(const char *text, enum p11csr_code code, p11csr_error **err)
{
    const char *data = NULL;
    int flags = 0;
    const unsigned long error = ERR_peek_last_error_data(&data, &flags);
    if (pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    const char *reason = ERR_reason_error_string(error);
    const bool has_data = data != NULL && data[0] != 0 && (flags & ERR_TXT_STRING) != 0;
    return pc_fail(err, code, "asn1: '%s': %s%s%s", text, reason != NULL ? reason : "not understood",
                   has_data ? ", " : "", has_data ? data : "");
}

/* A list of bits may name one that no memory holds: no number in it has more digits than this. */
static bool has_long_number(const char *text)
{
    size_t digits = 0;
    for (; *text != 0; text++) {
        digits = pc_ascii_is_digit(*text) ? digits + 1 : 0;
        if (digits > MAX_BIT_DIGITS) {
            return true;
        }
    }
    return false;
}

static struct pc_result read_asn1(const char *text, enum p11csr_code code, struct pc_buf *ret,
                                  p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(errors);
    if (strstr(text, "BITLIST") != NULL && has_long_number(text)) {
        return pc_fail(err, code, "asn1: '%s': a bit list names a bit above 99999", text);
    }
    ASN1_TYPE *value PC_CLEANUP(free_asn1_type) = ASN1_generate_nconf(text, NULL);
    if (value == NULL) {
        return refuse_asn1(text, code, err);
    }
    const int len = i2d_ASN1_TYPE(value, NULL);
    uint8_t *to = len > 0 ? pc_buf_reserve(ret, (size_t)len) : NULL;
    if (to == NULL) {
        return len > 0 ? pc_buf_check(ret, err) : refuse_asn1(text, code, err);
    }
    ret->len += (size_t)i2d_ASN1_TYPE(value, &to);
    return PC_OK;
}

static struct pc_result read_any(const char *text, enum p11csr_code code, struct pc_buf *ret,
                                 p11csr_error **err)
{
    if (strncmp(text, "hex:", 4) == 0) {
        return read_hex(text + 4, code, ret, err);
    }
    if (strncmp(text, "asn1:", 5) == 0) {
        return read_asn1(text + 5, code, ret, err);
    }
    if (text[0] == 0) {
        return pc_fail(err, code, "a value is missing: hex:..., asn1:... or the name of a file");
    }
    return pc_file_read(text, ret, err);
}

PC_RESULT pc_value_read(const char *text, enum p11csr_code code, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&value, PC_MAX_VALUE);
    PC_TRY(read_any(text, code, &value, err));
    PC_TRY(pc_frame(pc_value_check(pc_buf_span(&value), code, err), err, "'%s' is not one DER value", text));
    pc_buf_add_span(ret, pc_buf_span(&value));
    return pc_buf_check(ret, err);
}
