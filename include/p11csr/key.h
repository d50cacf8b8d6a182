// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_KEY_H
#define P11CSR_KEY_H

#include "p11csr/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Says which key is meant. Set struct_size by P11CSR_SELECT_INIT. `token` is an alias of the configuration, a
 * token's label, or a pkcs11: URI, which may name the key as well; `label` and `id` then have to agree with
 * it.
 */
struct p11csr_select {
    size_t struct_size;
    const char *token;       /* NULL: the only token there is */
    const char *label;       /* CKA_LABEL, or NULL */
    const unsigned char *id; /* CKA_ID, or NULL */
    size_t id_len;           /* bytes */
    /* SubjectPublicKeyInfo of the key that is meant, or NULL; see p11csr_spki_read(). */
    const unsigned char *spki;
    size_t spki_len;
    /*
     * SubjectPublicKeyInfo to use when the token does not show one, and to compare with what it shows; or
     * NULL.
     */
    const unsigned char *pubkey;
    size_t pubkey_len;
    /*
     * A PIV card's slot by its number in SP 800-73: "9a", "9c", "9d", "9e", "82" to "95"; or NULL. It stands
     * for the CKA_ID that modules for PIV cards give to the slot's objects: 01 to 04, and from 05 on.
     */
    const char *piv_slot;
    /*
     * 1: p11csr_key_open() may take a key of which the token shows only the public half, without a login
     * where none is needed for that. Such a key cannot sign.
     */
    int public_suffices;
};
#define P11CSR_SELECT_INIT                                                                                   \
    {                                                                                                        \
        .struct_size = sizeof(struct p11csr_select)                                                          \
    }

/* A key pair as the token shows it. Fields may be added at the end. */
struct p11csr_key_info {
    const char *uri;               /* RFC 7512, names this key */
    const char *token;             /* the token's label */
    const char *label;             /* CKA_LABEL as UTF-8; may be empty */
    const char *id;                /* CKA_ID in hex; may be empty */
    const char *type;              /* "p256", "rsa-2048", ...; "unknown" when the public half is not shown */
    const char *spki_sha256;       /* of SubjectPublicKeyInfo, in hex; empty when it is not shown */
    const char *public_key_source; /* "public-key-object", ...; "none" */
    const char *problem;           /* why the public half is not usable; NULL when it is */
    unsigned bits;                 /* 0 when unknown */
    int has_private;               /* the private key object is visible in this login state */
    int has_public;                /* a public key object is there */
    int has_certificate;           /* a certificate with the same CKA_ID is there */
};

/*
 * The SubjectPublicKeyInfo (DER) that a certificate, a certificate request or a public key in PEM or DER
 * holds, to be freed with p11csr_free_bytes(). Errors: REQUEST.
 */
P11CSR_API enum p11csr_code p11csr_spki_read(const void *data, size_t len, unsigned char **ret_spki,
                                             size_t *ret_len, p11csr_error **err);

typedef struct p11csr_key_list p11csr_key_list;

/*
 * Lists the key pairs that match. Logs in where a PIN source was named, "prompt" too, or one is known that
 * asks nobody; otherwise only what the token shows to everybody is listed. Errors: those of finding the
 * token, and of the login.
 */
P11CSR_API enum p11csr_code p11csr_keys_list(p11csr_ctx *ctx, const struct p11csr_select *select,
                                             p11csr_key_list **ret_list, p11csr_error **err);
P11CSR_API size_t p11csr_key_list_count(const p11csr_key_list *list);
/*
 * 1 when the token wants a login and none took place: private keys may be there that the list does not show.
 */
P11CSR_API int p11csr_key_list_is_partial(const p11csr_key_list *list);
/* Borrowed from the list; NULL when `index` is out of range. */
P11CSR_API const struct p11csr_key_info *p11csr_key_list_get(const p11csr_key_list *list, size_t index);
P11CSR_API void p11csr_key_list_free(p11csr_key_list **list);

/*
 * Finds the one key pair that matches and reads its public half, comparing all sources of it. Logs in as far
 * as needed. Errors: KEY_NOT_FOUND, KEY_AMBIGUOUS (the candidates are notes of the error),
 * PUBLIC_KEY_NOT_FOUND, PROOF_PUBLIC_KEY, and those of the login. The key is freed with p11csr_key_free()
 * before its context.
 */
P11CSR_API enum p11csr_code p11csr_key_open(p11csr_ctx *ctx, const struct p11csr_select *select,
                                            p11csr_key **ret_key, p11csr_error **err);

/* Says what key to make. Set struct_size by P11CSR_KEYGEN_INIT. */
struct p11csr_keygen {
    size_t struct_size;
    const char *spec; /* "p256", "rsa-3072", ...; see p11csr_key_algorithm() */
    int ensure; /* 1: a key that is there already is used if it is of this kind and not less protected */
    /* 1: the key may be wrapped for a backup (CKA_EXTRACTABLE, CKA_WRAP_WITH_TRUSTED); 0: it never leaves. */
    int backup;
    /* 1: what the key's place holds may be lost, on tokens that replace it without asking. */
    int overwrite_slot;
    int decrypt; /* 1: the key may also decrypt (CKA_DECRYPT); see p11csr_request_fill_keygen() */
    int derive;  /* 1: the key may also agree on keys (CKA_DERIVE) */
};
#define P11CSR_KEYGEN_INIT                                                                                   \
    {                                                                                                        \
        .struct_size = sizeof(struct p11csr_keygen)                                                          \
    }

/*
 * Makes a key pair on the token (PKCS#11 C_GenerateKeyPair): for signing only unless more is said, sensitive,
 * not extractable. `select` names the token and the label, and may give the CKA_ID; one is chosen otherwise,
 * where the token lets it be chosen. Tokens that name their objects themselves need no label. The security
 * attributes are read back; a key that the token did not protect as asked is destroyed again
 * (KEY_PROTECTION). Errors: KEY_EXISTS, KEY_SPEC (`ensure` found another kind of key), ALGORITHM,
 * MECHANISM, TOKEN_FULL, TOKEN_READ_ONLY, and those of the login. *ret_made, if not NULL, tells whether a
 * key was made (1) or was there (0).
 */
P11CSR_API enum p11csr_code p11csr_key_generate(p11csr_ctx *ctx, const struct p11csr_select *select,
                                                const struct p11csr_keygen *keygen, p11csr_key **ret_key,
                                                int *ret_made, p11csr_error **err);
/*
 * The records of keys whose making was begun and whose outcome is not known, and what is on their tokens, as
 * a JSON array to be freed with p11csr_free_text(). Each object has "time", "token" (URI), "id" (hex),
 * "label", "spec", "file" and
 *   "state"  of the key of that label and id: "not-there", "private-only", "public-only", "both"; "other-id"
 *            when the label is there with another id; "unknown" when the token could not be looked at
 *   "why"    what hindered that, or null
 *   "uri"    of what is there, to be given to p11csr_objects_find(), or null
 * Logs in where a PIN source that asks nobody is known. Nothing is looked for but what a record names.
 * Errors: READ.
 */
P11CSR_API enum p11csr_code p11csr_intents_to_json(p11csr_ctx *ctx, char **ret_json, p11csr_error **err);
/*
 * Removes the record in `file`, an absolute path as p11csr_intents_to_json() has it, once its key is known
 * not to be on its token. Errors: READ (no such record), KEY_EXISTS (the key is there, or may be), and those
 * of finding the token and of the login.
 */
P11CSR_API enum p11csr_code p11csr_intent_close(p11csr_ctx *ctx, const char *file, p11csr_error **err);
/* Borrowed from the key. Never NULL. */
P11CSR_API const struct p11csr_key_info *p11csr_key_get_info(const p11csr_key *key);
/* The SubjectPublicKeyInfo as DER, borrowed from the key. *ret_len in bytes. */
P11CSR_API const unsigned char *p11csr_key_get_spki(const p11csr_key *key, size_t *ret_len);
/*
 * The public key in the form of this name: "spki-pem", "spki-der", "spki-sha256" (hex), "ssh" (a line of
 * OpenSSH's authorized_keys, with the label), "jwk" (RFC 7517, 7518, 8037, 8812) or "tlsa" ("3 1 1" and the
 * SHA-256, RFC 6698), to be freed with p11csr_free_bytes(). All but "spki-der" are text that ends with a
 * newline; a zero, which *ret_len does not count, follows. Errors: USAGE (no such form), UNSUPPORTED (the
 * form has no name for this kind of key).
 */
P11CSR_API enum p11csr_code p11csr_key_get_public(p11csr_key *key, const char *form,
                                                  unsigned char **ret_bytes, size_t *ret_len,
                                                  p11csr_error **err);
/* Name of the form at `index`, from 0; NULL behind the last. Static storage; thread-safe. */
P11CSR_API const char *p11csr_public_form_name(size_t index);
/*
 * PEM that stands for the private key where a program of OpenSSL takes nothing but a key file: with the
 * provider of p11csr or the public pkcs11-provider, the key on the token is used. It holds the key's URI
 * (RFC 7512) in the form "PKCS#11 PROVIDER URI", and neither a key nor a PIN. `pin_source`, or NULL for none,
 * is written into the URI: "/PATH", "file:PATH", "cred:NAME", "prompt" or "empty"; what starts a program is
 * refused. Text that ends with a newline, to be freed with p11csr_free_text(). Errors: URI (pin_source),
 * KEY_USE (only the public half was taken; see public_suffices).
 */
P11CSR_API enum p11csr_code p11csr_key_to_pem_uri(p11csr_key *key, const char *pin_source, char **ret_pem,
                                                  p11csr_error **err);
P11CSR_API void p11csr_key_free(p11csr_key **key);

/* -1: the module does not say; 0: no; 1: yes. */
struct p11csr_protection {
    int sensitive;           /* CKA_SENSITIVE */
    int extractable;         /* CKA_EXTRACTABLE */
    int always_sensitive;    /* CKA_ALWAYS_SENSITIVE */
    int never_extractable;   /* CKA_NEVER_EXTRACTABLE */
    int local;               /* CKA_LOCAL: generated on the token */
    int private_object;      /* CKA_PRIVATE */
    int always_authenticate; /* CKA_ALWAYS_AUTHENTICATE */
    int sign;                /* CKA_SIGN */
    int decrypt;             /* CKA_DECRYPT */
    int unwrap;              /* CKA_UNWRAP */
    int derive;              /* CKA_DERIVE */
    int value_readable;      /* what C_GetAttributeValue says to the private value; it is not taken */
    char value_answer[32];   /* the CKR name of that answer */
    int wrap_with_trusted;   /* CKA_WRAP_WITH_TRUSTED: only by a key that the SO trusts */
    int modifiable;          /* CKA_MODIFIABLE */
    int copyable;            /* CKA_COPYABLE */
    int destroyable;         /* CKA_DESTROYABLE */
};

/*
 * Reads what the module says about the private key. It is a claim of the module and no evidence. Errors:
 * TOKEN.
 */
P11CSR_API enum p11csr_code p11csr_key_get_protection(p11csr_key *key, struct p11csr_protection *ret,
                                                      p11csr_error **err);
/*
 * The same as a JSON object, to be freed with p11csr_free_text(), with what takes more than a flag to say:
 *   "evidence"            "module-reported"
 *   "keygen-mechanism"    CKM name of CKA_KEY_GEN_MECHANISM, or null
 *   "allowed-mechanisms"  CKM names of CKA_ALLOWED_MECHANISMS, or null where the module does not say
 *   "wrapping-keys"       keys that are visible and may wrap others: all, trusted, and usable for this key
 *   "validations"         what the module claims to be validated to (CKO_VALIDATION, PKCS#11 3.2): type,
 *                         authority, level, version, module, country, certificate and others; covers-key is
 *                         true when the key is kept as the validation wants
 * Errors: TOKEN.
 */
P11CSR_API enum p11csr_code p11csr_key_protection_to_json(p11csr_key *key, char **ret_json,
                                                          p11csr_error **err);

/* A row of the algorithm tables; its texts are static. */
struct p11csr_algorithm {
    const char *name;
    const char *doc;
    const char *family;         /* "RSA", "EC", "EdDSA" */
    const char *default_scheme; /* of a kind of key; NULL for a signature scheme */
    const char
        *defined_in; /* of a signature scheme: where its AlgorithmIdentifier is defined; NULL for keys */
    unsigned security_bits; /* of a kind of key; 0 for schemes */
};
/*
 * The kinds of keys and the signature schemes, by index from 0. 1, or 0 when `index` is out of range. Thread-
 * safe.
 */
P11CSR_API int p11csr_key_algorithm(size_t index, struct p11csr_algorithm *ret);
P11CSR_API int p11csr_scheme_algorithm(size_t index, struct p11csr_algorithm *ret);

/*
 * Asks a token which of the algorithms it reports: *ret is 1 when `name`, a kind of key or a signature
 * scheme, is there. For a kind of key that means making it; whether a token knows a curve shows only when it
 * is asked for one. `token` as for p11csr_tokens_list(), but exactly one must match. No login takes place.
 * Errors: ALGORITHM, TOKEN_NOT_FOUND, ...
 */
P11CSR_API enum p11csr_code p11csr_token_offers(p11csr_ctx *ctx, const char *token, const char *name,
                                                int *ret, p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
