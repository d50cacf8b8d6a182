// SPDX-License-Identifier: Apache-2.0
#include "lib/softheld.h"

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct softheld {
    struct softsigner *signer;
    pthread_mutex_t lock; /* a software signer is for one thread */
    atomic_uint holds;
    atomic_uint uses;
    int offer;
    bool refuse_first;
    const struct pc_mech *refused;
};

static struct pc_span spki(const void *self)
{
    const struct pc_signer *signer = softsigner_get(((const struct softheld *)self)->signer);
    return signer->ops->spki(signer->self);
}

static bool is_offered(const struct softheld *held, const struct pc_scheme *scheme, size_t index, bool hashed)
{
    if (hashed && scheme->mechs[index].input == PC_INPUT_MESSAGE) {
        return false;
    }
    if (&scheme->mechs[index] == held->refused) {
        return false;
    }
    return held->offer == SOFTHELD_ANY || (size_t)held->offer == index;
}

static struct pc_result choose(void *self, const struct pc_scheme *scheme, bool hashed,
                               const struct pc_mech **ret, p11csr_error **err)
{
    struct softheld *held = self;
    const struct pc_signer *signer = softsigner_get(held->signer);
    const struct pc_mech *first = NULL;
    (void)atomic_fetch_add(&held->uses, 1);
    PC_TRY(signer->ops->choose(signer->self, scheme, &first, err)); // it may have a fault
    for (size_t i = 0; i < scheme->mech_count; i++) {
        if (is_offered(held, scheme, i, hashed)) {
            *ret = &scheme->mechs[i];
            return PC_OK;
        }
    }
    return pc_fail(err, P11CSR_E_MECHANISM, "the token offers nothing for %s", scheme->name);
}

static struct pc_result sign(void *self, const struct pc_scheme *scheme, const struct pc_mech *mech,
                             struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct softheld *held = self;
    const struct pc_signer *signer = softsigner_get(held->signer);
    (void)atomic_fetch_add(&held->uses, 1);
    if (held->refuse_first && (held->refused == NULL || held->refused == mech)) {
        held->refused = mech;
        return pc_fail(err, P11CSR_E_MECHANISM, "C_SignInit: CKR_MECHANISM_INVALID");
    }
    (void)pthread_mutex_lock(&held->lock);
    const struct pc_result result = signer->ops->sign(signer->self, scheme, mech, input, ret, err);
    (void)pthread_mutex_unlock(&held->lock);
    return result;
}

static void release(void *self)
{
    struct softheld *held = self;
    if (atomic_fetch_sub(&held->holds, 1) == 0) {
        abort(); // released once too often
    }
}

static const struct pc_held_ops ops = {.spki = spki, .choose = choose, .sign = sign, .release = release};

struct softheld *softheld_new(enum pc_keyspec_id spec)
{
    struct softheld *held = calloc(1, sizeof(*held));
    if (held == NULL || pthread_mutex_init(&held->lock, NULL) != 0) {
        abort();
    }
    held->signer = softsigner_new(spec);
    held->offer = SOFTHELD_ANY;
    return held;
}

void softheld_free(struct softheld **held)
{
    if (*held == NULL) {
        return;
    }
    if (atomic_load(&(*held)->holds) != 0) {
        abort(); // somebody still has it
    }
    softsigner_free(&(*held)->signer);
    (void)pthread_mutex_destroy(&(*held)->lock);
    free(*held);
    *held = NULL;
}

void softheld_offer(struct softheld *held, int index)
{
    held->offer = index;
}

void softheld_refuse_first(struct softheld *held)
{
    held->refuse_first = true;
    held->refused = NULL;
}

struct pc_held softheld_hold(struct softheld *held)
{
    (void)atomic_fetch_add(&held->holds, 1);
    return (struct pc_held){.ops = &ops, .self = held};
}

struct softsigner *softheld_signer(struct softheld *held)
{
    return held->signer;
}

unsigned softheld_holds(const struct softheld *held)
{
    return atomic_load(&held->holds);
}

unsigned softheld_uses(const struct softheld *held)
{
    return atomic_load(&held->uses);
}
