// SPDX-License-Identifier: Apache-2.0
/* Reads a script. The words are rows; shim.h says what they mean. */
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 4096 };

struct row {
    const char *first;
    const char *second; /* NULL: any */
    size_t count;       /* of words */
    bool (*read)(struct shim_script *script, const struct shim_words *words, long row);
    long number; /* what the reader makes of it */
};

/* Splits a line in place: blanks part words, double quotes hold blanks. False: too many, or no end. */
static bool split(char *line, struct shim_words *ret)
{
    ret->count = 0;
    for (;;) {
        line += strspn(line, " \t\n");
        if (*line == 0 || *line == '#') {
            return true;
        }
        if (ret->count == MAX_WORDS) {
            return false;
        }
        const bool quoted = *line == '"';
        line += quoted ? 1 : 0;
        ret->at[ret->count++] = line;
        line += strcspn(line, quoted ? "\"" : " \t\n");
        if (*line == 0) {
            return !quoted;
        }
        *line++ = 0;
    }
}

static bool copy_text(char *to, const char *text)
{
    if (strlen(text) >= MAX_TEXT) {
        return false;
    }
    memcpy(to, text, strlen(text) + 1);
    return true;
}

static bool read_hex(const char *text, unsigned char *to, size_t room, size_t *ret_len)
{
    *ret_len = 0;
    if (strcmp(text, "-") == 0) {
        return true;
    }
    for (; *text != 0; text += 2) {
        const char digits[] = {text[0], text[1], 0};
        if (*ret_len == room || strspn(digits, "0123456789abcdefABCDEF") != 2) {
            return false;
        }
        to[(*ret_len)++] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return true;
}

static bool read_class(const char *text, CK_OBJECT_CLASS *ret)
{
    static const struct {
        const char *name;
        CK_OBJECT_CLASS class;
    } classes[] = {{"any", ANY_CLASS},
                   {"private", CKO_PRIVATE_KEY},
                   {"public", CKO_PUBLIC_KEY},
                   {"certificate", CKO_CERTIFICATE}};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strcmp(text, classes[i].name) == 0) {
            *ret = classes[i].class;
            return true;
        }
    }
    return false;
}

static bool read_user(const char *text, CK_USER_TYPE *ret)
{
    if (strcmp(text, "user") == 0 || strcmp(text, "so") == 0) {
        *ret = *text == 'u' ? CKU_USER : CKU_SO;
        return true;
    }
    return shim_number(text, ret);
}

static bool read_field(struct shim_script *script, const struct shim_words *words, long field)
{
    script->fields[field].given = true;
    return copy_text(script->fields[field].text, words->at[2]);
}

static bool read_flag(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    unsigned long flag = 0;
    const bool on = strcmp(words->at[2], "on") == 0;
    if (!shim_named("CKF_", words->at[1], &flag) || (!on && strcmp(words->at[2], "off") != 0)) {
        return false;
    }
    *(on ? &script->flags_on : &script->flags_off) |= flag;
    return true;
}

enum {
    OPTION_PIN_TRIES,
    OPTION_PIN_HIDDEN,
    OPTION_PIN_LOCKED,
    OPTION_MAX_SESSIONS,
    OPTION_RW_ONLY,
    OPTION_EDWARDS,
    OPTION_EDDSA
};

static bool read_option(struct shim_script *script, const struct shim_words *words, long option)
{
    switch (option) {
    case OPTION_PIN_TRIES:
        return shim_number(words->at[2], &script->pin_tries) && script->pin_tries > 0;
    case OPTION_PIN_HIDDEN:
        script->pin_flags_hidden = true;
        return strcmp(words->at[2], "hidden") == 0;
    case OPTION_PIN_LOCKED:
        return shim_named("CKR_", words->at[2], &script->pin_locked);
    case OPTION_MAX_SESSIONS:
        return shim_number(words->at[2], &script->max_sessions) && script->max_sessions > 0;
    case OPTION_EDWARDS:
        return shim_named("CKR_", words->at[2], &script->edwards_unnamed);
    case OPTION_EDDSA:
        return shim_named("CKR_", words->at[2], &script->eddsa_bare);
    default:
        return shim_named("CKR_", words->at[2], &script->read_only);
    }
}

static bool read_pin_pad(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    script->has_pin_pad = true;
    return copy_text(script->pin_pad, words->at[1]);
}

static bool read_always(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    script->always_authenticate = true;
    return copy_text(script->context_pin, words->at[1]);
}

static bool read_init_args(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    return copy_text(script->init_args, words->at[1]);
}

static bool read_role(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    struct shim_role *role = &script->roles[script->role_count];
    if (script->role_count == MAX_ROWS || !read_user(words->at[1], &role->type)) {
        return false;
    }
    script->role_count++;
    return copy_text(role->given, words->at[2]) && copy_text(role->real, words->at[3]);
}

static bool read_need(struct shim_script *script, const struct shim_words *words, long need)
{
    return read_user(words->at[2], &script->needs[need]);
}

static bool read_mechanism(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    if (script->mechanism_count == MAX_ROWS) {
        return false;
    }
    struct shim_mechanism *to = &script->mechanisms[script->mechanism_count++];
    const char *shown = words->at[words->count - 1];
    return shim_named("CKM_", words->at[2], &to->real) && shim_named("CKM_", shown, &to->shown);
}

static bool read_hide(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    return script->hidden_count < MAX_ROWS &&
           read_class(words->at[1], &script->hidden[script->hidden_count++]);
}

static bool read_own_id(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    script->has_own_id = true;
    return read_hex(words->at[2], script->own_id, sizeof(script->own_id), &script->own_id_len);
}

static bool read_kind(struct shim_script *script, const struct shim_words *words, long row)
{
    (void)row;
    if (script->kind_count == MAX_ROWS) {
        return false;
    }
    struct shim_kind *to = &script->kinds[script->kind_count++];
    return shim_named("CKA_", words->at[2], &to->type) && shim_number(words->at[3], &to->number) &&
           shim_named("CKM_", words->at[4], &to->mechanism) &&
           (to->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN
                ? shim_number(words->at[5], &to->bits)
                : read_hex(words->at[5], to->ec_params, sizeof(to->ec_params), &to->ec_params_len));
}

enum { SWITCH_OVERWRITES, SWITCH_DER, SWITCH_ONE_PLACE, SWITCH_REPLACED, SWITCH_PAIR };

static bool read_switch(struct shim_script *script, const struct shim_words *words, long which)
{
    bool *const all[] = {[SWITCH_OVERWRITES] = &script->overwrites,
                         [SWITCH_DER] = &script->ecdsa_der,
                         [SWITCH_ONE_PLACE] = &script->one_place,
                         [SWITCH_REPLACED] = &script->replaced,
                         [SWITCH_PAIR] = &script->destroys_pair};
    (void)words;
    *all[which] = true;
    return true;
}

static bool read_point(struct shim_script *script, const struct shim_words *words, long point)
{
    (void)words;
    script->point = (enum shim_point)point;
    return true;
}

/* attribute CKA CLASS HOW [what] */
static bool read_attribute(struct shim_script *script, const struct shim_words *words, long row)
{
    static const char *const hows[] = {[HOW_REFUSE] = "refuse",
                                       [HOW_VALUE] = "value",
                                       [HOW_TEMPLATE] = "template",
                                       [HOW_DROP] = "drop",
                                       [HOW_SEARCH] = "search"};
    (void)row;
    if (script->attribute_count == MAX_ROWS || words->count < 4) {
        return false;
    }
    struct shim_attribute *to = &script->attributes[script->attribute_count++];
    size_t how = 0;
    while (how < sizeof(hows) / sizeof(hows[0]) && strcmp(hows[how], words->at[3]) != 0) {
        how++;
    }
    to->how = (enum shim_how)how;
    if (how == sizeof(hows) / sizeof(hows[0]) || words->count != (to->how == HOW_DROP ? 4 : 5) ||
        !shim_named("CKA_", words->at[1], &to->type) || !read_class(words->at[2], &to->class)) {
        return false;
    }
    if (to->how == HOW_VALUE) {
        return read_hex(words->at[4], to->value, sizeof(to->value), &to->len);
    }
    return to->how == HOW_DROP || shim_named("CKR_", words->at[4], &to->rv);
}

static const struct row behaviours[] = {
    {"module", "manufacturer", 3, read_field, FIELD_MODULE_MANUFACTURER},
    {"module", "description", 3, read_field, FIELD_MODULE_DESCRIPTION},
    {"module", "version", 3, read_field, FIELD_MODULE_VERSION},
    {"module", "cryptoki", 3, read_field, FIELD_MODULE_CRYPTOKI},
    {"slot", "manufacturer", 3, read_field, FIELD_SLOT_MANUFACTURER},
    {"slot", "description", 3, read_field, FIELD_SLOT_DESCRIPTION},
    {"slot", "hardware", 3, read_field, FIELD_SLOT_HARDWARE},
    {"token", "manufacturer", 3, read_field, FIELD_TOKEN_MANUFACTURER},
    {"token", "model", 3, read_field, FIELD_TOKEN_MODEL},
    {"token", "label", 3, read_field, FIELD_TOKEN_LABEL},
    {"token", "serial", 3, read_field, FIELD_TOKEN_SERIAL},
    {"token", "hardware", 3, read_field, FIELD_TOKEN_HARDWARE},
    {"token", "firmware", 3, read_field, FIELD_TOKEN_FIRMWARE},
    {"flag", NULL, 3, read_flag, 0},
    {"pin", "tries", 3, read_option, OPTION_PIN_TRIES},
    {"pin", "flags", 3, read_option, OPTION_PIN_HIDDEN},
    {"pin", "locked", 3, read_option, OPTION_PIN_LOCKED},
    {"pin-pad", NULL, 2, read_pin_pad, 0},
    {"role", NULL, 4, read_role, 0},
    {"needs", "generate", 3, read_need, NEED_GENERATE},
    {"needs", "sign", 3, read_need, NEED_SIGN},
    {"needs", "find", 3, read_need, NEED_FIND},
    {"always-authenticate", NULL, 2, read_always, 0},
    {"sessions", "max", 3, read_option, OPTION_MAX_SESSIONS},
    {"sessions", "rw-only", 3, read_option, OPTION_RW_ONLY},
    {"init-args", NULL, 2, read_init_args, 0},
    {"mechanism", "hide", 3, read_mechanism, 0},
    {"mechanism", "rename", 4, read_mechanism, 0},
    {"hide", NULL, 2, read_hide, 0},
    {"generate", "own-id", 3, read_own_id, 0},
    {"generate", "overwrites", 2, read_switch, SWITCH_OVERWRITES},
    {"generate", "kind", 6, read_kind, 0},
    {"edwards", "named", 3, read_option, OPTION_EDWARDS},
    {"ecdsa", "der", 2, read_switch, SWITCH_DER},
    {"eddsa", "parameters", 3, read_option, OPTION_EDDSA},
    {"certificates", "one-place", 2, read_switch, SWITCH_ONE_PLACE},
    {"certificates", "replaced", 2, read_switch, SWITCH_REPLACED},
    {"destroy", "pair", 2, read_switch, SWITCH_PAIR},
    {"ec-point", "raw", 2, read_point, POINT_RAW},
    {"ec-point", "octets", 2, read_point, POINT_OCTETS},
    {"ec-point", "bits", 2, read_point, POINT_BITS},
    {"attribute", NULL, 0, read_attribute, 0},
};

static bool read_line(struct shim_script *script, const struct shim_words *words)
{
    if (shim_function_find(words->at[0]) != FN_C_NONE) {
        return shim_rule_read(script, words);
    }
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        const struct row *row = &behaviours[i];
        if (strcmp(row->first, words->at[0]) == 0 && (row->count == 0 || row->count == words->count) &&
            (row->second == NULL || strcmp(row->second, words->at[1]) == 0)) {
            return row->read(script, words, row->number);
        }
    }
    return false;
}

static bool read_file(FILE *file, const char *path, struct shim_script *ret)
{
    char line[MAX_LINE];
    char copy[MAX_LINE];
    for (int number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        struct shim_words words;
        memcpy(copy, line, sizeof(copy));
        if (!split(line, &words) || (words.count > 0 && !read_line(ret, &words))) {
            (void)fprintf(stderr, "p11csr-shim: %s:%d: not understood: %s", path, number, copy);
            return false;
        }
    }
    return true;
}

bool shim_script_read(struct shim_script *ret)
{
    const char *path = getenv("P11SHIM_SCRIPT");
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < NEED_COUNT; i++) {
        ret->needs[i] = NO_USER;
    }
    ret->pin_locked = CKR_PIN_LOCKED;
    if (path == NULL) {
        return true;
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "p11csr-shim: %s: %s\n", path, strerror(errno));
        return false;
    }
    const bool good = read_file(file, path, ret);
    (void)fclose(file);
    return good;
}
