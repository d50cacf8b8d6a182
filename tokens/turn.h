// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_TURN_H
#define PC_TOKENS_TURN_H

#include <stdbool.h>

/*
 * Some modules rewrite a file of theirs in a call, and another process that reads it at that moment sees no
 * token. So the processes of p11csr take turns: who writes is alone, who reads is among readers. The lock is
 * an advisory one (flock) of the module's own file, which every user of the module can open and nobody has to
 * make or remove. It is a courtesy: who waited for two seconds goes on without, now and ever after.
 */
struct pc_turn {
    int fd;
    bool is_open;
    bool is_known;  /* whether it is such a module */
    bool is_wanted; /* it is one: quirk login-writes */
};

/*
 * `file` is the module's. A zeroed turn, and one that could not be opened, is had without waiting. As long as
 * nobody knows whether the module is such a one, its turns are taken: only those of others make them long.
 */
void pc_turn_open(struct pc_turn *turn, const char *file);
void pc_turn_learn(struct pc_turn *turn, bool is_wanted);
void pc_turn_close(struct pc_turn *turn);
/*
 * Waits for the turn; `alone` to write. Not to be nested, nor for what takes a person's time. NULL does
 * nothing.
 */
void pc_turn_begin(struct pc_turn *turn, bool alone);
void pc_turn_end(struct pc_turn *turn);

/*
 * Programs other than p11csr take no turns. True, after a short wait, while there is reason to look again at
 * what a module shows, up to three times: `tries` is counted from 0.
 */
bool pc_turn_again(const struct pc_turn *turn, unsigned tries);

#endif
