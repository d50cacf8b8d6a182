// SPDX-License-Identifier: Apache-2.0
#include "p11csr/token.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/target.h"

#include <string.h>

/* One token and the texts that its info points to. */
struct row {
    struct p11csr_token_info info;
    char *uri;
    char *label;
    char *manufacturer;
    char *model;
    char *serial;
    char *module;
    char *hardware_version;
    char *firmware_version;
    char *module_file;
};

struct p11csr_token_list {
    struct pc_buf rows; /* struct row */
};

static void row_done(struct row *row)
{
    char *const texts[] = {row->uri,        row->label,  row->manufacturer,     row->model,
                           row->serial,     row->module, row->hardware_version, row->firmware_version,
                           row->module_file};
    for (size_t i = 0; i < PC_ARRAY_LEN(texts); i++) {
        pc_release(texts[i]);
    }
}

static enum p11csr_pin_state pin_state(CK_FLAGS flags)
{
    static const struct {
        CK_FLAGS flag;
        enum p11csr_pin_state state;
    } states[] = {
        {CKF_USER_PIN_LOCKED, P11CSR_PIN_STATE_LOCKED},
        {CKF_USER_PIN_FINAL_TRY, P11CSR_PIN_STATE_FINAL_TRY},
        {CKF_USER_PIN_TO_BE_CHANGED, P11CSR_PIN_STATE_TO_BE_CHANGED},
        {CKF_USER_PIN_COUNT_LOW, P11CSR_PIN_STATE_COUNT_LOW},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(states); i++) {
        if ((flags & states[i].flag) != 0) {
            return states[i].state;
        }
    }
    return (flags & CKF_USER_PIN_INITIALIZED) != 0 ? P11CSR_PIN_STATE_UNKNOWN : P11CSR_PIN_STATE_NOT_SET;
}

static char *field(const unsigned char *bytes, size_t size)
{
    return pc_text_printable_bytes(pc_padded(bytes, size));
}

static struct pc_result fill_texts(const struct pc_slot *slot, struct row *row, p11csr_error **err)
{
    const CK_TOKEN_INFO *info = &slot->token_info;
    PC_TRY(pc_slot_uri_text(slot, &row->uri, err));
    row->label = field(info->label, sizeof(info->label));
    row->manufacturer = field(info->manufacturerID, sizeof(info->manufacturerID));
    row->model = field(info->model, sizeof(info->model));
    row->serial = field(info->serialNumber, sizeof(info->serialNumber));
    row->module = pc_strdup(slot->module->name);
    row->hardware_version = pc_asprintf("%u.%u", info->hardwareVersion.major, info->hardwareVersion.minor);
    row->firmware_version = pc_asprintf("%u.%u", info->firmwareVersion.major, info->firmwareVersion.minor);
    row->module_file = pc_module_file(slot->module);
    const bool complete = row->module_file != NULL && row->label != NULL && row->manufacturer != NULL &&
                          row->model != NULL && row->serial != NULL && row->module != NULL &&
                          row->hardware_version != NULL && row->firmware_version != NULL;
    return complete ? PC_OK : pc_fail_memory(err);
}

static struct pc_result add_row(struct p11csr_token_list *list, const struct pc_slot *slot,
                                p11csr_error **err)
{
    struct row row = {0};
    struct pc_result result = fill_texts(slot, &row, err);
    const CK_FLAGS flags = slot->token_info.flags;
    row.info = (struct p11csr_token_info){
        .uri = row.uri,
        .label = row.label,
        .manufacturer = row.manufacturer,
        .model = row.model,
        .serial = row.serial,
        .module = row.module,
        .hardware_version = row.hardware_version,
        .firmware_version = row.firmware_version,
        .slot_id = slot->id,
        .min_pin_length = slot->token_info.ulMinPinLen,
        .max_pin_length = slot->token_info.ulMaxPinLen,
        .login_required = (flags & CKF_LOGIN_REQUIRED) != 0 ? 1 : 0,
        .protected_path = (flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0 ? 1 : 0,
        .write_protected = (flags & CKF_WRITE_PROTECTED) != 0 ? 1 : 0,
        .hardware = (slot->slot_info.flags & CKF_HW_SLOT) != 0 ? 1 : 0,
        .pin_state = pin_state(flags),
        .module_file = row.module_file,
    };
    if (pc_is_ok(result)) {
        pc_buf_add(&list->rows, &row, sizeof(row));
        result = pc_buf_check(&list->rows, err);
    }
    if (!pc_is_ok(result)) {
        row_done(&row);
    }
    return result;
}

static struct pc_result fill_list(p11csr_ctx *ctx, const char *token, struct p11csr_token_list *list,
                                  p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_modules *modules = NULL;
    struct pc_buf slots PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&slots, PC_MAX_SLOTS * sizeof(struct pc_slot));
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    PC_TRY(pc_target_modules(ctx, &target, &modules, err));
    PC_TRY(pc_slots_find(modules, token != NULL ? &target.uri : NULL, &slots, err));
    for (size_t at = 0; at < slots.len; at += sizeof(struct pc_slot)) {
        PC_TRY(add_row(list, (const struct pc_slot *)(const void *)(slots.ptr + at), err));
    }
    return PC_OK;
}

enum p11csr_code p11csr_tokens_list(p11csr_ctx *ctx, const char *token, p11csr_token_list **ret_list,
                                    p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_token_list *list = pc_alloc(sizeof(*list));
    if (list == NULL) {
        return pc_fail_memory(err).code;
    }
    pc_buf_init(&list->rows, PC_MAX_SLOTS * sizeof(struct row));
    const struct pc_result result = fill_list(lock.ctx, token, list, err);
    if (!pc_is_ok(result)) {
        p11csr_token_list_free(&list);
        return result.code;
    }
    *ret_list = list;
    return P11CSR_OK;
}

size_t p11csr_token_list_count(const p11csr_token_list *list)
{
    return list->rows.len / sizeof(struct row);
}

const struct p11csr_token_info *p11csr_token_list_get(const p11csr_token_list *list, size_t index)
{
    const struct row *rows = (const struct row *)(const void *)list->rows.ptr;
    return index < p11csr_token_list_count(list) ? &rows[index].info : NULL;
}

void p11csr_token_list_free(p11csr_token_list **list)
{
    if (list == NULL || *list == NULL) {
        return;
    }
    for (size_t at = 0; at < (*list)->rows.len; at += sizeof(struct row)) {
        row_done((struct row *)(void *)((*list)->rows.ptr + at));
    }
    pc_buf_done(&(*list)->rows);
    pc_release(*list);
    *list = NULL;
}
