// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/text.h"
#include "lib/json.h"
#include "lib/profile.h"

#include <stdlib.h>
#include <string.h>

/* A profile as JSON, in the form of its file. */

/* Sets "a.b" in the object "a" of `root`, or "a" in `root`. Takes `value` over. */
static struct pc_result set_field(json_t *root, const char *field, json_t *value, p11csr_error **err)
{
    const char *dot = strchr(field, '.');
    json_t *to = root;
    if (dot != NULL) {
        char *name PC_CLEANUP(pc_free_str) = pc_strndup(field, (size_t)(dot - field));
        if (name == NULL) {
            json_decref(value);
            return pc_fail_memory(err);
        }
        to = json_object_get(root, name);
        if (to == NULL) {
            to = json_object();
            (void)json_object_set_new(root, name, to);
        }
    }
    return json_object_set_new(to, dot != NULL ? dot + 1 : field, value) == 0 ? PC_OK : pc_fail_memory(err);
}

static json_t *list_json(const struct pc_profile_list *list)
{
    json_t *items = list->given ? json_array() : json_null();
    for (size_t i = 0; i < pc_profile_count(list); i++) {
        (void)json_array_append_new(items, json_string(pc_profile_item(list, i)));
    }
    return items;
}

static bool is_number(enum pc_profile_text_id id)
{
    return id == PC_PROFILE_SAN_MIN || id == PC_PROFILE_SAN_MAX;
}

static json_t *text_json(enum pc_profile_text_id id, const char *text)
{
    if (text == NULL) {
        return json_null();
    }
    return is_number(id) ? json_integer(strtol(text, NULL, 10)) : json_string(text);
}

static struct pc_result add_defaults(json_t *root, const struct p11csr_profile *profile, p11csr_error **err)
{
    json_t *defaults = json_object();
    PC_TRY(set_field(root, "subject.defaults", defaults, err));
    for (size_t i = 0; i < pc_profile_part_count(profile); i++) {
        const struct pc_profile_part *part = pc_profile_part(profile, i);
        PC_TRY(json_object_set_new(defaults, part->type, json_string(part->value)) == 0
                   ? PC_OK
                   : pc_fail_memory(err));
    }
    return PC_OK;
}

static struct pc_result add_extensions(json_t *root, const struct p11csr_profile *profile, p11csr_error **err)
{
    json_t *extensions = json_object();
    PC_TRY(set_field(root, "extensions", extensions, err));
    for (size_t i = 0; i < pc_profile_extension_count(profile); i++) {
        const struct pc_profile_extension *extension = pc_profile_extension(profile, i);
        json_t *row = json_object();
        PC_TRY(json_object_set_new(extensions, extension->word, row) == 0 ? PC_OK : pc_fail_memory(err));
        for (int which = 0; which < PC_PROFILE_VALUE_LISTS; which++) {
            PC_TRY(set_field(row, pc_profile_values_field((enum pc_profile_values_id)which),
                             list_json(&extension->lists[which]), err));
        }
        PC_TRY(set_field(row, "critical",
                         extension->critical < 0 ? json_null() : json_boolean(extension->critical), err));
    }
    return PC_OK;
}

static struct pc_result add_attributes(json_t *root, const struct p11csr_profile *profile, p11csr_error **err)
{
    json_t *attributes = json_object();
    PC_TRY(set_field(root, "attributes", attributes, err));
    for (size_t i = 0; i < pc_profile_attribute_count(profile); i++) {
        const struct pc_profile_attribute *attribute = pc_profile_attribute(profile, i);
        json_t *row = json_object();
        PC_TRY(json_object_set_new(attributes, attribute->word, row) == 0 ? PC_OK : pc_fail_memory(err));
        PC_TRY(set_field(row, "values", list_json(&attribute->values), err));
        PC_TRY(set_field(row, "allow", list_json(&attribute->allow), err));
    }
    return PC_OK;
}

static struct pc_result to_json(const struct p11csr_profile *profile, char **ret_json, p11csr_error **err)
{
    json_t *root PC_CLEANUP(pc_json_free) = json_object();
    char *file PC_CLEANUP(pc_free_str) = profile->file != NULL ? pc_text_printable(profile->file) : NULL;
    PC_TRY(set_field(root, "file", profile->file != NULL ? json_string(file) : json_null(), err));
    for (int id = 0; id < PC_PROFILE_TEXTS; id++) {
        PC_TRY(set_field(root, pc_profile_text_field((enum pc_profile_text_id)id),
                         text_json((enum pc_profile_text_id)id, profile->texts[id]), err));
    }
    for (int id = 0; id < PC_PROFILE_LISTS; id++) {
        PC_TRY(set_field(root, pc_profile_list_field((enum pc_profile_list_id)id),
                         list_json(&profile->lists[id]), err));
    }
    PC_TRY(add_defaults(root, profile, err));
    PC_TRY(add_extensions(root, profile, err));
    PC_TRY(add_attributes(root, profile, err));
    return pc_json_take_text(root, ret_json, err);
}

enum p11csr_code p11csr_profile_to_json(const p11csr_profile *profile, char **ret_json, p11csr_error **err)
{
    return to_json(profile, ret_json, err).code;
}
