// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_LINT_H
#define P11CSR_LINT_H

#include "p11csr/csr.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Which rules requests are held against. Not to be used by two threads at a time while it is being filled;
 * afterwards threads may share it.
 */
typedef struct p11csr_lint p11csr_lint;

/*
 * Makes one with the set "structure": what every request has to be (RFC 2986, RFC 5280, X.690). Freed with
 * p11csr_lint_free(). Errors: NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_lint_new(p11csr_lint **ret_lint, p11csr_error **err);
/* Accepts NULL and a pointer to NULL. */
P11CSR_API void p11csr_lint_free(p11csr_lint **lint);
/*
 * Replaces the sets by those of a list with commas: structure; tls-br, also as tls-br:dv, :ov, :iv
 * (CA/Browser Forum TLS Baseline Requirements); smime-br; codesigning-br; fips; cnsa2; bsi; adcs;
 * letsencrypt. Errors: USAGE with the nearest name.
 */
P11CSR_API enum p11csr_code p11csr_lint_set_rules(p11csr_lint *lint, const char *list, p11csr_error **err);
/* Leaves out the rule of this id, like "T22"; results name it as ignored. Errors: USAGE. */
P11CSR_API enum p11csr_code p11csr_lint_ignore(p11csr_lint *lint, const char *id, p11csr_error **err);
/*
 * The directory with the lists that some rules look things up in; NULL: share/p11csr/lint where p11csr is
 * installed. Files of it are read when a rule first needs them, and none has to be there: a rule without its
 * list is not judged, and its finding names the file. Errors: READ when it is no directory.
 */
P11CSR_API enum p11csr_code p11csr_lint_set_data(p11csr_lint *lint, const char *dir, p11csr_error **err);

/* How many findings there are. Not judged: rules that need what a request does not show. */
struct p11csr_lint_counts {
    size_t errors;
    size_t warnings;
    size_t infos;
    size_t not_judged;
};

/*
 * Holds a request against the rules; `lint` NULL: the structure set. *ret_json, if not NULL, receives one
 * JSON object, to be freed with p11csr_free_text(): the counts, the sets, the ignored rules, and the findings
 * with id, set, severity, text, source and, where they are about a place, the byte. Findings are the result,
 * not an error. Errors: NO_MEMORY; READ, LIMIT and CONFIG for a list that is there and cannot be used.
 * Several threads may lint one request.
 */
P11CSR_API enum p11csr_code p11csr_csr_lint(p11csr_ctx *ctx, const p11csr_csr *csr, const p11csr_lint *lint,
                                            struct p11csr_lint_counts *ret_counts, char **ret_json,
                                            p11csr_error **err);
/*
 * All rules as a JSON array of objects with id, set, severity, title, source and explanation, to be freed
 * with p11csr_free_text(). Errors: NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_lint_list(char **ret_json, p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
