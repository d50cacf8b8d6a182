// SPDX-License-Identifier: Apache-2.0
#include "cli/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* request --dry-run: what would be asked for, where each value comes from, and with which key and scheme */

static void free_json(json_t **json)
{
    json_decref(*json);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* One line: what, its value, where it comes from. */
static void print_row(const char *what, const json_t *value, bool critical, const json_t *origin)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to != NULL) {
        (void)fputs(critical ? "critical, " : "", to);
        cli_print_value(value, to);
        (void)fclose(to);
    }
    const char *from = json_string_value(origin);
    cli_print("%-20s  %-44s  %s\n", what, text != NULL ? text : "", from != NULL ? from : "");
    free(text);
}

/* Each alternative name has an origin of its own. */
static void print_extension(const json_t *extension)
{
    const char *name = text_of(extension, "name");
    const json_t *value = json_object_get(extension, "value");
    const bool critical = json_is_true(json_object_get(extension, "critical"));
    name = name[0] != 0 ? name : text_of(extension, "oid");
    if (json_object_get(extension, "origin") != NULL) {
        print_row(name, value, critical, json_object_get(extension, "origin"));
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *one = json_array_get(value, i);
        print_row(name, one, critical, json_object_get(one, "origin"));
    }
}

static void print_content(const json_t *content)
{
    const json_t *subject = json_object_get(content, "subject");
    const json_t *attributes = json_object_get(content, "attributes");
    const json_t *extensions = json_object_get(content, "extensions");
    print_row("subject", json_object_get(subject, "value"), false, json_object_get(subject, "origin"));
    for (size_t i = 0; i < json_array_size(extensions); i++) {
        print_extension(json_array_get(extensions, i));
    }
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        print_extension(json_array_get(attributes, i));
    }
}

static struct pc_result hand_over(struct pc_result result, p11csr_error **why, p11csr_error **err)
{
    if (!pc_is_ok(result) && err != NULL) {
        *err = *why;
        *why = NULL;
    }
    return result;
}

/* With a login as needed. A key that may be made need not be there. */
static struct pc_result open_fully(struct cli_making *making, p11csr_ctx *ctx, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result found =
        cli_lift(p11csr_key_open(ctx, &making->selection.select, &making->key, &why));
    return found.code == P11CSR_E_KEY_NOT_FOUND && making->keygen.spec != NULL ? PC_OK
                                                                               : hand_over(found, &why, err);
}

/* The key if it is there. The public half is enough, and is seen without a PIN on most tokens. */
static struct pc_result find_key(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct p11csr_select select = making->selection.select;
    PC_TRY(cli_context(cli, &ctx, err));
    if (cli_value(cli, OPT_LOGIN) == NULL) {
        select.public_suffices = 1;
        PC_TRY(cli_lift(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_NEVER, err)));
        const struct pc_result found = cli_lift(p11csr_key_open(ctx, &select, &making->key, NULL));
        PC_TRY(cli_lift(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_AUTO, err)));
        if (pc_is_ok(found)) {
            return PC_OK;
        }
    }
    return open_fully(making, ctx, err);
}

/* The bytes that would be signed. What a profile wants to know of the key may need all of it. */
static struct pc_result assemble(const struct cli *cli, struct cli_making *making, char **ret_sha256,
                                 p11csr_error **err)
{
    unsigned char *info PC_CLEANUP(p11csr_free_bytes) = NULL;
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    size_t len = 0;
    if (making->key == NULL) {
        return PC_OK;
    }
    const struct pc_result result =
        cli_lift(p11csr_request_assemble(making->request, making->key, &info, &len, ret_sha256, &why));
    if (result.code != P11CSR_E_USAGE) {
        return hand_over(result, &why, err);
    }
    p11csr_key_free(&making->key);
    PC_TRY(open_fully(making, cli->ctx, err));
    return making->key == NULL ? PC_OK
                               : cli_lift(p11csr_request_assemble(making->request, making->key, &info, &len,
                                                                  ret_sha256, err));
}

/* What p11csr_key_generate() would say of a key that is there. */
static struct pc_result check_key(const struct cli_making *making, p11csr_error **err)
{
    const struct p11csr_keygen *keygen = &making->keygen;
    if (making->key == NULL || keygen->spec == NULL) {
        return PC_OK;
    }
    const struct p11csr_key_info *info = p11csr_key_get_info(making->key);
    if (keygen->ensure == 0) {
        return pc_fail(err, P11CSR_E_KEY_EXISTS, "the key is there already: %s", info->uri);
    }
    return strcmp(info->type, keygen->spec) == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_KEY_SPEC, "the key '%s' is %s, not %s", info->label, info->type,
                         keygen->spec);
}

static json_t *key_json(const struct cli_making *making, const char *type)
{
    const struct p11csr_key_info *info = making->key != NULL ? p11csr_key_get_info(making->key) : NULL;
    return json_pack("{s:s, s:b, s:s?, s:s?}", "type", type, "is-there", info != NULL, "uri",
                     info != NULL ? info->uri : NULL, "spki-sha256", info != NULL ? info->spki_sha256 : NULL);
}

static void print_rest(const struct cli_making *making, const char *type,
                       const struct p11csr_signature *signature, const char *sha256)
{
    const p11csr_profile *profile = p11csr_request_get_profile(making->request);
    const struct p11csr_key_info *info = making->key != NULL ? p11csr_key_get_info(making->key) : NULL;
    cli_print("%-20s  %s, %s%s\n", "key", type, info != NULL ? "is there: " : "would be made",
              info != NULL ? info->uri : "");
    cli_print("%-20s  %s by %s\n", "signature", signature->scheme, signature->mechanism);
    if (profile != NULL) {
        cli_print("%-20s  %s\n", "profile", p11csr_profile_get(profile, "name", 0));
    }
    if (making->out.path != NULL) {
        cli_print("%-20s  %s\n", "file", making->out.path);
    }
    if (sha256 != NULL) {
        cli_print("SHA-256 of the CertificationRequestInfo: %s\n", sha256);
    }
}

static struct pc_result foresee(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    char *sha256 PC_CLEANUP(p11csr_free_text) = NULL;
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    struct p11csr_signature signature = {0};
    const char *token = making->selection.select.token;
    PC_TRY(assemble(cli, making, &sha256, err)); // which may open the key once more
    const char *type = making->key != NULL ? p11csr_key_get_info(making->key)->type : making->keygen.spec;
    PC_TRY(cli_lift(p11csr_request_get_signature(making->request, cli->ctx, token, type, &signature, err)));
    PC_TRY(cli_request_foresee_lint(cli, making->request, type, err));
    PC_TRY(cli_lift(p11csr_request_describe(making->request, &text, err)));
    json_t *content PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (content == NULL) {
        return pc_fail_memory(err);
    }
    const p11csr_profile *profile = p11csr_request_get_profile(making->request);
    cli_json(cli, "dry-run",
             json_pack("{s:O, s:o, s:s, s:s, s:s?, s:s?, s:s?}", "content", content, "key",
                       key_json(making, type), "scheme", signature.scheme, "mechanism", signature.mechanism,
                       "tbs-sha256", sha256, "profile",
                       profile != NULL ? p11csr_profile_get(profile, "name", 0) : NULL, "file",
                       making->out.path));
    if (cli_wants_text(cli)) {
        print_content(content);
        print_rest(making, type, &signature, sha256);
    }
    return PC_OK;
}

PC_RESULT cli_making_dry_run(struct cli *cli, struct cli_making *making, p11csr_error **err)
{
    PC_TRY(find_key(cli, making, err));
    PC_TRY(check_key(making, err));
    if (making->key != NULL) {
        PC_TRY(cli_check_attestation(cli, making->request, making->key, err));
    }
    return foresee(cli, making, err);
}
