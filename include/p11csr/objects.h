// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_OBJECTS_H
#define P11CSR_OBJECTS_H

#include "p11csr/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The objects on a token that make up one key, to be destroyed or renamed together. What is done is done to
 * the objects that were found under the key's identity and to nothing else.
 */
typedef struct p11csr_objects p11csr_objects;

/* One of them. Fields may be added at the end. */
struct p11csr_object_info {
    const char *kind;  /* "private-key", "public-key" or "certificate" */
    const char *label; /* CKA_LABEL as UTF-8; may be empty */
    const char *id;    /* CKA_ID in hex; may be empty */
    const char *kept; /* why it is left alone although it has the key's CKA_ID; NULL: it belongs to the key */
    int gone;         /* 1: it was destroyed */
    int changed;      /* 1: it was renamed */
};

/*
 * Finds the one key that matches and every object with its CKA_ID. Public keys and certificates belong to it
 * when they show the same public value as the private key; where that shows none, when all public keys agree
 * and no other private key has the CKA_ID. A public key whose private half is gone counts as a key too; with
 * a URI of type=public it is the only kind that does. Always logs in. Errors: KEY_NOT_FOUND, KEY_AMBIGUOUS
 * (the candidates are notes of the error), TOKEN_READ_ONLY, and those of the login. Freed with
 * p11csr_objects_free() before its context. Not for several threads at once.
 */
P11CSR_API enum p11csr_code p11csr_objects_find(p11csr_ctx *ctx, const struct p11csr_select *select,
                                                p11csr_objects **ret_objects, p11csr_error **err);
/* The key that they make up. Borrowed, valid until p11csr_objects_rename(). Never NULL. */
P11CSR_API const struct p11csr_key_info *p11csr_objects_get_key(const p11csr_objects *objects);
/*
 * 1 when `select` named the token and all that the key is called by: its label and its id, as far as it has
 * them, or its public key. Who cannot be asked should have said so much before anything is destroyed.
 */
P11CSR_API int p11csr_objects_is_fully_named(const p11csr_objects *objects);
P11CSR_API size_t p11csr_objects_count(const p11csr_objects *objects);
/* Borrowed, valid until the objects are changed; NULL when `index` is out of range. */
P11CSR_API const struct p11csr_object_info *p11csr_objects_get(const p11csr_objects *objects, size_t index);

/*
 * Destroys what belongs to the key (PKCS#11 C_DestroyObject): the private key, public keys, and, when
 * `with_certificates` is 1, certificates. Each object is looked at again before and after. It stops at the
 * first that cannot be destroyed; notes of the error say which are gone and which are left, and so does
 * p11csr_objects_get(). A record of p11csr_intents_to_json() that names the key goes with it. There is no way
 * back. Errors: those of the token, WRITE (the log).
 */
P11CSR_API enum p11csr_code p11csr_objects_delete(p11csr_objects *objects, int with_certificates,
                                                  p11csr_error **err);
/*
 * Gives what belongs to the key, certificates included, another CKA_LABEL, CKA_ID or both (PKCS#11
 * C_SetAttributeValue) and reads it back. NULL: that one stays. When an object refuses, those before it get
 * their old names again; notes of the error name what could not be undone. Errors: KEY_EXISTS (another key
 * has that name), USAGE (nothing to do, or an empty name), UNSUPPORTED and others of the token.
 */
P11CSR_API enum p11csr_code p11csr_objects_rename(p11csr_objects *objects, const char *label,
                                                  const unsigned char *id, size_t id_len, p11csr_error **err);
P11CSR_API void p11csr_objects_free(p11csr_objects **objects);

#ifdef __cplusplus
}
#endif

#endif
