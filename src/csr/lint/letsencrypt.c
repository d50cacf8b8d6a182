// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/common.h"
#include "csr/lint/dns.h"
#include "csr/lint/oids.h"
#include "csr/lint/rule_functions.h"
#include "csr/lint/weak_key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What Let's Encrypt takes: its CP/CPS and its CA program, boulder. */

enum { FERMAT_ROUNDS = 110, MOST_NAMES = 100, MOST_LABELS = 10, MOST_COMMON_NAME = 64 };

static struct pc_result check_rsa(struct pc_lint *lint, p11csr_error **err)
{
    static const uint8_t usual[] = {1, 0, 1};
    const struct pc_lint_key *key = &lint->key;
    if (key->bits != 2048 && key->bits != 3072 && key->bits != 4096) {
        PC_TRY(pc_lint_report(lint, pc_lint_at(lint, key->modulus), err,
                              "the RSA key has %u bits; 2048, 3072 and 4096 are taken", key->bits));
    }
    return pc_span_eq(key->exponent, PC_SPAN(usual))
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, key->exponent), err, "the RSA exponent is not 65537");
}

PC_RESULT pc_lint_le_key(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_lint_key *key = &lint->key;
    if (key->oid.len == 0) { // what cannot be read is told by the structure set
        return PC_OK;
    }
    if (pc_span_eq(key->oid, PC_OID_RSA) && key->is_rsa) {
        return check_rsa(lint, err);
    }
    if (pc_span_eq(key->oid, PC_OID_EC) &&
        (pc_lint_is_curve(lint, PC_KEYSPEC_P256) || pc_lint_is_curve(lint, PC_KEYSPEC_P384))) {
        return PC_OK;
    }
    return pc_lint_report(lint, pc_lint_at(lint, key->aid), err,
                          "the key is none of RSA, P-256 and P-384, which are taken");
}

PC_RESULT pc_lint_le_signature(struct pc_lint *lint, p11csr_error **err)
{
    static const enum pc_scheme_id taken[] = {
        PC_SCHEME_RSA_PKCS1_SHA256, PC_SCHEME_RSA_PKCS1_SHA384, PC_SCHEME_RSA_PKCS1_SHA512,
        PC_SCHEME_ECDSA_SHA256,     PC_SCHEME_ECDSA_SHA384,     PC_SCHEME_ECDSA_SHA512,
    };
    const struct pc_scheme *scheme = lint->signature.scheme;
    for (size_t i = 0; scheme != NULL && i < PC_ARRAY_LEN(taken); i++) {
        if (scheme->id == taken[i]) {
            return PC_OK;
        }
    }
    if (lint->signature.oid.len == 0) {
        return PC_OK;
    }
    char *oid PC_CLEANUP(pc_free_str) = pc_lint_oid_text(lint->signature.oid);
    if (oid == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(
        lint, pc_lint_at(lint, lint->signature.oid), err,
        "the signature is %s; ECDSA and RSA PKCS #1 with SHA-256, SHA-384 and SHA-512 are taken",
        scheme != NULL ? scheme->name : oid);
}

PC_RESULT pc_lint_le_name_kinds(struct pc_lint *lint, p11csr_error **err)
{
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        if (san->tag == PC_TAG_EMAIL || san->tag == PC_TAG_URI) {
            PC_TRY(pc_lint_fault(lint, san->tag == PC_TAG_URI ? "the URI" : "the email address", san->content,
                                 "is an alternative name that has the request refused", err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_lint_le_address_name(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_name_part *part = NULL;
    for (size_t at = 0; (part = pc_lint_next_name(lint, "CN", &at)) != NULL;) {
        if (pc_lint_is_address_text(part->value)) {
            PC_TRY(pc_lint_fault(lint, "the common name", part->value, "is an IP address", err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_lint_le_long_name(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_name_part *part = NULL;
    for (size_t at = 0; (part = pc_lint_next_name(lint, "CN", &at)) != NULL;) {
        if (part->value.len > MOST_COMMON_NAME) {
            PC_TRY(pc_lint_fault(lint, "the common name", part->value,
                                 "has more than 64 octets, and is left out of the certificate", err));
        }
    }
    return PC_OK;
}

/* A name that is counted once, whatever the case of its letters. */
struct identifier {
    unsigned tag;
    struct pc_span octets;
};

static int compare(const void *a, const void *b)
{
    const struct identifier *left = a;
    const struct identifier *right = b;
    if (left->tag != right->tag || left->octets.len != right->octets.len) {
        return left->tag != right->tag
                   ? (left->tag > right->tag) - (left->tag < right->tag)
                   : (left->octets.len > right->octets.len) - (left->octets.len < right->octets.len);
    }
    return left->tag == PC_TAG_IP || left->octets.len == 0
               ? memcmp(left->octets.ptr, right->octets.ptr, left->octets.len)
               : strncasecmp((const char *)left->octets.ptr, (const char *)right->octets.ptr,
                             left->octets.len);
}

/* The dNSNames, addresses and the common name that an order would have to name. */
static size_t gather(const struct pc_lint *lint, struct identifier *ret)
{
    const struct pc_name_part *part = NULL;
    size_t count = 0;
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        if (san->tag == PC_TAG_DNS || san->tag == PC_TAG_IP) {
            ret[count++] = (struct identifier){san->tag, san->content};
        }
    }
    for (size_t at = 0; (part = pc_lint_next_name(lint, "CN", &at)) != NULL;) {
        if (part->value.len > 0 && part->value.len <= MOST_COMMON_NAME &&
            !pc_lint_is_address_text(part->value)) {
            ret[count++] = (struct identifier){PC_TAG_DNS, part->value};
        }
    }
    return count;
}

static void free_identifiers(struct identifier **list)
{
    pc_release(*list);
}

PC_RESULT pc_lint_le_count(struct pc_lint *lint, p11csr_error **err)
{
    const size_t room = pc_lint_san_count(lint) + pc_lint_name_count(lint) + 1;
    struct identifier *list PC_CLEANUP(free_identifiers) = pc_alloc_array(room, sizeof(*list));
    if (list == NULL) {
        return pc_fail_memory(err);
    }
    const size_t all = gather(lint, list);
    size_t count = all > 0 ? 1 : 0;
    qsort(list, all, sizeof(*list), compare);
    for (size_t i = 1; i < all; i++) {
        count += compare(&list[i - 1], &list[i]) != 0 ? 1 : 0;
    }
    if (count == 0) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err,
                              "there is no name: neither dNSName, iPAddress nor CN");
    }
    if (count > MOST_NAMES) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err, "there are %zu different names, and may be %d",
                              count, MOST_NAMES);
    }
    return pc_lint_not_judged(
        lint, err,
        "not judged: the %zu name%s must be those of the order, and the order's profile may "
        "allow fewer, and no addresses",
        count, count == 1 ? "" : "s");
}

PC_RESULT pc_lint_le_must_staple(struct pc_lint *lint, p11csr_error **err)
{
    static const uint8_t status_request[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    const struct pc_extension *ext = pc_lint_extension_find(lint, PC_OID_TLS_FEATURE);
    return ext == NULL || !pc_span_eq(ext->value, PC_SPAN(status_request))
               ? PC_OK
               : pc_lint_report(
                     lint, pc_lint_at(lint, ext->oid), err,
                     "the request asks for must-staple (TLS feature status_request), and is refused");
}

PC_RESULT pc_lint_le_account_key(struct pc_lint *lint, p11csr_error **err)
{
    return pc_lint_not_judged(lint, err, "not judged: the key may not be the one of the ACME account");
}

PC_RESULT pc_lint_le_weak_key(struct pc_lint *lint, p11csr_error **err)
{
    if (lint->key.oid.len == 0 || lint->key.bits > PC_WEAK_MAX_BITS) { // refused for its size
        return PC_OK;
    }
    PC_TRY(pc_lint_check_factors(lint, err));
    PC_TRY(pc_lint_check_roca(lint, err));
    PC_TRY(pc_lint_check_close_primes(lint, FERMAT_ROUNDS, err));
    return pc_lint_check_listed(lint, err);
}

/* What is wrong with a name that is well-formed otherwise: where it ends. */
static struct pc_result check_suffix(struct pc_lint *lint, struct pc_span name, bool *missing,
                                     const char **ret, p11csr_error **err)
{
    const struct pc_span base = pc_dns_base(name);
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    size_t len = 0;
    PC_TRY(pc_lint_public_suffix(lint->options->data, base, &len, &answer, err));
    *missing = *missing || answer == PC_LISTED_UNKNOWN;
    if (answer == PC_LISTED_NO) {
        *ret = "does not end with a public suffix";
    } else if (answer == PC_LISTED_YES && len == base.len) {
        *ret =
            base.len < name.len ? "is a wildcard right before a public suffix" : "is a public suffix itself";
    }
    return PC_OK;
}

static struct pc_result check_dns(struct pc_lint *lint, struct pc_span name, bool *missing, const char **ret,
                                  p11csr_error **err)
{
    const struct pc_span base = pc_dns_base(name);
    const size_t labels = pc_dns_label_count(base);
    if (pc_dns_has_stray_wildcard(name)) {
        *ret = "has a '*' that is not its whole first label";
    } else if (pc_lint_is_address_text(base)) {
        *ret = "is an IP address";
    } else {
        PC_TRY(pc_dns_check(base, true, ret, err));
    }
    if (*ret == NULL && (labels < 2 || labels > MOST_LABELS)) {
        *ret = labels < 2 ? "has no dot" : "has more than 10 labels";
    }
    return *ret != NULL ? PC_OK : check_suffix(lint, name, missing, ret, err);
}

PC_RESULT pc_lint_le_names(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_general_name *san = NULL;
    bool missing = false;
    PC_TRY(pc_lint_tls_address(lint, err));
    for (size_t at = 0; (san = pc_lint_next_san(lint, PC_TAG_DNS, &at)) != NULL;) {
        const char *fault = NULL;
        PC_TRY(check_dns(lint, san->content, &missing, &fault, err));
        if (fault != NULL) {
            PC_TRY(pc_lint_fault(lint, "the dNSName", san->content, fault, err));
        }
    }
    return missing ? pc_lint_no_list(lint, PC_LIST_SUFFIXES, err) : PC_OK;
}

PC_RESULT pc_lint_le_ignored(struct pc_lint *lint, p11csr_error **err)
{
    for (size_t i = 0; i < pc_lint_extension_count(lint); i++) {
        const struct pc_extension *ext = pc_lint_extension(lint, i);
        if (pc_span_eq(ext->oid, PC_OID_SAN) || pc_span_eq(ext->oid, PC_OID_TLS_FEATURE)) {
            continue;
        }
        char *oid PC_CLEANUP(pc_free_str) = pc_lint_oid_text(ext->oid);
        if (oid == NULL) {
            return pc_fail_memory(err);
        }
        PC_TRY(pc_lint_report(lint, pc_lint_at(lint, ext->oid), err, "the extension %s is ignored%s",
                              ext->name != NULL ? ext->name : oid,
                              pc_span_eq(ext->oid, PC_OID_EXT_KEY_USAGE) ? ": the certificate has serverAuth"
                                                                         : ""));
    }
    return PC_OK;
}
