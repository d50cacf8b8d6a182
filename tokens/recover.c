// SPDX-License-Identifier: Apache-2.0
#include "tokens/recover.h"

#include "base/error.h"
#include "base/wait.h"

static const struct {
    enum p11csr_code code;
    enum pc_recovery recovery;
} policy[] = {
    {P11CSR_E_TOKEN_REMOVED, PC_RECOVERY_REOPEN}, // sessions end when a card is pulled or a device resets
    {P11CSR_E_CONNECTION, PC_RECOVERY_REOPEN},    // a network HSM or a daemon that was away
    {P11CSR_E_OBJECT_GONE, PC_RECOVERY_FIND},     // some HSMs give new handles after they synchronised
    {P11CSR_E_LOGIN, PC_RECOVERY_LOGIN},          // another program reset the card
    {P11CSR_E_BUSY, PC_RECOVERY_WAIT},            // no free session, throttled, an operation still active
};

enum pc_recovery pc_recovery_for(struct pc_result failed, unsigned tries)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(policy); i++) {
        // Whatever else helped once does not help twice.
        const unsigned most = policy[i].recovery == PC_RECOVERY_WAIT ? PC_RECOVERY_WAITS : 1;
        if (policy[i].code == failed.code) {
            return tries <= most ? policy[i].recovery : PC_RECOVERY_NONE;
        }
    }
    return PC_RECOVERY_NONE;
}

PC_RESULT pc_token_reattach(struct pc_token *token, p11csr_error **err)
{
    pc_token_drop_session(token);
    const struct pc_result result = pc_slot_again(&token->slot, err);
    token->lost = !pc_is_ok(result); // then nothing is opened before the same token was found
    return result;
}

static void wait_for(unsigned tries)
{
    static const unsigned waits[PC_RECOVERY_WAITS] = {100, 400, 1600};
    pc_wait_ms(waits[tries - 1]);
}

bool pc_token_recover(struct pc_token *token, struct pc_result failed, unsigned tries, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const enum pc_recovery recovery = pc_recovery_for(failed, tries);
    if (token->login_failed || (recovery != PC_RECOVERY_WAIT && recovery != PC_RECOVERY_REOPEN)) {
        return false;
    }
    if (recovery == PC_RECOVERY_WAIT) {
        wait_for(tries);
    } else if (!pc_is_ok(pc_token_reattach(token, &why))) {
        pc_note(err, "it was not tried again: %s", p11csr_error_cause(why, 0));
        return false;
    }
    p11csr_error_free(err);
    return true;
}

PC_RESULT pc_key_find_again(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                            p11csr_error **err)
{
    struct pc_key found PC_CLEANUP(pc_key_done);
    char *label PC_CLEANUP(pc_free_str) = NULL;
    pc_key_init(&found);
    struct pc_key_query query = {0};
    if (key->source == PC_PUBKEY_GIVEN) { // the token does not show it; ours is a copy
        query.given = pc_buf_span(&key->spki);
    }
    if (key->id.len > 0) {
        query.has_id = true;
        query.id = pc_buf_span(&key->id);
        label = pc_strndup((const char *)key->label.ptr, key->label.len);
        if (label == NULL) {
            return pc_fail_memory(err);
        }
        query.label = key->label.len > 0 ? label : NULL;
    } else {
        query.spki = pc_buf_span(&key->spki);
    }
    PC_TRY(pc_key_find(token, &query, login, &found, err));
    if (!pc_span_eq(pc_buf_span(&found.spki), pc_buf_span(&key->spki))) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "the key that was found again has another public key");
    }
    key->private_key = found.private_key;
    key->public_key = found.public_key;
    key->certificate = found.certificate;
    key->epoch = found.epoch;
    return PC_OK;
}

PC_RESULT pc_key_refresh(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                         p11csr_error **err)
{
    return key->epoch == token->epoch ? PC_OK : pc_key_find_again(token, key, login, err);
}

static struct pc_result recover(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                                enum pc_recovery recovery, p11csr_error **err)
{
    if (recovery == PC_RECOVERY_REOPEN) {
        PC_TRY(pc_token_reattach(token, err));
    }
    if (recovery == PC_RECOVERY_LOGIN) {
        pc_token_end_handles(token, false);
        token->logged_in = false;
        PC_TRY(pc_login_user(token, login, err));
    }
    return pc_key_find_again(token, key, login, err);
}

/* What was seen first: the outer frames say only what was being done. */
static const char *innermost(const p11csr_error *error)
{
    const size_t count = p11csr_error_cause_count(error);
    return count > 0 ? p11csr_error_cause(error, count - 1) : p11csr_error_message(error);
}

/* Which of two failures is told: that of the operation, or that of mending it. */
static void choose_error(p11csr_error **why, struct pc_result mending, struct pc_result *result,
                         p11csr_error **err)
{
    const bool is_auth =
        p11csr_code_exit_status(mending.code) == p11csr_code_exit_status(P11CSR_E_PIN_NEEDED);
    if (!is_auth && mending.code != P11CSR_E_PROOF_PUBLIC_KEY) {
        pc_note(err, "it was not tried again: %s", innermost(*why));
        return;
    }
    *result = mending;
    if (err != NULL) {
        pc_note(why, "met on the way to another try after: %s", innermost(*err));
        p11csr_error_free(err);
        *err = *why;
        *why = NULL;
    }
}

bool pc_key_retry(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                  struct pc_result *result, unsigned tries, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    const enum pc_recovery recovery = pc_recovery_for(*result, tries);
    if (pc_is_ok(*result)) {
        return false;
    }
    pc_token_ended(token, *result);
    if (token->has_session) { // the operation that failed may still be active in it
        pc_ignore(pc_token_renew_session(token, NULL));
    }
    if (recovery == PC_RECOVERY_NONE || token->login_failed) {
        return false;
    }
    if (recovery == PC_RECOVERY_WAIT) {
        wait_for(tries);
    } else {
        const struct pc_result mended = recover(token, key, login, recovery, &why);
        if (!pc_is_ok(mended)) {
            pc_token_ended(token, mended);
            choose_error(&why, mended, result, err);
            return false;
        }
    }
    p11csr_error_free(err);
    return true;
}
