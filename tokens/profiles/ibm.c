// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_ibm[] = {
    {
        .name = "opencryptoki",
        .match = {.library = "Meta PKCS11 LIBRARY"},
        .quirks = {
            {"error-hint",
                "CKR_HOST_MEMORY=the token may be full: it holds 2048 objects|CKR_FUNCTION_FAILED=see "
                "that pkcsslotd runs and you are in the group pkcs11"},
        },
        .since = "opencryptoki 3.8",
        .evidence = "opencryptoki README (pkcsslotd, group pkcs11); seen with 3.8.1: a full token answers "
                    "CKR_HOST_MEMORY",
    },
    {.name = NULL},
};
// clang-format on
