// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * A PIN in a URI of the command line can be seen by everybody in the list of processes, for as long as the
 * arguments hold it. So they are overwritten, before anything else has a copy of them.
 */
struct hidden {
    const char *shown; /* the argument, without its PIN from now on */
    char *text;        /* as it was typed, in memory that is locked and left out of dumps */
    size_t size;       /* of that memory */
};

static const char word[] = "pin-value=";

static char *keep(const char *text, size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    (void)mlock(pages, size); // best effort: RLIMIT_MEMLOCK may be 0
    (void)madvise(pages, size, MADV_DONTDUMP);
    return memcpy(pages, text, size);
}

static struct pc_result hide(struct cli *cli, char *text, size_t number, p11csr_error **err)
{
    if (text == NULL || strstr(text, word) == NULL) {
        return PC_OK;
    }
    char *uri = strstr(text, "pkcs11:"); // behind '--token=' as well
    struct hidden hidden = {.shown = uri != NULL ? uri : text};
    hidden.size = strlen(hidden.shown) + 1;
    hidden.text = keep(hidden.shown, hidden.size);
    if (hidden.text == NULL) {
        return pc_fail_memory(err);
    }
    for (char *at = strstr(text, word); at != NULL; at = strstr(at, word)) {
        at += sizeof(word) - 1;
        const size_t len = strcspn(at, "&");
        memset(at, 'a' + (int)(number % 26), len); // two that differed differ still
        at += len;
    }
    pc_buf_add(&cli->hidden, &hidden, sizeof(hidden));
    return pc_buf_check(&cli->hidden, err);
}

PC_RESULT cli_hide_pins(struct cli *cli, int argc, char **argv, p11csr_error **err)
{
    for (int i = 1; i < argc; i++) {
        PC_TRY(hide(cli, argv[i], (size_t)i, err));
    }
    return hide(cli, secure_getenv("P11CSR_TOKEN"), 0, err);
}

static struct hidden *hidden_at(const struct cli *cli, size_t at)
{
    return (struct hidden *)(void *)(cli->hidden.ptr + at);
}

const char *cli_reveal(const struct cli *cli, const char *text)
{
    for (size_t at = 0; text != NULL && at < cli->hidden.len; at += sizeof(struct hidden)) {
        if (strcmp(hidden_at(cli, at)->shown, text) == 0) {
            return hidden_at(cli, at)->text;
        }
    }
    return text;
}

void cli_hide_done(struct cli *cli)
{
    for (size_t at = 0; at < cli->hidden.len; at += sizeof(struct hidden)) {
        struct hidden *hidden = hidden_at(cli, at);
        pc_wipe(hidden->text, hidden->size);
        (void)munmap(hidden->text, hidden->size); // cannot fail for a mapping that keep() made
    }
    pc_buf_done(&cli->hidden);
}
