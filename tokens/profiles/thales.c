// SPDX-License-Identifier: Apache-2.0
#include "tokens/profiles/row.h"

// clang-format off
const struct pc_profile pc_profiles_thales[] = {
    {
        .name = "luna",
        .match = {.library = "Chrystoki*"},
        .quirks = {
            {"keygen-mech", "0x80000142,0x80000143,CKM_RSA_X9_31_KEY_PAIR_GEN"},
            {"ignore-slots", "none"},
            {"error-hint",
                "0x8000002f=the HSM does not take this point or curve "
                "(CKR_ECC_POINT_INVALID)|CKR_DEVICE_ERROR=see that the appliance is reached: vtl "
                "verify"},
        },
        .since = "Luna 7",
        .evidence = "Thales Luna SDK guide \"Mechanism Remap for FIPS Compliance\" (186-3 mechanisms); "
                    "OpenSC/libp11 #571, which mends #489 (keys are on tokens that say they are not "
                    "initialised); cryptoki_v2.h of its client (CKR_ECC_POINT_INVALID is 0x8000002f)",
        .note = "The crypto user of a partition logs in with user-type=0x80000001 (CKU_LIMITED_USER).",
    },
    {.name = NULL},
};
// clang-format on
