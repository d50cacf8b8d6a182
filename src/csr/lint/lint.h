// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_LINT_H
#define PC_CSR_LINT_LINT_H

#include "csr/reading/read.h"

#include <jansson.h>

/* Rules of standards and of CAs that a request is held against. */

enum pc_lint_set {
    PC_LINT_STRUCTURE,
    PC_LINT_TLS_BR,
    PC_LINT_SMIME_BR,
    PC_LINT_CODESIGNING_BR,
    PC_LINT_FIPS,
    PC_LINT_CNSA2,
    PC_LINT_BSI,
    PC_LINT_ADCS,
    PC_LINT_LETSENCRYPT,
    PC_LINT_SET_COUNT
};

enum pc_lint_severity {
    PC_LINT_ERROR,
    PC_LINT_WARNING,
    PC_LINT_INFO,
    PC_LINT_NOT_JUDGED,
    PC_LINT_SEVERITIES
};

/* What a TLS certificate will be validated for, which a request does not say. */
enum pc_lint_validation { PC_LINT_VALIDATION_UNSAID, PC_LINT_DV, PC_LINT_OV, PC_LINT_IV };

struct pc_lint_data;

struct pc_lint_options {
    unsigned sets; /* bit 1 << set */
    enum pc_lint_validation validation;
    bool subject_is_given;     /* it was taken over: what is wrong with an established name is a warning */
    bool key_is_proved;        /* the request was made here and proved with the key on its token */
    struct pc_buf ignored;     /* const struct pc_lint_rule *: not checked, and told in the result */
    struct pc_lint_data *data; /* borrowed: lists that rules look things up in; NULL for the structure set */
};

/* The structure set. */
void pc_lint_options_init(struct pc_lint_options *options);
void pc_lint_options_done(struct pc_lint_options *options);
/* "structure,tls-br:dv": replaces the sets. Errors: LINT with the nearest name. */
PC_RESULT pc_lint_options_set(struct pc_lint_options *options, const char *list, p11csr_error **err);
/* Leaves out the rule of this id. Errors: LINT with the nearest id. */
PC_RESULT pc_lint_options_ignore(struct pc_lint_options *options, const char *id, p11csr_error **err);
/* The names of the sets as pc_lint_options_set() reads them. */
const char *pc_lint_set_name(enum pc_lint_set set);
const char *pc_lint_severity_name(enum pc_lint_severity severity);

/* How many findings there are of each severity. */
struct pc_lint_counts {
    size_t of[PC_LINT_SEVERITIES];
};

/*
 * Holds a request against the rules. *ret, which the caller releases, is an object: errors, warnings, infos,
 * not-judged (counts); sets (array of names); ignored (array of ids); findings: array of {id, set, severity,
 * text, byte (unless it is about no place)} in the order of the rules. The request was read tolerantly: its
 * deviations are findings too.
 */
PC_RESULT pc_lint_run(const struct pc_lint_options *options, const struct pc_crypto *crypto,
                      const struct pc_csr *csr, struct pc_lint_counts *ret_counts, json_t **ret,
                      p11csr_error **err);
/* All rules: array of {id, set, severity, title, source, explanation}, which the caller releases. */
PC_RESULT pc_lint_list(json_t **ret, p11csr_error **err);

#endif
