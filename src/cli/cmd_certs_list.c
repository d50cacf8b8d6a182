// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

/* p11csr certs list, and what the other commands of certificates share with it */

enum { DAY = 24 * 60 * 60, MAX_DAYS = 100000 };

static void free_list(p11csr_certificate_list **list)
{
    p11csr_certificate_list_free(list);
}

void cli_cert_selection_done(struct cli_cert_selection *selection)
{
    cli_selection_done(&selection->key);
    pc_buf_done(&selection->serial);
}

PC_RESULT cli_select_cert(const struct cli *cli, const char *uri, struct cli_cert_selection *ret,
                          p11csr_error **err)
{
    struct p11csr_certificate_select *select = &ret->select;
    *select = (struct p11csr_certificate_select)P11CSR_CERTIFICATE_SELECT_INIT;
    pc_buf_init(&ret->serial, PC_MAX_ATTRIBUTE);
    PC_TRY(cli_select(cli, uri, &ret->key, err));
    select->token = ret->key.select.token;
    select->label = ret->key.select.label;
    select->id = ret->key.select.id;
    select->id_len = ret->key.select.id_len;
    select->piv_slot = ret->key.select.piv_slot;
    select->spki = ret->key.select.spki;
    select->spki_len = ret->key.select.spki_len;
    if (cli_has(cli, OPT_SERIAL)) {
        PC_TRY(cli_read_hex(OPT_SERIAL, cli_value(cli, OPT_SERIAL), &ret->serial, err));
        select->serial = ret->serial.ptr;
        select->serial_len = ret->serial.len;
    }
    return PC_OK;
}

/* Whole days, rounded down: the last day is 0, after it the number is negative. */
static long days_left(const struct p11csr_certificate_info *info)
{
    const long days = info->seconds_left / DAY;
    return info->seconds_left < 0 && info->seconds_left % DAY != 0 ? days - 1 : days;
}

json_t *cli_cert_json(const struct p11csr_certificate_info *info)
{
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s?}", "uri", info->uri,
                  "token", info->token, "label", info->label, "id", info->id, "subject", info->subject,
                  "issuer", info->issuer, "serial", info->serial, "not-before", info->not_before, "not-after",
                  info->not_after, "sha256", info->sha256, "spki-sha256", info->spki_sha256, "placeholder",
                  info->placeholder, "problem", info->problem);
    (void)json_object_set_new(row, "days-left",
                              info->problem == NULL ? json_integer(days_left(info)) : json_null());
    (void)json_object_set_new(row, "key", info->has_key < 0 ? json_null() : json_boolean(info->has_key));
    return row;
}

void cli_print_cert(const struct p11csr_certificate_info *info)
{
    cli_print("%s\n  URI:     %s\n", info->subject[0] != 0 ? info->subject : "(no subject)", info->uri);
    if (info->problem != NULL) {
        cli_print("  problem: %s\n", info->problem);
    } else {
        const long days = days_left(info);
        cli_print("  issuer:  %s\n  serial:  %s\n  expires: %s, %s%ld days%s\n", info->issuer, info->serial,
                  info->not_after, days < 0 ? "expired " : "", days < 0 ? -days : days,
                  days < 0 ? " ago" : " left");
    }
    cli_print("  key:     %s%s\n",
              info->has_key < 0   ? "not known without a login"
              : info->has_key > 0 ? "on the token"
                                  : "not on the token",
              info->placeholder != 0 ? "; a placeholder, to be replaced" : "");
}

/* The certificates that end before the limit, as a check that says no. */
static struct pc_result check_expiry(const p11csr_certificate_list *list, unsigned long days,
                                     p11csr_error **err)
{
    size_t count = 0;
    for (size_t i = 0; i < p11csr_certificate_list_count(list); i++) {
        const struct p11csr_certificate_info *info = p11csr_certificate_list_get(list, i);
        count += info->problem == NULL && info->seconds_left < (long)days * DAY ? 1 : 0;
    }
    if (count == 0) {
        return PC_OK;
    }
    const struct pc_result result =
        pc_fail(err, P11CSR_E_CHECK_FAILED, "%zu of %zu certificates end within %lu days", count,
                p11csr_certificate_list_count(list), days);
    for (size_t i = 0; i < count && i < PC_MAX_CANDIDATES; i++) { // sorted: they stand in front
        const struct p11csr_certificate_info *info = p11csr_certificate_list_get(list, i);
        pc_note(err, "%s: %s", info->not_after, info->uri);
    }
    return pc_frame(result, err, "certificates have to be renewed");
}

PC_RESULT cli_run_certs_list(struct cli *cli, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    struct cli_cert_selection selection PC_CLEANUP(cli_cert_selection_done) = {0};
    p11csr_certificate_list *list PC_CLEANUP(free_list) = NULL;
    const char *warn = cli_value(cli, OPT_WARN_DAYS);
    unsigned long days = 0;
    json_t *rows = json_array();
    cli_json(cli, "certificates", rows);
    if (warn != NULL && !pc_parse_number(warn, MAX_DAYS, &days)) {
        return pc_fail(err, P11CSR_E_VALUE, "--warn-days '%s' is not a number from 0 to %d", warn, MAX_DAYS);
    }
    PC_TRY(cli_select_cert(cli, cli_arg(cli, 0), &selection, err));
    PC_TRY(cli_context(cli, &ctx, err));
    PC_TRY(cli_lift(p11csr_certificates_list(ctx, &selection.select, &list, err)));
    for (size_t i = 0; i < p11csr_certificate_list_count(list); i++) {
        const struct p11csr_certificate_info *info = p11csr_certificate_list_get(list, i);
        (void)json_array_append_new(rows, cli_cert_json(info));
        if (cli_wants_text(cli)) {
            cli_print_cert(info);
        }
    }
    if (p11csr_certificate_list_count(list) == 0) {
        cli_remark(cli, "there is no certificate");
    }
    return warn != NULL ? check_expiry(list, days, err) : PC_OK;
}
