// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/common.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/weak_key.h"

#include <arpa/inet.h>
#include <string.h>

PC_RESULT pc_lint_fault(struct pc_lint *lint, const char *what, struct pc_span value, const char *fault,
                        p11csr_error **err)
{
    char *quoted PC_CLEANUP(pc_free_str) = pc_lint_quote(value);
    if (quoted == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(lint, pc_lint_at(lint, value), err, "%s %s %s", what, quoted, fault);
}

const struct pc_general_name *pc_lint_next_san(const struct pc_lint *lint, unsigned tag, size_t *at)
{
    while (*at < pc_lint_san_count(lint)) {
        const struct pc_general_name *san = pc_lint_san(lint, (*at)++);
        if (san->tag == tag) {
            return san;
        }
    }
    return NULL;
}

const struct pc_name_part *pc_lint_next_name(const struct pc_lint *lint, const char *type, size_t *at)
{
    while (*at < pc_lint_name_count(lint)) {
        const struct pc_name_part *part = pc_lint_name(lint, (*at)++);
        if (part->type != NULL && strcmp(part->type, type) == 0) {
            return part;
        }
    }
    return NULL;
}

size_t pc_lint_name_count_of(const struct pc_lint *lint, const char *type)
{
    size_t count = 0;
    for (size_t at = 0; pc_lint_next_name(lint, type, &at) != NULL;) {
        count++;
    }
    return count;
}

bool pc_lint_is_address(const struct pc_general_name *san)
{
    return san->tag == PC_TAG_IP && (san->content.len == 4 || san->content.len == 16);
}

PC_RESULT pc_lint_format_address(const struct pc_general_name *san, struct pc_buf *ret, p11csr_error **err)
{
    return pc_san_format((struct pc_san){PC_SAN_IP, san->content}, ret, err);
}

bool pc_lint_is_address_text(struct pc_span text)
{
    char copy[INET6_ADDRSTRLEN] = {0};
    uint8_t address[16];
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    return inet_pton(AF_INET, copy, address) == 1 || inet_pton(AF_INET6, copy, address) == 1;
}

bool pc_lint_is_curve(const struct pc_lint *lint, enum pc_keyspec_id id)
{
    return pc_span_eq(lint->key.params, pc_keyspec_get(id)->ec_params);
}

const char *pc_lint_list_name(const struct pc_lint *lint, enum pc_lint_list list)
{
    const char *date = pc_lint_list_date(lint->options->data, list);
    return date[0] != 0 ? date : pc_lint_list_path(lint->options->data, list);
}

PC_RESULT pc_lint_no_list(struct pc_lint *lint, enum pc_lint_list list, p11csr_error **err)
{
    return pc_lint_not_judged(lint, err, "not checked: there is no file '%s' (%s)",
                              pc_lint_list_path(lint->options->data, list), pc_lint_list_what(list));
}

/* False when the modulus is none that can be looked into; *ret is what came of saying so. */
static bool can_look(struct pc_lint *lint, struct pc_result *ret, p11csr_error **err)
{
    *ret = PC_OK;
    if (lint->key.is_rsa && lint->key.bits > PC_WEAK_MAX_BITS) {
        *ret = pc_lint_not_judged(lint, err,
                                  "not checked: a modulus of %u bits is too long to look into (limit: %d)",
                                  lint->key.bits, PC_WEAK_MAX_BITS);
    }
    return lint->key.is_rsa && lint->key.bits <= PC_WEAK_MAX_BITS;
}

PC_RESULT pc_lint_check_factors(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_result result;
    unsigned found = 0;
    if (!can_look(lint, &result, err)) {
        return result;
    }
    const size_t at = pc_lint_at(lint, lint->key.modulus);
    PC_TRY(pc_weak_small_factor(lint->key.modulus, &found, err));
    if (found != 0) {
        return pc_lint_report(lint, at, err,
                              "the modulus can be divided by %u: it may have no factor below %d", found,
                              PC_WEAK_FACTORS);
    }
    PC_TRY(pc_weak_power(lint->key.modulus, &found, err));
    if (found == 1) {
        return pc_lint_report(lint, at, err, "the modulus is a prime, not a product of two");
    }
    return found == 0 ? PC_OK
                      : pc_lint_report(lint, at, err, "the modulus is a power, with the exponent %u", found);
}

PC_RESULT pc_lint_check_roca(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_result result;
    bool found = false;
    if (!can_look(lint, &result, err)) {
        return result;
    }
    PC_TRY(pc_weak_roca(lint->key.modulus, &found, err));
    return !found
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, lint->key.modulus), err,
                                "the modulus has the print of ROCA (CVE-2017-15361): the private key can be "
                                "computed");
}

PC_RESULT pc_lint_check_close_primes(struct pc_lint *lint, unsigned rounds, p11csr_error **err)
{
    struct pc_result result;
    unsigned found = 0;
    if (!can_look(lint, &result, err)) {
        return result;
    }
    PC_TRY(pc_weak_close_primes(lint->key.modulus, rounds, &found, err));
    return found == 0 ? PC_OK
                      : pc_lint_report(lint, pc_lint_at(lint, lint->key.modulus), err,
                                       "the two primes lie so close together that Fermat's method finds them "
                                       "in round %u of %u",
                                       found, rounds);
}

static struct pc_result check_blocked(struct pc_lint *lint, enum pc_listed *ret, p11csr_error **err)
{
    struct pc_lint_data *data = lint->options->data;
    PC_TRY(pc_lint_is_blocked_key(data, lint->crypto, lint->csr->spki, ret, err));
    return *ret != PC_LISTED_YES ? PC_OK
                                 : pc_lint_report(lint, pc_lint_at(lint, lint->csr->spki), err,
                                                  "the key is one of those that '%s' blocks",
                                                  pc_lint_list_path(data, PC_LIST_BLOCKED));
}

static struct pc_result check_debian(struct pc_lint *lint, p11csr_error **err)
{
    const enum pc_lint_list list = pc_lint_debian_list(lint->key.bits);
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    if (list == PC_LIST_COUNT) {
        return pc_lint_not_judged(lint, err, "not checked: there is no list of Debian's weak keys of %u bits",
                                  lint->key.bits);
    }
    PC_TRY(pc_lint_is_debian_key(lint->options->data, lint->crypto, lint->key.modulus, &answer, err));
    if (answer == PC_LISTED_UNKNOWN) {
        return pc_lint_no_list(lint, list, err);
    }
    return answer == PC_LISTED_NO
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, lint->key.modulus), err,
                                "the key is one of Debian's weak keys (CVE-2008-0166): '%s' has it",
                                pc_lint_list_path(lint->options->data, list));
}

PC_RESULT pc_lint_check_listed(struct pc_lint *lint, p11csr_error **err)
{
    enum pc_listed blocked = PC_LISTED_UNKNOWN;
    PC_TRY(check_blocked(lint, &blocked, err));
    if (blocked == PC_LISTED_YES) {
        return PC_OK;
    }
    if (lint->key.is_rsa) {
        return check_debian(lint, err);
    }
    return blocked == PC_LISTED_NO ? PC_OK : pc_lint_no_list(lint, PC_LIST_BLOCKED, err);
}
