// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "base/error.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>

/* Number of bytes a UTF-8 sequence has after its first, and the bits of the first; -1 when it starts none. */
static int utf8_tail(uint8_t first, int32_t *ret_bits)
{
    if (first < 0x80) {
        *ret_bits = first;
        return 0;
    }
    if (first >= 0xC2 && first < 0xE0) {
        *ret_bits = first & 0x1F;
        return 1;
    }
    if (first >= 0xE0 && first < 0xF0) {
        *ret_bits = first & 0x0F;
        return 2;
    }
    if (first >= 0xF0 && first < 0xF5) {
        *ret_bits = first & 0x07;
        return 3;
    }
    return -1;
}

int32_t pc_utf8_next(struct pc_span text, size_t *at)
{
    static const int32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    int32_t point = 0;
    const size_t start = *at;
    const int tail = utf8_tail(text.ptr[start], &point);
    *at = start + 1;
    if (tail < 0 || text.len - start <= (size_t)tail) {
        return -1;
    }
    for (int i = 1; i <= tail; i++) {
        const uint8_t byte = text.ptr[start + (size_t)i];
        if ((byte & 0xC0) != 0x80) {
            return -1;
        }
        point = (point << 6) | (byte & 0x3F);
    }
    if (point < smallest[tail] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return -1;
    }
    *at = start + (size_t)tail + 1;
    return point;
}

void pc_utf8_add(struct pc_buf *buf, uint32_t point)
{
    if (point < 0x80) {
        pc_buf_byte(buf, (uint8_t)point);
    } else if (point < 0x800) {
        pc_buf_byte(buf, (uint8_t)(0xC0 | (point >> 6)));
        pc_buf_byte(buf, (uint8_t)(0x80 | (point & 0x3F)));
    } else if (point < 0x10000) {
        pc_buf_byte(buf, (uint8_t)(0xE0 | (point >> 12)));
        pc_buf_byte(buf, (uint8_t)(0x80 | ((point >> 6) & 0x3F)));
        pc_buf_byte(buf, (uint8_t)(0x80 | (point & 0x3F)));
    } else {
        pc_buf_byte(buf, (uint8_t)(0xF0 | (point >> 18)));
        pc_buf_byte(buf, (uint8_t)(0x80 | ((point >> 12) & 0x3F)));
        pc_buf_byte(buf, (uint8_t)(0x80 | ((point >> 6) & 0x3F)));
        pc_buf_byte(buf, (uint8_t)(0x80 | (point & 0x3F)));
    }
}

bool pc_utf8_is_hostile(int32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x2069) || point == 0xFEFF;
}

char *pc_text_printable_bytes(struct pc_span bytes)
{
    struct pc_buf buf PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&buf, bytes.len * 4 + 1);
    for (size_t at = 0; at < bytes.len;) {
        const size_t start = at;
        if (pc_utf8_is_hostile(pc_utf8_next(bytes, &at))) {
            for (size_t i = start; i < at; i++) {
                const char *digits = "0123456789abcdef";
                const char hex[] = {'\\', 'x', digits[bytes.ptr[i] >> 4], digits[bytes.ptr[i] & 15]};
                pc_buf_add(&buf, hex, sizeof(hex));
            }
        } else {
            pc_buf_add(&buf, bytes.ptr + start, at - start);
        }
    }
    char *text = NULL;
    pc_ignore(pc_buf_take_text(&buf, &text, NULL)); // out of memory is reported as NULL
    return text;
}

void pc_text_redact(char *text)
{
    static const char name[] = "pin-value=";
    char *found = strstr(text, name);
    while (found != NULL) {
        char *value = found + sizeof(name) - 1;
        const bool none = value[0] == 0 || (value[0] == '\'' && (value[1] == 0 || value[1] == ' '));
        if (!none) {
            // To the end of the text: where a value ends cannot be told for certain, and its length is
            // nobody's business.
            value[0] = '*';
            value[1] = 0;
            return;
        }
        found = strstr(value, name);
    }
}

char *pc_text_printable(const char *text)
{
    return pc_text_printable_bytes(pc_span_str(text));
}

void pc_hex_add(struct pc_buf *buf, struct pc_span bytes, char separator)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0 && separator != 0) {
            pc_buf_byte(buf, (uint8_t)separator);
        }
        pc_buf_byte(buf, (uint8_t)digits[bytes.ptr[i] >> 4]);
        pc_buf_byte(buf, (uint8_t)digits[bytes.ptr[i] & 15]);
    }
}

char *pc_hex(struct pc_span bytes)
{
    struct pc_buf buf PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&buf, bytes.len * 2 + 1);
    pc_hex_add(&buf, bytes, 0);
    char *text = NULL;
    pc_ignore(pc_buf_take_text(&buf, &text, NULL)); // out of memory is reported as NULL
    return text;
}

int pc_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool pc_hex_parse(const char *text, struct pc_buf *ret)
{
    const char *p = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
    if (*p == 0) {
        return false;
    }
    while (*p != 0) {
        const int high = pc_hex_digit(p[0]);
        const int low = high < 0 ? -1 : pc_hex_digit(p[1]);
        if (low < 0) {
            return false;
        }
        pc_buf_byte(ret, (uint8_t)(high * 16 + low));
        p += 2;
        if (*p == ':' && p[1] != 0) {
            p++;
        }
    }
    return true;
}

bool pc_ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool pc_ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool pc_ascii_is_alnum(char c)
{
    return pc_ascii_is_alpha(c) || pc_ascii_is_digit(c);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool pc_ascii_equal(const char *a, const char *b)
{
    while (*a != 0 && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return *a == 0 && *b == 0;
}

bool pc_parse_number(const char *text, unsigned long max, unsigned long *ret)
{
    unsigned long value = 0;
    if (*text == 0) {
        return false;
    }
    for (const char *p = text; *p != 0; p++) {
        const unsigned long digit = (unsigned long)(unsigned char)*p - '0';
        if (!pc_ascii_is_digit(*p) || digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

enum { NEAREST_MAX = 40 };

/*
 * Number of letters to change, insert, leave out or swap with the next, for words of at most NEAREST_MAX
 * bytes.
 */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_MAX + 1]; // of the letter before the last, the last, and this one
    const size_t len_b = strlen(b);
    for (size_t j = 0; j <= len_b; j++) {
        rows[1][j] = j;
    }
    for (size_t i = 1; a[i - 1] != 0; i++) {
        rows[2][0] = i;
        for (size_t j = 1; j <= len_b; j++) {
            const bool same = ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]);
            size_t best = rows[1][j - 1] + (same ? 0 : 1);
            best = rows[1][j] + 1 < best ? rows[1][j] + 1 : best;
            best = rows[2][j - 1] + 1 < best ? rows[2][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && rows[0][j - 2] + 1 < best) {
                best = rows[0][j - 2] + 1;
            }
            rows[2][j] = best;
        }
        memcpy(rows[0], rows[1], sizeof(rows[0]));
        memcpy(rows[1], rows[2], sizeof(rows[1]));
    }
    return rows[1][len_b];
}

const char *pc_nearest_word(const char *text, const char *(*word_at)(const void *table, size_t index),
                            const void *table, size_t count)
{
    const char *nearest = NULL;
    size_t best = strlen(text) / 3 + 2; // more changes than this make another word
    if (strlen(text) > NEAREST_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const char *word = word_at(table, i);
        if (word == NULL || strlen(word) > NEAREST_MAX) {
            continue;
        }
        const size_t distance = edit_distance(text, word);
        if (distance < best && distance < strlen(word)) {
            best = distance;
            nearest = word;
        }
    }
    return nearest;
}

void pc_note_words(p11csr_error **err, const char *(*word_at)(const void *table, size_t index),
                   const void *table, size_t count)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_TEXT);
    for (size_t i = 0; i < count; i++) {
        const char *word = word_at(table, i);
        pc_buf_printf(&text, "%s%s", word != NULL && text.len > 0 ? ", " : "", word != NULL ? word : "");
    }
    pc_note(err, "there are: %.*s", (int)text.len, text.ptr != NULL ? (const char *)text.ptr : "");
}
