// SPDX-License-Identifier: Apache-2.0
#include "tokens/login.h"

#include "base/error.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/token.h"

bool pc_login_needed(const struct pc_token *token)
{
    return !token->logged_in && (token->slot.token_info.flags & CKF_LOGIN_REQUIRED) != 0;
}

/* Reads the token's flags again: another program may have used up tries meanwhile. */
static struct pc_result refresh_flags(struct pc_token *token, p11csr_error **err)
{
    const struct pc_module *module = token->slot.module;
    return pc_ckr(PC_P11(module, C_GetTokenInfo, token->slot.id, &token->slot.token_info), "C_GetTokenInfo",
                  err);
}

/* Refuses before any PIN is asked for or sent. */
static struct pc_result check_flags(const struct pc_token *token, const struct pc_login *login,
                                    p11csr_error **err)
{
    const CK_FLAGS flags = token->slot.token_info.flags;
    if (token->slot.module->logs_calls) {
        return pc_fail(err, P11CSR_E_PIN_LOGGED, "module '%s' is used through a call log; no PIN was sent",
                       token->slot.module->name);
    }
    if (token->pin_was_wrong) {
        return pc_fail(err, P11CSR_E_PIN_INCORRECT, "a wrong PIN was sent in this run; no other is sent");
    }
    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        return pc_fail(err, P11CSR_E_PIN_LOCKED, "the token reports CKF_USER_PIN_LOCKED; no PIN was sent");
    }
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && !login->accept_final_try) {
        return pc_fail(err, P11CSR_E_PIN_FINAL_TRY,
                       "the token reports CKF_USER_PIN_FINAL_TRY; no PIN was sent");
    }
    if ((flags & CKF_USER_PIN_TO_BE_CHANGED) != 0) {
        return pc_fail(err, P11CSR_E_PIN_CHANGE,
                       "the token reports CKF_USER_PIN_TO_BE_CHANGED; no PIN was sent");
    }
    return PC_OK;
}

static struct pc_result check_length(const struct pc_token *token, const struct pc_secret *secret,
                                     p11csr_error **err)
{
    const CK_TOKEN_INFO *info = &token->slot.token_info;
    const size_t len = pc_secret_bytes(secret).len;
    // Some modules report 0 for the maximum, or CK_UNAVAILABLE_INFORMATION for either.
    const bool has_max = info->ulMaxPinLen != 0 && info->ulMaxPinLen != CK_UNAVAILABLE_INFORMATION;
    const bool has_min = info->ulMinPinLen != CK_UNAVAILABLE_INFORMATION;
    if ((has_min && len < info->ulMinPinLen) || (has_max && len > info->ulMaxPinLen)) {
        return pc_fail(err, P11CSR_E_PIN_LENGTH, "the token takes %lu to %lu bytes", info->ulMinPinLen,
                       info->ulMaxPinLen);
    }
    return PC_OK;
}

/*
 * After a wrong PIN the flags tell how close the token is to locking. They may all be false: that proves
 * nothing.
 */
static void note_tries(struct pc_token *token, p11csr_error **err)
{
    if (!pc_is_ok(refresh_flags(token, NULL))) {
        return;
    }
    const CK_FLAGS flags = token->slot.token_info.flags;
    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        pc_note(err, "the token now reports the PIN as locked");
    } else if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) {
        pc_note(err, "the token now reports: one more wrong PIN locks it");
    } else if ((flags & CKF_USER_PIN_COUNT_LOW) != 0) {
        pc_note(err, "the token counts wrong PINs; how many are left it does not say");
    } else {
        pc_note(err, "how many tries are left is unknown: the token reports nothing");
    }
}

static bool is_wrong_pin(CK_RV rv)
{
    return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
}

/*
 * Tokens that store CKA_ALWAYS_AUTHENTICATE and do not act on it have no login for one use: opencryptoki does
 * not know the role, NSS takes it for that of the user, others lack it.
 */
static bool is_unknown_context(CK_RV rv)
{
    return rv == CKR_USER_ALREADY_LOGGED_IN || rv == CKR_USER_TYPE_INVALID ||
           rv == CKR_FUNCTION_NOT_SUPPORTED;
}

/* `source`: where the secret came from. Both are NULL at a PIN pad, where the device asks. */
static struct pc_result send_pin(struct pc_token *token, CK_USER_TYPE user, const struct pc_secret *secret,
                                 const struct pc_pin_source *source, const struct pc_pin_request *request,
                                 p11csr_error **err)
{
    const struct pc_module *module = token->slot.module;
    struct pc_span bytes = {NULL, 0};
    if (secret != NULL) {
        bytes = pc_secret_bytes(secret);
    }
    const CK_RV rv = PC_P11_ASKING(module, secret == NULL, C_Login, token->session, user,
                                   (CK_UTF8CHAR *)(uintptr_t)bytes.ptr, bytes.len);
    if (rv == CKR_USER_ALREADY_LOGGED_IN && user != CKU_CONTEXT_SPECIFIC) {
        return PC_OK; // another session of this process logged in
    }
    if (user == CKU_CONTEXT_SPECIFIC && is_unknown_context(rv)) {
        return PC_OK; // C_Sign tells whether the key may be used
    }
    const struct pc_result result = pc_ckr(rv, "C_Login", err);
    if (is_wrong_pin(rv) && source != NULL && source->refused != NULL) {
        source->refused(source->self, request, err);
    }
    token->login_failed = rv != CKR_OK;
    // CKR_PIN_LOCKED too: some tokens answer so for seconds only, and hide the flag that would stop the next
    // try.
    if (is_wrong_pin(rv) || rv == CKR_PIN_LOCKED) {
        token->pin_was_wrong = true;
        note_tries(token, err);
    }
    return result;
}

static void free_secret(struct pc_secret **secret)
{
    pc_secret_free(secret);
}

static struct pc_result log_in(struct pc_token *token, const struct pc_login *login, CK_USER_TYPE user,
                               const char *key, p11csr_error **err)
{
    char name[40];
    pc_token_name(token, name);
    PC_TRY(refresh_flags(token, err));
    PC_TRY(check_flags(token, login, err));
    if ((token->slot.token_info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
        return send_pin(token, user, NULL, NULL, NULL, err);
    }
    if (login->source == NULL) {
        return pc_fail(err, P11CSR_E_PIN_NEEDED, "token '%s' wants a login and no PIN source is set", name);
    }
    struct pc_secret *secret PC_CLEANUP(free_secret) = pc_secret_new();
    if (secret == NULL) {
        return pc_fail_memory(err);
    }
    const CK_FLAGS flags = token->slot.token_info.flags;
    const struct pc_pin_request request = {.role = user == CKU_USER ? PC_ROLE_USER : PC_ROLE_CONTEXT,
                                           .token = name,
                                           .slot = &token->slot,
                                           .key = key,
                                           .count_low = (flags & CKF_USER_PIN_COUNT_LOW) != 0,
                                           .final_try = (flags & CKF_USER_PIN_FINAL_TRY) != 0};
    PC_TRY(login->source->get(login->source->self, &request, secret, err));
    PC_TRY(check_length(token, secret, err));
    return send_pin(token, user, secret, login->source, &request, err);
}

PC_RESULT pc_login_user(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    if (!pc_login_needed(token)) {
        return PC_OK;
    }
    char name[40];
    pc_token_name(token, name);
    PC_TRY(pc_token_session(token, false, err));
    PC_TRY(pc_frame(log_in(token, login, CKU_USER, NULL, err), err, "cannot log in to token '%s'", name));
    token->logged_in = true;
    return PC_OK;
}

PC_RESULT pc_login_context(struct pc_token *token, const struct pc_login *login, const char *key,
                           p11csr_error **err)
{
    return pc_frame(log_in(token, login, CKU_CONTEXT_SPECIFIC, key, err), err,
                    "cannot authenticate for the use of key '%s'", key);
}
