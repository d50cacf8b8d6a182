// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_PURPOSES_H
#define PC_CSR_LINT_PURPOSES_H

#include "csr/lint/rule.h"

/* Key usages and extended key usages, as the rules of several sets judge them. */

/* Named bits of KeyUsage (RFC 5280 section 4.2.1.3). */
enum {
    PC_USE_DIGITAL_SIGNATURE = 1U << 0,
    PC_USE_NON_REPUDIATION = 1U << 1,
    PC_USE_KEY_ENCIPHERMENT = 1U << 2,
    PC_USE_DATA_ENCIPHERMENT = 1U << 3,
    PC_USE_KEY_AGREEMENT = 1U << 4,
    PC_USE_CERT_SIGN = 1U << 5,
    PC_USE_CRL_SIGN = 1U << 6,
    PC_USE_ENCIPHER_ONLY = 1U << 7,
    PC_USE_DECIPHER_ONLY = 1U << 8,
};

#define PC_EKU_SERVER_AUTH ((struct pc_span)PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x01"))
#define PC_EKU_CLIENT_AUTH ((struct pc_span)PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x02"))
#define PC_EKU_CODE_SIGNING ((struct pc_span)PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x03"))
#define PC_EKU_EMAIL_PROTECTION ((struct pc_span)PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x04"))
#define PC_EKU_TIME_STAMPING ((struct pc_span)PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x08"))
#define PC_EKU_PKINIT_KDC ((struct pc_span)PC_BYTES("\x2b\x06\x01\x05\x02\x03\x05"))
#define PC_EKU_SMARTCARD_LOGON ((struct pc_span)PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x02"))

/* Reports each usage of `bits` as an error, or as a warning: "keyUsage has NAME, WHY". */
PC_RESULT pc_lint_report_usages(struct pc_lint *lint, unsigned bits, bool error, const char *why,
                                p11csr_error **err);

struct pc_lint_purposes {
    const struct pc_span *banned; /* errors */
    size_t banned_count;
    const struct pc_span *allowed; /* all others are warnings */
    size_t allowed_count;
    const char *why_banned; /* ends of sentences */
    const char *why_warned;
};
/* Reports the extended key usages that are asked for and should not be. */
PC_RESULT pc_lint_check_purposes(struct pc_lint *lint, const struct pc_lint_purposes *purposes,
                                 p11csr_error **err);
/* How many are asked for. */
size_t pc_lint_count_purposes(const struct pc_lint *lint);

/* The byte where an extension's value stands; PC_LINT_NOWHERE when it is not asked for. */
size_t pc_lint_extension_at(const struct pc_lint *lint, struct pc_span oid);

#endif
