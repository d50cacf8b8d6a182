// SPDX-License-Identifier: Apache-2.0
#include "csr/algorithm_name.h"

#include "csr/content/oid.h"
#include "csr/ossl.h"

#include <openssl/objects.h>

/* Kinds of keys that this libcrypto may not know (RFC 9881, RFC 9909, RFC 9935, RFC 9215). */
// clang-format off
static const struct pc_oid_name names[] = {
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x11"), "ml-dsa-44"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x12"), "ml-dsa-65"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x13"), "ml-dsa-87"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x14"), "slh-dsa-sha2-128s"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x15"), "slh-dsa-sha2-128f"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x16"), "slh-dsa-sha2-192s"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x17"), "slh-dsa-sha2-192f"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x18"), "slh-dsa-sha2-256s"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x19"), "slh-dsa-sha2-256f"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x1a"), "slh-dsa-shake-128s"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x1b"), "slh-dsa-shake-128f"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x1c"), "slh-dsa-shake-192s"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x1d"), "slh-dsa-shake-192f"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x1e"), "slh-dsa-shake-256s"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x1f"), "slh-dsa-shake-256f"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x04\x01"), "ml-kem-512"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x04\x02"), "ml-kem-768"},
    {PC_BYTES("\x60\x86\x48\x01\x65\x03\x04\x04\x03"), "ml-kem-1024"},
    {PC_BYTES("\x2a\x85\x03\x07\x01\x01\x01\x01"), "gost-2012-256"},
    {PC_BYTES("\x2a\x85\x03\x07\x01\x01\x01\x02"), "gost-2012-512"},
};
// clang-format on

const char *pc_algorithm_name(struct pc_span oid)
{
    return pc_oid_find(names, PC_ARRAY_LEN(names), oid);
}

const char *pc_algorithm_any_name(struct pc_span oid)
{
    PC_OSSL_KEEP_ERRORS(mark);
    const char *name = pc_algorithm_name(oid);
    char *text PC_CLEANUP(pc_free_str) = name == NULL ? pc_der_oid_to_text(oid) : NULL;
    const int nid = text != NULL ? OBJ_txt2nid(text) : NID_undef;
    return nid != NID_undef ? OBJ_nid2ln(nid) : name;
}
