// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/content/extensions.h"
#include "csr/crypto.h"
#include "csr/reading/openssl_config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static PC_RESULT take(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    bool known = false;
    return pc_extension_read(ext, data, &known, err);
}

/* What was taken over can be written, and read back as the same. */
static void check(const struct pc_content *content)
{
    struct pc_content again PC_CLEANUP(pc_content_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_content_init(&again);
    pc_buf_init(&der, (size_t)1 << 22);
    pc_der_writer_init(&w, &der);
    pc_extensions_write(content, &w);
    if (!pc_is_ok(pc_der_finish(&w, NULL)) ||
        !pc_is_ok(pc_extensions_walk(pc_der_over(pc_buf_span(&der)), take, &again, NULL))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc_crypto *crypto;
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    struct pc_openssl_config taken = {.content = &content};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    if (crypto == NULL && !pc_is_ok(pc_crypto_new(&crypto, NULL))) {
        abort();
    }
    pc_content_init(&content);
    if (pc_is_ok(pc_openssl_config_take(crypto, (struct pc_span){data, size}, "req", &taken, &err)) &&
        pc_extensions_count(&content) > 0) {
        check(&content);
    }
    json_decref(taken.dropped);
    return 0;
}
