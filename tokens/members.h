// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_MEMBERS_H
#define PC_TOKENS_MEMBERS_H

#include "tokens/key.h"

/* The objects that make up one key: found together, and destroyed or renamed under that identity only. */

/* Why an object with the key's CKA_ID is left alone. */
enum pc_kept {
    PC_KEPT_NOT,       /* it belongs to the key */
    PC_KEPT_OTHER_KEY, /* it shows the public value of another key */
    PC_KEPT_UNCLEAR,   /* whose it is cannot be told */
};

/* One object, as it was when it was looked at. */
struct pc_member {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS class;
    struct pc_buf id;    /* CKA_ID */
    struct pc_buf label; /* CKA_LABEL */
    enum pc_kept kept;
    bool gone;    /* it was destroyed */
    bool changed; /* it has another label or id than it was found with */
};

struct pc_members {
    struct pc_key key;  /* the private half, or the public one where there is no other */
    struct pc_buf list; /* struct pc_member: the private key, then public keys, then certificates */
};

void pc_members_init(struct pc_members *members);
void pc_members_done(struct pc_members *members);
size_t pc_members_count(const struct pc_members *members);
struct pc_member *pc_members_get(const struct pc_members *members, size_t index);

/* Reads what an object is called. The member is initialised here, and freed by pc_member_done(). */
PC_RESULT pc_member_read(struct pc_token *token, CK_OBJECT_HANDLE handle, struct pc_member *ret,
                         p11csr_error **err);
void pc_member_done(struct pc_member *member);

/*
 * Finds the one key that matches, logged in and in a session that can write, and every object that has its
 * CKA_ID. Public keys and certificates belong to it when they show its public value. Where the private key
 * shows none, they belong to it when they agree and no other private key has that CKA_ID. An empty CKA_ID
 * joins nothing. A public key of which the private half is there under another label is not taken for a key
 * of its own. Errors: KEY_NOT_FOUND, KEY_AMBIGUOUS with the candidates' URIs, TOKEN_READ_ONLY.
 */
PC_RESULT pc_members_find(struct pc_token *token, const struct pc_key_query *query,
                          const struct pc_login *login, struct pc_members *ret, p11csr_error **err);

/*
 * Destroys one object, if it is still the one that was looked at, and makes sure that it is gone.
 */
PC_RESULT pc_member_destroy(struct pc_token *token, struct pc_member *member, p11csr_error **err);
/*
 * Destroys the objects that belong to the key, certificates only if asked for: the private key first. Stops
 * at the first that fails; notes of the error say what is gone and what is left.
 */
PC_RESULT pc_members_destroy(struct pc_token *token, struct pc_members *members, bool with_certificates,
                             p11csr_error **err);

/* What objects shall be called. */
struct pc_new_name {
    const char *label; /* NULL: as it is */
    bool has_id;
    struct pc_span id;
};
/*
 * Gives the objects that belong to the key another label, id or both, and reads them back. When one of them
 * refuses, those before it get their old names again; notes of the error name what could not be undone. A
 * name that another key has is KEY_EXISTS.
 */
PC_RESULT pc_members_rename(struct pc_token *token, struct pc_members *members,
                            const struct pc_new_name *name, p11csr_error **err);

/* "private key", "public key", "certificate" or "object". */
const char *pc_class_name(CK_OBJECT_CLASS class);

#endif
