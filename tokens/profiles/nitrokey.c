// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_nitrokey[] = {
    {
        .name = "nethsm",
        .match = {.library = "Nitrokey NetHsm PKCS#11*"},
        .quirks = {
            {"keygen-login", "so"},
            {"id-rule", "none"},
            {"so-pin-form", "passphrase of the slot's administrator"},
            {"pin-form", "passphrase of the slot's operator"},
            {"finalize", "never"},
        },
        .since = "nethsm-pkcs11 1.0",
        .evidence = "nethsm-pkcs11 pkcs11/src/backend/key.rs (UserMode::Administrator), #183, #319, #327 "
                    "(crash when it is unloaded)",
        .note = "A key has one name, its CKA_ID and CKA_LABEL at once.",
    },
    {.name = NULL},
};
// clang-format on
