// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_REQUEST_H
#define PC_LIB_REQUEST_H

#include "alg/rows.h"
#include "csr/content/attestation.h"
#include "csr/content/content.h"
#include "csr/content/skid.h"
#include "lib/context.h"
#include "lib/origin.h"
#include "lib/profile.h"
#include "p11csr/lint.h"
#include "p11csr/request.h"

/* What a request is to say and how it is to be signed: filled in content.c, made in request.c. */
struct p11csr_request {
    struct pc_content content;
    const struct pc_scheme *scheme; /* NULL: chosen by the two below */
    enum pc_digest_id digest;       /* NONE: the default of the key */
    enum pc_digest_id usual_digest; /* in place of the default, for keys whose schemes have one */
    bool pss;
    bool allow_weak;
    bool subject_is_given;    /* its DER was taken over as it stands: it was established elsewhere */
    enum pc_skid_method skid; /* computed when it is signed; NONE: what the content says */
    struct pc_origins origins;
    struct pc_buf planned_spki; /* of a plan: no other key signs it; empty for other requests */
    char expected[65]; /* SHA-256 of the CertificationRequestInfo in hex, or empty: nothing else is signed */
    struct p11csr_profile *profile; /* NULL: none */
    const struct p11csr_lint *lint; /* borrowed; NULL: no rules */
};

/* p11csr_request_expect(). */
PC_RESULT pc_lib_expect(p11csr_request *request, const char *sha256, p11csr_error **err);

/*
 * The scheme for a key of this kind: the one asked for, or the one that has the digest and padding asked for.
 */
PC_RESULT pc_lib_choose_scheme(const p11csr_request *request, const struct pc_keyspec *spec,
                               const struct pc_scheme **ret, p11csr_error **err);

/* p11csr_request_assemble() with the context locked: appends the DER, and tells the scheme for this key. */
PC_RESULT pc_lib_assemble(const p11csr_request *request, struct p11csr_key *key, struct pc_buf *ret,
                          const struct pc_scheme **ret_scheme, p11csr_error **err);
/* Whether the attestations are about this key, as far as they can be read; see csr/content/attestation.h. */
PC_RESULT pc_lib_check_attestation(const p11csr_request *request, struct p11csr_key *key,
                                   enum pc_attestation_verdict *ret, p11csr_error **err);
/* The SHA-256 in hex; the caller releases it. The context is locked. */
PC_RESULT pc_lib_sha256(p11csr_ctx *ctx, struct pc_span bytes, char **ret_hex, p11csr_error **err);

#endif
