// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "der/pem_uri.h"
#include "tokens/uri.h"

#include <stdlib.h>
#include <string.h>

static void check(bool condition)
{
    if (!condition) {
        abort();
    }
}

/*
 * What the reader of URIs finds in a URI that a key file may hold: no module, and no source of the PIN that
 * starts a program or takes something from the process.
 */
static void check_tame(const char *text)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    pc_uri_init(&uri);
    if (!pc_is_ok(pc_uri_parse(text, &uri, NULL))) {
        return;
    }
    check(!uri.present[PC_URI_MODULE_PATH] && !uri.present[PC_URI_MODULE_NAME]);
    const char *source = pc_uri_text(&uri, PC_URI_PIN_SOURCE);
    static const char *const wild[] = {"exec:", "env:", "fd:", "|"};
    for (size_t i = 0; source != NULL && i < PC_ARRAY_LEN(wild); i++) {
        check(strncmp(source, wild[i], strlen(wild[i])) != 0);
    }
}

/* What was read is what would be written, unless a PIN is in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pc_span der = {data, size};
    struct pc_buf again PC_CLEANUP(pc_buf_done) = {0};
    char *uri PC_CLEANUP(pc_free_str) = NULL;
    p11csr_error *err = NULL;
    const struct pc_result result = pc_pem_uri_read(der, &uri, &err);
    check(pc_is_ok(result) == (err == NULL));
    check(pc_is_ok(result) == (uri != NULL));
    p11csr_error_free(&err);
    if (uri == NULL) {
        return 0;
    }
    check(strlen(uri) <= PC_MAX_URI);
    check_tame(uri);
    pc_buf_init(&again, (size_t)4 * PC_MAX_URI);
    if (strstr(uri, "pin-value=") != NULL) {
        check(!pc_is_ok(pc_pem_uri_write(uri, NULL, &again, NULL)) && again.len == 0);
    } else {
        check(pc_is_ok(pc_pem_uri_write(uri, NULL, &again, NULL)));
        check(pc_span_eq(pc_buf_span(&again), der));
    }
    return 0;
}
