// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/lint/algorithms.h"
#include "csr/lint/oids.h"
#include "csr/lint/rule_functions.h"
#include "csr/lint/weak_key.h"

/* Which algorithms FIPS, CNSA 2.0 and the BSI approve. */

enum {
    FIPS_RSA_BITS = 2048,
    FIPS_STRENGTH = 112,
    CNSA_RSA_BITS = 3072,
    BSI_RSA_BITS = 3000,
    SHA224_OCTETS = 28,
    SHA256_OCTETS = 32,
    SHA384_OCTETS = 48,
};

/* The byte where the signature's algorithm stands. */
static size_t signature_at(const struct pc_lint *lint)
{
    return lint->signature.oid.len > 0 ? pc_lint_at(lint, lint->signature.oid) : PC_LINT_NOWHERE;
}

/* Reports "it has KEY TEXT". */
static struct pc_result report_key(struct pc_lint *lint, bool error, const char *text, p11csr_error **err)
{
    char *key PC_CLEANUP(pc_free_str) = pc_lint_key_text(lint);
    const size_t at = pc_lint_key_at(lint);
    if (key == NULL) {
        return pc_fail_memory(err);
    }
    return error ? pc_lint_report(lint, at, err, "it has %s, %s", key, text)
                 : pc_lint_warn(lint, at, err, "it has %s, %s", key, text);
}

static struct pc_result check_fips_rsa(struct pc_lint *lint, p11csr_error **err)
{
    const unsigned bits = lint->key.bits;
    const size_t at = pc_lint_at(lint, lint->key.modulus);
    const size_t exponent_at = pc_lint_at(lint, lint->key.exponent);
    if (bits < FIPS_RSA_BITS) {
        PC_TRY(pc_lint_report(lint, at, err, "the RSA key has %u bits, and needs at least %d", bits,
                              FIPS_RSA_BITS));
    }
    if (bits % 2 != 0) {
        PC_TRY(pc_lint_report(lint, at, err, "the RSA key has %u bits, which is no even number", bits));
    }
    return pc_weak_exponent(lint->key.exponent) == PC_EXPONENT_USUAL
               ? PC_OK
               : pc_lint_report(lint, exponent_at, err,
                                "the RSA exponent is not an odd number between 2^16 and 2^256");
}

PC_RESULT pc_lint_fips_rsa(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_signing signing;
    if (lint->key.is_rsa) {
        PC_TRY(check_fips_rsa(lint, err));
    }
    if (!pc_lint_signing_read(lint, &signing) || !signing.is_pss) {
        return PC_OK;
    }
    if (signing.salt > signing.hash->octets) {
        PC_TRY(pc_lint_report(lint, signature_at(lint), err,
                              "the salt of RSASSA-PSS has %lu octets, more than the %u of %s", signing.salt,
                              signing.hash->octets, signing.hash->name));
    }
    return signing.mgf_hash == signing.hash || signing.mgf_hash->is_shake
               ? PC_OK
               : pc_lint_report(lint, signature_at(lint), err,
                                "the mask of RSASSA-PSS is made with %s, the hash is %s",
                                signing.mgf_hash->name, signing.hash->name);
}

PC_RESULT pc_lint_fips_curve(struct pc_lint *lint, p11csr_error **err)
{
    static const struct {
        enum pc_lint_kind kind;
        bool error;
        const char *text;
    } special[] = {
        {PC_KIND_DSA, true, "which FIPS 186-5 took out"},
        {PC_KIND_KOBLITZ_CURVE, false, "which SP 800-186 leaves to blockchains"},
        {PC_KIND_BRAINPOOL, false, "which SP 800-186 allows to be used with others only"},
    };
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    if (!pc_lint_key_is_read(lint) || lint->key.is_rsa) {
        return PC_OK;
    }
    if (algorithm == NULL) {
        return report_key(lint, true, "which FIPS 186-5 and SP 800-186 do not name", err);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(special); i++) {
        if (special[i].kind == algorithm->kind) {
            return report_key(lint, special[i].error, special[i].text, err);
        }
    }
    if (algorithm->kind == PC_KIND_BINARY_CURVE && pc_lint_algorithm_in(algorithm, PC_LINT_FIPS)) {
        return report_key(lint, false, "a binary curve, which SP 800-186 deprecates", err);
    }
    const bool is_told_by_f05 = algorithm->kind == PC_KIND_COMPOSITE || algorithm->kind == PC_KIND_DRAFT;
    return is_told_by_f05 || pc_lint_algorithm_in(algorithm, PC_LINT_FIPS)
               ? PC_OK
               : report_key(lint, true, "which is not approved", err);
}

PC_RESULT pc_lint_fips_strength(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_signing signing;
    const unsigned strength = pc_lint_key_strength(lint);
    if (strength != 0 && strength < FIPS_STRENGTH) {
        PC_TRY(report_key(lint, true, "which has less than 112 bits of strength", err));
    }
    if (!pc_lint_signing_read(lint, &signing) || signing.hash->octets > SHA224_OCTETS) {
        return PC_OK;
    }
    return signing.hash->octets < SHA224_OCTETS
               ? pc_lint_report(lint, signature_at(lint), err, "it is signed with %s, which is not allowed",
                                signing.hash->name)
               : pc_lint_warn(lint, signature_at(lint), err,
                              "it is signed with %s, which the draft of revision 3 retires after 2030",
                              signing.hash->name);
}

PC_RESULT pc_lint_fips_transition(struct pc_lint *lint, p11csr_error **err)
{
    const unsigned strength = pc_lint_key_strength(lint);
    if (!pc_lint_key_is_read(lint) || !pc_lint_is_quantum_vulnerable(pc_lint_key_algorithm(lint))) {
        return PC_OK;
    }
    char *key PC_CLEANUP(pc_free_str) = pc_lint_key_text(lint);
    if (key == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(lint, pc_lint_key_at(lint), err,
                          "it has %s, which a quantum computer breaks: %sdisallowed after 2035", key,
                          strength <= FIPS_STRENGTH ? "deprecated after 2030 and " : "");
}

PC_RESULT pc_lint_fips_post_quantum(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    const size_t len = lint->key.octets.len;
    if (algorithm == NULL || pc_lint_is_quantum_vulnerable(algorithm)) {
        return PC_OK;
    }
    if (algorithm->kind == PC_KIND_DRAFT) {
        return report_key(lint, true, "not of FIPS 203, 204 or 205", err);
    }
    if (algorithm->kind == PC_KIND_COMPOSITE) {
        return report_key(lint, false, "of which FIPS 204 approves the ML-DSA part only", err);
    }
    return algorithm->octets == 0 || algorithm->octets == len
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, lint->key.octets), err,
                                "the public key has %zu octets, where %s has %zu", len, algorithm->name,
                                algorithm->octets);
}

static bool is_cnsa_hash(const struct pc_lint_hash *hash)
{
    return hash->is_sha2 && hash->octets >= SHA384_OCTETS;
}

/* Of RSA, ECDSA and whatever else hashes first. */
static struct pc_result check_cnsa_hash(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_signing signing;
    const struct pc_lint_algorithm *scheme = pc_lint_algorithm_find(lint->signature.oid);
    if (scheme != NULL && !pc_lint_algorithm_in(scheme, PC_LINT_CNSA2) &&
        scheme != pc_lint_key_algorithm(lint) && scheme->kind != PC_KIND_RSA) {
        return pc_lint_report(lint, signature_at(lint), err,
                              "it is signed with %s, which CNSA 2.0 does not list", scheme->name);
    }
    if (!pc_lint_signing_read(lint, &signing)) {
        return PC_OK;
    }
    const struct pc_lint_hash *hash = is_cnsa_hash(signing.hash) ? signing.mgf_hash : signing.hash;
    return is_cnsa_hash(hash)
               ? PC_OK
               : pc_lint_report(lint, signature_at(lint), err,
                                "it is signed with %s; allowed are SHA-384 and SHA-512", hash->name);
}

PC_RESULT pc_lint_cnsa(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    const bool is_old = lint->key.is_rsa ? lint->key.bits >= CNSA_RSA_BITS
                                         : pc_lint_is_quantum_vulnerable(algorithm) &&
                                               pc_lint_algorithm_in(algorithm, PC_LINT_CNSA2);
    PC_TRY(check_cnsa_hash(lint, err));
    if (!pc_lint_key_is_read(lint)) {
        return PC_OK;
    }
    if (is_old) {
        return report_key(lint, false,
                          "which is of CNSA 1.0: not for new systems from 2027, and only ML-DSA-87 and "
                          "ML-KEM-1024 from 2030 to 2033 on",
                          err);
    }
    if (!pc_lint_algorithm_in(algorithm, PC_LINT_CNSA2)) {
        return report_key(lint, true, "which CNSA 2.0 does not list: it has ML-DSA-87 and ML-KEM-1024", err);
    }
    return algorithm->kind == PC_KIND_STATEFUL
               ? report_key(lint, false, "which CNSA 2.0 has for firmware and software only", err)
               : PC_OK;
}

static struct pc_result check_bsi_key(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    if (!pc_lint_key_is_read(lint)) {
        return PC_OK;
    }
    if (lint->key.is_rsa) {
        return lint->key.bits >= BSI_RSA_BITS
                   ? PC_OK
                   : pc_lint_report(lint, pc_lint_at(lint, lint->key.modulus), err,
                                    "the RSA key has %u bits, and needs at least %d", lint->key.bits,
                                    BSI_RSA_BITS);
    }
    if (!pc_lint_algorithm_in(algorithm, PC_LINT_BSI)) {
        return report_key(lint, true, "which is not recommended", err);
    }
    return algorithm->kind == PC_KIND_ML_DSA || algorithm->kind == PC_KIND_ML_KEM
               ? report_key(lint, false, "which is recommended together with a classical one only", err)
               : PC_OK;
}

PC_RESULT pc_lint_bsi(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_signing signing;
    PC_TRY(check_bsi_key(lint, err));
    if (!pc_lint_signing_read(lint, &signing)) {
        return PC_OK;
    }
    if (signing.hash->octets < SHA256_OCTETS) {
        PC_TRY(pc_lint_report(lint, signature_at(lint), err,
                              "it is signed with %s, and needs SHA-256 or a longer hash",
                              signing.hash->name));
    } else if (signing.mgf_hash->octets < SHA256_OCTETS) {
        PC_TRY(pc_lint_report(lint, signature_at(lint), err,
                              "the mask of its signature is generated with %s, and needs SHA-256 or a longer "
                              "hash",
                              signing.mgf_hash->name));
    }
    return signing.is_pkcs1 ? pc_lint_warn(lint, signature_at(lint), err,
                                           "it is signed with RSA by PKCS #1 v1.5: RSASSA-PSS is preferred")
                            : PC_OK;
}
