// SPDX-License-Identifier: Apache-2.0
#include "alg/rows.h"
#include "base/error.h"
#include "lib/target.h"
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

/* A name can be both: ed25519 is a kind of key and a scheme. Then both have to be there. */
static struct pc_result offers(struct pc_token *token, const char *name, bool *ret, p11csr_error **err)
{
    const struct pc_keyspec *spec = NULL;
    const struct pc_scheme *scheme = NULL;
    *ret = true;
    if (pc_is_ok(pc_keyspec_find(name, &spec, NULL))) {
        PC_TRY(pc_token_can_generate(token, spec, ret, err));
    }
    if (!pc_is_ok(pc_scheme_find(name, &scheme, NULL))) {
        return spec != NULL ? PC_OK : pc_scheme_find(name, &scheme, err);
    }
    bool there = false;
    for (size_t i = 0; i < scheme->mech_count && !there; i++) {
        PC_TRY(pc_token_has_mechanism(token, scheme->mechs[i].ckm, CKF_SIGN, &there, err));
    }
    *ret = *ret && there;
    return PC_OK;
}

static struct pc_result ask_token(p11csr_ctx *ctx, const char *token, const char *name, int *ret,
                                  p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_opened *opened = NULL;
    bool there = false;
    PC_TRY(pc_target_resolve(ctx, token, &target, err));
    PC_TRY(pc_target_open(ctx, &target, &opened, err));
    PC_TRY(offers(&opened->token, name, &there, err));
    *ret = there ? 1 : 0;
    return PC_OK;
}

enum p11csr_code p11csr_token_offers(p11csr_ctx *ctx, const char *token, const char *name, int *ret,
                                     p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return ask_token(lock.ctx, token, name, ret, err).code;
}
