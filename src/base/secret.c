// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include "base/limits.h"

#include <string.h>
#include <sys/mman.h>

struct pc_secret {
    size_t len;
    uint8_t bytes[PC_MAX_PIN];
};

struct pc_secret *pc_secret_new(void)
{
    void *pages =
        mmap(NULL, sizeof(struct pc_secret), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    (void)mlock(pages, sizeof(struct pc_secret)); // best effort: RLIMIT_MEMLOCK may be 0
    (void)madvise(pages, sizeof(struct pc_secret), MADV_DONTDUMP);
    return pages;
}

void pc_secret_free(struct pc_secret **secret)
{
    if (secret == NULL || *secret == NULL) {
        return;
    }
    pc_wipe(*secret, sizeof(**secret));
    (void)munmap(*secret, sizeof(**secret)); // cannot fail for a mapping that pc_secret_new() made
    *secret = NULL;
}

bool pc_secret_set(struct pc_secret *secret, const void *bytes, size_t len)
{
    pc_wipe(secret->bytes, sizeof(secret->bytes));
    secret->len = 0;
    if (len > sizeof(secret->bytes)) {
        return false;
    }
    if (len > 0) {
        memcpy(secret->bytes, bytes, len);
    }
    secret->len = len;
    return true;
}

struct pc_span pc_secret_bytes(const struct pc_secret *secret)
{
    return (struct pc_span){secret->bytes, secret->len};
}
