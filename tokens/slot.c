// SPDX-License-Identifier: Apache-2.0
#include "tokens/slot.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/quirks.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct pc_span pc_padded(const unsigned char *field, size_t size)
{
    while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == 0)) {
        size--;
    }
    return (struct pc_span){field, size};
}

static bool matches_field(const struct pc_uri *uri, enum pc_uri_attr attr, const unsigned char *field,
                          size_t size)
{
    return !uri->present[attr] || pc_span_eq(pc_uri_value(uri, attr), pc_padded(field, size));
}

static bool matches_slot_id(const struct pc_uri *uri, CK_SLOT_ID id)
{
    unsigned long number = 0;
    return !uri->present[PC_URI_SLOT_ID] ||
           (pc_parse_number(pc_uri_text(uri, PC_URI_SLOT_ID), ULONG_MAX, &number) && number == id);
}

static bool matches_token(const struct pc_uri *uri, const struct pc_slot *slot)
{
    const CK_TOKEN_INFO *token = &slot->token_info;
    const CK_SLOT_INFO *info = &slot->slot_info;

    return matches_field(uri, PC_URI_TOKEN, token->label, sizeof(token->label)) &&
           matches_field(uri, PC_URI_MANUFACTURER, token->manufacturerID, sizeof(token->manufacturerID)) &&
           matches_field(uri, PC_URI_MODEL, token->model, sizeof(token->model)) &&
           matches_field(uri, PC_URI_SERIAL, token->serialNumber, sizeof(token->serialNumber)) &&
           matches_field(uri, PC_URI_SLOT_DESCRIPTION, info->slotDescription,
                         sizeof(info->slotDescription)) &&
           matches_field(uri, PC_URI_SLOT_MANUFACTURER, info->manufacturerID, sizeof(info->manufacturerID)) &&
           matches_slot_id(uri, slot->id);
}

/* Compares what the URI says about the module with C_GetInfo. */
static struct pc_result matches_module(const struct pc_uri *uri, struct pc_module *module, bool *ret,
                                       p11csr_error **err)
{
    *ret = true;
    if (uri == NULL || !(uri->present[PC_URI_LIBRARY_MANUFACTURER] ||
                         uri->present[PC_URI_LIBRARY_DESCRIPTION] || uri->present[PC_URI_LIBRARY_VERSION])) {
        return PC_OK;
    }
    CK_INFO info;
    char version[16];
    PC_TRY(pc_module_info(module, &info, err));
    (void)snprintf(version, sizeof(version), "%u.%u", info.libraryVersion.major, info.libraryVersion.minor);
    *ret =
        matches_field(uri, PC_URI_LIBRARY_MANUFACTURER, info.manufacturerID, sizeof(info.manufacturerID)) &&
        matches_field(uri, PC_URI_LIBRARY_DESCRIPTION, info.libraryDescription,
                      sizeof(info.libraryDescription)) &&
        (!uri->present[PC_URI_LIBRARY_VERSION] ||
         strcmp(pc_uri_text(uri, PC_URI_LIBRARY_VERSION), version) == 0);
    return PC_OK;
}

/* Appends CK_SLOT_ID of every slot with a token. */
static struct pc_result list_slots(struct pc_module *module, struct pc_buf *ret, p11csr_error **err)
{
    CK_RV rv = CKR_BUFFER_TOO_SMALL;
    CK_ULONG count = 0;
    CK_ULONG room = 0;
    for (int tries = 0; tries < 3 && rv == CKR_BUFFER_TOO_SMALL;
         tries++) { // a slot may appear between the calls
        PC_TRY(pc_ckr(PC_P11(module, C_GetSlotList, CK_TRUE, NULL, &count), "C_GetSlotList", err));
        if (count > PC_MAX_SLOTS) {
            return pc_fail(err, P11CSR_E_LIMIT, "module '%s' reports %lu slots", module->name, count);
        }
        if (count == 0) {
            return PC_OK;
        }
        room = count;
        uint8_t *to = pc_buf_reserve(ret, room * sizeof(CK_SLOT_ID));
        PC_TRY(pc_buf_check(ret, err));
        rv = PC_P11(module, C_GetSlotList, CK_TRUE, (CK_SLOT_ID *)(void *)to, &count);
    }
    PC_TRY(pc_ckr(rv, "C_GetSlotList", err));
    if (count > room) {
        return pc_fail(err, P11CSR_E_TOKEN, "C_GetSlotList returned more slots than it was given room for");
    }
    ret->len += count * sizeof(CK_SLOT_ID);
    return PC_OK;
}

CK_RV pc_slot_read(struct pc_slot *slot)
{
    struct pc_turn *turn = &slot->module->turn;
    CK_RV rv = CKR_OK;
    unsigned tries = 0;
    do {
        pc_turn_begin(turn, false);
        rv = PC_P11(slot->module, C_GetTokenInfo, slot->id, &slot->token_info);
        pc_turn_end(turn);
    } while (rv == CKR_GENERAL_ERROR && pc_turn_again(turn, tries++));
    return rv;
}

/*
 * Calls `visit` for each token of the module, initialised or not. Tokens that vanish meanwhile are passed
 * over.
 */
static struct pc_result each_slot(struct pc_module *module,
                                  PC_RESULT (*visit)(const struct pc_slot *slot, void *data,
                                                     p11csr_error **err),
                                  void *data, p11csr_error **err)
{
    struct pc_buf ids PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&ids, PC_MAX_SLOTS * sizeof(CK_SLOT_ID));
    PC_TRY(list_slots(module, &ids, err));
    for (size_t at = 0; at < ids.len; at += sizeof(CK_SLOT_ID)) {
        struct pc_slot slot = {.module = module};
        memcpy(&slot.id, ids.ptr + at, sizeof(slot.id));
        const CK_RV rv = pc_slot_read(&slot);
        if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_RECOGNIZED) {
            continue;
        }
        PC_TRY(pc_ckr(rv, "C_GetTokenInfo", err));
        PC_TRY(pc_ckr(PC_P11(module, C_GetSlotInfo, slot.id, &slot.slot_info), "C_GetSlotInfo", err));
        PC_TRY(visit(&slot, data, err));
    }
    return PC_OK;
}

struct search {
    const struct pc_modules *modules;
    const struct pc_uri *uri;
    struct pc_buf *found;
};

/*
 * Some modules leave CKF_TOKEN_INITIALIZED out for tokens in use: a label or a user PIN says that it is one.
 */
static bool is_empty(const CK_TOKEN_INFO *info)
{
    return (info->flags & (CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED)) == 0 &&
           pc_padded(info->label, sizeof(info->label)).len == 0;
}

/* Whether the slot holds a token to look at. */
static struct pc_result is_token(const struct search *search, const struct pc_slot *slot, bool *ret,
                                 p11csr_error **err)
{
    const struct pc_buf *rules = &search->modules->rules;
    struct pc_quirks quirks;
    CK_INFO info = {0};
    *ret = (slot->token_info.flags & CKF_TOKEN_INITIALIZED) != 0;
    if (*ret || is_empty(&slot->token_info)) {
        return PC_OK;
    }
    PC_TRY(pc_module_info(slot->module, &info, err));
    PC_TRY(pc_quirks_merge(&info, &slot->token_info, (const struct pc_quirk_rule *)(const void *)rules->ptr,
                           rules->len / sizeof(struct pc_quirk_rule), &quirks, err));
    *ret = pc_quirk_is(&quirks, PC_QUIRK_IGNORE_SLOTS, "none");
    return PC_OK;
}

static PC_RESULT add_if_match(const struct pc_slot *slot, void *data, p11csr_error **err)
{
    const struct search *search = data;
    bool is = false;
    PC_TRY(is_token(search, slot, &is, err));
    if (is && (search->uri == NULL || matches_token(search->uri, slot))) {
        pc_buf_add(search->found, slot, sizeof(*slot));
    }
    return pc_buf_check(search->found, err);
}

/* Whether calls of the module take turns with those of other processes, whatever the token. */
static struct pc_result learn_turn(const struct pc_modules *modules, struct pc_module *module,
                                   p11csr_error **err)
{
    const struct pc_buf *rules = &modules->rules;
    const CK_TOKEN_INFO any = {0};
    struct pc_quirks quirks;
    CK_INFO info = {0};
    if (module->turn.is_known || !pc_is_ok(pc_module_info(module, &info, NULL))) {
        return PC_OK;
    }
    PC_TRY(pc_quirks_merge(&info, &any, (const struct pc_quirk_rule *)(const void *)rules->ptr,
                           rules->len / sizeof(struct pc_quirk_rule), &quirks, err));
    pc_turn_learn(&module->turn, pc_quirk_is(&quirks, PC_QUIRK_LOGIN_WRITES, "yes"));
    return PC_OK;
}

PC_RESULT pc_slots_find(const struct pc_modules *modules, const struct pc_uri *uri, struct pc_buf *ret,
                        p11csr_error **err)
{
    struct search search = {.modules = modules, .uri = uri, .found = ret};
    for (size_t i = 0; i < pc_modules_count(modules); i++) {
        struct pc_module *module = pc_modules_get(modules, i);
        bool wanted = false;
        PC_TRY(learn_turn(modules, module, err));
        struct pc_result result = matches_module(uri, module, &wanted, err);
        if (pc_is_ok(result) && wanted) {
            result = each_slot(module, add_if_match, &search, err);
        }
        PC_TRY(pc_frame(result, err, "cannot list the tokens of module '%s'", module->name));
    }
    return PC_OK;
}

static void note_candidate(const struct pc_slot *slot, p11csr_error **err)
{
    char *uri PC_CLEANUP(pc_free_str) = NULL;
    if (pc_is_ok(pc_slot_uri_text(slot, &uri, NULL))) {
        pc_note(err, "%s (module %s)", uri, slot->module->name);
    }
}

/* What was looked for, for the error text. */
static struct pc_result describe_wanted(const struct pc_uri *uri, char **ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_URI);
    if (uri != NULL) {
        PC_TRY(pc_uri_format(uri, &text, err));
    } else {
        pc_buf_text(&text, "any token");
    }
    return pc_buf_take_text(&text, ret, err);
}

PC_RESULT pc_slot_find_one(const struct pc_modules *modules, const struct pc_uri *uri, struct pc_slot *ret,
                           p11csr_error **err)
{
    struct pc_buf found PC_CLEANUP(pc_buf_done) = {0};
    char *wanted PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&found, PC_MAX_SLOTS * sizeof(struct pc_slot));
    PC_TRY(pc_slots_find(modules, uri, &found, err));
    const size_t count = found.len / sizeof(struct pc_slot);
    if (count == 1) {
        memcpy(ret, found.ptr, sizeof(*ret));
        return PC_OK;
    }
    PC_TRY(describe_wanted(uri, &wanted, err));
    if (count == 0) {
        return pc_fail(err, P11CSR_E_TOKEN_NOT_FOUND, "no token matches %s", wanted);
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_TOKEN_AMBIGUOUS, "%zu tokens match %s", count, wanted);
    for (size_t i = 0; i < count && i < PC_MAX_CANDIDATES; i++) {
        struct pc_slot slot;
        memcpy(&slot, found.ptr + i * sizeof(slot), sizeof(slot));
        note_candidate(&slot, err);
    }
    return result;
}

bool pc_slot_same_token(const struct pc_slot *a, const struct pc_slot *b)
{
    const CK_TOKEN_INFO *x = &a->token_info;
    const CK_TOKEN_INFO *y = &b->token_info;
    return memcmp(x->label, y->label, sizeof(x->label)) == 0 &&
           memcmp(x->serialNumber, y->serialNumber, sizeof(x->serialNumber)) == 0 &&
           memcmp(x->model, y->model, sizeof(x->model)) == 0 &&
           memcmp(x->manufacturerID, y->manufacturerID, sizeof(x->manufacturerID)) == 0;
}

struct again {
    const struct pc_slot *wanted;
    struct pc_slot found;
    size_t count;
};

static PC_RESULT take_same_token(const struct pc_slot *slot, void *data, p11csr_error **err)
{
    struct again *again = data;
    (void)err;
    if (pc_slot_same_token(slot, again->wanted)) {
        again->found = *slot;
        again->count++;
    }
    return PC_OK;
}

PC_RESULT pc_slot_again(struct pc_slot *slot, p11csr_error **err)
{
    struct again again = {.wanted = slot};
    PC_TRY(each_slot(slot->module, take_same_token, &again, err));
    if (again.count != 1) {
        return pc_fail(err, again.count == 0 ? P11CSR_E_TOKEN_REMOVED : P11CSR_E_TOKEN_AMBIGUOUS,
                       again.count == 0 ? "the token is not there any more"
                                        : "%zu tokens now have the same label and serial number",
                       again.count);
    }
    *slot = again.found;
    return PC_OK;
}

static PC_RESULT take_uninitialised(const struct pc_slot *slot, void *data, p11csr_error **err)
{
    struct pc_slot *found = data;
    (void)err;
    if (found->module == NULL && is_empty(&slot->token_info)) {
        *found = *slot;
    }
    return PC_OK;
}

PC_RESULT pc_slot_find_uninitialised(struct pc_module *module, CK_SLOT_ID *ret, p11csr_error **err)
{
    struct pc_slot found = {0};
    PC_TRY(each_slot(module, take_uninitialised, &found, err));
    if (found.module == NULL) {
        return pc_fail(err, P11CSR_E_TOKEN_NOT_FOUND, "module '%s' has no slot for a new token",
                       module->name);
    }
    *ret = found.id;
    return PC_OK;
}

PC_RESULT pc_slot_to_uri(const struct pc_slot *slot, struct pc_uri *ret, p11csr_error **err)
{
    const CK_TOKEN_INFO *info = &slot->token_info;
    const struct {
        enum pc_uri_attr attr;
        struct pc_span value;
    } fields[] = {
        {PC_URI_TOKEN, pc_padded(info->label, sizeof(info->label))},
        {PC_URI_SERIAL, pc_padded(info->serialNumber, sizeof(info->serialNumber))},
        {PC_URI_MODEL, pc_padded(info->model, sizeof(info->model))},
        {PC_URI_MANUFACTURER, pc_padded(info->manufacturerID, sizeof(info->manufacturerID))},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(fields); i++) {
        if (pc_uri_can_hold(fields[i].attr, fields[i].value)) {
            PC_TRY(pc_uri_set(ret, fields[i].attr, fields[i].value, err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_module_expect_maker(struct pc_module *module, const char *maker, p11csr_error **err)
{
    CK_INFO info;
    PC_TRY(pc_module_info(module, &info, err));
    const struct pc_span is = pc_padded(info.manufacturerID, sizeof(info.manufacturerID));
    if (is.len < strlen(maker) || memcmp(is.ptr, maker, strlen(maker)) != 0) {
        return pc_fail(err, P11CSR_E_MODULE_LOAD, "module '%s' is made by '%.*s', not by '%s'", module->name,
                       (int)is.len, (const char *)is.ptr, maker);
    }
    return PC_OK;
}

PC_RESULT pc_slot_uri_text(const struct pc_slot *slot, char **ret, p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    PC_TRY(pc_slot_to_uri(slot, &uri, err));
    PC_TRY(pc_uri_format(&uri, &text, err));
    return pc_buf_take_text(&text, ret, err);
}
