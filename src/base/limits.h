// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_LIMITS_H
#define PC_BASE_LIMITS_H

/*
 * Upper bounds for everything a token, a file or a caller can make large. Bytes unless the name says
 * otherwise.
 */
enum {
    PC_MAX_FRAMES = 8,            /* frames of an error */
    PC_MAX_NOTES = 32,            /* lines of detail of an error */
    PC_MAX_TEXT = 4096,           /* one line for a person */
    PC_MAX_REQUEST = 1024 * 1024, /* a certificate request, PEM or DER */
    PC_MAX_DER_DEPTH = 32,        /* nested constructed values */
    PC_MAX_FINDINGS = 256,        /* findings of the lint rules that are told of one request */
    PC_MAX_FAULTS = 64,           /* deviations that are told of one request */
    PC_MAX_HASHED = 1 << 30,      /* file whose digest is taken */
    PC_MAX_PLAN = 4 << 20,        /* plan of a request */
    PC_MAX_RDNS = 64,             /* relative distinguished names of a subject */
    PC_MAX_ATVS = 16,             /* attributes of one relative distinguished name */
    PC_MAX_SANS = 10000,          /* alternative names of a request */
    PC_MAX_SAN_TEXT = 8192,       /* one alternative name as text */
    PC_MAX_PRINCIPAL = 16,        /* parts of a Kerberos principal */
    PC_MAX_EKUS = 64,             /* extended key usages of a request */
    PC_MAX_EXTENSIONS = 128,      /* extensions of a request */
    PC_MAX_ATTRIBUTES = 128,      /* attributes of a request */
    PC_MAX_VALUE = 256 * 1024,    /* DER of one extension or attribute that is given as such */
    PC_MAX_PATH_LENGTH = 1000,    /* CAs below a CA */
    PC_MAX_ORIGINS = 1024,        /* texts that say where values of a request come from */
    PC_MAX_ITEMS = 256,           /* policies, constraints, statements of one extension */
    PC_MAX_OID = 128,             /* content octets of an object identifier */
    PC_MAX_SPKI = 16 * 1024,      /* SubjectPublicKeyInfo */
    PC_MAX_SIGNATURE = 64 * 1024, /* signature */
    PC_MAX_CHALLENGE = 255,       /* characters of a challenge password */
    PC_MAX_PASSWORD = 2048,       /* file with a challenge password */
    PC_MAX_URI = 8192,            /* pkcs11: URI */
    PC_MAX_PIN = 255,             /* PIN */
    PC_MAX_PIN_FILE = 1024,       /* file that holds a PIN */
    PC_MAX_CONFIG = 1024 * 1024,  /* one configuration file */
    PC_MAX_OSSL_CONF = 1 << 18,   /* configuration of OpenSSL with what it includes */
    PC_MAX_LATCH = 64 * 1024,     /* one record of wrong PINs */
    PC_MAX_LATCHED = 16,          /* files in one of them */
    PC_MAX_LATCHES = 1024,        /* records of wrong PINs */
    PC_MAX_SLOTS = 1024,          /* slots of a module */
    PC_MAX_MECHANISMS = 4096,     /* mechanisms of a token */
    PC_MAX_OBJECTS = 200000,      /* objects of a token that are listed */
    PC_MAX_ATTRIBUTE = 64 * 1024, /* one attribute of a token object */
    PC_MAX_CHAIN = 32,            /* certificates of a chain */
    PC_MAX_VALIDATIONS = 64,      /* validation objects of a module */
    PC_MAX_INTENTS = 4096,        /* records of keys whose making was begun */
    PC_MAX_MEMBERS = 1024,        /* objects of a token that share one CKA_ID */
    PC_MAX_LINT_FILE = 1 << 26,   /* one list that rules of the lint look things up in */
    PC_MAX_LINT_BLOCKS = 4096,    /* blocks of special-purpose addresses */
    PC_MAX_MATCHED = 1000,        /* keys, requests and certificates that are compared by key */
    PC_MAX_FILES = 64,            /* files that are written together */
    PC_MAX_CANDIDATES = 16,       /* candidates shown when a choice is ambiguous */
};

#endif
