// SPDX-License-Identifier: Apache-2.0
#include "cli/start.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static struct pc_result read_and_take(const char *path, p11csr_request *request,
                                      enum p11csr_code (*take)(p11csr_request *request, const void *data,
                                                               size_t len, char **ret_dropped,
                                                               p11csr_error **err),
                                      char **ret_dropped, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    PC_TRY(cli_read_input(path, &content, err));
    return pc_frame(cli_lift(take(request, content.ptr, content.len, ret_dropped, err)), err,
                    "cannot start from '%s'", path);
}

/* FILE, or FILE:SECTION where there is no file of the whole name. */
static struct pc_result take_config(struct cli *cli, const char *text, p11csr_request *request,
                                    char **ret_dropped, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    const char *colon = strrchr(text, ':');
    const bool split = colon != NULL && access(text, F_OK) != 0;
    char *path PC_CLEANUP(pc_free_str) = split ? pc_strndup(text, (size_t)(colon - text)) : pc_strdup(text);
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(cli_context(cli, &ctx, err));
    return cli_lift(
        p11csr_request_take_openssl_config(request, ctx, path, split ? colon + 1 : NULL, ret_dropped, err));
}

static struct pc_result take_start(struct cli *cli, const struct cli_use *use, p11csr_request *request,
                                   p11csr_error **err)
{
    char *dropped PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_lift(p11csr_request_set_origin(request, use->value, err)));
    if (use->id == OPT_OPENSSL_CONFIG) {
        PC_TRY(take_config(cli, use->value, request, &dropped, err));
    } else {
        PC_TRY(
            read_and_take(use->value, request,
                          use->id == OPT_FROM_CSR ? p11csr_request_take_csr : p11csr_request_take_certificate,
                          &dropped, err));
    }
    return cli_say_dropped(cli, use->value, dropped, err);
}

PC_RESULT cli_take_start(struct cli *cli, const struct cli_source *source, p11csr_request *request,
                         p11csr_error **err)
{
    char *dropped PC_CLEANUP(p11csr_free_text) = NULL;
    if (source != NULL) {
        PC_TRY(cli_lift(p11csr_request_set_origin(request, source->from, err)));
        PC_TRY(
            pc_frame(cli_lift(p11csr_request_take_either(request, source->data, source->len, &dropped, err)),
                     err, "cannot renew '%s'", source->from));
        PC_TRY(cli_say_dropped(cli, source->from, dropped, err));
    }
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id == OPT_FROM_CSR || use->id == OPT_FROM_CERT || use->id == OPT_OPENSSL_CONFIG) {
            PC_TRY(take_start(cli, use, request, err));
        }
    }
    return PC_OK;
}

/* The value of one side: a text, or that of an extension. */
static void print_side(const json_t *side)
{
    const json_t *value = json_is_object(side) ? json_object_get(side, "value") : side;
    cli_print_value(value, stderr);
    if (json_is_true(json_object_get(side, "critical"))) {
        (void)fputs(" (critical)", stderr);
    }
}

static void print_change(const json_t *change)
{
    const char *name = json_string_value(json_object_get(change, "name"));
    const char *oid = json_string_value(json_object_get(change, "oid"));
    const char *state = json_string_value(json_object_get(change, "state"));
    const json_t *old = json_object_get(change, "old");
    const json_t *new = json_object_get(change, "new");
    const char *kind = json_string_value(json_object_get(change, "kind"));
    (void)fprintf(stderr, "  %-8s %s", state, name != NULL ? name : oid != NULL ? oid : kind);
    if (old != NULL || new != NULL) {
        (void)fputs(": ", stderr);
        print_side(old != NULL ? old : new);
    }
    if (strcmp(state, "changed") == 0 && old != NULL && new != NULL) {
        (void)fputs(" -> ", stderr);
        print_side(new);
    }
    (void)fputc('\n', stderr);
}

static bool was_said(const json_t *dropped, const json_t *change)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(dropped, i, one)
    {
        if (json_equal(json_object_get(one, "oid"), json_object_get(change, "oid")) == 1 &&
            json_equal(json_object_get(one, "kind"), json_object_get(change, "kind")) == 1) {
            return true;
        }
    }
    return false;
}

PC_RESULT cli_say_changes(struct cli *cli, const char *changes, p11csr_error **err)
{
    json_t *list = json_loads(changes, 0, NULL);
    const json_t *dropped = json_object_get(cli->json, "dropped");
    const json_t *one = NULL;
    size_t i = 0;
    if (list == NULL) {
        return pc_fail_memory(err);
    }
    cli_json(cli, "changes", list);
    if (cli_has(cli, OPT_QUIET) || cli_has(cli, OPT_JSON)) {
        return PC_OK;
    }
    cli_remark(cli, "against what was renewed:");
    json_array_foreach(list, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "state")), "dropped") != 0 ||
            !was_said(dropped, one)) {
            print_change(one);
        }
    }
    return PC_OK;
}
