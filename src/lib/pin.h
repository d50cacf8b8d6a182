// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_PIN_H
#define PC_LIB_PIN_H

#include "base/buf.h"
#include "lib/latch.h"
#include "p11csr/context.h"
#include "tokens/login.h"

/*
 * Where a PIN comes from. What can be read again is read for each login and wiped after it; what cannot (a
 * file descriptor, an environment variable, a URI's pin-value) is read at once and kept in locked memory as
 * long as the context.
 */
enum pc_pin_kind { PC_PIN_FILE, PC_PIN_EXEC, PC_PIN_EMPTY, PC_PIN_PROMPT, PC_PIN_KEPT };

struct pc_pin {
    p11csr_ctx *ctx;
    char *text; /* what named it, NULL for a pin-value */
    enum pc_pin_kind kind;
    char *path;                /* of the file or the program */
    char *folder;              /* of a credential, else NULL */
    struct pc_latch_file read; /* the state of the file when it was last read */
    int held;                  /* the file, open from then until the token has answered; else -1 */
    struct pc_secret *secret;  /* PC_PIN_KEPT; of a program that was started ahead, until its PIN is used */
    struct pc_pin_source source;
};

/*
 * The source that `text` names, like "file:PATH"; made when first asked for, owned by the context. Errors:
 * PIN_SOURCE with the words there are.
 */
PC_RESULT pc_pin_named(p11csr_ctx *ctx, const char *text, struct pc_pin **ret, p11csr_error **err);
/* A source that is the secret itself, which it takes over. The caller frees it with pc_pin_free(). */
PC_RESULT pc_pin_of_secret(p11csr_ctx *ctx, struct pc_secret **secret, struct pc_pin **ret,
                           p11csr_error **err);
void pc_pin_free(struct pc_pin **pin);
/*
 * To be called before a module is loaded where a login may follow: a program is started now, because a module
 * may have threads, locks and file descriptors that it should not be started among.
 */
PC_RESULT pc_pin_ahead(struct pc_pin *pin, p11csr_error **err);
/* Wipes what no login has used: by the next call the program may have another answer. */
void pc_pins_forget_ahead(p11csr_ctx *ctx);
/* Tells the device callback of the context `self`; a pc_pin_device. */
void pc_pin_at_device(void *self, const struct pc_pin_request *request);
/*
 * Takes over what a context of the process that this one was forked from has read and nobody can read again;
 * no other thread used it at the fork.
 */
PC_RESULT pc_pins_inherit(p11csr_ctx *ctx, const p11csr_ctx *parent, p11csr_error **err);
/* Frees the sources of a context. */
void pc_pins_done(struct pc_buf *pins);

#endif
