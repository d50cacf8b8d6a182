// SPDX-License-Identifier: Apache-2.0
#include "tokens/members.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/pubkey.h"

#include <string.h>

const char *pc_class_name(CK_OBJECT_CLASS class)
{
    static const struct {
        CK_OBJECT_CLASS class;
        const char *name;
    } rows[] = {
        {CKO_PRIVATE_KEY, "private key"}, {CKO_PUBLIC_KEY, "public key"}, {CKO_CERTIFICATE, "certificate"}};
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].class == class) {
            return rows[i].name;
        }
    }
    return "object";
}

void pc_members_init(struct pc_members *members)
{
    pc_key_init(&members->key);
    pc_buf_init(&members->list, PC_MAX_MEMBERS * sizeof(struct pc_member));
}

void pc_member_done(struct pc_member *member)
{
    pc_buf_done(&member->id);
    pc_buf_done(&member->label);
}

void pc_members_done(struct pc_members *members)
{
    for (size_t i = 0; i < pc_members_count(members); i++) {
        pc_member_done(pc_members_get(members, i));
    }
    pc_buf_done(&members->list);
    pc_key_done(&members->key);
}

size_t pc_members_count(const struct pc_members *members)
{
    return members->list.len / sizeof(struct pc_member);
}

struct pc_member *pc_members_get(const struct pc_members *members, size_t index)
{
    return (struct pc_member *)(void *)members->list.ptr + index;
}

PC_RESULT pc_member_read(struct pc_token *token, CK_OBJECT_HANDLE handle, struct pc_member *ret,
                         p11csr_error **err)
{
    bool there = false;
    *ret = (struct pc_member){.handle = handle};
    pc_buf_init(&ret->id, PC_MAX_ATTRIBUTE);
    pc_buf_init(&ret->label, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_object_number(token, handle, CKA_CLASS, CK_UNAVAILABLE_INFORMATION, &ret->class, err));
    PC_TRY(pc_object_read(token, handle, CKA_ID, &ret->id, &there, err));
    return pc_object_read(token, handle, CKA_LABEL, &ret->label, &there, err);
}

static struct pc_result add_member(struct pc_token *token, CK_OBJECT_HANDLE handle, enum pc_kept kept,
                                   struct pc_members *ret, p11csr_error **err)
{
    struct pc_member member;
    struct pc_result result = pc_member_read(token, handle, &member, err);
    member.kept = kept;
    if (pc_is_ok(result)) {
        pc_buf_add(&ret->list, &member, sizeof(member));
        result = pc_buf_check(&ret->list, err);
    }
    if (!pc_is_ok(result)) {
        pc_member_done(&member);
    }
    return result;
}

/* What has the key's CKA_ID, as far as it bears on whose it is. */
struct neighbours {
    struct pc_buf handles;    /* CK_OBJECT_HANDLE */
    struct pc_buf value;      /* the SubjectPublicKeyInfo that tells what belongs to the key; may be empty */
    CK_OBJECT_HANDLE own;     /* the half that was chosen: it is the key, whatever it shows */
    CK_OBJECT_HANDLE another; /* a private key that is not the key's */
    bool values_differ;       /* the public keys show several values */
};

static void neighbours_done(struct neighbours *near)
{
    pc_buf_done(&near->handles);
    pc_buf_done(&near->value);
}

static CK_OBJECT_HANDLE handle_at(const struct pc_buf *handles, size_t index)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    memcpy(&handle, handles->ptr + index * sizeof(handle), sizeof(handle));
    return handle;
}

static size_t handle_count(const struct pc_buf *handles)
{
    return handles->len / sizeof(CK_OBJECT_HANDLE);
}

/* The public value that this object alone shows; empty when it shows none, or nothing that can be read. */
static struct pc_result shown_value(struct pc_token *token, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
                                    struct pc_buf *ret, p11csr_error **err)
{
    struct pc_key alone PC_CLEANUP(pc_key_done);
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_key_init(&alone);
    alone.private_key = class == CKO_PRIVATE_KEY ? handle : CK_INVALID_HANDLE;
    alone.public_key = class == CKO_PUBLIC_KEY ? handle : CK_INVALID_HANDLE;
    alone.certificate = class == CKO_CERTIFICATE ? handle : CK_INVALID_HANDLE;
    if (class != CKO_CERTIFICATE) {
        PC_TRY(pc_object_number(token, handle, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION, &alone.type, err));
    }
    const struct pc_result result = pc_pubkey_read(token, &alone, &why);
    if (result.code == P11CSR_E_UNSUPPORTED || result.code == P11CSR_E_PROOF_PUBLIC_KEY ||
        result.code == P11CSR_E_LIMIT) {
        return PC_OK; // what cannot be read belongs to nobody for sure
    }
    if (!pc_is_ok(result)) {
        if (err != NULL) {
            *err = why;
            why = NULL;
        }
        return result;
    }
    pc_buf_add_span(ret, pc_buf_span(&alone.spki));
    return pc_buf_check(ret, err);
}

static struct pc_result class_of(struct pc_token *token, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS *ret,
                                 p11csr_error **err)
{
    return pc_object_number(token, handle, CKA_CLASS, CK_UNAVAILABLE_INFORMATION, ret, err);
}

/* Where the private key shows no value, the public keys beside it tell, if they agree. */
static struct pc_result take_public_value(struct pc_token *token, CK_OBJECT_HANDLE handle,
                                          struct neighbours *near, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&value, PC_MAX_SPKI);
    PC_TRY(shown_value(token, handle, CKO_PUBLIC_KEY, &value, err));
    if (value.len > 0 && near->value.len == 0) {
        pc_buf_add_span(&near->value, pc_buf_span(&value));
    } else if (value.len > 0 && !pc_span_eq(pc_buf_span(&value), pc_buf_span(&near->value))) {
        near->values_differ = true;
    }
    return pc_buf_check(&near->value, err);
}

static struct pc_result look_around(struct pc_token *token, const struct pc_key *key, struct neighbours *near,
                                    p11csr_error **err)
{
    CK_ATTRIBUTE by_id = {CKA_ID, key->id.ptr, key->id.len};
    PC_TRY(pc_objects_find(token, &by_id, 1, &near->handles, err));
    const bool has_private = key->private_key != CK_INVALID_HANDLE;
    PC_TRY(shown_value(token, near->own, has_private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY, &near->value, err));
    const bool is_known = near->value.len > 0;
    for (size_t i = 0; i < handle_count(&near->handles); i++) {
        const CK_OBJECT_HANDLE handle = handle_at(&near->handles, i);
        CK_OBJECT_CLASS class = 0;
        PC_TRY(class_of(token, handle, &class, err));
        if (class == CKO_PRIVATE_KEY && handle != key->private_key) {
            near->another = handle;
        }
        if (class == CKO_PUBLIC_KEY && !is_known) {
            PC_TRY(take_public_value(token, handle, near, err));
        }
    }
    if (!is_known && (near->values_differ || near->another != CK_INVALID_HANDLE)) {
        pc_buf_done(&near->value); // it proves nothing
    }
    return PC_OK;
}

static struct pc_result judge(struct pc_token *token, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
                              const struct neighbours *near, enum pc_kept *ret, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&value, PC_MAX_SPKI);
    PC_TRY(shown_value(token, handle, class, &value, err));
    if (near->value.len > 0 && value.len > 0) {
        const bool same = pc_span_eq(pc_buf_span(&value), pc_buf_span(&near->value));
        *ret = same ? PC_KEPT_NOT : PC_KEPT_OTHER_KEY;
    } else {
        const bool alone = !near->values_differ && near->another == CK_INVALID_HANDLE;
        *ret = alone && class == CKO_CERTIFICATE && value.len > 0 ? PC_KEPT_NOT : PC_KEPT_UNCLEAR;
    }
    return PC_OK;
}

/* Adds the objects of one class. */
static struct pc_result add_class(struct pc_token *token, CK_OBJECT_CLASS class,
                                  const struct neighbours *near, struct pc_members *ret, p11csr_error **err)
{
    for (size_t i = 0; i < handle_count(&near->handles); i++) {
        const CK_OBJECT_HANDLE handle = handle_at(&near->handles, i);
        CK_OBJECT_CLASS its = 0;
        enum pc_kept kept = PC_KEPT_NOT;
        PC_TRY(class_of(token, handle, &its, err));
        if (its == class) {
            if (handle != near->own) {
                PC_TRY(judge(token, handle, class, near, &kept, err));
            }
            PC_TRY(add_member(token, handle, kept, ret, err));
        }
    }
    return PC_OK;
}

/* Looks whether the public key has a private half that the query did not match. */
static struct pc_result refuse_hidden_private(struct pc_token *token, const struct neighbours *near,
                                              p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    struct pc_key other PC_CLEANUP(pc_key_done);
    bool there = false;
    pc_key_init(&other);
    if (near->another == CK_INVALID_HANDLE) {
        return PC_OK;
    }
    pc_buf_init(&value, PC_MAX_SPKI);
    PC_TRY(shown_value(token, near->another, CKO_PRIVATE_KEY, &value, err));
    if (value.len > 0 && near->value.len > 0 && !pc_span_eq(pc_buf_span(&value), pc_buf_span(&near->value))) {
        return PC_OK;
    }
    other.private_key = near->another;
    PC_TRY(pc_object_read(token, near->another, CKA_ID, &other.id, &there, err));
    PC_TRY(pc_object_read(token, near->another, CKA_LABEL, &other.label, &there, err));
    const struct pc_result result =
        pc_fail(err, P11CSR_E_KEY_AMBIGUOUS,
                "only a public key matches, and a private key of another label has its CKA_ID");
    pc_key_note_uri(token, &other, err);
    return result;
}

static struct pc_result gather(struct pc_token *token, struct pc_members *ret, p11csr_error **err)
{
    const bool has_private = ret->key.private_key != CK_INVALID_HANDLE;
    struct neighbours near PC_CLEANUP(neighbours_done) = {
        .own = has_private ? ret->key.private_key : ret->key.public_key, .another = CK_INVALID_HANDLE};
    pc_buf_init(&near.handles, PC_MAX_OBJECTS * sizeof(CK_OBJECT_HANDLE));
    pc_buf_init(&near.value, PC_MAX_SPKI);
    if (ret->key.id.len == 0) { // it joins nothing
        return add_member(token, near.own, PC_KEPT_NOT, ret, err);
    }
    PC_TRY(look_around(token, &ret->key, &near, err));
    if (has_private) {
        PC_TRY(add_member(token, near.own, PC_KEPT_NOT, ret, err));
    } else {
        PC_TRY(refuse_hidden_private(token, &near, err));
    }
    PC_TRY(add_class(token, CKO_PUBLIC_KEY, &near, ret, err));
    return add_class(token, CKO_CERTIFICATE, &near, ret, err);
}

static const struct pc_key *key_at(const struct pc_buf *keys, size_t at)
{
    return (const struct pc_key *)(const void *)(keys->ptr + at);
}

static bool is_wanted(const struct pc_key *key, const struct pc_key_query *query, bool with_private)
{
    return (key->private_key != CK_INVALID_HANDLE) == with_private &&
           (query->spki.len == 0 || pc_span_eq(pc_buf_span(&key->spki), query->spki));
}

/* Copies of one public key count as one. */
static bool is_copy(const struct pc_key *a, const struct pc_key *b)
{
    return a->private_key == CK_INVALID_HANDLE && b->private_key == CK_INVALID_HANDLE && a->spki.len > 0 &&
           a->id.len > 0 && pc_span_eq(pc_buf_span(&a->spki), pc_buf_span(&b->spki)) &&
           pc_span_eq(pc_buf_span(&a->id), pc_buf_span(&b->id));
}

/*
 * The one key among those listed; *ret is NULL when there is none. Private keys come before lonely public
 * ones.
 */
static struct pc_result choose(struct pc_token *token, const struct pc_buf *keys,
                               const struct pc_key_query *query, const struct pc_key **ret,
                               p11csr_error **err)
{
    *ret = NULL;
    for (int with_private = 1; with_private >= 0 && *ret == NULL; with_private--) {
        size_t count = 0;
        for (size_t at = 0; at < keys->len; at += sizeof(struct pc_key)) {
            const struct pc_key *key = key_at(keys, at);
            if (is_wanted(key, query, with_private != 0) && (*ret == NULL || !is_copy(*ret, key))) {
                *ret = *ret != NULL ? *ret : key;
                count++;
            }
        }
        if (count > 1) {
            const struct pc_result result = pc_fail(err, P11CSR_E_KEY_AMBIGUOUS, "%zu %s keys match", count,
                                                    with_private != 0 ? "private" : "public");
            for (size_t at = 0; at < keys->len && at < PC_MAX_CANDIDATES * sizeof(struct pc_key);
                 at += sizeof(struct pc_key)) {
                pc_key_note_uri(token, key_at(keys, at), err);
            }
            return result;
        }
    }
    return PC_OK;
}

static struct pc_result copy_key(const struct pc_key *from, struct pc_key *ret, p11csr_error **err)
{
    ret->private_key = from->private_key;
    ret->public_key = from->public_key;
    ret->type = from->type;
    ret->source = from->source;
    memcpy(ret->why_no_spki, from->why_no_spki, sizeof(ret->why_no_spki));
    pc_buf_add_span(&ret->id, pc_buf_span(&from->id));
    pc_buf_add_span(&ret->label, pc_buf_span(&from->label));
    pc_buf_add_span(&ret->spki, pc_buf_span(&from->spki));
    PC_TRY(pc_buf_check(&ret->id, err));
    PC_TRY(pc_buf_check(&ret->label, err));
    PC_TRY(pc_buf_check(&ret->spki, err));
    return ret->spki.len > 0 ? pc_public_from_spki(pc_buf_span(&ret->spki), &ret->public, err) : PC_OK;
}

static struct pc_result find(struct pc_token *token, const struct pc_key_query *query,
                             const struct pc_login *login, struct pc_members *ret, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    const struct pc_key *chosen = NULL;
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    if ((token->slot.token_info.flags & CKF_WRITE_PROTECTED) != 0) {
        return pc_fail(err, P11CSR_E_TOKEN_READ_ONLY, "the token reports CKF_WRITE_PROTECTED");
    }
    PC_TRY(pc_token_session(token, true, err));
    PC_TRY(pc_login_change(token, login, err));
    PC_TRY(pc_keys_list(token, query, &keys, err));
    PC_TRY(choose(token, &keys, query, &chosen, err));
    if (chosen == NULL) {
        return pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "no private and no public key matches");
    }
    PC_TRY(copy_key(chosen, &ret->key, err));
    return gather(token, ret, err);
}

PC_RESULT pc_members_find(struct pc_token *token, const struct pc_key_query *query,
                          const struct pc_login *login, struct pc_members *ret, p11csr_error **err)
{
    char name[40];
    pc_token_name(token, name);
    const struct pc_result result = find(token, query, login, ret, err);
    pc_token_ended(token, result);
    if (query->label != NULL) {
        return pc_frame(result, err, "cannot tell which objects on token '%s' make up the key '%s'", name,
                        query->label);
    }
    return pc_frame(result, err, "cannot tell which objects on token '%s' make up the key", name);
}
