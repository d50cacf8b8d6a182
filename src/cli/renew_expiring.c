// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/renew.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* p11csr renew --expiring: a request for each certificate on a token that ends soon */

enum { DAY = 86400, MAX_DAYS = 36500, NAME_CHARS = 64, INTERRUPTED = 130, AUTH = 4 };

/* The certificates of the token, and what came of them. */
struct walk {
    struct cli *cli;
    const struct cli_cert_selection *selection;
    const p11csr_certificate_list *list;
    const char *token; /* as it was named, without an object on it */
    const char *folder;
    long limit; /* seconds */
    json_t *renewed;
    json_t *skipped;
    size_t failed;
};

static void free_list(p11csr_certificate_list **list)
{
    p11csr_certificate_list_free(list);
}

static void free_certificate(p11csr_certificate **certificate)
{
    p11csr_certificate_free(certificate);
}

static struct pc_result read_days(const struct cli *cli, long *ret_seconds, p11csr_error **err)
{
    const char *text = cli_value(cli, OPT_EXPIRING);
    unsigned long days = 0;
    const size_t len = strlen(text);
    char *number PC_CLEANUP(pc_free_str) = pc_strndup(text, len > 0 && text[len - 1] == 'd' ? len - 1 : len);
    if (number == NULL) {
        return pc_fail_memory(err);
    }
    if (!pc_parse_number(number, MAX_DAYS, &days)) {
        return pc_fail(err, P11CSR_E_VALUE, "--expiring '%s' is not a number of days from 0 to %d, like 30d",
                       text, MAX_DAYS);
    }
    *ret_seconds = (long)days * DAY;
    return PC_OK;
}

/* A name for the file of a certificate: LABEL-SERIAL.csr, of characters that are safe everywhere. */
static char *file_name(const struct walk *walk, const struct p11csr_certificate_info *info)
{
    char name[NAME_CHARS + 1];
    size_t len = 0;
    for (const char *at = info->label; *at != 0 && len < NAME_CHARS; at++) {
        const bool safe = pc_ascii_is_alnum(*at) || *at == '-' || *at == '_' || (*at == '.' && len > 0);
        name[len++] = safe ? *at : '_';
    }
    name[len] = 0;
    return pc_asprintf("%s/%s-%s.csr", walk->folder, len > 0 ? name : "certificate", info->serial);
}

/* Another certificate of the same key and subject that does not end soon. */
static bool is_renewed(const struct walk *walk, const struct p11csr_certificate_info *info)
{
    for (size_t i = 0; i < p11csr_certificate_list_count(walk->list); i++) {
        const struct p11csr_certificate_info *other = p11csr_certificate_list_get(walk->list, i);
        if (other->problem == NULL && other->placeholder == 0 && other->seconds_left >= walk->limit &&
            strcmp(other->spki_sha256, info->spki_sha256) == 0 &&
            strcmp(other->subject, info->subject) == 0) {
            return true;
        }
    }
    return false;
}

/* Why a certificate that ends soon needs no request; NULL: it needs one. */
static const char *why_not(const struct walk *walk, const struct p11csr_certificate_info *info)
{
    if (info->placeholder != 0) {
        return "it is a placeholder";
    }
    if (info->has_key == 0) {
        return "its key is not on this token";
    }
    return is_renewed(walk, info) ? "there is a newer one of the same key and subject" : NULL;
}

static struct pc_result open_certificate(const struct walk *walk, const struct p11csr_certificate_info *info,
                                         p11csr_certificate **ret, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct p11csr_certificate_select select = walk->selection->select;
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&serial, PC_MAX_ATTRIBUTE);
    pc_buf_init(&id, PC_MAX_ATTRIBUTE);
    PC_TRY(cli_read_hex(OPT_SERIAL, info->serial, &serial, err));
    select.serial = serial.ptr;
    select.serial_len = serial.len;
    if (info->id[0] != 0) {
        PC_TRY(cli_read_hex(OPT_KEY_ID, info->id, &id, err));
        select.id = id.ptr;
        select.id_len = id.len;
    }
    PC_TRY(cli_context(walk->cli, &ctx, err));
    return cli_lift(p11csr_certificate_open(ctx, &select, 0, ret, err));
}

static struct pc_result renew(const struct walk *walk, const struct p11csr_certificate_info *info,
                              p11csr_error **err)
{
    struct cli *cli = walk->cli;
    p11csr_certificate *certificate PC_CLEANUP(free_certificate) = NULL;
    struct cli_making making PC_CLEANUP(cli_making_done) = {0};
    char *path PC_CLEANUP(pc_free_str) = file_name(walk, info);
    struct cli_source source = {.from = info->uri};
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(cli_making_take_form(cli, &making, err));
    making.out = (struct cli_output){.path = path, .binary = making.der};
    if (cli_has(cli, OPT_DRY_RUN) && cli_wants_text(cli)) {
        cli_print("%-20s  %s\n", "certificate", info->uri);
    }
    if (access(walk->folder, F_OK) == 0) { // else nothing is in the way, and it is a dry run
        PC_TRY(pc_file_check_writable(path, cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP, err));
    }
    PC_TRY(open_certificate(walk, info, &certificate, err));
    source.data = p11csr_certificate_get_der(certificate, &source.len);
    making.selection.select = (struct p11csr_select)P11CSR_SELECT_INIT;
    making.selection.select.token = walk->token;
    return cli_renew_one(cli, &source, &making, err);
}

/* Fills an answer of its own for the certificate, whatever comes of it. */
static struct pc_result renew_and_tell(struct walk *walk, const struct p11csr_certificate_info *info,
                                       p11csr_error **err)
{
    struct cli *cli = walk->cli;
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    json_t *const answer = cli->json;
    cli->json = json_object();
    (void)json_array_append_new(walk->renewed, cli->json);
    const struct pc_result result = renew(walk, info, &why);
    if (!pc_is_ok(result)) {
        (void)json_object_clear(cli->json);
        cli_json(cli, "error", cli_error_json(cli, why, result.code));
        cli_remark(cli, "not renewed: %s: %s%s%s", info->uri, p11csr_error_message(why),
                   p11csr_error_cause_count(why) > 0 ? ": " : "",
                   p11csr_error_cause_count(why) > 0 ? p11csr_error_cause(why, 0) : "");
        for (size_t i = 0; i < p11csr_error_note_count(why); i++) {
            cli_remark(cli, "  %s", p11csr_error_note(why, i));
        }
        walk->failed++;
    }
    cli_json(cli, "ok", json_boolean(pc_is_ok(result)));
    cli_json(cli, "certificate", cli_cert_json(info));
    cli->json = answer;
    const int status = p11csr_code_exit_status(result.code);
    if (status == AUTH || status == INTERRUPTED) { // it would not be another with the next
        *err = why;
        why = NULL;
        return result;
    }
    return PC_OK;
}

static struct pc_result walk_all(struct walk *walk, p11csr_error **err)
{
    for (size_t i = 0; i < p11csr_certificate_list_count(walk->list); i++) {
        const struct p11csr_certificate_info *info = p11csr_certificate_list_get(walk->list, i);
        if (info->problem != NULL || info->seconds_left >= walk->limit) {
            continue;
        }
        const char *why = why_not(walk, info);
        if (why == NULL) {
            PC_TRY(renew_and_tell(walk, info, err));
            continue;
        }
        cli_remark(walk->cli, "left out: %s: %s", info->uri, why);
        (void)json_array_append_new(walk->skipped,
                                    json_pack("{s:o, s:s}", "certificate", cli_cert_json(info), "why", why));
    }
    const size_t due = json_array_size(walk->renewed);
    if (walk->failed > 0) {
        return pc_fail(err, P11CSR_E_PARTLY_DONE, "%zu of %zu certificates could not be renewed",
                       walk->failed, due);
    }
    cli_remark(walk->cli, "%zu certificates %srenewed, %zu left out", due,
               cli_has(walk->cli, OPT_DRY_RUN) ? "would be " : "", json_array_size(walk->skipped));
    return PC_OK;
}

static struct pc_result check_options(const struct cli *cli, p11csr_error **err)
{
    if (cli_has(cli, OPT_NEW_KEY)) {
        return pc_fail(err, P11CSR_E_USAGE,
                       "--new-key makes one key, and --expiring renews many certificates: renew one by one");
    }
    if (cli_has(cli, OPT_CHALLENGE_PASSWORD)) {
        return pc_fail(
            err, P11CSR_E_USAGE,
            "--challenge-password is for one request, and --expiring makes many: renew one by one");
    }
    if (cli_has(cli, OPT_ATTESTATION)) {
        return pc_fail(
            err, P11CSR_E_USAGE,
            "--attestation is about one key, and --expiring renews many certificates: renew one by "
            "one");
    }
    if (cli_arg(cli, 0) != NULL && strncmp(cli_arg(cli, 0), "pkcs11:", strlen("pkcs11:")) != 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--expiring looks at a token, not at the file '%s'",
                       cli_arg(cli, 0));
    }
    return PC_OK;
}

PC_RESULT cli_renew_expiring(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_cert_selection selection PC_CLEANUP(cli_cert_selection_done) = {0};
    p11csr_certificate_list *list PC_CLEANUP(free_list) = NULL;
    const char *folder = cli_value(cli, OPT_OUT);
    struct walk walk = {.cli = cli, .selection = &selection, .folder = folder != NULL ? folder : "."};
    PC_TRY(check_options(cli, err));
    PC_TRY(read_days(cli, &walk.limit, err));
    PC_TRY(cli_select_cert(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_refuse_pin_value(selection.select.token, err));
    char *token PC_CLEANUP(pc_free_str) = cli_token_part(selection.select.token);
    walk.token = token;
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_certificates_list(ctx, &selection.select, &list, err)));
    if (!cli_has(cli, OPT_DRY_RUN)) {
        PC_TRY(pc_dir_make(walk.folder, 0777, err));
    }
    walk.list = list;
    walk.renewed = json_array();
    walk.skipped = json_array();
    cli_json(cli, "renewed", walk.renewed);
    cli_json(cli, "skipped", walk.skipped);
    cli->answers_anyway = true;
    return walk_all(&walk, err);
}
