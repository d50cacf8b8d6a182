// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "module/plugin.h"

/* What outlives the plugin: exit handlers cannot be taken back. */
struct pc_exit {
    atomic_uint references;   /* the plugin's, and one for each handler that was not called yet */
    pthread_mutex_t lock;     /* held while the plugin is used or goes away */
    struct pc_plugin *plugin; /* NULL: it is gone */
};

/*
 * What atexit() is made of (Itanium C++ ABI, section 3.3.6.3), with an argument; a handler is called, at the
 * latest, when the file that it belongs to is unloaded.
 */
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the ABI's names
extern int __cxa_atexit(void (*handler)(void *), void *data, void *file);
extern void *__dso_handle __attribute__((visibility("hidden")));
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

static void drop(struct pc_exit *exit)
{
    if (atomic_fetch_sub(&exit->references, 1) == 1) {
        (void)pthread_mutex_destroy(&exit->lock);
        pc_release(exit);
    }
}

static void at_exit(void *data)
{
    struct pc_exit *exit = data;
    (void)pthread_mutex_lock(&exit->lock);
    if (exit->plugin != NULL) {
        pc_life_close(exit->plugin);
    }
    (void)pthread_mutex_unlock(&exit->lock);
    drop(exit);
}

PC_RESULT pc_exit_new(struct pc_plugin *plugin, struct pc_exit **ret, p11csr_error **err)
{
    struct pc_exit *exit = pc_alloc(sizeof(*exit));
    if (exit == NULL || pthread_mutex_init(&exit->lock, NULL) != 0) {
        pc_release(exit);
        return pc_fail_memory(err);
    }
    atomic_init(&exit->references, 1);
    exit->plugin = plugin;
    *ret = exit;
    return PC_OK;
}

void pc_exit_watch(const struct pc_plugin *plugin, struct pc_life *life, enum pc_watched what)
{
    if ((atomic_load(&life->watched) & what) != 0 || (atomic_fetch_or(&life->watched, what) & what) != 0) {
        return;
    }
    (void)atomic_fetch_add(&plugin->exit->references, 1);
    if (__cxa_atexit(at_exit, plugin->exit, &__dso_handle) != 0) { // out of memory: as if it had not ended
        drop(plugin->exit);
    }
}

void pc_exit_forget(struct pc_exit **exit)
{
    if (*exit != NULL) {
        (void)pthread_mutex_lock(&(*exit)->lock);
        (*exit)->plugin = NULL;
        (void)pthread_mutex_unlock(&(*exit)->lock);
        drop(*exit);
        *exit = NULL;
    }
}
