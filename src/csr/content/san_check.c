// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/san.h"

#include <arpa/inet.h>
#include <string.h>

enum { HOST_MAX = 253, LABEL_MAX = 63, LOCAL_PART_MAX = 64, MAILBOX_MAX = 254 };

static const char not_ascii[] =
    "has a character that is not ASCII (international labels are written as xn--...)";

static const char *host_char_fault(uint8_t c)
{
    if (pc_ascii_is_alnum((char)c) || c == '-') {
        return NULL;
    }
    if (c > 0x7F) {
        return not_ascii;
    }
    if (c == '*') {
        return "has a '*' that is not its whole first label";
    }
    return c == '_' ? "has an underscore, which host names do not have"
                    : "has a character that host names do not have";
}

/* One label of a host name: `at` is its first octet, *ret_at where the fault or its end is. */
static const char *label_fault(struct pc_span host, size_t at, size_t *ret_at)
{
    size_t end = at;
    for (; end < host.len && host.ptr[end] != '.'; end++) {
        const char *fault = host_char_fault(host.ptr[end]);
        *ret_at = end;
        if (fault != NULL) {
            return fault;
        }
    }
    *ret_at = at;
    if (end == at) {
        return at > 0 && at == host.len ? "ends with a dot" : "has an empty label";
    }
    if (end - at > LABEL_MAX) {
        return "has a label of more than 63 octets";
    }
    if (host.ptr[at] == '-' || host.ptr[end - 1] == '-') {
        return "has a label that starts or ends with a hyphen";
    }
    *ret_at = end;
    return NULL;
}

/* A host name of LDH labels (RFC 5890 section 2.3.1), starting at octet `from` of the text. */
static const char *host_fault(struct pc_span text, size_t from, size_t *ret_at)
{
    *ret_at = from;
    if (text.len == from) {
        return "has no host name";
    }
    if (text.len - from > HOST_MAX) {
        return "has a host name of more than 253 octets";
    }
    for (size_t at = from;; at = *ret_at + 1) {
        const char *fault = label_fault(text, at, ret_at);
        if (fault != NULL || *ret_at == text.len) {
            return fault;
        }
    }
}

static bool is_ipv4(struct pc_span text)
{
    char copy[INET_ADDRSTRLEN] = {0};
    struct in_addr address;
    if (text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    return inet_pton(AF_INET, copy, &address) == 1;
}

const char *pc_san_dns_fault(struct pc_span text, size_t *ret_at)
{
    *ret_at = 0;
    if (text.len == 0) {
        return "is empty";
    }
    if (text.len > HOST_MAX) {
        return "is longer than 253 octets";
    }
    if (is_ipv4(text)) {
        return "is an IP address, which is another kind of name (ip)";
    }
    return host_fault(text, text.len > 2 && memcmp(text.ptr, "*.", 2) == 0 ? 2 : 0, ret_at);
}

/* Dot-atom of RFC 5322 section 3.2.3, the local part of a mailbox. */
static const char *local_part_fault(struct pc_span local, size_t *ret_at)
{
    if (local.len == 0 || local.len > LOCAL_PART_MAX) {
        *ret_at = 0;
        return local.len == 0 ? "has nothing before the '@'" : "has a local part of more than 64 octets";
    }
    for (size_t i = 0; i < local.len; i++) {
        const char c = (char)local.ptr[i];
        *ret_at = i;
        if (local.ptr[i] > 0x7F) {
            return "has a local part that is not ASCII, which an rfc822Name cannot hold (RFC 9598)";
        }
        if (c == '.' && (i == 0 || i == local.len - 1 || local.ptr[i - 1] == '.')) {
            return "has a dot in the wrong place";
        }
        if (c != '.' &&
            (c <= 0x20 || c == 0x7F || (!pc_ascii_is_alnum(c) && strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL))) {
            return "has a character that addresses do not have";
        }
    }
    return NULL;
}

const char *pc_san_email_fault(struct pc_span text, size_t *ret_at)
{
    const uint8_t *sign = text.len > 0 ? memrchr(text.ptr, '@', text.len) : NULL;
    *ret_at = 0;
    if (sign == NULL) {
        return "has no '@'";
    }
    if (text.len > MAILBOX_MAX) {
        return "is longer than 254 octets";
    }
    const size_t local_len = (size_t)(sign - text.ptr);
    const char *fault = local_part_fault((struct pc_span){text.ptr, local_len}, ret_at);
    return fault != NULL ? fault : host_fault(text, local_len + 1, ret_at);
}

/* Length of the scheme in front of the colon, or 0 (RFC 3986 section 3.1). */
static size_t scheme_len(struct pc_span text)
{
    size_t len = 0;
    while (len < text.len &&
           (pc_ascii_is_alnum((char)text.ptr[len]) || strchr("+-.", text.ptr[len]) != NULL) &&
           text.ptr[len] != 0) {
        len++;
    }
    const bool valid =
        len > 0 && len < text.len && text.ptr[len] == ':' && pc_ascii_is_alpha((char)text.ptr[0]);
    return valid ? len : 0;
}

/* One character of a URI (RFC 3986 section 2); *at is moved past it. */
static const char *uri_char_fault(struct pc_span text, size_t *at)
{
    const char c = (char)text.ptr[*at];
    if (c == '%') {
        const bool hex = text.len - *at > 2 && pc_hex_digit((char)text.ptr[*at + 1]) >= 0 &&
                         pc_hex_digit((char)text.ptr[*at + 2]) >= 0;
        *at += 3;
        return hex ? NULL : "has a '%' without two hex digits behind it";
    }
    *at += 1;
    if (text.ptr[*at - 1] > 0x7F) {
        return "has a character that is not ASCII (it is written as %XX, in a host name as xn--...)";
    }
    if (c == 0 || (!pc_ascii_is_alnum(c) && strchr("-._~:/?#[]@!$&'()*+,;=", c) == NULL)) {
        return "has a character that URIs do not have";
    }
    return NULL;
}

static bool is_ip_literal(struct pc_span host)
{
    char copy[INET6_ADDRSTRLEN] = {0};
    struct in6_addr address;
    if (host.len < 4 || host.len - 2 >= sizeof(copy) || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']') {
        return false;
    }
    memcpy(copy, host.ptr + 1, host.len - 2);
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* The octet behind the authority that starts at `from`. */
static size_t authority_end(struct pc_span text, size_t from)
{
    size_t end = from;
    while (end < text.len && strchr("/?#", text.ptr[end]) == NULL) {
        end++;
    }
    return end;
}

/* RFC 5280 section 4.2.1.6: an authority names a host. It stands between octets `from` and `end`. */
static const char *authority_fault(struct pc_span text, size_t from, size_t end, size_t *ret_at)
{
    const uint8_t *user_end = end > from ? memrchr(text.ptr + from, '@', end - from) : NULL;
    const size_t start = user_end != NULL ? (size_t)(user_end - text.ptr) + 1 : from;
    size_t host_end = end;
    while (host_end > start && pc_ascii_is_digit((char)text.ptr[host_end - 1])) {
        host_end--;
    }
    host_end = host_end > start && text.ptr[host_end - 1] == ':' ? host_end - 1 : end;
    const struct pc_span host = {text.ptr + start, host_end - start};
    *ret_at = start;
    if (host.len == 0) {
        return "has no host name";
    }
    for (size_t i = 0; !is_ip_literal(host) && i < host.len; i++) {
        *ret_at = start + i;
        if (strchr(":[]@", host.ptr[i]) != NULL) {
            return "has a character that host names do not have";
        }
    }
    return NULL;
}

/* The characters behind the scheme. Brackets are for an address in the authority, which ends at `end`. */
static const char *uri_text_fault(struct pc_span text, size_t from, size_t end, size_t *ret_at)
{
    size_t fragments = 0;
    for (size_t at = from; at < text.len;) {
        const uint8_t c = text.ptr[at];
        *ret_at = at;
        fragments += c == '#' ? 1 : 0;
        if (fragments > 1 || (at >= end && (c == '[' || c == ']'))) {
            return "has a character in a place where it is written as %XX";
        }
        const char *fault = uri_char_fault(text, &at);
        if (fault != NULL) {
            return fault;
        }
    }
    return NULL;
}

const char *pc_san_uri_fault(struct pc_span text, size_t *ret_at)
{
    const size_t from = scheme_len(text) + 1;
    *ret_at = 0;
    if (from == 1) {
        return "has no scheme like https:";
    }
    if (text.len > PC_MAX_URI) {
        return "is too long";
    }
    if (text.len == from) {
        return "has nothing behind its scheme";
    }
    const bool authority = text.len - from >= 2 && memcmp(text.ptr + from, "//", 2) == 0;
    const size_t end = authority ? authority_end(text, from + 2) : from;
    const char *fault = uri_text_fault(text, from, end, ret_at);
    return fault == NULL && authority ? authority_fault(text, from + 2, end, ret_at) : fault;
}

const char *pc_san_ip_fault(const char *text, uint8_t ret[static 16], size_t *ret_len)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        memcpy(ret, &v4, sizeof(v4));
        *ret_len = sizeof(v4);
        return NULL;
    }
    if (strchr(text, '/') != NULL) {
        return "is a network; a request names single addresses";
    }
    if (text[0] == '[') {
        return "stands in brackets, which belong to URIs";
    }
    if (strchr(text, '%') != NULL) {
        return "has a zone, which means nothing on another machine";
    }
    if (inet_pton(AF_INET6, text, &v6) != 1) {
        return "is not an IPv4 or IPv6 address";
    }
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        return "is an IPv4-mapped address, which is written as IPv4";
    }
    memcpy(ret, &v6, sizeof(v6));
    *ret_len = sizeof(v6);
    return NULL;
}
