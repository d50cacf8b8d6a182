// SPDX-License-Identifier: Apache-2.0
/* What the module, its slots and its tokens say about themselves. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MECHANISMS = 1024 };

CK_RV shim_do_C_Initialize(struct shim_call *call, void *init_args)
{
    const CK_C_INITIALIZE_ARGS *args = init_args;
    (void)call;
    if (shim.script.init_args[0] != 0 &&
        (args == NULL || args->pReserved == NULL || strcmp(args->pReserved, shim.script.init_args) != 0)) {
        return CKR_ARGUMENTS_BAD;
    }
    shim.removed = false;
    return shim.real->C_Initialize(init_args);
}

CK_RV shim_do_C_Finalize(struct shim_call *call, void *reserved)
{
    (void)call;
    shim_lock();
    memset(shim.sessions, 0, sizeof(shim.sessions));
    shim.user = NO_USER;
    shim.shown_handle = CK_INVALID_HANDLE;
    shim_unlock();
    return shim.real->C_Finalize(reserved);
}

/* A field of PKCS#11: padded with blanks. */
static void set_field(enum shim_field field, unsigned char *to, size_t size)
{
    if (shim.script.fields[field].given) {
        const char *text = shim.script.fields[field].text;
        const size_t len = strlen(text);
        memset(to, ' ', size);
        memcpy(to, text, len < size ? len : size);
    }
}

static void set_version(enum shim_field field, CK_VERSION *to)
{
    if (shim.script.fields[field].given) {
        char *dot = NULL;
        const unsigned long major = strtoul(shim.script.fields[field].text, &dot, 10);
        const unsigned long minor = *dot == '.' ? strtoul(dot + 1, NULL, 10) : 0;
        *to = (CK_VERSION){(unsigned char)major, (unsigned char)minor};
    }
}

CK_RV shim_do_C_GetInfo(struct shim_call *call, CK_INFO *info)
{
    (void)call;
    const CK_RV rv = shim.real->C_GetInfo(info);
    if (rv == CKR_OK) {
        set_field(FIELD_MODULE_MANUFACTURER, info->manufacturerID, sizeof(info->manufacturerID));
        set_field(FIELD_MODULE_DESCRIPTION, info->libraryDescription, sizeof(info->libraryDescription));
        set_version(FIELD_MODULE_VERSION, &info->libraryVersion);
        set_version(FIELD_MODULE_CRYPTOKI, &info->cryptokiVersion);
    }
    return rv;
}

CK_RV shim_do_C_GetSlotList(struct shim_call *call, CK_BYTE token_present, CK_SLOT_ID *slot_list,
                            CK_ULONG *count)
{
    (void)call;
    if (shim.removed && token_present) {
        *count = 0;
        return CKR_OK;
    }
    return shim.real->C_GetSlotList(token_present, slot_list, count);
}

CK_RV shim_do_C_GetSlotInfo(struct shim_call *call, CK_SLOT_ID slot_id, CK_SLOT_INFO *info)
{
    (void)call;
    const CK_RV rv = shim.real->C_GetSlotInfo(slot_id, info);
    if (rv == CKR_OK) {
        set_field(FIELD_SLOT_MANUFACTURER, info->manufacturerID, sizeof(info->manufacturerID));
        set_field(FIELD_SLOT_DESCRIPTION, info->slotDescription, sizeof(info->slotDescription));
        info->flags |= shim.script.fields[FIELD_SLOT_HARDWARE].given ? CKF_HW_SLOT : 0;
        info->flags &= shim.removed ? ~(CK_FLAGS)CKF_TOKEN_PRESENT : ~0UL;
    }
    return rv;
}

static CK_FLAGS pin_flags(void)
{
    const unsigned long wrong = shim_wrong_pins();
    const unsigned long tries = shim.script.pin_tries;
    if (tries == 0 || shim.script.pin_flags_hidden || wrong == 0) {
        return 0;
    }
    if (wrong >= tries) {
        return CKF_USER_PIN_LOCKED;
    }
    return CKF_USER_PIN_COUNT_LOW | (wrong + 1 == tries ? CKF_USER_PIN_FINAL_TRY : 0);
}

CK_RV shim_do_C_GetTokenInfo(struct shim_call *call, CK_SLOT_ID slot_id, CK_TOKEN_INFO *info)
{
    (void)call;
    const CK_RV rv = shim.removed ? CKR_TOKEN_NOT_PRESENT : shim.real->C_GetTokenInfo(slot_id, info);
    if (rv != CKR_OK || (info->flags & CKF_TOKEN_INITIALIZED) == 0) {
        return rv;
    }
    set_field(FIELD_TOKEN_MANUFACTURER, info->manufacturerID, sizeof(info->manufacturerID));
    set_field(FIELD_TOKEN_MODEL, info->model, sizeof(info->model));
    set_field(FIELD_TOKEN_LABEL, info->label, sizeof(info->label));
    set_field(FIELD_TOKEN_SERIAL, info->serialNumber, sizeof(info->serialNumber));
    set_version(FIELD_TOKEN_HARDWARE, &info->hardwareVersion);
    set_version(FIELD_TOKEN_FIRMWARE, &info->firmwareVersion);
    if (shim.script.max_sessions > 0) {
        info->ulMaxSessionCount = shim.script.max_sessions;
    }
    info->flags |= shim.script.has_pin_pad ? CKF_PROTECTED_AUTHENTICATION_PATH : 0;
    info->flags |= pin_flags();
    info->flags = (info->flags | shim.script.flags_on) & ~shim.script.flags_off;
    return CKR_OK;
}

/* The row for a mechanism that the real module has; NULL: it is shown as it is. */
static const struct shim_mechanism *row_of(CK_MECHANISM_TYPE real)
{
    for (size_t i = 0; i < shim.script.mechanism_count; i++) {
        if (shim.script.mechanisms[i].real == real) {
            return &shim.script.mechanisms[i];
        }
    }
    return NULL;
}

bool shim_mechanism(const CK_MECHANISM *shown, CK_MECHANISM *ret)
{
    *ret = *shown;
    for (size_t i = 0; i < shim.script.mechanism_count; i++) {
        const struct shim_mechanism *row = &shim.script.mechanisms[i];
        if (row->shown != row->real && row->shown == shown->mechanism) {
            ret->mechanism = row->real;
            return true;
        }
    }
    return row_of(shown->mechanism) == NULL;
}

CK_RV shim_do_C_GetMechanismList(struct shim_call *call, CK_SLOT_ID slot_id, CK_MECHANISM_TYPE *list,
                                 CK_ULONG *count)
{
    CK_MECHANISM_TYPE all[MAX_MECHANISMS];
    CK_ULONG real = MAX_MECHANISMS;
    CK_ULONG shown = 0;
    (void)call;
    const CK_RV rv =
        shim.removed ? CKR_TOKEN_NOT_PRESENT : shim.real->C_GetMechanismList(slot_id, all, &real);
    if (rv != CKR_OK) {
        return rv;
    }
    for (CK_ULONG i = 0; i < real; i++) {
        const struct shim_mechanism *row = row_of(all[i]);
        if (row == NULL || row->shown != row->real) {
            all[shown++] = row != NULL ? row->shown : all[i];
        }
    }
    const CK_ULONG room = *count;
    *count = shown;
    if (list == NULL) {
        return CKR_OK;
    }
    if (room < shown) {
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(list, all, shown * sizeof(*list));
    return CKR_OK;
}

CK_RV shim_do_C_GetMechanismInfo(struct shim_call *call, CK_SLOT_ID slot_id, CK_MECHANISM_TYPE type,
                                 CK_MECHANISM_INFO *info)
{
    const CK_MECHANISM shown = {.mechanism = type};
    CK_MECHANISM real;
    (void)call;
    if (shim.removed) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    return shim_mechanism(&shown, &real) ? shim.real->C_GetMechanismInfo(slot_id, real.mechanism, info)
                                         : CKR_MECHANISM_INVALID;
}
