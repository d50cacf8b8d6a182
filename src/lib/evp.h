// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_EVP_H
#define PC_LIB_EVP_H

#include "base/result.h"

/* The built-in provider of a context, in a library context that others may use and change. */
struct pc_evp;
/* Accepts a pointer to NULL. */
void pc_evp_free(struct pc_evp **evp);

#endif
