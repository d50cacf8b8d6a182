// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/cli.h"

/* p11csr keys label */

static void free_objects(p11csr_objects **objects)
{
    p11csr_objects_free(objects);
}

static void report(struct cli *cli, const p11csr_objects *objects)
{
    const struct p11csr_key_info *key = p11csr_objects_get_key(objects);
    json_t *rows = json_array();
    cli_json(cli, "key", cli_key_json(key));
    cli_json(cli, "objects", rows);
    for (size_t i = 0; i < p11csr_objects_count(objects); i++) {
        const struct p11csr_object_info *info = p11csr_objects_get(objects, i);
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b, s:s?}", "kind", info->kind, "label",
                                                    info->label, "id", info->id, "changed", info->changed,
                                                    "kept", info->kept));
        if (cli_wants_text(cli)) {
            cli_print("%s the %s: label '%s', id %s%s%s\n", info->changed != 0 ? "renamed" : "kept",
                      info->kind, info->label, info->id, info->kept != NULL ? ": " : "",
                      info->kept != NULL ? info->kept : "");
        }
    }
    if (cli_wants_text(cli)) {
        cli_print("the key is now %s\n", key->uri);
    }
}

PC_RESULT cli_run_keys_label(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    p11csr_objects *objects PC_CLEANUP(free_objects) = NULL;
    const char *label = cli_value(cli, OPT_NEW_LABEL);
    pc_buf_init(&id, PC_MAX_ATTRIBUTE);
    if (label == NULL && !cli_has(cli, OPT_NEW_ID)) {
        return pc_fail(err, P11CSR_E_USAGE, "neither --new-label nor --new-id says what to change");
    }
    if (cli_has(cli, OPT_NEW_ID)) {
        PC_TRY(cli_read_hex(OPT_NEW_ID, cli_value(cli, OPT_NEW_ID), &id, err));
    }
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_objects_find(ctx, &selection.select, &objects, err)));
    PC_TRY(cli_lift(
        p11csr_objects_rename(objects, label, cli_has(cli, OPT_NEW_ID) ? id.ptr : NULL, id.len, err)));
    report(cli, objects);
    return PC_OK;
}
