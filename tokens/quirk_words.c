// SPDX-License-Identifier: Apache-2.0
#include "tokens/quirk_words.h"

#include "base/text.h"
#include "tokens/ckr.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct name_row {
    const char *name;
    unsigned long number;
};

#define ROW(number_)                                                                                         \
    {                                                                                                        \
        .name = #number_, .number = number_                                                                  \
    }
/* The attributes that templates of new keys hold. */
static const struct name_row attributes[] = {
    ROW(CKA_TOKEN),          ROW(CKA_PRIVATE),
    ROW(CKA_LABEL),          ROW(CKA_ID),
    ROW(CKA_MODULUS_BITS),   ROW(CKA_PUBLIC_EXPONENT),
    ROW(CKA_EC_PARAMS),      ROW(CKA_VERIFY),
    ROW(CKA_ENCRYPT),        ROW(CKA_WRAP),
    ROW(CKA_VERIFY_RECOVER), ROW(CKA_SENSITIVE),
    ROW(CKA_EXTRACTABLE),    ROW(CKA_WRAP_WITH_TRUSTED),
    ROW(CKA_SIGN),           ROW(CKA_DECRYPT),
    ROW(CKA_UNWRAP),         ROW(CKA_SIGN_RECOVER),
    ROW(CKA_DERIVE),
};
#undef ROW

bool pc_quirk_glob(const char *pattern, struct pc_span text)
{
    const char *star = NULL;
    size_t at = 0;
    size_t star_at = 0;
    while (at < text.len) {
        const char one[2] = {(char)text.ptr[at], 0};
        const char want[2] = {*pattern, 0};
        if (*pattern == '*') {
            star = ++pattern;
            star_at = at;
        } else if (*pattern != 0 && pc_ascii_equal(want, one)) {
            pattern++;
            at++;
        } else if (star != NULL) { // the last star takes one character more
            pattern = star;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == 0;
}

static bool read_number(struct pc_span text, unsigned long *ret)
{
    char copy[24];
    char *end = NULL;
    if (text.len == 0 || text.len >= sizeof(copy) || !pc_ascii_is_digit((char)text.ptr[0])) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    const bool hex = copy[0] == '0' && copy[1] == 'x';
    *ret = strtoul(copy, &end, hex ? 16 : 10);
    return *end == 0 && *ret != ULONG_MAX;
}

static bool find_attribute(struct pc_span name, unsigned long *ret)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(attributes); i++) {
        if (pc_span_eq(name, pc_span_str(attributes[i].name))) {
            *ret = attributes[i].number;
            return true;
        }
    }
    return false;
}

/* Cuts `*text` at the first `mark`: what stands in front of it goes to *ret. False when there is none. */
static bool cut(struct pc_span *text, char mark, struct pc_span *ret)
{
    const uint8_t *found = text->len > 0 ? memchr(text->ptr, mark, text->len) : NULL;
    if (found == NULL) {
        return false;
    }
    *ret = (struct pc_span){text->ptr, (size_t)(found - text->ptr)};
    text->len -= ret->len + 1;
    text->ptr = found + 1;
    return true;
}

static bool read_attribute(struct pc_span text, struct pc_quirk_item *ret)
{
    struct pc_span side = {0};
    if (cut(&text, ':', &side)) {
        if (pc_span_eq(side, pc_span_str("public"))) {
            ret->side = PC_QUIRK_PUBLIC;
        } else if (pc_span_eq(side, pc_span_str("private"))) {
            ret->side = PC_QUIRK_PRIVATE;
        } else {
            return false;
        }
    }
    ret->all = pc_span_eq(text, pc_span_str("*"));
    return ret->all || find_attribute(text, &ret->number) || read_number(text, &ret->number);
}

static bool read_value(struct pc_span text, struct pc_quirk_item *ret)
{
    struct pc_span name = {0};
    return cut(&text, ':', &ret->spec) && ret->spec.len > 0 && cut(&text, '=', &name) &&
           (find_attribute(name, &ret->number) || read_number(name, &ret->number)) &&
           read_number(text, &ret->value);
}

static bool read_hint(struct pc_span text, struct pc_quirk_item *ret)
{
    struct pc_span name = {0};
    if (!cut(&text, '=', &name) || text.len == 0) {
        return false;
    }
    ret->text = text;
    return pc_ckr_find(name, &ret->number) || read_number(name, &ret->number);
}

bool pc_quirk_item_read(enum pc_quirk_type type, const char *text, size_t *at, struct pc_quirk_item *ret)
{
    static const char *const marks[] = {
        [PC_QUIRK_NUMBER] = "",  [PC_QUIRK_CKRS] = ",",  [PC_QUIRK_MECHS] = ",", [PC_QUIRK_ATTRS] = ",",
        [PC_QUIRK_VALUES] = ",", [PC_QUIRK_HINTS] = "|", [PC_QUIRK_CHOICE] = "", [PC_QUIRK_TEXT] = "",
    };
    const char *start = text + *at;
    const struct pc_span item = {(const uint8_t *)start, strcspn(start, marks[type])};
    *at += item.len + (start[item.len] != 0 ? 1 : 0);
    *ret = (struct pc_quirk_item){0};
    switch (type) {
    case PC_QUIRK_NUMBER:
        return read_number(item, &ret->number);
    case PC_QUIRK_CKRS:
        return pc_ckr_find(item, &ret->number) || read_number(item, &ret->number);
    case PC_QUIRK_MECHS:
        return pc_ckm_find(item, &ret->number) || read_number(item, &ret->number);
    case PC_QUIRK_ATTRS:
        return read_attribute(item, ret);
    case PC_QUIRK_VALUES:
        return read_value(item, ret);
    case PC_QUIRK_HINTS:
        return read_hint(item, ret);
    case PC_QUIRK_CHOICE:
    case PC_QUIRK_TEXT:
        break;
    }
    return false;
}
