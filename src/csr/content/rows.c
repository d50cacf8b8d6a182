// SPDX-License-Identifier: Apache-2.0
#include "csr/content/rows.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/name.h"
#include "csr/content/row_functions.h"
#include "csr/reading/json.h"

#include <string.h>

#define CRITICAL true
#define NONCRITICAL false
#define ADDS true
#define REPLACES false
#define EXT(word_, name_, oid_, critical_, adds_, fits_, write_, show_, arg_, doc_)                          \
    {.word = word_,                                                                                          \
     .oid = {PC_BYTES(oid_), name_},                                                                         \
     .critical = critical_,                                                                                  \
     .adds = adds_,                                                                                          \
     .fits = fits_,                                                                                          \
     .write = write_,                                                                                        \
     .show = show_},
static const struct pc_item_row extensions[] = {
#include "csr/content/extensions.def"
};
#undef EXT
#define ATTR(word_, name_, oid_, adds_, write_, show_, arg_, doc_)                                           \
    {.word = word_, .oid = {PC_BYTES(oid_), name_}, .adds = adds_, .write = write_, .show = show_},
static const struct pc_item_row attributes[] = {
#include "csr/content/attributes.def"
};
#undef ATTR
#undef CRITICAL
#undef NONCRITICAL
#undef ADDS
#undef REPLACES

static const struct pc_item_row *find(const struct pc_item_row *rows, size_t count, const char *word,
                                      const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].word, word) == 0 && (rows[i].fits == NULL || rows[i].fits(text))) {
            return &rows[i];
        }
    }
    return NULL;
}

static const struct pc_item_row *by_oid(const struct pc_item_row *rows, size_t count, struct pc_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (pc_span_eq(rows[i].oid.oid, oid)) {
            return &rows[i];
        }
    }
    return NULL;
}

static const char *word_at(const void *table, size_t index)
{
    return ((const struct pc_item_row *)table)[index].word;
}

const struct pc_item_row *pc_extension_row_find(const char *word, const char *text)
{
    return find(extensions, PC_ARRAY_LEN(extensions), word, text);
}

const struct pc_item_row *pc_extension_row_by_oid(struct pc_span oid)
{
    return by_oid(extensions, PC_ARRAY_LEN(extensions), oid);
}

const struct pc_item_row *pc_attribute_row_find(const char *word)
{
    return find(attributes, PC_ARRAY_LEN(attributes), word, "");
}

const struct pc_item_row *pc_attribute_row_by_oid(struct pc_span oid)
{
    return by_oid(attributes, PC_ARRAY_LEN(attributes), oid);
}

const char *pc_extension_row_nearest(const char *word)
{
    return pc_nearest_word(word, word_at, extensions, PC_ARRAY_LEN(extensions));
}

const char *pc_attribute_row_nearest(const char *word)
{
    return pc_nearest_word(word, word_at, attributes, PC_ARRAY_LEN(attributes));
}

PC_RESULT pc_item_fail(const char *text, const char *at, const char *reason, p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_EXTENSION, "byte %zu: '%s' %s", (size_t)(at - text) + 1, text, reason);
}

PC_RESULT pc_item_oid(const char *text, const char *at, size_t len, struct pc_buf *ret, p11csr_error **err)
{
    const char *wrong = at;
    char *dotted PC_CLEANUP(pc_free_str) = pc_strndup(at, len);
    if (dotted == NULL) {
        return pc_fail_memory(err);
    }
    if (pc_der_oid_from_text(dotted, ret)) {
        return pc_buf_check(ret, err);
    }
    PC_TRY(pc_buf_check(ret, err));
    while (wrong < at + len && (pc_ascii_is_digit(*wrong) || *wrong == '.')) {
        wrong++;
    }
    return pc_item_fail(text, wrong < at + len ? wrong : at, "is not an object identifier here", err);
}

PC_RESULT pc_item_number(const char *text, const char *at, size_t len, unsigned long max, unsigned long *ret,
                         p11csr_error **err)
{
    struct pc_buf why PC_CLEANUP(pc_buf_done) = {0};
    char *digits PC_CLEANUP(pc_free_str) = pc_strndup(at, len);
    pc_buf_init(&why, PC_MAX_TEXT);
    if (digits == NULL) {
        return pc_fail_memory(err);
    }
    if (pc_parse_number(digits, max, ret)) {
        return PC_OK;
    }
    pc_buf_printf(&why, "has no number from 0 to %lu here", max);
    pc_buf_byte(&why, 0);
    PC_TRY(pc_buf_check(&why, err));
    return pc_item_fail(text, at, (const char *)why.ptr, err);
}

PC_RESULT pc_item_text(const char *text, const char *at, size_t len, size_t max, p11csr_error **err)
{
    const struct pc_span span = {(const uint8_t *)at, len};
    size_t count = 0;
    if (len == 0) {
        return pc_item_fail(text, at, "has nothing here", err);
    }
    for (size_t i = 0; i < len; count++) {
        const size_t start = i;
        const int32_t c = pc_utf8_next(span, &i);
        const char *fault =
            c < 0                                  ? "is not UTF-8 here"
            : pc_utf8_is_hostile(c) || c == 0xFEFF ? "has a character that controls or hides text"
            : c == ' ' && (start == 0 || i == len) ? "has a space at the start or end of a part"
            : count == max                         ? "is too long"
                                                   : NULL;
        if (fault != NULL) {
            return pc_item_fail(text, at + start, fault, err);
        }
    }
    return PC_OK;
}

PC_RESULT pc_item_earlier(struct pc_span earlier, struct pc_span *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(earlier);
    struct pc_der_value value = {0};
    if (earlier.len > 0) {
        PC_TRY(pc_der_expect(&in, PC_DER_SEQUENCE, "the earlier value", &value, err));
    }
    *ret = value.content;
    return PC_OK;
}

PC_RESULT pc_item_search(struct pc_span list, struct pc_span oid, bool *ret_found, p11csr_error **err)
{
    struct pc_der in = pc_der_over(list);
    *ret_found = false;
    for (size_t count = 0; !pc_der_at_end(&in); count++) {
        struct pc_der inner;
        struct pc_span each;
        if (count + 1 == PC_MAX_ITEMS) {
            return pc_fail(err, P11CSR_E_LIMIT, "more than %d of them", (int)PC_MAX_ITEMS);
        }
        PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "the earlier value", &inner, err));
        PC_TRY(pc_oid_read(&inner, "the earlier value", &each, err));
        *ret_found = *ret_found || pc_span_eq(each, oid);
    }
    return PC_OK;
}

PC_RESULT pc_item_write_bmp(const char *text, const char *at, size_t len, struct pc_der_writer *w,
                            p11csr_error **err)
{
    const struct pc_span span = {(const uint8_t *)at, len};
    pc_der_begin(w, PC_DER_BMP_STRING);
    for (size_t i = 0; i < len;) {
        const size_t start = i;
        const int32_t c = pc_utf8_next(span, &i);
        if (c < 0 || c > 0xFFFF) {
            return pc_item_fail(text, at + start, "has a character that a BMPString cannot hold", err);
        }
        pc_buf_byte(w->buf, (uint8_t)(c >> 8));
        pc_buf_byte(w->buf, (uint8_t)c);
    }
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_item_no_text(p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_UNSUPPORTED, "no text says all of this value");
}

PC_RESULT pc_item_show(struct pc_buf *text, json_t *list, p11csr_error **err)
{
    const struct pc_span span = pc_buf_span(text);
    PC_TRY(pc_buf_check(text, err));
    for (size_t i = 0; i < span.len;) {
        if (pc_utf8_is_hostile(pc_utf8_next(span, &i))) {
            return pc_item_no_text(err);
        }
    }
    return pc_json_append(list, pc_json_text(span), err);
}

PC_RESULT pc_item_read_text(struct pc_der *in, const char *what, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    if (pc_der_at_end(in)) {
        return pc_fail(err, P11CSR_E_REQUEST, "byte %zu: %s is missing", (size_t)(in->at - in->start), what);
    }
    PC_TRY(pc_der_next(in, &value, err));
    if (value.tag == PC_DER_INTEGER || (value.tag & 0xE0) != 0) {
        return pc_der_fail(&before, "not a string of text", err);
    }
    return pc_name_value_text(value.tag, value.content, ret) ? pc_buf_check(ret, err) : pc_item_no_text(err);
}
