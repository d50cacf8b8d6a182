// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_EVIDENCE_CHAIN_H
#define PC_CSR_EVIDENCE_CHAIN_H

#include "base/limits.h"
#include "csr/reading/certificate.h"

/* Attestation certificates: a vendor's device says by them which keys were made in it. */

enum { PC_CHAIN_TEXT = 256, PC_CHAIN_NOTES = 4 };

struct pc_chain_verdict {
    bool good;
    char why[PC_CHAIN_TEXT]; /* unless good */
    /* What was let pass that RFC 5280 does not allow, and why. */
    char notes[PC_CHAIN_NOTES][PC_CHAIN_TEXT];
    size_t note_count;
    const struct pc_certificate *root; /* one of `roots`; NULL unless good */
};

/*
 * Whether `leaf` chains, by names and signatures, through `others` to one of `roots`, which the caller trusts
 * (RFC 5280 section 6, at the present time; keys and digests of 112 bits and more). Roots need not be
 * self-signed. In one point it is lenient, because firmware is what it is: a certificate without basic
 * constraints may issue others when it is a root, or issued by a root itself and one that a vendor's device
 * has of itself (pc_vendor_is_device()), and is no attestation of a key.
 */
PC_RESULT pc_chain_verify(const struct pc_crypto *crypto, const struct pc_certificate *leaf,
                          const struct pc_certificates *others, const struct pc_certificates *roots,
                          struct pc_chain_verdict *ret, p11csr_error **err);
/* Whether the certificate has an extension of a vendor that only attestations of keys have. */
bool pc_chain_attests_key(const struct pc_certificate *certificate);

/* A chain by names and signatures, whoever issued it: `leaf`, then its issuers among `others`. */
struct pc_chain {
    const struct pc_certificate *links[PC_MAX_CHAIN];
    size_t count;
};
PC_RESULT pc_chain_build(const struct pc_certificate *leaf, const struct pc_certificates *others,
                         struct pc_chain *ret, p11csr_error **err);

/*
 * Appends the certificates in `input`: PEM, DER, or a PKCS#7 message (RFC 2315) that carries them, in PEM or
 * DER; of a message nothing else is taken. Errors: CERTIFICATE, LIMIT.
 */
PC_RESULT pc_evidence_read(const struct pc_crypto *crypto, struct pc_span input, struct pc_certificates *ret,
                           p11csr_error **err);

#endif
