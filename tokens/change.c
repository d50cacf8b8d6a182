// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/members.h"

#include <string.h>

/* Destroying and renaming objects that were found before. */

/* Handles may come to mean something else: what is changed has to be what was shown. */
static struct pc_result check_same(struct pc_token *token, const struct pc_member *member, p11csr_error **err)
{
    struct pc_member now;
    struct pc_result result = pc_member_read(token, member->handle, &now, err);
    if (pc_is_ok(result) &&
        (now.class != member->class || !pc_span_eq(pc_buf_span(&now.id), pc_buf_span(&member->id)) ||
         !pc_span_eq(pc_buf_span(&now.label), pc_buf_span(&member->label)))) {
        result = pc_fail(err, P11CSR_E_TOKEN, "it is no longer the object that was found");
    }
    pc_member_done(&now);
    return result;
}

static CK_RV look_at(const struct pc_token *token, CK_OBJECT_HANDLE handle)
{
    CK_OBJECT_CLASS class = 0;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof(class)};
    return PC_P11(token->slot.module, C_GetAttributeValue, token->session, handle, &attribute, 1);
}

/* Some tokens report success and destroy nothing, and an answer may get lost: the object itself tells. */
static struct pc_result destroy(struct pc_token *token, struct pc_member *member, p11csr_error **err)
{
    PC_TRY(check_same(token, member, err));
    const struct pc_result result = pc_ckr(
        PC_P11(token->slot.module, C_DestroyObject, token->session, member->handle), "C_DestroyObject", err);
    const CK_RV rv = look_at(token, member->handle);
    member->gone = pc_is_ok(result) ? rv != CKR_OK : rv == CKR_OBJECT_HANDLE_INVALID;
    if (pc_is_ok(result) && !member->gone) {
        return pc_fail(err, P11CSR_E_TOKEN, "C_DestroyObject: CKR_OK, and the object is still there");
    }
    return result;
}

PC_RESULT pc_member_destroy(struct pc_token *token, struct pc_member *member, p11csr_error **err)
{
    PC_TRY(pc_token_session(token, true, err));
    const struct pc_result result = destroy(token, member, err);
    pc_token_ended(token, result);
    return pc_frame(result, err, "cannot delete the %s '%.*s'", pc_class_name(member->class),
                    (int)member->label.len, member->label.len > 0 ? (const char *)member->label.ptr : "");
}

static bool is_meant(const struct pc_member *member, bool with_certificates)
{
    return member->kept == PC_KEPT_NOT && (with_certificates || member->class != CKO_CERTIFICATE);
}

/* Which half is gone and which is left. */
static void note_states(const struct pc_members *members, bool with_certificates, p11csr_error **err)
{
    for (size_t i = 0; i < pc_members_count(members); i++) {
        const struct pc_member *member = pc_members_get(members, i);
        if (is_meant(member, with_certificates)) {
            pc_note(err, "the %s %s", pc_class_name(member->class),
                    member->gone ? "is deleted" : "is left on the token");
        }
    }
}

PC_RESULT pc_members_destroy(struct pc_token *token, struct pc_members *members, bool with_certificates,
                             p11csr_error **err)
{
    if (pc_quirk_is(&token->quirks, PC_QUIRK_DESTROY, "none")) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED,
                       "on this token C_DestroyObject does not remove keys, or removes something else");
    }
    for (size_t i = 0; i < pc_members_count(members); i++) {
        struct pc_member *member = pc_members_get(members, i);
        if (!is_meant(member, with_certificates) || member->gone) {
            continue;
        }
        struct pc_result result = pc_member_destroy(token, member, err);
        if (result.code == P11CSR_E_OBJECT_GONE && i > 0) { // some tokens destroy a key with both halves
            p11csr_error_free(err);
            member->gone = true;
            result = PC_OK;
        }
        if (!pc_is_ok(result)) {
            note_states(members, with_certificates, err);
            return result;
        }
    }
    return PC_OK;
}

/* Sets what `name` says of one object, or the same attributes to what `member` was found with. */
static struct pc_result set_name(struct pc_token *token, const struct pc_member *member,
                                 const struct pc_new_name *name, bool undo, p11csr_error **err)
{
    CK_ATTRIBUTE list[2];
    CK_ULONG count = 0;
    const struct pc_span id = undo ? pc_buf_span(&member->id) : name->id;
    if (name->label != NULL) {
        const struct pc_span label = undo ? pc_buf_span(&member->label) : pc_span_str(name->label);
        list[count++] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)label.ptr, label.len};
    }
    if (name->has_id) {
        list[count++] = (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)id.ptr, id.len};
    }
    return pc_ckr(
        PC_P11(token->slot.module, C_SetAttributeValue, token->session, member->handle, list, count),
        "C_SetAttributeValue", err);
}

static struct pc_result check_named(struct pc_token *token, const struct pc_member *member,
                                    const struct pc_new_name *name, p11csr_error **err)
{
    struct pc_member now;
    struct pc_result result = pc_member_read(token, member->handle, &now, err);
    const bool label_is_new =
        name->label == NULL || pc_span_eq(pc_buf_span(&now.label), pc_span_str(name->label));
    const bool id_is_new = !name->has_id || pc_span_eq(pc_buf_span(&now.id), name->id);
    if (pc_is_ok(result) && (!label_is_new || !id_is_new)) {
        result = pc_fail(err, P11CSR_E_UNSUPPORTED, "C_SetAttributeValue: CKR_OK, and the %s is as before",
                         label_is_new ? "CKA_ID" : "CKA_LABEL");
    }
    pc_member_done(&now);
    return result;
}

static struct pc_result rename_one(struct pc_token *token, struct pc_member *member,
                                   const struct pc_new_name *name, p11csr_error **err)
{
    PC_TRY(check_same(token, member, err));
    PC_TRY(set_name(token, member, name, false, err));
    member->changed = true;
    return check_named(token, member, name, err);
}

/* Gives back the old names; what refuses that too is named. */
static void undo_names(struct pc_token *token, struct pc_members *members, const struct pc_new_name *name,
                       p11csr_error **err)
{
    for (size_t i = 0; i < pc_members_count(members); i++) {
        struct pc_member *member = pc_members_get(members, i);
        if (!member->changed) {
            continue;
        }
        p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
        if (pc_is_ok(set_name(token, member, name, true, &why))) {
            member->changed = false;
            pc_note(err, "the %s has its old name again", pc_class_name(member->class));
        } else {
            pc_note(err, "the %s keeps the new name: %s", pc_class_name(member->class),
                    p11csr_error_cause(why, 0));
        }
    }
}

/* A name that another private key has would make both ambiguous. */
static struct pc_result refuse_taken(struct pc_token *token, const struct pc_members *members,
                                     const struct pc_key_query *query, const char *what, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(pc_keys_list(token, query, &keys, err));
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        const struct pc_key *key = (const struct pc_key *)(const void *)(keys.ptr + at);
        bool own = false;
        for (size_t i = 0; i < pc_members_count(members); i++) {
            const CK_OBJECT_HANDLE handle = pc_members_get(members, i)->handle;
            own = own || handle == key->private_key || handle == key->public_key;
        }
        if (!own) {
            const struct pc_result result =
                pc_fail(err, P11CSR_E_KEY_EXISTS, "another key has this %s", what);
            pc_key_note_uri(token, key, err);
            return result;
        }
    }
    return PC_OK;
}

static struct pc_result check_names(struct pc_token *token, const struct pc_members *members,
                                    const struct pc_new_name *name, p11csr_error **err)
{
    if (name->label != NULL) {
        const struct pc_key_query by_label = {.label = name->label};
        PC_TRY(refuse_taken(token, members, &by_label, "label", err));
    }
    if (name->has_id) {
        const struct pc_key_query by_id = {.has_id = true, .id = name->id};
        PC_TRY(refuse_taken(token, members, &by_id, "CKA_ID", err));
    }
    return PC_OK;
}

/* What the objects are called from now on. */
static struct pc_result take_names(struct pc_members *members, const struct pc_new_name *name,
                                   p11csr_error **err)
{
    for (size_t i = 0; i < pc_members_count(members); i++) {
        struct pc_member *member = pc_members_get(members, i);
        if (!member->changed) {
            continue;
        }
        if (name->label != NULL) {
            pc_buf_done(&member->label);
            pc_buf_text(&member->label, name->label);
        }
        if (name->has_id) {
            pc_buf_done(&member->id);
            pc_buf_add_span(&member->id, name->id);
        }
        PC_TRY(pc_buf_check(&member->label, err));
        PC_TRY(pc_buf_check(&member->id, err));
    }
    return PC_OK;
}

static struct pc_result rename_all(struct pc_token *token, struct pc_members *members,
                                   const struct pc_new_name *name, p11csr_error **err)
{
    if (name->label != NULL && pc_quirk_is(&token->quirks, PC_QUIRK_LABEL, "fixed")) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "this token names its objects itself");
    }
    PC_TRY(pc_token_session(token, true, err));
    PC_TRY(check_names(token, members, name, err));
    for (size_t i = 0; i < pc_members_count(members); i++) {
        struct pc_member *member = pc_members_get(members, i);
        if (member->kept != PC_KEPT_NOT || member->gone) {
            continue;
        }
        const struct pc_result result = rename_one(token, member, name, err);
        if (!pc_is_ok(result)) {
            undo_names(token, members, name, err);
            return pc_frame(result, err, "cannot rename the %s", pc_class_name(member->class));
        }
    }
    return take_names(members, name, err);
}

PC_RESULT pc_members_rename(struct pc_token *token, struct pc_members *members,
                            const struct pc_new_name *name, p11csr_error **err)
{
    const struct pc_result result = rename_all(token, members, name, err);
    pc_token_ended(token, result);
    return result;
}
