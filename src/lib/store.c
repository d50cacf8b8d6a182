// SPDX-License-Identifier: Apache-2.0
#include "lib/store.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/certificate.h"
#include "lib/held.h"
#include "lib/store_uri.h"
#include "lib/target.h"

#include <string.h>

/* One look at a token. */
struct look {
    p11csr_ctx *ctx;
    const struct pc_store_wish *wish;
    struct pc_opened *opened;  /* borrowed from the context */
    struct pc_key_query query; /* borrowed from the target */
    bool wants[PC_STORED_KIND_COUNT];
    bool expects; /* something in particular */
    bool names;   /* the URI names objects, not only a token */
    struct pc_buf *rows;
};

static void row_done(struct pc_store_row *row)
{
    if (row->held.ops != NULL) {
        row->held.ops->release(row->held.self);
    }
    row->held = (struct pc_held){0};
    pc_buf_done(&row->der);
}

void pc_store_rows_done(struct pc_buf *rows)
{
    for (size_t at = 0; at < rows->len; at += sizeof(struct pc_store_row)) {
        row_done((struct pc_store_row *)(void *)(rows->ptr + at));
    }
    pc_buf_done(rows);
}

static struct pc_result add_row(struct look *look, struct pc_store_row *row, p11csr_error **err)
{
    pc_buf_add(look->rows, row, sizeof(*row));
    const struct pc_result result = pc_buf_check(look->rows, err);
    if (!pc_is_ok(result)) {
        row_done(row);
    }
    return result;
}

static struct pc_result add_der(struct look *look, enum pc_stored_kind kind, struct pc_span der,
                                p11csr_error **err)
{
    struct pc_store_row row = {.kind = kind};
    pc_buf_init(&row.der, PC_MAX_ATTRIBUTE);
    pc_buf_add_span(&row.der, der);
    const struct pc_result result = pc_buf_check(&row.der, err);
    return pc_is_ok(result) ? add_row(look, &row, err) : result;
}

/* Makes a private key that was found, which it takes over, one that is held. */
static struct pc_result hold(p11csr_ctx *ctx, struct pc_opened *opened, struct pc_key *found,
                             struct pc_held *ret, p11csr_error **err)
{
    struct p11csr_key *key PC_CLEANUP(pc_key_object_cleanup) = pc_key_object_new(ctx);
    if (key == NULL) {
        return pc_fail_memory(err);
    }
    key->opened = opened;
    key->key = *found;
    pc_key_init(found); // what it held is the key's now
    PC_TRY(pc_key_texts_fill(ctx, &opened->token, &key->key, &key->texts, err));
    return pc_held_key_new(key, ret, err);
}

static struct pc_result add_private(struct look *look, struct pc_key *key, p11csr_error **err)
{
    struct pc_store_row row = {.kind = PC_STORED_PRIVATE};
    pc_buf_init(&row.der, 0);
    PC_TRY(hold(look->ctx, look->opened, key, &row.held, err));
    return add_row(look, &row, err);
}

static struct pc_key *key_at(const struct pc_buf *keys, size_t index)
{
    return (struct pc_key *)(void *)keys->ptr + index;
}

static size_t key_count(const struct pc_buf *keys)
{
    return keys->len / sizeof(struct pc_key);
}

static bool is_shown_public(const struct pc_key *key)
{
    return key->spki.len > 0 && key->public_key != CK_INVALID_HANDLE;
}

/* Private keys, which are taken over, then public ones. Those that show no public half are of no use here. */
static struct pc_result add_keys(struct look *look, struct pc_buf *keys, p11csr_error **err)
{
    struct pc_buf publics PC_CLEANUP(pc_store_rows_done) = {0};
    struct look later = *look;
    pc_buf_init(&publics, PC_MAX_OBJECTS * sizeof(struct pc_store_row));
    later.rows = &publics;
    for (size_t i = 0; i < key_count(keys); i++) {
        struct pc_key *key = key_at(keys, i);
        if (look->wants[PC_STORED_PUBLIC] && is_shown_public(key)) {
            PC_TRY(add_der(&later, PC_STORED_PUBLIC, pc_buf_span(&key->spki), err));
        }
        if (look->wants[PC_STORED_PRIVATE] && key->private_key != CK_INVALID_HANDLE && key->spki.len > 0) {
            PC_TRY(add_private(look, key, err));
        }
    }
    pc_buf_add_span(look->rows, pc_buf_span(&publics));
    PC_TRY(pc_buf_check(look->rows, err));
    publics.len = 0; // they are in `rows` now
    return PC_OK;
}

/* What is left out of a list that nobody gives a PIN for. */
static bool may_lack(const struct look *look, struct pc_result result)
{
    return !look->expects && (result.code == P11CSR_E_KEY_NOT_FOUND || result.code == P11CSR_E_PIN_NEEDED ||
                              result.code == P11CSR_E_PIN_CANCELLED);
}

/* The one private key that is meant, and its public half. */
static struct pc_result read_one_key(struct look *look, bool *ret_found, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    struct pc_key key;
    pc_key_init(&key);
    pc_buf_init(&keys, sizeof(struct pc_key));
    struct pc_result result =
        pc_key_find(&look->opened->token, &look->query, &look->opened->login, &key, err);
    *ret_found = pc_is_ok(result);
    if (may_lack(look, result)) {
        p11csr_error_free(err);
        result = PC_OK;
    }
    if (*ret_found) {
        pc_buf_add(&keys, &key, sizeof(key));
        PC_TRY(pc_buf_check(&keys, err));
        result = add_keys(look, &keys, err);
    } else {
        pc_key_done(&key);
    }
    return result;
}

static struct pc_result refuse_several(const struct look *look, const struct pc_buf *keys, p11csr_error **err)
{
    const size_t count = key_count(keys);
    const struct pc_result result = pc_fail(err, P11CSR_E_KEY_AMBIGUOUS, "%zu public keys match", count);
    for (size_t i = 0; i < count && i < PC_MAX_CANDIDATES; i++) {
        pc_key_note_uri(&look->opened->token, key_at(keys, i), err);
    }
    return result;
}

/* A login for a list: whoever can be asked is asked where private keys are wanted. */
static struct pc_result log_in_to_list(struct look *look, p11csr_error **err)
{
    struct pc_login *login = &look->opened->login;
    login->source_named = login->source_named || (look->wants[PC_STORED_PRIVATE] && look->wish->ask != NULL);
    const struct pc_result result = pc_login_look(&look->opened->token, login, err);
    if (may_lack(look, result)) {
        p11csr_error_free(err);
        return PC_OK;
    }
    return result;
}

static struct pc_result list_keys(struct look *look, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(log_in_to_list(look, err));
    PC_TRY(pc_keys_list(&look->opened->token, &look->query, &keys, err));
    if (look->names && look->expects && key_count(&keys) > 1) {
        return refuse_several(look, &keys, err);
    }
    return add_keys(look, &keys, err);
}

/* A public key that is expected and has no object of its own may show in other places, after a login. */
static struct pc_result derive_public(struct look *look, p11csr_error **err)
{
    struct pc_key key PC_CLEANUP(pc_key_done);
    pc_key_init(&key);
    PC_TRY(pc_key_find(&look->opened->token, &look->query, &look->opened->login, &key, err));
    return add_der(look, PC_STORED_PUBLIC, pc_buf_span(&key.spki), err);
}

static struct pc_result read_keys(struct look *look, p11csr_error **err)
{
    bool found = false;
    if (look->wants[PC_STORED_PRIVATE] && (look->names || look->expects)) {
        PC_TRY(read_one_key(look, &found, err));
    }
    const bool wants_more = look->wants[PC_STORED_PUBLIC] || !(look->names || look->expects);
    if (found || !wants_more) {
        return PC_OK;
    }
    PC_TRY(list_keys(look, err));
    const bool lacks = look->names && look->expects && look->rows->len == 0;
    return lacks ? derive_public(look, err) : PC_OK;
}

static struct pc_result refuse_certs(const struct look *look, const struct pc_buf *certs, p11csr_error **err)
{
    const struct pc_token_cert *cert = (const struct pc_token_cert *)(const void *)certs->ptr;
    const size_t count = certs->len / sizeof(*cert);
    const struct pc_result result = pc_fail(err, P11CSR_E_CERT_AMBIGUOUS, "%zu certificates match", count);
    for (size_t i = 0; i < count && i < PC_MAX_CANDIDATES; i++) {
        char *text PC_CLEANUP(pc_free_str) = NULL;
        if (pc_is_ok(pc_cert_uri_text(&look->opened->token, &cert[i], &text, NULL))) {
            pc_note(err, "%s", text);
        }
    }
    return result;
}

static struct pc_result read_certs(struct look *look, p11csr_error **err)
{
    struct pc_buf certs PC_CLEANUP(pc_token_certs_done) = {0};
    pc_buf_init(&certs, PC_MAX_OBJECTS * sizeof(struct pc_token_cert));
    if (pc_login_comes_first(&look->opened->token, &look->opened->login)) {
        PC_TRY(pc_login_look(&look->opened->token, &look->opened->login, err));
    }
    PC_TRY(pc_token_certs_list(&look->opened->token, &look->query, &certs, err));
    const size_t count = certs.len / sizeof(struct pc_token_cert);
    if (look->names && look->expects && count > 1) {
        return refuse_certs(look, &certs, err);
    }
    if (look->names && look->expects && count == 0) {
        return pc_fail(err, P11CSR_E_CERT_NOT_FOUND, "no certificate matches");
    }
    for (size_t i = 0; i < count; i++) {
        const struct pc_token_cert *cert = (const struct pc_token_cert *)(const void *)certs.ptr + i;
        PC_TRY(add_der(look, PC_STORED_CERTIFICATE, pc_buf_span(&cert->der), err));
    }
    return PC_OK;
}

/* The kinds that the caller expects, as far as the URI lets them be. */
static void take_wish(const struct pc_uri *uri, struct look *look)
{
    static const char *const types[PC_STORED_KIND_COUNT] = {
        [PC_STORED_PRIVATE] = "private", [PC_STORED_PUBLIC] = "public", [PC_STORED_CERTIFICATE] = "cert"};
    const char *type = pc_uri_text(uri, PC_URI_TYPE);
    for (int kind = 0; kind < PC_STORED_KIND_COUNT; kind++) {
        look->expects = look->expects || look->wish->only[kind];
    }
    for (int kind = 0; kind < PC_STORED_KIND_COUNT; kind++) {
        look->wants[kind] =
            (!look->expects || look->wish->only[kind]) && (type == NULL || strcmp(type, types[kind]) == 0);
    }
}

static void make_query(const struct pc_uri *uri, struct pc_key_query *ret)
{
    *ret = (struct pc_key_query){.label = pc_uri_text(uri, PC_URI_OBJECT), .has_id = uri->present[PC_URI_ID]};
    if (ret->has_id) {
        ret->id = pc_uri_value(uri, PC_URI_ID);
    }
}

/* Opens the token; the target stays for whoever borrows from it. */
static struct pc_result open_token(p11csr_ctx *ctx, const struct pc_store_uri *uri, struct pc_target *target,
                                   struct pc_opened **ret, struct pc_key_query *ret_query, p11csr_error **err)
{
    PC_TRY(pc_target_of_uri(ctx, &uri->uri, uri->token, target, err));
    make_query(&target->uri, ret_query);
    return pc_target_open(ctx, target, ret, err);
}

static struct pc_result read_all(struct look *look, const struct pc_store_uri *uri, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    PC_TRY(open_token(look->ctx, uri, &target, &look->opened, &look->query, err));
    look->names = look->query.label != NULL || look->query.has_id;
    take_wish(&target.uri, look);
    if (!look->wants[PC_STORED_PRIVATE] && !look->wants[PC_STORED_PUBLIC] &&
        !look->wants[PC_STORED_CERTIFICATE]) {
        return pc_fail(err, P11CSR_E_URI, "type=%s names nothing of the kind that is wanted",
                       pc_uri_text(&target.uri, PC_URI_TYPE));
    }
    if (look->wants[PC_STORED_PRIVATE] || look->wants[PC_STORED_PUBLIC]) {
        PC_TRY(read_keys(look, err));
    }
    return look->wants[PC_STORED_CERTIFICATE] ? read_certs(look, err) : PC_OK;
}

/* The PIN callback of the context while a store is read. */
static enum p11csr_code ask(const struct p11csr_pin_request *request, p11csr_pin *pin, void *data)
{
    const struct pc_store_wish *wish = data;
    char *what PC_CLEANUP(pc_free_str) = pc_asprintf("token '%s'", request->token);
    const bool given = what != NULL && wish->ask(wish->ask_data, what, (struct pc_secret *)(void *)pin);
    return given ? P11CSR_OK : P11CSR_E_PIN_CANCELLED;
}

/* The rows' hints speak of options of p11csr(1), which programs do not have. */
static void hint_to_programs(struct pc_result result, p11csr_error **err)
{
    if (result.code == P11CSR_E_KEY_AMBIGUOUS || result.code == P11CSR_E_CERT_AMBIGUOUS) {
        pc_hint(err, "name one of them by its URI");
    }
    if (result.code == P11CSR_E_PIN_NEEDED || result.code == P11CSR_E_PIN_CANCELLED) {
        pc_hint(err,
                "say where the PIN comes from: pkcs11:...?pin-source=file:PATH, or pin-source = file:PATH "
                "in the provider's section of openssl.cnf");
    }
}

PC_RESULT pc_store_read(p11csr_ctx *ctx, const struct pc_store_uri *uri, const struct pc_store_wish *wish,
                        struct pc_buf *ret_rows, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    struct look look = {.ctx = lock.ctx, .wish = wish, .rows = ret_rows};
    const p11csr_pin_callback before = ctx->pin_callback;
    void *const data_before = ctx->pin_callback_data;
    if (wish->ask != NULL) {
        ctx->pin_callback = ask;
        ctx->pin_callback_data = (void *)(uintptr_t)wish;
    }
    const struct pc_result result = read_all(&look, uri, err);
    ctx->pin_callback = before;
    ctx->pin_callback_data = data_before;
    hint_to_programs(result, err);
    return result;
}

static struct pc_result find_again(p11csr_ctx *ctx, const struct pc_store_uri *uri, struct pc_span spki,
                                   struct pc_held *ret, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_key key PC_CLEANUP(pc_key_done);
    struct pc_opened *opened = NULL;
    struct pc_key_query query;
    pc_key_init(&key);
    PC_TRY(open_token(ctx, uri, &target, &opened, &query, err));
    query.spki = spki;
    PC_TRY(pc_token_session(&opened->token, false, err));
    pc_token_look(&opened->token); // the login may be that of the process which this one was forked from
    PC_TRY(pc_key_find(&opened->token, &query, &opened->login, &key, err));
    return hold(ctx, opened, &key, ret, err);
}

PC_RESULT pc_store_find_again(p11csr_ctx *ctx, const struct pc_store_uri *uri, struct pc_span spki,
                              struct pc_held *ret, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    const struct pc_result result = find_again(lock.ctx, uri, spki, ret, err);
    hint_to_programs(result, err);
    return result;
}
