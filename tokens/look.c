// SPDX-License-Identifier: Apache-2.0
#include "tokens/look.h"

#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"

#include <string.h>

static void look_at(struct pc_slot_look *look)
{
    const struct pc_module *module = look->slot.module;
    look->call = "C_GetSlotInfo";
    look->rv = PC_P11(module, C_GetSlotInfo, look->slot.id, &look->slot.slot_info);
    look->has_info = look->rv == CKR_OK;
    if (look->has_info && (look->slot.slot_info.flags & CKF_TOKEN_PRESENT) != 0) {
        look->call = "C_GetTokenInfo";
        look->rv = PC_P11(module, C_GetTokenInfo, look->slot.id, &look->slot.token_info);
        look->has_token = look->rv == CKR_OK;
    }
    if (look->rv == CKR_OK) {
        look->call = NULL;
    }
}

/* Appends the CK_SLOT_ID of every slot. A slot that appears between the two calls is left out. */
static struct pc_result list_all(const struct pc_module *module, struct pc_buf *ret, p11csr_error **err)
{
    CK_ULONG count = 0;
    PC_TRY(pc_ckr(PC_P11(module, C_GetSlotList, CK_FALSE, NULL, &count), "C_GetSlotList", err));
    if (count > PC_MAX_SLOTS) {
        return pc_fail(err, P11CSR_E_LIMIT, "module '%s' reports %lu slots", module->name, count);
    }
    if (count == 0) {
        return PC_OK;
    }
    const CK_ULONG room = count;
    uint8_t *to = pc_buf_reserve(ret, room * sizeof(CK_SLOT_ID));
    PC_TRY(pc_buf_check(ret, err));
    PC_TRY(pc_ckr(PC_P11(module, C_GetSlotList, CK_FALSE, (CK_SLOT_ID *)(void *)to, &count), "C_GetSlotList",
                  err));
    ret->len += (count < room ? count : room) * sizeof(CK_SLOT_ID);
    return PC_OK;
}

PC_RESULT pc_module_look(struct pc_module *module, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf ids PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&ids, PC_MAX_SLOTS * sizeof(CK_SLOT_ID));
    PC_TRY(list_all(module, &ids, err));
    for (size_t at = 0; at < ids.len; at += sizeof(CK_SLOT_ID)) {
        struct pc_slot_look look = {.slot = {.module = module}};
        memcpy(&look.slot.id, ids.ptr + at, sizeof(look.slot.id));
        look_at(&look);
        pc_buf_add(ret, &look, sizeof(look));
    }
    return pc_buf_check(ret, err);
}
