// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/common.h"
#include "csr/lint/dns.h"
#include "csr/lint/oids.h"
#include "csr/lint/rule_functions.h"

#include <string.h>

/* TLS Baseline Requirements on the names that a certificate is for. */

/* True when the text is, octet for octet, a dNSName, or an address as its standard writes it. */
static struct pc_result is_alternative_name(const struct pc_lint *lint, struct pc_span text, bool *ret,
                                            p11csr_error **err)
{
    *ret = false;
    for (size_t i = 0; i < pc_lint_san_count(lint) && !*ret; i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        struct pc_buf address PC_CLEANUP(pc_buf_done) = {0};
        if (pc_lint_is_address(san)) {
            pc_buf_init(&address, PC_MAX_SAN_TEXT);
            PC_TRY(pc_lint_format_address(san, &address, err));
            *ret = pc_span_eq(pc_buf_span(&address), text);
        } else if (san->tag == PC_TAG_DNS) {
            *ret = pc_span_eq(san->content, text);
        }
    }
    return PC_OK;
}

static struct pc_result check_common_name(struct pc_lint *lint, const struct pc_name_part *part,
                                          p11csr_error **err)
{
    const bool is_text = part->tag == PC_DER_UTF8_STRING || part->tag == PC_DER_PRINTABLE_STRING;
    bool found = false;
    PC_TRY(is_alternative_name(lint, part->value, &found, err));
    return found && is_text
               ? PC_OK
               : pc_lint_fault(lint, "the common name", part->value,
                               "is not one of the alternative names, character for character", err);
}

PC_RESULT pc_lint_tls_common_name(struct pc_lint *lint, p11csr_error **err)
{
    const size_t count = pc_lint_name_count_of(lint, "CN");
    size_t at = 0;
    if (count > 0) { // that there are more is wrong by itself
        PC_TRY(check_common_name(lint, pc_lint_next_name(lint, "CN", &at), err));
    }
    if (count > 1) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err, "there are %zu common names, and may be one",
                              count);
    }
    return count == 0
               ? PC_OK
               : pc_lint_warn(lint, PC_LINT_NOWHERE, err, "there is a common name, which is not recommended");
}

PC_RESULT pc_lint_tls_name_kinds(struct pc_lint *lint, p11csr_error **err)
{
    size_t good = 0;
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        if (san->tag == PC_TAG_DNS || san->tag == PC_TAG_IP) {
            good++;
            continue;
        }
        PC_TRY(pc_lint_report(
            lint, pc_lint_at(lint, san->whole), err,
            "there is an alternative name of the kind %s; allowed are dNSName and iPAddress", san->kind));
    }
    return good > 0 ? PC_OK
                    : pc_lint_report(lint, PC_LINT_NOWHERE, err,
                                     "there is no alternative name that is a dNSName or iPAddress");
}

PC_RESULT pc_lint_tls_dns_syntax(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_general_name *san = NULL;
    for (size_t at = 0; (san = pc_lint_next_san(lint, PC_TAG_DNS, &at)) != NULL;) {
        const char *fault = NULL;
        if (!pc_dns_has_stray_wildcard(san->content)) { // a rule of its own
            PC_TRY(pc_dns_check(pc_dns_base(san->content), false, &fault, err));
        }
        if (fault != NULL) {
            PC_TRY(pc_lint_fault(lint, "the dNSName", san->content, fault, err));
        }
    }
    return PC_OK;
}

/* A name with "*." in front. */
static struct pc_result check_wildcard(struct pc_lint *lint, struct pc_span name, bool *missing,
                                       p11csr_error **err)
{
    const struct pc_span base = pc_dns_base(name);
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    size_t len = 0;
    PC_TRY(pc_lint_public_suffix(lint->options->data, base, &len, &answer, err));
    *missing = *missing || answer == PC_LISTED_UNKNOWN;
    if (base.len == 0 || (answer == PC_LISTED_YES && len == base.len)) {
        return pc_lint_fault(lint, "the dNSName", name, "is a wildcard right before a public suffix", err);
    }
    return PC_OK;
}

PC_RESULT pc_lint_tls_wildcard(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_general_name *san = NULL;
    bool missing = false;
    for (size_t at = 0; (san = pc_lint_next_san(lint, PC_TAG_DNS, &at)) != NULL;) {
        if (pc_dns_has_stray_wildcard(san->content)) {
            PC_TRY(pc_lint_fault(lint, "the dNSName", san->content,
                                 "has a '*' that is not its whole first label", err));
        } else if (pc_dns_base(san->content).len < san->content.len) {
            PC_TRY(check_wildcard(lint, san->content, &missing, err));
        }
    }
    return missing ? pc_lint_no_list(lint, PC_LIST_SUFFIXES, err) : PC_OK;
}

static struct pc_result report_internal(struct pc_lint *lint, struct pc_span name, p11csr_error **err)
{
    char *quoted PC_CLEANUP(pc_free_str) = pc_lint_quote(name);
    if (quoted == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(
        lint, pc_lint_at(lint, name), err,
        "the dNSName %s is an internal name: it does not end with a top-level domain of the "
        "Internet (list of %s)",
        quoted, pc_lint_list_name(lint, PC_LIST_TLDS));
}

/* What is told without a list: one label, or below what is set aside (RFC 6761, RFC 6762, and ICANN). */
static bool is_never_public(struct pc_span name)
{
    static const char *const reserved[] = {"local", "localhost", "internal"};
    for (size_t i = 0; i < PC_ARRAY_LEN(reserved); i++) {
        if (pc_dns_is_below(name, reserved[i])) {
            return true;
        }
    }
    return name.len > 0 && memchr(name.ptr, '.', name.len) == NULL;
}

/* A name that is not below .onion, which is in no list. */
static struct pc_result check_tld(struct pc_lint *lint, struct pc_span name, bool *missing,
                                  p11csr_error **err)
{
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    if (pc_dns_is_below(name, "in-addr.arpa") || pc_dns_is_below(name, "ip6.arpa")) {
        return pc_lint_fault(lint, "the dNSName", name, "lies in a zone that maps addresses back to names",
                             err);
    }
    PC_TRY(pc_lint_is_tld(lint->options->data, pc_dns_last_label(name), &answer, err));
    if (answer == PC_LISTED_UNKNOWN && is_never_public(name)) {
        return pc_lint_fault(lint, "the dNSName", name,
                             "is an internal name, which nobody owns on the Internet", err);
    }
    *missing = *missing || answer == PC_LISTED_UNKNOWN;
    return answer == PC_LISTED_NO ? report_internal(lint, name, err) : PC_OK;
}

PC_RESULT pc_lint_tls_internal_name(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_general_name *san = NULL;
    bool missing = false;
    for (size_t at = 0; (san = pc_lint_next_san(lint, PC_TAG_DNS, &at)) != NULL;) {
        if (!pc_dns_is_below(san->content, "onion")) {
            PC_TRY(check_tld(lint, san->content, &missing, err));
        }
    }
    return missing ? pc_lint_no_list(lint, PC_LIST_TLDS, err) : PC_OK;
}

static struct pc_result report_address(struct pc_lint *lint, const struct pc_general_name *san,
                                       const struct pc_address_block *block, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *address PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&text, PC_MAX_SAN_TEXT);
    PC_TRY(pc_lint_format_address(san, &text, err));
    PC_TRY(pc_buf_take_text(&text, &address, err));
    return pc_lint_report(lint, pc_lint_at(lint, san->whole), err,
                          "the iPAddress %s is for a special purpose: %s (list of %s)", address, block->name,
                          pc_lint_list_name(lint, PC_LIST_ADDRESSES));
}

PC_RESULT pc_lint_tls_address(struct pc_lint *lint, p11csr_error **err)
{
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        const struct pc_address_block *block = NULL;
        if (pc_lint_is_address(san)) {
            PC_TRY(pc_lint_special_address(lint->options->data, san->content, &block, err));
        }
        if (block != NULL) {
            PC_TRY(report_address(lint, san, block, err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_lint_tls_onion(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_general_name *san = NULL;
    for (size_t at = 0; (san = pc_lint_next_san(lint, PC_TAG_DNS, &at)) != NULL;) {
        const struct pc_span name = pc_dns_base(san->content);
        const char *fault = pc_dns_is_below(name, "onion") ? pc_dns_onion_fault(name) : NULL;
        if (fault != NULL) {
            PC_TRY(pc_lint_fault(lint, "the dNSName", san->content, fault, err));
        }
    }
    return PC_OK;
}
