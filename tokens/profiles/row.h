// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_PROFILES_ROW_H
#define PC_TOKENS_PROFILES_ROW_H

#include "tokens/quirks.h"

/* What the files of this folder hold: constant rows, ended by one without a name, and nothing else. */
enum { PC_PROFILE_QUIRKS = 12 };

struct pc_profile {
    const char *name; /* of what the row is about */
    struct pc_quirk_match match;
    struct {
        const char *word;
        const char *value;
    } quirks[PC_PROFILE_QUIRKS]; /* unused entries are NULL */
    const char *since;           /* the version in which it was seen first */
    const char *evidence;        /* a public issue, manual section or source file, or a test of the project */
    const char *note;
};

extern const struct pc_profile pc_profiles_cardcontact[];
extern const struct pc_profile pc_profiles_entrust[];
extern const struct pc_profile pc_profiles_google[];
extern const struct pc_profile pc_profiles_ibm[];
extern const struct pc_profile pc_profiles_marvell[];
extern const struct pc_profile pc_profiles_microchip[];
extern const struct pc_profile pc_profiles_mozilla[];
extern const struct pc_profile pc_profiles_nitrokey[];
extern const struct pc_profile pc_profiles_opensc[];
extern const struct pc_profile pc_profiles_p11kit[];
extern const struct pc_profile pc_profiles_softhsm[];
extern const struct pc_profile pc_profiles_tass[];
extern const struct pc_profile pc_profiles_thales[];
extern const struct pc_profile pc_profiles_tpm2[];
extern const struct pc_profile pc_profiles_utimaco[];
extern const struct pc_profile pc_profiles_yubico[];

#endif
