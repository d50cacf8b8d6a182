// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_ALGORITHMS_H
#define PC_CSR_LINT_ALGORITHMS_H

#include "csr/lint/rule.h"

/* What the rules on algorithms know of keys, curves and hashes, also of those that p11csr cannot use. */

enum pc_lint_kind {
    PC_KIND_RSA,
    PC_KIND_DSA,
    PC_KIND_PRIME_CURVE, /* of NIST over a prime field */
    PC_KIND_BINARY_CURVE,
    PC_KIND_KOBLITZ_CURVE, /* secp256k1 */
    PC_KIND_BRAINPOOL,
    PC_KIND_OTHER_CURVE,
    PC_KIND_EDWARDS,
    PC_KIND_MONTGOMERY,
    PC_KIND_ML_DSA,
    PC_KIND_SLH_DSA,
    PC_KIND_HASH_ML_DSA,
    PC_KIND_HASH_SLH_DSA,
    PC_KIND_ML_KEM,
    PC_KIND_STATEFUL, /* LMS and XMSS */
    PC_KIND_COMPOSITE,
    PC_KIND_DRAFT, /* of what became ML-DSA and SLH-DSA, or of their rivals */
};

/* A kind of key, or a curve. */
struct pc_lint_algorithm {
    struct pc_span oid; /* content octets; of the curve where there is one */
    const char *name;
    enum pc_lint_kind kind;
    unsigned strength; /* in bits; 0: not said here */
    size_t octets;     /* of the public key where it has one length; 0: not said */
    unsigned sets;     /* bit 1 << set for each set of rules that allows it */
};

/* NULL: none that is known here. */
const struct pc_lint_algorithm *pc_lint_algorithm_find(struct pc_span oid);
/* That of the request's key: of the curve where it names one. */
const struct pc_lint_algorithm *pc_lint_key_algorithm(const struct pc_lint *lint);
/* False when the key cannot be judged: the structure rules tell what is wrong with it. */
bool pc_lint_key_is_read(const struct pc_lint *lint);
bool pc_lint_algorithm_in(const struct pc_lint_algorithm *algorithm, enum pc_lint_set set);
/* Strength of the request's key in bits (SP 800-57 part 1 table 2); 0: not known. */
unsigned pc_lint_key_strength(const struct pc_lint *lint);
/* False for keys that a quantum computer does not break; also for those that are not known. */
bool pc_lint_is_quantum_vulnerable(const struct pc_lint_algorithm *algorithm);
/* "an RSA key of 2048 bits", "a key on P-256", "a key of 1.2.3": for messages. NULL: out of memory. */
char *pc_lint_key_text(const struct pc_lint *lint) __attribute__((malloc));
/* The byte where the request says what kind of key it has. */
size_t pc_lint_key_at(const struct pc_lint *lint);

/* What a set of rules wants of a key. */
struct pc_lint_key_demand {
    enum pc_lint_set set;
    unsigned rsa_bits;
    const char *allowed; /* end of a sentence that names all of them */
};
/* Reports a key that is none of those that the set allows. */
PC_RESULT pc_lint_check_key(struct pc_lint *lint, const struct pc_lint_key_demand *demand,
                            p11csr_error **err);

struct pc_lint_hash {
    struct pc_span oid;
    const char *name;
    unsigned octets;
    bool is_sha2;  /* of SHA-2, and not cut */
    bool is_shake; /* gives as many octets as are wanted */
};

/* How the request was signed. */
struct pc_lint_signing {
    const struct pc_lint_hash *hash;
    const struct pc_lint_hash *mgf_hash; /* of RSASSA-PSS; else the same as `hash` */
    bool is_pkcs1;
    bool is_pss;
    unsigned long salt; /* octets, of RSASSA-PSS */
};
/*
 * Reads it from the signature's AlgorithmIdentifier. False when the scheme has no hash of its own, is not
 * known here, or its parameters cannot be read, which the structure rules tell.
 */
bool pc_lint_signing_read(const struct pc_lint *lint, struct pc_lint_signing *ret);

#endif
