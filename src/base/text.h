// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_TEXT_H
#define PC_BASE_TEXT_H

#include "base/buf.h"

/*
 * A copy in which control characters and bytes that are not UTF-8 are written as \xNN. NULL when out of
 * memory.
 */
char *pc_text_printable(const char *text) __attribute__((malloc));
/*
 * Replaces the value of a URI's pin-value by '*', in place: whoever gave a PIN in a URI must not find it in a
 * message, a log or a shell's scroll-back.
 */
void pc_text_redact(char *text);
/* pc_text_printable() for bytes that may hold zeros. */
char *pc_text_printable_bytes(struct pc_span bytes) __attribute__((malloc));

/*
 * Decodes the UTF-8 character at `*at` (< text.len) and moves past it. Returns the code point, or -1 for
 * bytes that are not UTF-8 (overlong forms and surrogates included); then only one byte is passed.
 */
int32_t pc_utf8_next(struct pc_span text, size_t *at);
/*
 * Control characters (C0, DEL, C1) and those that reorder or hide text on a terminal; also -1, which is no
 * character.
 */
bool pc_utf8_is_hostile(int32_t code_point);
/* Appends a code point (at most 0x10FFFF) as UTF-8. */
void pc_utf8_add(struct pc_buf *buf, uint32_t code_point);

/* Lower-case hex of `bytes`; `separator` stands between octets unless it is 0. */
void pc_hex_add(struct pc_buf *buf, struct pc_span bytes, char separator);
char *pc_hex(struct pc_span bytes) __attribute__((malloc));
/* Value of a hex digit, or -1. */
int pc_hex_digit(char c);
/* Appends the bytes of hex text (colons and an 0x in front allowed). False when it is not hex or empty. */
bool pc_hex_parse(const char *text, struct pc_buf *ret);

bool pc_ascii_is_alpha(char c);
bool pc_ascii_is_digit(char c);
bool pc_ascii_is_alnum(char c);
/* Compares without regard to the case of ASCII letters, in any locale. */
bool pc_ascii_equal(const char *a, const char *b);
/* Reads a decimal number of at most `max`. False when `text` is anything else. */
bool pc_parse_number(const char *text, unsigned long max, unsigned long *ret);

/*
 * The nearest known word, for "did you mean": walks `count` words given by `word_at(table, i)` and returns
 * the one with the smallest edit distance if that is small against its length, else NULL.
 */
const char *pc_nearest_word(const char *text, const char *(*word_at)(const void *table, size_t index),
                            const void *table, size_t count);
/* Adds a note with all the words of such a table, for whoever has none near; NULL is no word. */
void pc_note_words(p11csr_error **err, const char *(*word_at)(const void *table, size_t index),
                   const void *table, size_t count);

#endif
