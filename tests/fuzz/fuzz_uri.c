// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "tokens/uri.h"

#include <stdlib.h>
#include <string.h>

/*
 * A URI that is read, written and read again is the same, and its written form is a fixed point. No PIN
 * attribute is in it.
 */
static void check(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void compare(const struct pc_uri *a, const struct pc_uri *b)
{
    for (int i = 0; i < PC_URI_COUNT; i++) {
        const enum pc_uri_attr attr = (enum pc_uri_attr)i;
        if (attr == PC_URI_PIN_SOURCE || attr == PC_URI_PIN_VALUE) {
            check(!b->present[i]);
        } else {
            check(a->present[i] == b->present[i]);
            check(pc_span_eq(pc_uri_value(a, attr), pc_uri_value(b, attr)));
            check(!a->present[i] || strlen(pc_uri_text(a, attr)) <= pc_uri_value(a, attr).len);
        }
    }
    check(b->pin == NULL);
}

static void format(const struct pc_uri *uri, struct pc_buf *ret)
{
    pc_buf_init(ret, (size_t)4 * PC_MAX_URI); // every octet may need three
    check(pc_is_ok(pc_uri_format(uri, ret, NULL)));
    pc_buf_byte(ret, 0);
    check(pc_is_ok(pc_buf_check(ret, NULL)));
}

static void read_again(const struct pc_uri *uri)
{
    struct pc_uri again PC_CLEANUP(pc_uri_done);
    struct pc_buf first PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf second PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&again);
    format(uri, &first);
    check(memmem(first.ptr, first.len, "pin-value=", 10) == NULL);
    if (first.len > PC_MAX_URI) {
        return; // longer than it was, and than what is read
    }
    check(pc_is_ok(pc_uri_parse((const char *)first.ptr, &again, NULL)));
    compare(uri, &again);
    format(&again, &second);
    check(pc_span_eq(pc_buf_span(&first), pc_buf_span(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    char *text PC_CLEANUP(pc_free_str) = pc_strndup((const char *)data, size);
    p11csr_error *err = NULL;
    pc_uri_init(&uri);
    const struct pc_result result = pc_uri_parse(text, &uri, &err);
    check(pc_is_ok(result) == (err == NULL));
    p11csr_error_free(&err);
    if (pc_is_ok(result)) {
        read_again(&uri);
    }
    return 0;
}
