// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_WIZARD_H
#define PC_CLI_WIZARD_H

#include "cli/cli.h"

#include <stdio.h>

/* request --interactive: questions whose answers become options, as if they had been typed. */

/*
 * Asks on the terminal and adds what was answered to the options of the command line, which may name the
 * token and the files, and nothing else that is asked for. Nothing is made or written. Errors: USAGE, also
 * without a terminal, INTERRUPTED when the person ends it.
 */
PC_RESULT cli_wizard(struct cli *cli, p11csr_error **err);
/* Prints the command line that does the same without questions. */
void cli_wizard_repeat(const struct cli *cli);

/* The questions, in the order in which they are asked. */
enum wizard_id {
    WIZARD_PURPOSE,
    WIZARD_TOKEN,
    WIZARD_KEY,
    WIZARD_LABEL,
    WIZARD_KIND,
    WIZARD_SCHEME,
    WIZARD_PART, /* once for each part of the subject */
    WIZARD_NAME, /* until nothing is answered */
    WIZARD_KEY_USAGE,
    WIZARD_EXT_KEY_USAGE,
    WIZARD_CA,
    WIZARD_OUT,
    WIZARD_CONFIRM,
    WIZARD_COUNT
};

struct wizard_answer {
    enum wizard_id id;
    char *text; /* as it is taken: "p256", not the number that was typed */
};

struct wizard {
    struct cli *cli;
    FILE *tty;
    struct pc_buf answers; /* struct wizard_answer */
    json_t *choices;       /* what the numbers of the question at hand stand for: texts */
    p11csr_profile *profile;
    char *suggestion; /* the default of the question at hand, where it has to be made */
    size_t step;      /* the one whose title was shown last, from 1 */
    size_t uses;      /* how many options the command line itself had */
};

/* The last answer to a question; NULL: none. */
const char *wizard_answer(const struct wizard *w, enum wizard_id id);
size_t wizard_answer_count(const struct wizard *w, enum wizard_id id);
/* The answer to the part of the subject at `index`. */
const char *wizard_part(const struct wizard *w, size_t index);
/* Offers a choice under the next number; `text` is what the answer becomes. */
PC_RESULT wizard_offer(struct wizard *w, const char *text, const char *shown, p11csr_error **err);
/* The name of the part of the subject that is asked for in this place; NULL behind the last. */
const char *wizard_part_name(const struct wizard *w, size_t index);
/* The subject of the parts answered so far, with `more` as the next one unless it is NULL. */
PC_RESULT wizard_subject_text(const struct wizard *w, const char *more, char **ret, p11csr_error **err);
/* True when the profile's list holds the word. */
bool wizard_profile_holds(const struct wizard *w, const char *field, const char *word);
/* The option of an alternative name by its word; OPT_COUNT: there is none. */
enum cli_option_id wizard_san_option(const char *word, size_t len);
/* Adds the answers to the command line's options. */
PC_RESULT wizard_add_uses(struct wizard *w, p11csr_error **err);
void wizard_drop_uses(struct wizard *w);

struct wizard_question {
    const char *text; /* what is asked */
    /* False when there is nothing to ask, because of other answers or of the command line. */
    bool (*applies)(const struct wizard *w);
    /* Prints the choices; may be NULL. *ret_default: what Enter answers; NULL: nothing. */
    PC_RESULT (*offer)(struct wizard *w, const char **ret_default, p11csr_error **err);
    /* Checks an answer; *ret receives it as it is taken. */
    PC_RESULT (*take)(struct wizard *w, const char *text, char **ret, p11csr_error **err);
};
const struct wizard_question *wizard_question(enum wizard_id id);

/* offer and take of the questions about the token and its keys: wizard_token.c. */
PC_RESULT wizard_offer_tokens(struct wizard *w, const char **ret_default, p11csr_error **err);
PC_RESULT wizard_take_token(struct wizard *w, const char *text, char **ret, p11csr_error **err);
PC_RESULT wizard_offer_keys(struct wizard *w, const char **ret_default, p11csr_error **err);
PC_RESULT wizard_take_key(struct wizard *w, const char *text, char **ret, p11csr_error **err);
PC_RESULT wizard_offer_kinds(struct wizard *w, const char **ret_default, p11csr_error **err);
PC_RESULT wizard_take_kind(struct wizard *w, const char *text, char **ret, p11csr_error **err);
PC_RESULT wizard_take_label(struct wizard *w, const char *text, char **ret, p11csr_error **err);
/* Those about the subject and the names: wizard_subject.c. */
PC_RESULT wizard_take_part(struct wizard *w, const char *text, char **ret, p11csr_error **err);
bool wizard_wants_names(const struct wizard *w);
PC_RESULT wizard_offer_names(struct wizard *w, const char **ret_default, p11csr_error **err);
PC_RESULT wizard_take_name(struct wizard *w, const char *text, char **ret, p11csr_error **err);
/* The word that stands for a new key among those to choose from. */
extern const char wizard_new_key[];

#endif
