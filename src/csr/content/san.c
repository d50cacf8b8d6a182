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
    [PC_SAN_KRB5] = {.name = "krb5", .tag = OTHER_NAME, .oid = PC_BYTES("\x2b\x06\x01\x05\x02\x02"),
                     .parse = pc_san_parse_krb5, .show = pc_san_show_krb5},
    [PC_SAN_SRV] = {.name = "srv", .tag = OTHER_NAME, .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x08\x07"),
                    .parse = pc_san_parse_srv, .show = pc_san_show_ia5},
    [PC_SAN_XMPP] = {.name = "xmpp", .tag = OTHER_NAME, .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x08\x05"),
                     .parse = pc_san_parse_xmpp, .show = pc_san_show_utf8},
    [PC_SAN_BUNDLE_EID] = {.name = "bundle-eid", .tag = OTHER_NAME,
                           .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x08\x0b"),
                           .parse = pc_san_parse_bundle_eid, .show = pc_san_show_ia5},
    [PC_SAN_HARDWARE_MODULE] = {.name = "hardware-module", .tag = OTHER_NAME,
                                .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x08\x04"),
                                .parse = pc_san_parse_hardware_module,
                                .show = pc_san_show_hardware_module},
    [PC_SAN_PERMANENT_ID] = {.name = "permanent-id", .tag = OTHER_NAME,
                             .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x08\x03"),
                             .parse = pc_san_parse_permanent_id, .show = pc_san_show_permanent_id},
    [PC_SAN_NTDS_GUID] = {.name = "ntds-guid", .tag = OTHER_NAME,
                          .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x19\x01"),
                          .parse = pc_san_parse_ntds_guid, .show = pc_san_show_ntds_guid},
    [PC_SAN_OTHER] = {.name = "other-name", .tag = OTHER_NAME, .parse = pc_san_parse_other,
                      .show = pc_san_show_other},
};
// clang-format on
_Static_assert(PC_ARRAY_LEN(rows) == PC_SAN_COUNT, "a kind of alternative name has no row");

/* Choices of GeneralName that are recognised but not written. */
static const struct {
    unsigned tag;
    const char *name;
} other_kinds[] = {
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
    content->san_said_critical = false;
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

bool pc_san_other_name(struct pc_span octets, struct pc_span *ret_oid, struct pc_span *ret_value)
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

/* Appends the text of octets that are valid. */
static bool show(enum pc_san_type type, struct pc_span octets, struct pc_buf *ret)
{
    const struct san_row *row = &rows[type];
    struct pc_span oid;
    if (row->show == NULL) {
        pc_buf_add_span(ret, octets);
        return true;
    }
    if (row->oid.len > 0 && (!pc_san_other_name(octets, &oid, &octets) || !pc_span_eq(oid, row->oid))) {
        return false;
    }
    return row->show(octets, ret);
}

/* Text or an address, whose octets say all. Requests that have bad ones are refused. */
static bool is_plain(enum pc_san_type type)
{
    return rows[type].show == NULL || type == PC_SAN_IP;
}

/* Finds out what is wrong with the octets of a value; *ret_fault is NULL when nothing is. */
static struct pc_result check_octets(enum pc_san_type type, struct pc_span octets, const char **ret_fault,
                                     p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    *ret_fault = octets.len == 0 ? "an alternative name that is empty" : NULL;
    if (type == PC_SAN_IP) {
        const bool good = octets.len == 4 || octets.len == 16;
        *ret_fault = good ? NULL : "an IP address that has neither 4 nor 16 octets";
    } else if (rows[type].show != NULL) {
        pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST);
        *ret_fault = show(type, octets, &text) ? NULL : "an alternative name that is not what its kind says";
        return pc_buf_check(&text, err);
    }
    for (size_t i = 0; rows[type].show == NULL && i < octets.len; i++) {
        if (octets.ptr[i] < 0x20 || octets.ptr[i] > 0x7E) {
            *ret_fault = "an alternative name with a character that does not belong there";
        }
    }
    return PC_OK;
}

/* The row of a kind of name, or NULL; an otherName of an unknown type has one too. */
static const struct san_row *find_row(unsigned tag, struct pc_span octets)
{
    struct pc_span oid = {0};
    struct pc_span value;
    if (tag == OTHER_NAME && !pc_san_other_name(octets, &oid, &value)) {
        return &rows[PC_SAN_OTHER];
    }
    for (size_t i = 0; i < PC_SAN_COUNT; i++) {
        if (rows[i].tag == tag && pc_span_eq(rows[i].oid, oid)) {
            return &rows[i];
        }
    }
    return tag == OTHER_NAME ? &rows[PC_SAN_OTHER] : NULL;
}

/* An otherName that was given by its OID may be of a kind that has a row. */
static struct pc_result find_type(const struct pc_san_text *in, struct pc_span octets, enum pc_san_type *ret,
                                  p11csr_error **err)
{
    const struct san_row *row = find_row(OTHER_NAME, octets);
    const char *fault = NULL;
    *ret = (enum pc_san_type)(row - rows);
    PC_TRY(check_octets(*ret, octets, &fault, err));
    return fault == NULL ? PC_OK
                         : pc_fail(err, P11CSR_E_SAN, "%s '%s' has the type of a %s but not its value",
                                   in->kind, (const char *)in->text.ptr, row->name);
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
    if (type == PC_SAN_OTHER) {
        PC_TRY(find_type(&in, value, &type, err));
    }
    return is_there(content, type, value) ? PC_OK : append(content, type, value, err);
}

PC_RESULT pc_content_add_san_octets(struct pc_content *content, enum pc_san_type type, struct pc_span octets,
                                    p11csr_error **err)
{
    const char *fault = NULL;
    PC_TRY(check_octets(type, octets, &fault, err));
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

/*
 * Sets what kind of name it is; *ret_fault is what is wrong with it. Of the kinds that are more than plain
 * octets, one whose octets are not valid has no row.
 */
static struct pc_result set_kind(struct pc_general_name *name, const char **ret_fault, p11csr_error **err)
{
    const struct san_row *row = find_row(name->tag, name->content);
    *ret_fault = NULL;
    if (row != NULL) {
        name->kind = row->name;
        name->type = (enum pc_san_type)(row - rows);
        PC_TRY(check_octets(name->type, name->content, ret_fault, err));
        name->has_row = *ret_fault == NULL;
        name->fault = is_plain(name->type) ? NULL : *ret_fault;
        *ret_fault = is_plain(name->type) ? *ret_fault : NULL;
        return PC_OK;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(other_kinds); i++) {
        name->kind = other_kinds[i].tag == name->tag ? other_kinds[i].name : name->kind;
    }
    if (name->kind == NULL) {
        *ret_fault = "tag is no kind of alternative name";
        name->kind = "unknown";
    }
    return PC_OK;
}

static struct pc_result read_general_name(struct pc_der *in, struct pc_general_name *ret, p11csr_error **err)
{
    const struct pc_der before = *in;
    const char *fault = NULL;
    struct pc_der_value value;
    PC_TRY(pc_der_next(in, &value, err));
    *ret = (struct pc_general_name){.tag = value.tag, .whole = value.whole, .content = value.content};
    PC_TRY(set_kind(ret, &fault, err));
    return fault != NULL ? pc_der_deviates(&before, "S11", fault, err) : PC_OK;
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
        PC_TRY(pc_der_deviates(&names, "S11", "GeneralNames is empty", err));
    }
    while (!pc_der_at_end(&names)) {
        struct pc_general_name name;
        PC_TRY(read_general_name(&names, &name, err));
        PC_TRY(visit(&name, data, err));
    }
    return PC_OK;
}
