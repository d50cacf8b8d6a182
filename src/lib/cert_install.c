// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/certificate.h"
#include "lib/json.h"
#include "lib/key.h"
#include "lib/log.h"
#include "lib/target.h"

#include <string.h>

/* Installing a certificate: nothing that was there goes before all that is new was read back. */

/* One certificate to be stored, or that is there. */
struct item {
    const struct pc_certificate *certificate; /* borrowed */
    struct pc_buf label;
    struct pc_member made; /* what this call stored */
    bool stored;
    bool there; /* it was on the token already */
};

struct job {
    p11csr_ctx *ctx;
    struct pc_opened *opened;
    struct pc_certificates chain; /* the certificate, then its issuers */
    struct pc_key key;            /* the one that the certificate is for */
    struct pc_buf rows;           /* struct pc_cert_row: all that the token holds */
    struct pc_buf old;            /* size_t: indexes of rows that have to go */
    struct pc_buf items;          /* struct item, as `chain` */
};

static struct item *item_get(const struct job *job, size_t index)
{
    return (struct item *)(void *)job->items.ptr + index;
}

static size_t item_count(const struct job *job)
{
    return job->items.len / sizeof(struct item);
}

static struct pc_cert_row *old_get(const struct job *job, size_t index)
{
    size_t row = 0;
    memcpy(&row, job->old.ptr + index * sizeof(row), sizeof(row));
    return pc_cert_row_get(&job->rows, row);
}

static size_t old_count(const struct job *job)
{
    return job->old.len / sizeof(size_t);
}

static void job_init(struct job *job, p11csr_ctx *ctx)
{
    *job = (struct job){.ctx = ctx};
    pc_certificates_init(&job->chain);
    pc_key_init(&job->key);
    pc_buf_init(&job->rows, PC_MAX_OBJECTS * sizeof(struct pc_cert_row));
    pc_buf_init(&job->old, PC_MAX_OBJECTS * sizeof(size_t));
    pc_buf_init(&job->items, PC_MAX_CHAIN * sizeof(struct item));
}

static void job_done(struct job *job)
{
    for (size_t i = 0; i < item_count(job); i++) {
        pc_buf_done(&item_get(job, i)->label);
        pc_member_done(&item_get(job, i)->made);
    }
    pc_buf_done(&job->items);
    pc_buf_done(&job->old);
    pc_cert_rows_done(&job->rows);
    pc_key_done(&job->key);
    pc_certificates_done(&job->chain);
}

/* Everything that can be known without the token: that each certificate was issued by the next. */
static struct pc_result read_input(struct job *job, const struct p11csr_install *install, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    const struct pc_span certificate = {install->certificate, install->certificate_len};
    const struct pc_span chain = {install->chain, install->chain_len};
    PC_TRY(pc_ctx_crypto(job->ctx, &crypto, err));
    PC_TRY(pc_frame(pc_certificates_read(crypto, certificate, &job->chain, err), err,
                    "cannot read the certificate"));
    if (install->chain != NULL) {
        PC_TRY(pc_frame(pc_certificates_read(crypto, chain, &job->chain, err), err, "cannot read the chain"));
    }
    for (size_t i = 0; i + 1 < pc_certificates_count(&job->chain); i++) {
        enum pc_verdict verdict = PC_VERDICT_BAD;
        PC_TRY(pc_certificate_issued_by(pc_certificates_get(&job->chain, i),
                                        pc_certificates_get(&job->chain, i + 1), &verdict, err));
        if (verdict != PC_VERDICT_GOOD) {
            return pc_fail(err, verdict == PC_VERDICT_BAD ? P11CSR_E_CERTIFICATE : P11CSR_E_NOT_VERIFIABLE,
                           "certificate %zu of the chain %s certificate %zu", i + 2,
                           verdict == PC_VERDICT_BAD ? "did not issue"
                                                     : "uses an algorithm that is not known "
                                                       "here; it should have issued",
                           i + 1);
        }
    }
    return PC_OK;
}

/* Whether what is there is in the way of the new certificate. */
static bool is_in_the_way(const struct job *job, const struct pc_cert_row *row)
{
    const struct pc_certificate *leaf = pc_certificates_get(&job->chain, 0);
    const bool same = pc_span_eq(pc_buf_span(&row->cert.der), pc_buf_span(&leaf->der));
    const bool same_id = pc_span_eq(pc_buf_span(&row->cert.object.id), pc_buf_span(&job->key.id));
    const bool same_number = row->parsed != NULL &&
                             pc_span_eq(pc_buf_span(&row->parsed->issuer), pc_buf_span(&leaf->issuer)) &&
                             pc_span_eq(pc_buf_span(&row->parsed->serial), pc_buf_span(&leaf->serial));
    return same || same_id || same_number;
}

/* Sorts what is there into what stays and what goes, and refuses unless that was allowed. */
static struct pc_result look_at_old(struct job *job, bool replace, p11csr_error **err)
{
    const struct pc_certificate *leaf = pc_certificates_get(&job->chain, 0);
    struct pc_result result = PC_OK;
    for (size_t i = 0; i < pc_cert_row_count(&job->rows); i++) {
        struct pc_cert_row *row = pc_cert_row_get(&job->rows, i);
        const bool same = pc_span_eq(pc_buf_span(&row->cert.der), pc_buf_span(&leaf->der));
        const bool same_id = pc_span_eq(pc_buf_span(&row->cert.object.id), pc_buf_span(&job->key.id));
        bool placeholder = false;
        if (!is_in_the_way(job, row)) {
            continue;
        }
        // One for another key is somebody's, whatever it looks like.
        if (row->parsed != NULL && pc_span_eq(pc_buf_span(&row->parsed->spki), pc_buf_span(&leaf->spki))) {
            PC_TRY(pc_certificate_is_placeholder(row->parsed, &placeholder, err));
        }
        row->info.placeholder = placeholder ? 1 : 0;
        if (!replace && !placeholder) {
            if (pc_is_ok(result)) {
                result = pc_fail(err, P11CSR_E_CERT_EXISTS, "%s",
                                 same ? "this certificate is on the token" : "the key has a certificate");
            }
            pc_note(err, "%s (serial %s)", row->info.uri, row->info.serial);
        }
        if (same && same_id && !item_get(job, 0)->there) {
            item_get(job, 0)->there = true;
        } else {
            pc_buf_add(&job->old, &i, sizeof(i));
        }
    }
    PC_TRY(result);
    return pc_buf_check(&job->old, err);
}

/* The label it gets: its key's, or for an issuer its name. */
static struct pc_result fill_label(const struct job *job, bool is_leaf, struct item *ret, p11csr_error **err)
{
    if (!is_leaf) {
        return pc_cert_name_text(pc_buf_span(&ret->certificate->subject), &ret->label, err);
    }
    pc_buf_add_span(&ret->label, pc_buf_span(&job->key.label));
    return pc_buf_check(&ret->label, err);
}

static bool is_on_token(const struct job *job, const struct pc_certificate *certificate)
{
    for (size_t i = 0; i < pc_cert_row_count(&job->rows); i++) {
        const struct pc_cert_row *row = pc_cert_row_get(&job->rows, i);
        if (pc_span_eq(pc_buf_span(&row->cert.der), pc_buf_span(&certificate->der))) {
            return true;
        }
    }
    return false;
}

static struct pc_result add_items(struct job *job, p11csr_error **err)
{
    for (size_t i = 0; i < pc_certificates_count(&job->chain); i++) {
        struct item item = {.certificate = pc_certificates_get(&job->chain, i)};
        item.there = i > 0 && is_on_token(job, item.certificate); // of the first, look_at_old() decides
        pc_buf_init(&item.label, PC_MAX_ATTRIBUTE);
        const struct pc_result result = fill_label(job, i == 0, &item, err);
        pc_buf_add(&job->items, &item, sizeof(item));
        if (job->items.failed != P11CSR_OK) {
            pc_buf_done(&item.label);
        }
        PC_TRY(result);
        PC_TRY(pc_buf_check(&job->items, err));
    }
    return PC_OK;
}

static struct pc_result store(struct job *job, struct item *item, bool is_leaf, p11csr_error **err)
{
    const struct pc_new_cert wanted = {.der = pc_buf_span(&item->certificate->der),
                                       .subject = pc_buf_span(&item->certificate->subject),
                                       .issuer = pc_buf_span(&item->certificate->issuer),
                                       .serial = pc_buf_span(&item->certificate->serial),
                                       .id = is_leaf ? pc_buf_span(&job->key.id) : (struct pc_span){0},
                                       .label = pc_buf_span(&item->label)};
    PC_TRY(pc_token_cert_create(&job->opened->token, &wanted, &item->made, err));
    item->stored = true;
    return PC_OK;
}

/* Deletes what this call stored. */
static void undo(struct job *job, p11csr_error **err)
{
    for (size_t i = 0; i < item_count(job); i++) {
        struct item *item = item_get(job, i);
        if (item->stored && !pc_is_ok(pc_member_destroy(&job->opened->token, &item->made, NULL))) {
            pc_note(err, "certificate %zu was stored and could not be deleted again", i + 1);
        }
    }
}

/* The chain first, so that the certificate is never there without it. */
static struct pc_result store_all(struct job *job, p11csr_error **err)
{
    for (size_t i = item_count(job); i > 0; i--) {
        struct item *item = item_get(job, i - 1);
        if (item->there) {
            continue;
        }
        const struct pc_result result = store(job, item, i == 1, err);
        if (!pc_is_ok(result)) {
            undo(job, err);
            return result;
        }
    }
    return PC_OK;
}

/*
 * Some tokens have one place for each key: the new certificate took that of the old one, and its handle, or
 * the old handle has ended.
 */
static struct pc_result was_overwritten(struct job *job, const struct pc_cert_row *old, bool *ret,
                                        p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    const struct item *leaf = item_get(job, 0);
    *ret = leaf->stored && leaf->made.handle == old->cert.object.handle;
    if (*ret || pc_span_eq(pc_buf_span(&old->cert.der), pc_buf_span(&leaf->certificate->der))) {
        return PC_OK;
    }
    pc_buf_init(&value, PC_MAX_ATTRIBUTE);
    const struct pc_result result =
        pc_token_cert_value(&job->opened->token, old->cert.object.handle, &value, err);
    if (result.code == P11CSR_E_OBJECT_GONE) {
        p11csr_error_free(err);
        *ret = true;
        return PC_OK;
    }
    *ret = pc_span_eq(pc_buf_span(&value), pc_buf_span(&leaf->certificate->der));
    return result;
}

static struct pc_result remove_old(struct job *job, p11csr_error **err)
{
    for (size_t i = 0; i < old_count(job); i++) {
        struct pc_cert_row *old = old_get(job, i);
        bool overwritten = false;
        struct pc_result result = was_overwritten(job, old, &overwritten, err);
        if (pc_is_ok(result) && !overwritten) {
            result = pc_member_destroy(&job->opened->token, &old->cert.object, err);
        }
        if (!pc_is_ok(result)) {
            pc_note(err, "the new certificate is on the token");
            pc_note(err, "this one is left in its way: %s (serial %s)", old->info.uri, old->info.serial);
            pc_hint(err, "when the cause is gone: p11csr certs delete '%s' --serial %s", old->info.uri,
                    old->info.serial);
            return result;
        }
    }
    return PC_OK;
}

static json_t *item_json(const struct job *job, const struct item *item, bool is_leaf)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf subject PC_CLEANUP(pc_buf_done) = {0};
    char *text PC_CLEANUP(pc_free_str) = NULL;
    char *label PC_CLEANUP(pc_free_str) = pc_text_printable_bytes(pc_buf_span(&item->label));
    char *id PC_CLEANUP(pc_free_str) = pc_hex(is_leaf ? pc_buf_span(&job->key.id) : (struct pc_span){0});
    uint8_t digest[PC_DIGEST_MAX];
    pc_buf_init(&subject, PC_MAX_REQUEST);
    if (!pc_is_ok(pc_ctx_crypto(job->ctx, &crypto, NULL)) ||
        !pc_is_ok(
            pc_crypto_digest(crypto, PC_DIGEST_SHA256, pc_buf_span(&item->certificate->der), digest, NULL)) ||
        !pc_is_ok(pc_cert_name_text(pc_buf_span(&item->certificate->subject), &subject, NULL)) ||
        !pc_is_ok(pc_buf_take_text(&subject, &text, NULL))) {
        return NULL;
    }
    char *sha256 PC_CLEANUP(pc_free_str) =
        pc_hex((struct pc_span){digest, pc_digest_get(PC_DIGEST_SHA256)->len});
    return json_pack("{s:s, s:s, s:s, s:s, s:b}", "label", label, "id", id, "subject", text, "sha256", sha256,
                     "stored", item->stored ? 1 : 0);
}

static struct pc_result to_json(const struct job *job, char **ret, p11csr_error **err)
{
    json_t *chain = json_array();
    json_t *removed = json_array();
    json_t *answer PC_CLEANUP(pc_json_free) =
        json_pack("{s:o, s:o, s:o}", "certificate", item_json(job, item_get(job, 0), true), "chain", chain,
                  "removed", removed);
    if (answer == NULL) {
        return pc_fail_memory(err);
    }
    for (size_t i = 1; i < item_count(job); i++) {
        if (json_array_append_new(chain, item_json(job, item_get(job, i), false)) != 0) {
            return pc_fail_memory(err);
        }
    }
    for (size_t i = 0; i < old_count(job); i++) {
        const struct p11csr_certificate_info *info = &old_get(job, i)->info;
        json_t *row = json_pack("{s:s, s:s, s:b}", "uri", info->uri, "serial", info->serial, "placeholder",
                                info->placeholder);
        if (json_array_append_new(removed, row) != 0) {
            return pc_fail_memory(err);
        }
    }
    return pc_json_take_text(answer, ret, err);
}

static struct pc_result log_outcome(const struct job *job, struct pc_result result, p11csr_error **err)
{
    char *token PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(pc_token_uri_text(&job->opened->token, &token, err));
    const struct pc_log_line line = {.event =
                                         pc_is_ok(result) ? "certificate-installed" : "certificate-refused",
                                     .token = token,
                                     .outcome = result.code};
    return pc_log_finish(job->ctx, &line, result, err);
}

static struct pc_result change_token(struct job *job, p11csr_error **err)
{
    PC_TRY(pc_log_open(job->ctx, err));
    struct pc_result result = store_all(job, err);
    if (pc_is_ok(result)) {
        result = remove_old(job, err);
    }
    return log_outcome(job, result, err);
}

static void warn_of_validity(const struct job *job)
{
    char text[PC_TIME_SIZE];
    const struct pc_certificate *leaf = pc_certificates_get(&job->chain, 0);
    pc_time_text(leaf->not_after, text);
    if (leaf->not_after < pc_time_seconds()) {
        pc_ctx_warn(job->ctx, "the certificate expired at %s", text);
    }
}

static struct pc_result install(struct job *job, const struct p11csr_select *select,
                                const struct p11csr_install *what, char **ret_json, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    const struct pc_key_query every = {0};
    struct pc_key_query query;
    PC_TRY(read_input(job, what, err));
    PC_TRY(pc_target_resolve(job->ctx, select->token, &target, err));
    PC_TRY(pc_target_query(&target, select, &query, err));
    PC_TRY(pc_target_open(job->ctx, &target, &job->opened, err));
    struct pc_token *token = &job->opened->token;
    if ((token->slot.token_info.flags & CKF_WRITE_PROTECTED) != 0) {
        return pc_fail(err, P11CSR_E_TOKEN_READ_ONLY, "the token reports CKF_WRITE_PROTECTED");
    }
    PC_TRY(pc_token_session(token, true, err));
    PC_TRY(pc_login_change(token, &job->opened->login, err));
    PC_TRY(pc_cert_key_find(job->ctx, job->opened, &query,
                            pc_buf_span(&pc_certificates_get(&job->chain, 0)->spki), &job->key, err));
    PC_TRY(pc_cert_rows_read(job->ctx, job->opened, &every, &job->rows, err));
    PC_TRY(add_items(job, err));
    PC_TRY(look_at_old(job, what->replace != 0, err));
    warn_of_validity(job);
    PC_TRY(change_token(job, err));
    return to_json(job, ret_json, err);
}

enum p11csr_code p11csr_certificate_install(p11csr_ctx *ctx, const struct p11csr_select *select,
                                            const struct p11csr_install *what, char **ret_json,
                                            p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct job job PC_CLEANUP(job_done);
    struct p11csr_select which;
    struct p11csr_install taken;
    job_init(&job, lock.ctx);
    struct pc_result result = pc_take_options(select, select->struct_size, &which, sizeof(which), err);
    if (pc_is_ok(result)) {
        result = pc_take_options(what, what->struct_size, &taken, sizeof(taken), err);
    }
    if (pc_is_ok(result)) {
        result = install(&job, &which, &taken, ret_json, err);
    }
    return pc_frame(result, err, "cannot install the certificate").code;
}
