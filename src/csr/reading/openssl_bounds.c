// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/openssl_conf.h"

#include <string.h>

enum {
    MAX_VARIABLES = 1024, /* each may bring 64 KiB */
    MAX_STEPS = 4096,     /* values that ASN1 structures are made of */
    MAX_DEPTH = 16,       /* structures within structures */
    MAX_BITS = 5,         /* digits of a bit's number */
};

static bool holds(struct pc_span text, const char *word)
{
    return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

/* A comment line may speak of including files. */
static bool is_comment(struct pc_span line)
{
    size_t at = 0;
    while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t')) {
        at++;
    }
    return at < line.len && line.ptr[at] == '#';
}

/* What libcrypto reads: lines that end in a backslash are one with the next. */
static struct pc_result check_joined(struct pc_span text, p11csr_error **err)
{
    struct pc_buf joined PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&joined, PC_MAX_OSSL_CONF);
    for (size_t at = 0; at < text.len; at++) {
        size_t end = at + 1;
        while (end < text.len && text.ptr[end] == '\r') {
            end++;
        }
        if (text.ptr[at] == '\\' && end < text.len && text.ptr[end] == '\n') {
            at = end;
        } else {
            pc_buf_byte(&joined, text.ptr[at]);
        }
    }
    PC_TRY(pc_buf_check(&joined, err));
    size_t before = 0;
    size_t after = 0;
    for (size_t at = 0; at + 8 <= text.len; at++) {
        before += memcmp(text.ptr + at, ".include", 8) == 0 ? 1 : 0;
    }
    for (size_t at = 0; at + 8 <= joined.len; at++) {
        after += memcmp(joined.ptr + at, ".include", 8) == 0 ? 1 : 0;
    }
    return after <= before
               ? PC_OK
               : pc_fail(err, P11CSR_E_CONFIG, "'.include' goes over two lines, where it cannot be followed");
}

PC_RESULT pc_conf_check_text(struct pc_span text, p11csr_error **err)
{
    size_t variables = 0;
    if (text.len > PC_MAX_OSSL_CONF) {
        return pc_fail(err, P11CSR_E_LIMIT, "a configuration of more than %d bytes", (int)PC_MAX_OSSL_CONF);
    }
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.ptr + at, '\n', text.len - at);
        const size_t len = end != NULL ? (size_t)(end - (text.ptr + at)) : text.len - at;
        const struct pc_span line = {text.ptr + at, len};
        if (memchr(line.ptr, 0, line.len) != NULL) {
            return pc_fail(err, P11CSR_E_CONFIG, "there is a zero byte in it");
        }
        if (holds(line, ".include") && !is_comment(line)) {
            return pc_fail(err, P11CSR_E_CONFIG, "'.include' stands where it cannot be followed");
        }
        for (size_t i = 0; i < line.len; i++) {
            variables += line.ptr[i] == '$' ? 1 : 0;
        }
        at += len + 1;
    }
    if (variables > MAX_VARIABLES) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d variables in a configuration", MAX_VARIABLES);
    }
    return check_joined(text, err);
}

/* Behind one of these stands the section that a structure is made of, to the end of the value. */
static const char *nested_section(const char *value)
{
    static const char *const words[] = {"SEQUENCE:", "SEQ:", "SET:"};
    const char *first = NULL;
    size_t len = 0;
    for (size_t i = 0; i < PC_ARRAY_LEN(words); i++) {
        const char *found = strstr(value, words[i]);
        if (found != NULL && (first == NULL || found < first)) { // the rest may be the name of a section
            first = found;
            len = strlen(words[i]);
        }
    }
    return first != NULL ? first + len : NULL;
}

static struct pc_result check_bits(const char *value, p11csr_error **err)
{
    if (strstr(value, "BITLIST") == NULL) {
        return PC_OK;
    }
    for (const char *at = value; *at != 0; at++) {
        if (strspn(at, "0123456789") > MAX_BITS) {
            return pc_fail(err, P11CSR_E_LIMIT, "the number of a bit is too large: %.40s", value);
        }
    }
    return PC_OK;
}

/* Counts what a structure is made of; the depth ends it where it contains itself. */
static struct pc_result count_steps(const CONF *conf, const char *value, size_t *steps, p11csr_error **err)
{
    const char *names[MAX_DEPTH];
    int next[MAX_DEPTH];
    size_t depth = 0;
    names[0] = nested_section(value);
    next[0] = 0;
    while (names[depth] != NULL || depth > 0) {
        const STACK_OF(CONF_VALUE) *values =
            names[depth] != NULL ? NCONF_get_section(conf, names[depth]) : NULL;
        if (values == NULL || next[depth] >= sk_CONF_VALUE_num(values)) {
            if (depth == 0) {
                return PC_OK;
            }
            depth--;
            continue;
        }
        const char *inner = nested_section(sk_CONF_VALUE_value(values, next[depth]++)->value);
        if (++*steps > MAX_STEPS || (inner != NULL && depth + 1 == MAX_DEPTH)) {
            return pc_fail(err, P11CSR_E_LIMIT, "the structure of section '%s' is too large, or holds itself",
                           names[0]);
        }
        if (inner != NULL) {
            names[++depth] = inner;
            next[depth] = 0;
        }
    }
    return PC_OK;
}

static struct pc_result check_section(const CONF *conf, const char *section, size_t *steps,
                                      p11csr_error **err)
{
    const STACK_OF(CONF_VALUE) *values = NCONF_get_section(conf, section);
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const char *value = sk_CONF_VALUE_value(values, i)->value;
        PC_TRY(check_bits(value, err));
        PC_TRY(count_steps(conf, value, steps, err));
    }
    return PC_OK;
}

PC_RESULT pc_conf_check_loaded(const CONF *conf, p11csr_error **err)
{
    STACK_OF(OPENSSL_CSTRING) *names = NCONF_get_section_names(conf);
    struct pc_result result = names != NULL ? PC_OK : pc_fail_memory(err);
    size_t steps = 0;
    for (int i = 0; pc_is_ok(result) && i < sk_OPENSSL_CSTRING_num(names); i++) {
        result = check_section(conf, sk_OPENSSL_CSTRING_value(names, i), &steps, err);
    }
    sk_OPENSSL_CSTRING_free(names);
    return result;
}
