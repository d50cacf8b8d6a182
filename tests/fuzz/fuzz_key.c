// SPDX-License-Identifier: Apache-2.0
#include "alg/public.h"
#include "base/error.h"
#include "base/limits.h"
#include "csr/crypto.h"
#include "csr/reading/key_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that is known has a name and is what libcrypto reads too, or is refused by it. */
static void use(const struct pc_crypto *crypto, struct pc_span spki)
{
    struct pc_verifier *verifier PC_CLEANUP(pc_verifier_free) = NULL;
    struct pc_public values;
    char name[32] = {0};
    pc_ignore(pc_verifier_new(crypto, spki, &verifier, NULL));
    if (pc_is_ok(pc_public_from_spki(spki, &values, NULL))) {
        pc_public_name(&values, name, sizeof(name));
        if (name[0] == 0 || values.bits == 0) {
            abort();
        }
    }
}

/* What a file was read as is a SubjectPublicKeyInfo, and again the same key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc_crypto *crypto;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf again PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    const char *kind = NULL;
    if (crypto == NULL && !pc_is_ok(pc_crypto_new(&crypto, NULL))) {
        abort();
    }
    pc_buf_init(&spki, PC_MAX_REQUEST);
    pc_buf_init(&again, PC_MAX_REQUEST);
    use(crypto, (struct pc_span){data, size});
    if (!pc_is_ok(pc_key_file_read((struct pc_span){data, size}, &spki, &kind, &err))) {
        return 0;
    }
    use(crypto, pc_buf_span(&spki));
    if (kind == NULL || (strcmp(kind, "public-key") == 0 &&
                         (!pc_is_ok(pc_key_file_read(pc_buf_span(&spki), &again, &kind, NULL)) ||
                          !pc_span_eq(pc_buf_span(&spki), pc_buf_span(&again))))) {
        abort();
    }
    return 0;
}
