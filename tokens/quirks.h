// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_QUIRKS_H
#define PC_TOKENS_QUIRKS_H

#include "base/mem.h"
#include "tokens/ck.h"

/*
 * How tokens differ, as words and values: tokens/quirks.def is the vocabulary, tokens/profiles the rows of
 * what is known, and the administrator may set any word. What can be found out by asking the token is no
 * quirk.
 */
enum pc_quirk_id {
#define QUIRK(id, word, type, choices, fallback, effect, doc) PC_QUIRK_##id,
#include "tokens/quirks.def"
#undef QUIRK
    PC_QUIRK_COUNT
};

enum pc_quirk_type {
    PC_QUIRK_CHOICE,
    PC_QUIRK_TEXT,
    PC_QUIRK_NUMBER, /* read like a list of one */
    PC_QUIRK_CKRS,
    PC_QUIRK_MECHS,
    PC_QUIRK_ATTRS,
    PC_QUIRK_VALUES,
    PC_QUIRK_HINTS
};

struct pc_quirk_word {
    const char *word;
    enum pc_quirk_type type;
    const char *choices;  /* separated by blanks, the default among them */
    const char *fallback; /* the value where nothing sets another */
    const char *effect;
    const char *doc;
};
const struct pc_quirk_word *pc_quirk_word(enum pc_quirk_id id);

/* A value that is in force. All texts live as long as the rows and rules they come from. */
struct pc_quirk {
    const char *text;
    const char *set_by;   /* name of the row, or set_by of the rule; NULL: the default */
    const char *evidence; /* of the row; NULL when no row set it */
};

/* All words with their values, for one token. */
struct pc_quirks {
    struct pc_quirk values[PC_QUIRK_COUNT];
    unsigned long used; /* bit of each word that was looked at and that something has set */
};

/* The two numbers of a CK_VERSION. */
struct pc_quirk_version {
    unsigned char major;
    unsigned char minor;
};

/*
 * Which tokens are meant. Texts are compared without regard to case, '*' stands for any characters, NULL
 * for any text; versions from..to are compared as numbers, both included, and 0.0 in `to` means: without
 * end.
 */
struct pc_quirk_match {
    const char *manufacturer; /* of the token or of the module */
    const char *model;
    const char *library; /* the module's description */
    struct pc_quirk_version library_from, library_to;
    struct pc_quirk_version firmware_from, firmware_to;
};

/* One word set for some tokens. All pointers are borrowed and must outlive what is merged from them. */
struct pc_quirk_rule {
    const struct pc_quirk_match *match; /* NULL: every token */
    const char *word;
    const char *value;
    const char *set_by;
};

/* Every word at its default. */
void pc_quirks_init(struct pc_quirks *ret);
/* Finds a word and checks its value. VALUE names the nearest word or the values there are. */
PC_RESULT pc_quirk_check(const char *word, const char *value, enum pc_quirk_id *ret, p11csr_error **err);
/*
 * Merges for one token, later wins: defaults, rows for a vendor in the order of their files, rows for a
 * model, then `rules` in their order.
 */
PC_RESULT pc_quirks_merge(const CK_INFO *info, const CK_TOKEN_INFO *token, const struct pc_quirk_rule *rules,
                          size_t count, struct pc_quirks *ret, p11csr_error **err);
bool pc_quirk_matches(const struct pc_quirk_match *match, const CK_INFO *info, const CK_TOKEN_INFO *token);

/* Whether the word has this value; asking makes it count as used. */
bool pc_quirk_is(struct pc_quirks *quirks, enum pc_quirk_id id, const char *value);
/* The value of a TEXT; NULL when it is empty. */
const char *pc_quirk_text(struct pc_quirks *quirks, enum pc_quirk_id id);

enum pc_quirk_side { PC_QUIRK_BOTH, PC_QUIRK_PUBLIC, PC_QUIRK_PRIVATE };

/* An entry of a list. */
struct pc_quirk_item {
    enum pc_quirk_side side; /* of ATTRS */
    struct pc_span spec;     /* of VALUES: name of the key spec */
    bool all;                /* of ATTRS: '*' */
    unsigned long number;    /* CKR_, CKM_ or CKA_; a NUMBER */
    unsigned long value;     /* of VALUES */
    struct pc_span text;     /* of HINTS */
};
/*
 * Reads the entry at `*at` (0 at first) and moves on; false at the end. Using an entry makes the word
 * used.
 */
bool pc_quirk_next(struct pc_quirks *quirks, enum pc_quirk_id id, size_t *at, struct pc_quirk_item *ret);
/* Whether a list of numbers holds this one. */
bool pc_quirk_lists(struct pc_quirks *quirks, enum pc_quirk_id id, unsigned long number);

/* Adds a note to a failure for each word that was used and that something has set. */
void pc_quirks_explain(const struct pc_quirks *quirks, struct pc_result result, p11csr_error **err);

#endif
