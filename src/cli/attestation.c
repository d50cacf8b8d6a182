// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

/* The attribute with what a vendor states about the key: bytes that another tool made. */

static const char warning[] = "the attestation attribute is an Internet-Draft: CAs may not know it";

static const char unread[] =
    "whether the attestation is about this key was not checked: p11csr cannot read it";

/* TYPE:FILE */
static struct pc_result add_statement(const char *text, p11csr_request *request, p11csr_error **err)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == 0) {
        return pc_fail(err, P11CSR_E_USAGE, "--attestation '%s' is not TYPE:FILE with an OID as TYPE", text);
    }
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    char *type PC_CLEANUP(pc_free_str) = pc_strndup(text, (size_t)(colon - text));
    if (type == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(cli_read_input(colon + 1, &content, err));
    const struct pc_result result =
        pc_frame(cli_lift(p11csr_request_add_attestation(request, type, content.ptr, content.len, err)), err,
                 "cannot take a statement from '%s'", colon + 1);
    if (result.code == P11CSR_E_ATTRIBUTE) {
        pc_hint(err,
                "TYPE is an OID in dots, FILE one value in DER; what is not DER goes into an OCTET STRING");
    }
    return result;
}

static struct pc_result add_certificates(const char *path, p11csr_request *request, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    PC_TRY(cli_read_input(path, &content, err));
    const struct pc_result result = pc_frame(
        cli_lift(p11csr_request_add_attestation_certificates(request, content.ptr, content.len, err)), err,
        "cannot take certificates from '%s'", path);
    if (result.code == P11CSR_E_ATTRIBUTE) {
        pc_hint(err, "say what they are for: --attestation TYPE:FILE");
    }
    return result;
}

/* Each use of one of the two options, in the order of the command line. */
static struct pc_result take_all(const struct cli *cli, enum cli_option_id id,
                                 PC_RESULT (*take)(const char *, p11csr_request *, p11csr_error **),
                                 p11csr_request *request, p11csr_error **err)
{
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id == id) {
            PC_TRY(take(use->value, request, err));
        }
    }
    return PC_OK;
}

PC_RESULT cli_take_attestation(struct cli *cli, p11csr_request *request, p11csr_error **err)
{
    if (!cli_has(cli, OPT_ATTESTATION) && !cli_has(cli, OPT_ATTESTATION_CERT)) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_request_set_origin(request, "--attestation", err)));
    PC_TRY(take_all(cli, OPT_ATTESTATION, add_statement, request, err));
    PC_TRY(take_all(cli, OPT_ATTESTATION_CERT, add_certificates, request, err));
    cli_warn(cli, warning);
    return PC_OK;
}

PC_RESULT cli_check_attestation(struct cli *cli, const p11csr_request *request, p11csr_key *key,
                                p11csr_error **err)
{
    enum p11csr_attestation verdict = P11CSR_ATTESTATION_NONE;
    PC_TRY(cli_lift(p11csr_request_check_attestation(request, key, &verdict, err)));
    if (verdict == P11CSR_ATTESTATION_UNREAD) {
        cli_warn(cli, unread);
    }
    return PC_OK;
}
