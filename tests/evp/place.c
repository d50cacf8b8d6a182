// SPDX-License-Identifier: Apache-2.0
#include "evp/place.h"

#include "base/error.h"

#include <openssl/core_dispatch.h>
#include <string.h>

struct pc_store {
    struct place *place;
    struct softheld *held; /* NULL: no such key, or it is handed out */
    char what[64];
};

static struct pc_result open_uri(void *self, const char *uri, struct pc_store **ret, p11csr_error **err)
{
    struct place *place = self;
    place->opened++;
    (void)pthread_mutex_lock(&place->lock);
    (void)snprintf(place->last_uri, sizeof(place->last_uri), "%s", uri);
    (void)pthread_mutex_unlock(&place->lock);
    const char *object = strstr(uri, "object=");
    if (object == NULL) {
        place->closed++;
        return pc_fail(err, P11CSR_E_URI, "no object is named");
    }
    struct pc_store *store = calloc(1, sizeof(*store));
    assert_non_null(store);
    store->place = place;
    object += strlen("object=");
    (void)snprintf(store->what, sizeof(store->what), "%.*s", (int)strcspn(object, ";?"), object);
    for (size_t i = 0; i < PLACE_KEYS; i++) {
        if (place->keys[i].name != NULL && strcmp(place->keys[i].name, store->what) == 0) {
            store->held = place->keys[i].held;
        }
    }
    *ret = store;
    return PC_OK;
}

static struct pc_result ask(const struct pc_store *store, const struct pc_store_wish *wish,
                            p11csr_error **err)
{
    struct pc_secret *secret = pc_secret_new();
    assert_non_null(secret);
    const bool given = wish->ask != NULL && wish->ask(wish->ask_data, "token 'soft'", secret);
    struct pc_result result = PC_OK;
    if (!given) {
        result = pc_fail(err, P11CSR_E_PIN_CANCELLED, "nobody gave the PIN of token 'soft'");
    } else if (!pc_span_eq(pc_secret_bytes(secret), pc_span_str(store->place->pin))) {
        result = pc_fail(err, P11CSR_E_PIN_INCORRECT, "C_Login: CKR_PIN_INCORRECT");
    }
    pc_secret_free(&secret);
    return result;
}

static struct pc_result next(struct pc_store *store, const struct pc_store_wish *wish, struct pc_stored *ret,
                             bool *ret_there, p11csr_error **err)
{
    if (store->place->pin != NULL) {
        PC_TRY(ask(store, wish, err));
    }
    *ret_there = store->held != NULL;
    if (store->held != NULL) {
        *ret = (struct pc_stored){.kind = PC_STORED_PRIVATE, .held = softheld_hold(store->held)};
        store->held = NULL;
        store->place->loads++;
    }
    return PC_OK;
}

static void close_store(struct pc_store *store)
{
    store->place->closed++;
    free(store);
}

static void stop(void *self)
{
    ((struct place *)self)->stopped = true;
}

static const struct pc_host_ops host_ops = {
    .open = open_uri, .next = next, .close = close_store, .stop = stop};

void place_attach(struct place *place)
{
    const struct pc_host host = {.ops = &host_ops, .self = place};
    pc_provider_attach(place->provider, &host);
}

/* Whose provider is being made: libcrypto hands an init function nothing of the caller's. */
static struct place *making;

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **ret_provider)
{
    if (pc_provider_init(handle, in, out, ret_provider) != 1) {
        return 0;
    }
    making->provider = *ret_provider;
    place_attach(making);
    return 1;
}

void place_start(struct place *place, OSSL_LIB_CTX *libctx, bool software_first)
{
    memset(place, 0, sizeof(*place));
    place->libctx = libctx;
    assert_int_equal(pthread_mutex_init(&place->lock, NULL), 0);
    making = place;
    assert_int_equal(OSSL_PROVIDER_add_builtin(libctx, "p11csr", init), 1);
    if (software_first) {
        place->software = OSSL_PROVIDER_load(libctx, "default");
        assert_non_null(place->software);
    }
    place->loaded = OSSL_PROVIDER_load(libctx, "p11csr");
    assert_non_null(place->loaded);
    if (!software_first) {
        place->software = OSSL_PROVIDER_load(libctx, "default");
        assert_non_null(place->software);
    }
    making = NULL;
}

void place_again(struct place *place)
{
    making = place;
    place->loaded = OSSL_PROVIDER_load(place->libctx, "p11csr");
    making = NULL;
    assert_non_null(place->loaded);
}

void place_begin(struct place *place)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    assert_non_null(libctx);
    place_start(place, libctx, true);
}

void place_end(struct place *place)
{
    assert_int_equal(OSSL_PROVIDER_unload(place->loaded), 1);
    assert_int_equal(OSSL_PROVIDER_unload(place->software), 1);
    OSSL_LIB_CTX_free(place->libctx);
    assert_true(place->stopped);
    assert_int_equal(place->opened, place->closed);
    for (size_t i = 0; i < PLACE_KEYS; i++) {
        softheld_free(&place->keys[i].held);
    }
}

void place_add(struct place *place, const char *name, struct softheld *held)
{
    size_t i = 0;
    while (i < PLACE_KEYS && place->keys[i].held != NULL) {
        i++;
    }
    if (i == PLACE_KEYS) {
        fail_msg("a place has room for %d keys", PLACE_KEYS);
        return;
    }
    place->keys[i].name = name;
    place->keys[i].held = held;
}

EVP_PKEY *place_pkey(const struct place *place, struct softheld *held)
{
    struct pc_held hold = softheld_hold(held);
    p11csr_error *err = NULL;
    EVP_PKEY *pkey = NULL;
    check_ok(pc_provider_new_pkey(place->provider, place->libctx, &hold, &pkey, &err), &err);
    assert_non_null(pkey);
    assert_null(hold.ops); // it was handed over
    return pkey;
}

void check_raised_at(enum p11csr_code code, const char *text, const char *file, int line)
{
    const char *data = NULL;
    int flags = 0;
    unsigned ours = 0;
    unsigned right = 0;
    for (unsigned long raised = ERR_get_error_all(NULL, NULL, NULL, &data, &flags); raised != 0;
         raised = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) {
        const char *library = ERR_lib_error_string(raised);
        const char *said = (flags & ERR_TXT_STRING) != 0 ? data : "";
        const bool is_ours = library != NULL && strcmp(library, "p11csr") == 0;
        const bool is_right = is_ours && ERR_GET_REASON(raised) == (int)code && strstr(said, text) != NULL;
        ours += is_ours ? 1 : 0;
        right += is_right ? 1 : 0;
        if (is_ours && !is_right) {
            print_error("in the queue: %d (%s): %s\n", ERR_GET_REASON(raised),
                        ERR_reason_error_string(raised), said);
        }
    }
    if (ours != 1 || right != 1) {
        print_error("%u errors of p11csr are in the queue, %u of them %s\n", ours, right,
                    p11csr_strerror(code));
        _fail(file, line);
    }
}
