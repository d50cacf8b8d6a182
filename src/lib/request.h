// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_REQUEST_H
#define PC_LIB_REQUEST_H

#include "alg/rows.h"
#include "csr/content/content.h"
#include "csr/content/skid.h"
#include "p11csr/request.h"

/* What a request is to say and how it is to be signed: filled in content.c, made in request.c. */
struct p11csr_request {
    struct pc_content content;
    const struct pc_scheme *scheme; /* NULL: chosen by the two below */
    enum pc_digest_id digest;       /* NONE: the default of the key */
    bool pss;
    bool allow_weak;
    enum pc_skid_method skid;
};

#endif
