// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_QUIRKS_H
#define PC_LIB_QUIRKS_H

#include "base/buf.h"
#include "tokens/quirks.h"

/* Quirks that the administrator or the caller set; they come after the rows of tokens/profiles. */

enum { PC_MAX_QUIRK_RULES = 4096 };

/* One word set for some tokens, with texts of its own. Stays where it is until the context ends. */
struct pc_own_rule {
    struct pc_quirk_match match;
    bool has_match; /* false: every token, or those of the alias */
    char *alias;    /* only the token of this alias; NULL: any */
    char *word;
    char *value;
    char *set_by;
};

/* What a `match` of the configuration says, as text. NULL: nothing. */
struct pc_quirk_match_texts {
    char *manufacturer;
    char *model;
    char *library;
    char *library_version; /* "2.1" or "2.0-2.4", "2.0-" */
    char *firmware;
};

/* VALUE when a version is none. */
PC_RESULT pc_match_texts_check(const struct pc_quirk_match_texts *texts, p11csr_error **err);
/* What a rule sets, before it is copied. */
struct pc_own_setting {
    const char *word;
    const char *value;
    const char *set_by;
};
/*
 * Appends a struct pc_own_rule * after checking word and value. `texts` may be NULL, as may `alias`. Errors:
 * VALUE, LIMIT.
 */
PC_RESULT pc_own_rule_add(struct pc_buf *rules, const struct pc_quirk_match_texts *texts, const char *alias,
                          const struct pc_own_setting *setting, p11csr_error **err);
/* The rules of this alias apply to nothing any more: a later file has replaced it. */
void pc_own_rules_retire(struct pc_buf *rules, const char *alias);
void pc_own_rules_done(struct pc_buf *rules);
/* Appends a struct pc_quirk_rule for each of `rules` that is for the token of `alias` (NULL: of none). */
void pc_own_rules_pick(const struct pc_buf *rules, const char *alias, struct pc_buf *ret);

#endif
