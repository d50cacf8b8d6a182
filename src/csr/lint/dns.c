// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/dns.h"

#include "base/error.h"
#include "csr/content/host.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63 };

struct pc_span pc_dns_base(struct pc_span name)
{
    const size_t skip = name.len >= 2 && memcmp(name.ptr, "*.", 2) == 0 ? 2 : 0;
    return (struct pc_span){name.ptr + skip, name.len - skip};
}

struct pc_span pc_dns_last_label(struct pc_span name)
{
    const uint8_t *dot = name.len > 0 ? memrchr(name.ptr, '.', name.len) : NULL;
    const size_t skip = dot != NULL ? (size_t)(dot - name.ptr) + 1 : 0;
    return (struct pc_span){name.ptr + skip, name.len - skip};
}

size_t pc_dns_label_count(struct pc_span name)
{
    size_t count = 1;
    for (size_t i = 0; i < name.len; i++) {
        count += name.ptr[i] == '.' ? 1 : 0;
    }
    return count;
}

bool pc_dns_is_below(struct pc_span name, const char *domain)
{
    const size_t len = strlen(domain);
    return name.len >= len && strncasecmp((const char *)name.ptr + (name.len - len), domain, len) == 0 &&
           (name.len == len || name.ptr[name.len - len - 1] == '.');
}

bool pc_dns_has_stray_wildcard(struct pc_span name)
{
    const struct pc_span base = pc_dns_base(name);
    return base.len > 0 && memchr(base.ptr, '*', base.len) != NULL;
}

/* What libidn2 finds wrong with an A-label. */
static struct pc_result check_punycode(struct pc_span label, bool nfc, const char **ret, p11csr_error **err)
{
    char text[LABEL_MAX + 1] = {0};
    char *unicode = NULL;
    uint8_t *ascii = NULL;
    memcpy(text, label.ptr, label.len);
    int result = idn2_to_unicode_8z8z(text, &unicode, 0);
    *ret = result != IDN2_OK ? "has a label behind whose 'xn--' there is no valid Punycode" : NULL;
    if (result == IDN2_OK && nfc) {
        // without IDN2_NFC_INPUT the form is the first thing that is looked at
        result = idn2_lookup_u8((const uint8_t *)unicode, &ascii, IDN2_NO_TR46);
        *ret = result == IDN2_NOT_NFC ? "has an international label that is not in normal form C" : NULL;
        idn2_free(ascii);
    }
    idn2_free(unicode);
    return result == IDN2_MALLOC ? pc_fail_memory(err) : PC_OK;
}

/* One label of LDH characters. */
static struct pc_result check_label(struct pc_span label, bool nfc, const char **ret, p11csr_error **err)
{
    if (label.len < 4 || memcmp(label.ptr + 2, "--", 2) != 0) {
        return PC_OK;
    }
    if (strncasecmp((const char *)label.ptr, "xn", 2) != 0) {
        *ret = "has a label with hyphens at its third and fourth place that does not start with 'xn--'";
        return PC_OK;
    }
    return check_punycode(label, nfc, ret, err);
}

PC_RESULT pc_dns_check(struct pc_span name, bool nfc, const char **ret, p11csr_error **err)
{
    struct pc_buf copy PC_CLEANUP(pc_buf_done) = {0};
    size_t at = 0;
    pc_buf_init(&copy, name.len + 1);
    if (!pc_is_ascii(name)) {
        *ret = "has a character that is not ASCII; international labels are written as xn--...";
        return PC_OK;
    }
    *ret = pc_host_add(name, 0, &copy, &at);
    PC_TRY(pc_buf_check(&copy, err));
    for (size_t start = 0; *ret == NULL && start < name.len;) {
        const uint8_t *dot = memchr(name.ptr + start, '.', name.len - start);
        const size_t end = dot != NULL ? (size_t)(dot - name.ptr) : name.len;
        PC_TRY(check_label((struct pc_span){name.ptr + start, end - start}, nfc, ret, err));
        start = end + 1;
    }
    return PC_OK;
}

const char *pc_dns_onion_fault(struct pc_span name)
{
    enum { V3_LEN = 56 };
    const size_t end = strlen(".onion");
    const struct pc_span above = {name.ptr, name.len > end ? name.len - end : 0};
    const struct pc_span label = pc_dns_last_label(above);
    if (label.len != V3_LEN) {
        return "is no version 3 onion address: 56 characters stand before .onion in those";
    }
    for (size_t i = 0; i < label.len; i++) {
        const uint8_t c = label.ptr[i] | 0x20;
        const bool is_letter = c >= 'a' && c <= 'z';
        if (!is_letter && (label.ptr[i] < '2' || label.ptr[i] > '7')) {
            return "is no version 3 onion address: those are of the letters and the digits 2 to 7";
        }
    }
    // the last five bits of the version, 3, are the last character
    return (label.ptr[V3_LEN - 1] | 0x20) == 'd' ? NULL
                                                 : "is no version 3 onion address: those end with 'd.onion'";
}
