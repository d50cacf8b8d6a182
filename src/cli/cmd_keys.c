// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/cli.h"

#include <string.h>

/* p11csr keys ... */

static void free_list(p11csr_key_list **list)
{
    p11csr_key_list_free(list);
}

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
}

static json_t *key_json(const struct p11csr_key_info *info)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:b, s:b, s:s?}", "uri", info->uri,
                     "token", info->token, "label", info->label, "id", info->id, "type", info->type, "bits",
                     (int)info->bits, "spki-sha256", info->spki_sha256, "public-key-source",
                     info->public_key_source, "private", info->has_private, "public", info->has_public,
                     "certificate", info->has_certificate, "problem", info->problem);
}

static void print_key(const struct p11csr_key_info *info)
{
    cli_print("%s\n  URI:   %s\n  type:  %s%s%s\n", info->label[0] != 0 ? info->label : "(no label)",
              info->uri, info->type, info->has_private != 0 ? "" : ", only the public half is visible",
              info->has_certificate != 0 ? ", with a certificate" : "");
    if (info->spki_sha256[0] != 0) {
        cli_print("  SHA-256 of SubjectPublicKeyInfo: %s\n", info->spki_sha256);
    }
    if (info->problem != NULL) {
        cli_print("  public key: %s\n", info->problem);
    }
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

static const char *record_text(const json_t *record, const char *name)
{
    const char *text = json_string_value(json_object_get(record, name));
    return text != NULL ? text : "";
}

/* Records of keys that were begun; whether such a key is on its token is for the person to look. */
static struct pc_result list_incomplete(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_intents_to_json(ctx, &text, err)));
    json_t *records PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (records == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 0; cli_wants_text(cli) && i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        const char *token = record_text(record, "token");
        cli_print("%s\n  %s key, begun %s\n  look:        p11csr keys list '%s' --key-id %s\n"
                  "  when solved: rm '%s'\n",
                  record_text(record, "label"), record_text(record, "spec"), record_text(record, "time"),
                  token, record_text(record, "id"), record_text(record, "file"));
    }
    if (json_array_size(records) == 0) {
        cli_remark(cli, "no key is incomplete");
    }
    cli_json(cli, "incomplete", json_incref(records));
    return PC_OK;
}

PC_RESULT cli_run_keys_list(struct cli *cli, p11csr_error **err)
{
    if (cli_has(cli, OPT_INCOMPLETE)) {
        return list_incomplete(cli, err);
    }
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key_list *list PC_CLEANUP(free_list) = NULL;
    json_t *rows = json_array();
    cli_json(cli, "keys", rows);
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_keys_list(ctx, &selection.select, &list, err)));
    for (size_t i = 0; i < p11csr_key_list_count(list); i++) {
        const struct p11csr_key_info *info = p11csr_key_list_get(list, i);
        (void)json_array_append_new(rows, key_json(info));
        if (cli_wants_text(cli)) {
            print_key(info);
        }
    }
    cli_json(cli, "partial", json_boolean(p11csr_key_list_is_partial(list)));
    if (p11csr_key_list_count(list) == 0) {
        cli_remark(cli, "no key is visible");
    }
    if (p11csr_key_list_is_partial(list) != 0) {
        cli_remark(cli, "without a login only public objects show; to log in, add --pin-source file:PATH");
    }
    return PC_OK;
}

static const char *answer(int flag)
{
    return flag < 0 ? "the module does not say" : (flag != 0 ? "yes" : "no");
}

static json_t *flag_json(int flag)
{
    return flag < 0 ? json_null() : json_boolean(flag);
}

static struct pc_result show_protection(struct cli *cli, p11csr_key *key, p11csr_error **err)
{
    struct p11csr_protection is;
    PC_TRY(cli_lift(p11csr_key_get_protection(key, &is, err)));
    const struct {
        const char *name;
        int flag;
    } rows[] = {
        {"sensitive", is.sensitive},
        {"extractable", is.extractable},
        {"always-sensitive", is.always_sensitive},
        {"never-extractable", is.never_extractable},
        {"local", is.local},
        {"private", is.private_object},
        {"always-authenticate", is.always_authenticate},
        {"sign", is.sign},
        {"decrypt", is.decrypt},
        {"unwrap", is.unwrap},
        {"derive", is.derive},
    };
    json_t *protection = json_pack("{s:s}", "evidence", "module-reported");
    cli_json(cli, "protection", protection);
    if (cli_wants_text(cli)) {
        cli_print("The module reports (this is no evidence):\n");
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        (void)json_object_set_new(protection, rows[i].name, flag_json(rows[i].flag));
        if (cli_wants_text(cli)) {
            cli_print("  %-20s%s\n", rows[i].name, answer(rows[i].flag));
        }
    }
    (void)json_object_set_new(protection, "value-readable", json_boolean(is.value_readable));
    (void)json_object_set_new(protection, "value-answer", json_string(is.value_answer));
    if (cli_wants_text(cli)) {
        cli_print("  private value readable: %s (C_GetAttributeValue: %s)\n",
                  is.value_readable != 0 ? "YES" : "no", is.value_answer);
    }
    return PC_OK;
}

PC_RESULT cli_run_keys_show(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_open(ctx, &selection.select, &key, err)));
    cli_json(cli, "key", key_json(p11csr_key_get_info(key)));
    if (cli_wants_text(cli)) {
        print_key(p11csr_key_get_info(key));
    }
    return cli_has(cli, OPT_PROTECTION) ? show_protection(cli, key, err) : PC_OK;
}

PC_RESULT cli_run_keys_generate(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    p11csr_key *key PC_CLEANUP(free_key) = NULL;
    keygen.spec = cli_arg(cli, 0);
    PC_TRY(cli_take_backup(cli, &keygen, err));
    PC_TRY(cli_select(cli, NULL, &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_key_generate(ctx, &selection.select, &keygen, &key, NULL, err)));
    cli_json(cli, "key", key_json(p11csr_key_get_info(key)));
    if (cli_wants_text(cli)) {
        print_key(p11csr_key_get_info(key));
    }
    return PC_OK;
}
