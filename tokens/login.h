// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_LOGIN_H
#define PC_TOKENS_LOGIN_H

#include "tokens/auth.h"

/* When who logs in. */

/* True when the token keeps private objects: it wants a login for them, or one took place. */
bool pc_login_protects(const struct pc_token *token);
/* True when the token wants a login for its private objects (CKF_LOGIN_REQUIRED) and has none yet. */
bool pc_login_needed(const struct pc_token *token);
/*
 * True when the token need not be searched without a login first: one that asks nobody costs less than a
 * second search.
 */
bool pc_login_comes_first(struct pc_token *token, const struct pc_login *login);
/* Makes the failure of a search or use say that no login took place, where that was so by choice. */
void pc_login_hint(struct pc_token *token, const struct pc_login *login, p11csr_error **err);
/* Makes a LOGIN failure of making a key or changing an object name the role that it may want. */
void pc_login_change_hint(struct pc_token *token, const struct pc_login *login, p11csr_error **err);

/*
 * Logs in as the normal user, if that is needed and not done, and the security officer out. The token's flags
 * are read first: a locked PIN is never tried, a final try only when it is accepted, and after a wrong PIN
 * none is sent again in this run. A token with a PIN pad (CKF_PROTECTED_AUTHENTICATION_PATH) is asked without
 * a PIN.
 */
PC_RESULT pc_login_user(struct pc_token *token, const struct pc_login *login, p11csr_error **err);
/* The login in which keys are made and objects are changed: the security officer's where `login` says so. */
PC_RESULT pc_login_change(struct pc_token *token, const struct pc_login *login, p11csr_error **err);
/* The login in which a token is looked at, in the same role: if it comes first (see above) or was named. */
PC_RESULT pc_login_look(struct pc_token *token, const struct pc_login *login, p11csr_error **err);
/* To be called when the token is opened: the login of PC_LOGIN_ALWAYS. */
PC_RESULT pc_login_open(struct pc_token *token, const struct pc_login *login, p11csr_error **err);

/*
 * The login that a key with CKA_ALWAYS_AUTHENTICATE wants between C_SignInit and C_Sign, in two halves:
 * everything that takes time, asks a person or calls the module is done by the first, before C_SignInit, so
 * that nothing stands between the three calls. `ret` stays where it is until pc_auth_done(); it is empty when
 * no login is to take place.
 */
PC_RESULT pc_login_context_begin(struct pc_token *token, const struct pc_login *login, const char *key,
                                 struct pc_auth *ret, p11csr_error **err);
/*
 * C_Login(CKU_CONTEXT_SPECIFIC). Modules that know no such login, or say that the user is logged in already,
 * may sign all the same: *ret_ignored is set to what they said, to be noted if they do not.
 */
PC_RESULT pc_login_context_send(struct pc_auth *auth, char ret_ignored[static 32], p11csr_error **err);

#endif
