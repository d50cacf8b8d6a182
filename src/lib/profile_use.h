// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_PROFILE_USE_H
#define PC_LIB_PROFILE_USE_H

#include "alg/rows.h"
#include "lib/profile.h"
#include "tokens/protection.h"

/*
 * Holding a request and its key against its profile. Errors: PROFILE, with everything that it lacks; where a
 * request has no profile nothing is wrong.
 */
PC_RESULT pc_profile_check_content(const p11csr_request *request, p11csr_error **err);
PC_RESULT pc_profile_check_kind(const p11csr_request *request, const struct pc_keyspec *spec,
                                p11csr_error **err);
/* That the token can hold such a key, before it is made. */
PC_RESULT pc_profile_check_slot(const p11csr_request *request, const struct pc_token *token,
                                p11csr_error **err);
PC_RESULT pc_profile_check_backup(const p11csr_request *request, p11csr_error **err);
bool pc_profile_wants_protection(const p11csr_request *request);
PC_RESULT pc_profile_check_protection(const p11csr_request *request, const struct pc_key_protection *is,
                                      p11csr_error **err);

/* The types that a subject has, in its order; the caller calls pc_profile_list_done(). */
PC_RESULT pc_profile_subject_types(struct pc_span subject, struct pc_profile_list *ret, p11csr_error **err);
/* Appends the subject in the order of the profile. */
PC_RESULT pc_profile_put_in_order(const struct p11csr_profile *profile, struct pc_span subject,
                                  struct pc_buf *ret, p11csr_error **err);

/*
 * What a key has to be able to do for a key usage (RFC 5280 section 4.2.1.3), as the module reports it.
 * Signing is not among it: that shows when it signs. Errors: KEY_USE.
 */
bool pc_key_usage_wants_more(unsigned key_usage);
PC_RESULT pc_key_usage_check(unsigned key_usage, const struct pc_key_protection *is, p11csr_error **err);

#endif
