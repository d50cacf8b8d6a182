// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cli/cli.h"

static const enum cli_option_id doctor_options[] = {OPT_QUIRKS, OPT_PROBE, OPT_BUNDLE, OPT_FORCE};
// clang-format off
/* What a request says and how it is signed: one line each, for every command that makes requests. */
#define CONTENT_OPTIONS \
    OPT_SCHEME, \
    OPT_HASH, \
    OPT_PSS, \
    OPT_PROFILE, \
    OPT_SUBJECT, \
    OPT_DNS, \
    OPT_IP, \
    OPT_EMAIL, \
    OPT_URI, \
    OPT_UPN, \
    OPT_RID, \
    OPT_DIRNAME, \
    OPT_KRB5, \
    OPT_SRV, \
    OPT_XMPP, \
    OPT_BUNDLE_EID, \
    OPT_HARDWARE_MODULE, \
    OPT_PERMANENT_ID, \
    OPT_NTDS_GUID, \
    OPT_OTHER_NAME, \
    OPT_KEY_USAGE, \
    OPT_EXT_KEY_USAGE, \
    OPT_CA, \
    OPT_PATH_LENGTH, \
    OPT_MUST_STAPLE, \
    OPT_SUBJECT_KEY_ID, \
    OPT_POLICY, \
    OPT_NAME_CONSTRAINT, \
    OPT_TLS_FEATURE, \
    OPT_OCSP_NO_CHECK, \
    OPT_QC_STATEMENT, \
    OPT_AUTHORITY_KEY_ID, \
    OPT_MS_TEMPLATE, \
    OPT_MS_APPLICATION_POLICY, \
    OPT_MS_SID, \
    OPT_UNSTRUCTURED_NAME, \
    OPT_UNSTRUCTURED_ADDRESS, \
    OPT_MS_OS_VERSION, \
    OPT_MS_CSP, \
    OPT_MS_CLIENT_INFO, \
    OPT_MS_NAME_VALUE, \
    OPT_CHALLENGE_PASSWORD, \
    OPT_EXTENSION, \
    OPT_ATTRIBUTE, \
    OPT_ATTESTATION, \
    OPT_ATTESTATION_CERT, \
    OPT_CLEAR
/* What a request starts from. */
#define START_OPTIONS \
    OPT_FROM_CSR, \
    OPT_FROM_CERT, \
    OPT_OPENSSL_CONFIG
/* Of ceremonies: what was agreed on before. */
#define CEREMONY_OPTIONS \
    OPT_PLAN, \
    OPT_EXPECT_TBS, \
    OPT_TRANSCRIPT, \
    OPT_REPORT, \
    OPT_EVIDENCE, \
    OPT_FILES, \
    OPT_ROOT
// clang-format on
/* The rules that a request is held against. */
#define LINT_OPTIONS OPT_RULES, OPT_IGNORE, OPT_LINT_DATA, OPT_NO_LINT

static const enum cli_option_id request_options[] = {
    OPT_KEY_LABEL,    OPT_KEY_ID,      OPT_PIV_SLOT, OPT_KEY_FOR,        OPT_PUBKEY,
    OPT_GENERATE,     OPT_ENSURE,      OPT_BACKUP,   OPT_OVERWRITE_SLOT, START_OPTIONS,
    CONTENT_OPTIONS,  OPT_OUT,         OPT_FORM,     OPT_FORCE,          OPT_TEXT,
    CEREMONY_OPTIONS, OPT_INTERACTIVE, OPT_DRY_RUN,  LINT_OPTIONS,
};
static const enum cli_option_id renew_options[] = {
    OPT_EXPIRING, OPT_SERIAL, OPT_NEW_KEY,        OPT_KEY_LABEL,   OPT_KEY_ID, OPT_PIV_SLOT,
    OPT_PUBKEY,   OPT_BACKUP, OPT_OVERWRITE_SLOT, CONTENT_OPTIONS, OPT_OUT,    OPT_FORM,
    OPT_FORCE,    OPT_TEXT,   OPT_DRY_RUN,        LINT_OPTIONS,
};
static const enum cli_option_id keys_generate_options[] = {OPT_KEY_LABEL, OPT_KEY_ID,         OPT_PIV_SLOT,
                                                           OPT_BACKUP,    OPT_OVERWRITE_SLOT, OPT_TRANSCRIPT,
                                                           OPT_REPORT,    OPT_FORCE};
static const enum cli_option_id keys_list_options[] = {OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT,
                                                       OPT_INCOMPLETE, OPT_CLOSE};
static const enum cli_option_id keys_show_options[] = {
    OPT_KEY_LABEL,  OPT_KEY_ID,  OPT_PIV_SLOT, OPT_KEY_FOR, OPT_PUBKEY,
    OPT_PROTECTION, OPT_PEM_URI, OPT_OUT,      OPT_FORCE,
};
static const enum cli_option_id keys_public_options[] = {
    OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT, OPT_PUBKEY, OPT_OUT, OPT_PUBLIC_FORM, OPT_FORCE,
};
static const enum cli_option_id keys_delete_options[] = {OPT_KEY_LABEL, OPT_KEY_ID,           OPT_PIV_SLOT,
                                                         OPT_KEY_FOR,   OPT_WITH_CERTIFICATE, OPT_YES};
static const enum cli_option_id keys_label_options[] = {OPT_KEY_LABEL, OPT_KEY_ID,    OPT_PIV_SLOT,
                                                        OPT_KEY_FOR,   OPT_NEW_LABEL, OPT_NEW_ID};
static const enum cli_option_id certs_list_options[] = {OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT,
                                                        OPT_KEY_FOR,   OPT_SERIAL, OPT_WARN_DAYS};
static const enum cli_option_id certs_install_options[] = {OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT, OPT_CHAIN,
                                                           OPT_REPLACE};
static const enum cli_option_id certs_export_options[] = {
    OPT_KEY_LABEL,  OPT_KEY_ID, OPT_PIV_SLOT, OPT_KEY_FOR, OPT_SERIAL,
    OPT_WITH_CHAIN, OPT_OUT,    OPT_FORM,     OPT_FORCE,
};
static const enum cli_option_id certs_delete_options[] = {OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT,
                                                          OPT_KEY_FOR,   OPT_SERIAL, OPT_YES};
static const enum cli_option_id plan_options[] = {
    OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT,   OPT_KEY_FOR, OPT_PUBKEY, START_OPTIONS, CONTENT_OPTIONS,
    OPT_OUT,       OPT_FORCE,  OPT_TRANSCRIPT, OPT_FILES,   OPT_ROOT,   LINT_OPTIONS,
};
static const enum cli_option_id attest_collect_options[] = {
    OPT_KEY_LABEL,    OPT_KEY_ID, OPT_PIV_SLOT, OPT_KEY_FOR, OPT_PUBKEY,
    OPT_OUT_EVIDENCE, OPT_FORCE,  OPT_FILES,    OPT_ROOT,
};
static const enum cli_option_id attest_verify_options[] = {OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT,
                                                           OPT_KEY_FOR,   OPT_PUBKEY, OPT_ROOT};
static const enum cli_option_id show_options[] = {OPT_CHECK};
static const enum cli_option_id lint_options[] = {OPT_RULES, OPT_IGNORE, OPT_STRICT, OPT_LIST, OPT_LINT_DATA};
static const enum cli_option_id verify_options[] = {OPT_SIGNER_CERT};
static const enum cli_option_id match_options[] = {OPT_KEY_LABEL, OPT_KEY_ID, OPT_PIV_SLOT};
static const enum cli_option_id init_soft_options[] = {OPT_PRINT_ENV};

#define OPTIONS(list) .options = (list), .option_count = PC_ARRAY_LEN(list)

static const struct cli_command commands[] = {
    {.name = "request",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(request_options),
     .run = cli_run_request,
     .help = "make a certificate request; the token signs it",
     .example = "p11csr request --token prod --generate p256 --key-label web \\\n"
                "      --subject CN=www.example.com --dns www.example.com -o www.csr"},
    {.name = "plan",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(plan_options),
     .run = cli_run_plan,
     .help = "write down what would be signed, to be checked by others",
     .example = "p11csr plan --token prod --key-label web \\\n"
                "      --subject CN=www.example.com --dns www.example.com -o plan.json"},
    {.name = "renew",
     .one_token = true,
     .args = "[FILE|URI]",
     .max_args = 1,
     OPTIONS(renew_options),
     .run = cli_run_renew,
     .help = "make a request from a certificate or an earlier request",
     .example = "p11csr renew --token prod www.crt -o www.csr"},
    {.name = "show",
     .without_login = true,
     .args = "[FILE]",
     .max_args = 1,
     OPTIONS(show_options),
     .run = cli_run_show,
     .help = "show a certificate request, PEM or DER (default: stdin)",
     .example = "p11csr show www.csr"},
    {.name = "verify",
     .without_login = true,
     .args = "[FILE]",
     .max_args = 1,
     OPTIONS(verify_options),
     .run = cli_run_verify,
     .help = "verify the signature and the structure of a request",
     .example = "p11csr verify www.csr"},
    {.name = "compare",
     .without_login = true,
     .args = "FILE FILE",
     .min_args = 2,
     .max_args = 2,
     .run = cli_run_compare,
     .help = "what differs between two requests",
     .example = "p11csr compare www-2025.csr www-2026.csr"},
    {.name = "match",
     .any_token = true,
     .args = "FILE|URI...",
     .min_args = 1,
     .max_args = PC_MAX_MATCHED,
     OPTIONS(match_options),
     .run = cli_run_match,
     .help = "which keys, requests and certificates belong together",
     .example = "p11csr match www.csr www.crt 'pkcs11:token=prod;object=web'"},
    {.name = "lint",
     .without_login = true,
     .args = "[FILE]...",
     .max_args = SIZE_MAX,
     OPTIONS(lint_options),
     .run = cli_run_lint,
     .help = "hold requests against the rules of standards and CAs",
     .example = "p11csr lint --rules structure,tls-br:dv www.csr"},
    {.name = "keys list",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(keys_list_options),
     .run = cli_run_keys_list,
     .help = "list the key pairs on a token",
     .example = "p11csr keys list --token prod"},
    {.name = "keys show",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(keys_show_options),
     .run = cli_run_keys_show,
     .help = "show one key pair",
     .example = "p11csr keys show --token prod --key-label web --protection"},
    {.name = "keys generate",
     .one_token = true,
     .args = "SPEC",
     .min_args = 1,
     .max_args = 1,
     OPTIONS(keys_generate_options),
     .run = cli_run_keys_generate,
     .help = "make a key pair on a token",
     .example = "p11csr keys generate p256 --token prod --key-label web"},
    {.name = "keys delete",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(keys_delete_options),
     .run = cli_run_keys_delete,
     .help = "delete a key pair for ever, once you typed its name",
     .example = "p11csr keys delete --token prod --key-label web-2024"},
    {.name = "keys label",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(keys_label_options),
     .run = cli_run_keys_label,
     .help = "give a key pair another label or id",
     .example = "p11csr keys label --token prod --key-label web --new-label web-2024"},
    {.name = "keys public",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(keys_public_options),
     .run = cli_run_keys_public,
     .help = "write the public half of a key",
     .example = "p11csr keys public --token prod --key-label web --form jwk -o web.jwk"},
    {.name = "certs list",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(certs_list_options),
     .run = cli_run_certs_list,
     .help = "list the certificates on a token by their expiry",
     .example = "p11csr certs list --token prod --warn-days 30"},
    {.name = "certs install",
     .one_token = true,
     .args = "FILE [URI]",
     .min_args = 1,
     .max_args = 2,
     OPTIONS(certs_install_options),
     .run = cli_run_certs_install,
     .help = "store a certificate beside its private key",
     .example = "p11csr certs install web.crt --token prod --chain ca.pem --replace"},
    {.name = "certs export",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(certs_export_options),
     .run = cli_run_certs_export,
     .help = "write a certificate of a token to a file",
     .example = "p11csr certs export --token prod --key-label web --with-chain -o web.pem"},
    {.name = "certs delete",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(certs_delete_options),
     .run = cli_run_certs_delete,
     .help = "delete a certificate, once you typed its name",
     .example = "p11csr certs delete --token prod --key-label web --serial 1c39"},
    {.name = "attest collect",
     .one_token = true,
     .args = "[URI]",
     .max_args = 1,
     OPTIONS(attest_collect_options),
     .run = cli_run_attest_collect,
     .help = "collect what certifies that a key lives in a device",
     .example = "p11csr attest collect --token yubikey --piv-slot 9c -o evidence"},
    {.name = "attest verify",
     .one_token = true,
     .args = "FILE|DIR...",
     .min_args = 1,
     .max_args = 32,
     OPTIONS(attest_verify_options),
     .run = cli_run_attest_verify,
     .help = "check such evidence against a key and the vendor's root",
     .example = "p11csr attest verify evidence --key-for code.csr --root yubico-piv-ca.pem"},
    {.name = "tokens list",
     .any_token = true,
     .args = "[URI]",
     .max_args = 1,
     .run = cli_run_tokens_list,
     .help = "list the tokens",
     .example = "p11csr tokens list"},
    {.name = "tokens show",
     .any_token = true,
     .args = "[URI]",
     .max_args = 1,
     .run = cli_run_tokens_show,
     .help = "show what a token reports about itself",
     .example = "p11csr tokens show --token prod"},
    {.name = "tokens init-soft",
     .args = "[NAME]",
     .max_args = 1,
     OPTIONS(init_soft_options),
     .run = cli_run_tokens_init_soft,
     .help = "make a SoftHSM2 token to try things out (default: demo)",
     .example = "p11csr tokens init-soft demo"},
    {.name = "tokens clear-latch",
     .any_token = true,
     .without_login = true,
     .args = "[URI]",
     .max_args = 1,
     .run = cli_run_tokens_clear_latch,
     .help = "let PINs be tried again that were wrong",
     .example = "p11csr tokens clear-latch --token prod"},
    {.name = "profile list",
     .without_login = true,
     .args = "",
     .run = cli_run_profile_list,
     .help = "list the request profiles",
     .example = "p11csr profile list"},
    {.name = "profile show",
     .without_login = true,
     .args = "NAME|FILE.yaml",
     .min_args = 1,
     .max_args = 1,
     .run = cli_run_profile_show,
     .help = "show a profile, to be changed into one's own",
     .example = "p11csr profile show tls-server > own.yaml"},
    {.name = "profile check",
     .without_login = true,
     .args = "FILE.yaml",
     .min_args = 1,
     .max_args = 1,
     .run = cli_run_profile_check,
     .help = "every mistake in a profile, with its place",
     .example = "p11csr profile check ./own.yaml"},
    {.name = "doctor",
     .any_token = true,
     .args = "",
     OPTIONS(doctor_options),
     .run = cli_run_doctor,
     .help = "why does my token not work; looks at each module",
     .example = "p11csr doctor --module /usr/lib/vendor/libvendor-pkcs11.so"},
    {.name = "uri explain",
     .args = "URI",
     .min_args = 1,
     .max_args = 1,
     .run = cli_run_uri_explain,
     .help = "what a pkcs11: URI says and matches, or its wrong byte",
     .example = "p11csr uri explain 'pkcs11:token=prod;object=web'"},
    {.name = "algorithms",
     .any_token = true,
     .args = "",
     .run = cli_run_algorithms,
     .help = "kinds of keys and signature schemes",
     .example = "p11csr algorithms"},
    {.name = "completion",
     .without_login = true,
     .args = "bash|zsh|fish",
     .min_args = 1,
     .max_args = 1,
     .run = cli_run_completion,
     .help = "print a script that completes words in a shell",
     .example = "eval \"$(p11csr completion bash)\""},
    {.name = "complete",
     .args = "WORD...",
     .max_args = SIZE_MAX,
     .run = cli_run_complete,
     .hidden = true,
     .help = "what the last word can be completed to",
     .example = "p11csr complete -- keys l"},
};

const struct cli_command *cli_command_get(size_t index)
{
    return index < PC_ARRAY_LEN(commands) ? &commands[index] : NULL;
}
