// SPDX-License-Identifier: Apache-2.0
#include "csr/content/san.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

/* How struct pc_content keeps an alternative name: its octets stand in san_store. */
struct entry {
    enum pc_san_type type;
    uint32_t hash; /* of the octets: spares comparing most of them when a duplicate is looked for */
    size_t at;
    size_t len;
};

struct san_row {
    const char *name;
    unsigned tag;
    const char *(*fault)(struct pc_span text, size_t *ret_at); /* NULL: the value is not text */
};

static const struct san_row rows[] = {
    [PC_SAN_EMAIL] = {.name = "email", .tag = PC_DER_CONTEXT(1), .fault = pc_san_email_fault},
    [PC_SAN_DNS] = {.name = "dns", .tag = PC_DER_CONTEXT(2), .fault = pc_san_dns_fault},
    [PC_SAN_URI] = {.name = "uri", .tag = PC_DER_CONTEXT(6), .fault = pc_san_uri_fault},
    [PC_SAN_IP] = {.name = "ip", .tag = PC_DER_CONTEXT(7)},
};
_Static_assert(PC_ARRAY_LEN(rows) == PC_SAN_COUNT, "a kind of alternative name has no row");

/* Choices of GeneralName that are recognised but not written. */
static const struct {
    unsigned tag;
    const char *name;
} other_kinds[] = {
    {PC_DER_CONTEXT_CONSTRUCTED(0), "other-name"},
    {PC_DER_CONTEXT_CONSTRUCTED(3), "x400-address"},
    {PC_DER_CONTEXT_CONSTRUCTED(4), "directory-name"},
    {PC_DER_CONTEXT_CONSTRUCTED(5), "edi-party-name"},
    {PC_DER_CONTEXT(8), "registered-id"},
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

PC_RESULT pc_content_add_san(struct pc_content *content, enum pc_san_type type, const char *text,
                             p11csr_error **err)
{
    uint8_t address[16];
    struct pc_span octets = pc_span_str(text);
    size_t at = 0;
    if (type == PC_SAN_IP) {
        size_t len = 0;
        const char *fault = pc_san_ip_fault(text, address, &len);
        if (fault != NULL) {
            return pc_fail(err, P11CSR_E_SAN, "ip '%s' %s", text, fault);
        }
        octets = (struct pc_span){address, len};
    } else {
        const char *fault = rows[type].fault(octets, &at);
        if (fault != NULL) {
            return pc_fail(err, P11CSR_E_SAN, "byte %zu: %s '%s' %s", at + 1, rows[type].name, text, fault);
        }
    }
    return is_there(content, type, octets) ? PC_OK : append(content, type, octets, err);
}

/* What is wrong with the octets of a value, or NULL. */
static const char *octets_fault(enum pc_san_type type, struct pc_span octets)
{
    if (type == PC_SAN_IP) {
        return octets.len == 4 || octets.len == 16 ? NULL : "an IP address that has neither 4 nor 16 octets";
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

PC_RESULT pc_san_format(struct pc_san san, struct pc_buf *ret, p11csr_error **err)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    const uint8_t *octets = san.value.ptr;
    if (san.type != PC_SAN_IP) {
        pc_buf_add_span(ret, san.value);
    } else if (san.value.len == 4) {
        pc_buf_printf(ret, "%u.%u.%u.%u", octets[0], octets[1], octets[2], octets[3]);
    } else if (memcmp(octets, mapped, sizeof(mapped)) == 0) { // RFC 5952 section 5
        pc_buf_printf(ret, "::ffff:%u.%u.%u.%u", octets[12], octets[13], octets[14], octets[15]);
    } else {
        format_ipv6(octets, ret);
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

/* Sets what kind of name a tag stands for; false when it stands for none. */
static bool set_kind(struct pc_general_name *name)
{
    for (size_t i = 0; i < PC_SAN_COUNT; i++) {
        if (rows[i].tag == name->tag) {
            name->kind = rows[i].name;
            name->has_row = true;
            name->type = (enum pc_san_type)i;
            return true;
        }
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
    const char *fault = ret->has_row ? octets_fault(ret->type, ret->content) : NULL;
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
