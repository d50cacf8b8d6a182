// SPDX-License-Identifier: Apache-2.0
#include "tokens/keygen.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/pubkey.h"
#include "tokens/recover.h"
#include "tokens/template.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { ID_OCTETS = 8, SHORT_ID = 2 };

/* At least one octet of a short id is not zero: zero alone may mean that the token chooses. */
static struct pc_result random_id(size_t len, struct pc_buf *ret, p11csr_error **err)
{
    uint8_t random[ID_OCTETS];
    if (getrandom(random, len, 0) != (ssize_t)len) {
        return pc_fail_errno(err, P11CSR_E_INTERNAL, errno, "getrandom");
    }
    random[0] |= len == SHORT_ID ? 0x40 : 0;
    pc_buf_add(ret, random, len);
    return pc_buf_check(ret, err);
}

PC_RESULT pc_key_choose_id(struct pc_token *token, struct pc_span given, struct pc_buf *ret,
                           p11csr_error **err)
{
    const bool is_short = pc_quirk_is(&token->quirks, PC_QUIRK_ID_RULE, "two-bytes");
    const bool is_fixed = pc_quirk_is(&token->quirks, PC_QUIRK_ID_RULE, "none");
    if (given.len > 0 && (is_fixed || (is_short && given.len > SHORT_ID))) {
        return pc_fail(err, P11CSR_E_VALUE, "the token takes %s CKA_ID for a new key",
                       is_fixed ? "no" : "at most two bytes of");
    }
    if (given.len > 0) {
        pc_buf_add_span(ret, given);
        return pc_buf_check(ret, err);
    }
    if (pc_quirk_is(&token->quirks, PC_QUIRK_ID_RULE, "slots")) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_USAGE, "the token keeps keys in fixed places, each with its CKA_ID");
        pc_hint(err, "say which place by --key-id, like --key-id 02");
        return result;
    }
    return random_id(is_short ? SHORT_ID : ID_OCTETS, ret, err);
}

bool pc_key_id_is_unique(struct pc_span id)
{
    return id.len == ID_OCTETS;
}

/* A second key of the same name would make both of them ambiguous. */
static struct pc_result refuse_taken(struct pc_token *token, const struct pc_key_query *query,
                                     const char *what, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(pc_keys_list(token, query, &keys, err));
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        struct pc_uri uri PC_CLEANUP(pc_uri_done);
        struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
        pc_uri_init(&uri);
        pc_buf_init(&text, PC_MAX_URI);
        PC_TRY(pc_key_to_uri(token, (const struct pc_key *)(const void *)(keys.ptr + at), &uri, err));
        PC_TRY(pc_uri_format(&uri, &text, err));
        pc_buf_byte(&text, 0);
        PC_TRY(pc_buf_check(&text, err));
        return pc_fail(err, P11CSR_E_KEY_EXISTS, "a key with this %s is there: %s", what,
                       (const char *)text.ptr);
    }
    return PC_OK;
}

/*
 * Destroys the two objects that this call made, and nothing else: they are not protected as asked, or of
 * another kind, or their public half is wrong.
 */
static struct pc_result undo(struct pc_token *token, struct pc_key *key, struct pc_result result,
                             p11csr_error **err)
{
    const CK_OBJECT_HANDLE made[] = {key->private_key, key->public_key};
    if (pc_quirk_is(&token->quirks, PC_QUIRK_DESTROY, "none")) {
        key->maybe_made = true;
        pc_note(err, "the new key stays on the token, which cannot destroy keys: do not use it");
        return result;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(made); i++) {
        const CK_RV rv = PC_P11(token->slot.module, C_DestroyObject, token->session, made[i]);
        if (rv != CKR_OK) {
            char fallback[32];
            key->maybe_made = true;
            pc_note(err, "the new %s key could not be destroyed again: C_DestroyObject: %s",
                    i == 0 ? "private" : "public", pc_ckr_name(rv, fallback));
        }
    }
    return result;
}

/* A token that does not honour a security attribute has made a key that is not what was asked for. */
static struct pc_result check_protection(struct pc_token *token, const struct pc_keygen *wanted,
                                         const struct pc_key *key, p11csr_error **err)
{
    static const char *const flag_texts[] = {
        [PC_FLAG_UNKNOWN] = "not shown", [PC_FLAG_NO] = "FALSE", [PC_FLAG_YES] = "TRUE"};
    enum pc_flag sensitive = PC_FLAG_UNKNOWN;
    enum pc_flag extractable = PC_FLAG_UNKNOWN;
    PC_TRY(pc_object_flag(token, key->private_key, CKA_SENSITIVE, &sensitive, err));
    PC_TRY(pc_object_flag(token, key->private_key, CKA_EXTRACTABLE, &extractable, err));
    if (sensitive == PC_FLAG_NO || (extractable == PC_FLAG_YES && !wanted->backup)) {
        return pc_fail(err, P11CSR_E_KEY_PROTECTION, "read back: CKA_SENSITIVE is %s, CKA_EXTRACTABLE is %s",
                       flag_texts[sensitive], flag_texts[extractable]);
    }
    return PC_OK;
}

/* The name that the module gave the key, which may not be the one it was told. */
static struct pc_result read_name(struct pc_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                  struct pc_span wanted, struct pc_buf *ret, p11csr_error **err)
{
    bool there = false;
    PC_TRY(pc_object_read(token, object, type, ret, &there, err));
    if (ret->len == 0) {
        pc_buf_add_span(ret, wanted);
    }
    return pc_buf_check(ret, err);
}

/* Reads the new pair as any other is read: PROOF_PUBLIC_KEY when it is not what was asked for. */
static struct pc_result describe_new_key(struct pc_token *token, const struct pc_keygen *wanted,
                                         struct pc_key *ret, p11csr_error **err)
{
    ret->type = pc_family_get(wanted->spec->family)->ckk;
    ret->is_private = pc_login_protects(token);
    ret->epoch = token->epoch;
    PC_TRY(read_name(token, ret->private_key, CKA_ID, wanted->id, &ret->id, err));
    PC_TRY(read_name(token, ret->private_key, CKA_LABEL, pc_span_str(wanted->label), &ret->label, err));
    PC_TRY(pc_pubkey_read(token, ret, err));
    if (ret->source == PC_PUBKEY_NONE) {
        return pc_fail(err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "%s", ret->why_no_spki);
    }
    if (ret->public.spec != wanted->spec || ret->public.bits != wanted->spec->bits) {
        char name[32];
        pc_public_name(&ret->public, name, sizeof(name));
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "the token made %s where %s was asked for", name,
                       wanted->spec->name);
    }
    return PC_OK;
}

static CK_RV call_generate(const struct pc_token *token, CK_MECHANISM_TYPE type,
                           struct pc_templates *templates, struct pc_key *ret)
{
    CK_MECHANISM mechanism = {.mechanism = type};
    return PC_P11(token->slot.module, C_GenerateKeyPair, token->session, &mechanism, templates->public,
                  templates->public_count, templates->private, templates->private_count, &ret->public_key,
                  &ret->private_key);
}

/* A refusal may not be one: what has the CKA_ID that was free before is the key that was asked for. */
static void look_for_refused(struct pc_token *token, const struct pc_keygen *wanted, struct pc_key *ret,
                             p11csr_error **err)
{
    struct pc_buf handles PC_CLEANUP(pc_buf_done) = {0};
    char *id PC_CLEANUP(pc_free_str) = pc_hex(wanted->id);
    CK_ATTRIBUTE by_id = {CKA_ID, (void *)(uintptr_t)wanted->id.ptr, wanted->id.len};
    pc_buf_init(&handles, PC_MAX_OBJECTS * sizeof(CK_OBJECT_HANDLE));
    if (wanted->id.len == 0 || !pc_is_ok(pc_objects_find(token, &by_id, 1, &handles, NULL)) ||
        handles.len == 0) {
        return;
    }
    ret->maybe_made = true;
    pc_note(err, "the token may have made the key all the same: look at what has its CKA_ID %s",
            id != NULL ? id : "");
}

/*
 * Tries the mechanisms that there are for this kind of key, in turn, and again without the attribute that
 * asks for a trusted wrapping key. Only answers that say that nothing was made lead on.
 */
static struct pc_result make_pair(struct pc_token *token, const struct pc_keygen *wanted,
                                  struct pc_templates *templates, struct pc_key *ret, p11csr_error **err)
{
    char fallback[32];
    CK_RV rv = CKR_MECHANISM_INVALID;
    CK_MECHANISM_TYPE type = 0;
    for (size_t skip = 0; rv == CKR_MECHANISM_INVALID; skip++) {
        bool there = false;
        PC_TRY(pc_token_keygen_mechanism(token, wanted->spec->family, skip, &type, &there, err));
        if (!there && skip == 0) {
            const struct pc_family *family = pc_family_get(wanted->spec->family);
            return pc_fail(err, P11CSR_E_MECHANISM, "the token does not generate %s keys (%s)", family->name,
                           pc_ckm_name(family->keygen_mech, fallback));
        }
        if (!there) {
            break;
        }
        rv = call_generate(token, type, templates, ret);
    }
    if ((rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
         rv == CKR_TEMPLATE_INCONSISTENT) &&
        pc_templates_drop(templates, CKA_WRAP_WITH_TRUSTED)) {
        rv = call_generate(token, type, templates, ret);
    }
    const struct pc_result made = pc_ckr(rv, "C_GenerateKeyPair", err);
    pc_token_hint(token, rv, err);
    // Anything may be true after these; the other codes are refusals.
    if (made.code == P11CSR_E_TOKEN || made.code == P11CSR_E_TOKEN_REMOVED ||
        made.code == P11CSR_E_CONNECTION || made.code == P11CSR_E_NO_MEMORY) {
        ret->maybe_made = true;
        pc_note(err, "the token may have made the key all the same: look for it before you try again");
    } else if (!pc_is_ok(made)) {
        look_for_refused(token, wanted, ret, err);
    }
    return made;
}

static struct pc_result generate(struct pc_token *token, const struct pc_keygen *wanted, struct pc_key *ret,
                                 p11csr_error **err)
{
    struct pc_templates templates = {0};
    PC_TRY(pc_templates_fill(token, wanted, &templates, err));
    PC_TRY(make_pair(token, wanted, &templates, ret, err));
    const struct pc_result protection = check_protection(token, wanted, ret, err);
    if (protection.code == P11CSR_E_KEY_PROTECTION) {
        return undo(token, ret, protection, err);
    }
    if (!pc_is_ok(protection)) {
        pc_note(err, "the new key was made and stays on the token");
        return protection;
    }
    const struct pc_result result = describe_new_key(token, wanted, ret, err);
    if (result.code == P11CSR_E_PROOF_PUBLIC_KEY) {
        pc_note(err, "the new key is of no use and is destroyed again");
        return undo(token, ret, result, err);
    }
    if (!pc_is_ok(result)) {
        pc_note(err, "the new key was made and stays on the token");
    }
    return result;
}

/* Nothing that is there may be lost or become ambiguous by the new key. */
static struct pc_result refuse_names(struct pc_token *token, const struct pc_keygen *wanted,
                                     p11csr_error **err)
{
    const bool overwrites = pc_quirk_is(&token->quirks, PC_QUIRK_GEN_OVERWRITES, "yes");
    if (overwrites && !wanted->overwrite_slot) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_KEY_EXISTS,
                    "the token replaces what the place holds, and does not say what that is");
        pc_hint(err, "add --overwrite-slot if nothing in that place is needed any more");
        return result;
    }
    if (!pc_quirk_is(&token->quirks, PC_QUIRK_LABEL, "fixed")) {
        const struct pc_key_query by_label = {.label = wanted->label};
        PC_TRY(refuse_taken(token, &by_label, "label", err));
    }
    if (wanted->id_is_random || wanted->id.len == 0 || overwrites) {
        return PC_OK;
    }
    const struct pc_key_query by_id = {.has_id = true, .id = wanted->id};
    return refuse_taken(token, &by_id, "CKA_ID", err);
}

static struct pc_result check_and_generate(struct pc_token *token, const struct pc_keygen *wanted,
                                           const struct pc_login *login, struct pc_key *ret,
                                           p11csr_error **err)
{
    char name[40];
    pc_token_name(token, name);
    if ((token->slot.token_info.flags & CKF_WRITE_PROTECTED) != 0) {
        return pc_fail(err, P11CSR_E_TOKEN_READ_ONLY, "token '%s' reports CKF_WRITE_PROTECTED", name);
    }
    PC_TRY(pc_token_session(token, true, err));
    PC_TRY(pc_login_change(token, login, err));
    PC_TRY(refuse_names(token, wanted, err));
    const struct pc_result result = generate(token, wanted, ret, err);
    if (result.code == P11CSR_E_LOGIN) {
        pc_login_change_hint(token, login, err);
    }
    return pc_frame(result, err, "cannot make the %s key '%s' on token '%s'", wanted->spec->name,
                    wanted->label, name);
}

PC_RESULT pc_key_generate(struct pc_token *token, const struct pc_keygen *wanted,
                          const struct pc_login *login, struct pc_key *ret, p11csr_error **err)
{
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    struct pc_keygen complete = *wanted;
    pc_buf_init(&id, PC_MAX_ATTRIBUTE);
    if (wanted->id.len == 0) {
        PC_TRY(pc_key_choose_id(token, wanted->id, &id, err));
        complete.id = pc_buf_span(&id);
        complete.id_is_random = pc_key_id_is_unique(complete.id);
    }
    struct pc_result result = check_and_generate(token, &complete, login, ret, err);
    // Only a token that was away, and only while no key can have been made.
    for (unsigned tries = 1;
         pc_recovery_for(result, tries) == PC_RECOVERY_REOPEN && !ret->maybe_made &&
         ret->private_key == CK_INVALID_HANDLE && pc_token_recover(token, result, tries, err);
         tries++) {
        result = check_and_generate(token, &complete, login, ret, err);
    }
    pc_token_ended(token, result);
    pc_quirks_explain(&token->quirks, result, err);
    return result;
}
