// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/json.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/oid.h"

void pc_json_drop(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

PC_RESULT pc_json_set(json_t *object, const char *key, json_t *value, p11csr_error **err)
{
    return json_object_set_new(object, key, value) == 0 ? PC_OK : pc_fail_memory(err);
}

PC_RESULT pc_json_append(json_t *array, json_t *value, p11csr_error **err)
{
    return json_array_append_new(array, value) == 0 ? PC_OK : pc_fail_memory(err);
}

json_t *pc_json_text(struct pc_span text)
{
    return json_stringn(text.len > 0 ? (const char *)text.ptr : "", text.len);
}

json_t *pc_json_hex(struct pc_span octets)
{
    char *hex PC_CLEANUP(pc_free_str) = pc_hex(octets);
    return hex != NULL ? json_string(hex) : NULL;
}

json_t *pc_json_name(const char *name)
{
    return name != NULL ? json_string(name) : json_null();
}

json_t *pc_json_oid(struct pc_span oid)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST); // others write any number of arcs
    return pc_is_ok(pc_oid_format(oid, &text, NULL)) ? pc_json_text(pc_buf_span(&text)) : NULL;
}
