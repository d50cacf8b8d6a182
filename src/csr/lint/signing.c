// SPDX-License-Identifier: Apache-2.0
#include "csr/content/oid.h"
#include "csr/lint/algorithms.h"
#include "csr/lint/oids.h"

/* The hash of a signature, and the parameters of RSASSA-PSS. */

enum hash {
    MD2,
    MD4,
    MD5,
    SHA1,
    SHA224,
    SHA256,
    SHA384,
    SHA512,
    SHA512_224,
    SHA512_256,
    SHA3_224,
    SHA3_256,
    SHA3_384,
    SHA3_512,
    SHAKE128,
    SHAKE256,
    HASHES
};

#define RSA_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x02"
#define NIST_HASH "\x60\x86\x48\x01\x65\x03\x04\x02"
#define NIST_SIGNATURE "\x60\x86\x48\x01\x65\x03\x04\x03"
#define PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA "\x2a\x86\x48\xce\x3d\x04"
#define PKIX_ALGORITHM "\x2b\x06\x01\x05\x05\x07\x06"

static const struct pc_lint_hash hashes[] = {
    [MD2] = {PC_BYTES(RSA_DIGEST "\x02"), "MD2", 16, false, false},
    [MD4] = {PC_BYTES(RSA_DIGEST "\x04"), "MD4", 16, false, false},
    [MD5] = {PC_BYTES(RSA_DIGEST "\x05"), "MD5", 16, false, false},
    [SHA1] = {PC_BYTES("\x2b\x0e\x03\x02\x1a"), "SHA-1", 20, false, false},
    [SHA224] = {PC_BYTES(NIST_HASH "\x04"), "SHA-224", 28, true, false},
    [SHA256] = {PC_BYTES(NIST_HASH "\x01"), "SHA-256", 32, true, false},
    [SHA384] = {PC_BYTES(NIST_HASH "\x02"), "SHA-384", 48, true, false},
    [SHA512] = {PC_BYTES(NIST_HASH "\x03"), "SHA-512", 64, true, false},
    [SHA512_224] = {PC_BYTES(NIST_HASH "\x05"), "SHA-512/224", 28, false, false},
    [SHA512_256] = {PC_BYTES(NIST_HASH "\x06"), "SHA-512/256", 32, false, false},
    [SHA3_224] = {PC_BYTES(NIST_HASH "\x07"), "SHA3-224", 28, false, false},
    [SHA3_256] = {PC_BYTES(NIST_HASH "\x08"), "SHA3-256", 32, false, false},
    [SHA3_384] = {PC_BYTES(NIST_HASH "\x09"), "SHA3-384", 48, false, false},
    [SHA3_512] = {PC_BYTES(NIST_HASH "\x0a"), "SHA3-512", 64, false, false},
    [SHAKE128] = {PC_BYTES(NIST_HASH "\x0b"), "SHAKE128", 32, false, true},
    [SHAKE256] = {PC_BYTES(NIST_HASH "\x0c"), "SHAKE256", 64, false, true},
};
_Static_assert(PC_ARRAY_LEN(hashes) == HASHES, "a hash has no row");

enum scheme { RSA_PKCS1, RSA_PSS, OTHER };

/* Signatures whose identifier says the hash. */
static const struct {
    struct pc_span oid;
    enum hash hash;
    enum scheme scheme;
} signatures[] = {
    {PC_BYTES(PKCS1 "\x02"), MD2, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x03"), MD4, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x04"), MD5, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x05"), SHA1, RSA_PKCS1},
    {PC_BYTES("\x2b\x0e\x03\x02\x1d"), SHA1, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x0e"), SHA224, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x0b"), SHA256, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x0c"), SHA384, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x0d"), SHA512, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x0f"), SHA512_224, RSA_PKCS1},
    {PC_BYTES(PKCS1 "\x10"), SHA512_256, RSA_PKCS1},
    {PC_BYTES(NIST_SIGNATURE "\x0d"), SHA3_224, RSA_PKCS1},
    {PC_BYTES(NIST_SIGNATURE "\x0e"), SHA3_256, RSA_PKCS1},
    {PC_BYTES(NIST_SIGNATURE "\x0f"), SHA3_384, RSA_PKCS1},
    {PC_BYTES(NIST_SIGNATURE "\x10"), SHA3_512, RSA_PKCS1},
    {PC_BYTES(PKIX_ALGORITHM "\x1e"), SHAKE128, RSA_PSS},
    {PC_BYTES(PKIX_ALGORITHM "\x1f"), SHAKE256, RSA_PSS},
    {PC_BYTES(ECDSA "\x01"), SHA1, OTHER},
    {PC_BYTES(ECDSA "\x03\x01"), SHA224, OTHER},
    {PC_BYTES(ECDSA "\x03\x02"), SHA256, OTHER},
    {PC_BYTES(ECDSA "\x03\x03"), SHA384, OTHER},
    {PC_BYTES(ECDSA "\x03\x04"), SHA512, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x09"), SHA3_224, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x0a"), SHA3_256, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x0b"), SHA3_384, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x0c"), SHA3_512, OTHER},
    {PC_BYTES(PKIX_ALGORITHM "\x20"), SHAKE128, OTHER},
    {PC_BYTES(PKIX_ALGORITHM "\x21"), SHAKE256, OTHER},
    {PC_BYTES("\x2a\x86\x48\xce\x38\x04\x03"), SHA1, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x01"), SHA224, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x02"), SHA256, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x03"), SHA384, OTHER},
    {PC_BYTES(NIST_SIGNATURE "\x04"), SHA512, OTHER},
};

static const struct pc_lint_hash *find_hash(struct pc_span oid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(hashes); i++) {
        if (pc_span_eq(hashes[i].oid, oid)) {
            return &hashes[i];
        }
    }
    return NULL;
}

/* An AlgorithmIdentifier up to its parameters, which `ret_params` reads. */
static bool enter_algorithm(struct pc_der *in, struct pc_span *ret_oid, struct pc_der *ret_params)
{
    return pc_is_ok(pc_der_enter(in, PC_DER_SEQUENCE, "algorithm", ret_params, NULL)) &&
           pc_is_ok(pc_oid_read(ret_params, "algorithm", ret_oid, NULL));
}

/* The hash of a mask generation function: of MGF1, or a SHAKE by itself. */
static const struct pc_lint_hash *read_mgf(struct pc_der in)
{
    const struct pc_span mgf1 = PC_BYTES(PKCS1 "\x08");
    struct pc_der params;
    struct pc_der ignored;
    struct pc_span oid;
    if (!enter_algorithm(&in, &oid, &params)) {
        return NULL;
    }
    if (pc_span_eq(oid, mgf1) && !enter_algorithm(&params, &oid, &ignored)) {
        return NULL;
    }
    return find_hash(oid);
}

/* One field of RSASSA-PSS-params; what is no such field is left to the structure rules. */
static bool read_field(const struct pc_der *params, const struct pc_der_value *field,
                       struct pc_lint_signing *ret)
{
    struct pc_der in = pc_der_part(params, field->content);
    struct pc_der ignored;
    struct pc_span oid;
    switch (field->tag) {
    case PC_DER_CONTEXT_CONSTRUCTED(0):
        ret->hash = enter_algorithm(&in, &oid, &ignored) ? find_hash(oid) : NULL;
        return ret->hash != NULL;
    case PC_DER_CONTEXT_CONSTRUCTED(1):
        ret->mgf_hash = read_mgf(in);
        return ret->mgf_hash != NULL;
    case PC_DER_CONTEXT_CONSTRUCTED(2):
        return pc_is_ok(pc_der_read_number(&in, "saltLength", UINT32_MAX, &ret->salt, NULL));
    default:
        return true;
    }
}

/* RFC 4055 section 3.1. */
static bool read_pss(const struct pc_lint *lint, struct pc_lint_signing *ret)
{
    enum { DEFAULT_SALT = 20 };
    struct pc_der in = pc_csr_reader(lint->csr, lint->signature.params);
    struct pc_der fields;
    in.faults = NULL;
    *ret = (struct pc_lint_signing){
        .hash = &hashes[SHA1], .mgf_hash = &hashes[SHA1], .is_pss = true, .salt = DEFAULT_SALT};
    if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "RSASSA-PSS-params", &fields, NULL))) {
        return false;
    }
    while (!pc_der_at_end(&fields)) {
        struct pc_der_value field;
        if (!pc_is_ok(pc_der_next(&fields, &field, NULL)) || !read_field(&fields, &field, ret)) {
            return false;
        }
    }
    return true;
}

bool pc_lint_signing_read(const struct pc_lint *lint, struct pc_lint_signing *ret)
{
    if (pc_span_eq(lint->signature.oid, PC_OID_RSASSA_PSS)) {
        return read_pss(lint, ret);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(signatures); i++) {
        const struct pc_lint_hash *hash = &hashes[signatures[i].hash];
        if (pc_span_eq(signatures[i].oid, lint->signature.oid)) {
            *ret = (struct pc_lint_signing){.hash = hash,
                                            .mgf_hash = hash,
                                            .is_pkcs1 = signatures[i].scheme == RSA_PKCS1,
                                            .is_pss = signatures[i].scheme == RSA_PSS,
                                            .salt = hash->octets};
            return true;
        }
    }
    return false;
}
