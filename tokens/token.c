// SPDX-License-Identifier: Apache-2.0
#include "tokens/token.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/ckr.h"

#include <stdio.h>
#include <string.h>

void pc_token_init(struct pc_token *token, const struct pc_slot *slot)
{
    *token = (struct pc_token){.slot = *slot};
    pc_buf_init(&token->mechanisms, PC_MAX_MECHANISMS * sizeof(CK_MECHANISM_TYPE));
}

void pc_token_done(struct pc_token *token)
{
    if (token->has_session) {
        CK_FUNCTION_LIST *fn = token->slot.module->fn;
        if (token->logged_in) {
            (void)fn->C_Logout(token->session); // nothing to do about a token that refuses
        }
        (void)fn->C_CloseSession(token->session);
        token->has_session = false;
        token->logged_in = false;
    }
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

static struct pc_result open_session(const struct pc_token *token, bool read_write, CK_SESSION_HANDLE *ret,
                                     p11csr_error **err)
{
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (read_write ? CKF_RW_SESSION : 0);
    return pc_ckr(token->slot.module->fn->C_OpenSession(token->slot.id, flags, NULL, NULL, ret),
                  "C_OpenSession", err);
}

/* Opens the new session before the old one is closed: a login ends with the last session. */
static struct pc_result switch_session(struct pc_token *token, bool read_write, p11csr_error **err)
{
    CK_SESSION_HANDLE session = 0;
    PC_TRY(open_session(token, read_write, &session, err));
    if (token->has_session) {
        (void)token->slot.module->fn->C_CloseSession(token->session);
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
    return pc_frame(switch_session(token, read_write, err), err, "cannot open a session with token '%s'",
                    name);
}

PC_RESULT pc_token_renew_session(struct pc_token *token, p11csr_error **err)
{
    return switch_session(token, token->read_write, err);
}

static struct pc_result read_mechanisms(struct pc_token *token, p11csr_error **err)
{
    CK_FUNCTION_LIST *fn = token->slot.module->fn;
    CK_ULONG count = 0;
    if (token->mechanisms.len > 0) {
        return PC_OK;
    }
    PC_TRY(pc_ckr(fn->C_GetMechanismList(token->slot.id, NULL, &count), "C_GetMechanismList", err));
    if (count > PC_MAX_MECHANISMS) {
        return pc_fail(err, P11CSR_E_LIMIT, "the token reports %lu mechanisms", count);
    }
    uint8_t *to = pc_buf_reserve(&token->mechanisms, count * sizeof(CK_MECHANISM_TYPE));
    PC_TRY(pc_buf_check(&token->mechanisms, err));
    PC_TRY(pc_ckr(fn->C_GetMechanismList(token->slot.id, (CK_MECHANISM_TYPE *)(void *)to, &count),
                  "C_GetMechanismList", err));
    token->mechanisms.len = count * sizeof(CK_MECHANISM_TYPE);
    return PC_OK;
}

PC_RESULT pc_token_has_mechanism(struct pc_token *token, CK_MECHANISM_TYPE type, CK_FLAGS flags, bool *ret,
                                 p11csr_error **err)
{
    PC_TRY(read_mechanisms(token, err));
    *ret = false;
    for (size_t at = 0; at < token->mechanisms.len; at += sizeof(type)) {
        CK_MECHANISM_TYPE there = 0;
        CK_MECHANISM_INFO info;
        memcpy(&there, token->mechanisms.ptr + at, sizeof(there));
        if (there != type) {
            continue;
        }
        PC_TRY(pc_ckr(token->slot.module->fn->C_GetMechanismInfo(token->slot.id, type, &info),
                      "C_GetMechanismInfo", err));
        *ret = (info.flags & flags) == flags;
        return PC_OK;
    }
    return PC_OK;
}
