// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FAULT_SHIM_H
#define TESTS_FAULT_SHIM_H

/*
 * A PKCS#11 module that stands between p11csr and a real one and does what a script says: it fails, lies, and
 * enacts tokens that are not here. The environment steers it:
 *
 *   P11SHIM_MODULE  path of the real module
 *   P11SHIM_SCRIPT  the script, read at each C_Initialize; without it everything is passed on
 *   P11SHIM_STATE   a file for what has to outlive the process: the tries that PINs have left
 *   P11SHIM_LOG     a file that gets a line for each call when it has ended: the function, its session or
 *                   '-', its answer, and for C_Login the user type and whether a PIN came with it; an answer
 *                   'hang' or 'crash' is written before. PINs are never written.
 *
 * A script that holds a word which is not listed here fails C_Initialize with CKR_ARGUMENTS_BAD and says so
 * on stderr. Numbers are decimal or 0x hex; CKR, CKA, CKM, CKF and CKO values are names or numbers; text
 * with blanks stands in double quotes; '#' begins a comment. CLASS is private, public or certificate.
 *
 * Rules for calls: FUNCTION NTH ACTION. FUNCTION is 'C_Sign' and so on, or 'any'. NTH is the number of the
 * call, from 1 at each C_Initialize, which is itself a call, '3+' for that and all later ones, '*' for all.
 *
 *   return CKR           the real function is not called
 *   answer CKR           the real function is called, its answer is lost
 *   delay MS             before the real function is called
 *   hang                 for ever
 *   crash                SIGSEGV
 *   sessions-lost        all sessions and the login are gone before the call goes on
 *   remove               the token is gone before the call goes on
 *   insert               it is there again, without sessions
 *   signature-length N   N bytes more, or fewer when negative (C_Sign, C_SignFinal)
 *   signature-flip BIT   this bit of the signature is turned over, 0 is the first byte's highest
 *   other-key            another private key of the token signs (C_SignInit)
 *
 * What the module and the token say about themselves:
 *
 *   module manufacturer|description|version|cryptoki TEXT     versions are MAJOR.MINOR
 *   slot manufacturer|description TEXT
 *   slot hardware yes                                         CKF_HW_SLOT
 *   token manufacturer|model|label|serial|hardware|firmware TEXT
 *   flag CKF on|off                                           of C_GetTokenInfo, after all else
 *
 * How the token behaves:
 *
 *   pin tries N                 N wrong PINs in a row lock the user's PIN; the flags tell (COUNT_LOW,
 *                               FINAL_TRY, LOCKED)
 *   pin flags hidden            they do not tell
 *   pin locked CKR              the answer of a locked token, in place of CKR_PIN_LOCKED
 *   pin-pad PIN                 a PIN pad, on which the person types this; a PIN from the program is refused
 *   role TYPE PIN REAL          TYPE is user, so or a number: a login of this type has this PIN; the real
 *                               token gets CKU_USER with REAL. A type without a role is passed on
 *   needs generate|sign|find TYPE   only after a login of this type
 *   always-authenticate PIN     each signature wants a login of CKU_CONTEXT_SPECIFIC with this PIN
 *   sessions max N              CKR_SESSION_COUNT beyond
 *   sessions rw-only CKR        a session without CKF_RW_SESSION is refused
 *   init-args TEXT              C_Initialize without this in pReserved gives CKR_ARGUMENTS_BAD
 *   mechanism hide CKM          is neither listed nor done
 *   mechanism rename CKM NEW    is known by this number instead
 *   hide CLASS                  objects of this class are not found
 *   generate own-id HEX         the module gives new keys this CKA_ID, whatever it is told
 *   generate overwrites         a key pair of the same CKA_ID is destroyed first
 *   generate kind CKA N CKM OF  the private template of a new key holds CKA_LABEL, of letters, digits, '-'
 *                               and '_', and this attribute with the number of a kind of key, and nothing
 *                               else; the public one is empty. Number N is made by CKM, with OF: the
 *                               CKA_EC_PARAMS in hex, or the bits of an RSA key
 *   edwards named CKR           an EdDSA key whose CKA_EC_PARAMS is no PrintableString is not made
 *   eddsa parameters CKR        CKM_EDDSA without CK_EDDSA_PARAMS that ask for the plain scheme is refused
 *   destroy pair                the public key goes with the private one of its CKA_ID, and not before
 *   certificates one-place      a certificate takes the place of another with its CKA_ID, and its handle
 *   certificates replaced       another certificate with its CKA_ID is gone when a certificate is stored
 *   ecdsa der                   ECDSA signatures are a SEQUENCE of two INTEGERs
 *   ec-point raw|octets|bits    CKA_EC_POINT bare, in an OCTET STRING, in a BIT STRING
 *
 *   attribute CKA any|CLASS refuse CKR     cannot be read. CKR_ATTRIBUTE_SENSITIVE and ..._TYPE_INVALID
 *                                          leave the other attributes readable, any other code fails all
 *   attribute CKA any|CLASS value HEX      reads, and is found, as this; '-' is empty
 *   attribute CKA any|CLASS template CKR   is refused where an object is made or changed
 *   attribute CKA any|CLASS drop           is passed over there in silence
 *   attribute CKA any|CLASS search CKR     is refused in a search
 */
#include "shim_script.h"

/* A session that is open, and what the shim has to remember of it. */
struct shim_session {
    CK_SESSION_HANDLE handle; /* CK_INVALID_HANDLE: the place is free */
    CK_SLOT_ID slot;
    bool wants_context; /* a signature was begun and wants a login of its own */
    bool signs_ecdsa;
    /* What a search asked for and the real token cannot answer: attributes that are shown changed. */
    struct shim_attribute wanted[MAX_HITS];
    size_t wanted_count;
};

struct shim {
    CK_FUNCTION_LIST *real;
    struct shim_script script;
    unsigned long total; /* calls since C_Initialize */
    bool removed;
    CK_USER_TYPE user; /* NO_USER: nobody is logged in */
    unsigned long wrong_pins;
    CK_OBJECT_HANDLE shown_handle; /* of an object that took another one's place; else CK_INVALID_HANDLE */
    CK_OBJECT_HANDLE real_handle;
    struct shim_session sessions[MAX_SESSIONS];
};
extern struct shim shim;

/* One call: which it is, and the rules that hold for it. */
struct shim_call {
    int function;
    CK_SESSION_HANDLE session;
    CK_RV rv;
    const struct shim_rule *hits[MAX_HITS];
    size_t hit_count;
    char remark[MAX_TEXT]; /* for the log */
};

/* shim_names.c: the number of a name like CKR_DEVICE_ERROR or 0x30, and the other way; false: neither. */
bool shim_number(const char *text, unsigned long *ret);
bool shim_named(const char *prefix, const char *text, unsigned long *ret);
const char *shim_ckr_name(CK_RV rv, char fallback[static 32]);

/* The words of a line. */
enum { MAX_WORDS = 8 };
struct shim_words {
    char *at[MAX_WORDS];
    size_t count;
};

/* shim_rules.c: reads a rule for calls, false: it is none. */
bool shim_rule_read(struct shim_script *script, const struct shim_words *words);

/* shim_script.c: reads the script that the environment names; false after a text on stderr. */
bool shim_script_read(struct shim_script *ret);

/* shim_state.c */
void shim_lock(void);
void shim_unlock(void);
/* The session's row; NULL when it is not one of the shim's. */
struct shim_session *shim_session_of(CK_SESSION_HANDLE handle);
/* Whether the hit rules have one of this action; NULL: no. */
const struct shim_rule *shim_hit(const struct shim_call *call, enum shim_action action);
/* Closes every session at the real module, which ends the login too. */
void shim_lose_sessions(void);
/* How many wrong PINs were sent in a row, now and for later processes. */
unsigned long shim_wrong_pins(void);
void shim_set_wrong_pins(unsigned long count);
/* A line for the log. */
void shim_log(const struct shim_call *call, const char *answer);
/* Refuses what needs another login. */
CK_RV shim_check_need(enum shim_need need);

/* shim_main.c: counts a call and applies the rules that hold before it; false: it is answered by call->rv. */
bool shim_enter(struct shim_call *call);
/* Applies the rules that hold after it. */
CK_RV shim_leave(struct shim_call *call, CK_RV rv);
int shim_function_find(const char *name);
const char *shim_function_name(int function);

/* shim_attributes.c: the object's class; ANY_CLASS if it does not say. */
CK_OBJECT_CLASS shim_class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
/* Reads one attribute as the script shows it. */
CK_RV shim_read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class,
                CK_ATTRIBUTE *attribute);
/* The row of the script for this attribute of this class; NULL: none. */
const struct shim_attribute *shim_attribute_find(CK_ATTRIBUTE_TYPE type, CK_OBJECT_CLASS class,
                                                 enum shim_how how);
/* The template without what is dropped, in `room`; its refusal if the script refuses one. */
CK_RV shim_template(const CK_ATTRIBUTE *from, CK_ULONG count, CK_OBJECT_CLASS class, CK_ATTRIBUTE *room,
                    CK_ULONG *ret_count);

/* shim_attributes.c: handles as the real module knows them, and as the caller does. */
CK_OBJECT_HANDLE shim_real_handle(CK_OBJECT_HANDLE shown);
CK_OBJECT_HANDLE shim_shown_handle(CK_OBJECT_HANDLE real);

/* shim_keys.c: an attribute for a template, if the module chooses the CKA_ID. */
void shim_add_own_id(CK_ATTRIBUTE *list, CK_ULONG *count);
/* The objects that fit, asked at the real module. */
enum { MAX_FOUND = 64 };
CK_ULONG shim_find_real(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count,
                        CK_OBJECT_HANDLE found[MAX_FOUND]);

/* shim_tokens.c: the mechanism as the real module knows it; false: it is hidden. */
bool shim_mechanism(const CK_MECHANISM *shown, CK_MECHANISM *ret);

#include "shim_functions.h"

enum { FN_C_NONE = -1 };
#define SHIM_ENUM(kind, name, session, decl, ...) FN_##name,
enum shim_function { SHIM_FUNCTIONS(SHIM_ENUM) FN_COUNT };
#undef SHIM_ENUM

/* What the shim does itself for the functions that the list marks. */
#define SHIM_PASS_PROTOTYPE(name, decl)
#define SHIM_HOOK_PROTOTYPE(name, decl) CK_RV shim_do_##name decl;
#define SHIM_LOGIN_PROTOTYPE(name, decl) SHIM_HOOK_PROTOTYPE(name, decl)
#define SHIM_PROTOTYPE(kind, name, session, decl, ...) SHIM_##kind##_PROTOTYPE(name, SHIM_WITH_CALL decl)
#define SHIM_WITH_CALL(...) (struct shim_call * call, __VA_ARGS__)
SHIM_FUNCTIONS(SHIM_PROTOTYPE)

#endif
