// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_STORE_URI_H
#define PC_LIB_STORE_URI_H

#include "lib/store.h"
#include "tokens/uri.h"

#include <stdatomic.h>

struct pc_store_uri {
    atomic_uint references;
    struct pc_uri uri;
    char *token; /* where the URI names none; NULL: any */
};

#endif
