// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_COMMON_H
#define PC_CSR_LINT_COMMON_H

#include "csr/lint/data.h"
#include "csr/lint/rule.h"

/* What the rules of several sets share. */

/* Tags of GeneralName. */
enum {
    PC_TAG_OTHER_NAME = 0xA0,
    PC_TAG_EMAIL = 0x81,
    PC_TAG_DNS = 0x82,
    PC_TAG_DIRECTORY_NAME = 0xA4,
    PC_TAG_URI = 0x86,
    PC_TAG_IP = 0x87,
};

/* Reports "WHAT 'VALUE' FAULT" at the place of the value, which lies in the request. */
PC_RESULT pc_lint_fault(struct pc_lint *lint, const char *what, struct pc_span value, const char *fault,
                        p11csr_error **err);
/* The next alternative name of this tag from *at on, which is moved behind it; NULL: there is no more. */
const struct pc_general_name *pc_lint_next_san(const struct pc_lint *lint, unsigned tag, size_t *at);
/* The next attribute of the subject of this type, like "CN". */
const struct pc_name_part *pc_lint_next_name(const struct pc_lint *lint, const char *type, size_t *at);
size_t pc_lint_name_count_of(const struct pc_lint *lint, const char *type);
/* True for an alternative name of 4 or 16 octets that is an IP address. */
bool pc_lint_is_address(const struct pc_general_name *san);
/* Appends the address as people write it: dotted, or as RFC 5952 wants it. */
PC_RESULT pc_lint_format_address(const struct pc_general_name *san, struct pc_buf *ret, p11csr_error **err);
/* True when the whole text is an IPv4 or IPv6 address. */
bool pc_lint_is_address_text(struct pc_span text);
/* True when the key is on this curve. */
bool pc_lint_is_curve(const struct pc_lint *lint, enum pc_keyspec_id id);
/* How findings name a list that they rest on: by its date, by its path where it has none. */
const char *pc_lint_list_name(const struct pc_lint *lint, enum pc_lint_list list);
/* Reports as not judged that a list is not there, and where it is wanted. */
PC_RESULT pc_lint_no_list(struct pc_lint *lint, enum pc_lint_list list, p11csr_error **err);

/*
 * Checks of an RSA modulus, which do nothing for other keys; they report what they find by the rule that is
 * being checked. One that is longer than PC_WEAK_MAX_BITS is not judged.
 */
PC_RESULT pc_lint_check_factors(struct pc_lint *lint, p11csr_error **err);
PC_RESULT pc_lint_check_roca(struct pc_lint *lint, p11csr_error **err);
PC_RESULT pc_lint_check_close_primes(struct pc_lint *lint, unsigned rounds, p11csr_error **err);
/* Whether the key is in a list of weak keys: those of Debian for RSA, those that are blocked for any. */
PC_RESULT pc_lint_check_listed(struct pc_lint *lint, p11csr_error **err);

#endif
