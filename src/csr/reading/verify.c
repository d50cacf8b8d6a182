// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/verify.h"

#include "base/error.h"
#include "csr/any_key.h"
#include "csr/reading/possession.h"

/* What is found out. */
struct finding {
    enum pc_verdict verdict;
    const char *why;
};

static const char *why_of(enum pc_verdict verdict)
{
    static const char *const texts[] = {
        [PC_VERDICT_GOOD] = NULL,
        [PC_VERDICT_BAD] = "the signature does not verify with the public key",
        [PC_VERDICT_UNKNOWN] = "this libcrypto does not know the algorithm",
    };
    return texts[verdict];
}

/* With what has no row. `failure`: of reading the key as one that has. */
static struct pc_result verify_any(const struct pc_crypto *crypto, const struct pc_any_signed *what,
                                   struct pc_result failure, struct finding *ret, p11csr_error **err)
{
    bool usable = false;
    PC_TRY(pc_any_key_verify(crypto, what, &ret->verdict, &ret->why, err));
    if (ret->verdict == PC_VERDICT_UNKNOWN &&
        (failure.code == P11CSR_E_PROOF_PUBLIC_KEY || failure.code == P11CSR_E_REQUEST)) {
        PC_TRY(pc_any_key_is_usable(crypto, what->spki, &usable, err));
        if (!usable) { // a kind that is known, and yet nobody can make a key of it
            *ret = (struct finding){PC_VERDICT_BAD, "the public key is not valid"};
        }
    }
    return PC_OK;
}

static struct pc_result verify_with(const struct pc_crypto *crypto, struct pc_span spki,
                                    const struct pc_csr *csr, struct finding *ret, p11csr_error **err)
{
    struct pc_verifier *verifier PC_CLEANUP(pc_verifier_free) = NULL;
    const struct pc_any_signed what = {spki, csr->aid, csr->tbs, csr->signature};
    const struct pc_scheme *scheme = pc_scheme_by_aid(csr->aid);
    const struct pc_result made = pc_verifier_new(crypto, spki, &verifier, NULL);
    if (made.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(made) || scheme == NULL) {
        return verify_any(crypto, &what, made, ret, err);
    }
    if (!pc_scheme_fits(scheme, pc_verifier_key(verifier)->spec)) {
        *ret = (struct finding){PC_VERDICT_BAD, "the signature algorithm does not fit the public key"};
        return PC_OK;
    }
    PC_TRY(pc_verifier_check(verifier, scheme, csr->tbs, csr->signature, &ret->verdict, err));
    ret->why = why_of(ret->verdict);
    return PC_OK;
}

PC_RESULT pc_csr_verify(const struct pc_crypto *crypto, const struct pc_csr *csr, enum pc_verdict *ret,
                        const char **ret_why, p11csr_error **err)
{
    struct finding finding = {PC_VERDICT_UNKNOWN, NULL};
    struct pc_possession statement = {0};
    bool there = false;
    PC_TRY(verify_with(crypto, csr->spki, csr, &finding, err));
    if (finding.verdict != PC_VERDICT_GOOD && pc_is_ok(pc_possession_find(csr, &statement, &there, NULL)) &&
        there) {
        finding = (struct finding){PC_VERDICT_UNKNOWN,
                                   "it is signed with the key of the certificate that its statement of "
                                   "possession names"};
    }
    *ret = finding.verdict;
    *ret_why = finding.why;
    return PC_OK;
}

/* Whether the statement names this certificate; *ret_why receives what it does otherwise. */
static struct pc_result check_statement(const struct pc_csr *csr, const struct pc_certificate *signer,
                                        const char **ret_why, p11csr_error **err)
{
    struct pc_possession statement = {0};
    bool there = false;
    struct pc_der in = pc_der_over(pc_buf_span(&signer->serial));
    struct pc_der_value serial;
    const struct pc_result found = pc_possession_find(csr, &statement, &there, NULL);
    if (found.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_der_next(&in, &serial, err));
    *ret_why = NULL;
    if (!pc_is_ok(found)) {
        *ret_why = "its statement of possession cannot be read";
    } else if (!there) {
        *ret_why = "it has no statement of possession, which would name the signer's certificate";
    } else if (!pc_span_eq(statement.issuer, pc_buf_span(&signer->issuer)) ||
               !pc_span_eq(statement.serial, serial.content) ||
               (statement.certificate.len > 0 &&
                !pc_span_eq(statement.certificate, pc_buf_span(&signer->der)))) {
        *ret_why = "its statement of possession names another certificate";
    }
    return PC_OK;
}

PC_RESULT pc_csr_verify_by(const struct pc_crypto *crypto, const struct pc_csr *csr,
                           const struct pc_certificate *signer, enum pc_verdict *ret, const char **ret_why,
                           p11csr_error **err)
{
    struct finding finding = {PC_VERDICT_BAD, NULL};
    PC_TRY(check_statement(csr, signer, &finding.why, err));
    if (finding.why == NULL) {
        PC_TRY(verify_with(crypto, pc_buf_span(&signer->spki), csr, &finding, err));
    }
    *ret = finding.verdict;
    *ret_why = finding.why;
    return PC_OK;
}
