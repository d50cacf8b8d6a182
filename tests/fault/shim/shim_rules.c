// SPDX-License-Identifier: Apache-2.0
/* Reads the rules for calls: FUNCTION NTH ACTION. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum shim_action action;
    char wants; /* 'r' a CKR, 'n' a number, '-' nothing */
} actions[] = {
    {"return", ACTION_RETURN, 'r'},
    {"answer", ACTION_ANSWER, 'r'},
    {"delay", ACTION_DELAY, 'n'},
    {"hang", ACTION_HANG, '-'},
    {"crash", ACTION_CRASH, '-'},
    {"sessions-lost", ACTION_SESSIONS_LOST, '-'},
    {"remove", ACTION_REMOVE, '-'},
    {"insert", ACTION_INSERT, '-'},
    {"signature-length", ACTION_SIGNATURE_LENGTH, 'n'},
    {"signature-flip", ACTION_SIGNATURE_FLIP, 'n'},
    {"other-key", ACTION_OTHER_KEY, '-'},
};

/* '3', '3+' or '*'. */
static bool read_nth(const char *text, struct shim_rule *rule)
{
    char *end = NULL;
    rule->first = 1;
    rule->last = ~0UL;
    if (strcmp(text, "*") == 0) {
        return true;
    }
    rule->first = strtoul(text, &end, 10);
    if (strcmp(end, "+") != 0) {
        rule->last = rule->first;
    }
    return rule->first > 0 && *text >= '0' && *text <= '9' && (*end == 0 || rule->last == ~0UL);
}

bool shim_rule_read(struct shim_script *script, const struct shim_words *words)
{
    struct shim_rule *rule = &script->rules[script->rule_count];
    size_t i = 0;
    if (script->rule_count == MAX_RULES || words->count < 3 || !read_nth(words->at[1], rule)) {
        return false;
    }
    while (i < sizeof(actions) / sizeof(actions[0]) && strcmp(actions[i].word, words->at[2]) != 0) {
        i++;
    }
    if (i == sizeof(actions) / sizeof(actions[0]) || words->count != (actions[i].wants == '-' ? 3 : 4)) {
        return false;
    }
    script->rule_count++;
    rule->function = shim_function_find(words->at[0]);
    rule->action = actions[i].action;
    unsigned long number = 0;
    char *end = NULL;
    if (actions[i].wants == 'r') {
        const bool good = shim_named("CKR_", words->at[3], &number);
        rule->value = (long)number;
        return good;
    }
    if (actions[i].wants == 'n') {
        rule->value = strtol(words->at[3], &end, 10);
        return *end == 0;
    }
    return true;
}
