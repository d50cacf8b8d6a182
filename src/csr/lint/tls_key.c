// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/lint/common.h"
#include "csr/lint/oids.h"
#include "csr/lint/rule_functions.h"
#include "csr/lint/weak_key.h"

/* TLS Baseline Requirements on the key. */

enum { RSA_LEAST_BITS = 2048, FERMAT_ROUNDS = 100, DEBIAN_MOST_BITS = 8192 };

static const enum pc_keyspec_id curves[] = {PC_KEYSPEC_P256, PC_KEYSPEC_P384, PC_KEYSPEC_P521};

static bool is_ec(const struct pc_lint *lint)
{
    return pc_span_eq(lint->key.oid, PC_OID_EC);
}

/* The curve of the key if it is one of those, else NULL. */
static const struct pc_keyspec *curve_of(const struct pc_lint *lint)
{
    for (size_t i = 0; is_ec(lint) && i < PC_ARRAY_LEN(curves); i++) {
        if (pc_lint_is_curve(lint, curves[i])) {
            return pc_keyspec_get(curves[i]);
        }
    }
    return NULL;
}

static struct pc_result report_kind(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_span part = is_ec(lint) && lint->key.params.len > 0 ? lint->key.params : lint->key.oid;
    const bool named = part.len > 2 && part.ptr != lint->key.oid.ptr && part.ptr[0] == PC_DER_OID;
    const struct pc_span oid = named ? (struct pc_span){part.ptr + 2, part.len - 2} : lint->key.oid;
    char *text PC_CLEANUP(pc_free_str) = pc_lint_oid_text(oid);
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(lint, pc_lint_at(lint, part), err,
                          "the key is of the %s %s; allowed are RSA, and ECDSA on P-256, P-384 and P-521",
                          named ? "curve" : "kind", text);
}

PC_RESULT pc_lint_tls_key(struct pc_lint *lint, p11csr_error **err)
{
    const unsigned bits = lint->key.bits;
    if (lint->key.oid.len == 0 ||
        curve_of(lint) != NULL) { // what cannot be read is told by the structure set
        return PC_OK;
    }
    if (!lint->key.is_rsa) {
        return report_kind(lint, err);
    }
    const size_t at = pc_lint_at(lint, lint->key.modulus);
    if (bits < RSA_LEAST_BITS) {
        PC_TRY(pc_lint_report(lint, at, err, "the RSA key has %u bits, and needs at least %d", bits,
                              RSA_LEAST_BITS));
    }
    return bits % 8 == 0
               ? PC_OK
               : pc_lint_report(lint, at, err, "the RSA key has %u bits, which 8 does not divide", bits);
}

static struct pc_result check_exponent(struct pc_lint *lint, p11csr_error **err)
{
    const size_t at = pc_lint_at(lint, lint->key.exponent);
    switch (pc_weak_exponent(lint->key.exponent)) {
    case PC_EXPONENT_WRONG:
        return pc_lint_report(lint, at, err, "the RSA exponent is not an odd number of at least 3");
    case PC_EXPONENT_SMALL:
        return pc_lint_warn(lint, at, err, "the RSA exponent is less than 2^16 + 1");
    case PC_EXPONENT_LARGE:
        return pc_lint_warn(lint, at, err, "the RSA exponent is more than 2^256 - 1");
    case PC_EXPONENT_USUAL:
        break;
    }
    return PC_OK;
}

PC_RESULT pc_lint_tls_rsa(struct pc_lint *lint, p11csr_error **err)
{
    if (!lint->key.is_rsa) {
        return PC_OK;
    }
    PC_TRY(check_exponent(lint, err));
    return pc_lint_check_factors(lint, err);
}

PC_RESULT pc_lint_tls_debian(struct pc_lint *lint, p11csr_error **err)
{
    const bool excepted = lint->key.is_rsa && lint->key.bits > DEBIAN_MOST_BITS;
    return excepted || lint->key.oid.len == 0 ? PC_OK : pc_lint_check_listed(lint, err);
}

PC_RESULT pc_lint_tls_roca(struct pc_lint *lint, p11csr_error **err)
{
    return pc_lint_check_roca(lint, err);
}

PC_RESULT pc_lint_tls_fermat(struct pc_lint *lint, p11csr_error **err)
{
    return pc_lint_check_close_primes(lint, FERMAT_ROUNDS, err);
}

PC_RESULT pc_lint_tls_origin(struct pc_lint *lint, p11csr_error **err)
{
    return pc_lint_report(lint, PC_LINT_NOWHERE, err,
                          "a key that the CA made is refused; a request does not show who made its key");
}

PC_RESULT pc_lint_tls_spki(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_lint_key *key = &lint->key;
    const bool pss = pc_span_eq(key->oid, PC_OID_RSASSA_PSS);
    const bool rsa = pc_span_eq(key->oid, PC_OID_RSA);
    const struct pc_keyspec *curve = curve_of(lint);
    if (pss) {
        return pc_lint_report(lint, pc_lint_at(lint, key->aid), err,
                              "the key is marked as id-RSASSA-PSS, where rsaEncryption belongs");
    }
    if (!rsa && curve == NULL) {
        return PC_OK;
    }
    const struct pc_keyspec *spec = rsa ? pc_keyspec_get(PC_KEYSPEC_RSA_2048) : curve;
    return pc_span_eq(key->aid, spec->spki_alg)
               ? PC_OK
               : pc_lint_report(
                     lint, pc_lint_at(lint, key->aid), err,
                     "the key's AlgorithmIdentifier is not the one that is demanded octet for octet");
}
