// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/verify.h"

#include "base/error.h"
#include "csr/any_key.h"

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
static struct pc_result verify_any(const struct pc_crypto *crypto, const struct pc_csr *csr,
                                   struct pc_result failure, enum pc_verdict *ret, const char **ret_why,
                                   p11csr_error **err)
{
    bool usable = false;
    const struct pc_any_signed what = {csr->spki, csr->aid, csr->tbs, csr->signature};
    PC_TRY(pc_any_key_verify(crypto, &what, ret, ret_why, err));
    if (*ret == PC_VERDICT_UNKNOWN &&
        (failure.code == P11CSR_E_PROOF_PUBLIC_KEY || failure.code == P11CSR_E_REQUEST)) {
        PC_TRY(pc_any_key_is_usable(crypto, csr->spki, &usable, err));
        if (!usable) { // a kind that is known, and yet nobody can make a key of it
            *ret = PC_VERDICT_BAD;
            *ret_why = "the public key is not valid";
        }
    }
    return PC_OK;
}

PC_RESULT pc_csr_verify(const struct pc_crypto *crypto, const struct pc_csr *csr, enum pc_verdict *ret,
                        const char **ret_why, p11csr_error **err)
{
    struct pc_verifier *verifier PC_CLEANUP(pc_verifier_free) = NULL;
    const struct pc_scheme *scheme = pc_scheme_by_aid(csr->aid);
    const struct pc_result made = pc_verifier_new(crypto, csr->spki, &verifier, NULL);
    if (made.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(made) || scheme == NULL) {
        return verify_any(crypto, csr, made, ret, ret_why, err);
    }
    if (!pc_scheme_fits(scheme, pc_verifier_key(verifier)->spec)) {
        *ret = PC_VERDICT_BAD;
        *ret_why = "the signature algorithm does not fit the public key";
        return PC_OK;
    }
    PC_TRY(pc_verifier_check(verifier, scheme, csr->tbs, csr->signature, ret, err));
    *ret_why = why_of(*ret);
    return PC_OK;
}
