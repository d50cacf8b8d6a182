// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/request.h"
#include "lib/certificate.h"
#include "lib/target.h"
#include "tokens/sign.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Finding the key that a certificate is for. */

static bool has_name(const struct pc_key_query *query)
{
    return query->label != NULL || query->has_id;
}

static struct pc_result fail_other_key(const char *why, p11csr_error **err)
{
    const struct pc_result result = pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "the key that is named %s", why);
    pc_hint(err, "see which key the certificate is for: p11csr keys show --key-for FILE");
    return result;
}

static struct pc_result fail_no_key(bool is_named, bool some_hidden, p11csr_error **err)
{
    const struct pc_result result = pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "no private key on the token %s",
                                            is_named ? "matches" : "has the certificate's public key");
    pc_hint(err, some_hidden ? "keys are there that do not show their public half: name the one that it is "
                               "for, like --key-label LABEL, and that is tried by a signature"
                             : "a certificate is stored beside its key: see which are there: p11csr keys "
                               "list");
    return result;
}

static struct pc_result fail_no_login(struct pc_opened *opened, bool is_named, p11csr_error **err)
{
    const struct pc_result result =
        pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "no private key %s shows without a login",
                is_named ? "that matches" : "with the certificate's public key");
    pc_login_hint(&opened->token, &opened->login, err);
    return result;
}

static struct pc_result fail_many(const struct pc_opened *opened, const struct pc_buf *keys,
                                  struct pc_span spki, size_t count, p11csr_error **err)
{
    const struct pc_result result =
        pc_fail(err, P11CSR_E_KEY_AMBIGUOUS, "%zu private keys have the certificate's public key", count);
    for (size_t at = 0; at < keys->len; at += sizeof(struct pc_key)) {
        const struct pc_key *key = (const struct pc_key *)(const void *)(keys->ptr + at);
        if (pc_span_eq(pc_buf_span(&key->spki), spki)) {
            pc_key_note_uri(&opened->token, key, err);
        }
    }
    return result;
}

/* A message that is no request, no certificate and nothing else that means something. */
static struct pc_result make_message(uint8_t ret[64], p11csr_error **err)
{
    static const char text[] = "p11csr: which key is this? ";
    memset(ret, ' ', 64);
    memcpy(ret, text, sizeof(text) - 1);
    return getrandom(ret + 32, 32, 0) == 32 ? PC_OK
                                            : pc_fail_errno(err, P11CSR_E_INTERNAL, errno, "getrandom");
}

static struct pc_result try_signature(p11csr_ctx *ctx, struct pc_opened *opened, struct pc_key *key,
                                      const struct pc_verifier *verifier, bool *ret, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_token_signer token_signer PC_CLEANUP(pc_token_signer_done) = {0};
    struct pc_signer signer;
    uint8_t message[64];
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(make_message(message, err));
    PC_TRY(pc_token_signer_init(&token_signer, &opened->token, key, &opened->login, &signer, err));
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifier,
                                       .signer = &signer,
                                       .scheme = pc_scheme_get(pc_verifier_key(verifier)->spec->scheme)};
    pc_ctx_warn(ctx, "the key does not show its public half: it signs a test message, to prove that the "
                     "certificate is for it");
    pc_opened_touch(ctx, opened);
    return pc_signing_try(&signing, PC_SPAN(message), ret, err);
}

/* The key that is named and shows nothing, if what it signs verifies by the certificate's key. */
static struct pc_result prove(p11csr_ctx *ctx, struct pc_opened *opened, const struct pc_key_query *query,
                              struct pc_span spki, struct pc_key *ret, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_verifier *verifier PC_CLEANUP(pc_verifier_free) = NULL;
    struct pc_key_query with_key = *query;
    bool is_half = false;
    with_key.given = spki;
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(pc_verifier_new(crypto, spki, &verifier, err));
    const struct pc_result found = pc_key_find(&opened->token, &with_key, &opened->login, ret, err);
    if (found.code == P11CSR_E_PROOF_PUBLIC_KEY) { // it is of another kind, or shows another key after all
        p11csr_error_free(err);
        return fail_other_key("is of another kind than the certificate's", err);
    }
    PC_TRY(found);
    PC_TRY(pc_frame(try_signature(ctx, opened, ret, verifier, &is_half, err), err,
                    "cannot prove that the certificate is for the key"));
    return is_half ? PC_OK : fail_other_key("is not the certificate's: what it signs does not verify", err);
}

static struct pc_result check_id(const struct pc_key *key, p11csr_error **err)
{
    if (key->id.len > 0) {
        return PC_OK;
    }
    const struct pc_result result = pc_fail(
        err, P11CSR_E_UNSUPPORTED, "the key has no CKA_ID, by which others would find its certificate");
    pc_hint(err, "give it one: p11csr keys label --key-label LABEL --new-id HEX");
    return result;
}

PC_RESULT pc_cert_key_find(p11csr_ctx *ctx, struct pc_opened *opened, const struct pc_key_query *query,
                           struct pc_span spki, struct pc_key *ret, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    struct pc_key *found = NULL;
    size_t named = 0;
    size_t hidden = 0;
    size_t count = 0;
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(pc_keys_list(&opened->token, query, &keys, err));
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        struct pc_key *key = (struct pc_key *)(void *)(keys.ptr + at);
        const bool is_private = key->private_key != CK_INVALID_HANDLE;
        named += is_private && has_name(query) ? 1 : 0;
        hidden += is_private && key->spki.len == 0 ? 1 : 0;
        if (is_private && pc_span_eq(pc_buf_span(&key->spki), spki)) {
            found = key;
            count++;
        }
    }
    if (count > 1) {
        return fail_many(opened, &keys, spki, count, err);
    }
    if (count == 0 && pc_login_needed(&opened->token)) {
        return fail_no_login(opened, has_name(query), err);
    }
    if (count == 0 && named == 0) {
        return fail_no_key(has_name(query), hidden > 0, err);
    }
    if (count == 0 && hidden == 0) {
        return fail_other_key("does not show the certificate's public key", err);
    }
    if (count == 0) {
        PC_TRY(prove(ctx, opened, query, spki, ret, err));
        return check_id(ret, err);
    }
    *ret = *found;
    pc_key_init(found); // what it held is *ret's now
    return check_id(ret, err);
}
