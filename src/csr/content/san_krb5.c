// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/san_kinds.h"

#include <limits.h>
#include <string.h>

/*
 * KRB5PrincipalName (RFC 4556 section 3.2.2): "HTTP/host@REALM", a backslash before what is meant literally,
 * and ":TYPE" where the type of the name (RFC 4120 section 6.2) is not the usual one.
 */

enum { NT_PRINCIPAL = 1, NT_SRV_INST = 2, NT_SRV_HST = 3 };

static const char special[] = "/@:\\";

/* A name with the place in its text, or what was read from octets. */
struct principal {
    struct pc_buf parts; /* KerberosStrings, one after the other */
    size_t count;
    bool is_ticket_granter; /* the first part is "krbtgt" */
    struct pc_buf realm;
    unsigned long type;
};

static void principal_init(struct principal *principal)
{
    *principal = (struct principal){0};
    pc_buf_init(&principal->parts, PC_MAX_REQUEST);
    pc_buf_init(&principal->realm, PC_MAX_REQUEST);
}

static void principal_done(struct principal *principal)
{
    pc_buf_done(&principal->parts);
    pc_buf_done(&principal->realm);
}

/* The type that a name of these parts has as a rule: a user, a ticket granter, the service of a host. */
static unsigned long usual_type(const struct principal *principal)
{
    if (principal->count == 1) {
        return NT_PRINCIPAL;
    }
    return principal->is_ticket_granter ? NT_SRV_INST : NT_SRV_HST;
}

/* Reads up to a character of `stops` that has no backslash. *at is moved to it, or to the fault. */
static const char *read_part(struct pc_span text, const char *stops, size_t *at, struct pc_buf *ret)
{
    const size_t start = *at;
    for (; *at < text.len && strchr(stops, text.ptr[*at]) == NULL; (*at)++) {
        uint8_t c = text.ptr[*at];
        if (c == '\\') {
            c = *at + 1 < text.len ? text.ptr[*at + 1] : 0;
            if (c == 0 || strchr(special, c) == NULL) {
                return "has a backslash that stands before none of / @ : and backslash";
            }
            (*at)++;
        }
        if (c < 0x20 || c > 0x7E) {
            return "has a character that Kerberos names do not have";
        }
        pc_buf_byte(ret, c);
    }
    return *at > start ? NULL : "has an empty part";
}

static const char *read_parts(struct pc_span text, size_t *at, struct principal *ret)
{
    for (;; (*at)++) {
        struct pc_buf part PC_CLEANUP(pc_buf_done) = {0};
        struct pc_der_writer w;
        pc_buf_init(&part, PC_MAX_SAN_TEXT);
        const char *fault = read_part(text, "/@", at, &part);
        if (fault != NULL) {
            return fault;
        }
        if (ret->count == PC_MAX_PRINCIPAL) {
            return "has too many parts";
        }
        const struct pc_span octets = pc_buf_span(&part);
        ret->is_ticket_granter =
            ret->count == 0 ? pc_span_eq(octets, pc_span_str("krbtgt")) : ret->is_ticket_granter;
        ret->count++;
        pc_der_writer_init(&w, &ret->parts);
        pc_der_bytes(&w, PC_DER_GENERAL_STRING, octets);
        ret->parts.failed = ret->parts.failed != P11CSR_OK ? ret->parts.failed : part.failed;
        if (*at == text.len) {
            return "has no '@' and realm behind it";
        }
        if (text.ptr[*at] == '@') {
            return NULL;
        }
    }
}

static const char *read_principal(struct pc_span text, size_t *at, struct principal *ret)
{
    const char *fault = read_parts(text, at, ret);
    if (fault != NULL) {
        return fault;
    }
    (*at)++;
    fault = read_part(text, "@:", at, &ret->realm);
    if (fault != NULL) {
        return fault;
    }
    ret->type = usual_type(ret);
    if (*at < text.len && text.ptr[*at] == '@') {
        return "has a second '@'; one that is meant literally is written '\\@'";
    }
    if (*at < text.len && !pc_parse_number((const char *)text.ptr + *at + 1, INT32_MAX, &ret->type)) {
        return "has something behind the last ':' that is no type of names";
    }
    return NULL;
}

PC_RESULT pc_san_parse_krb5(const struct pc_san_text *in, struct pc_buf *ret, p11csr_error **err)
{
    struct principal principal PC_CLEANUP(principal_done);
    struct pc_der_writer w;
    size_t at = 0;
    principal_init(&principal);
    const char *fault = read_principal(in->text, &at, &principal);
    PC_TRY(pc_san_result(in, fault, at, &principal.parts, err));
    PC_TRY(pc_buf_check(&principal.realm, err));
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
    pc_der_bytes(&w, PC_DER_GENERAL_STRING, pc_buf_span(&principal.realm));
    pc_der_end(&w);
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(1));
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
    pc_der_number(&w, principal.type);
    pc_der_end(&w);
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(1));
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, pc_buf_span(&principal.parts));
    pc_der_end(&w);
    pc_der_end(&w);
    pc_der_end(&w);
    pc_der_end(&w);
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

/* Appends a KerberosString as text. */
static bool show_part(struct pc_span octets, struct pc_buf *ret)
{
    for (size_t i = 0; i < octets.len; i++) {
        const uint8_t c = octets.ptr[i];
        if (c < 0x20 || c > 0x7E) {
            return false;
        }
        if (strchr(special, c) != NULL) {
            pc_buf_byte(ret, '\\');
        }
        pc_buf_byte(ret, c);
    }
    return octets.len > 0;
}

/* Goes into [tag], whose only value is left to be read. */
static bool enter_only(struct pc_der *in, unsigned tag, struct pc_der *ret)
{
    return pc_is_ok(pc_der_enter(in, PC_DER_CONTEXT_CONSTRUCTED(tag), "field", ret, NULL));
}

static bool show_parts(struct pc_der in, struct pc_buf *ret, struct principal *principal)
{
    for (; !pc_der_at_end(&in); principal->count++) {
        struct pc_der_value part;
        if (!pc_is_ok(pc_der_expect(&in, PC_DER_GENERAL_STRING, "part", &part, NULL)) ||
            principal->count == PC_MAX_PRINCIPAL) {
            return false;
        }
        pc_buf_text(ret, principal->count > 0 ? "/" : "");
        if (!show_part(part.content, ret)) {
            return false;
        }
        principal->is_ticket_granter = principal->count == 0 ? pc_span_eq(part.content, pc_span_str("krbtgt"))
                                                             : principal->is_ticket_granter;
    }
    return principal->count > 0;
}

/* PrincipalName (RFC 4120 section 5.2.2). */
static bool show_name(struct pc_der in, struct pc_buf *ret, struct principal *principal)
{
    struct pc_der name;
    struct pc_der type;
    struct pc_der strings;
    struct pc_der list;
    return pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "PrincipalName", &name, NULL)) && pc_der_at_end(&in) &&
           enter_only(&name, 0, &type) &&
           pc_is_ok(pc_der_read_number(&type, "name-type", INT32_MAX, &principal->type, NULL)) &&
           pc_der_at_end(&type) && enter_only(&name, 1, &strings) && pc_der_at_end(&name) &&
           pc_is_ok(pc_der_enter(&strings, PC_DER_SEQUENCE, "name-string", &list, NULL)) &&
           pc_der_at_end(&strings) && show_parts(list, ret, principal);
}

bool pc_san_show_krb5(struct pc_span octets, struct pc_buf *ret)
{
    struct principal principal = {0};
    struct pc_der in = pc_der_over(octets);
    struct pc_der fields;
    struct pc_der realm;
    struct pc_der name;
    struct pc_der_value text;
    if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "KRB5PrincipalName", &fields, NULL)) ||
        !pc_der_at_end(&in) || !enter_only(&fields, 0, &realm) ||
        !pc_is_ok(pc_der_expect(&realm, PC_DER_GENERAL_STRING, "realm", &text, NULL)) ||
        !pc_der_at_end(&realm) || !enter_only(&fields, 1, &name) || !pc_der_at_end(&fields) ||
        !show_name(name, ret, &principal)) {
        return false;
    }
    pc_buf_byte(ret, '@');
    if (!show_part(text.content, ret)) {
        return false;
    }
    if (principal.type != usual_type(&principal)) {
        pc_buf_printf(ret, ":%lu", principal.type);
    }
    return true;
}
