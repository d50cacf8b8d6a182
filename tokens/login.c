// SPDX-License-Identifier: Apache-2.0
#include "tokens/login.h"

#include "base/error.h"
#include "tokens/call.h"
#include "tokens/ckr.h"
#include "tokens/lane.h"
#include "tokens/token.h"

#include <stdio.h>

/* What was asked for, else what is known about the token. */
static enum pc_login_mode mode_of(struct pc_token *token, const struct pc_login *login)
{
    if (login->mode != PC_LOGIN_AUTO) {
        return login->mode;
    }
    if (pc_quirk_is(&token->quirks, PC_QUIRK_LOGIN, "always")) {
        return PC_LOGIN_ALWAYS;
    }
    return pc_quirk_is(&token->quirks, PC_QUIRK_LOGIN, "never") ? PC_LOGIN_NEVER : PC_LOGIN_AUTO;
}

static enum pc_role role_for_changes(struct pc_token *token, const struct pc_login *login)
{
    return login->as_so || pc_quirk_is(&token->quirks, PC_QUIRK_KEYGEN_LOGIN, "so") ? PC_ROLE_SO
                                                                                    : PC_ROLE_USER;
}

static const char *form_of(struct pc_token *token, enum pc_role role)
{
    return pc_quirk_text(&token->quirks, role == PC_ROLE_SO ? PC_QUIRK_SO_PIN_FORM : PC_QUIRK_PIN_FORM);
}

bool pc_login_protects(const struct pc_token *token)
{
    return token->logged_in || token->so_logged_in ||
           (token->slot.token_info.flags & CKF_LOGIN_REQUIRED) != 0;
}

bool pc_login_needed(const struct pc_token *token)
{
    return !token->logged_in && (token->slot.token_info.flags & CKF_LOGIN_REQUIRED) != 0;
}

static bool comes_first(struct pc_token *token, const struct pc_login *login, enum pc_role role)
{
    const struct pc_pin_source *source = role == PC_ROLE_SO ? login->so_source : login->source;
    return mode_of(token, login) != PC_LOGIN_AUTO || (source != NULL && !source->asks_person);
}

bool pc_login_comes_first(struct pc_token *token, const struct pc_login *login)
{
    return comes_first(token, login, PC_ROLE_USER);
}

void pc_login_hint(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    if (mode_of(token, login) == PC_LOGIN_NEVER && pc_login_needed(token)) {
        pc_hint(err, "no login took place, by --login never or the quirk login=never, and private keys do "
                     "not show without one: try --login auto");
    }
}

void pc_login_change_hint(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    if (mode_of(token, login) == PC_LOGIN_NEVER) {
        pc_hint(err, "no login took place, by --login never or the quirk login=never: try --login auto");
    } else if (role_for_changes(token, login) == PC_ROLE_SO) {
        pc_hint(err, "the token may want this to be done by the user: try --login-as user, or the quirk "
                     "keygen-login=user");
    } else {
        pc_hint(err, "the token may want this to be done by the security officer: --login-as so "
                     "--so-pin-source SRC");
    }
}

static struct pc_result begin(struct pc_token *token, const struct pc_login *login, enum pc_role role,
                              const char *key, struct pc_auth *ret, p11csr_error **err)
{
    const struct pc_pin_request asked = {.role = role, .key = key, .form = form_of(token, role)};
    return pc_auth_begin(token, login, &asked, ret, err);
}

static struct pc_result ask_and_send(struct pc_token *token, const struct pc_login *login, enum pc_role role,
                                     p11csr_error **err)
{
    struct pc_auth auth PC_CLEANUP(pc_auth_done) = {0};
    PC_TRY(begin(token, login, role, NULL, &auth, err));
    const CK_RV rv = pc_auth_send(&auth);
    // Already: another session of this process logged in.
    return rv == CKR_USER_ALREADY_LOGGED_IN ? PC_OK : pc_auth_judge(&auth, rv, err);
}

static struct pc_result log_in(struct pc_token *token, const struct pc_login *login, enum pc_role role,
                               p11csr_error **err)
{
    char name[40];
    pc_token_name(token, name);
    return pc_frame(ask_and_send(token, login, role, err), err, "cannot log in to token '%s'%s", name,
                    role == PC_ROLE_SO ? " as security officer" : "");
}

/*
 * The two roles exclude each other: whoever is logged in goes first, and with him the lanes, beside whose
 * read-only sessions no SO may log in.
 */
static struct pc_result log_out(struct pc_token *token, p11csr_error **err)
{
    pc_lanes_close(token->lanes, false);
    if (!token->logged_in && !token->so_logged_in) {
        return PC_OK;
    }
    pc_token_end_handles(token, false);
    const CK_RV rv = PC_P11(token->slot.module, C_Logout, token->session);
    token->logged_in = false;
    token->so_logged_in = false;
    return rv == CKR_USER_NOT_LOGGED_IN ? PC_OK : pc_ckr(rv, "C_Logout", err);
}

static struct pc_result log_in_user(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    PC_TRY(pc_token_session(token, false, err));
    if (token->so_logged_in) {
        PC_TRY(log_out(token, err));
    }
    PC_TRY(log_in(token, login, PC_ROLE_USER, err));
    token->logged_in = true;
    return PC_OK;
}

static struct pc_result log_in_so(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    if (token->so_logged_in) {
        return PC_OK;
    }
    PC_TRY(pc_token_session(token, true, err)); // closes the read-only one, beside which no SO may log in
    PC_TRY(log_out(token, err));
    PC_TRY(log_in(token, login, PC_ROLE_SO, err));
    token->so_logged_in = true;
    return PC_OK;
}

/* The login that a role wants for its work, in the modes that have one. */
static struct pc_result log_in_as_needed(struct pc_token *token, const struct pc_login *login,
                                         enum pc_role role, p11csr_error **err)
{
    if (mode_of(token, login) == PC_LOGIN_NEVER) {
        return PC_OK;
    }
    if (role == PC_ROLE_SO) {
        return log_in_so(token, login, err);
    }
    const bool needed = mode_of(token, login) == PC_LOGIN_ALWAYS ? !token->logged_in : pc_login_needed(token);
    return needed ? log_in_user(token, login, err) : PC_OK;
}

PC_RESULT pc_login_user(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    return log_in_as_needed(token, login, PC_ROLE_USER, err);
}

PC_RESULT pc_login_change(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    pc_token_look(token);
    return log_in_as_needed(token, login, role_for_changes(token, login), err);
}

PC_RESULT pc_login_look(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    const enum pc_role role = login->as_so ? PC_ROLE_SO : PC_ROLE_USER;
    pc_token_look(token);
    const bool wanted = comes_first(token, login, role) || (role == PC_ROLE_USER && login->source_named);
    const struct pc_result result = wanted ? log_in_as_needed(token, login, role, err) : PC_OK;
    pc_token_ended(token, result);
    return result;
}

PC_RESULT pc_login_open(struct pc_token *token, const struct pc_login *login, p11csr_error **err)
{
    if (mode_of(token, login) != PC_LOGIN_ALWAYS || token->logged_in || token->so_logged_in) {
        return PC_OK;
    }
    return login->as_so ? log_in_so(token, login, err) : log_in_user(token, login, err);
}

PC_RESULT pc_login_context_begin(struct pc_token *token, const struct pc_login *login, const char *key,
                                 struct pc_auth *ret, p11csr_error **err)
{
    *ret = (struct pc_auth){0};
    if (mode_of(token, login) == PC_LOGIN_NEVER) {
        return PC_OK;
    }
    return pc_frame(begin(token, login, PC_ROLE_CONTEXT, key, ret, err), err,
                    "cannot authenticate for the use of key '%s'", key);
}

PC_RESULT pc_login_context_send(struct pc_auth *auth, char ret_ignored[static 32], p11csr_error **err)
{
    // Tokens that store CKA_ALWAYS_AUTHENTICATE and do not act on it have no login for one use: opencryptoki
    // does not know the role, NSS takes it for that of the user, others lack it.
    static const CK_RV ignored[] = {CKR_USER_ALREADY_LOGGED_IN, CKR_FUNCTION_NOT_SUPPORTED,
                                    CKR_USER_TYPE_INVALID};
    ret_ignored[0] = 0;
    if (auth->token == NULL) {
        return PC_OK;
    }
    const CK_RV rv = pc_auth_send(auth);
    for (size_t i = 0; i < PC_ARRAY_LEN(ignored); i++) {
        if (rv == ignored[i]) {
            char fallback[32];
            auth->token->login_failed = false;
            (void)snprintf(ret_ignored, 32, "%s", pc_ckr_name(rv, fallback));
            pc_auth_done(auth);
            return PC_OK;
        }
    }
    const struct pc_result result = pc_auth_judge(auth, rv, err);
    pc_auth_done(auth); // a signature may take long
    return pc_frame(result, err, "cannot authenticate for the use of key '%s'", auth->request.key);
}
