// SPDX-License-Identifier: Apache-2.0
#include "alg/signature.h"

#include "base/error.h"
#include "der/reader.h"
#include "der/writer.h"

static bool is_zero(struct pc_span number)
{
    for (size_t i = 0; i < number.len; i++) {
        if (number.ptr[i] != 0) {
            return false;
        }
    }
    return true;
}

PC_RESULT pc_signature_encode(const struct pc_scheme *scheme, const struct pc_keyspec *spec,
                              struct pc_span raw, struct pc_buf *ret, p11csr_error **err)
{
    if (scheme->encoding == PC_SIG_AS_IS) {
        pc_buf_add_span(ret, raw);
        return pc_buf_check(ret, err);
    }
    if (raw.len != 2 * spec->order_len) {
        return pc_fail(err, P11CSR_E_PROOF_SIGNATURE, "C_Sign returned %zu octets where %s with %s has %zu",
                       raw.len, scheme->name, spec->name, 2 * spec->order_len);
    }
    const struct pc_span r = {raw.ptr, spec->order_len};
    const struct pc_span s = {raw.ptr + spec->order_len, spec->order_len};
    if (is_zero(r) || is_zero(s)) {
        return pc_fail(err, P11CSR_E_PROOF_SIGNATURE, "C_Sign returned a signature with r or s zero");
    }
    struct pc_der_writer w;
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_unsigned(&w, r);
    pc_der_unsigned(&w, s);
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

static struct pc_result read_numbers(struct pc_span der, struct pc_span ret[2], p11csr_error **err)
{
    struct pc_der outer = pc_der_over(der);
    struct pc_der in;
    PC_TRY(pc_der_enter(&outer, PC_DER_SEQUENCE, "the signature", &in, err));
    PC_TRY(pc_der_read_unsigned(&in, "r", &ret[0], err));
    PC_TRY(pc_der_read_unsigned(&in, "s", &ret[1], err));
    PC_TRY(pc_der_leave(&in, "the signature", err));
    return pc_der_leave(&outer, "the signature", err);
}

PC_RESULT pc_signature_decode(const struct pc_keyspec *spec, struct pc_span der, struct pc_buf *ret,
                              p11csr_error **err)
{
    struct pc_span numbers[2] = {{0}};
    const struct pc_result result = read_numbers(der, numbers, NULL);
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(result) || numbers[0].len > spec->order_len || numbers[1].len > spec->order_len) {
        return pc_fail(err, P11CSR_E_PROOF_SIGNATURE,
                       "C_Sign returned %zu octets that are no DER signature of %s", der.len, spec->name);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(numbers); i++) {
        for (size_t pad = numbers[i].len; pad < spec->order_len; pad++) {
            pc_buf_byte(ret, 0);
        }
        pc_buf_add_span(ret, numbers[i]);
    }
    return pc_buf_check(ret, err);
}

size_t pc_signature_max(const struct pc_keyspec *spec, unsigned bits)
{
    if (spec->family == PC_FAMILY_RSA) {
        return (bits + 7) / 8;
    }
    if (spec->signature_len > 0) {
        return spec->signature_len;
    }
    return 2 * spec->point_len; // r and s, or R and S: each is at most as long as a point
}
