// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/lint/algorithms.h"
#include "csr/lint/oids.h"
#include "csr/lint/purposes.h"
#include "csr/lint/rule_functions.h"

/* Code Signing Baseline Requirements, for signing of code and for time-stamping authorities. */

PC_RESULT pc_lint_code_key(struct pc_lint *lint, p11csr_error **err)
{
    static const struct pc_lint_key_demand demand = {PC_LINT_CODESIGNING_BR, 3072,
                                                     "allowed are RSA, and ECDSA on P-256, P-384 and P-521"};
    if (pc_span_eq(lint->key.oid, PC_OID_DSA)) {
        return pc_lint_not_judged(lint, err, "a DSA key: allowed with L = 2048 and N = 224 or 256 only");
    }
    return pc_lint_check_key(lint, &demand, err);
}

PC_RESULT pc_lint_code_usage(struct pc_lint *lint, p11csr_error **err)
{
    enum { NEVER = PC_USE_CERT_SIGN | PC_USE_CRL_SIGN };
    const size_t at = pc_lint_extension_at(lint, PC_OID_KEY_USAGE);
    const unsigned usage = lint->content.key_usage;
    if (at == PC_LINT_NOWHERE) {
        return pc_lint_warn(lint, at, err, "keyUsage is not asked for: digitalSignature is left to the CA");
    }
    if ((usage & PC_USE_DIGITAL_SIGNATURE) == 0) {
        PC_TRY(pc_lint_report(lint, at, err, "keyUsage lacks digitalSignature"));
    }
    if (!pc_lint_extension_find(lint, PC_OID_KEY_USAGE)->critical) {
        PC_TRY(pc_lint_report(lint, at, err, "keyUsage is not critical"));
    }
    PC_TRY(pc_lint_report_usages(lint, usage & NEVER, true, "which belongs to CAs", err));
    return pc_lint_report_usages(lint, usage & ~(unsigned)(NEVER | PC_USE_DIGITAL_SIGNATURE), false,
                                 "which is not recommended beside digitalSignature", err);
}

PC_RESULT pc_lint_code_purposes(struct pc_lint *lint, p11csr_error **err)
{
    static const struct pc_span banned[] = {
        PC_BYTES("\x55\x1d\x25\x00"),                 // anyExtendedKeyUsage
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x01"), // serverAuth
    };
    static const struct pc_span allowed[] = {
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x03"),             // codeSigning
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x08"),             // timeStamping: C05
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x04"),             // emailProtection
        PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x0d"),     // Microsoft's lifetime signing
        PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x0c"),     // Microsoft's document signing,
        PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x03\x0a\x03\x0c"), // and as the requirements write it
    };
    static const struct pc_lint_purposes purposes = {
        .banned = banned,
        .banned_count = PC_ARRAY_LEN(banned),
        .allowed = allowed,
        .allowed_count = PC_ARRAY_LEN(allowed),
        .why_banned = "which a code signing certificate may not have",
        .why_warned = "which is not recommended: the CA needs a platform that wants it"};
    const size_t at = pc_lint_extension_at(lint, PC_OID_EXT_KEY_USAGE);
    if (at == PC_LINT_NOWHERE) {
        return pc_lint_warn(lint, at, err, "extKeyUsage is not asked for: codeSigning is left to the CA");
    }
    PC_TRY(pc_lint_check_purposes(lint, &purposes, err));
    return pc_lint_has_eku(lint, PC_EKU_CODE_SIGNING) || pc_lint_has_eku(lint, PC_EKU_TIME_STAMPING)
               ? PC_OK
               : pc_lint_report(lint, at, err, "extKeyUsage lacks codeSigning");
}

PC_RESULT pc_lint_code_evidence(struct pc_lint *lint, p11csr_error **err)
{
    if (pc_lint_attribute_find(lint, pc_attribute_attestation()) != NULL) {
        return pc_lint_not_judged(lint, err,
                                  "needs the vendor's root for the evidence in it: p11csr attest verify");
    }
    return pc_lint_not_judged(
        lint, err,
        "needs evidence that the key is in a hardware module: p11csr attest collect; what "
        "a module says of itself proves nothing");
}

PC_RESULT pc_lint_time_stamping(struct pc_lint *lint, p11csr_error **err)
{
    const size_t at = pc_lint_extension_at(lint, PC_OID_EXT_KEY_USAGE);
    if (!pc_lint_has_eku(lint, PC_EKU_TIME_STAMPING)) {
        return PC_OK;
    }
    if (pc_lint_count_purposes(lint) > 1) {
        PC_TRY(pc_lint_report(lint, at, err, "extKeyUsage has more than timeStamping, which stands alone"));
    }
    return lint->content.eku_critical
               ? PC_OK
               : pc_lint_report(lint, at, err, "extKeyUsage is not critical, as timeStamping has to be");
}
