// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_ERROR_H
#define P11CSR_ERROR_H

#include "p11csr/types.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What went wrong, as a number that programs can act on. Values are never reused. Every function that can
 * fail returns one of these, and, when its `err` argument is not NULL, sets *err to an error object that the
 * caller frees. On success *err is left alone. Output arguments (`ret_...`) are set on success only.
 */
enum p11csr_code {
    P11CSR_OK = 0,                       /* done */
    P11CSR_E_CHECK_FAILED = 10,          /* the check said no (exit status 1) */
    P11CSR_E_PARTLY_DONE = 50,           /* not all of it was done (exit status 13) */
    P11CSR_E_USAGE = 100,                /* the command or call is not understood (exit status 64) */
    P11CSR_E_CONFIG = 150,               /* the configuration cannot be used (exit status 78) */
    P11CSR_E_MODULE_NOT_FOUND = 200,     /* there is no such PKCS#11 module (exit status 3) */
    P11CSR_E_TOKEN_NOT_FOUND = 201,      /* there is no such token (exit status 3) */
    P11CSR_E_KEY_NOT_FOUND = 202,        /* there is no such key (exit status 3) */
    P11CSR_E_PUBLIC_KEY_NOT_FOUND = 203, /* the token does not show the public key (exit status 3) */
    P11CSR_E_CERT_NOT_FOUND = 204,       /* there is no such certificate (exit status 3) */
    P11CSR_E_PROFILE_NOT_FOUND = 205,    /* there is no such profile (exit status 3) */
    P11CSR_E_TOKEN_AMBIGUOUS = 250,      /* more than one token matches (exit status 5) */
    P11CSR_E_KEY_AMBIGUOUS = 251,        /* more than one key matches (exit status 5) */
    P11CSR_E_CERT_AMBIGUOUS = 252,       /* more than one certificate matches (exit status 5) */
    P11CSR_E_PIN_NEEDED = 300,           /* a PIN is needed (exit status 4) */
    P11CSR_E_PIN_INCORRECT = 301,        /* the PIN is wrong (exit status 4) */
    P11CSR_E_PIN_LOCKED = 302,           /* the token's PIN is locked (exit status 4) */
    P11CSR_E_PIN_FINAL_TRY = 303,        /* one more wrong PIN locks the token (exit status 4) */
    P11CSR_E_PIN_CANCELLED = 304,        /* no PIN was given (exit status 4) */
    P11CSR_E_PIN_LENGTH = 305,    /* the PIN has a length that the token does not take (exit status 4) */
    P11CSR_E_PIN_CHANGE = 306,    /* the token wants its PIN changed first (exit status 4) */
    P11CSR_E_PIN_NOT_SET = 307,   /* the token has no user PIN yet (exit status 4) */
    P11CSR_E_PIN_SOURCE = 308,    /* the PIN source cannot be used (exit status 4) */
    P11CSR_E_PIN_LOGGED = 310,    /* a log of PKCS#11 calls would show the PIN (exit status 4) */
    P11CSR_E_PIN_LATCHED = 311,   /* the PIN was wrong before; its file has not changed (exit status 4) */
    P11CSR_E_LOGIN = 309,         /* the token refuses the login (exit status 4) */
    P11CSR_E_MODULE_LOAD = 350,   /* the PKCS#11 module cannot be loaded (exit status 6) */
    P11CSR_E_TOKEN = 351,         /* the token or its module failed (exit status 6) */
    P11CSR_E_TOKEN_REMOVED = 352, /* the token was removed or the connection to it is lost (exit status 6) */
    P11CSR_E_TOKEN_FULL = 353,    /* the token has no room (exit status 6) */
    P11CSR_E_TOKEN_READ_ONLY = 354, /* the token is write-protected (exit status 6) */
    P11CSR_E_KEY_USE = 355,         /* the key may not be used for this (exit status 6) */
    P11CSR_E_CONNECTION = 356,      /* the device or the connection to it failed (exit status 6) */
    P11CSR_E_OBJECT_GONE = 357,     /* the object is gone from the token (exit status 6) */
    P11CSR_E_MODULE_CRASHED = 360,  /* the PKCS#11 module crashed (exit status 6) */
    P11CSR_E_MODULE_HANGS = 361,    /* the PKCS#11 module did not answer (exit status 6) */
    P11CSR_E_FORKED = 362, /* the key belongs to the process that this one was forked from (exit status 6) */
    P11CSR_E_UNSUPPORTED = 400,     /* this is not supported (exit status 7) */
    P11CSR_E_MECHANISM = 401,       /* the token lacks the mechanism (exit status 7) */
    P11CSR_E_NOT_VERIFIABLE = 402,  /* the signature cannot be verified here (exit status 7) */
    P11CSR_E_WEAK = 450,            /* the key or algorithm is too weak (exit status 8) */
    P11CSR_E_KEY_PROTECTION = 451,  /* the token did not protect the key as asked (exit status 8) */
    P11CSR_E_KEY_SPEC = 452,        /* the key that is there is not the kind asked for (exit status 8) */
    P11CSR_E_NOT_CONFIRMED = 453,   /* this was not confirmed (exit status 8) */
    P11CSR_E_PROFILE = 454,         /* the profile does not allow this (exit status 8) */
    P11CSR_E_LINT = 455,            /* the request would break the rules it is held against (exit status 8) */
    P11CSR_E_NOT_PLANNED = 458,     /* this is not what was planned (exit status 8) */
    P11CSR_E_URI = 500,             /* the pkcs11: URI is not valid (exit status 9) */
    P11CSR_E_SUBJECT = 501,         /* the subject is not valid (exit status 9) */
    P11CSR_E_SAN = 502,             /* the alternative name is not valid (exit status 9) */
    P11CSR_E_EXTENSION = 503,       /* the extension is not valid (exit status 9) */
    P11CSR_E_REQUEST = 504,         /* this is not a PKCS#10 certificate request (exit status 9) */
    P11CSR_E_ALGORITHM = 505,       /* there is no such algorithm (exit status 9) */
    P11CSR_E_VALUE = 506,           /* the value is not valid (exit status 9) */
    P11CSR_E_LIMIT = 507,           /* the input is larger than p11csr handles (exit status 9) */
    P11CSR_E_CERTIFICATE = 508,     /* this is not a certificate that can be used (exit status 9) */
    P11CSR_E_ATTRIBUTE = 509,       /* the attribute is not valid (exit status 9) */
    P11CSR_E_READ = 550,            /* the file cannot be read (exit status 10) */
    P11CSR_E_WRITE = 551,           /* the file cannot be written (exit status 10) */
    P11CSR_E_FILE_EXISTS = 600,     /* the file is already there (exit status 11) */
    P11CSR_E_KEY_EXISTS = 601,      /* a key of that name is already there (exit status 11) */
    P11CSR_E_TOKEN_EXISTS = 602,    /* that name is already taken (exit status 11) */
    P11CSR_E_CERT_EXISTS = 603,     /* there is a certificate already (exit status 11) */
    P11CSR_E_PROOF_SIGNATURE = 650, /* the token's signature is wrong (exit status 12) */
    P11CSR_E_PROOF_PUBLIC_KEY = 651, /* the token's public key is wrong (exit status 12) */
    P11CSR_E_PROOF_CONTENT = 652,    /* the finished request is not what was asked for (exit status 12) */
    P11CSR_E_INTERNAL = 700,         /* p11csr made a mistake (exit status 70) */
    P11CSR_E_NO_MEMORY = 750,        /* there is no memory left (exit status 75) */
    P11CSR_E_BUSY = 751,             /* the token is busy (exit status 75) */
    P11CSR_E_INTERRUPTED = 800,      /* interrupted (exit status 130) */
};

/* The short text of a code; a text for unknown codes too. Static storage, never NULL. */
P11CSR_API const char *p11csr_strerror(enum p11csr_code code);
/*
 * The name of a code as JSON output has it, like "PIN_INCORRECT"; "OK" for P11CSR_OK. Static storage, never
 * NULL.
 */
P11CSR_API const char *p11csr_code_name(enum p11csr_code code);
/* The exit status of a command that ends with this code: 0 to 130, see p11csr(1). */
P11CSR_API int p11csr_code_exit_status(enum p11csr_code code);
/* 1 when the same call may succeed later without anybody having changed anything, else 0. */
P11CSR_API int p11csr_code_may_retry(enum p11csr_code code);

/*
 * The error object. Its texts belong to it and live until p11csr_error_free(). They are UTF-8 without control
 * characters, hold no PIN, and URIs in them carry no PIN attributes. An error object is immutable once
 * returned: any number of threads may read it. All accessors accept NULL (no error).
 */
P11CSR_API enum p11csr_code p11csr_error_code(const p11csr_error *err);
/* What could not be done, and on what. Never NULL. */
P11CSR_API const char *p11csr_error_message(const p11csr_error *err);
/* Why, from the outermost cause (0) to the innermost: what the module, the file system or the input said. */
P11CSR_API size_t p11csr_error_cause_count(const p11csr_error *err);
P11CSR_API const char *p11csr_error_cause(const p11csr_error *err, size_t index);
/* Further lines, such as the candidates of an ambiguous choice. NULL when `index` is out of range. */
P11CSR_API size_t p11csr_error_note_count(const p11csr_error *err);
P11CSR_API const char *p11csr_error_note(const p11csr_error *err, size_t index);
/* What to do next. Never NULL. */
P11CSR_API const char *p11csr_error_hint(const p11csr_error *err);
/* Frees *err and sets it to NULL. Accepts NULL and a pointer to NULL. */
P11CSR_API void p11csr_error_free(p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
