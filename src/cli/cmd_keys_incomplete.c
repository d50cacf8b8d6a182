// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/cli.h"

#include <string.h>

/* p11csr keys list --incomplete */

static void free_json(json_t **json)
{
    json_decref(*json);
}

static const char *text_of(const json_t *record, const char *name)
{
    const char *text = json_string_value(json_object_get(record, name));
    return text != NULL ? text : "";
}

/* A line that says what to do, by a command that can be copied. */
static void print_advice(const struct cli *cli, const char *what, const char *command, const char *uri)
{
    char *text PC_CLEANUP(pc_free_str) = pc_asprintf("%sp11csr %s '%s'", what, command, uri);
    char *shown PC_CLEANUP(pc_free_str) = text != NULL ? cli_hint(cli, P11CSR_OK, text) : NULL;
    cli_print("%s\n", shown != NULL ? shown : "");
}

/* What a state means, and what can be done. */
static void print_state(const struct cli *cli, const json_t *record, bool closed)
{
    const char *state = text_of(record, "state");
    const char *uri = text_of(record, "uri");
    if (strcmp(state, "not-there") == 0) {
        cli_print("  it is not on the token%s\n",
                  closed ? "; the record is closed"
                         : "; to close the record: p11csr keys list --incomplete --close");
    } else if (uri[0] != 0) {
        cli_print("  on the token: %s\n", strcmp(state, "private-only") == 0  ? "the private key only"
                                          : strcmp(state, "public-only") == 0 ? "the public key only"
                                          : strcmp(state, "both") == 0
                                              ? "both halves"
                                              : "a part of it, and what is not shown is not known");
        print_advice(cli, "  to look:      ", "keys show", uri);
        print_advice(cli, "  to delete it: ", "keys delete", uri);
        cli_print("  to keep it:   rm '%s'\n", text_of(record, "file"));
    }
    if (text_of(record, "why")[0] != 0) {
        cli_print("  not known: %s\n  when solved: rm '%s'\n", text_of(record, "why"),
                  text_of(record, "file"));
    }
}

static struct pc_result take_record(struct cli *cli, p11csr_ctx *ctx, json_t *record, p11csr_error **err)
{
    const bool closes = cli_has(cli, OPT_CLOSE) && strcmp(text_of(record, "state"), "not-there") == 0;
    if (closes) {
        PC_TRY(cli_lift(p11csr_intent_close(ctx, text_of(record, "file"), err)));
    }
    (void)json_object_set_new(record, "closed", json_boolean(closes));
    if (cli_wants_text(cli)) {
        cli_print("%s\n  %s key, id %s, begun %s\n", text_of(record, "label"), text_of(record, "spec"),
                  text_of(record, "id"), text_of(record, "time"));
        print_state(cli, record, closes);
    }
    return PC_OK;
}

PC_RESULT cli_list_incomplete(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_intents_to_json(ctx, &text, err)));
    json_t *records PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (records == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 0; i < json_array_size(records); i++) {
        PC_TRY(take_record(cli, ctx, json_array_get(records, i), err));
    }
    if (json_array_size(records) == 0) {
        cli_remark(cli, "no key is incomplete");
    }
    cli_json(cli, "incomplete", json_incref(records));
    return PC_OK;
}
