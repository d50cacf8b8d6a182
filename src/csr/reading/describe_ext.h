// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_DESCRIBE_EXT_H
#define PC_CSR_READING_DESCRIBE_EXT_H

#include "csr/content/attributes.h"
#include "csr/content/extensions.h"

#include <jansson.h>

/* One extension as a JSON object: name, oid, critical, value. Fails only for lack of memory. */
PC_RESULT pc_describe_extension(const struct pc_extension *ext, json_t **ret, p11csr_error **err);

/*
 * One attribute: name, oid, value. The value of the one that holds the extensions is left out unless `all`; a
 * challenge password is never shown. Fails only for lack of memory.
 */
PC_RESULT pc_describe_attribute(const struct pc_attribute *attribute, bool all, json_t **ret,
                                p11csr_error **err);

#endif
