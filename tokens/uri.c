// SPDX-License-Identifier: Apache-2.0
#include "tokens/uri.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

static const char scheme[] = "pkcs11:";

struct attr_row {
    const char *name;
    bool query;
    bool binary; /* may hold any octet; the others are text */
};

static const struct attr_row rows[PC_URI_COUNT] = {
    [PC_URI_TOKEN] = {.name = "token"},
    [PC_URI_MANUFACTURER] = {.name = "manufacturer"},
    [PC_URI_SERIAL] = {.name = "serial"},
    [PC_URI_MODEL] = {.name = "model"},
    [PC_URI_LIBRARY_MANUFACTURER] = {.name = "library-manufacturer"},
    [PC_URI_LIBRARY_DESCRIPTION] = {.name = "library-description"},
    [PC_URI_LIBRARY_VERSION] = {.name = "library-version"},
    [PC_URI_SLOT_MANUFACTURER] = {.name = "slot-manufacturer"},
    [PC_URI_SLOT_DESCRIPTION] = {.name = "slot-description"},
    [PC_URI_SLOT_ID] = {.name = "slot-id"},
    [PC_URI_ID] = {.name = "id", .binary = true},
    [PC_URI_OBJECT] = {.name = "object"},
    [PC_URI_TYPE] = {.name = "type"},
    [PC_URI_PIN_SOURCE] = {.name = "pin-source", .query = true},
    [PC_URI_MODULE_NAME] = {.name = "module-name", .query = true},
    [PC_URI_MODULE_PATH] = {.name = "module-path", .query = true},
    [PC_URI_PIN_VALUE] = {.name = "pin-value", .query = true, .binary = true},
};

/* What is being read: the whole text and how far it is read. */
struct scan {
    const char *text;
    size_t at;
};

void pc_uri_init(struct pc_uri *uri)
{
    *uri = (struct pc_uri){0};
    for (size_t i = 0; i < PC_URI_COUNT; i++) {
        pc_buf_init(&uri->values[i], PC_MAX_URI);
    }
}

void pc_uri_done(struct pc_uri *uri)
{
    for (size_t i = 0; i < PC_URI_COUNT; i++) {
        pc_buf_done(&uri->values[i]);
    }
    pc_secret_free(&uri->pin);
    pc_uri_init(uri);
}

bool pc_uri_is(const char *text)
{
    return strncmp(text, scheme, sizeof(scheme) - 1) == 0;
}

const char *pc_uri_attr_name(enum pc_uri_attr attr)
{
    return rows[attr].name;
}

static struct pc_result fail_at(size_t at, const char *text, p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_URI, "byte %zu: %s", at + 1, text);
}

static const char *name_at(const void *table, size_t index)
{
    return ((const struct attr_row *)table)[index].name;
}

/*
 * Reads "name=" and finds its row. Unknown query attributes are *ret == PC_URI_COUNT: RFC 7512 lets them be.
 * A known attribute in the wrong half is a mistake: ignored, it would make another token or key match.
 */
static struct pc_result scan_name(struct scan *scan, bool query, enum pc_uri_attr *ret, p11csr_error **err)
{
    const char *start = scan->text + scan->at;
    const size_t len = strcspn(start, "=;&?");
    if (len == 0 || start[len] != '=') {
        return fail_at(scan->at + len, "an attribute like 'token=NAME' is expected", err);
    }
    for (size_t i = 0; i < PC_URI_COUNT; i++) {
        if (strlen(rows[i].name) == len && strncmp(rows[i].name, start, len) == 0) {
            if (rows[i].query != query) {
                return pc_fail(err, P11CSR_E_URI, "byte %zu: '%s' stands %s a '?'", scan->at + 1,
                               rows[i].name, rows[i].query ? "behind" : "in front of");
            }
            scan->at += len + 1;
            *ret = (enum pc_uri_attr)i;
            return PC_OK;
        }
    }
    if (query) {
        scan->at += len + 1;
        *ret = PC_URI_COUNT;
        return PC_OK;
    }
    char *name PC_CLEANUP(pc_free_str) = pc_strndup(start, len);
    const char *near = name == NULL ? NULL : pc_nearest_word(name, name_at, rows, PC_URI_COUNT);
    return pc_fail(err, P11CSR_E_URI, "byte %zu: unknown attribute '%s'%s%s%s", scan->at + 1,
                   name == NULL ? "" : name, near == NULL ? "" : "; the nearest is '",
                   near == NULL ? "" : near, near == NULL ? "" : "'");
}

/*
 * Octets that may stand for themselves (RFC 7512 section 2.3, pk11-path-res-avail and pk11-query-res-avail).
 */
static bool is_plain(char c, bool query)
{
    static const char both[] = "-._~:[]@!$'()*+,=";
    return c != 0 &&
           (pc_ascii_is_alnum(c) || strchr(both, c) != NULL || strchr(query ? "/?|" : "&", c) != NULL);
}

/* Reads a value up to the separator into `value`, decoding %XX. The error shows no part of a secret one. */
static struct pc_result scan_value(struct scan *scan, bool query, bool secret, struct pc_buf *value,
                                   p11csr_error **err)
{
    const char *end = query ? "&" : ";?";
    while (scan->text[scan->at] != 0 && strchr(end, scan->text[scan->at]) == NULL) {
        const char *p = scan->text + scan->at;
        if (*p == '%') {
            const int high = pc_hex_digit(p[1]);
            const int low = high < 0 ? -1 : pc_hex_digit(p[2]);
            if (low < 0) {
                return fail_at(scan->at, "'%' is not followed by two hex digits", err);
            }
            pc_buf_byte(value, (uint8_t)(high * 16 + low));
            scan->at += 3;
        } else if (is_plain(*p, query)) {
            pc_buf_byte(value, (uint8_t)*p);
            scan->at++;
        } else if (secret) {
            return fail_at(scan->at, "this character must be written as '%' and two hex digits", err);
        } else {
            return pc_fail(err, P11CSR_E_URI, "byte %zu: this character must be written as %%%02X",
                           scan->at + 1, (unsigned)(unsigned char)*p);
        }
    }
    return pc_buf_check(value, err);
}

static bool is_text(struct pc_span value)
{
    for (size_t at = 0; at < value.len;) {
        if (pc_utf8_next(value, &at) <= 0) {
            return false;
        }
    }
    return true;
}

bool pc_uri_can_hold(enum pc_uri_attr attr, struct pc_span value)
{
    return value.len > 0 && (rows[attr].binary || is_text(value));
}

static struct pc_result check_value(const struct pc_uri *uri, enum pc_uri_attr attr, size_t at,
                                    p11csr_error **err)
{
    static const char *const types[] = {"private", "public", "cert", "secret-key", "data"};
    unsigned long number = 0;
    if (!rows[attr].binary && !is_text(pc_uri_value(uri, attr))) {
        return fail_at(at, "the value is not UTF-8 text", err);
    }
    if (attr == PC_URI_SLOT_ID && !pc_parse_number(pc_uri_text(uri, attr), UINT64_MAX, &number)) {
        return fail_at(at, "slot-id is not a decimal number", err);
    }
    bool known = attr != PC_URI_TYPE;
    for (size_t i = 0; i < PC_ARRAY_LEN(types) && !known; i++) {
        known = strcmp(types[i], pc_uri_text(uri, attr)) == 0;
    }
    return known ? PC_OK : fail_at(at, "type is one of private, public, cert, secret-key, data", err);
}

/* Keeps a value: text is terminated by a zero behind its length, so that it can be used as a string. */
static void terminate(struct pc_buf *value)
{
    uint8_t *zero = pc_buf_reserve(value, 1);
    if (zero != NULL) {
        *zero = 0;
    }
}

static struct pc_result take_pin(struct pc_uri *uri, struct pc_buf *value, size_t at, p11csr_error **err)
{
    uri->pin = pc_secret_new();
    if (uri->pin == NULL) {
        return pc_fail_memory(err);
    }
    if (!pc_secret_set(uri->pin, value->ptr, value->len)) {
        return fail_at(at, "pin-value is too long", err);
    }
    return PC_OK;
}

static struct pc_result scan_attribute(struct scan *scan, bool query, struct pc_uri *ret, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_wipe) = {0};
    enum pc_uri_attr attr = PC_URI_COUNT;
    const size_t start = scan->at;
    pc_buf_init(&value, PC_MAX_URI);
    PC_TRY(scan_name(scan, query, &attr, err));
    const size_t value_at = scan->at;
    PC_TRY(scan_value(scan, query, attr == PC_URI_PIN_VALUE, &value, err));
    if (attr == PC_URI_COUNT) {
        return PC_OK;
    }
    if (ret->present[attr]) {
        return pc_fail(err, P11CSR_E_URI, "byte %zu: '%s' is there twice", start + 1, rows[attr].name);
    }
    ret->present[attr] = true;
    if (attr == PC_URI_PIN_VALUE) {
        return take_pin(ret, &value, value_at, err);
    }
    if (value.len > 0 &&
        memmem(value.ptr, value.len, "pin-value=", 10) != NULL) { // it would be shown with the URI
        return fail_at(
            value_at, "'pin-value=' inside another value: it stands behind a '?' or, after that, a '&'", err);
    }
    pc_buf_add_span(&ret->values[attr], pc_buf_span(&value));
    terminate(&ret->values[attr]);
    PC_TRY(pc_buf_check(&ret->values[attr], err));
    return check_value(ret, attr, value_at, err);
}

PC_RESULT pc_uri_parse(const char *text, struct pc_uri *ret, p11csr_error **err)
{
    struct scan scan = {.text = text, .at = sizeof(scheme) - 1};
    if (!pc_uri_is(text)) {
        return fail_at(0, "a URI starts with 'pkcs11:'", err);
    }
    if (strlen(text) > PC_MAX_URI) {
        return pc_fail(err, P11CSR_E_LIMIT, "a URI of more than %d bytes", PC_MAX_URI);
    }
    bool query = false;
    while (text[scan.at] != 0) {
        if (text[scan.at] == '?' && !query) {
            query = true;
            scan.at++;
        }
        PC_TRY(scan_attribute(&scan, query, ret, err));
        if (text[scan.at] == (query ? '&' : ';')) {
            scan.at++;
            if (text[scan.at] == 0) {
                return fail_at(scan.at, "an attribute is missing behind the separator", err);
            }
        }
    }
    if (ret->present[PC_URI_PIN_SOURCE] && ret->present[PC_URI_PIN_VALUE]) {
        return pc_fail(err, P11CSR_E_URI, "pin-source and pin-value exclude each other");
    }
    return PC_OK;
}

PC_RESULT pc_uri_set(struct pc_uri *uri, enum pc_uri_attr attr, struct pc_span value, p11csr_error **err)
{
    uri->present[attr] = true;
    uri->values[attr].len = 0;
    pc_buf_add_span(&uri->values[attr], value);
    terminate(&uri->values[attr]);
    return pc_buf_check(&uri->values[attr], err);
}

static struct pc_result fill_pin(struct pc_uri *uri, const struct pc_uri *from, p11csr_error **err)
{
    const struct pc_span pin = pc_secret_bytes(from->pin);
    uri->pin = pc_secret_new();
    if (uri->pin == NULL || !pc_secret_set(uri->pin, pin.ptr, pin.len)) {
        return pc_fail_memory(err);
    }
    uri->present[PC_URI_PIN_VALUE] = true;
    return PC_OK;
}

PC_RESULT pc_uri_fill(struct pc_uri *uri, const struct pc_uri *from, p11csr_error **err)
{
    const bool has_pin = uri->pin != NULL || uri->present[PC_URI_PIN_SOURCE];
    for (size_t i = 0; i < PC_URI_COUNT; i++) {
        const enum pc_uri_attr attr = (enum pc_uri_attr)i;
        const bool of_pin = attr == PC_URI_PIN_SOURCE || attr == PC_URI_PIN_VALUE;
        if (attr != PC_URI_PIN_VALUE && from->present[attr] && !uri->present[attr] && !(of_pin && has_pin)) {
            PC_TRY(pc_uri_set(uri, attr, pc_uri_value(from, attr), err));
        }
    }
    return from->pin != NULL && !has_pin ? fill_pin(uri, from, err) : PC_OK;
}

struct pc_span pc_uri_value(const struct pc_uri *uri, enum pc_uri_attr attr)
{
    return pc_buf_span(&uri->values[attr]);
}

const char *pc_uri_text(const struct pc_uri *uri, enum pc_uri_attr attr)
{
    return uri->present[attr] ? (const char *)uri->values[attr].ptr : NULL;
}

static void format_value(struct pc_span value, bool query, bool binary, struct pc_buf *ret)
{
    for (size_t i = 0; i < value.len; i++) {
        if (!binary && value.ptr[i] != '\'' &&
            is_plain((char)value.ptr[i], query)) { // fits into a shell's quotes
            pc_buf_byte(ret, value.ptr[i]);
        } else {
            pc_buf_printf(ret, "%%%02X", value.ptr[i]);
        }
    }
}

PC_RESULT pc_uri_format(const struct pc_uri *uri, struct pc_buf *ret, p11csr_error **err)
{
    bool first_path = true;
    bool first_query = true;
    pc_buf_text(ret, scheme);
    for (size_t i = 0; i < PC_URI_COUNT; i++) {
        if (!uri->present[i] || i == PC_URI_PIN_VALUE || i == PC_URI_PIN_SOURCE) {
            continue;
        }
        bool *first = rows[i].query ? &first_query : &first_path;
        pc_buf_text(ret, *first ? (rows[i].query ? "?" : "") : (rows[i].query ? "&" : ";"));
        *first = false;
        pc_buf_printf(ret, "%s=", rows[i].name);
        format_value(pc_buf_span(&uri->values[i]), rows[i].query, rows[i].binary, ret);
    }
    return pc_buf_check(ret, err);
}
