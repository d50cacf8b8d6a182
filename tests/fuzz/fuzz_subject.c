// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Text of a name, its text form as the formatter writes it. */
static void parse_and_format(const char *text, struct pc_buf *der, struct pc_buf *formatted)
{
    if (!pc_is_ok(pc_name_parse(text, der, NULL)) ||
        !pc_is_ok(pc_name_format(pc_buf_span(der), formatted, NULL))) {
        abort();
    }
    pc_buf_byte(formatted, 0);
}

/* A name leads back to itself. Its string types may not if they were given in hex: text does not say them. */
static void check(const char *text)
{
    struct pc_buf first PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf second PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf first_text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf second_text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&first, PC_MAX_REQUEST);
    pc_buf_init(&second, PC_MAX_REQUEST);
    pc_buf_init(&first_text, (size_t)8 * PC_MAX_REQUEST);
    pc_buf_init(&second_text, (size_t)8 * PC_MAX_REQUEST);
    parse_and_format(text, &first, &first_text);
    parse_and_format((const char *)first_text.ptr, &second, &second_text);
    if (!pc_span_eq(pc_buf_span(&first_text), pc_buf_span(&second_text)) ||
        (strchr(text, '#') == NULL && !pc_span_eq(pc_buf_span(&first), pc_buf_span(&second)))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf shown PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    char *text PC_CLEANUP(pc_free_str) = pc_strndup((const char *)data, size);
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_buf_init(&shown, (size_t)8 * PC_MAX_REQUEST);
    if (text != NULL && size <= PC_MAX_TEXT && pc_is_ok(pc_name_parse(text, &der, &err))) {
        check(text);
    }
    pc_ignore(pc_name_format((struct pc_span){data, size}, &shown, NULL)); // the same bytes as DER
    return 0;
}
