// SPDX-License-Identifier: Apache-2.0
#include "csr/content/san.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/oid.h"
#include "csr/content/san_kinds.h"

#include <string.h>

enum { OTHER_NAME = PC_DER_CONTEXT_CONSTRUCTED(0) };

/* How struct pc_content keeps an alternative name: its octets stand in san_store. */
struct entry {
    enum pc_san_type type;
    uint32_t hash; /* of the octets: spares comparing most of them when a duplicate is looked for */
    size_t at;
    size_t len;
};

/* One kind: its word, how its GeneralName is told, and how its text is read and shown. */
struct san_row {
    const char *name;
    unsigned tag;
    struct pc_span oid; /* type-id of an otherName; else empty */
    PC_RESULT (*parse)(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
    bool (*show)(struct pc_span octets, struct pc_buf *ret); /* NULL: the octets are IA5 text */
};

// clang-format off
static const struct san_row rows[] = {
    [PC_SAN_EMAIL] = {.name = "email", .tag = PC_DER_CONTEXT(1), .parse = pc_san_parse_email},
    [PC_SAN_DNS] = {.name = "dns", .tag = PC_DER_CONTEXT(2), .parse = pc_san_parse_dns},
    [PC_SAN_URI] = {.name = "uri", .tag = PC_DER_CONTEXT(6), .parse = pc_san_parse_uri},
    [PC_SAN_IP] = {.name = "ip", .tag = PC_DER_CONTEXT(7), .parse = pc_san_parse_ip, .show = pc_san_show_ip},
    [PC_SAN_RID] = {.name = "rid", .tag = PC_DER_CONTEXT(8), .parse = pc_san_parse_rid,
                    .show = pc_san_show_rid},
    [PC_SAN_DIRNAME] = {.name = "dirname", .tag = PC_DER_CONTEXT_CONSTRUCTED(4),
                        .parse = pc_san_parse_dirname, .show = pc_san_show_dirname},
    [PC_SAN_UPN] = {.name = "upn", .tag = OTHER_NAME,
                    .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"),
                    .parse = pc_san_parse_upn, .show = pc_san_show_utf8},
    [PC_SAN_SMTP_UTF8] = {.name = "smtp-utf8-mailbox", .tag = OTHER_NAME,
                          .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x08\x09"),
                          .parse = pc_san_parse_smtp_utf8, .show = pc_san_show_utf8},
};
// clang-format on
_Static_assert(PC_ARRAY_LEN(rows) == PC_SAN_COUNT, "a kind of alternative name has no row");

/* Choices of GeneralName that are recognised but not written. */
static const struct {
    unsigned tag;
    const char *name;
} other_kinds[] = {
    {OTHER_NAME, "other-name"},
    {PC_DER_CONTEXT_CONSTRUCTED(3), "x400-address"},
    {PC_DER_CONTEXT_CONSTRUCTED(5), "edi-party-name"},
};

static const char *row_name_at(const void *table, size_t index)
{
    return ((const struct san_row *)table)[index].name;
}

PC_RESULT pc_san_type_find(const char *name, enum pc_san_type *ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_SAN_COUNT; i++) {
        if (pc_ascii_equal(rows[i].name, name)) {
            *ret = (enum pc_san_type)i;
            return PC_OK;
        }
    }
    const char *nearest = pc_nearest_word(name, row_name_at, rows, PC_SAN_COUNT);
    if (nearest == NULL) {
        return pc_fail(err, P11CSR_E_SAN, "unknown kind of alternative name '%s'", name);
    }
    return pc_fail(err, P11CSR_E_SAN, "unknown kind of alternative name '%s'; the nearest is '%s'", name,
                   nearest);
}

const char *pc_san_type_name(enum pc_san_type type)
{
    return rows[type].name;
}

void pc_content_clear_sans(struct pc_content *content)
{
    pc_buf_done(&content->san_store);
    pc_buf_done(&content->sans);
    content->san_critical = false;
}

size_t pc_content_san_count(const struct pc_content *content)
{
    return content->sans.len / sizeof(struct entry);
}

static struct entry entry_at(const struct pc_content *content, size_t index)
{
    struct entry entry;
    memcpy(&entry, content->sans.ptr + index * sizeof(entry), sizeof(entry));
    return entry;
}

static struct pc_san san_of(const struct pc_content *content, const struct entry *entry)
{
    return (struct pc_san){entry->type, {content->san_store.ptr + entry->at, entry->len}};
}

struct pc_san pc_content_san(const struct pc_content *content, size_t index)
{
    const struct entry entry = entry_at(content, index);
    return san_of(content, &entry);
}

/* FNV-1a. */
static uint32_t hash_octets(struct pc_span octets)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < octets.len; i++) {
        hash = (hash ^ octets.ptr[i]) * 16777619U;
    }
    return hash;
}

static bool is_there(const struct pc_content *content, enum pc_san_type type, struct pc_span octets)
{
    const uint32_t hash = hash_octets(octets);
    for (size_t i = 0; i < pc_content_san_count(content); i++) {
        const struct entry entry = entry_at(content, i);
        if (entry.hash == hash && entry.type == type && pc_span_eq(san_of(content, &entry).value, octets)) {
            return true;
        }
    }
    return false;
}

static struct pc_result append(struct pc_content *content, enum pc_san_type type, struct pc_span octets,
                               p11csr_error **err)
{
    const struct entry entry = {
        .type = type, .hash = hash_octets(octets), .at = content->san_store.len, .len = octets.len};
    if (pc_content_san_count(content) == PC_MAX_SANS) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d alternative names", (int)PC_MAX_SANS);
    }
    pc_buf_add_span(&content->san_store, octets);
    PC_TRY(pc_buf_check(&content->san_store, err));
    pc_buf_add(&content->sans, &entry, sizeof(entry));
    return pc_buf_check(&content->sans, err);
}

/* The parts of an otherName. False when it is none. */
static bool other_name_parts(struct pc_span octets, struct pc_span *ret_oid, struct pc_span *ret_value)
{
    struct pc_der in = pc_der_over(octets);
    struct pc_der inner;
    struct pc_der_value value;
    if (!pc_is_ok(pc_oid_read(&in, "type-id", ret_oid, NULL)) ||
        !pc_is_ok(pc_der_enter(&in, PC_DER_CONTEXT_CONSTRUCTED(0), "value", &inner, NULL)) ||
        !pc_der_at_end(&in) || !pc_is_ok(pc_der_next(&inner, &value, NULL)) || !pc_der_at_end(&inner)) {
        return false;
    }
    *ret_value = value.whole;
    return true;
}

/* Appends the octets of a name: an otherName is the frame of the value that its row reads. */
static struct pc_result parse(const struct san_row *row, const struct pc_san_text *in, struct pc_buf *ret,
                              p11csr_error **err)
{
    struct pc_der_writer w;
    if (row->oid.len == 0) {
        return row->parse(in, ret, err);
    }
    pc_der_writer_init(&w, ret);
    pc_der_bytes(&w, PC_DER_OID, row->oid);
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
    PC_TRY(row->parse(in, ret, err));
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

PC_RESULT pc_content_add_san(struct pc_content *content, enum pc_san_type type, const char *text,
                             p11csr_error **err)
{
    const struct pc_san_text in = {rows[type].name, pc_span_str(text)};
    struct pc_buf octets PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&octets, PC_MAX_REQUEST);
    if (in.text.len > PC_MAX_SAN_TEXT) {
        return pc_san_result(&in, "is too long", 0, &octets, err);
    }
    if (type == PC_SAN_EMAIL && pc_san_is_smtp_utf8(in.text)) {
        type = PC_SAN_SMTP_UTF8;
    }
    PC_TRY(parse(&rows[type], &in, &octets, err));
    const struct pc_span value = pc_buf_span(&octets);
    return is_there(content, type, value) ? PC_OK : append(content, type, value, err);
}

/* Appends the text of octets that are valid. */
static bool show(enum pc_san_type type, struct pc_span octets, struct pc_buf *ret)
{
    const struct san_row *row = &rows[type];
    struct pc_span oid;
    if (row->show == NULL) {
        pc_buf_add_span(ret, octets);
        return true;
    }
    if (row->oid.len > 0 && (!other_name_parts(octets, &oid, &octets) || !pc_span_eq(oid, row->oid))) {
        return false;
    }
    return row->show(octets, ret);
}

/* Text or an address, whose octets say all. Requests that have bad ones are refused. */
static bool is_plain(enum pc_san_type type)
{
    return rows[type].show == NULL || type == PC_SAN_IP;
}

/* What is wrong with the octets of a value, or NULL. */
static const char *octets_fault(enum pc_san_type type, struct pc_span octets)
{
    if (type == PC_SAN_IP) {
        return octets.len == 4 || octets.len == 16 ? NULL : "an IP address that has neither 4 nor 16 octets";
    }
    if (rows[type].show != NULL) {
        struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
        pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST);
        return show(type, octets, &text) ? NULL : "an alternative name that is not what its kind says";
    }
    for (size_t i = 0; i < octets.len; i++) {
        if (octets.ptr[i] < 0x20 || octets.ptr[i] > 0x7E) {
            return "an alternative name with a character that does not belong there";
        }
    }
    return octets.len > 0 ? NULL : "an alternative name that is empty";
}

PC_RESULT pc_content_add_san_octets(struct pc_content *content, enum pc_san_type type, struct pc_span octets,
                                    p11csr_error **err)
{
    const char *fault = octets_fault(type, octets);
    return fault != NULL ? pc_fail(err, P11CSR_E_SAN, "%s", fault) : append(content, type, octets, err);
}

PC_RESULT pc_san_format(struct pc_san san, struct pc_buf *ret, p11csr_error **err)
{
    if (!show(san.type, san.value, ret)) {
        return pc_fail(err, P11CSR_E_SAN, "an alternative name that is not what its kind says");
    }
    return pc_buf_check(ret, err);
}

void pc_san_write(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    for (size_t i = 0; i < pc_content_san_count(content); i++) {
        const struct pc_san san = pc_content_san(content, i);
        pc_der_bytes(w, rows[san.type].tag, san.value);
    }
    pc_der_end(w);
}

static const struct san_row *find_row(unsigned tag, struct pc_span oid)
{
    for (size_t i = 0; i < PC_SAN_COUNT; i++) {
        if (rows[i].tag == tag && pc_span_eq(rows[i].oid, oid)) {
            return &rows[i];
        }
    }
    return NULL;
}

/*
 * Sets what kind of name it is; false when it is none. Of the kinds that are more than plain octets, one
 * whose octets are not valid has no row.
 */
static bool set_kind(struct pc_general_name *name)
{
    struct pc_span oid = {0};
    struct pc_span value;
    const bool framed = name->tag != OTHER_NAME || other_name_parts(name->content, &oid, &value);
    const struct san_row *row = framed ? find_row(name->tag, oid) : NULL;
    if (row != NULL) {
        name->kind = row->name;
        name->type = (enum pc_san_type)(row - rows);
        name->has_row = is_plain(name->type) || octets_fault(name->type, name->content) == NULL;
        return true;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(other_kinds); i++) {
        if (other_kinds[i].tag == name->tag) {
            name->kind = other_kinds[i].name;
            return true;
        }
    }
    return false;
}

static struct pc_result read_general_name(struct pc_der *in, struct pc_general_name *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    struct pc_der_value value;
    PC_TRY(pc_der_next(in, &value, err));
    *ret = (struct pc_general_name){.tag = value.tag, .whole = value.whole, .content = value.content};
    if (!set_kind(ret)) {
        return pc_der_fail(&before, "tag is no kind of alternative name", err);
    }
    const char *fault = ret->has_row && is_plain(ret->type) ? octets_fault(ret->type, ret->content) : NULL;
    return fault != NULL ? pc_der_fail(&before, fault, err) : PC_OK;
}

PC_RESULT pc_general_names_walk(struct pc_der in,
                                PC_RESULT (*visit)(const struct pc_general_name *name, void *data,
                                                   p11csr_error **err),
                                void *data, p11csr_error **err)
{
    struct pc_der names;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "GeneralNames", &names, err));
    PC_TRY(pc_der_leave(&in, "GeneralNames", err));
    if (pc_der_at_end(&names)) {
        return pc_der_fail(&names, "GeneralNames is empty", err);
    }
    while (!pc_der_at_end(&names)) {
        struct pc_general_name name;
        PC_TRY(read_general_name(&names, &name, err));
        PC_TRY(visit(&name, data, err));
    }
    return PC_OK;
}
