// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_PIN_H
#define PC_LIB_PIN_H

#include "p11csr/context.h"
#include "tokens/login.h"

/* Where the PIN of one token comes from. */
enum pc_pin_kind { PC_PIN_NONE, PC_PIN_FILE, PC_PIN_EMPTY, PC_PIN_PROMPT, PC_PIN_VALUE };

struct pc_pin {
    p11csr_ctx *ctx;
    enum pc_pin_kind kind;
    char *path;               /* PC_PIN_FILE */
    struct pc_secret *secret; /* PC_PIN_VALUE: from a URI's pin-value, kept to the end */
    struct pc_pin_source source;
};

/*
 * Reads a source's text, like "file:PATH", into an empty `ret`. Errors: PIN_SOURCE with the nearest known
 * word.
 */
PC_RESULT pc_pin_parse(const char *text, struct pc_pin *ret, p11csr_error **err);
void pc_pin_done(struct pc_pin *pin);
/* The source as tokens/ wants it; NULL when there is none. `pin` must stay where it is. */
const struct pc_pin_source *pc_pin_get_source(struct pc_pin *pin);

#endif
