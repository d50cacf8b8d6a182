// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TESTS_CSR_SPECIMEN_H
#define PC_TESTS_CSR_SPECIMEN_H

#include "base/buf.h"
#include "lib/softsigner.h"

/*
 * Requests put together from parts in hex, right or wrong, and signed with a key made for the purpose. NULL
 * stands for the part of a proper request: version 0, subject CN=a, the signer's key, no attributes, the
 * scheme's AlgorithmIdentifier, a signature that verifies.
 */
struct specimen {
    const char *version;
    const char *subject;
    const char *spki;
    const char *attributes; /* whole, with its tag; "" leaves it out */
    const char *behind_info;
    const char *aid;
    const char *signature; /* whole BIT STRING */
    const char *behind;
};

/* Appends the DER. */
void specimen_make(const struct specimen *specimen, struct softsigner *signer, struct pc_buf *ret);
/* Appends "a0.. 30.. 06.. 31.. <extensions>": the attributes of a request that asks for these extensions. */
void specimen_extensions(const char *extensions, struct pc_buf *ret);

#endif
