// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

/* p11csr keys show */

static void free_key(p11csr_key **key)
{
    p11csr_key_free(key);
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
    cli_json(cli, "key", cli_key_json(p11csr_key_get_info(key)));
    if (cli_wants_text(cli)) {
        cli_print_key(p11csr_key_get_info(key));
    }
    return cli_has(cli, OPT_PROTECTION) ? show_protection(cli, key, err) : PC_OK;
}
