// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_CHANGES_H
#define PC_CSR_READING_CHANGES_H

#include "csr/crypto.h"
#include "csr/reading/source.h"

/*
 * What differs between two requests, or between what a request started from and what it became, as a JSON
 * array that the caller owns, one object for each thing that either says:
 *
 *   kind   "subject", "key", "extension", "attribute"; and only where two requests differ: "version",
 *          "signature" (its algorithm), "order" (of what is in both; its name is "extensions" or
 *          "attributes"), "encoding" (of something else)
 *   name   of the extension or attribute, or null
 *   oid    of the extension or attribute, or null
 *   state  "kept", "changed", "dropped", "added"
 *   old    what was: the subject's text, the SHA-256 of the key, the extension or attribute as it is
 *          described, the version, the algorithm's name, the OIDs in their order; not there when it was added
 *   new    what is; not there when it was dropped
 *   why    how it differs, where old and new do not show it
 */
PC_RESULT pc_source_changes(const struct pc_crypto *crypto, const struct pc_source *old,
                            const struct pc_source *new, json_t **ret, p11csr_error **err);

#endif
