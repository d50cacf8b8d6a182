// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/takeover.h"

/* Whose word an extension is. */
enum owner {
    REQUESTER, /* taken from both */
    ISSUER,    /* never taken */
    OLD_KEY,   /* never taken: it is another key's, or may be */
    EITHER,    /* taken from a request, not from a certificate */
};

static const char *const whys[] = {
    [REQUESTER] = NULL,
    [ISSUER] = "the CA's to say",
    [OLD_KEY] = "made of the old key; --subject-key-id makes it of the new one",
    [EITHER] = "in a certificate it is the CA's to say",
};

// clang-format off
static const struct {
    struct pc_oid_name extension;
    enum owner owner;
} owners[] = {
    {{PC_BYTES("\x55\x1d\x0e"), "subjectKeyIdentifier"}, OLD_KEY},
    {{PC_BYTES("\x55\x1d\x0f"), "keyUsage"}, REQUESTER},
    {{PC_BYTES("\x55\x1d\x11"), "subjectAltName"}, REQUESTER},
    {{PC_BYTES("\x55\x1d\x12"), "issuerAltName"}, ISSUER},
    {{PC_BYTES("\x55\x1d\x13"), "basicConstraints"}, REQUESTER},
    // without them the new certificate might do more than the old one
    {{PC_BYTES("\x55\x1d\x1e"), "nameConstraints"}, REQUESTER},
    {{PC_BYTES("\x55\x1d\x24"), "policyConstraints"}, REQUESTER},
    {{PC_BYTES("\x55\x1d\x36"), "inhibitAnyPolicy"}, REQUESTER},
    {{PC_BYTES("\x55\x1d\x1f"), "cRLDistributionPoints"}, ISSUER},
    {{PC_BYTES("\x55\x1d\x20"), "certificatePolicies"}, EITHER},
    {{PC_BYTES("\x55\x1d\x23"), "authorityKeyIdentifier"}, ISSUER},
    {{PC_BYTES("\x55\x1d\x25"), "extKeyUsage"}, REQUESTER},
    {{PC_BYTES("\x55\x1d\x2e"), "freshestCRL"}, ISSUER},
    {{PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x01"), "authorityInfoAccess"}, ISSUER},
    {{PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x03"), "qcStatements"}, EITHER},
    {{PC_BYTES("\x2b\x06\x01\x05\x05\x07\x01\x18"), "tlsFeature"}, REQUESTER},
    {{PC_BYTES("\x2b\x06\x01\x05\x05\x07\x30\x01\x05"), "ocspNoCheck"}, REQUESTER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"), "sctList"}, ISSUER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"), "ctPoison"}, ISSUER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x14\x02"), "msTemplateName"}, REQUESTER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x01"), "msCaVersion"}, ISSUER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x02"), "msPreviousCertHash"}, ISSUER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x07"), "msTemplate"}, REQUESTER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x0a"), "msApplicationPolicies"}, REQUESTER},
    {{PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x19\x02"), "msNtdsCaSecurity"}, REQUESTER},
    {{PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"), "sMIMECapabilities"}, REQUESTER},
    {{PC_BYTES("\x60\x86\x48\x01\x86\xf8\x42\x01\x01"), "netscapeCertType"}, EITHER},
    {{PC_BYTES("\x60\x86\x48\x01\x86\xf8\x42\x01\x0d"), "netscapeComment"}, EITHER},
};

/* What was true of the old request only. Attributes without a row are taken. */
static const struct pc_oid_name dropped_attributes[] = {
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"), "a secret that is good for one request"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x3b"), "evidence of the old key"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x81\xac\x60\x02\x01"), "a statement about the old key"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x01"), "the certificate that the old request was to renew"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x02"), "says which software made the old key"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x03"), "says where the old request was made"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x0d"), "the old key, encrypted for the CA"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x14"), "says who made the old request, and where"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x15"), "the old key, encrypted for the CA"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x17"), "evidence of the old key"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x18"), "evidence of the old key"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x19"), "says which software made the old key"},
    {PC_BYTES("\x67\x81\x0c\x29"), "a nonce, good for one request"},
    {PC_BYTES("\x67\x81\x0c\x2a"), "a nonce, good for one request"},
};
// clang-format on

const char *pc_takeover_extension(struct pc_oid_name *extension, bool from_certificate)
{
    enum owner owner = EITHER;
    for (size_t i = 0; i < PC_ARRAY_LEN(owners); i++) {
        if (pc_span_eq(owners[i].extension.oid, extension->oid)) {
            owner = owners[i].owner;
            extension->name = owners[i].extension.name;
        }
    }
    return owner == EITHER && !from_certificate ? NULL : whys[owner];
}

const char *pc_takeover_attribute(struct pc_span oid)
{
    return pc_oid_find(dropped_attributes, PC_ARRAY_LEN(dropped_attributes), oid);
}
