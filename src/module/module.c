// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "module/plugin.h"

/* p11csr.so: what libcrypto loads, and the host that gives the provider its keys. */

/* An open pkcs11: URI. */
struct pc_store {
    struct pc_plugin *plugin;
    struct pc_store_uri *uri;
    bool read;
    struct pc_buf rows; /* struct pc_store_row */
    size_t next;        /* of the rows */
};

static void store_close(struct pc_store *store)
{
    pc_store_rows_done(&store->rows);
    pc_store_uri_free(&store->uri);
    pc_release(store);
}

static void store_cleanup(struct pc_store **store)
{
    if (*store != NULL) {
        store_close(*store);
    }
}

static PC_RESULT store_open(void *self, const char *uri, struct pc_store **ret, p11csr_error **err)
{
    struct pc_plugin *plugin = self;
    struct pc_store_defaults defaults;
    struct pc_store *store PC_CLEANUP(store_cleanup) = pc_alloc(sizeof(*store));
    if (store == NULL) {
        return pc_fail_memory(err);
    }
    store->plugin = plugin;
    pc_buf_init(&store->rows, PC_MAX_OBJECTS * sizeof(struct pc_store_row));
    PC_TRY(pc_settings_defaults(plugin->provider, &defaults, err));
    PC_TRY(pc_store_uri_new(uri, &defaults, &store->uri, err));
    *ret = store;
    store = NULL;
    return PC_OK;
}

static struct pc_store_row *row_at(const struct pc_store *store, size_t index)
{
    return (struct pc_store_row *)(void *)store->rows.ptr + index;
}

static size_t row_count(const struct pc_store *store)
{
    return store->rows.len / sizeof(struct pc_store_row);
}

/* With the lock of `life` held. */
static struct pc_result read_rows(struct pc_store *store, struct pc_life *life,
                                  const struct pc_store_wish *wish, p11csr_error **err)
{
    p11csr_ctx *ctx = NULL;
    PC_TRY(pc_life_context(store->plugin, life, &ctx, err));
    const struct pc_result result = pc_store_read(ctx, store->uri, wish, &store->rows, err);
    pc_exit_watch(store->plugin, life, PC_WATCHED_READ); // a module may have been loaded before it failed
    PC_TRY(result);
    for (size_t i = 0; i < row_count(store); i++) {
        if (row_at(store, i)->kind == PC_STORED_PRIVATE) {
            PC_TRY(pc_kept_new(store->plugin, life, store->uri, &row_at(store, i)->held, err));
        }
    }
    return PC_OK;
}

static struct pc_result read_once(struct pc_store *store, const struct pc_store_wish *wish,
                                  p11csr_error **err)
{
    struct pc_life *life = NULL;
    if (store->read) {
        return PC_OK;
    }
    store->read = true;
    PC_TRY(pc_life_enter(store->plugin, &life, err));
    (void)pthread_mutex_lock(&life->lock);
    const struct pc_result result = read_rows(store, life, wish, err);
    (void)pthread_mutex_unlock(&life->lock);
    pc_life_leave(life);
    return result;
}

static PC_RESULT store_next(struct pc_store *store, const struct pc_store_wish *wish, struct pc_stored *ret,
                            bool *ret_there, p11csr_error **err)
{
    PC_TRY(read_once(store, wish, err));
    *ret_there = store->next < row_count(store);
    if (*ret_there) {
        struct pc_store_row *row = row_at(store, store->next++);
        *ret = (struct pc_stored){.kind = row->kind, .held = row->held, .der = pc_buf_span(&row->der)};
        row->held = (struct pc_held){0}; // handed over
    }
    return PC_OK;
}

static void plugin_free(struct pc_plugin *plugin)
{
    pc_exit_forget(&plugin->exit);
    pc_life_close(plugin);
    pc_life_free(plugin);
    pc_release(plugin);
}

static void stop(void *self)
{
    plugin_free(self);
}

/* Found by its name in the file; see provider(7). */
__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out, void **provctx)
{
    static const struct pc_host_ops ops = {
        .open = store_open, .next = store_next, .close = store_close, .stop = stop};
    struct pc_plugin *plugin = pc_alloc(sizeof(*plugin));
    if (plugin == NULL) {
        return 0;
    }
    if (!pc_is_ok(pc_exit_new(plugin, &plugin->exit, NULL)) ||
        pc_provider_init(handle, in, out, provctx) != 1) {
        plugin_free(plugin);
        return 0;
    }
    plugin->provider = *provctx;
    pc_settings_proof(plugin->provider);
    pc_provider_attach(plugin->provider, &(struct pc_host){.ops = &ops, .self = plugin});
    return 1;
}
