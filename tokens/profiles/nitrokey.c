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
        .evidence = "Nitrokey/nethsm-pkcs11 pkcs11/src/backend/session.rs (a key is made after a login "
                    "of the administrator, who is CKU_SO), #328 (works around #327: its threads crash "
                    "programs), CHANGELOG.md of 2.0.0 (which ids it takes) and 3.0.0 (labels)",
        .note = "Before 3.0.0 a key has one name, its CKA_ID and CKA_LABEL at once.",
    },
    {.name = NULL},
};
// clang-format on
