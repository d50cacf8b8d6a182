// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/name.h"
#include "lib/certificate.h"
#include "lib/json.h"

/* Reading the certificates of a token into rows. */

void pc_cert_row_done(struct pc_cert_row *row)
{
    for (size_t i = 0; i < row->text_count; i++) {
        pc_release(row->texts[i]);
    }
    row->text_count = 0;
    pc_member_done(&row->cert.object);
    pc_buf_done(&row->cert.der);
    pc_certificate_free(&row->parsed);
}

size_t pc_cert_row_count(const struct pc_buf *rows)
{
    return rows->len / sizeof(struct pc_cert_row);
}

struct pc_cert_row *pc_cert_row_get(const struct pc_buf *rows, size_t index)
{
    return (struct pc_cert_row *)(void *)rows->ptr + index;
}

void pc_cert_rows_done(struct pc_buf *rows)
{
    for (size_t i = 0; i < pc_cert_row_count(rows); i++) {
        pc_cert_row_done(pc_cert_row_get(rows, i));
    }
    pc_buf_done(rows);
}

PC_RESULT pc_cert_name_text(struct pc_span name, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_result result = pc_name_format(name, ret, NULL);
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(result)) {
        pc_buf_text(ret, "?");
    }
    return pc_buf_check(ret, err);
}

PC_RESULT pc_cert_uri_text(const struct pc_token *token, const struct pc_token_cert *cert, char **ret,
                           p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    PC_TRY(pc_token_cert_to_uri(token, cert, &uri, err));
    PC_TRY(pc_uri_format(&uri, &text, err));
    return pc_buf_take_text(&text, ret, err);
}

/* Keeps a text, which the row then owns. */
static struct pc_result keep(struct pc_cert_row *row, char *text, const char **ret, p11csr_error **err)
{
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    row->texts[row->text_count++] = text;
    *ret = text;
    return PC_OK;
}

static struct pc_result keep_name(struct pc_cert_row *row, struct pc_span name, const char **ret,
                                  p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *made = NULL;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_cert_name_text(name, &text, err));
    PC_TRY(pc_buf_take_text(&text, &made, err));
    return keep(row, made, ret, err);
}

static struct pc_result keep_digest(const struct pc_crypto *crypto, struct pc_cert_row *row,
                                    struct pc_span bytes, const char **ret, p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, bytes, digest, err));
    const struct pc_span taken = {digest, pc_digest_get(PC_DIGEST_SHA256)->len};
    return keep(row, pc_hex(taken), ret, err);
}

static struct pc_result keep_time(struct pc_cert_row *row, int64_t seconds, const char **ret,
                                  p11csr_error **err)
{
    char text[PC_TIME_SIZE];
    pc_time_text(seconds, text);
    return keep(row, pc_strdup(text), ret, err);
}

static struct pc_result fill_parsed(const struct pc_crypto *crypto, struct pc_cert_row *row,
                                    p11csr_error **err)
{
    const struct pc_certificate *parsed = row->parsed;
    struct p11csr_certificate_info *info = &row->info;
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&serial, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_certificate_serial(parsed, &serial, err));
    PC_TRY(keep_name(row, pc_buf_span(&parsed->subject), &info->subject, err));
    PC_TRY(keep_name(row, pc_buf_span(&parsed->issuer), &info->issuer, err));
    PC_TRY(keep(row, pc_hex(pc_buf_span(&serial)), &info->serial, err));
    PC_TRY(keep_time(row, parsed->not_before, &info->not_before, err));
    PC_TRY(keep_time(row, parsed->not_after, &info->not_after, err));
    PC_TRY(keep_digest(crypto, row, pc_buf_span(&parsed->spki), &info->spki_sha256, err));
    info->seconds_left = (long)(parsed->not_after - pc_time_seconds());
    return PC_OK;
}

/* What cannot be read is listed all the same, with the reason. */
static struct pc_result parse(const struct pc_crypto *crypto, struct pc_cert_row *row, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result result =
        pc_certificate_new(crypto, pc_buf_span(&row->cert.der), &row->parsed, &why);
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(result)) {
        return keep(row, pc_strdup(p11csr_error_cause(why, 0)), &row->info.problem, err);
    }
    return fill_parsed(crypto, row, err);
}

static struct pc_result fill(const struct pc_crypto *crypto, const struct pc_token *token,
                             struct pc_cert_row *row, p11csr_error **err)
{
    char name[40];
    char *uri = NULL;
    struct p11csr_certificate_info *info = &row->info;
    *info = (struct p11csr_certificate_info){
        .subject = "", .issuer = "", .serial = "", .not_before = "", .not_after = "", .spki_sha256 = ""};
    pc_token_name(token, name);
    PC_TRY(pc_cert_uri_text(token, &row->cert, &uri, err));
    PC_TRY(keep(row, uri, &info->uri, err));
    PC_TRY(keep(row, pc_text_printable(name), &info->token, err));
    PC_TRY(keep(row, pc_text_printable_bytes(pc_buf_span(&row->cert.object.label)), &info->label, err));
    PC_TRY(keep(row, pc_hex(pc_buf_span(&row->cert.object.id)), &info->id, err));
    PC_TRY(keep_digest(crypto, row, pc_buf_span(&row->cert.der), &info->sha256, err));
    return parse(crypto, row, err);
}

static struct pc_result add(const struct pc_crypto *crypto, const struct pc_token *token,
                            struct pc_token_cert *cert, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_cert_row row = {.cert = *cert};
    *cert = (struct pc_token_cert){0}; // the row owns it
    struct pc_result result = fill(crypto, token, &row, err);
    if (pc_is_ok(result)) {
        pc_buf_add(ret, &row, sizeof(row));
        result = pc_buf_check(ret, err);
    }
    if (!pc_is_ok(result)) {
        pc_cert_row_done(&row);
    }
    return result;
}

PC_RESULT pc_cert_rows_read(p11csr_ctx *ctx, struct pc_opened *opened, const struct pc_key_query *query,
                            struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf certs PC_CLEANUP(pc_token_certs_done) = {0};
    pc_buf_init(&certs, PC_MAX_OBJECTS * sizeof(struct pc_token_cert));
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_token_certs_list(&opened->token, query, &certs, err));
    for (size_t at = 0; at < certs.len; at += sizeof(struct pc_token_cert)) {
        struct pc_token_cert *cert = (struct pc_token_cert *)(void *)(certs.ptr + at);
        PC_TRY(add(crypto, &opened->token, cert, ret, err));
    }
    return PC_OK;
}
