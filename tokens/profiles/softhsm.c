// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_softhsm[] = {
    {
        .name = "softhsm2",
        .match = {.manufacturer = "SoftHSM*", .library = "Implementation of PKCS11"},
        .quirks = {
            {"login-writes", "yes"},
            {"sign-copy", "yes"},
            {"error-hint",
                "CKR_GENERAL_ERROR=see that the folder directories.tokendir of SOFTHSM2_CONF can be "
                "read and written"},
        },
        .since = "SoftHSM 2.6.1",
        .evidence = "softhsm/SoftHSMv2 README section 2.3 (directories.tokendir); src/lib/object_store "
                    "ObjectFile::writeAttributes (unlocks the file it has emptied before it is written), "
                    "ObjectFile::refresh (opens the object's file whenever an attribute is asked for)",
    },
    {.name = NULL},
};
// clang-format on
