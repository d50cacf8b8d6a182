// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/host.h"
#include "csr/content/name.h"
#include "csr/content/name_types.h"
#include "der/writer.h"

#include <string.h>

/* Where the parser stands. Positions in errors are `at + 1`. */
struct scan {
    const char *text;
    size_t at;
    bool slash; /* form "/C=DE/CN=..." */
};

/* What one attribute is written as, with the places its errors refer to. */
struct atv {
    const struct pc_name_type *type; /* NULL: a type without a row, known by its OID only */
    char *label;                     /* as it was written */
    size_t label_at;
    struct pc_buf oid;
    size_t value_at;
    struct pc_buf value; /* text as UTF-8, or the DER of the value */
    bool is_der;
    bool is_mapped; /* its U-labels have become A-labels: only the start of the value can be told */
};

static void atv_done(struct atv *atv)
{
    pc_free_str(&atv->label);
    pc_buf_done(&atv->oid);
    pc_buf_done(&atv->value);
}

static void skip_spaces(struct scan *s)
{
    s->at += strspn(s->text + s->at, " ");
}

/* True at the end of a value: its separator or the end of the text. */
static bool at_separator(const struct scan *s, size_t at)
{
    const char c = s->text[at];
    return c == 0 || c == '+' || c == (s->slash ? '/' : ',');
}

/* Sets the OID of a type that is written as dotted numbers or as a name. */
static struct pc_result find_type(struct atv *atv, p11csr_error **err)
{
    if (pc_ascii_is_digit(atv->label[0])) {
        if (!pc_der_oid_from_text(atv->label, &atv->oid)) {
            return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: '%s' is not an object identifier",
                           atv->label_at + 1, atv->label);
        }
        atv->type = pc_name_type_by_oid(pc_buf_span(&atv->oid));
        return pc_buf_check(&atv->oid, err);
    }
    if (pc_ascii_equal(atv->label, "SN")) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: 'SN' is ambiguous: write surname or serialNumber",
                       atv->label_at + 1);
    }
    atv->type = pc_name_type_find(atv->label);
    if (atv->type != NULL) {
        pc_buf_add_span(&atv->oid, atv->type->oid);
        return pc_buf_check(&atv->oid, err);
    }
    const char *nearest = pc_name_type_nearest(atv->label);
    if (nearest != NULL) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: unknown attribute type '%s'; the nearest is '%s'",
                       atv->label_at + 1, atv->label, nearest);
    }
    return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: unknown attribute type '%s'", atv->label_at + 1,
                   atv->label);
}

/* Reads "CN =" and what it means. */
static struct pc_result read_type(struct scan *s, struct atv *atv, p11csr_error **err)
{
    skip_spaces(s);
    atv->label_at = s->at;
    while (pc_ascii_is_alnum(s->text[s->at]) || s->text[s->at] == '.' || s->text[s->at] == '-') {
        s->at++;
    }
    if (s->at == atv->label_at) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: an attribute like CN=... is missing", s->at + 1);
    }
    atv->label = pc_strndup(s->text + atv->label_at, s->at - atv->label_at);
    if (atv->label == NULL) {
        return pc_fail_memory(err);
    }
    skip_spaces(s);
    if (s->text[s->at] != '=') {
        return pc_fail(
            err, P11CSR_E_SUBJECT,
            "byte %zu: '=' is missing after '%s'; inside a value, a separator is written with a backslash",
            s->at + 1, atv->label);
    }
    s->at++;
    return find_type(atv, err);
}

/* One octet of a value and where it came from. */
struct unit {
    uint8_t octet;
    bool escaped;
    size_t next;
};

/* Characters that may not stand in a value without a backslash (RFC 4514 section 3); '/' form has others. */
static bool must_be_escaped(const struct scan *s, char c)
{
    return !s->slash && (c == '"' || c == ';' || c == '<' || c == '>');
}

static struct pc_result read_unit(const struct scan *s, size_t at, struct unit *ret, p11csr_error **err)
{
    const char c = s->text[at];
    if (must_be_escaped(s, c)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: '%c' inside a value is written '\\%c'", at + 1, c,
                       c);
    }
    if (c != '\\') {
        *ret = (struct unit){.octet = (uint8_t)c, .next = at + 1};
        return PC_OK;
    }
    const char second = s->text[at + 1];
    const int high = pc_hex_digit(second);
    const int low = high < 0 ? -1 : pc_hex_digit(s->text[at + 2]);
    if (low >= 0) {
        *ret = (struct unit){.octet = (uint8_t)(high * 16 + low), .escaped = true, .next = at + 3};
        return PC_OK;
    }
    if (second < 0x20 || second >= 0x7F || pc_ascii_is_alnum(second)) {
        return pc_fail(err, P11CSR_E_SUBJECT,
                       "byte %zu: a backslash stands before a special character or two hex digits", at + 1);
    }
    *ret = (struct unit){.octet = (uint8_t)second, .escaped = true, .next = at + 2};
    return PC_OK;
}

/* Reads a value that is written as text. Spaces at its end that are not escaped do not belong to it. */
static struct pc_result read_text(struct scan *s, struct atv *atv, p11csr_error **err)
{
    size_t len = 0;
    while (!at_separator(s, s->at)) {
        struct unit unit;
        PC_TRY(read_unit(s, s->at, &unit, err));
        pc_buf_byte(&atv->value, unit.octet);
        s->at = unit.next;
        if (unit.escaped || unit.octet != ' ') {
            len = atv->value.len;
        }
    }
    PC_TRY(pc_buf_check(&atv->value, err));
    atv->value.len = len;
    return PC_OK;
}

/* Reads "#0c0141". */
static struct pc_result read_hex(struct scan *s, struct atv *atv, p11csr_error **err)
{
    s->at++;
    while (!at_separator(s, s->at) && s->text[s->at] != ' ') {
        const int high = pc_hex_digit(s->text[s->at]);
        const int low = high < 0 ? -1 : pc_hex_digit(s->text[s->at + 1]);
        if (low < 0) {
            return pc_fail(err, P11CSR_E_SUBJECT,
                           "byte %zu: '#' starts a value in hex; as text it is written '\\#'", s->at + 1);
        }
        pc_buf_byte(&atv->value, (uint8_t)(high * 16 + low));
        s->at += 2;
    }
    skip_spaces(s);
    if (!at_separator(s, s->at)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: text behind a value in hex", s->at + 1);
    }
    atv->is_der = true;
    return pc_buf_check(&atv->value, err);
}

static struct pc_result read_value(struct scan *s, struct atv *atv, p11csr_error **err)
{
    skip_spaces(s);
    atv->value_at = s->at;
    return s->text[s->at] == '#' ? read_hex(s, atv, err) : read_text(s, atv, err);
}

/* The place in the text where octet `index` of a value was written. */
static size_t place_of(const struct scan *s, const struct atv *atv, size_t index)
{
    size_t at = atv->value_at;
    struct unit unit = {0};
    for (size_t i = 0;
         !atv->is_der && !atv->is_mapped && i < index && pc_is_ok(read_unit(s, at, &unit, NULL)); i++) {
        at = unit.next;
    }
    return at;
}

static struct pc_result check_string(const struct scan *s, const struct atv *atv, unsigned tag,
                                     struct pc_span string, p11csr_error **err)
{
    size_t at = 0;
    const char *fault = pc_name_type_fault(atv->type, tag, string, &at);
    if (fault != NULL) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: the value of %s %s", place_of(s, atv, at) + 1,
                       atv->label, fault);
    }
    if (atv->type != NULL && pc_name_type_is_over(atv->type, string, &at)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: the value of %s has more than %zu characters",
                       place_of(s, atv, at) + 1, atv->label, atv->type->max);
    }
    return PC_OK;
}

/* Puts A-labels into the places of U-labels. */
static struct pc_result map_labels(const struct scan *s, struct atv *atv, p11csr_error **err)
{
    struct pc_buf mapped PC_CLEANUP(pc_buf_done) = {0};
    const struct pc_span value = pc_buf_span(&atv->value);
    size_t at = 0;
    if (atv->type == NULL || atv->is_der || pc_is_ascii(value)) {
        return PC_OK;
    }
    pc_buf_init(&mapped, atv->value.max);
    const char *fault = pc_name_type_map(atv->type, value, &mapped, &at);
    if (fault != NULL) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: the value of %s %s", place_of(s, atv, at) + 1,
                       atv->label, fault);
    }
    PC_TRY(pc_buf_check(&mapped, err));
    atv->is_mapped = !pc_span_eq(pc_buf_span(&mapped), value);
    const struct pc_buf earlier = atv->value;
    atv->value = mapped;
    mapped = earlier;
    return PC_OK;
}

/* Strict DER to the innermost value. */
static bool is_der(struct pc_der in, unsigned depth)
{
    struct pc_der_value value;
    while (!pc_der_at_end(&in)) {
        if (depth == PC_MAX_DER_DEPTH || !pc_is_ok(pc_der_next(&in, &value, NULL)) ||
            ((value.tag & 0x20) != 0 && !is_der(pc_der_over(value.content), depth + 1))) {
            return false;
        }
    }
    return true;
}

/* A value in hex: exactly one DER value, and where the type is known, a string that it may hold. */
static struct pc_result check_der(const struct scan *s, const struct atv *atv, p11csr_error **err)
{
    const struct pc_span der = pc_buf_span(&atv->value);
    struct pc_der in = pc_der_over(der);
    struct pc_der_value value = {0};
    if (!is_der(in, 0) || !pc_is_ok(pc_der_next(&in, &value, NULL)) || !pc_der_at_end(&in)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: the value of %s in hex is not one DER value",
                       atv->value_at + 1, atv->label);
    }
    if (value.tag == PC_DER_TELETEX_STRING || value.tag == PC_DER_BMP_STRING ||
        value.tag == PC_DER_UNIVERSAL_STRING) {
        return pc_fail(err, P11CSR_E_SUBJECT,
                       "byte %zu: the value of %s has a string type that new names do not use (tag %02x)",
                       atv->value_at + 1, atv->label, value.tag);
    }
    if (atv->type == NULL) {
        return PC_OK;
    }
    if (!pc_name_type_takes(atv->type, value.tag)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "byte %zu: the value of %s has tag %02x where %02x belongs",
                       atv->value_at + 1, atv->label, value.tag, atv->type->tag);
    }
    return check_string(s, atv, value.tag, value.content, err);
}

/* Reads one attribute and writes its AttributeTypeAndValue. */
static struct pc_result parse_atv(struct scan *s, struct pc_der_writer *w, p11csr_error **err)
{
    struct atv atv PC_CLEANUP(atv_done) = {0};
    pc_buf_init(&atv.oid, PC_MAX_OID);
    pc_buf_init(&atv.value, PC_MAX_REQUEST);
    PC_TRY(read_type(s, &atv, err));
    PC_TRY(read_value(s, &atv, err));
    PC_TRY(map_labels(s, &atv, err));
    const struct pc_span value = pc_buf_span(&atv.value);
    const unsigned tag = atv.type != NULL ? atv.type->tag : PC_DER_UTF8_STRING;
    PC_TRY(atv.is_der ? check_der(s, &atv, err) : check_string(s, &atv, tag, value, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, pc_buf_span(&atv.oid));
    if (atv.is_der) {
        pc_der_raw(w, value);
    } else {
        pc_der_bytes(w, tag, value);
    }
    pc_der_end(w);
    return pc_buf_check(w->buf, err);
}

/* The RDNs in the order of the text, one after the other. */
struct rdns {
    struct pc_buf der;
    size_t count;
    size_t ends[PC_MAX_RDNS];
};

static void rdns_done(struct rdns *rdns)
{
    pc_buf_done(&rdns->der);
}

static struct pc_span rdn_at(const struct rdns *rdns, size_t index)
{
    const size_t start = index == 0 ? 0 : rdns->ends[index - 1];
    return (struct pc_span){rdns->der.ptr + start, rdns->ends[index] - start};
}

struct type_list {
    size_t count;
    struct pc_span oids[PC_MAX_ATVS];
};

static struct pc_result note_type(const struct pc_name_part *part, void *data, p11csr_error **err)
{
    struct type_list *list = data;
    for (size_t i = 0; i < list->count; i++) {
        if (pc_span_eq(list->oids[i], part->oid)) {
            return pc_fail(err, P11CSR_E_SUBJECT, "the same attribute type twice in one RDN");
        }
    }
    if (list->count == PC_MAX_ATVS) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d attributes in one RDN", (int)PC_MAX_ATVS);
    }
    list->oids[list->count++] = part->oid;
    return PC_OK;
}

/* X.501 section 9.3: the attribute types of an RDN are distinct. */
static struct pc_result check_rdn(struct pc_span rdn, size_t at, p11csr_error **err)
{
    struct type_list list = {0};
    struct pc_buf name PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&name, PC_MAX_REQUEST);
    pc_der_writer_init(&w, &name);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, rdn);
    pc_der_end(&w);
    PC_TRY(pc_der_finish(&w, err));
    return pc_frame(pc_name_walk(pc_der_over(pc_buf_span(&name)), note_type, &list, err), err,
                    "the RDN at byte %zu cannot be used", at + 1);
}

/* Reads "OU=a+CN=b" and appends its RelativeDistinguishedName. */
static struct pc_result parse_rdn(struct scan *s, struct rdns *rdns, p11csr_error **err)
{
    struct pc_der_writer w;
    const size_t at = s->at;
    if (rdns->count == PC_MAX_RDNS) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d RDNs", (int)PC_MAX_RDNS);
    }
    pc_der_writer_init(&w, &rdns->der);
    pc_der_begin(&w, PC_DER_SET);
    PC_TRY(parse_atv(s, &w, err));
    bool single = true;
    for (; s->text[s->at] == '+'; single = false) {
        s->at++;
        PC_TRY(parse_atv(s, &w, err));
    }
    PC_TRY(pc_der_end_set_of(&w, err));
    PC_TRY(pc_der_finish(&w, err));
    rdns->ends[rdns->count++] = rdns->der.len;
    return single ? PC_OK : check_rdn(rdn_at(rdns, rdns->count - 1), at, err);
}

static struct pc_result parse_rdns(struct scan *s, struct rdns *rdns, p11csr_error **err)
{
    for (;;) {
        PC_TRY(parse_rdn(s, rdns, err));
        if (s->text[s->at] == 0) {
            return PC_OK;
        }
        s->at++; // the separator
    }
}

PC_RESULT pc_name_parse(const char *text, struct pc_buf *ret, p11csr_error **err)
{
    struct scan s = {.text = text, .slash = text[0] == '/'};
    struct rdns rdns PC_CLEANUP(rdns_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&rdns.der, PC_MAX_REQUEST);
    s.at = s.slash ? 1 : 0;
    if (text[s.at] != 0) {
        PC_TRY(parse_rdns(&s, &rdns, err));
    }
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    for (size_t i = 0; i < rdns.count; i++) {
        pc_der_raw(&w, rdn_at(&rdns, s.slash ? i : rdns.count - 1 - i));
    }
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}
