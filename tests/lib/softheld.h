// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TESTS_LIB_SOFTHELD_H
#define PC_TESTS_LIB_SOFTHELD_H

#include "lib/softsigner.h"
#include "providers/held.h"

/*
 * A software signer as a key that is held for the provider, used by any number of threads. The provider
 * releases its hold; the signer stays with the test, and is freed by it when all holds are released.
 */
struct softheld;

/* ANY: every mechanism of a scheme is offered, those that take a digest where that is wanted. */
enum { SOFTHELD_ANY = -1 };

struct softheld *softheld_new(enum pc_keyspec_id spec);
void softheld_free(struct softheld **held);
/* Offers the mechanism with this index of each scheme only. */
void softheld_offer(struct softheld *held, int index);
/* Signing by the mechanism that is chosen first fails with MECHANISM, and it is not chosen again. */
void softheld_refuse_first(struct softheld *held);
/* A hold on it, to be handed to the provider. */
struct pc_held softheld_hold(struct softheld *held);
struct softsigner *softheld_signer(struct softheld *held);
/* Holds that are not released. */
unsigned softheld_holds(const struct softheld *held);
/* How often it was asked for a mechanism or a signature. */
unsigned softheld_uses(const struct softheld *held);

#endif
