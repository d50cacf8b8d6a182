// SPDX-License-Identifier: Apache-2.0
#include "base/wait.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

enum { LONGEST_PAUSE_MS = 16 };

void pc_wait_ms(unsigned milliseconds)
{
    struct timespec left = {.tv_sec = (time_t)(milliseconds / 1000),
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

bool pc_wait_lock(int fd, int operation, unsigned milliseconds)
{
    unsigned waited = 0;
    unsigned pause = 1;
    while (flock(fd, operation | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || waited >= milliseconds) {
            return false;
        }
        pc_wait_ms(pause);
        waited += pause;
        pause = pause < LONGEST_PAUSE_MS ? 2 * pause : pause;
    }
    return true;
}
