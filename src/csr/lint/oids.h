// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_OIDS_H
#define PC_CSR_LINT_OIDS_H

#include "base/mem.h"

/* Object identifiers that the lint rules speak of: content octets. */

#define PC_LINT_OID(literal) ((struct pc_span)PC_BYTES(literal))

/* algorithms */
#define PC_OID_RSA PC_LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define PC_OID_RSASSA_PSS PC_LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
#define PC_OID_EC PC_LINT_OID("\x2a\x86\x48\xce\x3d\x02\x01")
#define PC_OID_ED25519 PC_LINT_OID("\x2b\x65\x70")
#define PC_OID_ED448 PC_LINT_OID("\x2b\x65\x71")
#define PC_OID_DSA PC_LINT_OID("\x2a\x86\x48\xce\x38\x04\x01")

/* extensions */
#define PC_OID_SUBJECT_KEY_ID PC_LINT_OID("\x55\x1d\x0e")
#define PC_OID_KEY_USAGE PC_LINT_OID("\x55\x1d\x0f")
#define PC_OID_SAN PC_LINT_OID("\x55\x1d\x11")
#define PC_OID_BASIC_CONSTRAINTS PC_LINT_OID("\x55\x1d\x13")
#define PC_OID_NAME_CONSTRAINTS PC_LINT_OID("\x55\x1d\x1e")
#define PC_OID_CRL_POINTS PC_LINT_OID("\x55\x1d\x1f")
#define PC_OID_AUTHORITY_KEY_ID PC_LINT_OID("\x55\x1d\x23")
#define PC_OID_EXT_KEY_USAGE PC_LINT_OID("\x55\x1d\x25")
#define PC_OID_AUTHORITY_INFO PC_LINT_OID("\x2b\x06\x01\x05\x05\x07\x01\x01")
#define PC_OID_TLS_FEATURE PC_LINT_OID("\x2b\x06\x01\x05\x05\x07\x01\x18")
#define PC_OID_CT_POISON PC_LINT_OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03")
#define PC_OID_CT_LIST PC_LINT_OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02")

/* attributes */
#define PC_OID_CHALLENGE_PASSWORD PC_LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07")
#define PC_OID_UNSTRUCTURED_NAME PC_LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02")
#define PC_OID_UNSTRUCTURED_ADDRESS PC_LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x08")
#define PC_OID_EXTENSION_REQUEST PC_LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e")
#define PC_OID_MS_EXTENSIONS PC_LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e")
#define PC_OID_POSSESSION PC_LINT_OID("\x2b\x06\x01\x04\x01\x81\xac\x60\x02\x01")

#endif
