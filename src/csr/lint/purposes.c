// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/purposes.h"

#include "base/error.h"
#include "csr/lint/oids.h"

size_t pc_lint_extension_at(const struct pc_lint *lint, struct pc_span oid)
{
    const struct pc_extension *ext = pc_lint_extension_find(lint, oid);
    return ext != NULL ? pc_lint_at(lint, ext->value) : PC_LINT_NOWHERE;
}

PC_RESULT pc_lint_report_usages(struct pc_lint *lint, unsigned bits, bool error, const char *why,
                                p11csr_error **err)
{
    const size_t at = pc_lint_extension_at(lint, PC_OID_KEY_USAGE);
    for (unsigned bit = 0; bit < PC_KEY_USAGE_COUNT; bit++) {
        const char *name = pc_key_usage_name(bit);
        if ((bits >> bit & 1U) != 0) {
            PC_TRY(error ? pc_lint_report(lint, at, err, "keyUsage has %s, %s", name, why)
                         : pc_lint_warn(lint, at, err, "keyUsage has %s, %s", name, why));
        }
    }
    return PC_OK;
}

static bool is_one_of(const struct pc_span *list, size_t count, struct pc_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (pc_span_eq(list[i], oid)) {
            return true;
        }
    }
    return false;
}

static struct pc_result check_purpose(struct pc_lint *lint, const struct pc_lint_purposes *purposes,
                                      struct pc_span oid, p11csr_error **err)
{
    const size_t at = pc_lint_extension_at(lint, PC_OID_EXT_KEY_USAGE);
    const bool banned = is_one_of(purposes->banned, purposes->banned_count, oid);
    if (!banned && is_one_of(purposes->allowed, purposes->allowed_count, oid)) {
        return PC_OK;
    }
    char *text PC_CLEANUP(pc_free_str) = pc_lint_oid_text(oid);
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    const char *name = pc_eku_name(oid) != NULL ? pc_eku_name(oid) : text;
    return banned ? pc_lint_report(lint, at, err, "extKeyUsage has %s, %s", name, purposes->why_banned)
                  : pc_lint_warn(lint, at, err, "extKeyUsage has %s, %s", name, purposes->why_warned);
}

PC_RESULT pc_lint_check_purposes(struct pc_lint *lint, const struct pc_lint_purposes *purposes,
                                 p11csr_error **err)
{
    struct pc_der in = pc_der_over(pc_buf_span(&lint->content.ekus));
    struct pc_der_value value;
    while (!pc_der_at_end(&in)) {
        PC_TRY(pc_der_next(&in, &value, err));
        PC_TRY(check_purpose(lint, purposes, value.content, err));
    }
    return PC_OK;
}

size_t pc_lint_count_purposes(const struct pc_lint *lint)
{
    struct pc_der in = pc_der_over(pc_buf_span(&lint->content.ekus));
    struct pc_der_value value;
    size_t count = 0;
    while (!pc_der_at_end(&in) && pc_is_ok(pc_der_next(&in, &value, NULL))) {
        count++;
    }
    return count;
}
