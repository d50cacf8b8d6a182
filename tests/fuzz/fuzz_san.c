// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/san.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static PC_RESULT format_name(const struct pc_general_name *name, void *data, p11csr_error **err)
{
    struct pc_buf *text = data;
    return name->has_row ? pc_san_format((struct pc_san){name->type, name->content}, text, err) : PC_OK;
}

/* A name that is accepted can be read back, and its text form means the same name. */
static void check(const struct pc_content *content, enum pc_san_type asked, struct pc_buf *der)
{
    struct pc_content again PC_CLEANUP(pc_content_done) = {0};
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    const struct pc_san san = pc_content_san(content, 0);
    if (san.type != asked && asked == PC_SAN_OTHER) {
        return; // by its OID: such a value may be one that only others write
    }
    pc_content_init(&again);
    pc_buf_init(&text, PC_MAX_REQUEST);
    if (!pc_is_ok(pc_san_format(san, &text, NULL))) {
        abort();
    }
    pc_buf_byte(&text, 0);
    const bool added = pc_is_ok(pc_content_add_san(&again, san.type, (const char *)text.ptr, NULL));
    // the text of a distinguished name does not say all of its string types
    if (!added && text.len <= PC_MAX_SAN_TEXT) {
        abort();
    }
    if (added && san.type != PC_SAN_DIRNAME && !pc_span_eq(pc_content_san(&again, 0).value, san.value)) {
        abort();
    }
    pc_der_writer_init(&w, der);
    pc_san_write(content, &w);
    text.len = 0;
    if (!pc_is_ok(pc_general_names_walk(pc_der_over(pc_buf_span(der)), format_name, &text, NULL))) {
        abort();
    }
}

/* The first octet chooses the kind, the rest is the text; all of it is also tried as DER. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_content_init(&content);
    pc_buf_init(&text, PC_MAX_REQUEST);
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_ignore(pc_general_names_walk(pc_der_over((struct pc_span){data, size}), format_name, &text, &err));
    if (size < 1) {
        return 0;
    }
    char *copy PC_CLEANUP(pc_free_str) = pc_strndup((const char *)data + 1, size - 1);
    const enum pc_san_type type = (enum pc_san_type)(data[0] % PC_SAN_COUNT);
    if (copy != NULL && pc_is_ok(pc_content_add_san(&content, type, copy, &err))) {
        check(&content, type, &der);
    }
    return 0;
}
