// SPDX-License-Identifier: Apache-2.0
#include "lib/certificate.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/read.h"
#include "lib/log.h"
#include "lib/target.h"

#include <stdlib.h>
#include <string.h>

struct p11csr_certificate_list {
    struct pc_buf rows; /* struct pc_cert_row */
};

struct p11csr_certificate {
    p11csr_ctx *ctx;
    struct pc_opened *opened; /* borrowed from the context */
    struct pc_cert_row row;
    bool fully_named;
};

/* Where a search looked, and what it was told. */
struct scope {
    struct pc_opened *opened; /* borrowed from the context */
    bool by_label;
    bool by_id;
};

/* What a caller's words mean for certificates; borrowed from `target` and `select`. */
static struct pc_result make_query(const struct pc_target *target,
                                   const struct p11csr_certificate_select *select, struct pc_key_query *ret,
                                   p11csr_error **err)
{
    const struct pc_uri *uri = &target->uri;
    const char *type = pc_uri_text(uri, PC_URI_TYPE);
    *ret = (struct pc_key_query){.label = pc_uri_text(uri, PC_URI_OBJECT)};
    if (type != NULL && strcmp(type, "cert") != 0) {
        return pc_fail(err, P11CSR_E_URI, "type=%s does not name a certificate", type);
    }
    if (uri->present[PC_URI_ID]) {
        ret->has_id = true;
        ret->id = pc_uri_value(uri, PC_URI_ID);
    }
    const struct pc_span id = {select->id, select->id_len};
    if ((select->label != NULL && ret->label != NULL && strcmp(select->label, ret->label) != 0) ||
        (select->id != NULL && ret->has_id && !pc_span_eq(id, ret->id))) {
        return pc_fail(err, P11CSR_E_USAGE, "the URI and the label or id given beside it differ");
    }
    ret->label = select->label != NULL ? select->label : ret->label;
    if (select->id != NULL) {
        ret->has_id = true;
        ret->id = id;
    }
    return select->piv_slot != NULL ? pc_query_take_piv_slot(ret, select->piv_slot, err) : PC_OK;
}

static bool is_wanted(const struct p11csr_certificate_select *select, const struct pc_cert_row *row)
{
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&serial, PC_MAX_ATTRIBUTE);
    if (select->serial == NULL && select->spki == NULL) {
        return true;
    }
    if (row->parsed == NULL || !pc_is_ok(pc_certificate_serial(row->parsed, &serial, NULL))) {
        return false;
    }
    struct pc_span wanted = {select->serial, select->serial_len};
    while (wanted.ptr != NULL && wanted.len > 1 &&
           wanted.ptr[0] == 0) { // many programs show the number in full octets
        wanted.ptr++;
        wanted.len--;
    }
    const struct pc_span spki = {select->spki, select->spki_len};
    return (select->serial == NULL || pc_span_eq(wanted, pc_buf_span(&serial))) &&
           (select->spki == NULL || pc_span_eq(spki, pc_buf_span(&row->parsed->spki)));
}

/* Drops the rows that the serial number or public key rule out. */
static void keep_wanted(const struct p11csr_certificate_select *select, struct pc_buf *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < pc_cert_row_count(rows); i++) {
        struct pc_cert_row *row = pc_cert_row_get(rows, i);
        if (!is_wanted(select, row)) {
            pc_cert_row_done(row);
        } else if (kept++ != i) {
            *pc_cert_row_get(rows, kept - 1) = *row;
        }
    }
    rows->len = kept * sizeof(struct pc_cert_row);
}

/* True when the certificate is for another key than that in whose place it stands, as far as that shows. */
static bool is_of_another(const struct pc_cert_row *row, const struct pc_key *key)
{
    const bool same_id =
        key->id.len > 0 && pc_span_eq(pc_buf_span(&key->id), pc_buf_span(&row->cert.object.id));
    if (!same_id || row->parsed == NULL) {
        return false;
    }
    return key->spki.len > 0
               ? !pc_span_eq(pc_buf_span(&key->spki), pc_buf_span(&row->parsed->spki))
               : key->differs == PC_PUBKEY_CERTIFICATE && key->certificate == row->cert.object.handle;
}

static bool is_its_key(const struct pc_cert_row *row, const struct pc_key *key)
{
    const bool same_id =
        key->id.len > 0 && pc_span_eq(pc_buf_span(&key->id), pc_buf_span(&row->cert.object.id));
    const bool same_key = row->parsed != NULL && key->spki.len > 0 &&
                          pc_span_eq(pc_buf_span(&key->spki), pc_buf_span(&row->parsed->spki));
    return key->private_key != CK_INVALID_HANDLE &&
           (same_key || (same_id && key->spki.len == 0 && !is_of_another(row, key)));
}

/* Says of each row whether its key is there, and whether it is a placeholder. */
static struct pc_result judge_rows(struct pc_opened *opened, struct pc_buf *rows, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    const struct pc_key_query every = {0};
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(pc_keys_list(&opened->token, &every, &keys, err));
    const bool partial = pc_login_needed(&opened->token);
    for (size_t i = 0; i < pc_cert_row_count(rows); i++) {
        struct pc_cert_row *row = pc_cert_row_get(rows, i);
        bool placeholder = false;
        bool of_another = false;
        row->info.has_key = partial ? -1 : 0;
        for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
            const struct pc_key *key = (const struct pc_key *)(const void *)(keys.ptr + at);
            row->info.has_key = is_its_key(row, key) ? 1 : row->info.has_key;
            of_another = of_another || is_of_another(row, key);
        }
        if (row->parsed != NULL && !of_another) {
            PC_TRY(pc_certificate_is_placeholder(row->parsed, &placeholder, err));
        }
        row->info.placeholder = placeholder ? 1 : 0;
    }
    return PC_OK;
}

/* Those that expire first in front; what cannot be read, and then what is called the same, last. */
static int by_expiry(const void *left, const void *right)
{
    const struct pc_cert_row *a = left;
    const struct pc_cert_row *b = right;
    if ((a->parsed == NULL) != (b->parsed == NULL)) {
        return a->parsed == NULL ? 1 : -1;
    }
    if (a->parsed != NULL && a->parsed->not_after != b->parsed->not_after) {
        return a->parsed->not_after < b->parsed->not_after ? -1 : 1;
    }
    return strcmp(a->info.uri, b->info.uri);
}

static struct pc_result read_rows(p11csr_ctx *ctx, const struct p11csr_certificate_select *select,
                                  bool for_change, struct scope *ret, struct pc_buf *rows, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_key_query query;
    PC_TRY(pc_target_resolve(ctx, select->token, &target, err));
    PC_TRY(make_query(&target, select, &query, err));
    PC_TRY(pc_target_open(ctx, &target, &ret->opened, err));
    struct pc_opened *opened = ret->opened;
    ret->by_label = query.label != NULL;
    ret->by_id = query.has_id;
    if (for_change) {
        PC_TRY(pc_token_session(&opened->token, true, err));
        PC_TRY(pc_login_change(&opened->token, &opened->login, err));
    } else {
        PC_TRY(pc_login_look(&opened->token, &opened->login, err));
    }
    PC_TRY(pc_cert_rows_read(ctx, opened, &query, rows, err));
    keep_wanted(select, rows);
    return judge_rows(opened, rows, err);
}

enum p11csr_code p11csr_certificates_list(p11csr_ctx *ctx, const struct p11csr_certificate_select *select,
                                          p11csr_certificate_list **ret_list, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_certificate_list *list = pc_alloc(sizeof(*list));
    struct p11csr_certificate_select taken;
    struct scope scope = {0};
    if (list == NULL) {
        return pc_fail_memory(err).code;
    }
    pc_buf_init(&list->rows, PC_MAX_OBJECTS * sizeof(struct pc_cert_row));
    struct pc_result result = pc_take_options(select, select->struct_size, &taken, sizeof(taken), err);
    if (pc_is_ok(result)) {
        result = read_rows(lock.ctx, &taken, false, &scope, &list->rows, err);
    }
    if (!pc_is_ok(result)) {
        p11csr_certificate_list_free(&list);
        return result.code;
    }
    if (pc_cert_row_count(&list->rows) > 1) {
        qsort(list->rows.ptr, pc_cert_row_count(&list->rows), sizeof(struct pc_cert_row), by_expiry);
    }
    *ret_list = list;
    return P11CSR_OK;
}

size_t p11csr_certificate_list_count(const p11csr_certificate_list *list)
{
    return pc_cert_row_count(&list->rows);
}

const struct p11csr_certificate_info *p11csr_certificate_list_get(const p11csr_certificate_list *list,
                                                                  size_t index)
{
    return index < p11csr_certificate_list_count(list) ? &pc_cert_row_get(&list->rows, index)->info : NULL;
}

void p11csr_certificate_list_free(p11csr_certificate_list **list)
{
    if (list != NULL && *list != NULL) {
        pc_cert_rows_done(&(*list)->rows);
        pc_release(*list);
        *list = NULL;
    }
}

static struct pc_result choose(const struct pc_buf *rows, p11csr_error **err)
{
    const size_t count = pc_cert_row_count(rows);
    if (count == 0) {
        return pc_fail(err, P11CSR_E_CERT_NOT_FOUND, "no certificate matches");
    }
    if (count == 1) {
        return PC_OK;
    }
    const struct pc_result result = pc_fail(err, P11CSR_E_CERT_AMBIGUOUS, "%zu certificates match", count);
    for (size_t i = 0; i < count && i < PC_MAX_CANDIDATES; i++) {
        const struct p11csr_certificate_info *info = &pc_cert_row_get(rows, i)->info;
        pc_note(err, "%s (serial %s)", info->uri, info->serial);
    }
    return result;
}

static bool names_fully(const struct p11csr_certificate_select *select, const struct scope *scope,
                        const struct p11csr_certificate_info *info)
{
    const bool by_label = scope->by_label || info->label[0] == 0;
    const bool by_id = scope->by_id || info->id[0] == 0;
    const bool nameless = info->label[0] == 0 && info->id[0] == 0;
    return select->token != NULL && (select->serial != NULL || (by_label && by_id && !nameless));
}

static void certificate_cleanup(struct p11csr_certificate **certificate)
{
    p11csr_certificate_free(certificate);
}

static struct pc_result open_one(p11csr_ctx *ctx, const struct p11csr_certificate_select *select,
                                 bool for_change, struct p11csr_certificate **ret, p11csr_error **err)
{
    struct pc_buf rows PC_CLEANUP(pc_cert_rows_done) = {0};
    struct scope scope = {0};
    struct p11csr_certificate *made PC_CLEANUP(certificate_cleanup) = pc_alloc(sizeof(*made));
    if (made == NULL) {
        return pc_fail_memory(err);
    }
    made->ctx = ctx;
    pc_buf_init(&rows, PC_MAX_OBJECTS * sizeof(struct pc_cert_row));
    PC_TRY(read_rows(ctx, select, for_change, &scope, &rows, err));
    made->opened = scope.opened;
    PC_TRY(choose(&rows, err));
    made->row = *pc_cert_row_get(&rows, 0);
    rows.len = 0; // it was taken over
    made->fully_named = names_fully(select, &scope, &made->row.info);
    *ret = made;
    made = NULL;
    return PC_OK;
}

enum p11csr_code p11csr_certificate_open(p11csr_ctx *ctx, const struct p11csr_certificate_select *select,
                                         int for_change, p11csr_certificate **ret_certificate,
                                         p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_certificate_select taken;
    const struct pc_result result = pc_take_options(select, select->struct_size, &taken, sizeof(taken), err);
    return pc_is_ok(result) ? open_one(lock.ctx, &taken, for_change != 0, ret_certificate, err).code
                            : result.code;
}

const struct p11csr_certificate_info *p11csr_certificate_get_info(const p11csr_certificate *certificate)
{
    return &certificate->row.info;
}

const unsigned char *p11csr_certificate_get_der(const p11csr_certificate *certificate, size_t *ret_len)
{
    *ret_len = certificate->row.cert.der.len;
    return certificate->row.cert.der.ptr;
}

/* The row of the certificate that issued this one; NULL when there is none, or when it issued itself. */
static struct pc_result find_issuer(const struct pc_cert_row *row, const struct pc_buf *rows,
                                    const struct pc_cert_row **ret, p11csr_error **err)
{
    *ret = NULL;
    if (row->parsed == NULL ||
        pc_span_eq(pc_buf_span(&row->parsed->subject), pc_buf_span(&row->parsed->issuer))) {
        return PC_OK;
    }
    for (size_t i = 0; i < pc_cert_row_count(rows) && *ret == NULL; i++) {
        const struct pc_cert_row *other = pc_cert_row_get(rows, i);
        enum pc_verdict verdict = PC_VERDICT_BAD;
        if (other->parsed != NULL) {
            PC_TRY(pc_certificate_issued_by(row->parsed, other->parsed, &verdict, err));
        }
        *ret = verdict == PC_VERDICT_GOOD ? other : NULL;
    }
    return PC_OK;
}

static struct pc_result add_chain(struct p11csr_certificate *certificate, struct pc_buf *ret,
                                  p11csr_error **err)
{
    struct pc_buf rows PC_CLEANUP(pc_cert_rows_done) = {0};
    const struct pc_key_query every = {0};
    const struct pc_cert_row *row = &certificate->row;
    pc_buf_init(&rows, PC_MAX_OBJECTS * sizeof(struct pc_cert_row));
    PC_TRY(pc_cert_rows_read(certificate->ctx, certificate->opened, &every, &rows, err));
    for (size_t i = 0; i < PC_MAX_CHAIN; i++) { // two that issued each other would go on for ever
        PC_TRY(find_issuer(row, &rows, &row, err));
        if (row == NULL) {
            return PC_OK;
        }
        PC_TRY(pc_pem_encode("CERTIFICATE", pc_buf_span(&row->cert.der), ret, err));
    }
    return pc_fail(err, P11CSR_E_LIMIT, "the chain has more than %d certificates", (int)PC_MAX_CHAIN);
}

enum p11csr_code p11csr_certificate_to_pem(p11csr_certificate *certificate, int with_chain, char **ret_pem,
                                           p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(certificate->ctx);
    struct pc_buf pem PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&pem, (size_t)2 * PC_MAX_CHAIN * PC_MAX_ATTRIBUTE);
    struct pc_result result =
        pc_pem_encode("CERTIFICATE", pc_buf_span(&certificate->row.cert.der), &pem, err);
    if (pc_is_ok(result) && with_chain != 0) {
        result = add_chain(certificate, &pem, err);
    }
    if (pc_is_ok(result)) {
        result = pc_buf_take_text(&pem, ret_pem, err);
    }
    return result.code;
}

int p11csr_certificate_is_fully_named(const p11csr_certificate *certificate)
{
    return certificate->fully_named ? 1 : 0;
}

enum p11csr_code p11csr_certificate_delete(p11csr_certificate *certificate, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(certificate->ctx);
    const struct p11csr_certificate_info *info = &certificate->row.info;
    struct pc_result result = pc_log_open(lock.ctx, err);
    if (!pc_is_ok(result)) {
        return result.code;
    }
    result = pc_member_destroy(&certificate->opened->token, &certificate->row.cert.object, err);
    const struct pc_log_line line = {.event =
                                         pc_is_ok(result) ? "certificate-deleted" : "certificate-not-deleted",
                                     .token = info->token,
                                     .key = info->uri,
                                     .spki_sha256 = info->spki_sha256,
                                     .outcome = result.code};
    return pc_log_finish(lock.ctx, &line, result, err).code;
}

void p11csr_certificate_free(p11csr_certificate **certificate)
{
    if (certificate != NULL && *certificate != NULL) {
        pc_cert_row_done(&(*certificate)->row);
        pc_release(*certificate);
        *certificate = NULL;
    }
}
