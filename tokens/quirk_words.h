// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_QUIRK_WORDS_H
#define PC_TOKENS_QUIRK_WORDS_H

#include "tokens/quirks.h"

/* Reading the values of quirks: shared by quirks.c and its tests. */

/* Reads the entry of a list at `*at` and moves behind it; false when it is none of this type. */
bool pc_quirk_item_read(enum pc_quirk_type type, const char *text, size_t *at, struct pc_quirk_item *ret);
/* Whether the text holds the pattern's characters, '*' standing for any, regardless of ASCII case. */
bool pc_quirk_glob(const char *pattern, struct pc_span text);

#endif
