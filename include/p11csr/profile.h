// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_PROFILE_H
#define P11CSR_PROFILE_H

#include "p11csr/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Profiles: what a kind of request contains, what its key must be, and what it must not contain. Some are
 * built in; others are YAML files in the folder that the configuration names (profiles-dir), or anywhere.
 */
typedef struct p11csr_profile p11csr_profile;

/*
 * Reads a profile: the file when `name` holds a '/' or ends in ".yaml"; else NAME.yaml in the folder of the
 * configuration, or the one of that name that is built in. A profile is never changed: any number of threads
 * may use it. Freed with p11csr_profile_free(). Errors:
 * PROFILE_NOT_FOUND (with the nearest), CONFIG (with every mistake as FILE:LINE:COLUMN), READ.
 */
P11CSR_API enum p11csr_code p11csr_profile_load(p11csr_ctx *ctx, const char *name,
                                                p11csr_profile **ret_profile, p11csr_error **err);
P11CSR_API void p11csr_profile_free(p11csr_profile **profile);
/*
 * The profiles that can be named, as a JSON array to be freed with p11csr_free_text(). Each object has
 * "name", "description", "file" (null: built in), and "problem", why it cannot be used, or null. Errors:
 * READ.
 */
P11CSR_API enum p11csr_code p11csr_profiles_to_json(p11csr_ctx *ctx, char **ret_json, p11csr_error **err);
/*
 * What the profile says, as a JSON object to be freed with p11csr_free_text(); null and empty lists where it
 * says nothing. In the form of the file, with "file" (null: built in).
 */
P11CSR_API enum p11csr_code p11csr_profile_to_json(const p11csr_profile *profile, char **ret_json,
                                                   p11csr_error **err);
/*
 * One word of what the profile says, from 0; NULL behind the last. `field` is "name", "description",
 * "key.allow", "key.default", "key.usage", "key.require", "subject.require", "subject.order",
 * "subject.allow", "san.types", "san.min", "san.max", "extensions" (their words), "rules", "validation",
 * "proof"; NULL for any other. Borrowed from the profile.
 */
P11CSR_API const char *p11csr_profile_get(const p11csr_profile *profile, const char *field, size_t index);
/*
 * 1 when the profile has that list, be it empty: "san.types" that is there and empty allows no alternative
 * name, one that is not there any.
 */
P11CSR_API int p11csr_profile_has(const p11csr_profile *profile, const char *field);
/*
 * Makes a request one of this profile, which is loaded as p11csr_profile_load() does: what it asks for is set
 * now, with the origin "profile NAME", and from now on p11csr_request_check(), p11csr_request_assemble() and
 * p11csr_request_sign() refuse what is not as the profile wants it (PROFILE): subject, names and extensions,
 * the kind of key, and what the module reports of the key, which is a claim and no evidence. Comes before
 * other values, which replace its own. Errors: those of p11csr_profile_load().
 */
P11CSR_API enum p11csr_code p11csr_request_set_profile(p11csr_request *request, p11csr_ctx *ctx,
                                                       const char *name, p11csr_error **err);
/* The profile of a request, borrowed from it; NULL when it has none. */
P11CSR_API const p11csr_profile *p11csr_request_get_profile(const p11csr_request *request);
/*
 * To be called when all was set: adds the parts of the subject that the profile has values for and that are
 * not there, and puts the subject in the profile's order. Errors: NO_MEMORY, LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_request_complete(p11csr_request *request, p11csr_error **err);
/*
 * Says what a new key for this request must be able to do: `spec` becomes the profile's default where it is
 * "profile"; `decrypt` and `derive` are set as the key usage and the profile want it. Errors: USAGE (no
 * profile has a default), ALGORITHM, KEY_USE (this kind of key cannot do what the key usage says), PROFILE (a
 * backup of a key that may never be extractable).
 */
P11CSR_API enum p11csr_code p11csr_request_fill_keygen(const p11csr_request *request,
                                                       struct p11csr_keygen *keygen, p11csr_error **err);
/* The text of a profile that is built in, as YAML with comments; NULL for any other name. Static storage. */
P11CSR_API const char *p11csr_profile_shipped_text(const char *name);

#ifdef __cplusplus
}
#endif

#endif
