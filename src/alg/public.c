// SPDX-License-Identifier: Apache-2.0
#include "alg/public.h"

#include "base/error.h"
#include "base/limits.h"
#include "der/reader.h"
#include "der/writer.h"

#include <stdio.h>
#include <string.h>

static struct pc_span strip_zeros(struct pc_span number)
{
    while (number.len > 0 && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    return number;
}

static unsigned bit_length(struct pc_span number)
{
    unsigned bits = (unsigned)number.len * 8;
    for (unsigned mask = 0x80; number.len > 0 && mask > 0 && (number.ptr[0] & mask) == 0; mask >>= 1) {
        bits--;
    }
    return bits;
}

/* The largest RSA row that the modulus reaches; the smallest row for what is below them all. */
static const struct pc_keyspec *rsa_spec(unsigned bits)
{
    const struct pc_keyspec *best = pc_keyspec_get(PC_KEYSPEC_RSA_2048);
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = pc_keyspec_get((enum pc_keyspec_id)id);
        if (spec->family == PC_FAMILY_RSA && spec->bits <= bits && spec->bits > best->bits) {
            best = spec;
        }
    }
    return best;
}

PC_RESULT pc_public_rsa(struct pc_span modulus, struct pc_span exponent, struct pc_public *ret,
                        p11csr_error **err)
{
    const struct pc_span n = strip_zeros(modulus);
    const struct pc_span e = strip_zeros(exponent);
    if (n.len < 64 || n.len > PC_MAX_SPKI / 2 || (n.ptr[n.len - 1] & 1) == 0) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "an RSA modulus of %zu octets that %s", n.len,
                       n.len < 64 || n.len > PC_MAX_SPKI / 2 ? "has no usable size" : "is even");
    }
    if (e.len == 0 || e.len > n.len || (e.ptr[e.len - 1] & 1) == 0 || (e.len == 1 && e.ptr[0] < 3)) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "an RSA public exponent that is even or smaller than 3");
    }
    const unsigned bits = bit_length(n);
    *ret = (struct pc_public){.spec = rsa_spec(bits), .bits = bits, .modulus = n, .exponent = e};
    return PC_OK;
}

/* Takes the header of a DER OCTET STRING or BIT STRING away if exactly `len` octets stand in it. */
static bool unwrap_point(struct pc_span point, size_t len, struct pc_span *ret)
{
    struct pc_der in = pc_der_over(point);
    struct pc_der_value value;
    if (point.len <= len || !pc_is_ok(pc_der_next(&in, &value, NULL)) || !pc_der_at_end(&in)) {
        return false;
    }
    if (value.tag == PC_DER_OCTET_STRING && value.content.len == len) {
        *ret = value.content;
        return true;
    }
    if (value.tag == PC_DER_BIT_STRING && value.content.len == len + 1 && value.content.ptr[0] == 0) {
        *ret = (struct pc_span){value.content.ptr + 1, len};
        return true;
    }
    return false;
}

PC_RESULT pc_public_ec(enum pc_family_id family, struct pc_span ec_params, struct pc_span ec_point,
                       struct pc_public *ret, p11csr_error **err)
{
    const struct pc_keyspec *spec = NULL;
    for (int id = 0; id < PC_KEYSPEC_COUNT && spec == NULL; id++) {
        const struct pc_keyspec *row = pc_keyspec_get((enum pc_keyspec_id)id);
        if (row->family == family && row->ec_params.len > 0 &&
            (pc_span_eq(row->ec_params, ec_params) ||
             (row->ec_params_alt.len > 0 && pc_span_eq(row->ec_params_alt, ec_params)))) {
            spec = row;
        }
    }
    if (spec == NULL) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED,
                       "a key on a curve that p11csr does not know (CKA_EC_PARAMS has %zu octets)",
                       ec_params.len);
    }
    struct pc_span point = ec_point;
    if (point.len != spec->point_len && !unwrap_point(ec_point, spec->point_len, &point)) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "CKA_EC_POINT has %zu octets, which is no form of a point on %s (%zu octets)",
                       ec_point.len, spec->name, spec->point_len);
    }
    if (spec->family == PC_FAMILY_EC && point.ptr[0] != 0x04) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "CKA_EC_POINT is not an uncompressed point (starts with %02x)", point.ptr[0]);
    }
    *ret = (struct pc_public){.spec = spec, .bits = spec->bits, .point = point};
    return PC_OK;
}

static struct pc_result read_rsa(struct pc_span key, struct pc_public *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(key);
    struct pc_der inner;
    struct pc_span n;
    struct pc_span e;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "RSAPublicKey", &inner, err));
    PC_TRY(pc_der_leave(&in, "RSAPublicKey", err));
    PC_TRY(pc_der_read_unsigned(&inner, "modulus", &n, err));
    PC_TRY(pc_der_read_unsigned(&inner, "publicExponent", &e, err));
    PC_TRY(pc_der_leave(&inner, "RSAPublicKey", err));
    return pc_public_rsa(n, e, ret, err);
}

static const struct pc_keyspec *spec_by_alg(struct pc_span alg)
{
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = pc_keyspec_get((enum pc_keyspec_id)id);
        if (pc_span_eq(spec->spki_alg, alg)) {
            return spec;
        }
    }
    return NULL;
}

PC_RESULT pc_public_from_spki(struct pc_span spki, struct pc_public *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(spki);
    struct pc_der inner;
    struct pc_der_value alg;
    struct pc_span key;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "SubjectPublicKeyInfo", &inner, err));
    PC_TRY(pc_der_leave(&in, "SubjectPublicKeyInfo", err));
    PC_TRY(pc_der_expect(&inner, PC_DER_SEQUENCE, "AlgorithmIdentifier", &alg, err));
    PC_TRY(pc_der_read_bit_octets(&inner, "subjectPublicKey", &key, err));
    PC_TRY(pc_der_leave(&inner, "SubjectPublicKeyInfo", err));
    const struct pc_keyspec *spec = spec_by_alg(alg.whole);
    if (spec == NULL) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "a public key of a kind that p11csr does not know");
    }
    if (spec->family == PC_FAMILY_RSA) {
        return read_rsa(key, ret, err);
    }
    if (key.len != spec->point_len) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "a public key of %zu octets where %s has %zu", key.len,
                       spec->name, spec->point_len);
    }
    *ret = (struct pc_public){.spec = spec, .bits = spec->bits, .point = key};
    return PC_OK;
}

PC_RESULT pc_public_set(enum pc_family_id family, unsigned long parameter_set, struct pc_span value,
                        struct pc_public *ret, p11csr_error **err)
{
    const struct pc_keyspec *spec = NULL;
    struct pc_public shown;
    for (int id = 0; id < PC_KEYSPEC_COUNT && spec == NULL; id++) {
        const struct pc_keyspec *row = pc_keyspec_get((enum pc_keyspec_id)id);
        spec = row->family == family && row->parameter_set == parameter_set ? row : NULL;
    }
    if (spec == NULL) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "CKA_PARAMETER_SET %lu is not one that p11csr knows",
                       parameter_set);
    }
    if (value.len > spec->point_len && pc_is_ok(pc_public_from_spki(value, &shown, NULL)) &&
        shown.spec == spec) {
        *ret = shown;
        return PC_OK;
    }
    if (value.len != spec->point_len) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "CKA_VALUE has %zu octets, which is no form of a public key of %s (%zu octets)",
                       value.len, spec->name, spec->point_len);
    }
    *ret = (struct pc_public){.spec = spec, .bits = spec->bits, .point = value};
    return PC_OK;
}

PC_RESULT pc_public_spki_in_certificate(struct pc_span certificate, struct pc_span *ret, p11csr_error **err)
{
    static const struct {
        unsigned tag;
        const char *name;
    } before[] = {{PC_DER_INTEGER, "serialNumber"},
                  {PC_DER_SEQUENCE, "signature"},
                  {PC_DER_SEQUENCE, "issuer"},
                  {PC_DER_SEQUENCE, "validity"},
                  {PC_DER_SEQUENCE, "subject"}};
    struct pc_der in = pc_der_over(certificate);
    struct pc_der outer;
    struct pc_der tbs;
    struct pc_der_value value;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Certificate", &outer, err));
    PC_TRY(pc_der_enter(&outer, PC_DER_SEQUENCE, "TBSCertificate", &tbs, err));
    if (pc_der_peek(&tbs) == PC_DER_CONTEXT_CONSTRUCTED(0)) {
        PC_TRY(pc_der_next(&tbs, &value, err)); // version
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(before); i++) {
        PC_TRY(pc_der_expect(&tbs, before[i].tag, before[i].name, &value, err));
    }
    PC_TRY(pc_der_expect(&tbs, PC_DER_SEQUENCE, "subjectPublicKeyInfo", &value, err));
    *ret = value.whole;
    return PC_OK;
}

/* The content of subjectPublicKey for RSA (RFC 8017 appendix A.1.1). */
static struct pc_result write_rsa(const struct pc_public *key, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_unsigned(&w, key->modulus);
    pc_der_unsigned(&w, key->exponent);
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

PC_RESULT pc_public_to_spki(const struct pc_public *key, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf rsa PC_CLEANUP(pc_buf_done) = {0};
    struct pc_span bits = key->point;
    pc_buf_init(&rsa, PC_MAX_SPKI);
    if (key->spec->family == PC_FAMILY_RSA) {
        PC_TRY(write_rsa(key, &rsa, err));
        bits = pc_buf_span(&rsa);
    }
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, key->spec->spki_alg);
    pc_der_bit_string(&w, bits);
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

void pc_public_name(const struct pc_public *key, char *ret, size_t size)
{
    if (key->spec->family == PC_FAMILY_RSA) {
        (void)snprintf(ret, size, "rsa-%u", key->bits);
    } else {
        (void)snprintf(ret, size, "%s", key->spec->name);
    }
}
