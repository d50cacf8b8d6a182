// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/lines.h"

#include "base/error.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

void pc_lines_done(struct pc_lines *lines)
{
    pc_release(lines->entries);
    pc_buf_done(&lines->text);
    *lines = (struct pc_lines){0};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next line off `rest`, without blanks at its ends. */
static struct pc_span next_line(struct pc_span *rest)
{
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    struct pc_span line = {rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len};
    rest->ptr += line.len + (end != NULL ? 1 : 0);
    rest->len -= line.len + (end != NULL ? 1 : 0);
    while (line.len > 0 && is_blank(line.ptr[line.len - 1])) {
        line.len--;
    }
    while (line.len > 0 && is_blank(line.ptr[0])) {
        line.ptr++;
        line.len--;
    }
    return line;
}

static struct pc_result filter_all(const char *path, struct pc_span content, pc_lines_filter *filter,
                                   void *data, struct pc_lines *ret, p11csr_error **err)
{
    for (size_t number = 1; content.len > 0; number++) {
        const struct pc_span line = next_line(&content);
        const size_t before = ret->text.len;
        const char *fault = line.len > 0 ? filter(line, &ret->text, data) : NULL;
        PC_TRY(pc_buf_check(&ret->text, err));
        if (fault != NULL) {
            return pc_fail(err, P11CSR_E_CONFIG, "line %zu of '%s' %s", number, path, fault);
        }
        if (ret->text.len > before) {
            pc_buf_byte(&ret->text, '\n');
            ret->count++;
        }
    }
    return pc_buf_check(&ret->text, err);
}

static int compare(const void *a, const void *b)
{
    const struct pc_span *left = a;
    const struct pc_span *right = b;
    const size_t shorter = left->len < right->len ? left->len : right->len;
    const int order = shorter > 0 ? memcmp(left->ptr, right->ptr, shorter) : 0;
    return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

/* Long lists come sorted, and then stay as they are. */
static struct pc_result sort(struct pc_lines *lines, p11csr_error **err)
{
    struct pc_span rest = pc_buf_span(&lines->text);
    bool sorted = true;
    lines->entries = pc_alloc_array(lines->count + 1, sizeof(*lines->entries));
    if (lines->entries == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 0; i < lines->count; i++) {
        lines->entries[i] = next_line(&rest);
        sorted = sorted && (i == 0 || compare(&lines->entries[i - 1], &lines->entries[i]) <= 0);
    }
    if (!sorted) {
        qsort(lines->entries, lines->count, sizeof(*lines->entries), compare);
    }
    return PC_OK;
}

PC_RESULT pc_lines_read(const char *path, size_t max, pc_lines_filter *filter, void *data,
                        struct pc_lines *ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    struct pc_lines lines PC_CLEANUP(pc_lines_done) = {0};
    pc_buf_init(&content, max);
    pc_buf_init(&lines.text, 2 * max); // a name in another script grows when it is written in ASCII
    PC_TRY(pc_file_read(path, &content, err));
    PC_TRY(filter_all(path, pc_buf_span(&content), filter, data, &lines, err));
    PC_TRY(sort(&lines, err));
    *ret = lines;
    lines = (struct pc_lines){0};
    return PC_OK;
}

bool pc_lines_have(const struct pc_lines *lines, struct pc_span entry)
{
    return lines->count > 0 &&
           bsearch(&entry, lines->entries, lines->count, sizeof(*lines->entries), compare) != NULL;
}
