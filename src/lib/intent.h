// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_INTENT_H
#define PC_LIB_INTENT_H

#include "lib/context.h"

#include <jansson.h>

/*
 * Intent records: what key is about to be made where, written durably before the token is asked and removed
 * when the outcome is known. A record that is left tells after a crash which key may be on which token.
 * Without a state folder there are none.
 */
struct pc_intent {
    char *path; /* NULL: no record */
};

struct pc_intent_says {
    const char *token; /* URI */
    const char *label;
    const char *spec;
    struct pc_span id;
};

/* Writes a record. One that cannot be written is a warning: the key's label and id say as much. */
PC_RESULT pc_intent_open(p11csr_ctx *ctx, const struct pc_intent_says *says, struct pc_intent *ret,
                         p11csr_error **err);
/* Removes the record; one whose outcome is not known stays, and the hint of `err` says how to look at it. */
void pc_intent_close(struct pc_intent *intent, bool outcome_known, p11csr_error **err);
/*
 * Appends each record that is there, as an object with the texts "time", "token", "id", "label", "spec" and
 * "file". Errors: READ, for a file that is no record.
 */
PC_RESULT pc_intent_records(p11csr_ctx *ctx, json_t *list, p11csr_error **err);
/* Removes the record of a key that is no longer on the token of this URI, if there is one. */
void pc_intent_forget(p11csr_ctx *ctx, const char *token, struct pc_span id);

#endif
