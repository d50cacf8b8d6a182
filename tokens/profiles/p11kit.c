// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_p11kit[] = {
    {
        .name = "p11-kit-client",
        .match = {.library = "PKCS#11 Kit Proxy Module"},
        .quirks = {
            {"error-hint",
                "CKR_DEVICE_ERROR=the p11-kit server is gone: start it again and set "
                "P11_KIT_SERVER_ADDRESS"},
        },
        .since = "p11-kit 0.24",
        .evidence = "tests/tokens/test_p11kit.py (the process behind the connection is killed)",
    },
    {.name = NULL},
};
// clang-format on
