// SPDX-License-Identifier: Apache-2.0
#ifndef PC_DER_PEM_URI_H
#define PC_DER_PEM_URI_H

#include "base/buf.h"

/*
 * PEM files that stand for a key of a token, where a program takes nothing but a key file: the form PKCS#11
 * PROVIDER URI of the public pkcs11-provider. In the PEM is the DER of SEQUENCE { description VisibleString,
 * uri UTF8String } with a pkcs11: URI (RFC 7512). Such a file is data, whoever wrote it: a URI that names a
 * module to load, or a source of the PIN that does more than read a file or ask a person, is refused. All
 * errors but NO_MEMORY and LIMIT are URI.
 */
#define PC_PEM_URI_LABEL "PKCS#11 PROVIDER URI"

/* Appends the DER. `pin_source`, as it is before it is percent-encoded, is added unless it is NULL. */
PC_RESULT pc_pem_uri_write(const char *uri, const char *pin_source, struct pc_buf *ret, p11csr_error **err);
/* Whether DER whose first six octets (or more) these are may be of this form. */
bool pc_pem_uri_is(struct pc_span start);
/* The URI of the DER; its syntax is checked as far as was said above. The caller releases it. */
PC_RESULT pc_pem_uri_read(struct pc_span der, char **ret_uri, p11csr_error **err);

#endif
