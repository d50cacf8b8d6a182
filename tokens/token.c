// SPDX-License-Identifier: Apache-2.0
#include "tokens/token.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/lane.h"

#include <stdio.h>
#include <string.h>

void pc_token_init(struct pc_token *token, const struct pc_slot *slot)
{
    *token = (struct pc_token){.slot = *slot};
    pc_buf_init(&token->mechanisms, PC_MAX_MECHANISMS * sizeof(CK_MECHANISM_TYPE));
    pc_quirks_init(&token->quirks);
}

PC_RESULT pc_token_set_quirks(struct pc_token *token, const struct pc_quirk_rule *rules, size_t count,
                              p11csr_error **err)
{
    CK_INFO info = {0};
    PC_TRY(pc_module_info(token->slot.module, &info, err));
    PC_TRY(pc_quirks_merge(&info, &token->slot.token_info, rules, count, &token->quirks, err));
    token->slot.module->stays = pc_quirk_is(&token->quirks, PC_QUIRK_FINALIZE, "never");
    return PC_OK;
}

void pc_token_hint(struct pc_token *token, CK_RV rv, p11csr_error **err)
{
    struct pc_quirk_item item;
    for (size_t at = 0; rv != CKR_OK && pc_quirk_next(&token->quirks, PC_QUIRK_ERROR_HINT, &at, &item);) {
        if (item.number == rv) {
            pc_hint(err, "%.*s", (int)item.text.len, (const char *)item.text.ptr);
        }
    }
}

PC_RESULT pc_token_ckr(struct pc_token *token, CK_RV rv, const char *function, p11csr_error **err)
{
    char fallback[32];
    if (rv == CKR_OK) {
        return PC_OK;
    }
    const struct pc_result result =
        pc_quirk_lists(&token->quirks, PC_QUIRK_RETRY_ON, rv)
            ? pc_fail(err, P11CSR_E_BUSY, "%s: %s (this token says so when it is busy)", function,
                      pc_ckr_name(rv, fallback))
            : pc_ckr(rv, function, err);
    pc_token_hint(token, rv, err);
    return result;
}

void pc_token_done(struct pc_token *token)
{
    // No C_Logout: the login belongs to all sessions of the process and ends with the last of them.
    pc_token_drop_session(token);
    pc_lanes_free(&token->lanes);
    pc_buf_done(&token->mechanisms);
}

void pc_token_name(const struct pc_token *token, char ret[static 40])
{
    const CK_TOKEN_INFO *info = &token->slot.token_info;
    struct pc_span name = pc_padded(info->label, sizeof(info->label));
    if (name.len == 0) {
        name = pc_padded(info->serialNumber, sizeof(info->serialNumber));
    }
    (void)snprintf(ret, 40, "%.*s", (int)name.len, (const char *)name.ptr);
}

static CK_RV open_as(const struct pc_token *token, bool read_write, CK_SESSION_HANDLE *ret)
{
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (read_write ? CKF_RW_SESSION : 0);
    return PC_P11(token->slot.module, C_OpenSession, token->slot.id, flags, NULL, NULL, ret);
}

/*
 * Whether the answer may mean that there are no read-only sessions: none of them says that anything is
 * wrong.
 */
static bool refuses_read_only(CK_RV rv)
{
    return rv == CKR_ARGUMENTS_BAD || rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_FUNCTION_REJECTED ||
           rv == CKR_ACTION_PROHIBITED || rv == CKR_SESSION_READ_ONLY ||
           rv == CKR_SESSION_READ_WRITE_SO_EXISTS;
}

static struct pc_result open_session(struct pc_token *token, bool *read_write, CK_SESSION_HANDLE *ret,
                                     p11csr_error **err)
{
    *read_write = *read_write || pc_quirk_is(&token->quirks, PC_QUIRK_SESSION_RW, "yes");
    CK_RV rv = open_as(token, *read_write, ret);
    if (rv == CKR_SESSION_COUNT && token->has_session) { // there is one session, and this is it
        pc_token_drop_session(token);
        rv = open_as(token, *read_write, ret);
    }
    if (!*read_write && refuses_read_only(rv) && open_as(token, true, ret) == CKR_OK) {
        *read_write = true;
        return PC_OK;
    }
    return pc_token_ckr(token, rv, "C_OpenSession", err);
}

/* Opens the new session before the old one is closed: a login ends with the last session. */
static struct pc_result switch_session(struct pc_token *token, bool read_write, p11csr_error **err)
{
    CK_SESSION_HANDLE session = 0;
    PC_TRY(open_session(token, &read_write, &session, err));
    if (token->has_session) {
        const CK_RV rv = PC_P11(token->slot.module, C_CloseSession, token->session);
        if (rv == CKR_SESSION_HANDLE_INVALID) { // it was gone, and the login went with it
            pc_token_end_handles(token, true);
            token->logged_in = false;
            token->so_logged_in = false;
        }
    }
    token->session = session;
    token->has_session = true;
    token->read_write = read_write;
    return PC_OK;
}

PC_RESULT pc_token_session(struct pc_token *token, bool read_write, p11csr_error **err)
{
    if (token->has_session && (token->read_write || !read_write)) {
        return PC_OK;
    }
    char name[40];
    pc_token_name(token, name);
    struct pc_result result = PC_OK;
    if (token->lost) { // OpenSC notices by C_GetSlotList alone that a card is back
        result = pc_slot_again(&token->slot, err);
        token->lost = !pc_is_ok(result);
    }
    if (pc_is_ok(result)) {
        result = switch_session(token, read_write, err);
    }
    return pc_frame(result, err, "cannot open a session with token '%s'", name);
}

/* What the state of a session tells of a kind of user that is the vendor's, nobody knows. */
static bool tells_who(struct pc_token *token)
{
    return pc_auth_user_type(token, PC_ROLE_USER) == CKU_USER &&
           pc_auth_user_type(token, PC_ROLE_SO) == CKU_SO;
}

void pc_token_look(struct pc_token *token)
{
    CK_SESSION_INFO info = {0};
    if (!token->has_session) {
        return;
    }
    const CK_RV rv = PC_P11(token->slot.module, C_GetSessionInfo, token->session, &info);
    if (rv == CKR_OK && tells_who(token)) {
        const bool was_logged_in = token->logged_in;
        token->logged_in = info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
        token->so_logged_in = info.state == CKS_RW_SO_FUNCTIONS;
        if (was_logged_in && !token->logged_in) {
            pc_token_end_handles(token, false);
        }
    } else if (rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED || rv == CKR_DEVICE_REMOVED ||
               rv == CKR_TOKEN_NOT_PRESENT) {
        token->lost = true;
        pc_token_drop_session(token);
    } // a module that does not answer is believed to be as it was
}

PC_RESULT pc_token_renew_session(struct pc_token *token, p11csr_error **err)
{
    return switch_session(token, token->read_write, err);
}

void pc_token_end_handles(struct pc_token *token, bool gone)
{
    pc_lanes_close(token->lanes, gone);
    token->epoch++;
}

void pc_token_drop_session(struct pc_token *token)
{
    if (!token->has_session) {
        return;
    }
    pc_token_end_handles(token, false);
    (void)PC_P11(token->slot.module, C_CloseSession, token->session); // it may be gone already
    token->has_session = false;
    token->read_write = false;
    token->logged_in = false;
    token->so_logged_in = false;
}

void pc_token_ended(struct pc_token *token, struct pc_result result)
{
    if (result.code == P11CSR_E_TOKEN_REMOVED) {
        token->lost = true;
        pc_token_drop_session(token);
    }
}

static struct pc_result read_mechanisms(struct pc_token *token, p11csr_error **err)
{
    const struct pc_module *module = token->slot.module;
    CK_ULONG count = 0;
    if (token->mechanisms.len > 0) {
        return PC_OK;
    }
    PC_TRY(
        pc_ckr(PC_P11(module, C_GetMechanismList, token->slot.id, NULL, &count), "C_GetMechanismList", err));
    if (count > PC_MAX_MECHANISMS) {
        return pc_fail(err, P11CSR_E_LIMIT, "the token reports %lu mechanisms", count);
    }
    const CK_ULONG room = count;
    uint8_t *to = pc_buf_reserve(&token->mechanisms, room * sizeof(CK_MECHANISM_TYPE));
    PC_TRY(pc_buf_check(&token->mechanisms, err));
    PC_TRY(pc_ckr(PC_P11(module, C_GetMechanismList, token->slot.id, (CK_MECHANISM_TYPE *)(void *)to, &count),
                  "C_GetMechanismList", err));
    if (count > room) {
        return pc_fail(err, P11CSR_E_TOKEN, "C_GetMechanismList returned more than it was given room for");
    }
    token->mechanisms.len = count * sizeof(CK_MECHANISM_TYPE);
    return PC_OK;
}

/* What the token says about a mechanism. *ret_there is false when it does not have it. */
static struct pc_result get_mechanism(struct pc_token *token, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret,
                                      bool *ret_there, p11csr_error **err)
{
    PC_TRY(read_mechanisms(token, err));
    *ret_there = false;
    for (size_t at = 0; at < token->mechanisms.len && !*ret_there; at += sizeof(type)) {
        CK_MECHANISM_TYPE there = 0;
        memcpy(&there, token->mechanisms.ptr + at, sizeof(there));
        *ret_there = there == type;
    }
    if (!*ret_there) {
        return PC_OK;
    }
    return pc_ckr(PC_P11(token->slot.module, C_GetMechanismInfo, token->slot.id, type, ret),
                  "C_GetMechanismInfo", err);
}

PC_RESULT pc_token_has_mechanism(struct pc_token *token, CK_MECHANISM_TYPE type, CK_FLAGS flags, bool *ret,
                                 p11csr_error **err)
{
    CK_MECHANISM_INFO info = {0};
    bool there = false;
    PC_TRY(get_mechanism(token, type, &info, &there, err));
    *ret = there && (info.flags & flags) == flags;
    return PC_OK;
}

PC_RESULT pc_token_keygen_mechanism(struct pc_token *token, enum pc_family_id family, size_t skip,
                                    CK_MECHANISM_TYPE *ret, bool *ret_there, p11csr_error **err)
{
    struct pc_quirk_item item = {.number = pc_family_get(family)->keygen_mech};
    size_t at = 0;
    do {
        PC_TRY(pc_token_has_mechanism(token, item.number, CKF_GENERATE_KEY_PAIR, ret_there, err));
        *ret = item.number;
        if (*ret_there && skip-- == 0) {
            return PC_OK;
        }
        *ret_there = false;
    } while (family == PC_FAMILY_RSA && pc_quirk_next(&token->quirks, PC_QUIRK_KEYGEN_MECH, &at, &item));
    return PC_OK;
}

/* A token that has a list of what it wants to be told about kinds of keys makes no other. */
static bool is_known_kind(struct pc_token *token, const struct pc_keyspec *spec)
{
    struct pc_quirk_item item;
    size_t rows = 0;
    for (size_t at = 0; pc_quirk_next(&token->quirks, PC_QUIRK_ADD_ATTRS, &at, &item); rows++) {
        if (pc_span_eq(item.spec, pc_span_str(spec->name))) {
            return true;
        }
    }
    return rows == 0;
}

/* Mechanisms do not tell which curves they know; a row may. */
static bool has_curve(struct pc_token *token, const struct pc_keyspec *spec)
{
    const char *curves = pc_quirk_text(&token->quirks, PC_QUIRK_CURVES);
    const size_t len = strlen(spec->name);
    const char *at = curves;
    if (spec->family == PC_FAMILY_RSA || curves == NULL || curves[0] == 0) {
        return true;
    }
    while ((at = strstr(at, spec->name)) != NULL) {
        if ((at == curves || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0)) {
            return true;
        }
        at += len;
    }
    return false;
}

PC_RESULT pc_token_can_generate(struct pc_token *token, const struct pc_keyspec *spec, bool *ret,
                                p11csr_error **err)
{
    CK_MECHANISM_INFO info = {0};
    CK_MECHANISM_TYPE type = 0;
    bool there = false;
    *ret = false;
    PC_TRY(pc_token_keygen_mechanism(token, spec->family, 0, &type, &there, err));
    if (!there) {
        return PC_OK;
    }
    PC_TRY(get_mechanism(token, type, &info, &there, err));
    const CK_ULONG rounded = (spec->bits + 7UL) / 8 * 8; // some count the 255 bits of edwards25519 as 256
    /* Of keys with parameter sets some tell the sets and others octets or bits: no range to rely on. */
    const bool in_range = spec->parameter_set != 0 || info.ulMaxKeySize == 0 ||
                          (info.ulMinKeySize <= rounded && spec->bits <= info.ulMaxKeySize);
    *ret = in_range && is_known_kind(token, spec) && has_curve(token, spec);
    return PC_OK;
}
