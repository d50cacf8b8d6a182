// SPDX-License-Identifier: Apache-2.0
#ifndef PC_BASE_WAIT_H
#define PC_BASE_WAIT_H

#include <stdbool.h>

/* Sleeps for so many milliseconds, whatever signals come meanwhile. */
void pc_wait_ms(unsigned milliseconds);
/*
 * Takes the flock() of an open file, LOCK_SH or LOCK_EX, and waits for it about so long. False when it is not
 * had: another process holds it, and may be stuck, or the file system knows no such locks.
 */
bool pc_wait_lock(int fd, int operation, unsigned milliseconds);

#endif
