// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_RESULT_H
#define PC_BASE_RESULT_H

#include "p11csr/error.h"

#include <stdbool.h>

/*
 * PKCS#11 says success with 0, OpenSSL with 1, POSIX with anything but -1. A struct cannot be compared with
 * any of them, so a result of one world cannot be returned or tested as one of another: it does not compile.
 * The attribute makes a dropped result a warning. Conversions stand in tokens/ckr.c and csr/crypto.c only.
 */
struct pc_result {
    enum p11csr_code code;
};

/* Return type of every function that can fail. */
#define PC_RESULT __attribute__((__warn_unused_result__)) struct pc_result

#define PC_OK ((struct pc_result){P11CSR_OK})

static inline bool pc_is_ok(struct pc_result r)
{
    return r.code == P11CSR_OK;
}

/* The only macro that returns: hands a failure up unchanged. */
#define PC_TRY(expr)                                                                                         \
    do {                                                                                                     \
        const struct pc_result pc_try_ = (expr);                                                             \
        if (pc_try_.code != P11CSR_OK) {                                                                     \
            return pc_try_;                                                                                  \
        }                                                                                                    \
    } while (0)

/*
 * Where a failure is an answer (a lookup that may find nothing, cleaning up after a failure that is already
 * reported), this says so in the code.
 */
static inline void pc_ignore(struct pc_result r)
{
    (void)r;
}

#endif
