// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"

#include <stddef.h>

/* The least that a program has to do for one signature: what `p11csr request` is measured against. */
int main(int argc, char **argv)
{
    struct raw raw;
    CK_BYTE digest[32] = {1};
    CK_BYTE signature[64];
    CK_ULONG len = sizeof(signature);
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    raw_check(argc == 2 ? CKR_OK : CKR_ARGUMENTS_BAD, "usage: raw_oneshot LABEL");
    raw_open(&raw, 0);
    const CK_OBJECT_HANDLE key = raw_find_private(&raw, argv[1]);
    raw_check(raw.fn->C_SignInit(raw.session, &mechanism, key), "C_SignInit");
    raw_check(raw.fn->C_Sign(raw.session, digest, sizeof(digest), signature, &len), "C_Sign");
    raw_close(&raw);
    return 0;
}
