// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/base64.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/ossl.h"

#include <string.h>

PC_RESULT pc_base64_encode(struct pc_span bytes, struct pc_buf *ret, p11csr_error **err)
{
    uint8_t *to = pc_buf_reserve(ret, bytes.len / 3 * 4 + 5); // EVP_EncodeBlock() adds a zero
    PC_TRY(pc_buf_check(ret, err));
    ret->len += (size_t)EVP_EncodeBlock(to, bytes.ptr, (int)bytes.len);
    return PC_OK;
}

/* Whether these bytes have this text: EVP_DecodeBlock() is not strict. */
static struct pc_result check_same(const char *text, size_t len, struct pc_span bytes, p11csr_error **err)
{
    struct pc_buf again PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&again, len + 8);
    PC_TRY(pc_base64_encode(bytes, &again, err));
    return again.len == len && memcmp(again.ptr, text, len) == 0
               ? PC_OK
               : pc_fail(err, P11CSR_E_VALUE, "the base64 is not in its one form");
}

PC_RESULT pc_base64_decode(const char *text, struct pc_buf *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    const size_t len = strlen(text);
    if (len == 0 || len % 4 != 0 || len > (size_t)2 * PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_VALUE, "a text of %zu characters is no base64", len);
    }
    uint8_t *to = pc_buf_reserve(ret, len / 4 * 3);
    PC_TRY(pc_buf_check(ret, err));
    const int got = EVP_DecodeBlock(to, (const unsigned char *)text, (int)len);
    const int padding = (text[len - 1] == '=' ? 1 : 0) + (text[len - 2] == '=' ? 1 : 0);
    if (got < 3) {
        return pc_fail(err, P11CSR_E_VALUE, "there is a character that base64 does not have");
    }
    const struct pc_span bytes = {to, (size_t)(got - padding)};
    PC_TRY(check_same(text, len, bytes, err));
    ret->len += bytes.len;
    return PC_OK;
}
