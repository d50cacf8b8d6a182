// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_ORIGIN_H
#define PC_LIB_ORIGIN_H

#include "csr/content/content.h"

/*
 * Where each value of a request comes from. The values that are there when the origin changes, and were not
 * there when it last did, come from the one before.
 */
struct pc_origins {
    struct pc_buf texts; /* zero-terminated, one after the other */
    size_t current;      /* where the one that counts now begins, from 1; 0: none */
    struct pc_buf marks; /* of values other than alternative names, see origin.c */
    struct pc_buf sans;  /* one such place for each alternative name */
};

struct p11csr_request;

void pc_origins_init(struct pc_origins *origins);
void pc_origins_done(struct pc_origins *origins);
/* True unless the extension is there and came from somewhere else than what is said now. */
bool pc_origin_is_current(const struct p11csr_request *request, struct pc_span oid);
/* Where the subject comes from; "" when that is not known. Borrowed until an origin is set. */
const char *pc_origins_subject(const struct p11csr_request *request);
/* Forgets those of the alternative names: they are gone. */
void pc_origins_clear_sans(struct pc_origins *origins);

#endif
