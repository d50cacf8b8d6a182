// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/oid.h"
#include "csr/content/san_kinds.h"

#include <string.h>

/* Alternative names of devices. */

/* Appends the content octets of the OID that is the first `len` octets of a text. */
static bool add_oid(const uint8_t *text, size_t len, struct pc_buf *ret)
{
    char *copy PC_CLEANUP(pc_free_str) = pc_strndup((const char *)text, len);
    if (copy == NULL) {
        ret->failed = P11CSR_E_NO_MEMORY;
        return true;
    }
    return pc_der_oid_from_text(copy, ret);
}

/* "ipn:NODE.SERVICE" or "ipn:ALLOCATOR.NODE.SERVICE" (RFC 9171 section 4.2.5.1.2, RFC 9758): numbers. */
static const char *ipn_fault(struct pc_span text, size_t *ret_at)
{
    size_t dots = 0;
    size_t digits = 0;
    for (size_t at = strlen("ipn:"); at < text.len; at++) {
        const uint8_t c = text.ptr[at];
        const bool zero_before = digits == 1 && text.ptr[at - 1] == '0';
        *ret_at = at;
        if (c == '.' ? digits == 0 : (c < '0' || c > '9' || zero_before)) {
            return "has a character that does not belong there";
        }
        dots += c == '.' ? 1 : 0;
        digits = c == '.' ? 0 : digits + 1;
    }
    *ret_at = text.len;
    return digits == 0 || dots == 0 || dots > 2 ? "is not of the form ipn:NODE.SERVICE" : NULL;
}

/* "dtn://NODE/[DEMUX]" (RFC 9171 section 4.2.5.1.1); one whose demux begins with '~' is of a group. */
static const char *dtn_fault(struct pc_span text, size_t *ret_at)
{
    size_t at = strlen("dtn://");
    const size_t node = at;
    while (at < text.len && (pc_ascii_is_alnum((char)text.ptr[at]) || strchr("-._~", text.ptr[at]) != NULL)) {
        at++;
    }
    *ret_at = at;
    if (at == node || at == text.len || text.ptr[at] != '/') {
        return "is not of the form dtn://NODE/";
    }
    *ret_at = ++at;
    if (at < text.len && text.ptr[at] == '~') {
        return "is of a group of nodes";
    }
    for (; at < text.len; at++) {
        *ret_at = at;
        if (text.ptr[at] <= ' ' || text.ptr[at] > '~') {
            return "has a character that does not belong there";
        }
    }
    return NULL;
}

/* BundleEID (RFC 9174 section 4.4.2.1): the endpoint of a node in a network that tolerates delays. */
PC_RESULT pc_san_parse_bundle_eid(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const char *text = (const char *)in->text.ptr;
    const char *fault = "is neither of the form dtn://NODE/ nor ipn:NODE.SERVICE";
    size_t at = 0;
    struct pc_der_writer w;
    if (strncmp(text, "ipn:", strlen("ipn:")) == 0) {
        fault = ipn_fault(in->text, &at);
    } else if (strncmp(text, "dtn://", strlen("dtn://")) == 0) {
        fault = dtn_fault(in->text, &at);
    }
    pc_der_writer_init(&w, ret);
    pc_der_bytes(&w, PC_DER_IA5_STRING, in->text);
    return pc_san_result(in, fault, at, ret, err);
}

/* HardwareModuleName (RFC 4108 section 5): "TYPE-OID:SERIAL-hex". */
PC_RESULT pc_san_parse_hardware_module(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const uint8_t *colon = in->text.len > 0 ? memchr(in->text.ptr, ':', in->text.len) : NULL;
    const size_t type_len = colon != NULL ? (size_t)(colon - in->text.ptr) : in->text.len;
    struct pc_buf type PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    const char *fault = NULL;
    size_t at = 0;
    pc_buf_init(&type, PC_MAX_OID);
    pc_buf_init(&serial, PC_MAX_SAN_TEXT);
    if (!add_oid(in->text.ptr, type_len, &type)) {
        fault = "does not start with the object identifier of a type of modules";
    } else if (colon == NULL || !pc_hex_parse((const char *)colon + 1, &serial)) {
        at = colon != NULL ? type_len + 1 : type_len;
        fault = "has no serial number in hex behind a ':'";
    }
    PC_TRY(pc_san_result(in, fault, at, &serial, err));
    PC_TRY(pc_buf_check(&type, err));
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_bytes(&w, PC_DER_OID, pc_buf_span(&type));
    pc_der_bytes(&w, PC_DER_OCTET_STRING, pc_buf_span(&serial));
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

bool pc_san_show_hardware_module(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_span content;
    struct pc_span type;
    struct pc_der_value serial;
    if (!pc_san_only_value(octets, PC_DER_SEQUENCE, &content)) {
        return false;
    }
    struct pc_der in = pc_der_over(content);
    if (!pc_is_ok(pc_oid_read(&in, "hwType", &type, NULL)) ||
        !pc_is_ok(pc_der_expect(&in, PC_DER_OCTET_STRING, "hwSerialNum", &serial, NULL)) ||
        !pc_der_at_end(&in) || serial.content.len == 0 || !pc_san_show_rid(type, ret)) {
        return false;
    }
    pc_buf_byte(ret, ':');
    pc_hex_add(ret, serial.content, 0);
    return true;
}

/* Reads up to the ':' that has no backslash; *ret_at receives its octet, or that of the fault. */
static const char *read_identifier(struct pc_span text, struct pc_buf *ret, size_t *ret_at)
{
    size_t at = 0;
    for (; at < text.len && text.ptr[at] != ':'; at++) {
        if (text.ptr[at] == '\\') {
            at++;
            if (at == text.len || (text.ptr[at] != ':' && text.ptr[at] != '\\')) {
                *ret_at = at - 1;
                return "has a backslash that stands neither before ':' nor before a backslash";
            }
        }
        pc_buf_byte(ret, text.ptr[at]);
    }
    *ret_at = at;
    return NULL;
}

/*
 * PermanentIdentifier (RFC 4043 section 2): "[VALUE][:ASSIGNER-OID]". Either may be absent, ":" says that
 * both are; a ':' in the value has a backslash before it.
 */
PC_RESULT pc_san_parse_permanent_id(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_span text = in->text;
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf assigner PC_CLEANUP(pc_buf_done) = {0};
    size_t at = 0;
    pc_buf_init(&value, PC_MAX_SAN_TEXT);
    pc_buf_init(&assigner, PC_MAX_OID);
    const char *fault = text.len == 0 ? "is empty" : read_identifier(text, &value, &at);
    const size_t len = at;
    if (fault == NULL && len > 0) {
        fault = pc_san_utf8_fault((struct pc_span){text.ptr, len}, &at);
    }
    if (fault == NULL && len < text.len && text.len > 1 &&
        !add_oid(text.ptr + len + 1, text.len - len - 1, &assigner)) {
        at = len;
        fault = "has no object identifier behind the ':'; in the value it is written '\\:'";
    }
    PC_TRY(pc_san_result(in, fault, at, &value, err));
    PC_TRY(pc_buf_check(&assigner, err));
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    if (value.len > 0) {
        pc_der_bytes(&w, PC_DER_UTF8_STRING, pc_buf_span(&value));
    }
    if (assigner.len > 0) {
        pc_der_bytes(&w, PC_DER_OID, pc_buf_span(&assigner));
    }
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

bool pc_san_show_permanent_id(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_span content;
    struct pc_der_value value = {0};
    struct pc_span assigner = {0};
    size_t at = 0;
    if (!pc_san_only_value(octets, PC_DER_SEQUENCE, &content)) {
        return false;
    }
    struct pc_der in = pc_der_over(content);
    if (pc_der_peek(&in) == PC_DER_UTF8_STRING &&
        (!pc_is_ok(pc_der_next(&in, &value, NULL)) || pc_san_utf8_fault(value.content, &at) != NULL)) {
        return false;
    }
    if (!pc_der_at_end(&in) && !pc_is_ok(pc_oid_read(&in, "assigner", &assigner, NULL))) {
        return false;
    }
    for (size_t i = 0; i < value.content.len; i++) {
        const uint8_t c = value.content.ptr[i];
        pc_buf_text(ret, c == ':' || c == '\\' ? "\\" : "");
        pc_buf_byte(ret, c);
    }
    pc_buf_text(ret, assigner.len > 0 || value.content.len == 0 ? ":" : "");
    return pc_der_at_end(&in) && (assigner.len == 0 || pc_san_show_rid(assigner, ret));
}
