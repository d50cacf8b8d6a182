// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/pem.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/base64.h"
#include "csr/reading/read.h"
#include "der/reader.h"

#include <limits.h>
#include <string.h>

void pc_pem_block_done(struct pc_pem_block *block)
{
    OPENSSL_free(block->label);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, block->len > 0 ? (size_t)block->len : 0);
    *block = (struct pc_pem_block){0};
}

static bool is_request_label(const char *label)
{
    return strcmp(label, PEM_STRING_X509_REQ) == 0 || strcmp(label, PEM_STRING_X509_REQ_OLD) == 0;
}

/* What a block is that is not a request, for the error text. */
static const char *kind_of(const char *label)
{
    static const struct {
        const char *ending;
        const char *kind;
    } kinds[] = {
        {"CERTIFICATE REQUEST", "a request"},
        {"PRIVATE KEY", "a private key"},
        {"PUBLIC KEY", "a public key"},
        {"X509 CRL", "a revocation list"},
        {"CERTIFICATE", "a certificate"},
        {"PKCS7", "a PKCS#7 message"},
        {"CMS", "a CMS message"},
        {"EC PARAMETERS", "EC parameters"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        const size_t len = strlen(label);
        const size_t ending = strlen(kinds[i].ending);
        if (len >= ending && strcmp(label + len - ending, kinds[i].ending) == 0) {
            return kinds[i].kind;
        }
    }
    return "something else";
}

PC_RESULT pc_pem_next(BIO *bio, enum p11csr_code code, struct pc_pem_block *ret, bool *ret_end,
                      p11csr_error **err)
{
    *ret_end = false;
    if (PEM_read_bio(bio, &ret->label, &ret->header, &ret->data, &ret->len) == 1) {
        return PC_OK;
    }
    if (pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    *ret_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    return *ret_end ? PC_OK : pc_fail(err, code, "the PEM is damaged");
}

/* What was found so far. */
struct pem_search {
    size_t requests;
    const char *other; /* kind of the first block that is no request, or NULL */
};

static struct pc_result take_block(const struct pc_pem_block *block, struct pem_search *search,
                                   struct pc_buf *ret, p11csr_error **err)
{
    if (!is_request_label(block->label)) {
        search->other = search->other != NULL ? search->other : kind_of(block->label);
        return PC_OK;
    }
    if (search->requests++ > 0) {
        return pc_fail(err, P11CSR_E_REQUEST, "more than one request in one input");
    }
    if (block->header[0] != 0) {
        return pc_fail(err, P11CSR_E_REQUEST, "the PEM is encrypted, which requests are not");
    }
    pc_buf_add(ret, block->data, (size_t)block->len);
    return pc_buf_check(ret, err);
}

static struct pc_result read_blocks(struct pc_span input, struct pem_search *search, struct pc_buf *ret,
                                    p11csr_error **err)
{
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(input.ptr, (int)input.len);
    if (bio == NULL) {
        return pc_fail_memory(err);
    }
    for (;;) {
        struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
        bool end = false;
        PC_TRY(pc_pem_next(bio, P11CSR_E_REQUEST, &block, &end, err));
        if (end) {
            return PC_OK;
        }
        PC_TRY(take_block(&block, search, ret, err));
    }
}

/* Base64 or base64url, with or without lines and padding, as base64 in one line. NULL: it cannot be that. */
static char *base64_line(struct pc_span input)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *line = NULL;
    pc_buf_init(&text, PC_MAX_REQUEST + 4);
    for (size_t i = 0; i < input.len; i++) {
        const uint8_t c = input.ptr[i];
        if (c == 0 || c >= 0x80) {
            return NULL;
        }
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            pc_buf_byte(&text, c == '-' ? '+' : (c == '_' ? '/' : c));
        }
    }
    while (text.len % 4 != 0) {
        pc_buf_byte(&text, '=');
    }
    return pc_is_ok(pc_buf_take_text(&text, &line, NULL)) ? line : NULL;
}

/* What is neither PEM nor DER may be the base64 of DER alone. */
static struct pc_result decode_base64(struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    char *line PC_CLEANUP(pc_free_str) = base64_line(input);
    pc_buf_init(&der, PC_MAX_REQUEST);
    if (line != NULL && pc_is_ok(pc_base64_decode(line, &der, NULL)) && der.len > 1 &&
        der.ptr[0] == PC_DER_SEQUENCE && der.ptr[1] >= 0x80) {
        pc_buf_add_span(ret, pc_buf_span(&der));
        return pc_buf_check(ret, err);
    }
    const struct pc_result result = pc_fail(err, P11CSR_E_REQUEST, "this is neither PEM nor DER");
    static const uint8_t starts[][2] = {{0xFF, 0xFE}, {0xFE, 0xFF}, {'-', 0}, {0, '-'}};
    bool utf16 = false;
    for (size_t i = 0; input.len > 1 && i < PC_ARRAY_LEN(starts); i++) {
        utf16 = utf16 || memcmp(input.ptr, starts[i], sizeof(starts[i])) == 0;
    }
    if (utf16) {
        pc_hint(err, "it looks like text in UTF-16, as some editors write it: iconv -f UTF-16 -t UTF-8 FILE");
    }
    return result;
}

static struct pc_result decode_pem(struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    struct pem_search search = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(read_blocks(input, &search, &der, err));
    if (search.requests == 0 && search.other != NULL) {
        return pc_fail(err, P11CSR_E_REQUEST, "this is %s, not a request", search.other);
    }
    if (search.requests == 0) {
        return decode_base64(input, ret, err);
    }
    pc_buf_add_span(ret, pc_buf_span(&der));
    return pc_buf_check(ret, err);
}

/* What DER is that cannot be a request, by its first tags; NULL: it may be one. */
static const char *kind_of_der(struct pc_span der)
{
    static const struct {
        unsigned first;  /* in the SEQUENCE */
        unsigned second; /* behind it, or in it when that is a SEQUENCE */
        const char *kind;
    } kinds[] = {
        {PC_DER_INTEGER, PC_DER_INTEGER, "a private key"},      // PKCS#1
        {PC_DER_INTEGER, PC_DER_OCTET_STRING, "a private key"}, // SEC 1
        {PC_DER_INTEGER, PC_DER_SEQUENCE, "a private key or a PKCS#12 file"},
        {PC_DER_OID, PC_DER_CONTEXT_CONSTRUCTED(0), "a PKCS#7 or CMS message"},
        {PC_DER_SEQUENCE, PC_DER_OID, "a public key or an encrypted private key"},
    };
    struct pc_der in = pc_der_over(der);
    struct pc_der inner;
    struct pc_der_value first;
    if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "", &inner, NULL)) ||
        !pc_is_ok(pc_der_next(&inner, &first, NULL))) {
        return NULL;
    }
    const struct pc_der within = pc_der_over(first.content);
    const unsigned second = first.tag == PC_DER_SEQUENCE ? pc_der_peek(&within) : pc_der_peek(&inner);
    for (size_t i = 0; i < PC_ARRAY_LEN(kinds); i++) {
        if (kinds[i].first == first.tag && kinds[i].second == second) {
            return kinds[i].kind;
        }
    }
    return NULL;
}

PC_RESULT pc_csr_decode_input(struct pc_span input, struct pc_buf *ret_der, p11csr_error **err)
{
    static const uint8_t byte_order_mark[] = {0xEF, 0xBB, 0xBF};
    if (input.len == 0) {
        return pc_fail(err, P11CSR_E_REQUEST, "the input is empty");
    }
    if (input.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_LIMIT, "a request of more than %d bytes", (int)PC_MAX_REQUEST);
    }
    // 0x30 is also the digit 0 of a text; no request is so short that its length takes one octet
    if (input.len > 1 && input.ptr[0] == PC_DER_SEQUENCE && input.ptr[1] >= 0x80) {
        const char *other = kind_of_der(input);
        pc_buf_add_span(ret_der, input);
        return other == NULL ? pc_buf_check(ret_der, err)
                             : pc_fail(err, P11CSR_E_REQUEST, "this is %s, not a request", other);
    }
    if (input.len > sizeof(byte_order_mark) &&
        memcmp(input.ptr, byte_order_mark, sizeof(byte_order_mark)) == 0) {
        input.ptr += sizeof(byte_order_mark);
        input.len -= sizeof(byte_order_mark);
    }
    return decode_pem(input, ret_der, err);
}

/* Appends the first certificate among the blocks. */
static struct pc_result find_certificate(BIO *bio, struct pc_buf *ret, p11csr_error **err)
{
    const char *other = NULL;
    for (;;) {
        struct pc_pem_block block PC_CLEANUP(pc_pem_block_done) = {0};
        bool end = false;
        PC_TRY(pc_pem_next(bio, P11CSR_E_REQUEST, &block, &end, err));
        if (end && other != NULL) {
            return pc_fail(err, P11CSR_E_REQUEST, "this is %s, not a certificate", other);
        }
        if (end) {
            return pc_fail(err, P11CSR_E_REQUEST, "this is neither PEM nor DER");
        }
        if (strcmp(block.label, PEM_STRING_X509) == 0 || strcmp(block.label, PEM_STRING_X509_OLD) == 0) {
            pc_buf_add(ret, block.data, (size_t)block.len);
            return pc_buf_check(ret, err);
        }
        other = other != NULL ? other : kind_of(block.label);
    }
}

PC_RESULT pc_pem_find_certificate(struct pc_span input, struct pc_buf *ret_der, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    if (input.len == 0 || input.len > PC_MAX_REQUEST) {
        return pc_fail(err, P11CSR_E_REQUEST, "%s", input.len == 0 ? "it is empty" : "it is too large");
    }
    if (input.len > 1 && input.ptr[0] == PC_DER_SEQUENCE && input.ptr[1] >= 0x80) {
        pc_buf_add_span(ret_der, input);
        return pc_buf_check(ret_der, err);
    }
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(input.ptr, (int)input.len);
    return bio != NULL ? find_certificate(bio, ret_der, err) : pc_fail_memory(err);
}

PC_RESULT pc_pem_encode(const char *label, struct pc_span der, struct pc_buf *ret, p11csr_error **err)
{
    enum { LINE_OCTETS = 48, LINE_CHARS = 64 };
    pc_buf_printf(ret, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < der.len; at += LINE_OCTETS) {
        unsigned char line[LINE_CHARS + 1];
        const size_t len = der.len - at < LINE_OCTETS ? der.len - at : LINE_OCTETS;
        const int chars = EVP_EncodeBlock(line, der.ptr + at, (int)len);
        pc_buf_add(ret, line, (size_t)chars);
        pc_buf_byte(ret, '\n');
    }
    pc_buf_printf(ret, "-----END %s-----\n", label);
    return pc_buf_check(ret, err);
}

PC_RESULT pc_csr_encode_pem(struct pc_span der, struct pc_buf *ret, p11csr_error **err)
{
    return pc_pem_encode(PEM_STRING_X509_REQ, der, ret, err);
}
