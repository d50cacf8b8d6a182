// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/row_functions.h"

#include <string.h>

/* Extensions that AD CS reads (MS-WCCE section 2.2.2.7.7). */

enum { NAME_MAX_CHARACTERS = 255, SID_PARTS = 15 };

/* True for what begins like an OID: digits with a dot between them. */
bool pc_ms_is_template_id(const char *text)
{
    const size_t len = strspn(text, "0123456789.");
    return pc_ascii_is_digit(text[0]) && memchr(text, '.', len) != NULL &&
           (text[len] == 0 || text[len] == ':');
}

/* OID[:MAJOR[:MINOR]] */
PC_RESULT pc_ms_template_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                               p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    const char *at = text + strcspn(text, ":");
    (void)earlier;
    pc_buf_init(&oid, PC_MAX_OID);
    PC_TRY(pc_item_oid(text, text, (size_t)(at - text), &oid, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, pc_buf_span(&oid));
    for (int i = 0; i < 2 && *at == ':'; i++) {
        unsigned long number = 0;
        const char *from = at + 1;
        const size_t len = strcspn(from, ":");
        PC_TRY(pc_item_number(text, from, len, UINT32_MAX, &number, err));
        pc_der_number(w, number);
        at = from + len;
    }
    pc_der_end(w);
    return *at == 0 ? PC_OK : pc_item_fail(text, at, "has more than OID:MAJOR:MINOR", err);
}

PC_RESULT pc_ms_template_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    struct pc_span oid;
    pc_buf_init(&text, PC_MAX_TEXT);
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "CertificateTemplate", &inner, err));
    PC_TRY(pc_der_leave(&in, "CertificateTemplate", err));
    PC_TRY(pc_oid_read(&inner, "templateID", &oid, err));
    PC_TRY(pc_oid_format(oid, &text, err));
    for (int i = 0; i < 2 && !pc_der_at_end(&inner); i++) {
        unsigned long number = 0;
        PC_TRY(pc_der_read_number(&inner, "version of the template", UINT32_MAX, &number, err));
        pc_buf_printf(&text, ":%lu", number);
    }
    PC_TRY(pc_der_leave(&inner, "CertificateTemplate", err));
    return pc_item_show(&text, list, err);
}

PC_RESULT pc_ms_name_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                           p11csr_error **err)
{
    (void)earlier;
    PC_TRY(pc_item_text(text, text, strlen(text), NAME_MAX_CHARACTERS, err));
    return pc_item_write_bmp(text, text, strlen(text), w, err);
}

PC_RESULT pc_ms_name_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_item_read_text(&in, "the name of the template", &text, err));
    PC_TRY(pc_der_leave(&in, "the name of the template", err));
    return pc_item_show(&text, list, err);
}

static const uint8_t sid_oid[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x19, 0x02, 0x01};

/* S-1-AUTHORITY-PART...: 48 bits, then 1 to 15 of 32 bits (MS-DTYP section 2.4.2.1). */
static struct pc_result check_sid(const char *text, p11csr_error **err)
{
    const char *at = text + 4;
    if (strncmp(text, "S-1-", 4) != 0) {
        return pc_item_fail(text, text, "does not begin with S-1-", err);
    }
    for (size_t part = 0;; part++) {
        const unsigned long max = part == 0 ? (1UL << 48) - 1 : UINT32_MAX;
        const size_t len = strcspn(at, "-");
        unsigned long number = 0;
        PC_TRY(pc_item_number(text, at, len, max, &number, err));
        if (len > 1 && at[0] == '0') {
            return pc_item_fail(text, at, "has a number that begins with 0", err);
        }
        if (at[len] == 0) {
            return part > 0 ? PC_OK : pc_item_fail(text, at, "has nothing behind its authority", err);
        }
        if (part == SID_PARTS) {
            return pc_item_fail(text, at, "has more than 15 parts behind its authority", err);
        }
        at += len + 1;
    }
}

/* GeneralNames with one otherName, whose value is the text in an OCTET STRING. */
PC_RESULT pc_ms_sid_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                          p11csr_error **err)
{
    (void)earlier;
    PC_TRY(check_sid(text, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_begin(w, PC_DER_CONTEXT_CONSTRUCTED(0));
    pc_der_bytes(w, PC_DER_OID, PC_SPAN(sid_oid));
    pc_der_begin(w, PC_DER_CONTEXT_CONSTRUCTED(0));
    pc_der_bytes(w, PC_DER_OCTET_STRING, pc_span_str(text));
    pc_der_end(w);
    pc_der_end(w);
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_ms_sid_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der names;
    struct pc_der other;
    struct pc_der inner;
    struct pc_der_value sid;
    struct pc_span oid;
    pc_buf_init(&text, PC_MAX_TEXT);
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "GeneralNames", &names, err));
    PC_TRY(pc_der_leave(&in, "GeneralNames", err));
    PC_TRY(pc_der_enter(&names, PC_DER_CONTEXT_CONSTRUCTED(0), "otherName", &other, err));
    PC_TRY(pc_oid_read(&other, "type-id", &oid, err));
    if (!pc_span_eq(oid, PC_SPAN(sid_oid)) || !pc_der_at_end(&names)) {
        return pc_item_no_text(err);
    }
    PC_TRY(pc_der_enter(&other, PC_DER_CONTEXT_CONSTRUCTED(0), "value", &inner, err));
    PC_TRY(pc_der_leave(&other, "otherName", err));
    PC_TRY(pc_der_expect(&inner, PC_DER_OCTET_STRING, "the security identifier", &sid, err));
    PC_TRY(pc_der_leave(&inner, "value", err));
    pc_buf_add_span(&text, sid.content);
    return pc_item_show(&text, list, err);
}
