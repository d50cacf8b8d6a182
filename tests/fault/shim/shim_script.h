// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FAULT_SHIM_SCRIPT_H
#define TESTS_FAULT_SHIM_SCRIPT_H

/* What a script says, once it is read; shim.h has its words. */
#include "tokens/ck.h"

#include <stdbool.h>
#include <stddef.h>

enum { MAX_RULES = 512, MAX_ROWS = 64, MAX_SESSIONS = 256, MAX_VALUE = 1024, MAX_TEXT = 128, MAX_HITS = 8 };
/* A class that is not one: every object. */
#define ANY_CLASS (~0UL)
/* A login that nobody has made. */
#define NO_USER (~0UL)

enum shim_action {
    ACTION_RETURN,
    ACTION_ANSWER,
    ACTION_DELAY,
    ACTION_HANG,
    ACTION_CRASH,
    ACTION_SESSIONS_LOST,
    ACTION_REMOVE,
    ACTION_INSERT,
    ACTION_SIGNATURE_LENGTH,
    ACTION_SIGNATURE_FLIP,
    ACTION_OTHER_KEY,
};

/* A rule for calls. */
struct shim_rule {
    int function; /* FN_..., or FN_COUNT for any */
    unsigned long first;
    unsigned long last;
    enum shim_action action;
    long value;
};

enum shim_how { HOW_REFUSE, HOW_VALUE, HOW_TEMPLATE, HOW_DROP, HOW_SEARCH };

struct shim_attribute {
    CK_ATTRIBUTE_TYPE type;
    CK_OBJECT_CLASS class;
    enum shim_how how;
    CK_RV rv;
    unsigned char value[MAX_VALUE];
    size_t len;
};

struct shim_mechanism {
    CK_MECHANISM_TYPE real;
    CK_MECHANISM_TYPE shown; /* the same: hidden */
};

/* What one number stands for in the template of a new key. */
struct shim_kind {
    CK_ATTRIBUTE_TYPE type;
    CK_ULONG number;
    CK_MECHANISM_TYPE mechanism;
    unsigned char ec_params[MAX_TEXT];
    size_t ec_params_len;
    CK_ULONG bits;
};

struct shim_role {
    CK_USER_TYPE type;
    char given[MAX_TEXT];
    char real[MAX_TEXT];
};

enum shim_field {
    FIELD_MODULE_MANUFACTURER,
    FIELD_MODULE_DESCRIPTION,
    FIELD_MODULE_VERSION,
    FIELD_MODULE_CRYPTOKI,
    FIELD_SLOT_MANUFACTURER,
    FIELD_SLOT_DESCRIPTION,
    FIELD_SLOT_HARDWARE,
    FIELD_TOKEN_MANUFACTURER,
    FIELD_TOKEN_MODEL,
    FIELD_TOKEN_LABEL,
    FIELD_TOKEN_SERIAL,
    FIELD_TOKEN_HARDWARE,
    FIELD_TOKEN_FIRMWARE,
    FIELD_COUNT,
};

enum shim_need { NEED_GENERATE, NEED_SIGN, NEED_FIND, NEED_COUNT };
enum shim_point { POINT_AS_IS, POINT_RAW, POINT_OCTETS, POINT_BITS };

/* A script, as read. */
struct shim_script {
    struct shim_rule rules[MAX_RULES];
    size_t rule_count;
    struct shim_attribute attributes[MAX_ROWS];
    size_t attribute_count;
    struct shim_mechanism mechanisms[MAX_ROWS];
    size_t mechanism_count;
    struct shim_role roles[MAX_ROWS];
    size_t role_count;
    struct {
        bool given;
        char text[MAX_TEXT];
    } fields[FIELD_COUNT];
    CK_FLAGS flags_on;
    CK_FLAGS flags_off;
    CK_OBJECT_CLASS hidden[MAX_ROWS];
    size_t hidden_count;
    CK_USER_TYPE needs[NEED_COUNT];
    unsigned long pin_tries; /* 0: not counted */
    bool pin_flags_hidden;
    CK_RV pin_locked;
    char pin_pad[MAX_TEXT];
    bool has_pin_pad;
    char context_pin[MAX_TEXT];
    bool always_authenticate;
    unsigned long max_sessions; /* 0: no limit */
    CK_RV read_only;            /* CKR_OK: such sessions are opened */
    char init_args[MAX_TEXT];
    unsigned char own_id[MAX_TEXT];
    size_t own_id_len;
    bool has_own_id;
    bool overwrites;
    struct shim_kind kinds[MAX_ROWS];
    size_t kind_count;
    CK_RV edwards_unnamed; /* CKR_OK: made as well */
    bool ecdsa_der;
    CK_RV eddsa_bare; /* CKR_OK: needs no parameters */
    bool one_place;
    bool replaced;
    bool destroys_pair;
    enum shim_point point;
};

#endif
