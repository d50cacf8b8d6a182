// SPDX-License-Identifier: Apache-2.0
#include "csr/content/skid.h"

#include "base/error.h"
#include "base/text.h"
#include "der/reader.h"

#include <string.h>

struct skid_row {
    const char *name;
    enum pc_digest_id digest;
    size_t len;        /* octets of the digest that are taken */
    bool whole_spki;   /* else of the content of subjectPublicKey */
    bool last_60_bits; /* behind the bits 0100; else the first octets */
};

static const struct skid_row rows[PC_SKID_COUNT] = {
    [PC_SKID_SHA1] = {.name = "sha1", .digest = PC_DIGEST_SHA1, .len = 20},
    [PC_SKID_SHA1_60] = {.name = "sha1-60", .digest = PC_DIGEST_SHA1, .len = 8, .last_60_bits = true},
    [PC_SKID_SHA256] = {.name = "sha256", .digest = PC_DIGEST_SHA256, .len = 20},
    [PC_SKID_SHA384] = {.name = "sha384", .digest = PC_DIGEST_SHA384, .len = 20},
    [PC_SKID_SHA512] = {.name = "sha512", .digest = PC_DIGEST_SHA512, .len = 20},
    [PC_SKID_SPKI_SHA256] = {"spki-sha256", PC_DIGEST_SHA256, 32, .whole_spki = true},
    [PC_SKID_SPKI_SHA384] = {"spki-sha384", PC_DIGEST_SHA384, 48, .whole_spki = true},
    [PC_SKID_SPKI_SHA512] = {"spki-sha512", PC_DIGEST_SHA512, 64, .whole_spki = true},
};

struct pc_span pc_skid_oid(void)
{
    return (struct pc_span)PC_BYTES("\x55\x1d\x0e");
}

const char *pc_skid_name(enum pc_skid_method method)
{
    return rows[method].name;
}

static const char *row_name(const void *table, size_t index)
{
    return ((const struct skid_row *)table)[index].name;
}

PC_RESULT pc_skid_find(const char *name, enum pc_skid_method *ret, p11csr_error **err)
{
    for (int i = PC_SKID_NONE + 1; i < PC_SKID_COUNT; i++) {
        if (pc_ascii_equal(rows[i].name, name)) {
            *ret = (enum pc_skid_method)i;
            return PC_OK;
        }
    }
    const char *near = pc_nearest_word(name, row_name, rows, PC_SKID_COUNT);
    const struct pc_result result =
        pc_fail(err, P11CSR_E_EXTENSION, "unknown method '%s' for a subject key id%s%s%s", name,
                near != NULL ? "; the nearest is '" : "", near != NULL ? near : "", near != NULL ? "'" : "");
    pc_note_words(err, row_name, rows, PC_SKID_COUNT);
    return result;
}

/* The content of the BIT STRING subjectPublicKey, without tag, length and count of unused bits. */
static struct pc_result key_bits(struct pc_span spki, struct pc_span *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(spki);
    struct pc_der inner;
    struct pc_der_value alg;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "SubjectPublicKeyInfo", &inner, err));
    PC_TRY(pc_der_expect(&inner, PC_DER_SEQUENCE, "AlgorithmIdentifier", &alg, err));
    return pc_der_read_bit_octets(&inner, "subjectPublicKey", ret, err);
}

PC_RESULT pc_skid_compute(const struct pc_crypto *crypto, enum pc_skid_method method, struct pc_span spki,
                          struct pc_content *content, p11csr_error **err)
{
    const struct skid_row *row = &rows[method];
    uint8_t digest[PC_DIGEST_MAX];
    struct pc_span input = spki;
    content->skid_len = 0;
    if (method == PC_SKID_NONE) {
        return PC_OK;
    }
    if (!row->whole_spki) {
        PC_TRY(key_bits(spki, &input, err));
    }
    PC_TRY(pc_crypto_digest(crypto, row->digest, input, digest, err));
    const size_t skip = row->last_60_bits ? pc_digest_get(row->digest)->len - row->len : 0;
    memcpy(content->skid, digest + skip, row->len);
    if (row->last_60_bits) {
        content->skid[0] = (uint8_t)(0x40 | (content->skid[0] & 0x0F));
    }
    content->skid_len = row->len;
    return PC_OK;
}
