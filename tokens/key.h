// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_KEY_H
#define PC_TOKENS_KEY_H

#include "alg/public.h"
#include "alg/signer.h"
#include "tokens/object.h"

/* Key pairs on a token: found, listed, made, and used as signers. */

/* Where the public half was taken from. */
enum pc_pubkey_source {
    PC_PUBKEY_NONE,
    PC_PUBKEY_OBJECT,      /* public key object with the same CKA_ID */
    PC_PUBKEY_INFO,        /* CKA_PUBLIC_KEY_INFO of the private key */
    PC_PUBKEY_PRIVATE,     /* public attributes of the private key object */
    PC_PUBKEY_CERTIFICATE, /* certificate with the same CKA_ID */
    PC_PUBKEY_GIVEN,       /* handed in by the caller */
    PC_PUBKEY_SOURCE_COUNT
};

struct pc_key {
    CK_OBJECT_HANDLE private_key; /* CK_INVALID_HANDLE when only the public half is visible */
    CK_OBJECT_HANDLE public_key;  /* CK_INVALID_HANDLE when there is no such object */
    CK_OBJECT_HANDLE certificate; /* the same */
    struct pc_buf id;             /* CKA_ID */
    struct pc_buf label;          /* CKA_LABEL of the private key, else of the public key */
    CK_KEY_TYPE type;
    bool is_private; /* CKA_PRIVATE of the private key: visible after login only */
    enum pc_pubkey_source source;
    enum pc_pubkey_source differs; /* the one that shows another public key than an earlier one, if any */
    struct pc_buf spki;            /* SubjectPublicKeyInfo; empty when no source shows it */
    struct pc_span given;    /* a SubjectPublicKeyInfo that the caller knows; borrowed while it is read */
    struct pc_public public; /* the same as values, borrowed from `spki`; spec is NULL when empty */
    char why_no_spki[160];   /* when empty */
    unsigned long epoch;     /* the token's when its handles were found: see struct pc_token */
    bool maybe_made;         /* making it failed in a way that leaves open whether it is on the token */
};

void pc_key_init(struct pc_key *key);
void pc_key_done(struct pc_key *key);

/* Which key is meant. Both set: both must match. None set: every key. */
struct pc_key_query {
    bool has_id;
    struct pc_span id;
    const char *label;    /* or NULL */
    struct pc_span spki;  /* the key with this SubjectPublicKeyInfo; empty: any */
    struct pc_span given; /* a public half to use and to compare; empty: none */
};

/*
 * Finds the one key pair that matches, logging in as far as needed, reads its public half from every source
 * there is and compares them: PROOF_PUBLIC_KEY when two disagree. More than one match: KEY_AMBIGUOUS with the
 * candidates' URIs, judged in the login state in which the key will be used. No source shows the public key:
 * PUBLIC_KEY_NOT_FOUND.
 */
PC_RESULT pc_key_find(struct pc_token *token, const struct pc_key_query *query, const struct pc_login *login,
                      struct pc_key *ret, p11csr_error **err);
/*
 * Appends a struct pc_key (initialised, to be freed by the caller) for each key pair that is visible in the
 * present login state. A key whose public half cannot be read is listed all the same.
 */
PC_RESULT pc_keys_list(struct pc_token *token, const struct pc_key_query *query, struct pc_buf *ret,
                       p11csr_error **err);
/* Frees what pc_keys_list() appended. */
void pc_keys_done(struct pc_buf *keys);

/* Sets id, object and type=private (or public when only that half is there) beside the token's attributes. */
PC_RESULT pc_key_to_uri(const struct pc_token *token, const struct pc_key *key, struct pc_uri *ret,
                        p11csr_error **err);
/* Adds the key's URI to the notes of an error, as far as there is memory. */
void pc_key_note_uri(const struct pc_token *token, const struct pc_key *key, p11csr_error **err);
/* Name of a source as JSON has it, like "public-key-object". */
const char *pc_pubkey_source_name(enum pc_pubkey_source source);

#endif
