// SPDX-License-Identifier: Apache-2.0
#include "csr/content/host.h"

#include "base/text.h"

#include <idn2.h>
#include <string.h>

enum { LABEL_MAX = 63 };

static const char label_too_long[] = "has a label of more than 63 octets";

bool pc_is_ascii(struct pc_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] > 0x7F) {
            return false;
        }
    }
    return true;
}

static const char *char_fault(uint8_t c)
{
    if (pc_ascii_is_alnum((char)c) || c == '-') {
        return NULL;
    }
    if (c == '*') {
        return "has a '*' that is not its whole first label";
    }
    return c == '_' ? "has an underscore, which host names do not have"
                    : "has a character that host names do not have";
}

/* One label of ASCII characters: `at` is its first octet, `end` the one behind it. */
static const char *ascii_fault(struct pc_span text, size_t at, size_t end, size_t *ret_at)
{
    for (size_t i = at; i < end; i++) {
        const char *fault = char_fault(text.ptr[i]);
        *ret_at = i;
        if (fault != NULL) {
            return fault;
        }
    }
    *ret_at = at;
    if (end - at > LABEL_MAX) {
        return label_too_long;
    }
    return text.ptr[at] == '-' || text.ptr[end - 1] == '-' ? "has a label that starts or ends with a hyphen"
                                                           : NULL;
}

/* What libidn2 says, as the end of a sentence. */
static const char *idna_fault(int code)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {
        {IDN2_ENCODING_ERROR, "is not UTF-8"},
        {IDN2_DISALLOWED, "has a label with a character that IDNA2008 does not allow, like upper case"},
        {IDN2_UNASSIGNED, "has a label with a character that IDNA2008 does not know"},
        {IDN2_LEADING_COMBINING, "has a label that starts with a combining mark"},
        {IDN2_2HYPHEN, "has an international label with hyphens at its third and fourth place"},
        {IDN2_HYPHEN_STARTEND, "has a label that starts or ends with a hyphen"},
        {IDN2_BIDI, "has a label that mixes directions of writing as IDNA2008 does not allow"},
        {IDN2_TOO_BIG_LABEL, label_too_long},
        {IDN2_PUNYCODE_BIG_OUTPUT, label_too_long},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].code == code) {
            return rows[i].text;
        }
    }
    return "has a label that IDNA2008 does not allow";
}

const char *pc_host_label_add(struct pc_span label, struct pc_buf *ret)
{
    uint8_t *mapped = NULL;
    if (pc_is_ascii(label)) {
        pc_buf_add_span(ret, label);
        return NULL;
    }
    char *copy PC_CLEANUP(pc_free_str) = pc_strndup((const char *)label.ptr, label.len);
    const int code =
        copy == NULL ? IDN2_MALLOC : idn2_register_u8((const uint8_t *)copy, NULL, &mapped, IDN2_NFC_INPUT);
    if (code == IDN2_MALLOC) {
        ret->failed = P11CSR_E_NO_MEMORY;
        return NULL;
    }
    if (code != IDN2_OK) {
        return idna_fault(code);
    }
    pc_buf_text(ret, (const char *)mapped);
    idn2_free(mapped);
    return NULL;
}

/* One label of a host name: `at` is its first octet, *ret_at where the fault or its end is. */
static const char *add_label(struct pc_span text, size_t at, struct pc_buf *ret, size_t *ret_at)
{
    size_t end = at;
    while (end < text.len && text.ptr[end] != '.') {
        end++;
    }
    const struct pc_span label = {text.ptr + at, end - at};
    *ret_at = at;
    if (label.len == 0) {
        return at > 0 && at == text.len ? "ends with a dot" : "has an empty label";
    }
    const char *fault = pc_is_ascii(label) ? ascii_fault(text, at, end, ret_at) : NULL;
    if (fault == NULL) {
        fault = pc_host_label_add(label, ret);
    }
    *ret_at = fault == NULL ? end : *ret_at;
    return fault;
}

const char *pc_host_add(struct pc_span text, size_t from, struct pc_buf *ret, size_t *ret_at)
{
    const size_t before = ret->len;
    *ret_at = from;
    if (text.len == from) {
        return "has no host name";
    }
    for (size_t at = from;; at = *ret_at + 1) {
        const char *fault = add_label(text, at, ret, ret_at);
        if (fault != NULL || ret->failed != P11CSR_OK) {
            return fault;
        }
        if (*ret_at == text.len) {
            break;
        }
        pc_buf_byte(ret, '.');
    }
    *ret_at = from;
    return ret->len - before > PC_HOST_MAX ? "has a host name of more than 253 octets" : NULL;
}
