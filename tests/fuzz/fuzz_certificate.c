// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/evidence/chain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read once can be read again from its own DER, and all of it can be asked. */
static void use(const struct pc_crypto *crypto, const struct pc_certificate *one)
{
    struct pc_certificate *again PC_CLEANUP(pc_certificate_free) = NULL;
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    bool placeholder = false;
    pc_buf_init(&serial, PC_MAX_REQUEST);
    if (!pc_is_ok(pc_certificate_new(crypto, pc_buf_span(&one->der), &again, NULL)) ||
        !pc_span_eq(pc_buf_span(&again->spki), pc_buf_span(&one->spki)) ||
        !pc_span_eq(pc_buf_span(&again->subject), pc_buf_span(&one->subject)) ||
        !pc_is_ok(pc_certificate_serial(one, &serial, NULL)) || serial.len == 0) {
        abort();
    }
    pc_ignore(pc_certificate_issued_by(one, one, &verdict, NULL));
    pc_ignore(pc_certificate_is_placeholder(one, &placeholder, NULL));
    (void)pc_chain_attests_key(one);
}

/* The first of them is also held against the others as an attestation. */
static void use_all(const struct pc_crypto *crypto, const struct pc_certificates *all)
{
    struct pc_chain_verdict verdict = {0};
    struct pc_chain chain = {0};
    for (size_t i = 0; i < pc_certificates_count(all); i++) {
        use(crypto, pc_certificates_get(all, i));
    }
    if (pc_certificates_count(all) > 0) {
        const struct pc_certificate *leaf = pc_certificates_get(all, 0);
        pc_ignore(pc_chain_verify(crypto, leaf, all, all, &verdict, NULL));
        pc_ignore(pc_chain_build(leaf, all, &chain, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc_crypto *crypto;
    const struct pc_span input = {data, size};
    struct pc_certificates plain PC_CLEANUP(pc_certificates_done) = {0};
    struct pc_certificates carried PC_CLEANUP(pc_certificates_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    if (crypto == NULL && !pc_is_ok(pc_crypto_new(&crypto, NULL))) {
        abort();
    }
    pc_certificates_init(&plain);
    pc_certificates_init(&carried);
    if (pc_is_ok(pc_certificates_read(crypto, input, &plain, &err))) {
        use_all(crypto, &plain);
    }
    if (pc_is_ok(pc_evidence_read(crypto, input, &carried, NULL))) {
        use_all(crypto, &carried);
    }
    return 0;
}
