// SPDX-License-Identifier: Apache-2.0
#include "tokens/sign.h"

#include "alg/signature.h"
#include "base/error.h"
#include "base/limits.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/recover.h"

#include <stdio.h>
#include <string.h>

static struct pc_span signer_spki(const void *self)
{
    return pc_buf_span(&((const struct pc_token_signer *)self)->key->spki);
}

/* Whether the row of this token says that it lists a mechanism which is no good. */
static bool is_avoided(struct pc_token *token, CK_MECHANISM_TYPE type)
{
    struct pc_quirk_item item;
    size_t at = 0;
    bool found = false;
    while (!found && pc_quirk_next(&token->quirks, PC_QUIRK_AVOID_MECHS, &at, &item)) {
        found = item.number == type;
    }
    return found;
}

static bool is_allowed(CK_MECHANISM_TYPE type, struct pc_span allowed)
{
    CK_MECHANISM_TYPE one = 0;
    for (size_t at = 0; at + sizeof(one) <= allowed.len; at += sizeof(one)) {
        memcpy(&one, allowed.ptr + at, sizeof(one));
        if (one == type) {
            return true;
        }
    }
    return allowed.len == 0;
}

static bool will_do(struct pc_token *token, const struct pc_mech *mech, const struct pc_mech_wish *wish)
{
    return mech != wish->refused && !(wish->hashed && mech->input == PC_INPUT_MESSAGE) &&
           is_allowed(mech->ckm, wish->allowed) && !is_avoided(token, mech->ckm);
}

static void note_allowed(struct pc_span allowed, p11csr_error **err)
{
    CK_MECHANISM_TYPE one = 0;
    char fallback[32];
    for (size_t at = 0; at + sizeof(one) <= allowed.len; at += sizeof(one)) {
        memcpy(&one, allowed.ptr + at, sizeof(one));
        pc_note(err, "the key allows: %s", pc_ckm_name(one, fallback));
    }
}

PC_RESULT pc_token_mechanism_for(struct pc_token *token, const struct pc_scheme *scheme,
                                 const struct pc_mech_wish *wish, const struct pc_mech **ret,
                                 p11csr_error **err)
{
    for (size_t i = 0; i < scheme->mech_count; i++) {
        bool there = false;
        PC_TRY(pc_token_has_mechanism(token, scheme->mechs[i].ckm, CKF_SIGN, &there, err));
        if (there && will_do(token, &scheme->mechs[i], wish)) {
            *ret = &scheme->mechs[i];
            return PC_OK;
        }
    }
    char name[40];
    char first[32];
    char last[32];
    pc_token_name(token, name);
    const struct pc_result result =
        pc_fail(err, P11CSR_E_MECHANISM, "token '%s' has no mechanism for %s%s: looked for %s%s%s", name,
                scheme->name, wish->allowed.len > 0 ? " that the key allows" : "",
                pc_ckm_name(scheme->mechs[0].ckm, first), scheme->mech_count > 1 ? " and " : "",
                scheme->mech_count > 1 ? pc_ckm_name(scheme->mechs[scheme->mech_count - 1].ckm, last) : "");
    note_allowed(wish->allowed, err);
    return result;
}

PC_RESULT pc_token_mechanism(struct pc_token *token, const struct pc_scheme *scheme,
                             const struct pc_mech **ret, p11csr_error **err)
{
    return pc_token_mechanism_for(token, scheme, &(struct pc_mech_wish){0}, ret, err);
}

static PC_RESULT signer_choose(void *self, const struct pc_scheme *scheme, const struct pc_mech **ret,
                               p11csr_error **err)
{
    const struct pc_token_signer *signer = self;
    const struct pc_mech_wish wish = {.refused = signer->refused};
    return pc_token_mechanism_for(signer->token, scheme, &wish, ret, err);
}

bool pc_token_may_ask(struct pc_token *token)
{
    return (token->slot.token_info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0 ||
           pc_quirk_is(&token->quirks, PC_QUIRK_TOUCH, "yes");
}

/* C_Sign into `ret`, once more with a larger buffer if the token says that the first is too small. */
static struct pc_result sign_into(const struct pc_token_signer *self, struct pc_span input,
                                  struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_module *module = self->token->slot.module;
    CK_ULONG len = pc_signature_max(self->key->public.spec, self->key->public.bits);
    CK_RV rv = CKR_BUFFER_TOO_SMALL;
    CK_ULONG room = 0;
    for (int tries = 0; tries < 2 && rv == CKR_BUFFER_TOO_SMALL && len <= PC_MAX_SIGNATURE; tries++) {
        room = len;
        uint8_t *to = pc_buf_reserve(ret, room);
        PC_TRY(pc_buf_check(ret, err));
        rv = PC_P11_ASKING(module, pc_token_may_ask(self->token), C_Sign, self->token->session,
                           (CK_BYTE *)(uintptr_t)input.ptr, input.len, to, &len);
    }
    PC_TRY(pc_token_ckr(self->token, rv, "C_Sign", err));
    if (len > room) {
        return pc_fail(err, P11CSR_E_TOKEN, "C_Sign returned more bytes than it was given room for");
    }
    ret->len += len;
    return PC_OK;
}

/* CK_EDDSA_PARAMS of PKCS#11 3.0, which p11-kit's header of 2022 lacks. */
struct eddsa_params {
    CK_BBOOL ph_flag;
    CK_ULONG context_len;
    CK_BYTE *context;
};

/*
 * C_SignInit. The standard has no parameter for Ed25519; some tokens want one for Ed448 that says that it
 * is plain.
 */
static CK_RV sign_init(const struct pc_sign_place *at, const struct pc_keyspec *spec, CK_MECHANISM *mechanism)
{
    struct eddsa_params plain = {.ph_flag = CK_FALSE};
    CK_RV rv = PC_P11(at->module, C_SignInit, at->session, mechanism, at->key);
    if ((rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD) && spec->id == PC_KEYSPEC_ED448) {
        mechanism->pParameter = &plain;
        mechanism->ulParameterLen = sizeof(plain);
        rv = PC_P11(at->module, C_SignInit, at->session, mechanism, at->key);
        mechanism->pParameter = NULL;
        mechanism->ulParameterLen = 0;
    }
    return rv;
}

/* `pss` is filled where the mechanism has it as its parameter, and stays as long as that. */
static CK_MECHANISM mechanism_of(const struct pc_scheme *scheme, const struct pc_mech *mech,
                                 CK_RSA_PKCS_PSS_PARAMS *pss)
{
    const struct pc_digest *digest = pc_digest_get(scheme->digest);
    if (mech->param != PC_MECH_PARAM_PSS) {
        return (CK_MECHANISM){.mechanism = mech->ckm};
    }
    *pss = (CK_RSA_PKCS_PSS_PARAMS){.hashAlg = digest->ckm, .mgf = digest->mgf, .sLen = digest->len};
    return (CK_MECHANISM){.mechanism = mech->ckm, .pParameter = pss, .ulParameterLen = sizeof(*pss)};
}

CK_RV pc_sign_bare(const struct pc_sign_place *at, const struct pc_public *public,
                   const struct pc_scheme *scheme, const struct pc_mech *mech, struct pc_span input,
                   struct pc_buf *ret)
{
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_MECHANISM mechanism = mechanism_of(scheme, mech, &pss);
    const size_t room = pc_signature_max(public->spec, public->bits);
    CK_ULONG len = room;
    uint8_t *to = pc_buf_reserve(ret, room);
    if (to == NULL) {
        return CKR_HOST_MEMORY;
    }
    CK_RV rv = sign_init(at, public->spec, &mechanism);
    if (rv == CKR_OK) {
        rv = PC_P11(at->module, C_Sign, at->session, (CK_BYTE *)(uintptr_t)input.ptr, input.len, to, &len);
    }
    if (rv == CKR_OK && len > room) {
        return CKR_GENERAL_ERROR;
    }
    ret->len += rv == CKR_OK ? len : 0;
    return rv;
}

void pc_token_signer_done(struct pc_token_signer *self)
{
    pc_auth_done(&self->auth);
    self->auth = (struct pc_auth){0};
}

/* C_SignInit, the login for this one use where the key wants it, C_Sign: nothing stands between them. */
static struct pc_result sign_begun(struct pc_token_signer *self, CK_MECHANISM *mechanism,
                                   struct pc_span input, bool *ret_begun, struct pc_buf *ret,
                                   p11csr_error **err)
{
    char ignored[32];
    const struct pc_sign_place at = {
        .module = self->token->slot.module, .session = self->token->session, .key = self->key->private_key};
    const struct pc_result begun =
        pc_token_ckr(self->token, sign_init(&at, self->key->public.spec, mechanism), "C_SignInit", err);
    *ret_begun = pc_is_ok(begun);
    PC_TRY(begun);
    PC_TRY(pc_login_context_send(&self->auth, ignored, err));
    const struct pc_result result = sign_into(self, input, ret, err);
    if (pc_is_ok(result)) {
        self->always_authenticate = self->always_authenticate && ignored[0] == 0; // else asked for in vain
    } else if (ignored[0] != 0) {
        pc_note(err, "C_Login for this use of the key: %s", ignored);
    }
    return result;
}

/* The PIN for this use, unless it was got for a mechanism that was refused before it was sent. */
static struct pc_result get_ready(struct pc_token_signer *self, p11csr_error **err)
{
    if (!self->always_authenticate || self->auth.token != NULL) {
        return PC_OK;
    }
    (void)snprintf(self->label, sizeof(self->label), "%.*s", (int)self->key->label.len,
                   (const char *)self->key->label.ptr);
    return pc_login_context_begin(self->token, self->login, self->label, &self->auth, err);
}

static struct pc_result sign_mechanism(struct pc_token_signer *self, CK_MECHANISM *mechanism,
                                       struct pc_span input, bool *ret_refused, struct pc_buf *ret,
                                       p11csr_error **err)
{
    bool begun = false;
    struct pc_result result = get_ready(self, err);
    if (pc_is_ok(result)) {
        result = sign_begun(self, mechanism, input, &begun, ret, err);
    }
    *ret_refused = result.code == P11CSR_E_MECHANISM && !begun;
    if (!*ret_refused) {
        pc_token_signer_done(self);
    }
    return result;
}

static struct pc_result sign_once(struct pc_token_signer *self, const struct pc_scheme *scheme,
                                  const struct pc_mech *mech, struct pc_span input, struct pc_buf *ret,
                                  p11csr_error **err)
{
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_MECHANISM mechanism = mechanism_of(scheme, mech, &pss);
    bool is_refused = false;
    const struct pc_result result = sign_mechanism(self, &mechanism, input, &is_refused, ret, err);
    if (is_refused) {
        self->refused = mech; // nothing was signed: another one may do
    }
    if (result.code == P11CSR_E_LOGIN) {
        pc_login_hint(self->token, self->login, err);
    }
    return result;
}

/* An ECDSA signature as PKCS#11 has it, from tokens that have it otherwise. */
static struct pc_result as_raw(const struct pc_token_signer *self, const struct pc_scheme *scheme,
                               struct pc_buf *signature, p11csr_error **err)
{
    struct pc_buf raw PC_CLEANUP(pc_buf_done) = {0};
    if (scheme->encoding != PC_SIG_ECDSA_DER ||
        pc_quirk_is(&self->token->quirks, PC_QUIRK_ECDSA_OUT, "raw")) {
        return PC_OK;
    }
    pc_buf_init(&raw, PC_MAX_SIGNATURE);
    PC_TRY(pc_signature_decode(self->key->public.spec, pc_buf_span(signature), &raw, err));
    signature->len = 0;
    pc_buf_add_span(signature, pc_buf_span(&raw));
    return pc_buf_check(signature, err);
}

static PC_RESULT signer_sign(void *data, const struct pc_scheme *scheme, const struct pc_mech *mech,
                             struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_token_signer *self = data;
    char name[32];
    struct pc_result result = sign_once(self, scheme, mech, input, ret, err);
    for (unsigned tries = 1; pc_key_retry(self->token, self->key, self->login, &result, tries, err);
         tries++) {
        result = sign_once(self, scheme, mech, input, ret, err);
    }
    if (pc_is_ok(result)) {
        result = as_raw(self, scheme, ret, err);
    }
    if (!pc_is_ok(result)) {
        pc_quirks_explain(&self->token->quirks, result, err);
        return pc_frame(result, err, "cannot sign with key '%.*s' by %s", (int)self->key->label.len,
                        (const char *)self->key->label.ptr, pc_ckm_name(mech->ckm, name));
    }
    self->used = mech;
    return PC_OK;
}

static struct pc_result prepare(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                                enum pc_flag *ret_always, p11csr_error **err)
{
    if (key->is_private) {
        PC_TRY(pc_login_user(token, login, err));
    }
    PC_TRY(pc_token_session(token, false, err));
    PC_TRY(pc_key_refresh(token, key, login, err));
    return pc_object_flag(token, key->private_key, CKA_ALWAYS_AUTHENTICATE, ret_always, err);
}

PC_RESULT pc_token_signer_init(struct pc_token_signer *self, struct pc_token *token, struct pc_key *key,
                               const struct pc_login *login, struct pc_signer *ret_signer, p11csr_error **err)
{
    static const struct pc_signer_ops ops = {
        .spki = signer_spki, .choose = signer_choose, .sign = signer_sign};
    enum pc_flag always = PC_FLAG_UNKNOWN;
    struct pc_result result = prepare(token, key, login, &always, err);
    for (unsigned tries = 1; pc_key_retry(token, key, login, &result, tries, err); tries++) {
        result = prepare(token, key, login, &always, err);
    }
    PC_TRY(result);
    *self = (struct pc_token_signer){.token = token,
                                     .key = key,
                                     .login = login,
                                     .wants_pin = always == PC_FLAG_YES,
                                     .always_authenticate = always == PC_FLAG_YES};
    *ret_signer = (struct pc_signer){.ops = &ops, .self = self};
    return PC_OK;
}
