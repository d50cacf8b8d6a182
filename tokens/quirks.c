// SPDX-License-Identifier: Apache-2.0
#include "tokens/quirks.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "tokens/profiles/row.h"
#include "tokens/quirk_words.h"
#include "tokens/slot.h"

#include <string.h>

static const struct pc_quirk_word words[PC_QUIRK_COUNT] = {
#define QUIRK(id, word_, type_, choices_, fallback_, effect_, doc_)                                          \
    [PC_QUIRK_##id] = {.word = word_,                                                                        \
                       .type = PC_QUIRK_##type_,                                                             \
                       .choices = choices_,                                                                  \
                       .fallback = fallback_,                                                                \
                       .effect = effect_,                                                                    \
                       .doc = doc_},
#include "tokens/quirks.def"
#undef QUIRK
};
_Static_assert(PC_QUIRK_COUNT <= 8 * sizeof(unsigned long), "more words than pc_quirks.used has bits");

/* In the order in which they are read. */
static const struct pc_profile *const files[] = {
    pc_profiles_cardcontact, pc_profiles_entrust,   pc_profiles_google,  pc_profiles_ibm,
    pc_profiles_marvell,     pc_profiles_microchip, pc_profiles_mozilla, pc_profiles_nitrokey,
    pc_profiles_opensc,      pc_profiles_p11kit,    pc_profiles_softhsm, pc_profiles_tass,
    pc_profiles_thales,      pc_profiles_tpm2,      pc_profiles_utimaco, pc_profiles_yubico,
};

const struct pc_quirk_word *pc_quirk_word(enum pc_quirk_id id)
{
    return &words[id];
}

void pc_quirks_init(struct pc_quirks *ret)
{
    *ret = (struct pc_quirks){0};
    for (size_t i = 0; i < PC_QUIRK_COUNT; i++) {
        ret->values[i].text = words[i].fallback;
    }
}

static const char *word_at(const void *table, size_t index)
{
    return ((const struct pc_quirk_word *)table)[index].word;
}

static struct pc_result find_word(const char *word, enum pc_quirk_id *ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_QUIRK_COUNT; i++) {
        if (strcmp(words[i].word, word) == 0) {
            *ret = (enum pc_quirk_id)i;
            return PC_OK;
        }
    }
    const char *near = pc_nearest_word(word, word_at, words, PC_QUIRK_COUNT);
    const struct pc_result result =
        pc_fail(err, P11CSR_E_VALUE, "unknown quirk '%s'%s%s%s", word,
                near != NULL ? "; the nearest is '" : "", near != NULL ? near : "", near != NULL ? "'" : "");
    pc_note_words(err, word_at, words, PC_QUIRK_COUNT);
    return result;
}

/* Whether the words separated by blanks hold this one. */
static bool is_choice(const char *choices, const char *value)
{
    const size_t len = strlen(value);
    for (const char *at = choices; *at != 0;) {
        const size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, value, len) == 0) {
            return true;
        }
        at += word + strspn(at + word, " ");
    }
    return false;
}

static struct pc_result check_list(const struct pc_quirk_word *word, const char *value, p11csr_error **err)
{
    static const char *const forms[] = {
        [PC_QUIRK_NUMBER] = "131 or 0x83",
        [PC_QUIRK_CKRS] = "CKR_NAME,...",
        [PC_QUIRK_MECHS] = "CKM_NAME,...",
        [PC_QUIRK_ATTRS] = "[public:|private:]CKA_NAME,...",
        [PC_QUIRK_VALUES] = "SPEC:CKA_NAME=NUMBER,...",
        [PC_QUIRK_HINTS] = "CKR_NAME=text|...",
    };
    for (size_t at = 0; value[at] != 0;) {
        struct pc_quirk_item item;
        const size_t start = at;
        if (!pc_quirk_item_read(word->type, value, &at, &item)) {
            return pc_fail(err, P11CSR_E_VALUE, "quirk '%s': byte %zu of '%s': like %s", word->word,
                           start + 1, value, forms[word->type]);
        }
    }
    return PC_OK;
}

PC_RESULT pc_quirk_check(const char *word, const char *value, enum pc_quirk_id *ret, p11csr_error **err)
{
    PC_TRY(find_word(word, ret, err));
    const struct pc_quirk_word *row = &words[*ret];
    if (strlen(value) > PC_MAX_TEXT) {
        return pc_fail(err, P11CSR_E_LIMIT, "quirk '%s': a value of more than %d bytes", word, PC_MAX_TEXT);
    }
    if (row->type == PC_QUIRK_CHOICE && !is_choice(row->choices, value)) {
        return pc_fail(err, P11CSR_E_VALUE, "quirk '%s': '%s' is none of: %s", word, value, row->choices);
    }
    return row->type == PC_QUIRK_CHOICE || row->type == PC_QUIRK_TEXT ? PC_OK : check_list(row, value, err);
}

static bool matches_text(const char *pattern, const unsigned char *field, size_t size)
{
    return pattern == NULL || pc_quirk_glob(pattern, pc_padded(field, size));
}

static bool in_range(CK_VERSION is, struct pc_quirk_version from, struct pc_quirk_version to)
{
    const unsigned number = is.major * 256U + is.minor;
    const unsigned last = to.major * 256U + to.minor;
    return number >= from.major * 256U + from.minor && (last == 0 || number <= last);
}

bool pc_quirk_matches(const struct pc_quirk_match *match, const CK_INFO *info, const CK_TOKEN_INFO *token)
{
    return (matches_text(match->manufacturer, token->manufacturerID, sizeof(token->manufacturerID)) ||
            matches_text(match->manufacturer, info->manufacturerID, sizeof(info->manufacturerID))) &&
           matches_text(match->model, token->model, sizeof(token->model)) &&
           matches_text(match->library, info->libraryDescription, sizeof(info->libraryDescription)) &&
           in_range(info->libraryVersion, match->library_from, match->library_to) &&
           in_range(token->firmwareVersion, match->firmware_from, match->firmware_to);
}

static struct pc_result apply_row(const struct pc_profile *row, struct pc_quirks *ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_PROFILE_QUIRKS && row->quirks[i].word != NULL; i++) {
        enum pc_quirk_id id = PC_QUIRK_COUNT;
        PC_TRY(pc_quirk_check(row->quirks[i].word, row->quirks[i].value, &id, err));
        ret->values[id] = (struct pc_quirk){row->quirks[i].value, row->name, row->evidence};
    }
    return PC_OK;
}

/* The rows for a vendor come before those for a model. */
static struct pc_result apply_rows(const CK_INFO *info, const CK_TOKEN_INFO *token, bool for_model,
                                   struct pc_quirks *ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(files); i++) {
        for (const struct pc_profile *row = files[i]; row->name != NULL; row++) {
            if ((row->match.model != NULL) == for_model && pc_quirk_matches(&row->match, info, token)) {
                PC_TRY(apply_row(row, ret, err));
            }
        }
    }
    return PC_OK;
}

PC_RESULT pc_quirks_merge(const CK_INFO *info, const CK_TOKEN_INFO *token, const struct pc_quirk_rule *rules,
                          size_t count, struct pc_quirks *ret, p11csr_error **err)
{
    pc_quirks_init(ret);
    PC_TRY(apply_rows(info, token, false, ret, err));
    PC_TRY(apply_rows(info, token, true, ret, err));
    for (size_t i = 0; i < count; i++) {
        enum pc_quirk_id id = PC_QUIRK_COUNT;
        if (rules[i].match == NULL || pc_quirk_matches(rules[i].match, info, token)) {
            PC_TRY(pc_quirk_check(rules[i].word, rules[i].value, &id, err));
            ret->values[id] = (struct pc_quirk){rules[i].value, rules[i].set_by, NULL};
        }
    }
    return PC_OK;
}

static void mark_used(struct pc_quirks *quirks, enum pc_quirk_id id)
{
    if (quirks->values[id].set_by != NULL) {
        quirks->used |= 1UL << id;
    }
}

/* The text of a word that was looked at. */
static const char *look_at(struct pc_quirks *quirks, enum pc_quirk_id id)
{
    mark_used(quirks, id);
    return quirks->values[id].text;
}

bool pc_quirk_is(struct pc_quirks *quirks, enum pc_quirk_id id, const char *value)
{
    return strcmp(look_at(quirks, id), value) == 0;
}

const char *pc_quirk_text(struct pc_quirks *quirks, enum pc_quirk_id id)
{
    const char *text = look_at(quirks, id);
    return text[0] != 0 ? text : NULL;
}

bool pc_quirk_next(struct pc_quirks *quirks, enum pc_quirk_id id, size_t *at, struct pc_quirk_item *ret)
{
    // A list of answers plays a part only if one of them came; a hint speaks for itself.
    const bool waits = words[id].type == PC_QUIRK_CKRS || words[id].type == PC_QUIRK_HINTS;
    const char *text = waits ? quirks->values[id].text : look_at(quirks, id);
    return text[*at] != 0 && pc_quirk_item_read(words[id].type, text, at, ret);
}

bool pc_quirk_lists(struct pc_quirks *quirks, enum pc_quirk_id id, unsigned long number)
{
    struct pc_quirk_item item;
    for (size_t at = 0; pc_quirk_next(quirks, id, &at, &item);) {
        if (item.number == number) {
            mark_used(quirks, id);
            return true;
        }
    }
    return false;
}

void pc_quirks_explain(const struct pc_quirks *quirks, struct pc_result result, p11csr_error **err)
{
    for (size_t i = 0; i < PC_QUIRK_COUNT && !pc_is_ok(result); i++) {
        if ((quirks->used & (1UL << i)) != 0) {
            const struct pc_quirk *quirk = &quirks->values[i];
            pc_note(err, "quirk %s=%s, set by %s%s", words[i].word, quirk->text,
                    quirk->evidence != NULL ? "row " : "", quirk->set_by);
        }
    }
}
