// SPDX-License-Identifier: Apache-2.0
#include "lib/key.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/reading/key_file.h"
#include "csr/reading/public_form.h"
#include "csr/reading/read.h"
#include "der/pem_uri.h"
#include "lib/target.h"

#include <string.h>

struct p11csr_key_list {
    struct pc_buf rows; /* struct pc_key_texts */
    bool partial;
};

void pc_key_texts_done(struct pc_key_texts *texts)
{
    char *const all[] = {texts->uri,  texts->token,       texts->label,  texts->id,
                         texts->type, texts->spki_sha256, texts->problem};
    for (size_t i = 0; i < PC_ARRAY_LEN(all); i++) {
        pc_release(all[i]);
    }
}

static struct pc_result format_uri(const struct pc_token *token, const struct pc_key *key, char **ret,
                                   p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    PC_TRY(pc_key_to_uri(token, key, &uri, err));
    PC_TRY(pc_uri_format(&uri, &text, err));
    return pc_buf_take_text(&text, ret, err);
}

PC_RESULT pc_token_uri_text(const struct pc_token *token, char **ret, p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&uri);
    pc_buf_init(&text, PC_MAX_URI);
    PC_TRY(pc_slot_to_uri(&token->slot, &uri, err));
    PC_TRY(pc_uri_format(&uri, &text, err));
    return pc_buf_take_text(&text, ret, err);
}

static struct pc_result fill_public(p11csr_ctx *ctx, const struct pc_key *key, struct pc_key_texts *texts,
                                    p11csr_error **err)
{
    if (key->source == PC_PUBKEY_NONE) {
        texts->type = pc_strdup("unknown");
        texts->spki_sha256 = pc_strdup("");
        texts->problem = pc_text_printable(key->why_no_spki);
        return texts->problem != NULL ? PC_OK : pc_fail_memory(err);
    }
    const struct pc_crypto *crypto = NULL;
    uint8_t digest[PC_DIGEST_MAX];
    char name[32];
    pc_public_name(&key->public, name, sizeof(name));
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, pc_buf_span(&key->spki), digest, err));
    texts->type = pc_strdup(name);
    texts->spki_sha256 = pc_hex((struct pc_span){digest, pc_digest_get(PC_DIGEST_SHA256)->len});
    return PC_OK;
}

PC_RESULT pc_key_texts_fill(p11csr_ctx *ctx, const struct pc_token *token, const struct pc_key *key,
                            struct pc_key_texts *texts, p11csr_error **err)
{
    char name[40];
    pc_token_name(token, name);
    PC_TRY(format_uri(token, key, &texts->uri, err));
    PC_TRY(fill_public(ctx, key, texts, err));
    texts->token = pc_text_printable(name);
    texts->label = pc_text_printable_bytes(pc_buf_span(&key->label));
    texts->id = pc_hex(pc_buf_span(&key->id));
    if (texts->token == NULL || texts->label == NULL || texts->id == NULL || texts->type == NULL ||
        texts->spki_sha256 == NULL) {
        return pc_fail_memory(err);
    }
    texts->info = (struct p11csr_key_info){
        .uri = texts->uri,
        .token = texts->token,
        .label = texts->label,
        .id = texts->id,
        .type = texts->type,
        .spki_sha256 = texts->spki_sha256,
        .public_key_source = pc_pubkey_source_name(key->source),
        .problem = texts->problem,
        .bits = key->source != PC_PUBKEY_NONE ? key->public.bits : 0,
        .has_private = key->private_key != CK_INVALID_HANDLE ? 1 : 0,
        .has_public = key->public_key != CK_INVALID_HANDLE ? 1 : 0,
        .has_certificate = key->certificate != CK_INVALID_HANDLE ? 1 : 0,
    };
    return PC_OK;
}

static struct pc_result add_row(p11csr_ctx *ctx, const struct pc_token *token, const struct pc_key *key,
                                struct p11csr_key_list *list, p11csr_error **err)
{
    struct pc_key_texts texts = {0};
    struct pc_result result = pc_key_texts_fill(ctx, token, key, &texts, err);
    if (pc_is_ok(result)) {
        pc_buf_add(&list->rows, &texts, sizeof(texts));
        result = pc_buf_check(&list->rows, err);
    }
    if (!pc_is_ok(result)) {
        pc_key_texts_done(&texts);
    }
    return result;
}

static struct pc_result fill_list(p11csr_ctx *ctx, const struct p11csr_select *select,
                                  struct p11csr_key_list *list, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    struct pc_opened *opened = NULL;
    struct pc_key_query query;
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(pc_target_resolve(ctx, select->token, &target, err));
    PC_TRY(pc_target_query(&target, select, &query, err));
    PC_TRY(pc_target_open(ctx, &target, &opened, err));
    PC_TRY(pc_login_look(&opened->token, &opened->login, err));
    PC_TRY(pc_keys_list(&opened->token, &query, &keys, err));
    list->partial = pc_login_needed(&opened->token);
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        PC_TRY(add_row(ctx, &opened->token, (const struct pc_key *)(const void *)(keys.ptr + at), list, err));
    }
    return PC_OK;
}

enum p11csr_code p11csr_keys_list(p11csr_ctx *ctx, const struct p11csr_select *select,
                                  p11csr_key_list **ret_list, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_key_list *list = pc_alloc(sizeof(*list));
    if (list == NULL) {
        return pc_fail_memory(err).code;
    }
    pc_buf_init(&list->rows, PC_MAX_OBJECTS * sizeof(struct pc_key_texts));
    struct p11csr_select taken;
    struct pc_result result = pc_take_options(select, select->struct_size, &taken, sizeof(taken), err);
    if (pc_is_ok(result)) {
        result = fill_list(lock.ctx, &taken, list, err);
    }
    if (!pc_is_ok(result)) {
        p11csr_key_list_free(&list);
        return result.code;
    }
    *ret_list = list;
    return P11CSR_OK;
}

size_t p11csr_key_list_count(const p11csr_key_list *list)
{
    return list->rows.len / sizeof(struct pc_key_texts);
}

int p11csr_key_list_is_partial(const p11csr_key_list *list)
{
    return list->partial ? 1 : 0;
}

const struct p11csr_key_info *p11csr_key_list_get(const p11csr_key_list *list, size_t index)
{
    const struct pc_key_texts *rows = (const struct pc_key_texts *)(const void *)list->rows.ptr;
    return index < p11csr_key_list_count(list) ? &rows[index].info : NULL;
}

void p11csr_key_list_free(p11csr_key_list **list)
{
    if (list == NULL || *list == NULL) {
        return;
    }
    for (size_t at = 0; at < (*list)->rows.len; at += sizeof(struct pc_key_texts)) {
        pc_key_texts_done((struct pc_key_texts *)(void *)((*list)->rows.ptr + at));
    }
    pc_buf_done(&(*list)->rows);
    pc_release(*list);
    *list = NULL;
}

enum p11csr_code p11csr_spki_read(const void *data, size_t len, unsigned char **ret_spki, size_t *ret_len,
                                  p11csr_error **err)
{
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    const char *kind = NULL;
    pc_buf_init(&spki, PC_MAX_SPKI);
    struct pc_result result = pc_key_file_read((struct pc_span){data, len}, &spki, &kind, err);
    if (pc_is_ok(result)) {
        result = pc_buf_take(&spki, ret_spki, ret_len, err);
    } else {
        pc_hint(err, "give a certificate, a certificate request or a public key, as PEM or DER");
    }
    return result.code;
}

struct p11csr_key *pc_key_object_new(p11csr_ctx *ctx)
{
    struct p11csr_key *key = pc_alloc(sizeof(*key));
    if (key != NULL) {
        atomic_init(&key->refs, 1);
        key->ctx = ctx;
        pc_key_init(&key->key);
    }
    return key;
}

PC_RESULT pc_key_check_private(const struct p11csr_key *key, p11csr_error **err)
{
    return key->key.private_key != CK_INVALID_HANDLE
               ? PC_OK
               : pc_fail(err, P11CSR_E_USAGE, "the key was opened for its public half only");
}

void pc_key_object_cleanup(struct p11csr_key **key)
{
    p11csr_key_free(key);
}

static struct pc_result fail_several_public(const struct pc_token *token, const struct pc_buf *keys,
                                            p11csr_error **err)
{
    const size_t count = keys->len / sizeof(struct pc_key);
    const struct pc_result result = pc_fail(err, P11CSR_E_KEY_AMBIGUOUS, "%zu public keys match", count);
    for (size_t at = 0; at < keys->len && at < PC_MAX_CANDIDATES * sizeof(struct pc_key);
         at += sizeof(struct pc_key)) {
        pc_key_note_uri(token, (const struct pc_key *)(const void *)(keys->ptr + at), err);
    }
    return result;
}

/* The one public key that matches, where no private key shows in this login state. */
static struct pc_result find_public(struct pc_opened *opened, const struct pc_key_query *query,
                                    struct pc_key *ret, bool *ret_found, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    *ret_found = false;
    if (pc_login_comes_first(&opened->token, &opened->login)) {
        PC_TRY(pc_login_look(&opened->token, &opened->login, err));
    }
    PC_TRY(pc_keys_list(&opened->token, query, &keys, err));
    struct pc_key *first = NULL;
    size_t count = 0;
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        struct pc_key *key = (struct pc_key *)(void *)(keys.ptr + at);
        if (query->spki.len > 0 && !pc_span_eq(pc_buf_span(&key->spki), query->spki)) {
            continue;
        }
        if (key->private_key != CK_INVALID_HANDLE) {
            return PC_OK; // looked for as a whole
        }
        first = first != NULL ? first : key;
        count++;
    }
    if (count > 1 && query->spki.len == 0) {
        return fail_several_public(&opened->token, &keys, err);
    }
    if (first != NULL && first->source != PC_PUBKEY_NONE) {
        *ret = *first;
        pc_key_init(first); // what it held is *ret's now
        *ret_found = true;
    }
    return PC_OK;
}

static struct pc_result find(const struct p11csr_select *select, const struct pc_key_query *query,
                             struct p11csr_key *key, p11csr_error **err)
{
    bool found = false;
    if (select->public_suffices != 0 && query->given.len == 0) {
        PC_TRY(find_public(key->opened, query, &key->key, &found, err));
    }
    return found ? PC_OK : pc_key_find(&key->opened->token, query, &key->opened->login, &key->key, err);
}

PC_RESULT pc_key_object_open(p11csr_ctx *ctx, const struct p11csr_select *select, struct p11csr_key **ret,
                             p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct p11csr_key *key PC_CLEANUP(pc_key_object_cleanup) = pc_key_object_new(ctx);
    struct pc_key_query query;
    if (key == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_target_resolve(ctx, select->token, &target, err));
    PC_TRY(pc_target_query(&target, select, &query, err));
    PC_TRY(pc_target_open(ctx, &target, &key->opened, err));
    PC_TRY(find(select, &query, key, err));
    PC_TRY(pc_key_texts_fill(ctx, &key->opened->token, &key->key, &key->texts, err));
    *ret = key;
    key = NULL;
    return PC_OK;
}

enum p11csr_code p11csr_key_open(p11csr_ctx *ctx, const struct p11csr_select *select, p11csr_key **ret_key,
                                 p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct p11csr_select taken;
    const struct pc_result result = pc_take_options(select, select->struct_size, &taken, sizeof(taken), err);
    return pc_is_ok(result) ? pc_key_object_open(lock.ctx, &taken, ret_key, err).code : result.code;
}

const struct p11csr_key_info *p11csr_key_get_info(const p11csr_key *key)
{
    return &key->texts.info;
}

const unsigned char *p11csr_key_get_spki(const p11csr_key *key, size_t *ret_len)
{
    *ret_len = key->key.spki.len;
    return key->key.spki.ptr;
}

static struct pc_result get_public(p11csr_key *key, const char *form, unsigned char **ret, size_t *ret_len,
                                   p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf bytes PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&bytes, (size_t)4 * PC_MAX_SPKI + PC_MAX_ATTRIBUTE);
    PC_TRY(pc_ctx_crypto(key->ctx, &crypto, err));
    PC_TRY(pc_public_form_write(crypto, form, pc_buf_span(&key->key.spki), key->texts.label, &bytes, err));
    pc_buf_byte(&bytes, 0);
    PC_TRY(pc_buf_take(&bytes, ret, ret_len, err));
    (*ret_len)--;
    return PC_OK;
}

enum p11csr_code p11csr_key_get_public(p11csr_key *key, const char *form, unsigned char **ret_bytes,
                                       size_t *ret_len, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    return get_public(key, form, ret_bytes, ret_len, err).code;
}

const char *p11csr_public_form_name(size_t index)
{
    return pc_public_form_name(index);
}

static struct pc_result to_pem_uri(const p11csr_key *key, const char *pin_source, char **ret,
                                   p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf pem PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&der, (size_t)2 * PC_MAX_URI);
    pc_buf_init(&pem, (size_t)4 * PC_MAX_URI);
    if (key->texts.info.has_private == 0) {
        return pc_fail(err, P11CSR_E_KEY_USE, "only the public half of the key was taken");
    }
    PC_TRY(pc_pem_uri_write(key->texts.uri, pin_source, &der, err));
    PC_TRY(pc_pem_encode(PC_PEM_URI_LABEL, pc_buf_span(&der), &pem, err));
    return pc_buf_take_text(&pem, ret, err);
}

enum p11csr_code p11csr_key_to_pem_uri(p11csr_key *key, const char *pin_source, char **ret_pem,
                                       p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    return to_pem_uri(key, pin_source, ret_pem, err).code;
}

void p11csr_key_free(p11csr_key **key)
{
    if (key == NULL || *key == NULL) {
        return;
    }
    struct p11csr_key *old = *key;
    *key = NULL;
    if (atomic_fetch_sub(&old->refs, 1) == 1) {
        pc_verifier_free(&old->verifier);
        pc_key_done(&old->key);
        pc_key_texts_done(&old->texts);
        pc_release(old);
    }
}
