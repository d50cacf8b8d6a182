// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_MAILBOXES_H
#define PC_CSR_LINT_MAILBOXES_H

#include "csr/lint/rule.h"

/* The mailboxes among the alternative names of a request, to be looked up. */

struct pc_lint_mailboxes {
    struct pc_buf store;   /* their octets, one after the other */
    struct pc_buf entries; /* in order, see mailboxes.c */
};

/*
 * Appends a mailbox in the form in which two are compared: the domain in small letters, with A-labels. False
 * when the text is no mailbox: somebody at a host name. Lack of memory is left in `ret`.
 */
bool pc_lint_mailbox_add(struct pc_span text, struct pc_buf *ret);

/* Fills `ret`, which the caller releases also after a failure. Errors: NO_MEMORY. */
PC_RESULT pc_lint_mailboxes_gather(const struct pc_lint *lint, struct pc_lint_mailboxes *ret,
                                   p11csr_error **err);
void pc_lint_mailboxes_done(struct pc_lint_mailboxes *list);
/* Whether a mailbox, as pc_lint_mailbox_add() writes it, is among them. */
bool pc_lint_mailboxes_have(const struct pc_lint_mailboxes *list, struct pc_span mailbox);

#endif
