// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/cli.h"

#include <string.h>

/* p11csr keys delete */

static void free_objects(p11csr_objects **objects)
{
    p11csr_objects_free(objects);
}

/* What a person calls the kind of an object. */
static const char *kind_text(const struct p11csr_object_info *info)
{
    return strcmp(info->kind, "private-key") == 0  ? "private key"
           : strcmp(info->kind, "public-key") == 0 ? "public key"
                                                   : "certificate";
}

/* Why an object stays; NULL when it goes. */
static const char *why_kept(const struct cli *cli, const struct p11csr_object_info *info)
{
    if (info->kept == NULL && strcmp(info->kind, "certificate") == 0 && !cli_has(cli, OPT_WITH_CERTIFICATE)) {
        return "certificates go only with --with-certificate";
    }
    return info->kept;
}

static void add_detail(const struct cli *cli, const struct p11csr_object_info *info, struct pc_buf *ret)
{
    const char *kept = why_kept(cli, info);
    pc_buf_printf(ret, "  %s %s '%s' (id %s)%s%s\n", kept == NULL ? "goes: " : "stays:", kind_text(info),
                  info->label, info->id, kept == NULL ? "" : ": ", kept == NULL ? "" : kept);
}

static struct pc_result confirm(const struct cli *cli, const p11csr_objects *objects, p11csr_error **err)
{
    const struct p11csr_key_info *key = p11csr_objects_get_key(objects);
    struct pc_buf lines PC_CLEANUP(pc_buf_done) = {0};
    char *details PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&lines, (size_t)16 * PC_MAX_TEXT);
    pc_buf_printf(&lines, "  type:  %s\n  SHA-256 of SubjectPublicKeyInfo: %s\n", key->type,
                  key->spki_sha256[0] != 0 ? key->spki_sha256 : "not shown by the token");
    for (size_t i = 0; i < p11csr_objects_count(objects); i++) {
        add_detail(cli, p11csr_objects_get(objects, i), &lines);
    }
    PC_TRY(pc_buf_take_text(&lines, &details, err));
    const char *word = key->label[0] != 0 ? key->label : (key->id[0] != 0 ? key->id : key->type);
    const struct cli_doom doom = {.what = "key",
                                  .uri = key->uri,
                                  .details = details,
                                  .word = word,
                                  .options = cli_has(cli, OPT_WITH_CERTIFICATE) ? " --with-certificate" : "",
                                  .fully_named = p11csr_objects_is_fully_named(objects) != 0};
    return cli_confirm(cli, &doom, err);
}

static void report(struct cli *cli, const p11csr_objects *objects)
{
    json_t *rows = json_array();
    cli_json(cli, "key", cli_key_json(p11csr_objects_get_key(objects)));
    cli_json(cli, "objects", rows);
    for (size_t i = 0; i < p11csr_objects_count(objects); i++) {
        const struct p11csr_object_info *info = p11csr_objects_get(objects, i);
        const char *kept = why_kept(cli, info);
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b, s:s?}", "kind", info->kind, "label",
                                                    info->label, "id", info->id, "deleted", info->gone,
                                                    "kept", kept));
        if (cli_wants_text(cli) && info->gone != 0) {
            cli_print("deleted the %s '%s' (id %s)\n", kind_text(info), info->label, info->id);
        } else if (cli_wants_text(cli)) {
            cli_print("kept the %s '%s' (id %s): %s\n", kind_text(info), info->label, info->id,
                      kept != NULL ? kept : "");
        }
    }
}

PC_RESULT cli_run_keys_delete(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_selection selection PC_CLEANUP(cli_selection_done) = {0};
    p11csr_objects *objects PC_CLEANUP(free_objects) = NULL;
    PC_TRY(cli_select(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_objects_find(ctx, &selection.select, &objects, err)));
    PC_TRY(confirm(cli, objects, err));
    PC_TRY(cli_lift(p11csr_objects_delete(objects, cli_has(cli, OPT_WITH_CERTIFICATE) ? 1 : 0, err)));
    report(cli, objects);
    return PC_OK;
}
