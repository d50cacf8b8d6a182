// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_microchip[] = {
    {
        .name = "cryptoauthlib",
        .match = {.manufacturer = "Microchip Technology*", .library = "Cryptoauthlib*"},
        .quirks = {
            {"attr-error", "CKR_ARGUMENTS_BAD,CKR_ATTRIBUTE_VALUE_INVALID"},
            {"id-rule", "slots"},
            {"gen-overwrites", "yes"},
            {"destroy", "none"},
        },
        .since = "cryptoauthlib 3.3",
        .evidence = "MicrochipTech/cryptoauthlib #422 (CKA_ALWAYS_AUTHENTICATE answers "
                    "CKR_ARGUMENTS_BAD, in 3.8.0), #222 (so did CKA_EC_POINT, in 3.3); "
                    "lib/pkcs11/pkcs11_token.c (one session), lib/pkcs11/pkcs11_config.c (objects in "
                    "fixed slots)",
    },
    {.name = NULL},
};
// clang-format on
