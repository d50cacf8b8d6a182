// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LIB_MOCKP11_H
#define TESTS_LIB_MOCKP11_H

#include "base/mem.h"
#include "tokens/ck.h"

#include <openssl/evp.h>

/*
 * A PKCS#11 module in this process whose behaviour a test writes: its slots, objects and mistakes are
 * fields that may be changed at any time. It makes and uses real keys by libcrypto. PKCS#11 has no pointer
 * for its user, so there is one mock at a time. Handles are never used twice.
 */
enum {
    MOCK_SLOTS = 8,
    MOCK_OBJECTS = 1024,
    MOCK_ATTRIBUTES = 32,
    MOCK_SESSIONS = 64,
    MOCK_MECHANISMS = 32,
    MOCK_SCRIPTS = 8,
    MOCK_SIGNATURE = 1024,
};

/* The functions that the mock has. Calls of any other entry of its list end the test program. */
// clang-format off
#define MOCK_FUNCTIONS(X) \
    X(C_GetInfo) X(C_GetSlotList) X(C_GetSlotInfo) X(C_GetTokenInfo) X(C_GetMechanismList) \
    X(C_GetMechanismInfo) \
    X(C_InitToken) X(C_InitPIN) X(C_OpenSession) X(C_CloseSession) X(C_GetSessionInfo) X(C_Login) \
    X(C_Logout) \
    X(C_CreateObject) X(C_CopyObject) X(C_DestroyObject) X(C_SetAttributeValue) X(C_GetAttributeValue) \
    X(C_FindObjectsInit) X(C_FindObjects) X(C_FindObjectsFinal) \
    X(C_SignInit) X(C_Sign) X(C_GenerateKeyPair)
// clang-format on
#define MOCK_ENUM(name) MOCK_##name,
enum mock_function { MOCK_FUNCTIONS(MOCK_ENUM) MOCK_FUNCTION_COUNT };
#undef MOCK_ENUM

enum mock_kind { MOCK_P256, MOCK_RSA_2048, MOCK_ED25519, MOCK_KIND_COUNT };
/* How CKA_EC_POINT is shown. */
enum mock_point { MOCK_POINT_OCTET_STRING, MOCK_POINT_RAW, MOCK_POINT_BIT_STRING };

struct mock_attribute {
    CK_ATTRIBUTE_TYPE type;
    uint8_t *value;
    size_t len;
};

struct mock_object {
    CK_OBJECT_HANDLE handle; /* CK_INVALID_HANDLE: the place is free */
    size_t slot;             /* index */
    struct mock_attribute attributes[MOCK_ATTRIBUTES];
    size_t attribute_count;
    EVP_PKEY *pkey; /* of a private key */
};

struct mock_mechanism {
    CK_MECHANISM_TYPE type;
    CK_MECHANISM_INFO info;
};

struct mock_slot {
    CK_SLOT_ID id;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    struct mock_mechanism mechanisms[MOCK_MECHANISMS];
    size_t mechanism_count;
    char pin[64];
    char so_pin[64];
    unsigned tries;    /* wrong PINs until it locks; 0: never */
    unsigned wrong;    /* wrong PINs since the last good one */
    unsigned so_wrong; /* the same for the security officer's PIN */
    bool hides_flags;  /* CKF_USER_PIN_COUNT_LOW and its like are never set */
    bool logged_in;    /* as the normal user */
    bool so_logged_in; /* as the security officer */
    bool gone;         /* C_GetTokenInfo and what comes after it: CKR_TOKEN_NOT_PRESENT */
};

struct mock_session {
    CK_SESSION_HANDLE handle; /* 0: the place is free */
    size_t slot;
    bool read_write;
    bool searching;
    CK_OBJECT_HANDLE found[MOCK_OBJECTS];
    size_t found_count;
    size_t found_at;
    CK_OBJECT_HANDLE key; /* of the signature in progress */
    CK_MECHANISM_TYPE mechanism;
    CK_RSA_PKCS_PSS_PARAMS pss;
    bool authenticated; /* a context login was made for the signature in progress */
};

/* What the mock does wrong. All zero: nothing. */
struct mock_knobs {
    enum mock_point point;          /* of keys that are made from now on */
    bool alt_params;                /* CKA_EC_PARAMS of Edwards keys is the curve's name, not its OID */
    bool made_not_sensitive;        /* C_GenerateKeyPair: CKA_SENSITIVE is FALSE */
    bool made_extractable;          /* CKA_EXTRACTABLE is TRUE */
    bool made_silent;               /* neither of both is there */
    bool made_other_public;         /* the public object shows another key */
    bool made_without_public_value; /* neither object shows the key */
    bool made_wrong_kind;           /* RSA for EC and the reverse */
    bool unknown_is_bad_argument;   /* CKR_ARGUMENTS_BAD for attributes that are not there */
    bool unknown_is_all_ones;       /* CKR_OK and a length of all ones */
    bool attribute_too_long;        /* a length larger than the buffer, and CKR_OK */
    bool attribute_grows;           /* one byte more than the length that was asked for before */
    size_t number_size;             /* octets of CKA_CLASS when it is not that of CK_ULONG */
    CK_ULONG find_extra;            /* C_FindObjects reports so many more than it gave */
    bool find_endless;              /* C_FindObjects gives the first handle for ever */
    bool find_wants_login;          /* C_FindObjectsInit: CKR_USER_NOT_LOGGED_IN */
    bool made_by_so;              /* C_GenerateKeyPair wants the security officer, and lets him see the key */
    unsigned sign_too_small;      /* so many times CKR_BUFFER_TOO_SMALL, with the length it wants */
    CK_ULONG sign_wants;          /* that length when it is not the signature's */
    CK_ULONG sign_extra;          /* so many bytes more than there was room for */
    bool sign_wrong;              /* a bit of the signature is flipped */
    CK_ULONG slots_reported;      /* count of C_GetSlotList without a list */
    CK_ULONG slots_extra;         /* so many more in the count that comes with the list */
    CK_ULONG mechanisms_reported; /* the same two for C_GetMechanismList */
    CK_ULONG mechanisms_extra;
    size_t max_sessions;      /* CKR_SESSION_COUNT for more; 0: MOCK_SESSIONS */
    bool cannot_destroy;      /* C_DestroyObject: CKR_ACTION_PROHIBITED */
    bool destroys_nothing;    /* C_DestroyObject: CKR_OK, and the object stays */
    bool sets_nothing;        /* C_SetAttributeValue: CKR_OK, and all is as before */
    bool creates_other_value; /* C_CreateObject: CKA_VALUE is not the one that was given */
    bool creates_in_place;    /* C_CreateObject: a certificate of the same CKA_ID becomes the new one */
};

/* The n-th call of a function, counted from when this was written, returns rv. 0: every call. */
struct mock_script {
    enum mock_function function;
    unsigned long nth;
    unsigned long from;
    CK_RV rv;
    bool after; /* the function does its work first */
};

struct mock_template {
    struct mock_attribute attributes[MOCK_ATTRIBUTES];
    size_t count;
};

struct mock {
    CK_FUNCTION_LIST list; /* a test may replace an entry; mock_original() has the mock's own */
    CK_INFO info;
    struct mock_slot slots[MOCK_SLOTS];
    size_t slot_count;
    struct mock_object objects[MOCK_OBJECTS];
    struct mock_session sessions[MOCK_SESSIONS];
    unsigned long next_handle;
    struct mock_knobs knobs;

    struct mock_script scripts[MOCK_SCRIPTS];
    size_t script_count;
    unsigned long calls[MOCK_FUNCTION_COUNT];
    char trace[4096]; /* names of the functions called, each followed by a blank; the first ones that fit */

    unsigned long pins_sent; /* calls of C_Login or C_InitToken that carried one */
    bool last_was_null;      /* the last C_Login had no PIN */
    char last_pin[64];
    CK_USER_TYPE last_user;
    unsigned long signatures; /* that were given out with CKR_OK */
    CK_MECHANISM last_mechanism;
    CK_RSA_PKCS_PSS_PARAMS last_pss;
    size_t last_input_len;
    struct mock_template made_public; /* templates of the last C_GenerateKeyPair */
    struct mock_template made_private;
    CK_OBJECT_HANDLE destroyed[16]; /* what C_DestroyObject was called for, and did */
    size_t destroyed_count;
};

/*
 * A module with one token: label "token one", PIN "1234", SO PIN "87654321", a login wanted, all mechanisms
 * of src/alg.
 */
struct mock *mock_new(void);
void mock_free(struct mock **mock);
const CK_FUNCTION_LIST *mock_original(void);

/* Another slot with such a token; its label is "token two", and so on. Valid until the mock is freed. */
struct mock_slot *mock_add_slot(struct mock *mock);
/* Fills a blank-padded field. */
void mock_pad(unsigned char *field, size_t size, const char *text);
void mock_add_mechanism(struct mock_slot *slot, CK_MECHANISM_TYPE type, CK_FLAGS flags);
void mock_remove_mechanism(struct mock_slot *slot, CK_MECHANISM_TYPE type);

/* Makes calls of a function fail; see struct mock_script. */
void mock_fail(struct mock *mock, const char *function, unsigned long nth, CK_RV rv);
/* The same, but the function does its work first: the answer got lost. */
void mock_fail_after(struct mock *mock, const char *function, unsigned long nth, CK_RV rv);
void mock_forget_scripts(struct mock *mock);
unsigned long mock_calls(const struct mock *mock, const char *function);
/* Sets all counters and the trace to nothing. */
void mock_reset_calls(struct mock *mock);
/* Every session is closed and nobody is logged in any more, as after a device was reset. */
void mock_lose_sessions(struct mock *mock);

/* A key of the process's stock: the same index gives the same key. Borrowed. */
EVP_PKEY *mock_key(enum mock_kind kind, size_t index);
/* SubjectPublicKeyInfo of a key; the caller calls OPENSSL_free(). */
size_t mock_spki(EVP_PKEY *key, unsigned char **ret);

struct mock_pair {
    struct mock_object *private_key;
    struct mock_object *public_key;
};

/* Objects in the first slot. A label or id of NULL is left out; ids are text. */
struct mock_pair mock_add_pair(struct mock *mock, enum mock_kind kind, size_t index, const char *label,
                               const char *id);
struct mock_object *mock_add_private(struct mock *mock, enum mock_kind kind, size_t index, const char *label,
                                     const char *id);
struct mock_object *mock_add_public(struct mock *mock, enum mock_kind kind, size_t index, const char *label,
                                    const char *id);
struct mock_object *mock_add_certificate(struct mock *mock, enum mock_kind kind, size_t index,
                                         const char *label, const char *id);
struct mock_object *mock_object_new(struct mock *mock, size_t slot);
void mock_object_remove(struct mock_object *object);
struct mock_object *mock_object_get(struct mock *mock, CK_OBJECT_HANDLE handle);
size_t mock_object_count(const struct mock *mock);

/* Sets, removes, reads an attribute of an object. */
void mock_set(struct mock_object *object, CK_ATTRIBUTE_TYPE type, const void *value, size_t len);
void mock_set_flag(struct mock_object *object, CK_ATTRIBUTE_TYPE type, bool value);
void mock_set_number(struct mock_object *object, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void mock_unset(struct mock_object *object, CK_ATTRIBUTE_TYPE type);
const struct mock_attribute *mock_get(const struct mock_object *object, CK_ATTRIBUTE_TYPE type);
/* Gives an object the public attributes of a key. */
void mock_set_public(const struct mock *mock, struct mock_object *object, enum mock_kind kind, size_t index);
/* Gives an object the CKA_PUBLIC_KEY_INFO of a key. */
void mock_set_info(struct mock_object *object, enum mock_kind kind, size_t index);
/* The attribute of a template that was given to C_GenerateKeyPair, or NULL. */
const struct mock_attribute *mock_asked(const struct mock_template *given, CK_ATTRIBUTE_TYPE type);
/* Whether the signature verifies over the message by the key's public half. ECDSA: r and s side by side. */
bool mock_verify(EVP_PKEY *key, struct pc_span message, struct pc_span signature, bool pss);

#endif
