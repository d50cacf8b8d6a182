// SPDX-License-Identifier: Apache-2.0
#include "tokens/init.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/slot.h"
#include "tokens/uri.h"

#include <string.h>

enum { LABEL_SIZE = 32 };

static CK_UTF8CHAR *secret_chars(const struct pc_secret *secret)
{
    return (CK_UTF8CHAR *)(uintptr_t)pc_secret_bytes(secret).ptr;
}

static struct pc_result set_user_secret(const struct pc_module *module, CK_SESSION_HANDLE session,
                                        const struct pc_secret *so, const struct pc_secret *user,
                                        p11csr_error **err)
{
    PC_TRY(pc_ckr(PC_P11(module, C_Login, session, CKU_SO, secret_chars(so), pc_secret_bytes(so).len),
                  "C_Login", err));
    const CK_RV rv = PC_P11(module, C_InitPIN, session, secret_chars(user), pc_secret_bytes(user).len);
    (void)PC_P11(module, C_Logout, session);
    return pc_ckr(rv, "C_InitPIN", err);
}

/* Finds a token by its label: the slot of a new one may have another number after the restart. */
static struct pc_result find_new(struct pc_module *module, const char *label, struct pc_slot *ret,
                                 p11csr_error **err)
{
    struct pc_modules one PC_CLEANUP(pc_modules_done) = {0};
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    pc_uri_init(&uri);
    PC_TRY(pc_uri_set(&uri, PC_URI_TOKEN, pc_span_str(label), err));
    PC_TRY(pc_modules_adopt(module->fn, module->name, &one, err));
    pc_modules_get(&one, 0)->hook = module->hook;
    PC_TRY(pc_slot_find_one(&one, &uri, ret, err));
    ret->module = module;
    return PC_OK;
}

/* Two tokens of one label could not be told apart, and the new one would be left without a user PIN. */
static struct pc_result refuse_taken(struct pc_module *module, const char *label, p11csr_error **err)
{
    struct pc_slot slot;
    const struct pc_result result = find_new(module, label, &slot, err);
    if (result.code == P11CSR_E_TOKEN_NOT_FOUND) {
        p11csr_error_free(err);
        return PC_OK;
    }
    if (pc_is_ok(result) || result.code == P11CSR_E_TOKEN_AMBIGUOUS) {
        return pc_fail(err, P11CSR_E_TOKEN_EXISTS, "module '%s' has a token of this label", module->name);
    }
    return result;
}

PC_RESULT pc_token_set_user(const struct pc_slot *slot, const struct pc_secret *so,
                            const struct pc_secret *user, p11csr_error **err)
{
    const struct pc_module *module = slot->module;
    CK_SESSION_HANDLE session = 0;
    if (slot->module->logs_calls) {
        return pc_fail(err, P11CSR_E_PIN_LOGGED, "module '%s' is used through a call log; no PIN was sent",
                       slot->module->name);
    }
    PC_TRY(pc_ckr(
        PC_P11(module, C_OpenSession, slot->id, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
        "C_OpenSession", err));
    const struct pc_result result = set_user_secret(module, session, so, user, err);
    (void)PC_P11(module, C_CloseSession, session);
    return result;
}

static struct pc_result create(struct pc_module *module, const char *label, const struct pc_secret *so,
                               const struct pc_secret *user, p11csr_error **err)
{
    CK_UTF8CHAR padded[LABEL_SIZE];
    CK_SLOT_ID slot_id = 0;
    struct pc_slot slot;
    memset(padded, ' ', sizeof(padded));
    memcpy(padded, label, strlen(label));
    PC_TRY(pc_slot_find_uninitialised(module, &slot_id, err));
    PC_TRY(refuse_taken(module, label, err));
    PC_TRY(pc_ckr(PC_P11(module, C_InitToken, slot_id, secret_chars(so), pc_secret_bytes(so).len, padded),
                  "C_InitToken", err));
    PC_TRY(pc_module_restart(module, err));
    PC_TRY(find_new(module, label, &slot, err));
    return pc_token_set_user(&slot, so, user, err);
}

PC_RESULT pc_token_create(struct pc_module *module, const char *label, const struct pc_secret *so,
                          const struct pc_secret *user, p11csr_error **err)
{
    if (label[0] == 0 || strlen(label) > LABEL_SIZE) {
        return pc_fail(err, P11CSR_E_VALUE, "the label of a token has 1 to %d bytes", LABEL_SIZE);
    }
    if (module->logs_calls) {
        return pc_fail(err, P11CSR_E_PIN_LOGGED, "module '%s' is used through a call log; no PIN was sent",
                       module->name);
    }
    return pc_frame(create(module, label, so, user, err), err, "cannot make the token '%s'", label);
}
