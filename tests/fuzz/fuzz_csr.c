// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/describe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read without an objection is complete: both ways of looking at it agree. */
static void use(const struct pc_crypto *crypto, const struct pc_csr *csr)
{
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    struct pc_content again PC_CLEANUP(pc_content_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    json_t *description = NULL;
    size_t unknown = 0;
    pc_content_init(&content);
    pc_content_init(&again);
    if (!pc_is_ok(pc_csr_describe(crypto, csr, &description, &err))) {
        abort(); // what was parsed can be described
    }
    free(json_dumps(description, 0));
    json_decref(description);
    if (pc_is_ok(pc_csr_content(csr, &content, &unknown, &err)) &&
        (!pc_is_ok(pc_csr_content(csr, &again, &unknown, NULL)) ||
         !pc_is_ok(pc_content_compare(&content, &again, NULL)))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc_crypto *crypto;
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_csr csr;
    if (crypto == NULL && !pc_is_ok(pc_crypto_new(&crypto, NULL))) {
        abort();
    }
    pc_buf_init(&der, PC_MAX_REQUEST);
    if (pc_is_ok(pc_csr_decode_input((struct pc_span){data, size}, &der, &err)) &&
        pc_is_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err))) {
        use(crypto, &csr);
    }
    return 0;
}
