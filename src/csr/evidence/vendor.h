// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_EVIDENCE_VENDOR_H
#define PC_CSR_EVIDENCE_VENDOR_H

#include "csr/reading/certificate.h"

#include <jansson.h>

/* What vendors write into attestation certificates: one row for each extension that is known. */

/* Whether the certificate has an extension that only attestations of keys have. */
bool pc_vendor_attests_key(const struct pc_certificate *certificate);
/*
 * Whether the certificate is one that a known device has of itself and attests keys with: it tells of the
 * device, and of no key. Yubico's of firmware 4.3 and some of 5 have the firmware's version as their only
 * extension.
 */
bool pc_vendor_is_device(const struct pc_certificate *certificate);
/*
 * What the vendor's extensions say, as a JSON object that the caller drops: "device" and a member for each
 * extension that is known; null when there is none.
 */
PC_RESULT pc_vendor_describe(const struct pc_certificate *certificate, json_t **ret, p11csr_error **err);

#endif
