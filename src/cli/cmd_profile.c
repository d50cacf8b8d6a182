// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

/* p11csr profile list, show, check */

static void free_json(json_t **json)
{
    json_decref(*json);
}

static void profile_cleanup(p11csr_profile **profile)
{
    p11csr_profile_free(profile);
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

PC_RESULT cli_run_profile_list(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    size_t i = 0;
    const json_t *row = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_profiles_to_json(ctx, &text, err)));
    json_t *rows = json_loads(text, 0, NULL);
    if (rows == NULL) {
        return pc_fail_memory(err);
    }
    cli_json(cli, "profiles", rows);
    json_array_foreach(rows, i, row)
    {
        const char *problem = text_of(row, "problem");
        if (cli_wants_text(cli)) {
            cli_print("%-24s%s%s%s%s\n", text_of(row, "name"),
                      problem[0] != 0 ? problem : text_of(row, "description"),
                      text_of(row, "file")[0] != 0 ? "  (" : "", text_of(row, "file"),
                      text_of(row, "file")[0] != 0 ? ")" : "");
        }
    }
    return PC_OK;
}

static struct pc_result load(struct cli *cli, const char *name, p11csr_profile **ret, json_t **ret_json,
                             p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_profile_load(ctx, name, ret, err)));
    PC_TRY(cli_lift(p11csr_profile_to_json(*ret, &text, err)));
    *ret_json = json_loads(text, 0, NULL);
    return *ret_json != NULL ? PC_OK : pc_fail_memory(err);
}

/* For people: the file as it stands, which can be the beginning of one's own. */
PC_RESULT cli_run_profile_show(struct cli *cli, p11csr_error **err)
{
    p11csr_profile *profile PC_CLEANUP(profile_cleanup) = NULL;
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    json_t *json PC_CLEANUP(free_json) = NULL;
    PC_TRY(load(cli, cli_arg(cli, 0), &profile, &json, err));
    cli_json(cli, "profile", json_incref(json));
    if (!cli_wants_text(cli)) {
        return PC_OK;
    }
    const char *file = json_string_value(json_object_get(json, "file"));
    if (file == NULL) {
        cli_print("%s", p11csr_profile_shipped_text(p11csr_profile_get(profile, "name", 0)));
        return PC_OK;
    }
    PC_TRY(cli_read_input(file, &content, err));
    cli_print("%.*s", (int)content.len, (const char *)content.ptr);
    return PC_OK;
}

PC_RESULT cli_run_profile_check(struct cli *cli, p11csr_error **err)
{
    const char *path = cli_arg(cli, 0);
    p11csr_profile *profile PC_CLEANUP(profile_cleanup) = NULL;
    json_t *json PC_CLEANUP(free_json) = NULL;
    PC_TRY(load(cli, path, &profile, &json, err));
    cli_json(cli, "name", json_string(p11csr_profile_get(profile, "name", 0)));
    cli_json(cli, "file", json_incref(json_object_get(json, "file")));
    if (cli_wants_text(cli)) {
        cli_print("%s: profile '%s', no mistakes\n", path, p11csr_profile_get(profile, "name", 0));
    }
    return PC_OK;
}
