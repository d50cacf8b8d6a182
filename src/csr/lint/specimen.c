// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/specimen.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/weak_key.h"
#include "csr/ossl.h"

#include <openssl/ec.h>
#include <openssl/objects.h>
#include <string.h>

static void free_group(EC_GROUP **group)
{
    EC_GROUP_free(*group);
}

/* The generator of the curve, uncompressed. */
static struct pc_result add_generator(const struct pc_keyspec *spec, struct pc_buf *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    EC_GROUP *group PC_CLEANUP(free_group) = EC_GROUP_new_by_curve_name(OBJ_sn2nid(spec->ossl_group));
    uint8_t *room = pc_buf_reserve(ret, spec->point_len);
    if (group == NULL || room == NULL) {
        return pc_fail_memory(err);
    }
    ret->len += EC_POINT_point2oct(group, EC_GROUP_get0_generator(group), POINT_CONVERSION_UNCOMPRESSED, room,
                                   spec->point_len, NULL);
    return PC_OK;
}

/* Fills a number with octets that have no pattern: SHA-256 of a counter. */
static struct pc_result fill(const struct pc_crypto *crypto, uint8_t *number, size_t len, p11csr_error **err)
{
    for (size_t at = 0; at < len;) {
        uint8_t digest[PC_DIGEST_MAX];
        const uint8_t counter[] = {(uint8_t)(at >> 8), (uint8_t)at};
        PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, PC_SPAN(counter), digest, err));
        const size_t part = pc_digest_get(PC_DIGEST_SHA256)->len;
        const size_t taken = len - at < part ? len - at : part;
        memcpy(number + at, digest, taken);
        at += taken;
    }
    return PC_OK;
}

/* The next odd number without a small factor, of full length. */
static struct pc_result add_modulus(const struct pc_crypto *crypto, unsigned bits, struct pc_buf *ret,
                                    p11csr_error **err)
{
    const size_t len = bits / 8;
    uint8_t *number = pc_buf_reserve(ret, len);
    unsigned factor = 0;
    if (number == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(fill(crypto, number, len, err));
    number[0] |= 0xC0;
    number[len - 1] |= 1;
    ret->len += len;
    for (;;) { // one in ten odd numbers has none; the last two octets do not run over in so few steps
        PC_TRY(pc_weak_small_factor(pc_buf_span(ret), &factor, err));
        if (factor == 0) {
            return PC_OK;
        }
        number[len - 2] = (uint8_t)(number[len - 2] + (number[len - 1] > 0xFD ? 1 : 0));
        number[len - 1] = (uint8_t)(number[len - 1] + 2);
    }
}

PC_RESULT pc_lint_specimen(const struct pc_crypto *crypto, const struct pc_keyspec *spec, struct pc_buf *ret,
                           p11csr_error **err)
{
    static const uint8_t exponent[] = {1, 0, 1};
    struct pc_buf values PC_CLEANUP(pc_buf_done) = {0};
    struct pc_public key = {.spec = spec, .bits = spec->bits};
    pc_buf_init(&values, PC_MAX_SPKI);
    if (spec->family == PC_FAMILY_RSA) {
        PC_TRY(add_modulus(crypto, spec->bits, &values, err));
        key.modulus = pc_buf_span(&values);
        key.exponent = PC_SPAN(exponent);
    } else if (spec->ossl_group != NULL) {
        PC_TRY(add_generator(spec, &values, err));
        key.point = pc_buf_span(&values);
    } else { // any octets are a point of an Edwards curve, as far as rules look
        PC_TRY(pc_buf_reserve(&values, spec->point_len) != NULL
                   ? fill(crypto, values.ptr, spec->point_len, err)
                   : pc_fail_memory(err));
        values.len = spec->point_len;
        key.point = pc_buf_span(&values);
    }
    return pc_public_to_spki(&key, ret, err);
}
