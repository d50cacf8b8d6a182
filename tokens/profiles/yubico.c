// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_yubico[] = {
    {
        .name = "yubihsm2",
        .match = {.manufacturer = "Yubico*", .model = "YubiHSM"},
        .quirks = {
            {"login", "always"},
            {"id-rule", "two-bytes"},
            {"pin-form", "4 hex digits of the authentication key and its password"},
            {"error-hint",
                "CKR_FUNCTION_FAILED=see that the connector is reached: yubihsm-connector, "
                "YUBIHSM_PKCS11_CONF|CKR_DEVICE_ERROR=see that the connector is reached: "
                "yubihsm-connector, YUBIHSM_PKCS11_CONF"},
        },
        .since = "yubihsm-shell 2.0",
        .evidence = "Yubico/yubihsm-shell #456 (nothing is read without a login, and the PIN 0001password), "
                    "#267 (CKR_FUNCTION_FAILED when the connector is gone), pkcs11/util_pkcs11.c (ids)",
    },
    {
        .name = "ykcs11",
        .match = {.manufacturer = "Yubico*", .library = "PKCS#11 PIV Library*"},
        .quirks = {
            {"keygen-login", "so"},
            {"so-pin-form", "management key, 48 hex digits"},
            {"id-rule", "slots"},
            {"label", "fixed"},
            {"gen-overwrites", "yes"},
            {"destroy", "none"},
            {"touch", "yes"},
        },
        .since = "yubico-piv-tool 2.0",
        .evidence = "Yubico/yubico-piv-tool #44 (C_GenerateKeyPair wants the SO with 48 hex digits), #204 "
                    "(ids of one byte), ykcs11/ykcs11.c (C_GenerateKeyPair: CKA_ID 1..25, writes a "
                    "certificate)",
    },
    {.name = NULL},
};
// clang-format on
