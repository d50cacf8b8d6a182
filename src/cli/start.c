// SPDX-License-Identifier: Apache-2.0
#include "cli/start.h"

#include "base/mem.h"

#include <string.h>

static bool is_replaced(const struct cli *cli, const char *name)
{
    return cli_has(cli, OPT_SUBJECT_KEY_ID) && name != NULL && strcmp(name, "subjectKeyIdentifier") == 0;
}

static void say_dropped(const struct cli *cli, const char *from, const json_t *one)
{
    const char *name = json_string_value(json_object_get(one, "name"));
    const char *oid = json_string_value(json_object_get(one, "oid"));
    cli_remark(cli, "not taken over from '%s': %s%s%s%s: %s", from, name != NULL ? name : oid,
               name != NULL && oid != NULL ? " (" : "", name != NULL && oid != NULL ? oid : "",
               name != NULL && oid != NULL ? ")" : "", json_string_value(json_object_get(one, "why")));
}

PC_RESULT cli_say_dropped(struct cli *cli, const char *from, const char *dropped, p11csr_error **err)
{
    json_t *list = json_loads(dropped, 0, NULL);
    json_t *all = json_object_get(cli->json, "dropped");
    json_t *one = NULL;
    size_t i = 0;
    if (list == NULL) {
        return pc_fail_memory(err);
    }
    if (all == NULL) {
        all = json_array();
        cli_json(cli, "dropped", all);
    }
    json_array_foreach(list, i, one)
    {
        if (!is_replaced(cli, json_string_value(json_object_get(one, "name")))) {
            say_dropped(cli, from, one);
            (void)json_object_set_new(one, "from", json_string(from));
            (void)json_array_append(all, one);
        }
    }
    json_decref(list);
    return PC_OK;
}

/* The options that name a file to start from, and what takes it over. */
static const struct {
    enum cli_option_id option;
    enum p11csr_code (*take)(p11csr_request *request, const void *data, size_t len, char **ret_dropped,
                             p11csr_error **err);
} starts[] = {
    {OPT_FROM_CSR, p11csr_request_take_csr},
    {OPT_FROM_CERT, p11csr_request_take_certificate},
};

static struct pc_result take_file(struct cli *cli, size_t row, const char *path, p11csr_request *request,
                                  p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    char *dropped PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_read_input(path, &content, err));
    PC_TRY(pc_frame(cli_lift(starts[row].take(request, content.ptr, content.len, &dropped, err)), err,
                    "cannot start from '%s'", path));
    return cli_say_dropped(cli, path, dropped, err);
}

PC_RESULT cli_take_start(struct cli *cli, p11csr_request *request, p11csr_error **err)
{
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        for (size_t row = 0; row < PC_ARRAY_LEN(starts); row++) {
            if (starts[row].option == use->id) {
                PC_TRY(cli_lift(p11csr_request_set_origin(request, use->value, err)));
                PC_TRY(take_file(cli, row, use->value, request, err));
            }
        }
    }
    return PC_OK;
}
