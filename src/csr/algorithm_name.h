// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_ALGORITHM_NAME_H
#define PC_CSR_ALGORITHM_NAME_H

#include "base/mem.h"

/* The name of a kind of key by the OID (content octets) in its AlgorithmIdentifier; NULL: no row here. */
const char *pc_algorithm_name(struct pc_span oid);
/* The same, and also of signature algorithms, as libcrypto calls them where there is no row; or NULL. */
const char *pc_algorithm_any_name(struct pc_span oid);

#endif
