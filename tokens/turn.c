// SPDX-License-Identifier: Apache-2.0
#include "tokens/turn.h"

#include "base/wait.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    LONGEST_MS = 2000,
    TRIES_AGAIN = 3,
    PAUSE_AGAIN_MS = 20,
};

void pc_turn_open(struct pc_turn *turn, const char *file)
{
    turn->fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    turn->is_open = turn->fd >= 0;
}

void pc_turn_close(struct pc_turn *turn)
{
    if (turn->is_open) {
        (void)close(turn->fd);
        turn->is_open = false;
    }
}

void pc_turn_learn(struct pc_turn *turn, bool is_wanted)
{
    turn->is_known = true;
    turn->is_wanted = is_wanted;
    if (!is_wanted) {
        pc_turn_close(turn);
    }
}

void pc_turn_begin(struct pc_turn *turn, bool alone)
{
    if (turn != NULL && turn->is_open && !pc_wait_lock(turn->fd, alone ? LOCK_EX : LOCK_SH, LONGEST_MS)) {
        pc_turn_close(turn);
    }
}

void pc_turn_end(struct pc_turn *turn)
{
    if (turn != NULL && turn->is_open) {
        (void)flock(turn->fd, LOCK_UN);
    }
}

bool pc_turn_again(const struct pc_turn *turn, unsigned tries)
{
    if (!turn->is_wanted || tries >= TRIES_AGAIN) {
        return false;
    }
    pc_wait_ms(PAUSE_AGAIN_MS);
    return true;
}
