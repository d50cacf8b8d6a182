// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/row_functions.h"
#include "csr/content/san_kinds.h"
#include "csr/content/value.h"

#include <string.h>

/* nameConstraints (RFC 5280 section 4.2.1.10): what a CA may or may not name. */

enum { PERMITTED, EXCLUDED, SIDES };
static const char *const sides[SIDES] = {"permitted", "excluded"};

struct kind {
    const char *name;
    unsigned tag; /* of the GeneralName */
    PC_RESULT (*parse)(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err);
    bool (*show)(struct pc_span octets, struct pc_buf *ret); /* NULL: IA5 text */
};

/* A domain with all below it; an empty one is every name. */
static struct pc_result parse_dns(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    if (in->text.len == 0) {
        return PC_OK;
    }
    const char *fault = in->text.ptr[0] == '*'   ? "has a wildcard: a domain holds for all names below it"
                        : in->text.ptr[0] == '.' ? "begins with a dot: a domain holds for all names below it"
                                                 : NULL;
    return fault != NULL ? pc_san_result(in, fault, 0, ret, err) : pc_san_parse_dns(in, ret, err);
}

/* A host, or all hosts below a domain that begins with a dot. */
static struct pc_result parse_host(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const bool below = in->text.len > 0 && in->text.ptr[0] == '.';
    const size_t skip = below ? 1 : 0;
    const struct pc_san_text host = {in->kind, {in->text.ptr + skip, in->text.len - skip}};
    if (below) {
        pc_buf_byte(ret, '.');
    }
    return host.text.len > 0 && host.text.ptr[0] == '*'
               ? pc_san_result(in, "has a wildcard: '.example.com' is all hosts below it", skip, ret, err)
               : pc_san_parse_dns(&host, ret, err);
}

static struct pc_result parse_email(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    if (pc_san_is_smtp_utf8(in->text)) {
        return pc_san_result(in, "is no name that a constraint can hold", PC_SAN_WHOLE, ret, err);
    }
    return memchr(in->text.ptr, '@', in->text.len) != NULL ? pc_san_parse_email(in, ret, err)
                                                           : parse_host(in, ret, err);
}

/* A network: the address and as many octets of mask. */
static struct pc_result parse_network(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    const char *text = (const char *)in->text.ptr;
    const char *slash = strchr(text, '/');
    unsigned long prefix = 0;
    if (slash == NULL) {
        return pc_san_result(in, "has no '/' with the length of its prefix", PC_SAN_WHOLE, ret, err);
    }
    char *address PC_CLEANUP(pc_free_str) = pc_strndup(text, (size_t)(slash - text));
    if (address == NULL) {
        return pc_fail_memory(err);
    }
    const size_t before = ret->len;
    const struct pc_san_text alone = {in->kind, pc_span_str(address)};
    PC_TRY(pc_san_parse_ip(&alone, ret, err));
    const size_t octets = ret->len - before;
    if (!pc_parse_number(slash + 1, octets * 8, &prefix)) {
        return pc_san_result(in, "has a wrong length of its prefix", (size_t)(slash + 1 - text), ret, err);
    }
    for (size_t bit = 0; bit < octets * 8; bit++) {
        const bool set = (ret->ptr[before + bit / 8] & 0x80U >> bit % 8) != 0;
        if (set && bit >= prefix) {
            return pc_san_result(in, "has bits behind its prefix", PC_SAN_WHOLE, ret, err);
        }
    }
    for (size_t i = 0; i < octets; i++) {
        const size_t left = prefix > i * 8 ? prefix - i * 8 : 0;
        pc_buf_byte(ret, left >= 8 ? 0xFF : (uint8_t)(0xFF00U >> left));
    }
    return pc_buf_check(ret, err);
}

/* False for an address without a mask, and a mask that is no prefix. */
static bool show_network(struct pc_span octets, struct pc_buf *ret)
{
    const size_t half = octets.len / 2;
    size_t prefix = 0;
    if (octets.len != 8 && octets.len != 32) {
        return false;
    }
    while (prefix < half * 8 && (octets.ptr[half + prefix / 8] & 0x80U >> prefix % 8) != 0) {
        prefix++;
    }
    for (size_t bit = prefix; bit < half * 8; bit++) {
        if ((octets.ptr[half + bit / 8] & 0x80U >> bit % 8) != 0) {
            return false;
        }
    }
    if (!pc_san_show_ip((struct pc_span){octets.ptr, half}, ret)) {
        return false;
    }
    pc_buf_printf(ret, "/%zu", prefix);
    return true;
}

static const struct kind kinds[] = {
    {"dns", PC_DER_CONTEXT(2), parse_dns, NULL},
    {"email", PC_DER_CONTEXT(1), parse_email, NULL},
    {"uri", PC_DER_CONTEXT(6), parse_host, NULL},
    {"ip", PC_DER_CONTEXT(7), parse_network, show_network},
    {"dirname", PC_DER_CONTEXT_CONSTRUCTED(4), pc_san_parse_dirname, pc_san_show_dirname},
};

/* Reads "permitted:dns:"; *ret_at receives what follows. */
static struct pc_result read_head(const char *text, size_t *ret_side, const struct kind **ret_kind,
                                  const char **ret_at, p11csr_error **err)
{
    const size_t len = strcspn(text, ":");
    *ret_side = SIDES;
    for (size_t i = 0; i < SIDES; i++) {
        if (strlen(sides[i]) == len && strncmp(text, sides[i], len) == 0) {
            *ret_side = i;
        }
    }
    if (*ret_side == SIDES || text[len] == 0) {
        return pc_item_fail(text, text, "does not begin with permitted: or excluded:", err);
    }
    const char *kind = text + len + 1;
    const size_t kind_len = strcspn(kind, ":");
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        if (strlen(kinds[i].name) == kind_len && strncmp(kind, kinds[i].name, kind_len) == 0 &&
            kind[kind_len] == ':') {
            *ret_kind = &kinds[i];
            *ret_at = kind + kind_len + 1;
            return PC_OK;
        }
    }
    return pc_item_fail(text, kind, "has none of dns:, email:, uri:, ip: and dirname: here", err);
}

/* The subtrees that are there already: the content of [0] and [1]. */
static struct pc_result read_sides(struct pc_span earlier, struct pc_span ret[static SIDES],
                                   p11csr_error **err)
{
    struct pc_span content = {0};
    PC_TRY(pc_item_earlier(earlier, &content, err));
    struct pc_der in = pc_der_over(content);
    for (unsigned i = 0; i < SIDES; i++) {
        ret[i] = (struct pc_span){0};
        if (pc_der_peek(&in) == (unsigned)PC_DER_CONTEXT_CONSTRUCTED(i)) {
            struct pc_der_value value;
            PC_TRY(pc_der_next(&in, &value, err));
            ret[i] = value.content;
        }
    }
    return pc_der_leave(&in, "NameConstraints", err);
}

static struct pc_result check_room(const char *text, struct pc_span list, struct pc_span fresh,
                                   p11csr_error **err)
{
    struct pc_der in = pc_der_over(list);
    for (size_t count = 1; !pc_der_at_end(&in); count++) {
        struct pc_der_value value;
        PC_TRY(pc_der_next(&in, &value, err));
        if (pc_span_eq(value.content, fresh)) {
            return pc_item_fail(text, text, "is there already", err);
        }
        if (count == PC_MAX_ITEMS) {
            return pc_fail(err, P11CSR_E_LIMIT, "more than %d of them", (int)PC_MAX_ITEMS);
        }
    }
    return PC_OK;
}

PC_RESULT pc_constraint_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                              p11csr_error **err)
{
    struct pc_buf octets PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf name PC_CLEANUP(pc_buf_done) = {0};
    struct pc_span lists[SIDES] = {{0}, {0}};
    struct pc_der_writer inner;
    const struct kind *kind = &kinds[0];
    const char *at = NULL;
    size_t side = 0;
    pc_buf_init(&octets, PC_MAX_VALUE);
    pc_buf_init(&name, PC_MAX_VALUE);
    PC_TRY(read_head(text, &side, &kind, &at, err));
    const struct pc_san_text in = {kind->name, pc_span_str(at)};
    PC_TRY(pc_value_recode(kind->parse(&in, &octets, err), P11CSR_E_EXTENSION, err));
    pc_der_writer_init(&inner, &name);
    pc_der_bytes(&inner, kind->tag, pc_buf_span(&octets));
    PC_TRY(pc_der_finish(&inner, err));
    PC_TRY(read_sides(earlier, lists, err));
    const struct pc_span there = lists[side == EXCLUDED ? EXCLUDED : PERMITTED];
    PC_TRY(check_room(text, there, pc_buf_span(&name), err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    for (unsigned i = 0; i < SIDES; i++) {
        if (lists[i].len == 0 && i != side) {
            continue;
        }
        pc_der_begin(w, PC_DER_CONTEXT_CONSTRUCTED(i));
        pc_der_raw(w, lists[i]);
        if (i == side) {
            pc_der_bytes(w, PC_DER_SEQUENCE, pc_buf_span(&name));
        }
        pc_der_end(w);
    }
    pc_der_end(w);
    return PC_OK;
}

/* One GeneralSubtree. Bounds of its depth have no text: RFC 5280 does not use them. */
static struct pc_result show_subtree(struct pc_der *in, const char *side, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    struct pc_der_value base;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "GeneralSubtree", &inner, err));
    PC_TRY(pc_der_next(&inner, &base, err));
    for (size_t i = 0; pc_der_at_end(&inner) && i < PC_ARRAY_LEN(kinds); i++) {
        if (kinds[i].tag != base.tag) {
            continue;
        }
        pc_buf_printf(&text, "%s:%s:", side, kinds[i].name);
        if (kinds[i].show != NULL && !kinds[i].show(base.content, &text)) {
            break;
        }
        if (kinds[i].show == NULL) {
            pc_buf_add_span(&text, base.content);
        }
        return pc_item_show(&text, list, err);
    }
    return pc_item_no_text(err);
}

PC_RESULT pc_constraint_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "NameConstraints", &inner, err));
    PC_TRY(pc_der_leave(&in, "NameConstraints", err));
    if (pc_der_at_end(&inner)) {
        return pc_der_fail(&inner, "NameConstraints is empty", err);
    }
    for (unsigned i = 0; i < SIDES; i++) {
        struct pc_der trees;
        if (pc_der_peek(&inner) != (unsigned)PC_DER_CONTEXT_CONSTRUCTED(i)) {
            continue;
        }
        PC_TRY(pc_der_enter(&inner, (unsigned)PC_DER_CONTEXT_CONSTRUCTED(i), "GeneralSubtrees", &trees, err));
        if (pc_der_at_end(&trees)) {
            return pc_der_fail(&trees, "GeneralSubtrees is empty", err);
        }
        while (!pc_der_at_end(&trees)) {
            PC_TRY(show_subtree(&trees, sides[i], list, err));
        }
    }
    return pc_der_leave(&inner, "NameConstraints", err);
}
