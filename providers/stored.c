// SPDX-License-Identifier: Apache-2.0
#include "providers/stored.h"

#include "base/error.h"
#include "base/limits.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

bool pc_asker_ask(void *data, const char *what, struct pc_secret *ret)
{
    const struct pc_asker *asker = data;
    char pin[PC_MAX_PIN + 1];
    size_t len = 0;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, (char *)(uintptr_t)what, 0),
        OSSL_PARAM_construct_end()};
    const bool given = asker->callback(pin, sizeof(pin), &len, params, asker->data) == 1 && len > 0 &&
                       len <= sizeof(pin) && pc_secret_set(ret, pin, len);
    OPENSSL_cleanse(pin, sizeof(pin));
    return given;
}

PC_RESULT pc_stored_to_object(struct pc_provider *provider, struct pc_stored *stored, struct pc_object **ret,
                              p11csr_error **err)
{
    struct pc_object *object PC_CLEANUP(pc_object_free) = pc_object_new(provider);
    const bool private = stored->kind == PC_STORED_PRIVATE;
    if (object == NULL) {
        if (private) {
            stored->held.ops->release(stored->held.self);
        }
        return pc_fail_memory(err);
    }
    PC_TRY(private ? pc_object_fill(object, &stored->held, err)
                   : pc_object_fill_public(object, stored->der, err));
    *ret = object;
    object = NULL;
    return PC_OK;
}

int pc_object_deliver(struct pc_object **object, OSSL_CALLBACK *callback, void *data)
{
    int type = OSSL_OBJECT_PKEY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)(uintptr_t)(*object)->type, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, (void *)object, sizeof(void *)),
        OSSL_PARAM_construct_end()};
    return callback(params, data);
}
