// SPDX-License-Identifier: Apache-2.0
#include "lib/store_uri.h"

#include "base/error.h"

static struct pc_result set_default(struct pc_uri *uri, enum pc_uri_attr attr, const char *value,
                                    p11csr_error **err)
{
    return value != NULL ? pc_uri_set(uri, attr, pc_span_str(value), err) : PC_OK;
}

static struct pc_result read_uri(const char *text, const struct pc_store_defaults *defaults,
                                 struct pc_store_uri *ret, p11csr_error **err)
{
    struct pc_uri *uri = &ret->uri;
    PC_TRY(pc_uri_parse(text, uri, err));
    if (defaults->token != NULL) {
        ret->token = pc_strdup(defaults->token);
        if (ret->token == NULL) {
            return pc_fail_memory(err);
        }
    }
    if (uri->pin == NULL && !uri->present[PC_URI_PIN_SOURCE]) {
        PC_TRY(set_default(uri, PC_URI_PIN_SOURCE, defaults->pin_source, err));
    }
    if (!uri->present[PC_URI_MODULE_NAME] && !uri->present[PC_URI_MODULE_PATH]) {
        PC_TRY(set_default(uri, PC_URI_MODULE_PATH, defaults->module, err));
    }
    return PC_OK;
}

PC_RESULT pc_store_uri_new(const char *text, const struct pc_store_defaults *defaults,
                           struct pc_store_uri **ret, p11csr_error **err)
{
    struct pc_store_uri *uri PC_CLEANUP(pc_store_uri_free) = pc_alloc(sizeof(*uri));
    if (uri == NULL) {
        return pc_fail_memory(err);
    }
    atomic_init(&uri->references, 1);
    pc_uri_init(&uri->uri);
    PC_TRY(read_uri(text, defaults, uri, err));
    *ret = uri;
    uri = NULL;
    return PC_OK;
}

struct pc_store_uri *pc_store_uri_share(struct pc_store_uri *uri)
{
    (void)atomic_fetch_add(&uri->references, 1);
    return uri;
}

void pc_store_uri_free(struct pc_store_uri **uri)
{
    if (uri != NULL && *uri != NULL && atomic_fetch_sub(&(*uri)->references, 1) == 1) {
        pc_uri_done(&(*uri)->uri);
        pc_release((*uri)->token);
        pc_release(*uri);
    }
    if (uri != NULL) {
        *uri = NULL;
    }
}
