// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_DNS_H
#define PC_CSR_LINT_DNS_H

#include "base/mem.h"

/* The syntax of DNS names as CAs want it, on the octets of a dNSName. */

/* The name without a leading "*.". */
struct pc_span pc_dns_base(struct pc_span name);
/* What stands behind the last dot; the whole name when there is none. */
struct pc_span pc_dns_last_label(struct pc_span name);
size_t pc_dns_label_count(struct pc_span name);
/* True for a name that is `domain` or lies below it; in any case of letters. */
bool pc_dns_is_below(struct pc_span name, const char *domain);
/* True when there is a '*' besides a leading "*.". */
bool pc_dns_has_stray_wildcard(struct pc_span name);
/*
 * *ret is what is wrong with the labels of a name without wildcard, as the end of a sentence, or NULL: LDH
 * labels of at most 63 octets, 253 in all, no trailing dot; "??--" only as "xn--" with valid Punycode behind
 * it, the text of which is in normal form C when `nfc` is set. Errors: NO_MEMORY.
 */
PC_RESULT pc_dns_check(struct pc_span name, bool nfc, const char **ret, p11csr_error **err);
/* What is wrong with a name below .onion, as the end of a sentence, or NULL (Tor's rend-spec-v3). */
const char *pc_dns_onion_fault(struct pc_span name);

#endif
