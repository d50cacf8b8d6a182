// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_ATTRIBUTES_H
#define PC_CSR_CONTENT_ATTRIBUTES_H

#include "base/mem.h"

/* The attributes of requests that have a name (RFC 2985 and others). OIDs are content octets. */

struct pc_span pc_attribute_extension_request(void);
/* Where Microsoft's tools put the same value. */
struct pc_span pc_attribute_ms_extensions(void);
struct pc_span pc_attribute_challenge_password(void);
/* The name, or NULL. */
const char *pc_attribute_name(struct pc_span oid);

#endif
