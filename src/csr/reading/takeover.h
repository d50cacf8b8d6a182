// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_TAKEOVER_H
#define PC_CSR_READING_TAKEOVER_H

#include "csr/content/oid.h"

/*
 * Which extensions and attributes of an earlier request or certificate a new request takes over. A request is
 * the requester's own word: all of it is taken but what is the CA's to say, and what was true of the old key,
 * or of the old request, only. In a certificate the CA has the word: taken are the extensions that requesters
 * are known to ask for; any other would ask the CA to repeat what it may have said of the old certificate.
 */

/* Why this extension is left out; NULL: it is taken. Fills in the name when there is none. */
const char *pc_takeover_extension(struct pc_oid_name *extension, bool from_certificate);
/* The same for an attribute of a request, by its OID. */
const char *pc_takeover_attribute(struct pc_span oid);

#endif
