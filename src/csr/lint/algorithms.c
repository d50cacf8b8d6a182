// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/algorithms.h"

#include "base/error.h"
#include "csr/lint/oids.h"

#include <string.h>

enum {
    M = 1U << PC_LINT_SMIME_BR,
    C = 1U << PC_LINT_CODESIGNING_BR,
    F = 1U << PC_LINT_FIPS,
    N = 1U << PC_LINT_CNSA2,
    B = 1U << PC_LINT_BSI,
};

#define SECG "\x2b\x81\x04\x00"
#define BRAINPOOL "\x2b\x24\x03\x03\x02\x08\x01\x01"
#define NIST_SIGNATURE "\x60\x86\x48\x01\x65\x03\x04\x03"
#define NIST_KEM "\x60\x86\x48\x01\x65\x03\x04\x04"
#define PKIX_ALGORITHM "\x2b\x06\x01\x05\x05\x07\x06"

/* Pure and, 15 further, with a hash in front (FIPS 205 section 10). */
#define SLH_DSA(arc, hash_arc, name, strength, octets, sets)                                                 \
    {PC_BYTES(NIST_SIGNATURE arc), "SLH-DSA-" name, PC_KIND_SLH_DSA, strength, octets, sets},                \
    {                                                                                                        \
        PC_BYTES(NIST_SIGNATURE hash_arc), "HashSLH-DSA-" name, PC_KIND_HASH_SLH_DSA, strength, octets, sets \
    }

/* r1, and t1 with the next number. */
#define BRAINPOOL_PAIR(r1, t1, bits, strength, sets)                                                         \
    {PC_BYTES(BRAINPOOL r1), "brainpoolP" bits "r1", PC_KIND_BRAINPOOL, strength, 0, sets},                  \
    {                                                                                                        \
        PC_BYTES(BRAINPOOL t1), "brainpoolP" bits "t1", PC_KIND_BRAINPOOL, strength, 0, 0                    \
    }

// clang-format off
static const struct pc_lint_algorithm algorithms[] = {
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), "RSA", PC_KIND_RSA, 0, 0, 0},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "RSASSA-PSS", PC_KIND_RSA, 0, 0, 0},
    {PC_BYTES("\x2a\x86\x48\xce\x38\x04\x01"), "DSA", PC_KIND_DSA, 0, 0, 0},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x01"), "P-192", PC_KIND_PRIME_CURVE, 80, 0, 0},
    {PC_BYTES(SECG "\x21"), "P-224", PC_KIND_PRIME_CURVE, 112, 0, F},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256", PC_KIND_PRIME_CURVE, 128, 0, M | C | F | B},
    {PC_BYTES(SECG "\x22"), "P-384", PC_KIND_PRIME_CURVE, 192, 0, M | C | F | N | B},
    {PC_BYTES(SECG "\x23"), "P-521", PC_KIND_PRIME_CURVE, 256, 0, M | C | F | B},
    {PC_BYTES(SECG "\x01"), "K-163", PC_KIND_BINARY_CURVE, 80, 0, 0},
    {PC_BYTES(SECG "\x0f"), "B-163", PC_KIND_BINARY_CURVE, 80, 0, 0},
    {PC_BYTES(SECG "\x1a"), "K-233", PC_KIND_BINARY_CURVE, 112, 0, F},
    {PC_BYTES(SECG "\x1b"), "B-233", PC_KIND_BINARY_CURVE, 112, 0, F},
    {PC_BYTES(SECG "\x10"), "K-283", PC_KIND_BINARY_CURVE, 128, 0, F},
    {PC_BYTES(SECG "\x11"), "B-283", PC_KIND_BINARY_CURVE, 128, 0, F},
    {PC_BYTES(SECG "\x24"), "K-409", PC_KIND_BINARY_CURVE, 192, 0, F},
    {PC_BYTES(SECG "\x25"), "B-409", PC_KIND_BINARY_CURVE, 192, 0, F},
    {PC_BYTES(SECG "\x26"), "K-571", PC_KIND_BINARY_CURVE, 256, 0, F},
    {PC_BYTES(SECG "\x27"), "B-571", PC_KIND_BINARY_CURVE, 256, 0, F},
    {PC_BYTES(SECG "\x0a"), "secp256k1", PC_KIND_KOBLITZ_CURVE, 128, 0, 0},
    BRAINPOOL_PAIR("\x01", "\x02", "160", 80, 0),
    BRAINPOOL_PAIR("\x03", "\x04", "192", 80, 0),
    BRAINPOOL_PAIR("\x05", "\x06", "224", 112, 0),
    BRAINPOOL_PAIR("\x07", "\x08", "256", 128, B),
    BRAINPOOL_PAIR("\x09", "\x0a", "320", 128, 0),
    BRAINPOOL_PAIR("\x0b", "\x0c", "384", 192, B),
    BRAINPOOL_PAIR("\x0d", "\x0e", "512", 256, B),
    {PC_BYTES("\x2a\x81\x1c\xcf\x55\x01\x82\x2d"), "SM2", PC_KIND_OTHER_CURVE, 128, 0, 0},
    {PC_BYTES("\x2b\x65\x70"), "Ed25519", PC_KIND_EDWARDS, 128, 32, M | F},
    {PC_BYTES("\x2b\x65\x71"), "Ed448", PC_KIND_EDWARDS, 224, 57, M | F},
    {PC_BYTES("\x2b\x65\x6e"), "X25519", PC_KIND_MONTGOMERY, 128, 32, 0},
    {PC_BYTES("\x2b\x65\x6f"), "X448", PC_KIND_MONTGOMERY, 224, 56, 0},
    {PC_BYTES(NIST_SIGNATURE "\x11"), "ML-DSA-44", PC_KIND_ML_DSA, 128, 1312, F},
    {PC_BYTES(NIST_SIGNATURE "\x12"), "ML-DSA-65", PC_KIND_ML_DSA, 192, 1952, F | B},
    {PC_BYTES(NIST_SIGNATURE "\x13"), "ML-DSA-87", PC_KIND_ML_DSA, 256, 2592, F | N | B},
    {PC_BYTES(NIST_SIGNATURE "\x20"), "HashML-DSA-44", PC_KIND_HASH_ML_DSA, 128, 1312, F},
    {PC_BYTES(NIST_SIGNATURE "\x21"), "HashML-DSA-65", PC_KIND_HASH_ML_DSA, 192, 1952, F},
    {PC_BYTES(NIST_SIGNATURE "\x22"), "HashML-DSA-87", PC_KIND_HASH_ML_DSA, 256, 2592, F},
    SLH_DSA("\x14", "\x23", "SHA2-128s", 128, 32, F),
    SLH_DSA("\x15", "\x24", "SHA2-128f", 128, 32, F),
    SLH_DSA("\x16", "\x25", "SHA2-192s", 192, 48, F | B),
    SLH_DSA("\x17", "\x26", "SHA2-192f", 192, 48, F | B),
    SLH_DSA("\x18", "\x27", "SHA2-256s", 256, 64, F | B),
    SLH_DSA("\x19", "\x28", "SHA2-256f", 256, 64, F | B),
    SLH_DSA("\x1a", "\x29", "SHAKE-128s", 128, 32, F),
    SLH_DSA("\x1b", "\x2a", "SHAKE-128f", 128, 32, F),
    SLH_DSA("\x1c", "\x2b", "SHAKE-192s", 192, 48, F | B),
    SLH_DSA("\x1d", "\x2c", "SHAKE-192f", 192, 48, F | B),
    SLH_DSA("\x1e", "\x2d", "SHAKE-256s", 256, 64, F | B),
    SLH_DSA("\x1f", "\x2e", "SHAKE-256f", 256, 64, F | B),
    {PC_BYTES(NIST_KEM "\x01"), "ML-KEM-512", PC_KIND_ML_KEM, 128, 800, F},
    {PC_BYTES(NIST_KEM "\x02"), "ML-KEM-768", PC_KIND_ML_KEM, 192, 1184, F | B},
    {PC_BYTES(NIST_KEM "\x03"), "ML-KEM-1024", PC_KIND_ML_KEM, 256, 1568, F | N | B},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x11"), "HSS/LMS", PC_KIND_STATEFUL, 0, 0, F | N | B},
    {PC_BYTES(PKIX_ALGORITHM "\x22"), "XMSS", PC_KIND_STATEFUL, 0, 0, F | N | B},
    {PC_BYTES(PKIX_ALGORITHM "\x23"), "XMSS^MT", PC_KIND_STATEFUL, 0, 0, F | N | B},
};
/* Composite ML-DSA has the arcs 37 to 54; from 41 on it is with ML-DSA-65 or 87. */
static const struct pc_lint_algorithm composite_44 =
    {PC_BYTES(PKIX_ALGORITHM), "composite ML-DSA-44", PC_KIND_COMPOSITE, 0, 0, 0};
static const struct pc_lint_algorithm composite =
    {PC_BYTES(PKIX_ALGORITHM), "composite ML-DSA", PC_KIND_COMPOSITE, 0, 0, B};
/* Arms where drafts were numbered before the standards. */
static const struct pc_lint_algorithm drafts[] = {
    {PC_BYTES("\x2b\xce\x0f"), "a draft of a post-quantum algorithm", PC_KIND_DRAFT, 0, 0, 0},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x02\x82\x0b"), "a draft of ML-DSA (Dilithium)", PC_KIND_DRAFT, 0, 0, 0},
};
// clang-format on

static bool begins_with(struct pc_span oid, struct pc_span prefix)
{
    return oid.len > prefix.len && memcmp(oid.ptr, prefix.ptr, prefix.len) == 0;
}

/* Those that are known by the arm they stand on. */
static const struct pc_lint_algorithm *find_by_arm(struct pc_span oid)
{
    enum { FIRST = 37, FIRST_65 = 41, LAST = 54 };
    const uint8_t arc = oid.len > 0 ? oid.ptr[oid.len - 1] : 0;
    if (oid.len == composite.oid.len + 1 && begins_with(oid, composite.oid) && arc >= FIRST && arc <= LAST) {
        return arc < FIRST_65 ? &composite_44 : &composite;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(drafts); i++) {
        if (begins_with(oid, drafts[i].oid)) {
            return &drafts[i];
        }
    }
    return NULL;
}

const struct pc_lint_algorithm *pc_lint_algorithm_find(struct pc_span oid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(algorithms); i++) {
        if (pc_span_eq(algorithms[i].oid, oid)) {
            return &algorithms[i];
        }
    }
    return find_by_arm(oid);
}

/* The OID that says most: of the curve, else of the algorithm. */
static struct pc_span key_oid(const struct pc_lint *lint)
{
    struct pc_der in = pc_der_over(lint->key.params);
    struct pc_der_value curve;
    return pc_span_eq(lint->key.oid, PC_OID_EC) &&
                   pc_is_ok(pc_der_expect(&in, PC_DER_OID, "curve", &curve, NULL))
               ? curve.content
               : lint->key.oid;
}

const struct pc_lint_algorithm *pc_lint_key_algorithm(const struct pc_lint *lint)
{
    return pc_lint_algorithm_find(key_oid(lint));
}

bool pc_lint_key_is_read(const struct pc_lint *lint)
{
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    return lint->key.oid.len > 0 && (algorithm == NULL || algorithm->kind != PC_KIND_RSA || lint->key.is_rsa);
}

bool pc_lint_algorithm_in(const struct pc_lint_algorithm *algorithm, enum pc_lint_set set)
{
    return algorithm != NULL && (algorithm->sets >> set & 1U) != 0;
}

unsigned pc_lint_key_strength(const struct pc_lint *lint)
{
    static const struct {
        unsigned bits;
        unsigned strength;
    } rsa[] = {{15360, 256}, {7680, 192}, {3072, 128}, {2048, 112}, {0, 80}};
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    for (size_t i = 0; lint->key.is_rsa && i < PC_ARRAY_LEN(rsa); i++) {
        if (lint->key.bits >= rsa[i].bits) {
            return rsa[i].strength;
        }
    }
    return algorithm != NULL ? algorithm->strength : 0;
}

bool pc_lint_is_quantum_vulnerable(const struct pc_lint_algorithm *algorithm)
{
    return algorithm != NULL && algorithm->kind <= PC_KIND_MONTGOMERY;
}

char *pc_lint_key_text(const struct pc_lint *lint)
{
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    if (lint->key.is_rsa) {
        return pc_asprintf("an RSA key of %u bits", lint->key.bits);
    }
    if (algorithm != NULL) {
        const bool curve = pc_span_eq(lint->key.oid, PC_OID_EC);
        return pc_asprintf("a key %s %s", curve ? "on" : "of", algorithm->name);
    }
    char *oid PC_CLEANUP(pc_free_str) = pc_lint_oid_text(key_oid(lint));
    return oid != NULL ? pc_asprintf("a key of %s", oid) : NULL;
}

size_t pc_lint_key_at(const struct pc_lint *lint)
{
    return lint->key.oid.len > 0 ? pc_lint_at(lint, key_oid(lint)) : PC_LINT_NOWHERE;
}

static struct pc_result check_rsa(struct pc_lint *lint, unsigned least, p11csr_error **err)
{
    const unsigned bits = lint->key.bits;
    if (pc_span_eq(lint->key.oid, PC_OID_RSASSA_PSS)) {
        PC_TRY(pc_lint_report(lint, pc_lint_key_at(lint), err,
                              "the key is marked as id-RSASSA-PSS, where rsaEncryption belongs"));
    }
    return bits >= least ? PC_OK
                         : pc_lint_report(lint, pc_lint_at(lint, lint->key.modulus), err,
                                          "the RSA key has %u bits, and needs at least %u", bits, least);
}

PC_RESULT pc_lint_check_key(struct pc_lint *lint, const struct pc_lint_key_demand *demand, p11csr_error **err)
{
    if (!pc_lint_key_is_read(lint)) {
        return PC_OK;
    }
    if (lint->key.is_rsa) {
        return check_rsa(lint, demand->rsa_bits, err);
    }
    if (pc_lint_algorithm_in(pc_lint_key_algorithm(lint), demand->set)) {
        return PC_OK;
    }
    char *text PC_CLEANUP(pc_free_str) = pc_lint_key_text(lint);
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(lint, pc_lint_key_at(lint), err, "it has %s; %s", text, demand->allowed);
}
