// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_PLAN_H
#define PC_LIB_PLAN_H

#include "base/buf.h"

#include <jansson.h>

/* The parts of a plan as its JSON has them, decoded. */
struct pc_plan {
    struct pc_buf tbs;  /* CertificationRequestInfo */
    struct pc_buf spki; /* SubjectPublicKeyInfo */
    const char *scheme; /* borrowed from `root`, as what follows */
    const char *tbs_sha256;
    const char *spki_sha256;
    const json_t *content;
    json_t *root;
};

/* Reads the form only: that the parts are there, and that each is what it has to be. Errors: VALUE. */
PC_RESULT pc_plan_read(struct pc_span text, struct pc_plan *ret, p11csr_error **err);
void pc_plan_done(struct pc_plan *plan);

#endif
