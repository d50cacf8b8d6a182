// SPDX-License-Identifier: Apache-2.0
#include "tokens/keygen.h"

#include "base/error.h"
#include "base/limits.h"
#include "lib/intent.h"
#include "lib/key.h"
#include "lib/log.h"
#include "lib/target.h"
#include "tokens/protection.h"

/* Makes the key with a record of it kept until the outcome is known, and logs that outcome. */
static struct pc_result generate(p11csr_ctx *ctx, const struct pc_keygen *plan,
                                 const struct pc_key_query *query, struct p11csr_key *key, p11csr_error **err)
{
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    char *token PC_CLEANUP(pc_free_str) = NULL;
    struct pc_intent intent;
    pc_buf_init(&id, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_key_choose_id(&key->opened->token, query->has_id ? query->id : (struct pc_span){0}, &id, err));
    const struct pc_keygen wanted = {.spec = plan->spec,
                                     .label = query->label != NULL ? query->label : "",
                                     .id = pc_buf_span(&id),
                                     .id_is_random = !query->has_id && pc_key_id_is_unique(pc_buf_span(&id)),
                                     .backup = plan->backup,
                                     .decrypt = plan->decrypt,
                                     .derive = plan->derive,
                                     .overwrite_slot = plan->overwrite_slot};
    PC_TRY(pc_token_uri_text(&key->opened->token, &token, err));
    const struct pc_intent_says says = {
        .token = token, .label = wanted.label, .spec = plan->spec->name, .id = wanted.id};
    PC_TRY(pc_log_open(ctx, err));
    PC_TRY(pc_intent_open(ctx, &says, &intent, err));
    struct pc_result result =
        pc_key_generate(&key->opened->token, &wanted, &key->opened->login, &key->key, err);
    pc_intent_close(&intent, !key->key.maybe_made, err);
    if (pc_is_ok(result)) {
        result = pc_key_texts_fill(ctx, &key->opened->token, &key->key, &key->texts, err);
    }
    // A key that is there is logged as made, whatever failed after: its outcome says what.
    const bool is_there = key->key.private_key != CK_INVALID_HANDLE &&
                          result.code != P11CSR_E_KEY_PROTECTION && result.code != P11CSR_E_PROOF_PUBLIC_KEY;
    const struct pc_log_line line = {.event = is_there ? "key-made" : "key-refused",
                                     .token = token,
                                     .key = key->texts.uri,
                                     .spki_sha256 = key->texts.spki_sha256,
                                     .outcome = result.code};
    const struct pc_result logged = pc_log_finish(ctx, &line, result, err);
    if (pc_is_ok(result) && !pc_is_ok(logged)) {
        pc_note(err, "the new key was made and stays on the token: %s", key->texts.uri);
    }
    return logged;
}

static struct pc_result fail_unnamed(p11csr_error **err)
{
    const struct pc_result result = pc_fail(err, P11CSR_E_USAGE, "a new key needs a label");
    pc_hint(err, "add --key-label NAME");
    return result;
}

static struct pc_result make_key(p11csr_ctx *ctx, const struct p11csr_select *select,
                                 const struct pc_keygen *plan, struct p11csr_key **ret, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct p11csr_key *key PC_CLEANUP(pc_key_object_cleanup) = pc_key_object_new(ctx);
    struct pc_key_query query;
    if (key == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_target_resolve(ctx, select->token, &target, err));
    PC_TRY(pc_target_query(&target, select, &query, err));
    if (query.spki.len > 0 || query.given.len > 0) {
        return pc_fail(err, P11CSR_E_USAGE, "a new key cannot have a public key that is there already");
    }
    const bool is_named = query.label != NULL && query.label[0] != 0;
    if (!is_named && !query.has_id) { // the module is not loaded for this
        return fail_unnamed(err);
    }
    PC_TRY(pc_target_open(ctx, &target, &key->opened, err));
    if (!is_named && !pc_quirk_is(&key->opened->token.quirks, PC_QUIRK_LABEL, "fixed")) {
        return fail_unnamed(err);
    }
    if (is_named && pc_quirk_is(&key->opened->token.quirks, PC_QUIRK_LABEL, "fixed")) {
        pc_ctx_warn(ctx, "the token names its keys itself: the label '%s' is not used", query.label);
    }
    pc_opened_touch(ctx, key->opened);
    PC_TRY(generate(ctx, plan, &query, key, err));
    *ret = key;
    key = NULL;
    return PC_OK;
}

/*
 * A key that is there is as good as a new one if it is of the same kind, was made on the token and cannot
 * leave it.
 */
static struct pc_result check_ensured(struct p11csr_key *key, const struct pc_keygen *plan,
                                      p11csr_error **err)
{
    const struct pc_keyspec *spec = plan->spec;
    struct pc_key_protection is;
    if (key->key.public.spec != spec || key->key.public.bits != spec->bits) {
        return pc_fail(err, P11CSR_E_KEY_SPEC, "the key '%s' is %s, not %s", key->texts.label,
                       key->texts.type, spec->name);
    }
    PC_TRY(pc_key_protection_read(&key->opened->token, &key->key, &key->opened->login, &is, err));
    const bool was_exposed =
        is.always_sensitive == PC_FLAG_NO || (is.never_extractable == PC_FLAG_NO && !plan->backup);
    const bool is_open = is.private_object == PC_FLAG_NO && pc_login_protects(&key->opened->token);
    const bool leaves = is.extractable == PC_FLAG_YES && !plan->backup;
    // A key from elsewhere was exposed there, and shows it. NSS forgets CKA_LOCAL of the keys that it made.
    const bool never_exposed =
        is.always_sensitive == PC_FLAG_YES && (is.never_extractable == PC_FLAG_YES || plan->backup);
    const bool is_foreign = is.local == PC_FLAG_NO && !never_exposed;
    if (is.sensitive == PC_FLAG_NO || leaves || is_foreign || was_exposed || is_open) {
        const struct pc_result result = pc_fail(
            err, P11CSR_E_KEY_SPEC, "the key '%s' is less protected than a new one:%s%s%s%s%s",
            key->texts.label, is.sensitive == PC_FLAG_NO ? " it is not sensitive;" : "",
            leaves ? " it is extractable;" : "", is_foreign ? " it was not generated on the token;" : "",
            was_exposed ? " it was once extractable or not sensitive;" : "",
            is_open ? " it can be used without a login;" : "");
        if (leaves && !is_foreign && !is_open && is.sensitive != PC_FLAG_NO) {
            pc_hint(err, "if it was made to be wrapped for a backup: --ensure %s --backup wrapped",
                    spec->name);
        }
        return result;
    }
    return PC_OK;
}

static struct pc_result ensure_key(p11csr_ctx *ctx, const struct p11csr_select *select,
                                   const struct pc_keygen *plan, struct p11csr_key **ret, int *ret_made,
                                   p11csr_error **err)
{
    struct p11csr_key *key PC_CLEANUP(pc_key_object_cleanup) = NULL;
    const struct pc_result found = pc_key_object_open(ctx, select, &key, err);
    if (found.code == P11CSR_E_KEY_NOT_FOUND) {
        p11csr_error_free(err);
        *ret_made = 1;
        return make_key(ctx, select, plan, ret, err);
    }
    PC_TRY(found);
    PC_TRY(check_ensured(key, plan, err));
    *ret = key;
    key = NULL;
    *ret_made = 0;
    return PC_OK;
}

static struct pc_result take_and_generate(p11csr_ctx *ctx, const struct p11csr_select *select,
                                          const struct p11csr_keygen *keygen, p11csr_key **ret_key,
                                          int *ret_made, p11csr_error **err)
{
    const struct pc_keyspec *spec = NULL;
    struct p11csr_select which;
    struct p11csr_keygen wanted;
    PC_TRY(pc_take_options(select, select->struct_size, &which, sizeof(which), err));
    PC_TRY(pc_take_options(keygen, keygen->struct_size, &wanted, sizeof(wanted), err));
    if (wanted.spec == NULL) {
        return pc_fail(err, P11CSR_E_USAGE, "a new key needs a spec");
    }
    PC_TRY(pc_keyspec_find(wanted.spec, &spec, err));
    const struct pc_keygen plan = {.spec = spec,
                                   .backup = wanted.backup != 0,
                                   .decrypt = wanted.decrypt != 0,
                                   .derive = wanted.derive != 0,
                                   .overwrite_slot = wanted.overwrite_slot != 0};
    return wanted.ensure != 0 ? ensure_key(ctx, &which, &plan, ret_key, ret_made, err)
                              : make_key(ctx, &which, &plan, ret_key, err);
}

enum p11csr_code p11csr_key_generate(p11csr_ctx *ctx, const struct p11csr_select *select,
                                     const struct p11csr_keygen *keygen, p11csr_key **ret_key, int *ret_made,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    int made = 1;
    const struct pc_result result = take_and_generate(lock.ctx, select, keygen, ret_key, &made, err);
    if (pc_is_ok(result) && ret_made != NULL) {
        *ret_made = made;
    }
    return result.code;
}
