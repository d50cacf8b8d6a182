// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CLI_OPTIONS_H
#define PC_CLI_OPTIONS_H

#include "base/mem.h"

/* The options: their rows are in options.c. */

enum cli_option_id {
    OPT_TOKEN,
    OPT_MODULE,
    OPT_CONFIG,
    OPT_PIN_SOURCE,
    OPT_SO_PIN_SOURCE,
    OPT_LOGIN_AS,
    OPT_LOGIN,
    OPT_ACCEPT_FINAL_TRY,
    OPT_QUIRK,
    OPT_ALLOW_WEAK,
    OPT_ISOLATE,
    OPT_TIME_LIMIT,
    OPT_JSON,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_VERSION,
    OPT_KEY_LABEL,
    OPT_KEY_ID,
    OPT_PIV_SLOT,
    OPT_KEY_FOR,
    OPT_PUBKEY,
    OPT_GENERATE,
    OPT_ENSURE,
    OPT_BACKUP,
    OPT_OVERWRITE_SLOT,
    OPT_SCHEME,
    OPT_HASH,
    OPT_PSS,
    OPT_FROM_CSR,
    OPT_FROM_CERT,
    OPT_OPENSSL_CONFIG,
    OPT_NEW_KEY,
    OPT_EXPIRING,
    OPT_PROFILE,
    OPT_DRY_RUN,
    OPT_SUBJECT,
    OPT_DNS,
    OPT_IP,
    OPT_EMAIL,
    OPT_URI,
    OPT_UPN,
    OPT_RID,
    OPT_DIRNAME,
    OPT_KRB5,
    OPT_SRV,
    OPT_XMPP,
    OPT_BUNDLE_EID,
    OPT_HARDWARE_MODULE,
    OPT_PERMANENT_ID,
    OPT_NTDS_GUID,
    OPT_OTHER_NAME,
    OPT_KEY_USAGE,
    OPT_EXT_KEY_USAGE,
    OPT_CA,
    OPT_PATH_LENGTH,
    OPT_MUST_STAPLE,
    OPT_SUBJECT_KEY_ID,
    OPT_POLICY,
    OPT_NAME_CONSTRAINT,
    OPT_TLS_FEATURE,
    OPT_OCSP_NO_CHECK,
    OPT_QC_STATEMENT,
    OPT_AUTHORITY_KEY_ID,
    OPT_MS_TEMPLATE,
    OPT_MS_APPLICATION_POLICY,
    OPT_MS_SID,
    OPT_UNSTRUCTURED_NAME,
    OPT_UNSTRUCTURED_ADDRESS,
    OPT_MS_OS_VERSION,
    OPT_MS_CSP,
    OPT_MS_CLIENT_INFO,
    OPT_MS_NAME_VALUE,
    OPT_CHALLENGE_PASSWORD,
    OPT_EXTENSION,
    OPT_ATTRIBUTE,
    OPT_ATTESTATION,
    OPT_ATTESTATION_CERT,
    OPT_CLEAR,
    OPT_OUT,
    OPT_FORM,
    OPT_PUBLIC_FORM,
    OPT_FORCE,
    OPT_TEXT,
    OPT_INTERACTIVE,
    OPT_CHECK,
    OPT_RULES,
    OPT_IGNORE,
    OPT_LINT_DATA,
    OPT_STRICT,
    OPT_NO_LINT,
    OPT_LIST,
    OPT_SIGNER_CERT,
    OPT_PROTECTION,
    OPT_PEM_URI,
    OPT_PRINT_ENV,
    OPT_QUIRKS,
    OPT_PROBE,
    OPT_BUNDLE,
    OPT_INCOMPLETE,
    OPT_CLOSE,
    OPT_YES,
    OPT_WITH_CERTIFICATE,
    OPT_NEW_LABEL,
    OPT_NEW_ID,
    OPT_SERIAL,
    OPT_WARN_DAYS,
    OPT_CHAIN,
    OPT_WITH_CHAIN,
    OPT_REPLACE,
    OPT_PLAN,
    OPT_EXPECT_TBS,
    OPT_TRANSCRIPT,
    OPT_REPORT,
    OPT_EVIDENCE,
    OPT_FILES,
    OPT_ROOT,
    OPT_OUT_EVIDENCE,
    OPT_COUNT
};

/* What a value can be completed to. */
enum cli_values {
    CLI_VALUES_NONE,
    CLI_VALUES_FILES,
    CLI_VALUES_TOKENS,   /* aliases of the configuration */
    CLI_VALUES_SPECS,    /* kinds of keys */
    CLI_VALUES_SCHEMES,  /* signature schemes */
    CLI_VALUES_PROFILES, /* request profiles */
    CLI_VALUES_WORDS,    /* the words of the option's `words` */
    CLI_VALUES_NAMES,    /* what the option's `name_at` knows */
};

/* What the library knows by the name of the option. */
enum cli_item { CLI_ITEM_NONE, CLI_ITEM_EXTENSION, CLI_ITEM_ATTRIBUTE };

struct cli_option {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* what the value is, for help; NULL: a switch */
    bool global;     /* belongs to every command */
    bool repeatable;
    bool san; /* an alternative name: the library knows its kind by the name of the option */
    enum cli_item item;
    enum cli_values values;
    const char *words;                    /* separated by blanks, for CLI_VALUES_WORDS */
    const char *(*name_at)(size_t index); /* for CLI_VALUES_NAMES: NULL behind the last */
    const char *help;
};

const struct cli_option *cli_option_get(enum cli_option_id id);

#endif
