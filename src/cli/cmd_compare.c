// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* p11csr compare */

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bool holds(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_equal(json_array_get(list, i), value) == 1) {
            return true;
        }
    }
    return false;
}

/* Those of a list that the other one does not have; all of it when that leaves nothing to be seen. */
static void print_list(char sign, const json_t *list, const json_t *other, bool whole)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (whole || !holds(other, one)) {
            cli_print("  %c ", sign);
            cli_print_value(one, stdout);
            cli_print("\n");
        }
    }
}

static const json_t *value_of(const json_t *side)
{
    return json_is_object(side) ? json_object_get(side, "value") : side;
}

static bool is_part_of(const json_t *list, const json_t *other)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!holds(other, json_array_get(list, i))) {
            return false;
        }
    }
    return true;
}

static void print_side(char sign, const json_t *side, const json_t *other)
{
    const json_t *value = value_of(side);
    const json_t *beside = value_of(other);
    if (side == NULL) {
        return;
    }
    if (json_equal(value, beside) == 1) {
        // something beside the value differs
    } else if (json_is_array(value)) {
        print_list(sign, value, beside, is_part_of(value, beside) && is_part_of(beside, value));
    } else {
        cli_print("  %c ", sign);
        cli_print_value(value, stdout);
        cli_print("\n");
    }
    const json_t *critical = json_object_get(side, "critical");
    if (critical != NULL && other != NULL && json_equal(critical, json_object_get(other, "critical")) != 1) {
        cli_print("  %c %s\n", sign, json_is_true(critical) ? "critical" : "not critical");
    }
}

static void print_change(const json_t *change)
{
    static const char *const only[][2] = {{"dropped", " (only in the first)"},
                                          {"added", " (only in the second)"}};
    const char *name = text_of(change, "name");
    const char *state = text_of(change, "state");
    cli_print("%s%s%s", text_of(change, "kind"), name[0] != 0 || text_of(change, "oid")[0] != 0 ? " " : "",
              name[0] != 0 ? name : text_of(change, "oid"));
    for (size_t i = 0; i < PC_ARRAY_LEN(only); i++) {
        cli_print("%s", strcmp(only[i][0], state) == 0 ? only[i][1] : "");
    }
    cli_print("%s%s\n", text_of(change, "why")[0] != 0 ? ": " : "", text_of(change, "why"));
    const json_t *old = json_object_get(change, "old");
    const json_t *new = json_object_get(change, "new");
    if (json_object_get(change, "why") == NULL) {
        print_side('-', old, new);
        print_side('+', new, old);
    }
}

/* Prints what is not the same; *ret counts it. */
static void print_changes(const struct cli *cli, const json_t *changes, size_t *ret)
{
    size_t i = 0;
    const json_t *change = NULL;
    *ret = 0;
    json_array_foreach(changes, i, change)
    {
        if (strcmp(text_of(change, "state"), "kept") != 0) {
            (*ret)++;
            if (cli_wants_text(cli)) {
                print_change(change);
            }
        }
    }
}

PC_RESULT cli_run_compare(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct pc_buf first PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf second PC_CLEANUP(pc_buf_done) = {0};
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    const char *const paths[] = {cli_arg(cli, 0), cli_arg(cli, 1)};
    size_t count = 0;
    if (strcmp(paths[0], "-") == 0 && strcmp(paths[1], "-") == 0) {
        return pc_fail(err, P11CSR_E_USAGE, "standard input can be read once only");
    }
    PC_TRY(cli_read_input(paths[0], &first, err));
    PC_TRY(cli_read_input(paths[1], &second, err));
    PC_TRY(cli_context(cli, &ctx, err));
    const struct p11csr_bytes old = {first.ptr, first.len};
    const struct p11csr_bytes now = {second.ptr, second.len};
    PC_TRY(pc_frame(cli_lift(p11csr_compare(ctx, &old, &now, &text, err)), err,
                    "cannot compare '%s' and '%s'", name_of(paths[0]), name_of(paths[1])));
    json_t *changes = json_loads(text, 0, NULL);
    if (changes == NULL) {
        return pc_fail_memory(err);
    }
    cli_json(cli, "changes", changes);
    print_changes(cli, changes, &count);
    if (count > 0) {
        return pc_fail(err, P11CSR_E_CHECK_FAILED, "'%s' and '%s' differ", name_of(paths[0]),
                       name_of(paths[1]));
    }
    if (cli_wants_text(cli)) {
        cli_print("they say the same\n");
    }
    return PC_OK;
}
