// SPDX-License-Identifier: Apache-2.0
#include "csr/content/name.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/name_types.h"
#include "csr/content/oid.h"

bool pc_name_is_empty(struct pc_span der)
{
    return der.len == 2 && der.ptr[0] == PC_DER_SEQUENCE && der.ptr[1] == 0;
}

struct rdn_list {
    size_t count;
    struct pc_der rdns[PC_MAX_RDNS]; /* each stands in its SET */
};

static struct pc_result list_rdns(struct pc_der in, struct rdn_list *ret, p11csr_error **err)
{
    struct pc_der name;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Name", &name, err));
    PC_TRY(pc_der_leave(&in, "Name", err));
    ret->count = 0;
    while (!pc_der_at_end(&name)) {
        if (ret->count == PC_MAX_RDNS) {
            return pc_fail(err, P11CSR_E_LIMIT, "a name of more than %d RDNs", (int)PC_MAX_RDNS);
        }
        PC_TRY(pc_der_enter(&name, PC_DER_SET, "RelativeDistinguishedName", &ret->rdns[ret->count], err));
        if (pc_der_at_end(&ret->rdns[ret->count])) {
            PC_TRY(pc_der_deviates(&ret->rdns[ret->count], "S10", "RelativeDistinguishedName is empty", err));
        }
        ret->count++;
    }
    return PC_OK;
}

/* Reads the next attribute of an RDN. */
static struct pc_result read_part(struct pc_der *rdn, struct pc_name_part *ret, p11csr_error **err)
{
    struct pc_der pair;
    struct pc_der_value value;
    PC_TRY(pc_der_enter(rdn, PC_DER_SEQUENCE, "AttributeTypeAndValue", &pair, err));
    PC_TRY(pc_oid_read(&pair, "attribute type", &ret->oid, err));
    PC_TRY(pc_der_next(&pair, &value, err));
    PC_TRY(pc_der_leave(&pair, "AttributeTypeAndValue", err));
    const struct pc_name_type *type = pc_name_type_by_oid(ret->oid);
    ret->type = type != NULL ? type->name : NULL;
    ret->tag = value.tag;
    ret->whole = value.whole;
    ret->value = value.content;
    return PC_OK;
}

PC_RESULT pc_name_walk(struct pc_der in,
                       PC_RESULT (*visit)(const struct pc_name_part *part, void *data, p11csr_error **err),
                       void *data, p11csr_error **err)
{
    struct rdn_list list;
    PC_TRY(list_rdns(in, &list, err));
    for (size_t i = 0; i < list.count; i++) {
        while (!pc_der_at_end(&list.rdns[i])) {
            struct pc_name_part part = {.rdn = i};
            PC_TRY(read_part(&list.rdns[i], &part, err));
            if (visit != NULL) {
                PC_TRY(visit(&part, data, err));
            }
        }
    }
    return PC_OK;
}

/* Appends big-endian code units of `width` octets as UTF-8. */
static bool add_wide(struct pc_span units, size_t width, struct pc_buf *ret)
{
    for (size_t at = 0; at < units.len; at += width) {
        uint32_t point = 0;
        for (size_t i = 0; i < width && at + i < units.len; i++) {
            point = point << 8 | units.ptr[at + i];
        }
        if (units.len - at < width || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
            return false;
        }
        pc_utf8_add(ret, point);
    }
    return true;
}

bool pc_name_value_text(unsigned tag, struct pc_span value, struct pc_buf *ret)
{
    if (tag == PC_DER_BMP_STRING || tag == PC_DER_UNIVERSAL_STRING) {
        return add_wide(value, tag == PC_DER_BMP_STRING ? 2 : 4, ret);
    }
    const bool utf8 = tag == PC_DER_UTF8_STRING;
    if (!utf8 && tag != PC_DER_PRINTABLE_STRING && tag != PC_DER_IA5_STRING && tag != PC_DER_TELETEX_STRING) {
        return false;
    }
    for (size_t at = 0; at < value.len;) {
        const int32_t point = pc_utf8_next(value, &at);
        if (point < 0 || (!utf8 && point > 0x7F)) {
            return false;
        }
    }
    pc_buf_add_span(ret, value);
    return true;
}

/* RFC 4514 section 2.4. */
static bool needs_backslash(struct pc_span text, size_t at)
{
    switch (text.ptr[at]) {
    case '"':
    case '+':
    case ',':
    case ';':
    case '<':
    case '>':
    case '\\':
        return true;
    case '#':
        return at == 0;
    case ' ':
        return at == 0 || at == text.len - 1;
    default:
        return false;
    }
}

static void add_escaped(struct pc_span text, struct pc_buf *ret)
{
    for (size_t at = 0; at < text.len;) {
        const size_t start = at;
        const bool hostile = pc_utf8_is_hostile(pc_utf8_next(text, &at));
        for (size_t i = start; hostile && i < at; i++) {
            pc_buf_printf(ret, "\\%02X", text.ptr[i]);
        }
        if (!hostile && needs_backslash(text, start)) {
            pc_buf_byte(ret, '\\');
        }
        if (!hostile) {
            pc_buf_add(ret, text.ptr + start, at - start);
        }
    }
}

static struct pc_result format_part(const struct pc_name_part *part, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_REQUEST);
    if (part->type != NULL) {
        pc_buf_text(ret, part->type);
    } else {
        PC_TRY(pc_oid_format(part->oid, ret, err));
    }
    pc_buf_byte(ret, '=');
    if (part->type != NULL && pc_name_value_text(part->tag, part->value, &text)) {
        add_escaped(pc_buf_span(&text), ret);
    } else {
        pc_buf_byte(ret, '#');
        pc_hex_add(ret, part->whole, 0);
    }
    PC_TRY(pc_buf_check(&text, err));
    return pc_buf_check(ret, err);
}

PC_RESULT pc_name_format(struct pc_span der, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_der_faults faults PC_CLEANUP(pc_der_faults_done); // for those who judge, and walk it
    struct pc_der in = pc_der_over(der);
    struct rdn_list list;
    pc_der_faults_init(&faults);
    in.faults = &faults;
    PC_TRY(list_rdns(in, &list, err));
    for (size_t i = list.count; i > 0; i--) {
        struct pc_der *rdn = &list.rdns[i - 1];
        if (i < list.count) {
            pc_buf_byte(ret, ',');
        }
        for (bool first = true; !pc_der_at_end(rdn); first = false) {
            struct pc_name_part part = {.rdn = i - 1};
            PC_TRY(read_part(rdn, &part, err));
            if (!first) {
                pc_buf_byte(ret, '+');
            }
            PC_TRY(format_part(&part, ret, err));
        }
    }
    return pc_buf_check(ret, err);
}
