// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/host.h"
#include "csr/content/name.h"
#include "csr/content/oid.h"
#include "csr/content/san_kinds.h"
#include "csr/content/value.h"

#include <string.h>

PC_RESULT pc_san_result(const struct pc_san_text *in, const char *fault, size_t at, const struct pc_buf *ret,
                        p11csr_error **err)
{
    const char *text = (const char *)in->text.ptr;
    if (fault == NULL) {
        return pc_buf_check(ret, err);
    }
    return at == PC_SAN_WHOLE
               ? pc_fail(err, P11CSR_E_SAN, "%s '%s' %s", in->kind, text, fault)
               : pc_fail(err, P11CSR_E_SAN, "byte %zu: %s '%s' %s", at + 1, in->kind, text, fault);
}

const char *pc_san_utf8_fault(struct pc_span text, size_t *ret_at)
{
    *ret_at = 0;
    if (text.len == 0) {
        return "is empty";
    }
    for (size_t at = 0; at < text.len;) {
        *ret_at = at;
        const int32_t c = pc_utf8_next(text, &at);
        if (c < 0) {
            return "is not UTF-8";
        }
        if (pc_utf8_is_hostile(c) || c == 0xFEFF) {
            return "has a character that controls or hides text";
        }
        if (c == ' ' && (*ret_at == 0 || at == text.len)) {
            return "has a space at its start or end";
        }
    }
    return NULL;
}

bool pc_san_only_value(struct pc_span octets, unsigned tag, struct pc_span *ret_content)
{
    struct pc_der in = pc_der_over(octets);
    struct pc_der_value value;
    if (!pc_is_ok(pc_der_expect(&in, tag, "value", &value, NULL)) || !pc_der_at_end(&in)) {
        return false;
    }
    *ret_content = value.content;
    return true;
}

bool pc_san_show_utf8(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_span text;
    size_t at = 0;
    if (!pc_san_only_value(octets, PC_DER_UTF8_STRING, &text) || pc_san_utf8_fault(text, &at) != NULL) {
        return false;
    }
    pc_buf_add_span(ret, text);
    return true;
}

static void add_value(unsigned tag, struct pc_span content, struct pc_buf *ret)
{
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_bytes(&w, tag, content);
}

PC_RESULT pc_san_parse_rid(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const bool good = pc_der_oid_from_text((const char *)in->text.ptr, ret);
    return pc_san_result(in, good ? NULL : "is not an object identifier", PC_SAN_WHOLE, ret, err);
}

/* Appends what could be made; lack of memory is left in the buffer, and no fault of the octets. */
static bool shown(struct pc_result result, struct pc_buf *ret)
{
    if (result.code == P11CSR_E_NO_MEMORY) {
        ret->failed = P11CSR_E_NO_MEMORY;
    }
    return pc_is_ok(result) || result.code == P11CSR_E_NO_MEMORY;
}

bool pc_san_show_rid(struct pc_span octets, struct pc_buf *ret)
{
    const size_t before = ret->len;
    const bool good = shown(pc_oid_format(octets, ret, NULL), ret);
    return good && (ret->len == before || ret->ptr[before] != '#');
}

PC_RESULT pc_san_parse_dirname(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const char *text = (const char *)in->text.ptr;
    PC_TRY(pc_frame(pc_name_parse(text, ret, err), err, "%s '%s' cannot be used", in->kind, text));
    return pc_san_result(in, pc_name_is_empty(pc_buf_span(ret)) ? "is empty" : NULL, PC_SAN_WHOLE, ret, err);
}

bool pc_san_show_dirname(struct pc_span octets, struct pc_buf *ret)
{
    return shown(pc_name_format(octets, ret, NULL), ret);
}

/* User principal name (MS-WCCE section 2.2.1.1 names it by its OID): somebody at a realm. */
PC_RESULT pc_san_parse_upn(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_span text = in->text;
    size_t at = 0;
    const char *fault = pc_san_utf8_fault(text, &at);
    const uint8_t *sign = fault == NULL ? memrchr(text.ptr, '@', text.len) : NULL;
    if (fault == NULL && (sign == NULL || sign == text.ptr || sign == text.ptr + text.len - 1)) {
        at = sign == NULL ? 0 : (size_t)(sign - text.ptr);
        fault = "is not of the form user@realm";
    }
    add_value(PC_DER_UTF8_STRING, text, ret);
    return pc_san_result(in, fault, at, ret, err);
}

/* SRVName (RFC 4985 section 2): "_service.host", without the protocol. */
static const char *add_srv(struct pc_span text, struct pc_buf *ret, size_t *ret_at)
{
    size_t at = 1;
    *ret_at = 0;
    if (text.len == 0 || text.ptr[0] != '_') {
        return "does not start with a service like _imap";
    }
    while (at < text.len && (pc_ascii_is_alnum((char)text.ptr[at]) || text.ptr[at] == '-')) {
        at++;
    }
    *ret_at = at;
    if (at == 1 || at == text.len || text.ptr[at] != '.') {
        return "has no '.' behind the letters, digits and hyphens of a service";
    }
    if (text.len > at + 1 && text.ptr[at + 1] == '_') {
        *ret_at = at + 1;
        return "names a protocol, which this kind of name leaves out";
    }
    pc_buf_add(ret, text.ptr, at + 1);
    return pc_host_add(text, at + 1, ret, ret_at);
}

PC_RESULT pc_san_parse_srv(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    size_t at = 0;
    pc_buf_init(&text, PC_MAX_SAN_TEXT);
    const char *fault = add_srv(in->text, &text, &at);
    PC_TRY(pc_san_result(in, fault, at, &text, err));
    add_value(PC_DER_IA5_STRING, pc_buf_span(&text), ret);
    return pc_buf_check(ret, err);
}

bool pc_san_show_ia5(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_span text;
    size_t at = 0;
    if (!pc_san_only_value(octets, PC_DER_IA5_STRING, &text) || !pc_is_ascii(text) ||
        pc_san_utf8_fault(text, &at) != NULL) {
        return false;
    }
    pc_buf_add_span(ret, text);
    return true;
}

enum { GUID_LEN = 16, GUID_DIGITS = 32, GUID_DASHES = 4 };

/* Where each octet of a GUID stands in its text: Microsoft writes the first three fields as numbers. */
static const uint8_t guid_order[GUID_LEN] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static bool is_guid_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

/* The replication GUID of a domain controller: as a GUID, or its 16 octets as 32 hex digits. */
static const char *add_guid(struct pc_span text, struct pc_buf *ret, size_t *ret_at)
{
    uint8_t octets[GUID_LEN] = {0};
    const bool dashes = text.len == GUID_DIGITS + GUID_DASHES;
    size_t digits = 0;
    *ret_at = 0;
    if (!dashes && text.len != GUID_DIGITS) {
        return "is neither a GUID of 8-4-4-4-12 hex digits nor 32 hex digits";
    }
    for (size_t at = 0; at < text.len; at++) {
        const int digit = pc_hex_digit((char)text.ptr[at]);
        *ret_at = at;
        if (dashes && is_guid_dash(at) ? text.ptr[at] != '-' : digit < 0) {
            return "has a character that does not belong there";
        }
        if (digit >= 0) {
            octets[digits / 2] = (uint8_t)(octets[digits / 2] << 4 | digit);
            digits++;
        }
    }
    for (size_t i = 0; i < GUID_LEN; i++) {
        pc_buf_byte(ret, octets[dashes ? guid_order[i] : i]);
    }
    return NULL;
}

PC_RESULT pc_san_parse_ntds_guid(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf octets PC_CLEANUP(pc_buf_done) = {0};
    size_t at = 0;
    pc_buf_init(&octets, GUID_LEN);
    const char *fault = add_guid(in->text, &octets, &at);
    PC_TRY(pc_san_result(in, fault, at, &octets, err));
    add_value(PC_DER_OCTET_STRING, pc_buf_span(&octets), ret);
    return pc_buf_check(ret, err);
}

bool pc_san_show_ntds_guid(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_span guid;
    if (!pc_san_only_value(octets, PC_DER_OCTET_STRING, &guid) || guid.len != GUID_LEN) {
        return false;
    }
    for (size_t i = 0; i < GUID_LEN; i++) {
        pc_buf_text(ret, i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "");
        pc_buf_printf(ret, "%02x", guid.ptr[guid_order[i]]);
    }
    return true;
}

/* XmppAddr (RFC 6120 section 13.7.1.4): "[local@]domain[/resource]". */
PC_RESULT pc_san_parse_xmpp(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_span text = in->text;
    size_t at = 0;
    const char *fault = pc_san_utf8_fault(text, &at);
    const char *start = (const char *)text.ptr;
    const size_t bare = strcspn(start, "/"); // local@domain
    const char *sign = memchr(start, '@', bare);
    const size_t domain = sign != NULL ? (size_t)(sign - start) + 1 : 0;
    if (fault == NULL && (sign == start || domain == bare || bare + 1 == text.len)) {
        at = 0;
        fault = "is not of the form [local@]domain[/resource]";
    }
    add_value(PC_DER_UTF8_STRING, text, ret);
    return pc_san_result(in, fault, at, ret, err);
}

/* Any otherName (RFC 5280 section 4.2.1.6): "OID:hex:..." or "OID:asn1:...". */
PC_RESULT pc_san_parse_other(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const char *text = (const char *)in->text.ptr;
    const size_t len = strcspn(text, ":");
    const char *value = text + len + (text[len] == ':' ? 1 : 0);
    char *dotted PC_CLEANUP(pc_free_str) = pc_strndup(text, len);
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&oid, PC_MAX_OID);
    if (dotted == NULL) {
        return pc_fail_memory(err);
    }
    if (!pc_der_oid_from_text(dotted, &oid)) {
        return pc_san_result(in, "does not start with an object identifier", 0, ret, err);
    }
    if (strncmp(value, "hex:", 4) != 0 && strncmp(value, "asn1:", 5) != 0) {
        return pc_san_result(in, "has neither hex: nor asn1: behind its object identifier", len, ret, err);
    }
    PC_TRY(pc_buf_check(&oid, err));
    pc_der_writer_init(&w, ret);
    pc_der_bytes(&w, PC_DER_OID, pc_buf_span(&oid));
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
    PC_TRY(pc_frame(pc_value_read(value, P11CSR_E_SAN, ret, err), err, "%s '%s' cannot be used", in->kind,
                    text));
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

bool pc_san_show_other(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_span oid;
    struct pc_span value;
    if (!pc_san_other_name(octets, &oid, &value) || !pc_san_show_rid(oid, ret)) {
        return false;
    }
    pc_buf_text(ret, ":hex:");
    pc_hex_add(ret, value, 0);
    return true;
}
