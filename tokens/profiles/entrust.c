// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_entrust[] = {
    {
        .name = "nshield",
        .match = {.manufacturer = "nCipher*"},
        .quirks = {
            {"ec-params", "name"},
            {"error-hint",
                "CKR_DEVICE_ERROR=see that the hardserver runs and the module is in operational mode: "
                "enquiry"},
        },
        .since = "Security World 12",
        .evidence = "xipki/xipki SpecialBehaviour.EC_PARAMS_NAME_ONLY_EDWARDS (CKA_EC_PARAMS of an "
                    "Edwards key is taken as a name alone), set in its vendor-ncipher.json",
    },
    {.name = NULL},
};
// clang-format on
