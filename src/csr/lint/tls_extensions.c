// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "csr/lint/oids.h"
#include "csr/lint/purposes.h"
#include "csr/lint/rule_functions.h"

#include <string.h>

/* TLS Baseline Requirements on extensions that a request asks for. */

PC_RESULT pc_lint_tls_purposes(struct pc_lint *lint, p11csr_error **err)
{
    static const struct pc_span banned[] = {
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x03"),         // codeSigning
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x04"),         // emailProtection
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x08"),         // timeStamping
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x09"),         // OCSPSigning
        PC_BYTES("\x55\x1d\x25\x00"),                         // anyExtendedKeyUsage
        PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x04"), // Precertificate Signing
    };
    static const struct pc_span allowed[] = {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x01")}; // serverAuth
    static const struct pc_lint_purposes purposes = {
        .banned = banned,
        .banned_count = PC_ARRAY_LEN(banned),
        .allowed = allowed,
        .allowed_count = PC_ARRAY_LEN(allowed),
        .why_banned = "which a TLS certificate may not have",
        .why_warned = "which is not recommended beside serverAuth; CAs are giving clientAuth up"};
    const size_t at = pc_lint_extension_at(lint, PC_OID_EXT_KEY_USAGE);
    if (at == PC_LINT_NOWHERE) { // the CA puts serverAuth in
        return PC_OK;
    }
    PC_TRY(pc_lint_check_purposes(lint, &purposes, err));
    return pc_lint_has_eku(lint, PC_EKU_SERVER_AUTH)
               ? PC_OK
               : pc_lint_report(lint, at, err, "extKeyUsage lacks serverAuth");
}

PC_RESULT pc_lint_tls_usage(struct pc_lint *lint, p11csr_error **err)
{
    const size_t at = pc_lint_extension_at(lint, PC_OID_KEY_USAGE);
    const unsigned usage = lint->content.key_usage;
    const bool ec = pc_span_eq(lint->key.oid, PC_OID_EC);
    const unsigned unwise = ec ? PC_USE_KEY_AGREEMENT : PC_USE_DATA_ENCIPHERMENT;
    const unsigned allowed =
        PC_USE_DIGITAL_SIGNATURE | unwise | (ec ? 0U : (unsigned)PC_USE_KEY_ENCIPHERMENT);
    if (at == PC_LINT_NOWHERE || usage == 0 || (!ec && !lint->key.is_rsa)) {
        return PC_OK;
    }
    PC_TRY(pc_lint_report_usages(lint, usage & ~allowed, true,
                                 ec ? "which a TLS certificate of an EC key may not have"
                                    : "which a TLS certificate of an RSA key may not have",
                                 err));
    PC_TRY(pc_lint_report_usages(
        lint, usage & unwise, false,
        ec ? "which is not recommended for an EC key" : "which is not recommended for an RSA key", err));
    return !ec || (usage & PC_USE_DIGITAL_SIGNATURE) != 0
               ? PC_OK
               : pc_lint_report(lint, at, err,
                                "keyUsage lacks digitalSignature, which an EC key has to have");
}

PC_RESULT pc_lint_tls_basic(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_extension *ext = pc_lint_extension_find(lint, PC_OID_BASIC_CONSTRAINTS);
    if (ext != NULL && lint->content.is_ca) {
        PC_TRY(pc_lint_report(lint, pc_lint_at(lint, ext->value), err,
                              "basicConstraints has cA TRUE: this is for a server, not a CA"));
    }
    return ext == NULL || !lint->content.has_path_length
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, ext->value), err,
                                "basicConstraints has a path length, which only a CA has");
}

/* Reports that an extension is asked for. */
static struct pc_result report_presence(struct pc_lint *lint, struct pc_span oid, const char *what,
                                        p11csr_error **err)
{
    const struct pc_extension *ext = pc_lint_extension_find(lint, oid);
    return ext == NULL ? PC_OK : pc_lint_report(lint, pc_lint_at(lint, ext->oid), err, "%s", what);
}

PC_RESULT pc_lint_tls_constraints(struct pc_lint *lint, p11csr_error **err)
{
    return report_presence(lint, PC_OID_NAME_CONSTRAINTS,
                           "nameConstraints is asked for, which only a CA's certificate has", err);
}

PC_RESULT pc_lint_tls_key_identifier(struct pc_lint *lint, p11csr_error **err)
{
    return report_presence(lint, PC_OID_SUBJECT_KEY_ID,
                           "subjectKeyIdentifier is asked for, which is not recommended", err);
}

/* Arcs below which enterprises define what they use among themselves. */
static bool is_private(struct pc_span oid)
{
    static const struct pc_span arcs[] = {
        PC_BYTES("\x2b\x06\x01\x04\x01"),         // 1.3.6.1.4.1
        PC_BYTES("\x60\x86\x48\x01\x86\xf8\x42"), // 2.16.840.1.113730, Netscape
    };
    if (pc_span_eq(oid, PC_OID_CT_POISON) || pc_span_eq(oid, PC_OID_CT_LIST)) { // the structure set tells
        return false;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(arcs); i++) {
        if (oid.len > arcs[i].len && memcmp(oid.ptr, arcs[i].ptr, arcs[i].len) == 0) {
            return true;
        }
    }
    return false;
}

PC_RESULT pc_lint_tls_private(struct pc_lint *lint, p11csr_error **err)
{
    for (size_t i = 0; i < pc_lint_extension_count(lint); i++) {
        const struct pc_extension *ext = pc_lint_extension(lint, i);
        char *oid PC_CLEANUP(pc_free_str) = is_private(ext->oid) ? pc_lint_oid_text(ext->oid) : pc_strdup("");
        if (oid == NULL) {
            return pc_fail_memory(err);
        }
        if (oid[0] != 0) {
            PC_TRY(pc_lint_report(lint, pc_lint_at(lint, ext->oid), err,
                                  "the extension %s means nothing on the public Internet",
                                  ext->name != NULL ? ext->name : oid));
        }
    }
    return PC_OK;
}

PC_RESULT pc_lint_tls_validity(struct pc_lint *lint, p11csr_error **err)
{
    return pc_lint_report(
        lint, PC_LINT_NOWHERE, err,
        "a request does not say how long the certificate is valid: at most 200 days, 100 from "
        "2027-03-15, 47 from 2029-03-15");
}
