// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/ext_fields.h"
#include "csr/content/extensions.h"
#include "der/writer.h"
#include "lib/profile.h"
#include "lib/request.h"

#include <string.h>

/* The extensions that profiles speak of, one row each. */

struct row {
    const char *word;
    bool is_list;  /* its values are judged one by one */
    int is_always; /* 1 critical, 0 not critical, -1: as it is said */
    /* Sets it; `list` holds the values with commas and, at the end, ":critical" or ":noncritical" if said. */
    PC_RESULT (*put)(const char *list, p11csr_request *request, p11csr_error **err);
    bool (*is_there)(const p11csr_request *request);
};

static struct pc_result put_key_usage(const char *list, p11csr_request *request, p11csr_error **err)
{
    return (struct pc_result){p11csr_request_set_key_usage(request, list, err)};
}

static struct pc_result put_ext_key_usage(const char *list, p11csr_request *request, p11csr_error **err)
{
    return (struct pc_result){p11csr_request_set_ext_key_usage(request, list, err)};
}

/* "ca", "ca,path-length=N", "end-entity". */
static struct pc_result put_basic_constraints(const char *list, p11csr_request *request, p11csr_error **err)
{
    static const char path_length[] = "ca,path-length=";
    unsigned long length = 0;
    if (strcmp(list, "ca") == 0 || strcmp(list, "end-entity") == 0) {
        return (struct pc_result){
            p11csr_request_set_basic_constraints(request, strcmp(list, "ca") == 0 ? 1 : 0, -1, err)};
    }
    if (strncmp(list, path_length, strlen(path_length)) != 0 ||
        !pc_parse_number(list + strlen(path_length), 1000, &length)) {
        return pc_fail(err, P11CSR_E_EXTENSION, "[ca], [ca, path-length=N] or [end-entity] is expected");
    }
    return (struct pc_result){p11csr_request_set_basic_constraints(request, 1, (long)length, err)};
}

static struct pc_result put_must_staple(const char *list, p11csr_request *request, p11csr_error **err)
{
    if (strcmp(list, "status-request") != 0) {
        return pc_fail(err, P11CSR_E_EXTENSION, "[status-request] is expected");
    }
    p11csr_request_set_must_staple(request, 1);
    return PC_OK;
}

static struct pc_result put_subject_key_id(const char *list, p11csr_request *request, p11csr_error **err)
{
    return (struct pc_result){p11csr_request_set_subject_key_id(request, list, err)};
}

static bool has_key_usage(const p11csr_request *request)
{
    return request->content.key_usage != 0;
}

static bool has_ext_key_usage(const p11csr_request *request)
{
    return request->content.ekus.len > 0;
}

static bool has_basic_constraints(const p11csr_request *request)
{
    return request->content.has_basic;
}

/* One that says more than its field can stands among the other extensions. */
static bool has_other(const p11csr_request *request, struct pc_span oid)
{
    struct pc_extension other;
    return pc_content_get_extension(&request->content, oid, &other);
}

static bool has_must_staple(const p11csr_request *request)
{
    static const uint8_t tls_feature[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18};
    return request->content.must_staple || has_other(request, PC_SPAN(tls_feature));
}

static bool has_subject_key_id(const p11csr_request *request)
{
    return request->skid != PC_SKID_NONE || request->content.skid_len > 0 ||
           has_other(request, pc_skid_oid());
}

static const struct row rows[] = {
    {"key-usage", true, -1, put_key_usage, has_key_usage},
    {"ext-key-usage", true, -1, put_ext_key_usage, has_ext_key_usage},
    {"basic-constraints", true, 1, put_basic_constraints, has_basic_constraints},
    {"must-staple", false, 0, put_must_staple, has_must_staple},
    {"subject-key-id", false, 0, put_subject_key_id, has_subject_key_id},
};

static const char *word_at(const void *table, size_t index)
{
    return ((const struct row *)table)[index].word;
}

static const struct row *find(const char *word)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].word, word) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Extensions that have a word of their own, but none that reads a file: a profile reads no other files. */
static const struct pc_item_row *find_item(const char *word, const char *value)
{
    return strcmp(word, "authority-key-id") == 0 ? NULL : pc_extension_row_find(word, value);
}

/* The content octets of a dotted OID; empty when it is none. */
static struct pc_span read_oid(const char *text, uint8_t room[static PC_MAX_OID])
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    if (!pc_der_oid_from_text(text, &oid) || oid.failed != P11CSR_OK || oid.len == 0) {
        return (struct pc_span){0};
    }
    memcpy(room, oid.ptr, oid.len);
    return (struct pc_span){room, oid.len};
}

bool pc_profile_extension_is_there(const char *word, const p11csr_request *request)
{
    uint8_t room[PC_MAX_OID];
    struct pc_extension found;
    const struct row *row = find(word);
    if (row != NULL) {
        return row->is_there(request);
    }
    static const char *const samples[] = {"", "1.2"}; // templates have a row for names and one for OIDs
    for (size_t i = 0; i < PC_ARRAY_LEN(samples); i++) {
        const struct pc_item_row *item = find_item(word, samples[i]);
        const struct pc_extension_field *field = item != NULL ? pc_extension_field_find(item->oid.oid) : NULL;
        if (item != NULL && ((field != NULL && field->wanted(&request->content)) ||
                             pc_content_get_extension(&request->content, item->oid.oid, &found))) {
            return true;
        }
    }
    const struct pc_span oid = read_oid(word, room);
    return oid.len > 0 && pc_content_get_extension(&request->content, oid, &found);
}

/* Values of an extension with a word of its own: each adds to the one before it. */
static struct pc_result put_items(const struct pc_profile_extension *extension,
                                  const struct pc_profile_list *list, p11csr_request *request,
                                  p11csr_error **err)
{
    const char *flag = extension->critical == 1 ? ":critical" : ":noncritical";
    char *what PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s%s", extension->word, extension->critical >= 0 ? flag : "");
    if (what == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 0; i < pc_profile_count(list); i++) {
        PC_TRY(
            ((struct pc_result){p11csr_request_add_extension(request, what, pc_profile_item(list, i), err)}));
    }
    return PC_OK;
}

/* A value of an extension that is named by its OID: a profile reads no other files. */
static struct pc_result put_by_oid(const struct pc_profile_extension *extension, const char *value,
                                   p11csr_request *request, p11csr_error **err)
{
    const char *flag = extension->critical == 1 ? ":critical" : ":noncritical";
    if (strncmp(value, "hex:", 4) != 0 && strncmp(value, "asn1:", 5) != 0) {
        return pc_fail(err, P11CSR_E_EXTENSION, "one value is expected, hex:... or asn1:...");
    }
    char *what PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s%s", extension->word, extension->critical >= 0 ? flag : "");
    return what == NULL ? pc_fail_memory(err)
                        : (struct pc_result){p11csr_request_add_extension(request, what, value, err)};
}

PC_RESULT pc_profile_extension_check(const char *word, p11csr_error **err)
{
    uint8_t oid[PC_MAX_OID];
    if (find(word) != NULL || find_item(word, "") != NULL || read_oid(word, oid).len > 0) {
        return PC_OK;
    }
    const char *near = pc_nearest_word(word, word_at, rows, PC_ARRAY_LEN(rows));
    return pc_fail(err, P11CSR_E_EXTENSION, "unknown extension '%s'%s%s%s", word,
                   near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "");
}

bool pc_profile_extension_is_list(const char *word)
{
    const struct row *row = find(word);
    return row != NULL && row->is_list;
}

PC_RESULT pc_profile_extension_put(const struct pc_profile_extension *extension,
                                   enum pc_profile_values_id which, p11csr_request *request,
                                   p11csr_error **err)
{
    const struct pc_profile_list *list = &extension->lists[which];
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_TEXT);
    const struct row *row = find(extension->word);
    if (pc_profile_count(list) == 0) {
        return PC_OK;
    }
    if (row == NULL && find_item(extension->word, "") != NULL) {
        return put_items(extension, list, request, err);
    }
    if (row == NULL) {
        return pc_profile_count(list) == 1
                   ? put_by_oid(extension, pc_profile_item(list, 0), request, err)
                   : pc_fail(err, P11CSR_E_EXTENSION, "one value is expected, hex:... or asn1:...");
    }
    for (size_t i = 0; i < pc_profile_count(list); i++) {
        pc_buf_printf(&text, "%s%s", i > 0 ? "," : "", pc_profile_item(list, i));
    }
    const bool says_critical = which == PC_PROFILE_VALUES && extension->critical >= 0;
    if (says_critical && row->is_always >= 0 && extension->critical != row->is_always) {
        return pc_fail(err, P11CSR_E_EXTENSION, "%s is %s critical", extension->word,
                       row->is_always == 1 ? "always" : "never");
    }
    if (says_critical && row->is_always < 0) {
        pc_buf_text(&text, extension->critical == 1 ? ":critical" : ":noncritical");
    }
    pc_buf_byte(&text, 0);
    PC_TRY(pc_buf_check(&text, err));
    return row->put((const char *)text.ptr, request, err);
}
