// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/host.h"
#include "csr/content/san_kinds.h"

#include <arpa/inet.h>
#include <string.h>

enum { LOCAL_PART_MAX = 64, MAILBOX_MAX = 254 };

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

PC_RESULT pc_san_parse_dns(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_span text = in->text;
    const size_t from = text.len > 2 && memcmp(text.ptr, "*.", 2) == 0 ? 2 : 0;
    size_t at = 0;
    const char *fault = text.len == 0   ? "is empty"
                        : is_ipv4(text) ? "is an IP address, which is another kind of name (ip)"
                                        : NULL;
    if (fault == NULL) {
        pc_buf_add(ret, text.ptr, from);
        fault = pc_host_add(text, from, ret, &at);
    }
    return pc_san_result(in, fault, at, ret, err);
}

/*
 * Dot-atom of RFC 5322 section 3.2.3 with the characters of RFC 6531 section 3.3, the local part of a
 * mailbox.
 */
static const char *local_part_fault(struct pc_span local, size_t *ret_at)
{
    *ret_at = 0;
    if (local.len == 0 || local.len > LOCAL_PART_MAX) {
        return local.len == 0 ? "has nothing before the '@'" : "has a local part of more than 64 octets";
    }
    for (size_t i = 0; i < local.len;) {
        *ret_at = i;
        const int32_t c = pc_utf8_next(local, &i);
        if (c < 0) {
            return "is not UTF-8";
        }
        if (c == '.' && (*ret_at == 0 || i == local.len || local.ptr[*ret_at - 1] == '.')) {
            return "has a dot in the wrong place";
        }
        const bool atom = c > 0x7F ? c != 0xFEFF && c != 0xA0
                                   : pc_ascii_is_alnum((char)c) ||
                                         (c > 0 && strchr("!#$%&'*+-/=?^_`{|}~.", (char)c) != NULL);
        if (!atom || pc_utf8_is_hostile(c)) {
            return "has a character that addresses do not have";
        }
    }
    return NULL;
}

/* Appends the address with the A-labels of its host name. */
static const char *add_mailbox(struct pc_span text, struct pc_buf *ret, size_t *ret_at)
{
    const uint8_t *sign = text.len > 0 ? memrchr(text.ptr, '@', text.len) : NULL;
    *ret_at = 0;
    if (sign == NULL) {
        return "has no '@'";
    }
    const size_t local_len = (size_t)(sign - text.ptr);
    const char *fault = local_part_fault((struct pc_span){text.ptr, local_len}, ret_at);
    if (fault != NULL) {
        return fault;
    }
    pc_buf_add(ret, text.ptr, local_len + 1);
    fault = pc_host_add(text, local_len + 1, ret, ret_at);
    if (fault == NULL && ret->len > MAILBOX_MAX) {
        *ret_at = 0;
        fault = "is longer than 254 octets";
    }
    return fault;
}

bool pc_san_is_smtp_utf8(struct pc_span text)
{
    const uint8_t *sign = text.len > 0 ? memrchr(text.ptr, '@', text.len) : NULL;
    return sign != NULL && !pc_is_ascii((struct pc_span){text.ptr, (size_t)(sign - text.ptr)});
}

PC_RESULT pc_san_parse_email(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    size_t at = 0;
    const char *fault = add_mailbox(in->text, ret, &at);
    return pc_san_result(in, fault, at, ret, err);
}

PC_RESULT pc_san_parse_smtp_utf8(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf mailbox PC_CLEANUP(pc_buf_done) = {0};
    size_t at = 0;
    pc_buf_init(&mailbox, ret->max);
    const char *fault = add_mailbox(in->text, &mailbox, &at);
    if (fault == NULL && !pc_san_is_smtp_utf8(in->text)) {
        at = 0;
        fault = "has a local part of ASCII only, which belongs into an rfc822Name (email)";
    }
    PC_TRY(pc_san_result(in, fault, at, &mailbox, err));
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_bytes(&w, PC_DER_UTF8_STRING, pc_buf_span(&mailbox));
    return pc_der_finish(&w, err);
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

/* The host in an authority, which stands between octets `from` and `end`. */
static struct pc_span host_of(struct pc_span text, size_t from, size_t end)
{
    const uint8_t *user_end = end > from ? memrchr(text.ptr + from, '@', end - from) : NULL;
    const size_t start = user_end != NULL ? (size_t)(user_end - text.ptr) + 1 : from;
    size_t host_end = end;
    while (host_end > start && pc_ascii_is_digit((char)text.ptr[host_end - 1])) {
        host_end--;
    }
    host_end = host_end > start && text.ptr[host_end - 1] == ':' ? host_end - 1 : end;
    return (struct pc_span){text.ptr + start, host_end - start};
}

/* RFC 5280 section 4.2.1.6: an authority names a host. */
static const char *authority_fault(struct pc_span text, struct pc_span host, size_t *ret_at)
{
    const size_t start = (size_t)(host.ptr - text.ptr);
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

/*
 * The characters behind the scheme. Brackets are for an address in the authority, which ends at `end`;
 * characters that are not ASCII are for the host.
 */
static const char *uri_text_fault(struct pc_span text, size_t from, size_t end, struct pc_span host,
                                  size_t *ret_at)
{
    size_t fragments = 0;
    for (size_t at = from; at < text.len;) {
        const uint8_t c = text.ptr[at];
        *ret_at = at;
        if (c > 0x7F && host.ptr != NULL && text.ptr + at >= host.ptr &&
            text.ptr + at < host.ptr + host.len) {
            at++;
            continue;
        }
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

/* Appends the URI with the A-labels of an international host name (RFC 9549 section 2.4). */
static const char *add_uri_parts(struct pc_span text, struct pc_span host, struct pc_buf *ret, size_t *ret_at)
{
    if (pc_is_ascii(host)) {
        pc_buf_add_span(ret, text);
        return NULL;
    }
    const size_t start = (size_t)(host.ptr - text.ptr);
    const size_t end = start + host.len;
    pc_buf_add(ret, text.ptr, start);
    const char *fault = pc_host_add((struct pc_span){text.ptr, end}, start, ret, ret_at);
    pc_buf_add(ret, text.ptr + end, text.len - end);
    return fault;
}

static const char *add_uri(struct pc_span text, struct pc_buf *ret, size_t *ret_at)
{
    const size_t from = scheme_len(text) + 1;
    struct pc_span host = {0};
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
    if (authority) {
        host = host_of(text, from + 2, end);
    }
    const char *fault = uri_text_fault(text, from, end, host, ret_at);
    if (fault == NULL && authority) {
        fault = authority_fault(text, host, ret_at);
    }
    return fault != NULL ? fault : add_uri_parts(text, host, ret, ret_at);
}

PC_RESULT pc_san_parse_uri(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    size_t at = 0;
    const char *fault = add_uri(in->text, ret, &at);
    return pc_san_result(in, fault, at, ret, err);
}

/* Reads an IPv4 or IPv6 address and appends its 4 or 16 octets. */
static const char *add_address(const char *text, struct pc_buf *ret)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        pc_buf_add(ret, &v4, sizeof(v4));
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
    pc_buf_add(ret, &v6, sizeof(v6));
    return NULL;
}

PC_RESULT pc_san_parse_ip(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    return pc_san_result(in, add_address((const char *)in->text.ptr, ret), PC_SAN_WHOLE, ret, err);
}

/* RFC 5952 section 4: lower case, no leading zeros, the first longest run of two or more zeros as "::". */
static void format_ipv6(const uint8_t octets[static 16], struct pc_buf *ret)
{
    unsigned fields[8];
    size_t best_at = 8;
    size_t best_len = 1;
    for (size_t i = 0; i < 8; i++) {
        fields[i] = (unsigned)octets[2 * i] << 8 | octets[2 * i + 1];
    }
    for (size_t i = 0, run = 0; i < 8; i++) {
        run = fields[i] == 0 ? run + 1 : 0;
        if (run > best_len) {
            best_len = run;
            best_at = i + 1 - run;
        }
    }
    for (size_t i = 0; i < 8; i++) {
        if (i == best_at) {
            pc_buf_text(ret, "::");
            i += best_len - 1;
        } else {
            pc_buf_printf(ret, i > 0 && i != best_at + best_len ? ":%x" : "%x", fields[i]);
        }
    }
}

bool pc_san_show_ip(struct pc_span octets, struct pc_buf *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    const uint8_t *o = octets.ptr;
    if (octets.len == 4) {
        pc_buf_printf(ret, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
    } else if (octets.len == 16 && memcmp(o, mapped, sizeof(mapped)) == 0) { // RFC 5952 section 5
        pc_buf_printf(ret, "::ffff:%u.%u.%u.%u", o[12], o[13], o[14], o[15]);
    } else if (octets.len == 16) {
        format_ipv6(o, ret);
    }
    return octets.len == 4 || octets.len == 16;
}
