// SPDX-License-Identifier: Apache-2.0
#include "csr/content/extensions.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/ext_fields.h"
#include "csr/content/oid.h"
#include "csr/content/rows.h"
#include "csr/content/value.h"

// clang-format off
/* Extensions with neither a field nor a row that have a name. */
static const struct pc_oid_name names[] = {
    {PC_BYTES("\x55\x1d\x12"), "issuerAltName"},
    {PC_BYTES("\x55\x1d\x1f"), "cRLDistributionPoints"},
    {PC_BYTES("\x55\x1d\x24"), "policyConstraints"},
    {PC_BYTES("\x55\x1d\x36"), "inhibitAnyPolicy"},
    {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x01"), "authorityInfoAccess"},
    {PC_BYTES("\x60\x86\x48\x01\x86\xf8\x42\x01\x01"), "netscapeCertType"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"), "ctPoison"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"), "sMIMECapabilities"},
};
// clang-format on

static const char explicit_false_text[] = "critical FALSE stands before this, a default that DER leaves out";

/* The name of an extension, or NULL. */
static const char *name_of(struct pc_span oid)
{
    const struct pc_extension_field *field = pc_extension_field_find(oid);
    const struct pc_item_row *row = pc_extension_row_by_oid(oid);
    return field != NULL ? field->oid.name
           : row != NULL ? row->oid.name
                         : pc_oid_find(names, PC_ARRAY_LEN(names), oid);
}

static void write_header(struct pc_der_writer *w, struct pc_span oid, bool critical)
{
    pc_der_bytes(w, PC_DER_OID, oid);
    if (critical) {
        pc_der_bool(w, true);
    }
}

static void write_field(const struct pc_extension_field *field, const struct pc_content *content,
                        struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    write_header(w, field->oid.oid, field->critical(content));
    pc_der_begin(w, PC_DER_OCTET_STRING);
    field->write(content, w);
    pc_der_end(w);
    pc_der_end(w);
}

PC_RESULT pc_extension_next(struct pc_der *in, struct pc_extension *ret, p11csr_error **err)
{
    struct pc_der inner;
    struct pc_der_value value;
    *ret = (struct pc_extension){0};
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "Extension", &inner, err));
    PC_TRY(pc_oid_read(&inner, "extnID", &ret->oid, err));
    if (pc_der_peek(&inner) == PC_DER_BOOLEAN) {
        PC_TRY(pc_der_read_bool(&inner, "critical", &ret->critical, err));
        ret->explicit_false = !ret->critical;
    }
    if (ret->explicit_false && in->faults != NULL) {
        PC_TRY(pc_der_deviates(&inner, "S12", explicit_false_text, err));
    }
    PC_TRY(pc_der_expect(&inner, PC_DER_OCTET_STRING, "extnValue", &value, err));
    PC_TRY(pc_der_leave(&inner, "Extension", err));
    ret->value = value.content;
    ret->in = pc_der_part(in, value.content);
    ret->name = name_of(ret->oid);
    return PC_OK;
}

/* Each extension of a content that has no field: they stand in `extensions` as they are written. */
static bool next_other(struct pc_der *in, struct pc_extension *ret)
{
    return !pc_der_at_end(in) && pc_is_ok(pc_extension_next(in, ret, NULL));
}

bool pc_content_get_extension(const struct pc_content *content, struct pc_span oid, struct pc_extension *ret)
{
    struct pc_der in = pc_der_over(pc_buf_span(&content->extensions));
    while (next_other(&in, ret)) {
        if (pc_span_eq(ret->oid, oid)) {
            return true;
        }
    }
    return false;
}

size_t pc_extensions_count(const struct pc_content *content)
{
    struct pc_der in = pc_der_over(pc_buf_span(&content->extensions));
    const struct pc_extension_field *field = NULL;
    struct pc_extension other;
    size_t count = 0;
    for (size_t i = 0; (field = pc_extension_field_get(i)) != NULL; i++) {
        count += field->wanted(content) ? 1 : 0;
    }
    while (next_other(&in, &other)) {
        count++;
    }
    return count;
}

void pc_extensions_write(const struct pc_content *content, struct pc_der_writer *w)
{
    const struct pc_extension_field *field = NULL;
    pc_der_begin(w, PC_DER_SEQUENCE);
    for (size_t i = 0; (field = pc_extension_field_get(i)) != NULL; i++) {
        if (field->wanted(content)) {
            write_field(field, content, w);
        }
    }
    pc_der_raw(w, pc_buf_span(&content->extensions));
    pc_der_end(w);
}

/* Writes the others anew: with `ext` in the place of its like, or at the end; NULL leaves out `oid`. */
static struct pc_result rewrite_others(struct pc_content *content, struct pc_span oid,
                                       const struct pc_extension *ext, p11csr_error **err)
{
    struct pc_buf fresh PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der in = pc_der_over(pc_buf_span(&content->extensions));
    struct pc_der_writer w;
    bool placed = ext == NULL;
    pc_buf_init(&fresh, content->extensions.max);
    pc_der_writer_init(&w, &fresh);
    while (!placed || !pc_der_at_end(&in)) {
        const uint8_t *start = in.at;
        struct pc_extension other = {0};
        const bool more = next_other(&in, &other);
        if (more && !pc_span_eq(other.oid, oid)) {
            pc_der_raw(&w, (struct pc_span){start, (size_t)(in.at - start)});
        } else if (!placed) {
            pc_der_begin(&w, PC_DER_SEQUENCE);
            write_header(&w, oid, ext->critical);
            pc_der_bytes(&w, PC_DER_OCTET_STRING, ext->value);
            pc_der_end(&w);
            placed = true;
        }
    }
    PC_TRY(pc_der_finish(&w, err));
    const struct pc_buf earlier = content->extensions;
    content->extensions = fresh;
    fresh = earlier;
    return PC_OK;
}

/* One in the list of others; count and value have been checked. */
static struct pc_result put_other(struct pc_content *content, const struct pc_extension *ext,
                                  p11csr_error **err)
{
    struct pc_extension earlier;
    if (!pc_content_get_extension(content, ext->oid, &earlier) &&
        pc_extensions_count(content) >= PC_MAX_EXTENSIONS) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d extensions", (int)PC_MAX_EXTENSIONS);
    }
    return rewrite_others(content, ext->oid, ext, err);
}

PC_RESULT pc_content_drop_extension(struct pc_content *content, struct pc_span oid, p11csr_error **err)
{
    const struct pc_extension_field *field = pc_extension_field_find(oid);
    if (field != NULL) {
        field->clear(content);
    }
    return rewrite_others(content, oid, NULL, err);
}

PC_RESULT pc_extensions_merge(struct pc_content *content, const struct pc_content *more, p11csr_error **err)
{
    struct pc_der in = pc_der_over(pc_buf_span(&more->extensions));
    const struct pc_extension_field *field = NULL;
    struct pc_extension ext;
    for (size_t i = 0; (field = pc_extension_field_get(i)) != NULL; i++) {
        if (field->wanted(more)) {
            PC_TRY(rewrite_others(content, field->oid.oid, NULL, err));
        }
    }
    while (next_other(&in, &ext)) {
        PC_TRY(pc_content_drop_extension(content, ext.oid, err));
        PC_TRY(put_other(content, &ext, err));
    }
    return PC_OK;
}

void pc_content_clear_extensions(struct pc_content *content)
{
    const struct pc_extension_field *field = NULL;
    for (size_t i = 0; (field = pc_extension_field_get(i)) != NULL; i++) {
        if (field->clear != pc_content_clear_sans) {
            field->clear(content);
        }
    }
    pc_buf_done(&content->extensions);
}

/* Reads the value into its field. What the field cannot say in full goes to the others. */
static struct pc_result read_field(const struct pc_extension_field *field, const struct pc_extension *ext,
                                   struct pc_content *content, bool *ret_known, p11csr_error **err)
{
    *ret_known = true;
    PC_TRY(pc_frame(field->read(ext->in, ext->critical, content, ret_known, err), err, "%s cannot be read",
                    field->oid.name));
    if (!*ret_known) {
        field->clear(content);
    }
    return PC_OK;
}

PC_RESULT pc_extension_read(const struct pc_extension *ext, struct pc_content *content, bool *ret_known,
                            p11csr_error **err)
{
    const struct pc_extension_field *field = pc_extension_field_find(ext->oid);
    *ret_known = false;
    if (ext->explicit_false && ext->in.faults == NULL) { // it is recorded where it is read otherwise
        return pc_der_fail(&ext->in, explicit_false_text, err);
    }
    if (field != NULL) {
        PC_TRY(read_field(field, ext, content, ret_known, err));
    }
    return *ret_known ? PC_OK : put_other(content, ext, err);
}

/* Reads the value of an extension that was given by itself; its field says whether it is usually critical. */
static struct pc_result settle_critical(const struct pc_extension_field *field, enum pc_critical critical,
                                        struct pc_extension *ext, p11csr_error **err)
{
    struct pc_content alone PC_CLEANUP(pc_content_done);
    bool known = false;
    pc_content_init(&alone);
    PC_TRY(pc_value_recode(read_field(field, ext, &alone, &known, err), P11CSR_E_EXTENSION, err));
    ext->critical = critical == PC_CRITICAL_USUAL ? field->usual(&alone) : critical == PC_CRITICAL_YES;
    return PC_OK;
}

PC_RESULT pc_content_say_extension(struct pc_content *content, const struct pc_item_row *row,
                                   enum pc_critical critical, const char *text, bool adds, p11csr_error **err)
{
    const struct pc_extension_field *field = pc_extension_field_find(row->oid.oid);
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf earlier PC_CLEANUP(pc_buf_done) = {0};
    struct pc_extension there = {0};
    struct pc_der_writer w;
    pc_buf_init(&value, PC_MAX_VALUE);
    pc_buf_init(&earlier, PC_MAX_VALUE);
    if (adds && field != NULL && field->wanted(content)) {
        pc_der_writer_init(&w, &earlier);
        field->write(content, &w);
        PC_TRY(pc_der_finish(&w, err));
    } else if (adds && pc_content_get_extension(content, row->oid.oid, &there)) {
        pc_buf_add_span(&earlier, there.value);
        PC_TRY(pc_buf_check(&earlier, err));
    }
    if (earlier.len > 0 && critical == PC_CRITICAL_USUAL) { // what was said with an earlier text holds
        critical = there.critical ? PC_CRITICAL_YES : PC_CRITICAL_NO;
    }
    pc_der_writer_init(&w, &value);
    PC_TRY(row->write(text, pc_buf_span(&earlier), &w, err));
    PC_TRY(pc_der_finish(&w, err));
    return pc_content_set_extension(content, row->oid.oid, critical, pc_buf_span(&value), err);
}

PC_RESULT pc_content_set_extension(struct pc_content *content, struct pc_span oid, enum pc_critical critical,
                                   struct pc_span value, p11csr_error **err)
{
    const struct pc_extension_field *field = pc_extension_field_find(oid);
    const struct pc_item_row *row = pc_extension_row_by_oid(oid);
    const bool usual = critical == PC_CRITICAL_USUAL && row != NULL && row->critical;
    struct pc_extension ext = {.oid = oid,
                               .critical = critical == PC_CRITICAL_YES || usual,
                               .value = value,
                               .in = pc_der_over(value)};
    bool known = false;
    PC_TRY(pc_value_check(value, P11CSR_E_EXTENSION, err));
    if (field == NULL) {
        return put_other(content, &ext, err);
    }
    PC_TRY(settle_critical(field, critical, &ext, err));
    PC_TRY(pc_content_drop_extension(content, oid, err));
    PC_TRY(pc_extension_read(&ext, content, &known, err));
    content->san_said_critical =
        content->san_said_critical || (pc_extension_is_san(oid) && critical == PC_CRITICAL_YES);
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
        PC_TRY(pc_der_deviates(&list, "S05", "Extensions is empty", err));
    }
    for (size_t count = 0; !pc_der_at_end(&list); count++) {
        const struct pc_der before = list;
        struct pc_extension ext;
        PC_TRY(pc_extension_next(&list, &ext, err));
        if (count == PC_MAX_EXTENSIONS) {
            return pc_fail(err, P11CSR_E_LIMIT, "more than %zu extensions", count);
        }
        if (occurs(seen, count, ext.oid)) {
            PC_TRY(pc_der_deviates(&before, "S05", "the same extension twice", err));
        }
        seen[count] = ext.oid;
        PC_TRY(visit(&ext, data, err));
    }
    return PC_OK;
}
