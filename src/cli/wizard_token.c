// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/modules.h"
#include "cli/wizard.h"

#include <stdlib.h>
#include <string.h>

/* What is asked about the token and its key: the choices are those that are really there. */

const char wizard_new_key[] = "new";

static void free_json(json_t **json)
{
    json_decref(*json);
}

static void free_list(p11csr_key_list **list)
{
    p11csr_key_list_free(list);
}

static const char *token_of(const struct wizard *w)
{
    const char *answer = wizard_answer(w, WIZARD_TOKEN);
    return answer != NULL ? answer : cli_value_or_env(w->cli, OPT_TOKEN, "P11CSR_TOKEN");
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

PC_RESULT wizard_offer_tokens(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    json_t *rows PC_CLEANUP(free_json) = json_array();
    size_t i = 0;
    const json_t *row = NULL;
    PC_TRY(cli_context(w->cli, &ctx, err));
    for (size_t a = 0; p11csr_ctx_alias_name(ctx, a) != NULL; a++) {
        char *shown PC_CLEANUP(pc_free_str) =
            pc_asprintf("%s (of the configuration)", p11csr_ctx_alias_name(ctx, a));
        if (shown == NULL) {
            return pc_fail_memory(err);
        }
        PC_TRY(wizard_offer(w, p11csr_ctx_alias_name(ctx, a), shown, err));
    }
    PC_TRY(cli_tokens(w->cli, NULL, rows, err));
    json_array_foreach(rows, i, row)
    {
        char *shown PC_CLEANUP(pc_free_str) = pc_asprintf("%s (%s, serial %s)", text_of(row, "label"),
                                                          text_of(row, "model"), text_of(row, "serial"));
        if (shown == NULL) {
            return pc_fail_memory(err);
        }
        PC_TRY(wizard_offer(w, text_of(row, "uri"), shown, err));
    }
    if (json_array_size(w->choices) == 0) {
        (void)fprintf(w->tty, "No token was found; p11csr doctor may tell why.\n");
    }
    *ret_default = json_array_size(w->choices) == 1 ? "1" : NULL;
    return PC_OK;
}

PC_RESULT wizard_take_token(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    (void)ret;
    return cli_find_module(w->cli, text, err);
}

/* The keys; a token that hides them until a login gets one. */
static struct pc_result list_keys(struct wizard *w, p11csr_key_list **ret, p11csr_error **err)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    p11csr_ctx *ctx = NULL;
    select.token = token_of(w);
    PC_TRY(cli_context(w->cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_keys_list(ctx, &select, ret, err)));
    if (p11csr_key_list_is_partial(*ret) == 0 || cli_has(w->cli, OPT_LOGIN)) {
        return PC_OK;
    }
    p11csr_key_list_free(ret);
    PC_TRY(cli_lift(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_ALWAYS, err)));
    return cli_lift(p11csr_keys_list(ctx, &select, ret, err));
}

static bool is_label_unique(const p11csr_key_list *list, const char *label)
{
    size_t count = 0;
    for (size_t i = 0; i < p11csr_key_list_count(list); i++) {
        count += strcmp(p11csr_key_list_get(list, i)->label, label) == 0 ? 1 : 0;
    }
    return label[0] != 0 && count == 1;
}

static struct pc_result offer_key(struct wizard *w, const p11csr_key_list *list,
                                  const struct p11csr_key_info *info, p11csr_error **err)
{
    const bool by_label = is_label_unique(list, info->label);
    char *text PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s:%s", by_label ? "label" : "id", by_label ? info->label : info->id);
    char *shown PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s (%s, id %s)%s", info->label[0] != 0 ? info->label : "without a label", info->type,
                    info->id, info->has_certificate != 0 ? ", has a certificate" : "");
    return text != NULL && shown != NULL ? wizard_offer(w, text, shown, err) : pc_fail_memory(err);
}

struct choice {
    const struct p11csr_key_info *info; /* borrowed from the list */
};

static int by_label(const void *a, const void *b)
{
    const struct choice *x = a;
    const struct choice *y = b;
    const int order = strcmp(x->info->label, y->info->label);
    return order != 0 ? order : strcmp(x->info->id, y->info->id);
}

PC_RESULT wizard_offer_keys(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    p11csr_key_list *list PC_CLEANUP(free_list) = NULL;
    PC_TRY(list_keys(w, &list, err));
    PC_TRY(wizard_offer(w, wizard_new_key, "a new key", err));
    struct pc_buf sorted PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&sorted, PC_MAX_OBJECTS * sizeof(struct choice));
    for (size_t i = 0; i < p11csr_key_list_count(list); i++) {
        const struct choice choice = {p11csr_key_list_get(list, i)};
        if (choice.info->has_private != 0 && (choice.info->label[0] != 0 || choice.info->id[0] != 0)) {
            pc_buf_add(&sorted, &choice, sizeof(choice));
        }
    }
    PC_TRY(pc_buf_check(&sorted, err));
    struct choice *rows = (struct choice *)(void *)sorted.ptr;
    const size_t count = sorted.len / sizeof(*rows);
    if (count > 0) {
        qsort(rows, count, sizeof(*rows), by_label);
    }
    for (size_t i = 0; i < count; i++) {
        PC_TRY(offer_key(w, list, rows[i].info, err));
    }
    *ret_default = "1";
    return PC_OK;
}

PC_RESULT wizard_take_key(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    size_t i = 0;
    const json_t *choice = NULL;
    (void)ret;
    json_array_foreach(w->choices, i, choice)
    {
        if (strcmp(json_string_value(choice), text) == 0) {
            return PC_OK;
        }
    }
    return pc_fail(err, P11CSR_E_VALUE, "type one of the numbers");
}

PC_RESULT wizard_take_label(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    p11csr_key_list *list PC_CLEANUP(free_list) = NULL;
    (void)ret;
    if (text[0] == 0) {
        return pc_fail(err, P11CSR_E_VALUE, "a new key needs a label");
    }
    PC_TRY(list_keys(w, &list, err));
    for (size_t i = 0; i < p11csr_key_list_count(list); i++) {
        if (strcmp(p11csr_key_list_get(list, i)->label, text) == 0) {
            return pc_fail(err, P11CSR_E_KEY_EXISTS, "a key with the label '%s' is there", text);
        }
    }
    return PC_OK;
}

static bool is_allowed(const struct wizard *w, const char *kind)
{
    return p11csr_profile_has(w->profile, "key.allow") == 0 || wizard_profile_holds(w, "key.allow", kind);
}

PC_RESULT wizard_offer_kinds(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    const char *preferred = p11csr_profile_get(w->profile, "key.default", 0);
    struct p11csr_algorithm row;
    for (size_t i = 0; p11csr_key_algorithm(i, &row) != 0; i++) {
        int offered = 0;
        PC_TRY(cli_lift(p11csr_token_offers(w->cli->ctx, token_of(w), row.name, &offered, err)));
        if (offered != 0 && is_allowed(w, row.name) && row.security_bits >= 112) {
            char *shown PC_CLEANUP(pc_free_str) = pc_asprintf("%-18s %s", row.name, row.doc);
            if (shown == NULL) {
                return pc_fail_memory(err);
            }
            PC_TRY(wizard_offer(w, row.name, shown, err));
            if (preferred != NULL && strcmp(preferred, row.name) == 0) {
                *ret_default = preferred;
            }
        }
    }
    if (json_array_size(w->choices) == 0) {
        (void)fprintf(w->tty, "The token makes no kind of key that the profile allows.\n");
    }
    return PC_OK;
}

PC_RESULT wizard_take_kind(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    struct p11csr_algorithm row;
    (void)ret;
    for (size_t i = 0; p11csr_key_algorithm(i, &row) != 0; i++) {
        if (strcmp(row.name, text) == 0) {
            return is_allowed(w, text)
                       ? PC_OK
                       : pc_fail(err, P11CSR_E_ALGORITHM, "the profile does not allow %s", text);
        }
    }
    return pc_fail(err, P11CSR_E_ALGORITHM, "'%s' is no kind of key", text);
}
