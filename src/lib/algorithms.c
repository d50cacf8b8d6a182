// SPDX-License-Identifier: Apache-2.0
#include "alg/rows.h"
#include "p11csr/key.h"

int p11csr_key_algorithm(size_t index, struct p11csr_algorithm *ret)
{
    if (index >= PC_KEYSPEC_COUNT) {
        return 0;
    }
    const struct pc_keyspec *spec = pc_keyspec_get((enum pc_keyspec_id)index);
    *ret = (struct p11csr_algorithm){.name = spec->name,
                                     .doc = spec->doc,
                                     .family = pc_family_get(spec->family)->name,
                                     .default_scheme = pc_scheme_get(spec->scheme)->name,
                                     .security_bits = spec->security_bits};
    return 1;
}

int p11csr_scheme_algorithm(size_t index, struct p11csr_algorithm *ret)
{
    if (index >= PC_SCHEME_COUNT) {
        return 0;
    }
    const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)index);
    *ret = (struct p11csr_algorithm){.name = scheme->name,
                                     .doc = scheme->doc,
                                     .family = pc_family_get(scheme->family)->name,
                                     .defined_in = scheme->rfc};
    return 1;
}
