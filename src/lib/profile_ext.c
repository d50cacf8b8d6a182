// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/profile.h"

#include <string.h>

/* The extensions that profiles speak of, one row each. */

struct row {
    const char *word;
    bool is_list; /* its values are judged one by one */
    /* Sets it; `list` holds the values with commas and, at the end, ":critical" or ":noncritical" if said. */
    PC_RESULT (*put)(const char *list, p11csr_request *request, p11csr_error **err);
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

static const struct row rows[] = {
    {"key-usage", true, put_key_usage},
    {"ext-key-usage", true, put_ext_key_usage},
    {"basic-constraints", true, put_basic_constraints},
    {"must-staple", false, put_must_staple},
    {"subject-key-id", false, put_subject_key_id},
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

PC_RESULT pc_profile_extension_check(const char *word, p11csr_error **err)
{
    if (find(word) != NULL) {
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
    if (row == NULL || pc_profile_count(list) == 0) {
        return PC_OK;
    }
    for (size_t i = 0; i < pc_profile_count(list); i++) {
        pc_buf_printf(&text, "%s%s", i > 0 ? "," : "", pc_profile_item(list, i));
    }
    if (which == PC_PROFILE_VALUES && extension->critical >= 0) {
        pc_buf_text(&text, extension->critical == 1 ? ":critical" : ":noncritical");
    }
    pc_buf_byte(&text, 0);
    PC_TRY(pc_buf_check(&text, err));
    return row->put((const char *)text.ptr, request, err);
}
