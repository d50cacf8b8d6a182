// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_CSR_SAN_CHECKS_H
#define TESTS_CSR_SAN_CHECKS_H

#include "csr/content/san.h"
#include "lib/check.h"

/* The text makes this GeneralName, which is shown as `shown` (NULL: as it was written). */
void check_san(enum pc_san_type type, const char *text, const char *hex, const char *shown);
/* The text is refused (SAN) for this reason. */
void check_not_san(enum pc_san_type type, const char *text, const char *why);

#endif
