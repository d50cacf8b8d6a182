// SPDX-License-Identifier: Apache-2.0
#include "csr/content/extensions.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/oid.h"
#include "csr/content/san.h"

#include <limits.h>
#include <string.h>

enum { TLS_FEATURE_STATUS_REQUEST = 5, TLS_FEATURE_MAX = 65535 };

struct extension_row {
    struct pc_oid_name oid;
    bool (*wanted)(const struct pc_content *content);
    bool (*critical)(const struct pc_content *content);
    void (*write)(const struct pc_content *content, struct pc_der_writer *w);
    /* `in` stands before the value; sets *ret_known to false when the content cannot say it all. */
    struct pc_result (*read)(struct pc_der in, bool critical, struct pc_content *content, bool *ret_known,
                             p11csr_error **err);
};

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
            return pc_der_fail(&before, "cA FALSE is the default, which DER leaves out", err);
        }
    }
    const bool has_path_length = pc_der_peek(&inner) == PC_DER_INTEGER;
    if (has_path_length) {
        PC_TRY(pc_der_read_number(&inner, "pathLenConstraint", LONG_MAX, &path_length, err));
    }
    PC_TRY(pc_der_leave(&inner, "BasicConstraints", err));
    if (has_path_length && !is_ca) {
        return pc_der_fail(&before, "pathLenConstraint without cA", err);
    }
    content->has_basic = true;
    content->basic_critical = critical;
    content->is_ca = is_ca;
    content->has_path_length = has_path_length;
    content->path_length = path_length;
    return PC_OK;
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
        return pc_der_fail(
            &before, bits == 0 ? "KeyUsage has no bit set" : "KeyUsage has a bit that means nothing", err);
    }
    content->key_usage = bits;
    content->key_usage_critical = critical;
    return PC_OK;
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
        return pc_der_fail(&inner, "ExtKeyUsageSyntax is empty", err);
    }
    while (!pc_der_at_end(&inner)) {
        const struct pc_der before = inner;
        struct pc_span oid;
        PC_TRY(pc_oid_read(&inner, "KeyPurposeId", &oid, err));
        const struct pc_result added = pc_content_add_eku(content, oid, err);
        if (added.code == P11CSR_E_EXTENSION) {
            return pc_der_fail(&before, "the same extended key usage twice", err);
        }
        PC_TRY(added.code == P11CSR_E_LIMIT ? pc_der_fail(&before, "too many extended key usages", err)
                                            : added);
    }
    content->eku_critical = critical;
    return PC_OK;
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

static bool never_critical(const struct pc_content *content)
{
    (void)content;
    return false;
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

// clang-format off
static const struct extension_row rows[] = {
    {.oid = {PC_BYTES("\x55\x1d\x13"), "basicConstraints"}, .wanted = wants_basic, .critical = basic_critical,
     .write = write_basic, .read = read_basic},
    {.oid = {PC_BYTES("\x55\x1d\x0f"), "keyUsage"}, .wanted = wants_key_usage, .critical = key_usage_critical,
     .write = write_key_usage, .read = read_key_usage},
    {.oid = {PC_BYTES("\x55\x1d\x25"), "extKeyUsage"}, .wanted = wants_ext_key_usage,
     .critical = eku_critical,
     .write = write_ext_key_usage, .read = read_ext_key_usage},
    {.oid = {PC_BYTES("\x55\x1d\x11"), "subjectAltName"}, .wanted = wants_san, .critical = san_critical,
     .write = pc_san_write, .read = read_san},
    {.oid = {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x18"), "tlsFeature"}, .wanted = wants_tls_feature,
     .critical = never_critical, .write = write_tls_feature, .read = read_tls_feature},
    {.oid = {PC_BYTES("\x55\x1d\x0e"), "subjectKeyIdentifier"}, .wanted = wants_skid,
     .critical = never_critical,
     .write = write_skid, .read = read_skid},
};

static const struct pc_oid_name names_only[] = {
    {PC_BYTES("\x55\x1d\x12"), "issuerAltName"},
    {PC_BYTES("\x55\x1d\x1e"), "nameConstraints"},
    {PC_BYTES("\x55\x1d\x1f"), "cRLDistributionPoints"},
    {PC_BYTES("\x55\x1d\x20"), "certificatePolicies"},
    {PC_BYTES("\x55\x1d\x23"), "authorityKeyIdentifier"},
    {PC_BYTES("\x55\x1d\x24"), "policyConstraints"},
    {PC_BYTES("\x55\x1d\x36"), "inhibitAnyPolicy"},
    {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x01"), "authorityInfoAccess"},
    {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x03"), "qcStatements"},
    {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x30\x01\x05"), "ocspNoCheck"},
    {PC_BYTES("\x60\x86\x48\x01\x86\xf8\x42\x01\x01"), "netscapeCertType"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"), "ctPoison"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x14\x02"), "msTemplateName"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x07"), "msTemplate"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x0a"), "msApplicationPolicies"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x19\x02"), "msNtdsCaSecurity"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"), "sMIMECapabilities"},
};
// clang-format on

bool pc_extensions_wanted(const struct pc_content *content)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].wanted(content)) {
            return true;
        }
    }
    return false;
}

static void write_extension(const struct extension_row *row, const struct pc_content *content,
                            struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, row->oid.oid);
    if (row->critical(content)) {
        pc_der_bool(w, true);
    }
    pc_der_begin(w, PC_DER_OCTET_STRING);
    row->write(content, w);
    pc_der_end(w);
    pc_der_end(w);
}

void pc_extensions_write(const struct pc_content *content, struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].wanted(content)) {
            write_extension(&rows[i], content, w);
        }
    }
    pc_der_end(w);
}

static const struct extension_row *find_row(struct pc_span oid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (pc_span_eq(rows[i].oid.oid, oid)) {
            return &rows[i];
        }
    }
    return NULL;
}

static struct pc_result read_extension(struct pc_der *in, struct pc_extension *ret, p11csr_error **err)
{
    struct pc_der inner;
    struct pc_der_value value;
    *ret = (struct pc_extension){.start = in->start};
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "Extension", &inner, err));
    PC_TRY(pc_oid_read(&inner, "extnID", &ret->oid, err));
    if (pc_der_peek(&inner) == PC_DER_BOOLEAN) {
        PC_TRY(pc_der_read_bool(&inner, "critical", &ret->critical, err));
        ret->explicit_false = !ret->critical;
    }
    PC_TRY(pc_der_expect(&inner, PC_DER_OCTET_STRING, "extnValue", &value, err));
    PC_TRY(pc_der_leave(&inner, "Extension", err));
    const struct extension_row *row = find_row(ret->oid);
    ret->value = value.content;
    ret->name = row != NULL ? row->oid.name : pc_oid_find(names_only, PC_ARRAY_LEN(names_only), ret->oid);
    return PC_OK;
}

static bool occurs(const struct pc_span *oids, size_t count, struct pc_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (pc_span_eq(oids[i], oid)) {
            return true;
        }
    }
    return false;
}

PC_RESULT pc_extensions_walk(struct pc_der in,
                             PC_RESULT (*visit)(const struct pc_extension *ext, void *data,
                                                p11csr_error **err),
                             void *data, p11csr_error **err)
{
    struct pc_span seen[PC_MAX_EXTENSIONS];
    struct pc_der list;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Extensions", &list, err));
    PC_TRY(pc_der_leave(&in, "Extensions", err));
    if (pc_der_at_end(&list)) {
        return pc_der_fail(&list, "Extensions is empty", err);
    }
    for (size_t count = 0; !pc_der_at_end(&list); count++) {
        const struct pc_der before = list;
        struct pc_extension ext;
        PC_TRY(read_extension(&list, &ext, err));
        if (count == PC_MAX_EXTENSIONS) {
            return pc_fail(err, P11CSR_E_LIMIT, "more than %zu extensions", count);
        }
        if (occurs(seen, count, ext.oid)) {
            return pc_der_fail(&before, "the same extension twice", err);
        }
        seen[count] = ext.oid;
        PC_TRY(visit(&ext, data, err));
    }
    return PC_OK;
}

PC_RESULT pc_extension_read(const struct pc_extension *ext, struct pc_content *content, bool *ret_known,
                            p11csr_error **err)
{
    const struct extension_row *row = find_row(ext->oid);
    const struct pc_der in = {ext->start, ext->value.ptr, ext->value.ptr + ext->value.len};
    if (ext->explicit_false) {
        return pc_der_fail(&in, "critical FALSE stands before this, a default that DER leaves out", err);
    }
    *ret_known = row != NULL;
    if (row == NULL) {
        return PC_OK;
    }
    return pc_frame(row->read(in, ext->critical, content, ret_known, err), err, "%s cannot be read",
                    ext->name);
}
