// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/name.h"
#include "csr/content/oid.h"
#include "csr/content/san_kinds.h"

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

/* Text for people in UTF-8: what is wrong with it, as the end of a sentence, or NULL. */
static const char *utf8_fault(struct pc_span text, size_t *ret_at)
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

bool pc_san_show_utf8(struct pc_span octets, struct pc_buf *ret)
{
    struct pc_der in = pc_der_over(octets);
    struct pc_der_value value;
    size_t at = 0;
    if (!pc_is_ok(pc_der_expect(&in, PC_DER_UTF8_STRING, "value", &value, NULL)) || !pc_der_at_end(&in) ||
        utf8_fault(value.content, &at) != NULL) {
        return false;
    }
    pc_buf_add_span(ret, value.content);
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

bool pc_san_show_rid(struct pc_span octets, struct pc_buf *ret)
{
    char *dotted PC_CLEANUP(pc_free_str) = pc_der_oid_to_text(octets);
    pc_buf_text(ret, dotted != NULL ? dotted : "");
    return dotted != NULL;
}

PC_RESULT pc_san_parse_dirname(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const char *text = (const char *)in->text.ptr;
    PC_TRY(pc_frame(pc_name_parse(text, ret, err), err, "%s '%s' cannot be used", in->kind, text));
    return pc_san_result(in, pc_name_is_empty(pc_buf_span(ret)) ? "is empty" : NULL, PC_SAN_WHOLE, ret, err);
}

bool pc_san_show_dirname(struct pc_span octets, struct pc_buf *ret)
{
    return pc_is_ok(pc_name_format(octets, ret, NULL));
}

/* User principal name (MS-WCCE section 2.2.1.1 names it by its OID): somebody at a realm. */
PC_RESULT pc_san_parse_upn(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_span text = in->text;
    size_t at = 0;
    const char *fault = utf8_fault(text, &at);
    const uint8_t *sign = fault == NULL ? memrchr(text.ptr, '@', text.len) : NULL;
    if (fault == NULL && (sign == NULL || sign == text.ptr || sign == text.ptr + text.len - 1)) {
        at = sign == NULL ? 0 : (size_t)(sign - text.ptr);
        fault = "is not of the form user@realm";
    }
    add_value(PC_DER_UTF8_STRING, text, ret);
    return pc_san_result(in, fault, at, ret, err);
}
