// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/algorithms.h"
#include "csr/lint/oids.h"
#include "csr/lint/rule_functions.h"
#include "csr/ossl.h"
#include "csr/reading/verify.h"

#include <openssl/ec.h>
#include <openssl/objects.h>
#include <string.h>

/* Rules about the public key and the signature. */

/* What an AlgorithmIdentifier has for parameters. */
enum parameters { NONE, NULL_VALUE, PSS };

struct algorithm {
    struct pc_span oid;
    const char *name;
    enum parameters parameters;
};

// clang-format off
static const struct algorithm keys[] = {
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), "rsaEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "id-RSASSA-PSS", PSS},
    {PC_BYTES("\x2b\x65\x6e"), "X25519", NONE},
    {PC_BYTES("\x2b\x65\x6f"), "X448", NONE},
    {PC_BYTES("\x2b\x65\x70"), "Ed25519", NONE},
    {PC_BYTES("\x2b\x65\x71"), "Ed448", NONE},
};
static const struct algorithm signatures[] = {
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02"), "md2WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03"), "md4WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"), "md5WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), "sha1WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "id-RSASSA-PSS", PSS},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), "sha256WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), "sha384WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), "sha512WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e"), "sha224WithRSAEncryption", NULL_VALUE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x0d"), "RSA with SHA3-224", NULL_VALUE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x0e"), "RSA with SHA3-256", NULL_VALUE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x0f"), "RSA with SHA3-384", NULL_VALUE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x10"), "RSA with SHA3-512", NULL_VALUE},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x04\x01"), "ecdsa-with-SHA1", NONE},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x01"), "ecdsa-with-SHA224", NONE},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x02"), "ecdsa-with-SHA256", NONE},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x03"), "ecdsa-with-SHA384", NONE},
    {PC_BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x04"), "ecdsa-with-SHA512", NONE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x09"), "ECDSA with SHA3-224", NONE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x0a"), "ECDSA with SHA3-256", NONE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x0b"), "ECDSA with SHA3-384", NONE},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x0c"), "ECDSA with SHA3-512", NONE},
    {PC_BYTES("\x2b\x65\x70"), "Ed25519", NONE},
    {PC_BYTES("\x2b\x65\x71"), "Ed448", NONE},
};
// clang-format on

/* NIST's signature algorithms (2.16.840.1.101.3.4.3.N), key agreement (...4.4.N): the last arc, or -1. */
static int nist_arc(struct pc_span oid, unsigned char arm)
{
    static const uint8_t prefix[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04};
    const bool under = oid.len == sizeof(prefix) + 2 && memcmp(oid.ptr, prefix, sizeof(prefix)) == 0;
    return under && oid.ptr[sizeof(prefix)] == arm ? oid.ptr[sizeof(prefix) + 1] : -1;
}

enum { ML_DSA_FIRST = 17, ML_DSA_LAST = 19, SLH_DSA_FIRST = 20, SLH_DSA_LAST = 31 };
enum { HASH_ML_DSA_FIRST = 32, HASH_ML_DSA_LAST = 34, HASH_SLH_DSA_LAST = 46 };

/* ML-DSA with a traditional key beside it: 1.3.6.1.5.5.7.6.37 to .54. */
static bool is_composite(struct pc_span oid)
{
    static const uint8_t prefix[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x06};
    enum { FIRST = 37, LAST = 54 };
    return oid.len == sizeof(prefix) + 1 && memcmp(oid.ptr, prefix, sizeof(prefix)) == 0 &&
           oid.ptr[sizeof(prefix)] >= FIRST && oid.ptr[sizeof(prefix)] <= LAST;
}

static bool is_post_quantum_signature(struct pc_span oid)
{
    const int arc = nist_arc(oid, 3);
    return (arc >= ML_DSA_FIRST && arc <= HASH_SLH_DSA_LAST) || is_composite(oid);
}

static bool is_ml_kem(struct pc_span oid)
{
    const int arc = nist_arc(oid, 4);
    return arc >= 1 && arc <= 3;
}

static struct algorithm find(const struct algorithm *table, size_t count, struct pc_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (pc_span_eq(table[i].oid, oid)) {
            return table[i];
        }
    }
    return is_post_quantum_signature(oid) || is_ml_kem(oid)
               ? (struct algorithm){oid, "a post-quantum algorithm", NONE}
               : (struct algorithm){0};
}

/* One of the fields of RSASSA-PSS-params (RFC 4055 section 3.1) that stands there with its default. */
static const char *pss_default(struct pc_der_value field)
{
    static const struct {
        unsigned tag;
        struct pc_span value; /* of the default */
        const char *text;
    } defaults[] = {
        {0xA0, PC_BYTES("\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00"), "hashAlgorithm SHA-1"},
        {0xA2, PC_BYTES("\x02\x01\x14"), "saltLength 20"},
        {0xA3, PC_BYTES("\x02\x01\x01"), "trailerField 1"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(defaults); i++) {
        if (defaults[i].tag == field.tag && pc_span_eq(defaults[i].value, field.content)) {
            return defaults[i].text;
        }
    }
    return NULL;
}

static struct pc_result check_pss(struct pc_lint *lint, struct pc_span params, p11csr_error **err)
{
    struct pc_der in = pc_csr_reader(lint->csr, params);
    struct pc_der inner;
    if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "RSASSA-PSS-params", &inner, NULL))) {
        return pc_lint_report(lint, pc_lint_at(lint, params), err,
                              "the parameters of RSASSA-PSS are no SEQUENCE");
    }
    while (!pc_der_at_end(&inner)) {
        struct pc_der_value field;
        if (!pc_is_ok(pc_der_next(&inner, &field, NULL)) || field.tag < 0xA0 || field.tag > 0xA3) {
            return pc_lint_report(lint, pc_lint_at(lint, params), err,
                                  "the parameters of RSASSA-PSS cannot be read");
        }
        const char *text = pss_default(field);
        if (text != NULL) {
            PC_TRY(pc_lint_report(lint, pc_lint_at(lint, field.whole), err,
                                  "%s is the default, which DER leaves out", text));
        }
    }
    return PC_OK;
}

static struct pc_result check_parameters(struct pc_lint *lint, const struct algorithm *row,
                                         struct pc_span oid, struct pc_span params, p11csr_error **err)
{
    const struct pc_span null = PC_BYTES("\x05\x00");
    const size_t at = pc_lint_at(lint, oid);
    if (row->parameters == NULL_VALUE && !pc_span_eq(params, null)) {
        return pc_lint_report(lint, at, err, "%s has %s where NULL belongs", row->name,
                              params.len == 0 ? "no parameters" : "other parameters");
    }
    if (row->parameters == NONE && params.len > 0) {
        return pc_lint_report(lint, at, err, "%s has parameters where none belong", row->name);
    }
    return row->parameters == PSS && params.len > 0 ? check_pss(lint, params, err) : PC_OK;
}

PC_RESULT pc_lint_algorithms(struct pc_lint *lint, p11csr_error **err)
{
    const struct algorithm key = find(keys, PC_ARRAY_LEN(keys), lint->key.oid);
    const struct algorithm signature = find(signatures, PC_ARRAY_LEN(signatures), lint->signature.oid);
    if (key.name != NULL) {
        PC_TRY(check_parameters(lint, &key, lint->key.oid, lint->key.params, err));
    }
    if (signature.name != NULL && signature.parameters == PSS && lint->signature.params.len == 0) {
        return pc_lint_report(lint, pc_lint_at(lint, lint->signature.oid), err,
                              "the signature is RSASSA-PSS without parameters");
    }
    return signature.name != NULL
               ? check_parameters(lint, &signature, lint->signature.oid, lint->signature.params, err)
               : PC_OK;
}

PC_RESULT pc_lint_signature(struct pc_lint *lint, p11csr_error **err)
{
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    const char *why = NULL;
    if (lint->options->key_is_proved || lint->csr->aid.len == 0) {
        return PC_OK;
    }
    if (pc_lint_attribute_find(lint, PC_OID_POSSESSION) != NULL) {
        return pc_lint_not_judged(lint, err, "another key signed it: p11csr verify --signer-cert CERT FILE");
    }
    if (is_ml_kem(lint->key.oid) ||
        (is_post_quantum_signature(lint->key.oid) && !pc_span_eq(lint->key.oid, lint->signature.oid))) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err,
                              "the signature algorithm does not fit the public key");
    }
    PC_TRY(pc_csr_verify(lint->crypto, lint->csr, &verdict, &why, err));
    if (verdict == PC_VERDICT_BAD) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err, "%s", why);
    }
    return verdict == PC_VERDICT_UNKNOWN ? pc_lint_not_judged(lint, err, "%s", why) : PC_OK;
}

/* Whether libcrypto takes the key for a point on its curve; *ret_known: it knows the curve. */
static bool is_on_curve(const struct pc_lint *lint, bool *ret_known)
{
    PC_OSSL_KEEP_ERRORS(mark);
    const uint8_t *at = lint->key.params.ptr;
    const struct pc_span octets = lint->key.octets;
    ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &at, (long)lint->key.params.len);
    EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(pc_crypto_libctx(lint->crypto), NULL, OBJ_obj2nid(oid));
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    const bool on = point != NULL && EC_POINT_oct2point(group, point, octets.ptr, octets.len, NULL) == 1;
    *ret_known = group != NULL;
    EC_POINT_free(point);
    EC_GROUP_free(group);
    ASN1_OBJECT_free(oid);
    return on;
}

PC_RESULT pc_lint_ec_key(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_span point = lint->key.octets;
    const size_t at = point.ptr != NULL ? pc_lint_at(lint, point) : PC_LINT_NOWHERE;
    const int form = point.ptr != NULL && point.len > 0 ? point.ptr[0] : -1;
    bool known = false;
    if (!pc_span_eq(lint->key.oid, PC_OID_EC)) {
        return PC_OK;
    }
    if (lint->key.params.len == 0 || lint->key.params.ptr[0] != PC_DER_OID) {
        return pc_lint_report(lint, pc_lint_at(lint, lint->key.oid), err,
                              "the curve is not named by an OID: no other form is allowed");
    }
    if (form != 2 && form != 3 && form != 4) {
        return pc_lint_report(lint, at, err, "%s",
                              form == 0 && point.len == 1 ? "the point is at infinity"
                                                          : "the point has no form that is defined");
    }
    if (form != 4) {
        PC_TRY(pc_lint_warn(lint, at, err, "the point is compressed: not every program reads that"));
    }
    if (is_on_curve(lint, &known)) {
        return PC_OK;
    }
    return known ? pc_lint_report(lint, at, err, "the point is not on the curve")
                 : pc_lint_not_judged(lint, err, "this libcrypto does not know the curve");
}

PC_RESULT pc_lint_rsa_key(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_lint_key *key = &lint->key;
    if (!key->is_rsa) {
        return PC_OK;
    }
    const size_t at = pc_lint_at(lint, key->modulus);
    const bool small = key->exponent.len == 1 && key->exponent.ptr[0] < 3;
    if ((key->modulus.ptr[key->modulus.len - 1] & 1) == 0) {
        PC_TRY(pc_lint_report(lint, at, err, "the modulus is even"));
    }
    if ((key->exponent.ptr[key->exponent.len - 1] & 1) == 0 || small) {
        PC_TRY(pc_lint_report(lint, pc_lint_at(lint, key->exponent), err,
                              "the public exponent is even or less than 3"));
    }
    if (key->negative_modulus || key->negative_exponent) {
        PC_TRY(pc_lint_report(lint, at, err, "the %s is negative",
                              key->negative_modulus ? "modulus" : "public exponent"));
    }
    return PC_OK;
}

PC_RESULT pc_lint_possession(struct pc_lint *lint, p11csr_error **err)
{
    static const unsigned signing[] = {0, 1, 5, 6}; // usages: digitalSignature to cRLSign
    const struct pc_attribute *statement = pc_lint_attribute_find(lint, PC_OID_POSSESSION);
    if (statement == NULL) {
        return PC_OK;
    }
    const size_t at = pc_lint_at(lint, statement->oid);
    const struct pc_span oid = lint->key.oid;
    if (pc_span_eq(oid, PC_OID_ED25519) || pc_span_eq(oid, PC_OID_ED448) || pc_span_eq(oid, PC_OID_DSA) ||
        is_post_quantum_signature(oid)) {
        PC_TRY(pc_lint_report(lint, at, err, "another key signed for one that can sign by itself"));
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(signing); i++) {
        if (pc_lint_has_usage(lint, signing[i])) {
            PC_TRY(pc_lint_report(lint, at, err, "another key signed, and %s is asked for",
                                  pc_key_usage_name(signing[i])));
        }
    }
    return PC_OK;
}

/* The octets of a public key of ML-DSA, SLH-DSA (pure) or ML-KEM; 0: of none of these. */
static size_t post_quantum_length(struct pc_span oid)
{
    static const size_t ml_dsa[] = {1312, 1952, 2592};
    static const size_t ml_kem[] = {800, 1184, 1568};
    static const size_t slh_dsa[] = {32, 48, 64}; // two of each, by SHA-2 and then by SHAKE
    const int arc = nist_arc(oid, 3);
    const int kem = nist_arc(oid, 4);
    if (arc >= ML_DSA_FIRST && arc <= ML_DSA_LAST) {
        return ml_dsa[arc - ML_DSA_FIRST];
    }
    if (arc >= SLH_DSA_FIRST && arc <= SLH_DSA_LAST) {
        return slh_dsa[(arc - SLH_DSA_FIRST) % 6 / 2];
    }
    return kem >= 1 && kem <= 3 ? ml_kem[kem - 1] : 0;
}

static struct pc_result check_length(struct pc_lint *lint, p11csr_error **err)
{
    const size_t length = post_quantum_length(lint->key.oid);
    return length == 0 || lint->key.octets.len == length
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, lint->key.oid), err,
                                "the public key has %zu octets where its parameter set has %zu",
                                lint->key.octets.len, length);
}

PC_RESULT pc_lint_post_quantum(struct pc_lint *lint, p11csr_error **err)
{
    enum { SIGNS = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 6, ENCIPHERS = 1 << 2 };
    const struct pc_extension *usage = pc_lint_extension_find(lint, PC_OID_KEY_USAGE);
    const int arc = nist_arc(lint->key.oid, 3);
    const bool kem = is_ml_kem(lint->key.oid);
    if (!kem && !is_post_quantum_signature(lint->key.oid)) {
        return PC_OK;
    }
    PC_TRY(check_length(lint, err));
    if (arc >= HASH_ML_DSA_FIRST && arc <= HASH_ML_DSA_LAST) {
        PC_TRY(pc_lint_report(lint, pc_lint_at(lint, lint->key.oid), err,
                              "HashML-DSA is not used in X.509: ML-DSA is"));
    }
    if (usage == NULL) {
        return PC_OK;
    }
    const unsigned allowed = kem ? ENCIPHERS : SIGNS;
    if ((lint->content.key_usage & ~allowed) != 0 || lint->content.key_usage == 0) {
        return pc_lint_report(lint, pc_lint_at(lint, usage->oid), err, "%s",
                              kem ? "an ML-KEM key has keyEncipherment and no other usage"
                                  : "a key of ML-DSA or SLH-DSA has usages of signing only");
    }
    return PC_OK;
}

PC_RESULT pc_lint_digest(struct pc_lint *lint, p11csr_error **err)
{
    enum { SHA1_OCTETS = 20 };
    struct pc_lint_signing signing;
    if (!pc_lint_signing_read(lint, &signing) || signing.hash->octets > SHA1_OCTETS) {
        return PC_OK;
    }
    return pc_lint_report(lint, pc_lint_at(lint, lint->signature.oid), err, "the signature is made with %s",
                          signing.hash->name);
}
