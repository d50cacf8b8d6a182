// SPDX-License-Identifier: Apache-2.0
#include "csr/content/attributes.h"

#include "csr/content/oid.h"

enum { EXTENSION_REQUEST, MS_EXTENSIONS, CHALLENGE_PASSWORD };

// clang-format off
static const struct pc_oid_name names[] = {
    [EXTENSION_REQUEST] = {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"), "extensionRequest"},
    [MS_EXTENSIONS] = {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e"), "msCertExtensions"},
    [CHALLENGE_PASSWORD] = {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"), "challengePassword"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), "emailAddress"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"), "unstructuredName"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x08"), "unstructuredAddress"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"), "sMIMECapabilities"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14"), "friendlyName"},
    {PC_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x3b"), "attestation"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x81\xac\x60\x02\x01"), "statementOfPossession"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x01"), "msRenewalCertificate"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x01"), "msEnrollmentNameValuePair"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x02"), "msEnrollmentCspProvider"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x03"), "msOsVersion"},
    {PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x15\x14"), "msRequestClientInfo"},
    {PC_BYTES("\x67\x81\x0c\x29"), "caSigningNonce"},
    {PC_BYTES("\x67\x81\x0c\x2a"), "applicantSigningNonce"},
};
// clang-format on

struct pc_span pc_attribute_extension_request(void)
{
    return names[EXTENSION_REQUEST].oid;
}

struct pc_span pc_attribute_ms_extensions(void)
{
    return names[MS_EXTENSIONS].oid;
}

struct pc_span pc_attribute_challenge_password(void)
{
    return names[CHALLENGE_PASSWORD].oid;
}

const char *pc_attribute_name(struct pc_span oid)
{
    return pc_oid_find(names, PC_ARRAY_LEN(names), oid);
}
