// SPDX-License-Identifier: Apache-2.0
#include "csr/content/ext_fields.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/oid.h"
#include "csr/content/san.h"

#include <limits.h>
#include <string.h>

enum { TLS_FEATURE_STATUS_REQUEST = 5, TLS_FEATURE_MAX = 65535 };

static bool is_ca(const struct pc_content *content)
{
    return content->is_ca;
}

static bool always(const struct pc_content *content)
{
    (void)content;
    return true;
}

static bool never(const struct pc_content *content)
{
    (void)content;
    return false;
}

static bool wants_basic(const struct pc_content *content)
{
    return content->has_basic;
}

static bool basic_critical(const struct pc_content *content)
{
    return content->basic_critical;
}

static void write_basic(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    if (content->is_ca) {
        pc_der_bool(w, true);
    }
    if (content->has_path_length) {
        pc_der_number(w, content->path_length);
    }
    pc_der_end(w);
}

static struct pc_result read_basic(struct pc_der in, bool critical, struct pc_content *content,
                                   bool *ret_known, p11csr_error **err)
{
    struct pc_der inner;
    bool is_ca = false;
    unsigned long path_length = 0;
    (void)ret_known;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "BasicConstraints", &inner, err));
    PC_TRY(pc_der_leave(&in, "BasicConstraints", err));
    const struct pc_der before = inner;
    if (pc_der_peek(&inner) == PC_DER_BOOLEAN) {
        PC_TRY(pc_der_read_bool(&inner, "cA", &is_ca, err));
        if (!is_ca) {
            PC_TRY(pc_der_deviates(&before, "S12", "cA FALSE is the default, which DER leaves out", err));
        }
    }
    const bool has_path_length = pc_der_peek(&inner) == PC_DER_INTEGER;
    if (has_path_length) {
        PC_TRY(pc_der_read_number(&inner, "pathLenConstraint", LONG_MAX, &path_length, err));
    }
    PC_TRY(pc_der_leave(&inner, "BasicConstraints", err));
    if (has_path_length && !is_ca) {
        PC_TRY(pc_der_deviates(&before, "S12", "pathLenConstraint without cA", err));
    }
    content->has_basic = true;
    content->basic_critical = critical;
    content->is_ca = is_ca;
    content->has_path_length = has_path_length;
    content->path_length = path_length;
    return PC_OK;
}

static void clear_basic(struct pc_content *content)
{
    content->has_basic = false;
    content->basic_critical = false;
    content->is_ca = false;
    content->has_path_length = false;
    content->path_length = 0;
}

static bool wants_key_usage(const struct pc_content *content)
{
    return content->key_usage != 0;
}

static bool key_usage_critical(const struct pc_content *content)
{
    return content->key_usage_critical;
}

static void write_key_usage(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_named_bits(w, content->key_usage);
}

static struct pc_result read_key_usage(struct pc_der in, bool critical, struct pc_content *content,
                                       bool *ret_known, p11csr_error **err)
{
    const struct pc_der before = in;
    unsigned bits = 0;
    (void)ret_known;
    PC_TRY(pc_der_read_named_bits(&in, "KeyUsage", &bits, err));
    PC_TRY(pc_der_leave(&in, "KeyUsage", err));
    if (bits == 0 || bits >> PC_KEY_USAGE_COUNT != 0) {
        PC_TRY(pc_der_deviates(
            &before, "S12", bits == 0 ? "KeyUsage has no bit set" : "KeyUsage has a bit that means nothing",
            err));
    }
    content->key_usage = bits;
    content->key_usage_critical = critical;
    return PC_OK;
}

static void clear_key_usage(struct pc_content *content)
{
    content->key_usage = 0;
    content->key_usage_critical = false;
}

static bool wants_ext_key_usage(const struct pc_content *content)
{
    return content->ekus.len > 0;
}

static bool eku_critical(const struct pc_content *content)
{
    return content->eku_critical;
}

static void write_ext_key_usage(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_raw(w, pc_buf_span(&content->ekus));
    pc_der_end(w);
}

static struct pc_result read_ext_key_usage(struct pc_der in, bool critical, struct pc_content *content,
                                           bool *ret_known, p11csr_error **err)
{
    struct pc_der inner;
    (void)ret_known;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "ExtKeyUsageSyntax", &inner, err));
    PC_TRY(pc_der_leave(&in, "ExtKeyUsageSyntax", err));
    if (pc_der_at_end(&inner)) {
        PC_TRY(pc_der_deviates(&inner, "S12", "ExtKeyUsageSyntax is empty", err));
    }
    while (!pc_der_at_end(&inner)) {
        const struct pc_der before = inner;
        struct pc_span oid;
        PC_TRY(pc_oid_read(&inner, "KeyPurposeId", &oid, err));
        const struct pc_result added = pc_content_add_eku(content, oid, err);
        if (added.code == P11CSR_E_EXTENSION) {
            p11csr_error_free(err);
            PC_TRY(pc_der_deviates(&before, "S12", "the same extended key usage twice", err));
            pc_buf_add(&content->ekus, before.at, (size_t)(inner.at - before.at)); // shown as it stands
            PC_TRY(pc_buf_check(&content->ekus, err));
            continue;
        }
        PC_TRY(added.code == P11CSR_E_LIMIT ? pc_der_fail(&before, "too many extended key usages", err)
                                            : added);
    }
    content->eku_critical = critical;
    return PC_OK;
}

static void clear_ext_key_usage(struct pc_content *content)
{
    pc_buf_done(&content->ekus);
    content->eku_critical = false;
}

static bool wants_san(const struct pc_content *content)
{
    return pc_content_san_count(content) > 0;
}

static bool san_critical(const struct pc_content *content)
{
    return content->san_critical;
}

struct san_reading {
    struct pc_content *content;
    bool *ret_known;
};

static struct pc_result take_general_name(const struct pc_general_name *name, void *data, p11csr_error **err)
{
    const struct san_reading *reading = data;
    if (!name->has_row) {
        *reading->ret_known = false;
        return PC_OK;
    }
    return pc_content_add_san_octets(reading->content, name->type, name->content, err);
}

static struct pc_result read_san(struct pc_der in, bool critical, struct pc_content *content, bool *ret_known,
                                 p11csr_error **err)
{
    struct san_reading reading = {content, ret_known};
    PC_TRY(pc_general_names_walk(in, take_general_name, &reading, err));
    content->san_critical = critical;
    return PC_OK;
}

static bool wants_tls_feature(const struct pc_content *content)
{
    return content->must_staple;
}

static void write_tls_feature(const struct pc_content *content, struct pc_der_writer *w)
{
    (void)content;
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_number(w, TLS_FEATURE_STATUS_REQUEST);
    pc_der_end(w);
}

static struct pc_result read_tls_feature(struct pc_der in, bool critical, struct pc_content *content,
                                         bool *ret_known, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Features", &inner, err));
    PC_TRY(pc_der_leave(&in, "Features", err));
    if (critical) {
        *ret_known = false;
    }
    while (!pc_der_at_end(&inner)) {
        unsigned long feature = 0;
        PC_TRY(pc_der_read_number(&inner, "feature", TLS_FEATURE_MAX, &feature, err));
        const bool staple = feature == TLS_FEATURE_STATUS_REQUEST && !content->must_staple;
        content->must_staple = content->must_staple || staple;
        *ret_known = *ret_known && staple;
    }
    *ret_known = *ret_known && content->must_staple;
    return PC_OK;
}

static void clear_tls_feature(struct pc_content *content)
{
    content->must_staple = false;
}

static bool wants_skid(const struct pc_content *content)
{
    return content->skid_len > 0;
}

static void write_skid(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_bytes(w, PC_DER_OCTET_STRING, (struct pc_span){content->skid, content->skid_len});
}

static struct pc_result read_skid(struct pc_der in, bool critical, struct pc_content *content,
                                  bool *ret_known, p11csr_error **err)
{
    struct pc_der_value value;
    const struct pc_der before = in;
    PC_TRY(pc_der_expect(&in, PC_DER_OCTET_STRING, "SubjectKeyIdentifier", &value, err));
    PC_TRY(pc_der_leave(&in, "SubjectKeyIdentifier", err));
    if (value.content.len == 0) {
        return pc_der_fail(&before, "SubjectKeyIdentifier is empty", err);
    }
    *ret_known = !critical && value.content.len <= sizeof(content->skid);
    if (*ret_known) {
        memcpy(content->skid, value.content.ptr, value.content.len);
        content->skid_len = value.content.len;
    }
    return PC_OK;
}

static void clear_skid(struct pc_content *content)
{
    content->skid_len = 0;
}

// clang-format off
static const struct pc_extension_field fields[] = {
    {.oid = {PC_BYTES("\x55\x1d\x13"), "basicConstraints"},
     .wanted = wants_basic, .critical = basic_critical, .usual = is_ca, .clear = clear_basic,
     .write = write_basic, .read = read_basic},
    {.oid = {PC_BYTES("\x55\x1d\x0f"), "keyUsage"},
     .wanted = wants_key_usage, .critical = key_usage_critical, .usual = always, .clear = clear_key_usage,
     .write = write_key_usage, .read = read_key_usage},
    {.oid = {PC_BYTES("\x55\x1d\x25"), "extKeyUsage"},
     .wanted = wants_ext_key_usage, .critical = eku_critical, .usual = never, .clear = clear_ext_key_usage,
     .write = write_ext_key_usage, .read = read_ext_key_usage},
    {.oid = {PC_BYTES("\x55\x1d\x11"), "subjectAltName"},
     .wanted = wants_san, .critical = san_critical, .usual = san_critical, .clear = pc_content_clear_sans,
     .write = pc_san_write, .read = read_san},
    {.oid = {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x18"), "tlsFeature"},
     .wanted = wants_tls_feature, .critical = never, .usual = never, .clear = clear_tls_feature,
     .write = write_tls_feature, .read = read_tls_feature},
    {.oid = {PC_BYTES("\x55\x1d\x0e"), "subjectKeyIdentifier"},
     .wanted = wants_skid, .critical = never, .usual = never, .clear = clear_skid,
     .write = write_skid, .read = read_skid},
};
// clang-format on

const struct pc_extension_field *pc_extension_field_get(size_t index)
{
    return index < PC_ARRAY_LEN(fields) ? &fields[index] : NULL;
}

const struct pc_extension_field *pc_extension_field_find(struct pc_span oid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(fields); i++) {
        if (pc_span_eq(fields[i].oid.oid, oid)) {
            return &fields[i];
        }
    }
    return NULL;
}

struct pc_span pc_extension_san(void)
{
    static const uint8_t oid[] = {0x55, 0x1D, 0x11};
    return PC_SPAN(oid);
}

bool pc_extension_is_san(struct pc_span oid)
{
    const struct pc_extension_field *field = pc_extension_field_find(oid);
    return field != NULL && field->clear == pc_content_clear_sans;
}
