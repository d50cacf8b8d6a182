// SPDX-License-Identifier: Apache-2.0
#include "tokens/uri.h"

#include "base/limits.h"
#include "p11csr/token.h"

enum p11csr_code p11csr_uri_normalize(const char *text, char **ret_text, p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf normal PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&uri);
    pc_buf_init(&normal, (size_t)4 * PC_MAX_URI);
    struct pc_result result = pc_uri_parse(text, &uri, err);
    if (pc_is_ok(result)) {
        result = pc_uri_format(&uri, &normal, err);
    }
    if (pc_is_ok(result)) {
        result = pc_buf_take_text(&normal, ret_text, err);
    }
    return result.code;
}

enum p11csr_code p11csr_uri_explain(const char *text, p11csr_uri_visitor visit, void *data,
                                    p11csr_error **err)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    pc_uri_init(&uri);
    const struct pc_result result = pc_uri_parse(text, &uri, err);
    for (size_t i = 0; pc_is_ok(result) && i < PC_URI_COUNT; i++) {
        if (uri.present[i]) {
            const struct pc_span value = pc_uri_value(&uri, (enum pc_uri_attr)i);
            visit(pc_uri_attr_name((enum pc_uri_attr)i), value.ptr, value.len, data);
        }
    }
    return result.code;
}
