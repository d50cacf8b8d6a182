// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/name_types.h"
#include "csr/content/row_functions.h"

#include <string.h>

/* Attributes of RFC 2985, and those that AD CS reads (MS-WCCE section 2.2.2.7). */

enum { CHARACTERS = 255 };

static bool is_ascii(const char *text)
{
    for (; *text != 0; text++) {
        if ((*text & 0x80) != 0) {
            return false;
        }
    }
    return true;
}

/* PKCS9String: IA5String where that is enough, as it was before the choice was given. */
PC_RESULT pc_attr_name_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err)
{
    (void)earlier;
    PC_TRY(pc_item_text(text, text, strlen(text), CHARACTERS, err));
    pc_der_bytes(w, is_ascii(text) ? PC_DER_IA5_STRING : PC_DER_UTF8_STRING, pc_span_str(text));
    return PC_OK;
}

/* DirectoryString: PrintableString where that is enough. */
PC_RESULT pc_attr_directory_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                                  p11csr_error **err)
{
    const struct pc_span span = pc_span_str(text);
    size_t at = 0;
    (void)earlier;
    PC_TRY(pc_item_text(text, text, span.len, CHARACTERS, err));
    const bool printable = pc_name_type_fault(NULL, PC_DER_PRINTABLE_STRING, span, &at) == NULL;
    pc_der_bytes(w, printable ? PC_DER_PRINTABLE_STRING : PC_DER_UTF8_STRING, span);
    return PC_OK;
}

PC_RESULT pc_attr_ia5_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                            p11csr_error **err)
{
    (void)earlier;
    PC_TRY(pc_item_text(text, text, strlen(text), CHARACTERS, err));
    if (!is_ascii(text)) {
        return pc_item_fail(text, text, "is not ASCII", err);
    }
    pc_der_bytes(w, PC_DER_IA5_STRING, pc_span_str(text));
    return PC_OK;
}

PC_RESULT pc_attr_text_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_item_read_text(&in, "the text", &text, err));
    PC_TRY(pc_der_leave(&in, "the text", err));
    return pc_item_show(&text, list, err);
}

/* KEYSPEC:NAME; the signature of the provider is no longer used and empty. */
PC_RESULT pc_attr_csp_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                            p11csr_error **err)
{
    const size_t len = strcspn(text, ":");
    unsigned long spec = 0;
    (void)earlier;
    PC_TRY(pc_item_number(text, text, len, 2, &spec, err));
    const char *name = text + len + (text[len] == ':' ? 1 : 0);
    PC_TRY(pc_item_text(text, name, strlen(name), CHARACTERS, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_number(w, spec);
    PC_TRY(pc_item_write_bmp(text, name, strlen(name), w, err));
    pc_der_bit_string(w, (struct pc_span){0});
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_attr_csp_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    struct pc_span signature;
    unsigned long spec = 0;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "CSPProvider", &inner, err));
    PC_TRY(pc_der_leave(&in, "CSPProvider", err));
    PC_TRY(pc_der_read_number(&inner, "keySpec", UINT32_MAX, &spec, err));
    pc_buf_printf(&text, "%lu:", spec);
    PC_TRY(pc_item_read_text(&inner, "cspName", &text, err));
    PC_TRY(pc_der_read_bit_octets(&inner, "signature", &signature, err));
    PC_TRY(pc_der_leave(&inner, "CSPProvider", err));
    return signature.len == 0 ? pc_item_show(&text, list, err) : pc_item_no_text(err);
}

/* ID:MACHINE:USER:PROCESS; the process is the rest, with any ':' in it. */
PC_RESULT pc_attr_client_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                               p11csr_error **err)
{
    const size_t len = strcspn(text, ":");
    const char *at = text + len;
    unsigned long id = 0;
    (void)earlier;
    PC_TRY(pc_item_number(text, text, len, UINT32_MAX, &id, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_number(w, id);
    for (int i = 0; i < 3; i++) {
        if (*at != ':') {
            return pc_item_fail(text, at, "has fewer parts than ID:MACHINE:USER:PROCESS", err);
        }
        const size_t part = i < 2 ? strcspn(at + 1, ":") : strlen(at + 1);
        PC_TRY(pc_item_text(text, at + 1, part, CHARACTERS, err));
        pc_der_bytes(w, PC_DER_UTF8_STRING, (struct pc_span){(const uint8_t *)at + 1, part});
        at += 1 + part;
    }
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_attr_client_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    unsigned long id = 0;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "RequestClientInfo", &inner, err));
    PC_TRY(pc_der_leave(&in, "RequestClientInfo", err));
    PC_TRY(pc_der_read_number(&inner, "clientId", UINT32_MAX, &id, err));
    pc_buf_printf(&text, "%lu", id);
    for (int i = 0; i < 3; i++) {
        pc_buf_byte(&text, ':');
        PC_TRY(pc_item_read_text(&inner, "a part of RequestClientInfo", &text, err));
    }
    PC_TRY(pc_der_leave(&inner, "RequestClientInfo", err));
    return pc_item_show(&text, list, err);
}

/* NAME=VALUE */
PC_RESULT pc_attr_pair_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err)
{
    const size_t len = strcspn(text, "=");
    (void)earlier;
    if (text[len] == 0) {
        return pc_item_fail(text, text + len, "has no '='", err);
    }
    const char *value = text + len + 1;
    PC_TRY(pc_item_text(text, text, len, CHARACTERS, err));
    PC_TRY(pc_item_text(text, value, strlen(value), PC_MAX_TEXT, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    PC_TRY(pc_item_write_bmp(text, text, len, w, err));
    PC_TRY(pc_item_write_bmp(text, value, strlen(value), w, err));
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_attr_pair_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "EnrollmentNameValuePair", &inner, err));
    PC_TRY(pc_der_leave(&in, "EnrollmentNameValuePair", err));
    PC_TRY(pc_item_read_text(&inner, "name", &text, err));
    pc_buf_byte(&text, '=');
    PC_TRY(pc_item_read_text(&inner, "value", &text, err));
    PC_TRY(pc_der_leave(&inner, "EnrollmentNameValuePair", err));
    return pc_item_show(&text, list, err);
}
