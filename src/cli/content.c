// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/start.h"

#include <string.h>

/* What the command line says about the content and the signature of a request. */

static struct pc_result take_subject(const char *text, p11csr_request *request, p11csr_error **err)
{
    const struct pc_result result = cli_lift(p11csr_request_set_subject(request, text, err));
    if (!pc_is_ok(result) && text[0] != '/' && strchr(text, '.') != NULL && strchr(text, '=') == NULL) {
        pc_hint(err, "say what it is: --subject 'CN=%s'", text);
    } else if (!pc_is_ok(result) && strchr(text, ';') != NULL) {
        pc_hint(err, "the parts are separated by ','; a ';' inside a value is written '\\;'");
    }
    return result;
}

static struct pc_result take_san(const struct cli_use *use, p11csr_request *request, p11csr_error **err)
{
    const char *type = cli_option_get(use->id)->name;
    const struct pc_result result = cli_lift(p11csr_request_add_san(request, type, use->value, err));
    if (!pc_is_ok(result) && strchr(use->value, ',') != NULL) {
        pc_hint(err, "one name for each --%s: repeat the option", type);
    }
    return result;
}

/* An extension or attribute with an option of its own; ":critical" or ":noncritical" may end the value. */
static struct pc_result take_item(const struct cli_use *use, p11csr_request *request, p11csr_error **err)
{
    static const char *const flags[] = {":critical", ":noncritical"};
    const struct cli_option *option = cli_option_get(use->id);
    const char *value = use->value != NULL ? use->value : "";
    const char *flag = "";
    size_t len = strlen(value);
    if (option->item == CLI_ITEM_ATTRIBUTE) {
        return cli_lift(p11csr_request_add_attribute(request, option->name, value, err));
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(flags); i++) {
        const size_t end = strlen(flags[i]);
        if (len >= end && strcmp(value + len - end, flags[i]) == 0) {
            flag = flags[i];
            len -= end;
            break;
        }
    }
    char *what PC_CLEANUP(pc_free_str) = pc_asprintf("%s%s", option->name, flag);
    char *text PC_CLEANUP(pc_free_str) = pc_strndup(value, len);
    if (what == NULL || text == NULL) {
        return pc_fail_memory(err);
    }
    return cli_lift(p11csr_request_add_extension(request, what, text, err));
}

static struct pc_result refuse_password(const char *what, p11csr_error **err)
{
    if (strcmp(what, "1.2.840.113549.1.9.7") != 0) {
        return PC_OK;
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_USAGE, "a password on the command line is known to all who list processes");
    pc_hint(err, "--challenge-password file:PATH");
    return result;
}

/* OID:VALUE; between the two may stand :critical or :noncritical. */
static struct pc_result take_by_oid(const struct cli_use *use, p11csr_request *request, p11csr_error **err)
{
    static const char *const flags[] = {":critical:", ":noncritical:"};
    const bool is_extension = use->id == OPT_EXTENSION;
    const char *option = cli_option_get(use->id)->name;
    const char *colon = strchr(use->value, ':');
    for (size_t i = 0; is_extension && colon != NULL && i < PC_ARRAY_LEN(flags); i++) {
        const size_t len = strlen(flags[i]);
        if (strncmp(colon, flags[i], len) == 0) {
            colon += len - 1;
            break;
        }
    }
    if (colon == NULL || colon == use->value) {
        return pc_fail(err, P11CSR_E_USAGE, "--%s '%s' is not OID:FILE, OID:hex:... or OID:asn1:...", option,
                       use->value);
    }
    char *what PC_CLEANUP(pc_free_str) = pc_strndup(use->value, (size_t)(colon - use->value));
    if (what == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(refuse_password(what, err));
    return cli_lift(is_extension ? p11csr_request_add_extension(request, what, colon + 1, err)
                                 : p11csr_request_add_attribute(request, what, colon + 1, err));
}

/* One option of the content, taken in the order of the command line. */
static struct pc_result take_use(const struct cli_use *use, p11csr_request *request, p11csr_error **err)
{
    if (cli_option_get(use->id)->san) {
        return take_san(use, request, err);
    }
    if (cli_option_get(use->id)->item != CLI_ITEM_NONE) {
        return take_item(use, request, err);
    }
    switch ((int)use->id) {
    case OPT_SUBJECT:
        return take_subject(use->value, request, err);
    case OPT_KEY_USAGE:
        return cli_lift(p11csr_request_set_key_usage(request, use->value, err));
    case OPT_EXT_KEY_USAGE:
        return cli_lift(p11csr_request_set_ext_key_usage(request, use->value, err));
    case OPT_SUBJECT_KEY_ID:
        return cli_lift(p11csr_request_set_subject_key_id(request, use->value, err));
    case OPT_EXTENSION:
    case OPT_ATTRIBUTE:
        return take_by_oid(use, request, err);
    case OPT_MUST_STAPLE:
        p11csr_request_set_must_staple(request, 1);
        return PC_OK;
    default:
        return PC_OK;
    }
}

static struct pc_result take_basic(const struct cli *cli, p11csr_request *request, p11csr_error **err)
{
    const char *text = cli_value(cli, OPT_PATH_LENGTH);
    unsigned long length = 0;
    if (text == NULL && !cli_has(cli, OPT_CA)) {
        return PC_OK;
    }
    if (text != NULL && !cli_has(cli, OPT_CA)) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_EXTENSION, "a path length is for certificate authorities only");
        pc_hint(err, "add --ca");
        return result;
    }
    if (text != NULL && !pc_parse_number(text, 1000, &length)) {
        return pc_fail(err, P11CSR_E_VALUE, "--path-length '%s' is not a number from 0 to 1000", text);
    }
    PC_TRY(cli_lift(p11csr_request_set_origin(request, "--ca", err)));
    return cli_lift(p11csr_request_set_basic_constraints(request, cli_has(cli, OPT_CA) ? 1 : 0,
                                                         text != NULL ? (long)length : -1, err));
}

static struct pc_result take_signature(const struct cli *cli, p11csr_request *request, p11csr_error **err)
{
    const bool parts = cli_has(cli, OPT_HASH) || cli_has(cli, OPT_PSS);
    if (cli_has(cli, OPT_SCHEME) && parts) {
        return pc_fail(err, P11CSR_E_USAGE, "--scheme says it all; --hash and --pss do not go with it");
    }
    if (parts) {
        PC_TRY(
            cli_lift(p11csr_request_set_origin(request, cli_has(cli, OPT_HASH) ? "--hash" : "--pss", err)));
        return cli_lift(
            p11csr_request_set_hash(request, cli_value(cli, OPT_HASH), cli_has(cli, OPT_PSS) ? 1 : 0, err));
    }
    PC_TRY(cli_lift(p11csr_request_set_origin(request, cli_has(cli, OPT_SCHEME) ? "--scheme" : NULL, err)));
    return cli_lift(p11csr_request_set_scheme(request, cli_value(cli, OPT_SCHEME), err));
}

/* What is taken over is emptied before anything is added, wherever --clear stands. */
static struct pc_result take_clear(const struct cli *cli, p11csr_request *request, p11csr_error **err)
{
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id == OPT_CLEAR) {
            PC_TRY(cli_lift(p11csr_request_clear(request, use->value, err)));
        }
    }
    return PC_OK;
}

/* Values come from the option that says them. */
static struct pc_result set_origin(const struct cli_use *use, p11csr_request *request, p11csr_error **err)
{
    char *origin PC_CLEANUP(pc_free_str) = pc_asprintf("--%s", cli_option_get(use->id)->name);
    return origin == NULL ? pc_fail_memory(err) : cli_lift(p11csr_request_set_origin(request, origin, err));
}

static void ctx_cleanup(p11csr_ctx **ctx)
{
    p11csr_ctx_free(ctx);
}

/* The context of the command would look for the token's module, which can wait until the content is good. */
static struct pc_result take_profile(const struct cli *cli, p11csr_request *request, p11csr_error **err)
{
    p11csr_ctx *ctx PC_CLEANUP(ctx_cleanup) = NULL;
    const char *name = cli_value(cli, OPT_PROFILE);
    if (name == NULL) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_ctx_new(&ctx, err)));
    PC_TRY(cli_load_config(cli, ctx, err));
    return cli_lift(p11csr_request_set_profile(request, ctx, name, err));
}

PC_RESULT cli_take_content(struct cli *cli, p11csr_request **ret, p11csr_error **err)
{
    return cli_take_content_from(cli, NULL, ret, err);
}

PC_RESULT cli_take_content_from(struct cli *cli, const struct cli_source *source, p11csr_request **ret,
                                p11csr_error **err)
{
    PC_TRY(cli_lift(p11csr_request_new(ret, err)));
    PC_TRY(take_profile(cli, *ret, err));
    PC_TRY(cli_take_start(cli, source, *ret, err));
    PC_TRY(take_clear(cli, *ret, err));
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        PC_TRY(set_origin(use, *ret, err));
        PC_TRY(take_use(use, *ret, err));
        if (use->id == OPT_CHALLENGE_PASSWORD) {
            PC_TRY(cli_take_password(cli, use->value, *ret, err));
        }
    }
    p11csr_request_allow_weak(*ret, cli_has(cli, OPT_ALLOW_WEAK) ? 1 : 0);
    PC_TRY(cli_take_attestation(cli, *ret, err));
    PC_TRY(take_basic(cli, *ret, err));
    PC_TRY(take_signature(cli, *ret, err));
    return cli_lift(p11csr_request_complete(*ret, err));
}
