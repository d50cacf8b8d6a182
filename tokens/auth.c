// SPDX-License-Identifier: Apache-2.0
#include "tokens/auth.h"

#include "base/error.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/token.h"

/* What the token says about the PIN of a role. Flags may all be false: that proves nothing. */
struct role_row {
    CK_USER_TYPE user;
    CK_FLAGS count_low, final_try, locked, to_be_changed;
    const char *final_try_name, *locked_name, *to_be_changed_name;
};

// clang-format off
#define FLAGS(role) \
    .count_low = CKF_##role##_PIN_COUNT_LOW, \
    .final_try = CKF_##role##_PIN_FINAL_TRY, .final_try_name = "CKF_" #role "_PIN_FINAL_TRY", \
    .locked = CKF_##role##_PIN_LOCKED, .locked_name = "CKF_" #role "_PIN_LOCKED", \
    .to_be_changed = CKF_##role##_PIN_TO_BE_CHANGED, .to_be_changed_name = "CKF_" #role "_PIN_TO_BE_CHANGED"
static const struct role_row roles[] = {
    [PC_ROLE_USER] = {.user = CKU_USER, FLAGS(USER)},
    [PC_ROLE_SO] = {.user = CKU_SO, FLAGS(SO)},
    [PC_ROLE_CONTEXT] = {.user = CKU_CONTEXT_SPECIFIC, FLAGS(USER)},
};
#undef FLAGS
// clang-format on

static bool *was_wrong(const struct pc_auth *auth)
{
    return auth->request.role == PC_ROLE_SO ? &auth->token->so_pin_was_wrong : &auth->token->pin_was_wrong;
}

/*
 * Reads the token's flags again: another program may have used up tries meanwhile. No PIN is for another card
 * that is in the slot now.
 */
static struct pc_result refresh_flags(struct pc_token *token, p11csr_error **err)
{
    struct pc_slot now = token->slot;
    PC_TRY(pc_ckr(pc_slot_read(&now), "C_GetTokenInfo", err));
    if (!pc_slot_same_token(&now, &token->slot)) {
        return pc_fail(err, P11CSR_E_TOKEN_REMOVED, "another token is in the slot now; no PIN was sent");
    }
    token->slot.token_info = now.token_info;
    return PC_OK;
}

/* Who can help, unless more is known about the token. The row of PIN_LOCKED speaks of the user's PIN. */
static void hint_locked(enum pc_role role, bool for_certain, p11csr_error **err)
{
    if (!for_certain) {
        pc_hint_if_none(err, "wait a minute and try again; if it stays locked, %s",
                        role == PC_ROLE_SO ? "the token has to be initialised anew, without its keys"
                                           : "unlock it with the token's own tool and its SO PIN (PUK)");
    } else if (role == PC_ROLE_SO) {
        pc_hint_if_none(
            err, "nobody can unlock the SO PIN: the token has to be initialised anew, without its keys");
    }
}

/* Refuses before any PIN is asked for or sent. */
static struct pc_result check_flags(const struct pc_auth *auth, p11csr_error **err)
{
    const struct pc_token *token = auth->token;
    const CK_FLAGS flags = token->slot.token_info.flags;
    const enum pc_role role = auth->request.role;
    const struct role_row *row = &roles[role];
    if (token->slot.module->logs_calls) {
        return pc_fail(err, P11CSR_E_PIN_LOGGED, "module '%s' is used through a call log; no PIN was sent",
                       token->slot.module->name);
    }
    if (*was_wrong(auth)) {
        return pc_fail(err, P11CSR_E_PIN_INCORRECT, "a wrong PIN was sent in this run; no other is sent");
    }
    if ((flags & row->locked) != 0) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_PIN_LOCKED, "the token reports %s; no PIN was sent", row->locked_name);
        hint_locked(role, true, err);
        return result;
    }
    if ((flags & row->final_try) != 0 && !auth->login->accept_final_try) {
        return pc_fail(err, P11CSR_E_PIN_FINAL_TRY, "the token reports %s; no PIN was sent",
                       row->final_try_name);
    }
    if ((flags & row->to_be_changed) != 0) {
        return pc_fail(err, P11CSR_E_PIN_CHANGE, "the token reports %s; no PIN was sent",
                       row->to_be_changed_name);
    }
    return PC_OK;
}

static struct pc_result check_length(const struct pc_auth *auth, p11csr_error **err)
{
    const CK_TOKEN_INFO *info = &auth->token->slot.token_info;
    const size_t len = pc_secret_bytes(auth->secret).len;
    if (auth->request.role == PC_ROLE_SO && auth->request.form != NULL) {
        return PC_OK; // a management key is longer than the PINs that the token speaks of
    }
    // Some modules report 0 for the maximum, or CK_UNAVAILABLE_INFORMATION for either.
    const bool has_max = info->ulMaxPinLen != 0 && info->ulMaxPinLen != CK_UNAVAILABLE_INFORMATION;
    const bool has_min = info->ulMinPinLen != CK_UNAVAILABLE_INFORMATION;
    if ((has_min && len < info->ulMinPinLen) || (has_max && len > info->ulMaxPinLen)) {
        return pc_fail(err, P11CSR_E_PIN_LENGTH, "the token takes %lu to %lu bytes", info->ulMinPinLen,
                       info->ulMaxPinLen);
    }
    return PC_OK;
}

static struct pc_result fail_no_source(const struct pc_auth *auth, p11csr_error **err)
{
    const bool is_so = auth->request.role == PC_ROLE_SO;
    const struct pc_result result =
        pc_fail(err, P11CSR_E_PIN_NEEDED, "token '%s' wants a login%s and no %sPIN source is set", auth->name,
                is_so ? " as security officer" : "", is_so ? "SO " : "");
    if (is_so) {
        pc_hint(err, "give its source: --so-pin-source prompt or --so-pin-source file:PATH");
    }
    return result;
}

/* No source is read where the device asks for the PIN. */
static struct pc_result get_secret(struct pc_auth *auth, p11csr_error **err)
{
    if ((auth->token->slot.token_info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
        return PC_OK;
    }
    if (auth->source == NULL) {
        return fail_no_source(auth, err);
    }
    auth->secret = pc_secret_new();
    if (auth->secret == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(auth->source->get(auth->source->self, &auth->request, auth->secret, err));
    return check_length(auth, err);
}

/* Says what kind of PIN would have been right. */
static struct pc_result explain(const struct pc_auth *auth, struct pc_result result, p11csr_error **err)
{
    if (!pc_is_ok(result) && auth->request.form != NULL) {
        pc_note(err, "the %sPIN of this token consists of: %s", auth->request.role == PC_ROLE_SO ? "SO " : "",
                auth->request.form);
    }
    return result;
}

PC_RESULT pc_auth_begin(struct pc_token *token, const struct pc_login *login,
                        const struct pc_pin_request *asked, struct pc_auth *ret, p11csr_error **err)
{
    const struct role_row *row = &roles[asked->role];
    PC_TRY(refresh_flags(token, err));
    const CK_FLAGS flags = token->slot.token_info.flags;
    *ret = (struct pc_auth){.token = token,
                            .login = login,
                            .source = asked->role == PC_ROLE_SO ? login->so_source : login->source,
                            .request = {.role = asked->role,
                                        .token = ret->name,
                                        .slot = &token->slot,
                                        .key = asked->key,
                                        .form = asked->form,
                                        .count_low = (flags & row->count_low) != 0,
                                        .final_try = (flags & row->final_try) != 0}};
    pc_token_name(token, ret->name);
    PC_TRY(check_flags(ret, err));
    return explain(ret, get_secret(ret, err), err);
}

/* After a wrong PIN the flags tell how close the token is to locking. */
static void note_tries(const struct pc_auth *auth, CK_RV rv, p11csr_error **err)
{
    const struct role_row *row = &roles[auth->request.role];
    if (!pc_is_ok(refresh_flags(auth->token, NULL))) {
        return;
    }
    const CK_FLAGS flags = auth->token->slot.token_info.flags;
    if ((flags & row->locked) != 0) {
        pc_note(err, "the token now reports the PIN as locked");
        if (rv == CKR_PIN_LOCKED) {
            hint_locked(auth->request.role, true, err);
        }
    } else if (rv == CKR_PIN_LOCKED) {
        hint_locked(auth->request.role, false, err);
        pc_note(err, "the token does not report %s: it may only make the next try wait", row->locked_name);
    } else if ((flags & row->final_try) != 0) {
        pc_note(err, "the token now reports: one more wrong PIN locks it");
    } else if ((flags & row->count_low) != 0) {
        pc_note(err, "the token counts wrong PINs; how many are left it does not say");
    } else {
        pc_note(err, "how many tries are left is unknown: the token reports nothing");
    }
}

static bool is_wrong_pin(CK_RV rv)
{
    return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
}

CK_USER_TYPE pc_auth_user_type(struct pc_token *token, enum pc_role role)
{
    const enum pc_quirk_id word = role == PC_ROLE_SO ? PC_QUIRK_SO_TYPE : PC_QUIRK_USER_TYPE;
    struct pc_quirk_item item = {.number = roles[role].user};
    size_t at = 0;
    if (role != PC_ROLE_CONTEXT) {
        (void)pc_quirk_next(&token->quirks, word, &at, &item);
    }
    return item.number;
}

CK_RV pc_auth_send(const struct pc_auth *auth)
{
    struct pc_token *token = auth->token;
    struct pc_span bytes = {NULL, 0};
    if (auth->secret != NULL) {
        bytes = pc_secret_bytes(auth->secret);
    } else if (auth->login->at_device != NULL) {
        auth->login->at_device(auth->login->at_device_self, &auth->request);
    }
    const CK_USER_TYPE user = pc_auth_user_type(token, auth->request.role);
    struct pc_turn *turn = auth->secret != NULL ? &token->slot.module->turn : NULL; // a person takes long
    pc_turn_begin(turn, true);
    const CK_RV rv = PC_P11_ASKING(token->slot.module, auth->secret == NULL, C_Login, token->session, user,
                                   (CK_UTF8CHAR *)(uintptr_t)bytes.ptr, bytes.len);
    pc_turn_end(turn);
    token->login_failed = rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN;
    return rv;
}

PC_RESULT pc_auth_judge(const struct pc_auth *auth, CK_RV rv, p11csr_error **err)
{
    const struct pc_pin_source *source = auth->source;
    const struct pc_result result = pc_ckr(rv, "C_Login", err);
    pc_token_hint(auth->token, rv, err);
    if (is_wrong_pin(rv) && auth->secret != NULL && source->refused != NULL) {
        source->refused(source->self, &auth->request, err);
    }
    // CKR_PIN_LOCKED too: some tokens answer so for seconds only, and hide the flag that would stop the next
    // try.
    if (is_wrong_pin(rv) || rv == CKR_PIN_LOCKED) {
        *was_wrong(auth) = true;
        note_tries(auth, rv, err);
        return explain(auth, result, err);
    }
    return result;
}

void pc_auth_done(struct pc_auth *auth)
{
    if (auth->secret != NULL && auth->source->done != NULL) {
        auth->source->done(auth->source->self);
    }
    pc_secret_free(&auth->secret);
}
