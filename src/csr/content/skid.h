// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_SKID_H
#define PC_CSR_CONTENT_SKID_H

#include "csr/content/content.h"
#include "csr/crypto.h"

/* Subject key identifiers: how each is made of the public key, one row each. */
enum pc_skid_method {
    PC_SKID_NONE,
    PC_SKID_SHA1,    /* RFC 5280 section 4.2.1.2 method 1 */
    PC_SKID_SHA1_60, /* the same, method 2: 0100 and the least significant 60 bits */
    PC_SKID_SHA256,  /* RFC 7093 section 2 method 1: leftmost 160 bits, as the next two */
    PC_SKID_SHA384,
    PC_SKID_SHA512,
    PC_SKID_SPKI_SHA256, /* RFC 7093 section 2 method 4: of the whole SubjectPublicKeyInfo, as the next */
    PC_SKID_SPKI_SHA384,
    PC_SKID_SPKI_SHA512,
    PC_SKID_COUNT
};

/* The content octets of the extension's OID. */
struct pc_span pc_skid_oid(void);
/* By name, like "sha256". Unknown: EXTENSION with the nearest name. */
PC_RESULT pc_skid_find(const char *name, enum pc_skid_method *ret, p11csr_error **err);
const char *pc_skid_name(enum pc_skid_method method);
/* Sets the identifier of this key in `content`; NONE clears it. */
PC_RESULT pc_skid_compute(const struct pc_crypto *crypto, enum pc_skid_method method, struct pc_span spki,
                          struct pc_content *content, p11csr_error **err);

#endif
