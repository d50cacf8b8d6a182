// SPDX-License-Identifier: Apache-2.0
/* What lasts from one call to the next: sessions, the login, tries of the PIN, the log. */
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void shim_lock(void)
{
    (void)pthread_mutex_lock(&mutex);
}

void shim_unlock(void)
{
    (void)pthread_mutex_unlock(&mutex);
}

struct shim_session *shim_session_of(CK_SESSION_HANDLE handle)
{
    struct shim_session *found = NULL;
    shim_lock();
    for (size_t i = 0; i < MAX_SESSIONS && found == NULL; i++) {
        found = shim.sessions[i].handle == handle ? &shim.sessions[i] : NULL;
    }
    shim_unlock();
    return found;
}

void shim_lose_sessions(void)
{
    CK_SLOT_ID slots[MAX_SESSIONS];
    CK_ULONG count = MAX_SESSIONS;
    if (shim.real->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK) {
        for (CK_ULONG i = 0; i < count; i++) {
            (void)shim.real->C_CloseAllSessions(slots[i]);
        }
    }
    shim_lock();
    memset(shim.sessions, 0, sizeof(shim.sessions));
    shim.user = NO_USER;
    shim_unlock();
}

unsigned long shim_wrong_pins(void)
{
    const char *path = getenv("P11SHIM_STATE");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    if (file == NULL) {
        return shim.wrong_pins;
    }
    char line[64] = "";
    static const char word[] = "wrong-pins ";
    if (fgets(line, sizeof(line), file) == NULL || strncmp(line, word, sizeof(word) - 1) != 0) {
        (void)fprintf(stderr, "p11csr-shim: %s is not a state file\n", path);
        abort();
    }
    (void)fclose(file);
    return strtoul(line + sizeof(word) - 1, NULL, 10);
}

void shim_set_wrong_pins(unsigned long count)
{
    const char *path = getenv("P11SHIM_STATE");
    shim.wrong_pins = count;
    if (path == NULL) {
        return;
    }
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "wrong-pins %lu\n", count) < 0 || fclose(file) != 0) {
        (void)fprintf(stderr, "p11csr-shim: %s cannot be written\n", path);
        abort();
    }
}

/* One write() for each line, so that those of several processes stay whole. */
void shim_log(const struct shim_call *call, const char *answer)
{
    const char *path = getenv("P11SHIM_LOG");
    if (path == NULL) {
        return;
    }
    char line[256];
    char session[32] = "-";
    if (call->session != 0) {
        (void)snprintf(session, sizeof(session), "%lu", call->session);
    }
    const int len = snprintf(line, sizeof(line), "%s %s %s%s%s\n", shim_function_name(call->function),
                             session, answer, call->remark[0] != 0 ? " " : "", call->remark);
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)len) != (ssize_t)len) {
        (void)fprintf(stderr, "p11csr-shim: %s cannot be written\n", path);
        abort();
    }
    (void)close(fd);
}

CK_RV shim_check_need(enum shim_need need)
{
    const CK_USER_TYPE wanted = shim.script.needs[need];
    return wanted == NO_USER || wanted == shim.user ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}
