// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/base64.h"
#include "lib/plan.h"

#include <string.h>

/* The form of a plan. It is a file that went through many hands: nothing in it is believed. */

enum { PLAN_VERSION = 1 };

static struct pc_result fail_form(p11csr_error **err, const char *what)
{
    const struct pc_result result = pc_fail(err, P11CSR_E_VALUE, "this is no plan: %s", what);
    pc_hint(err, "have one made: p11csr plan --token NAME --key-label LABEL --subject CN=... -o plan.json");
    return result;
}

/* Every member is known: what a person reads in it has to be something that is checked or said to be told. */
static struct pc_result check_members(const json_t *root, p11csr_error **err)
{
    static const char *const names[] = {"p11csr-plan", "program", "key",        "scheme",
                                        "tbs",         "content", "tbs-sha256", "evidence"};
    const char *name = NULL;
    json_t *value = NULL;
    size_t known = 0;
    json_object_foreach((json_t *)(uintptr_t)root, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
            found = found || strcmp(names[i], name) == 0;
        }
        known += found ? 1 : 0;
        if (!found) {
            return fail_form(err, "it has a member that plans do not have");
        }
    }
    return known == PC_ARRAY_LEN(names) ? PC_OK : fail_form(err, "a part is missing");
}

static struct pc_result take_text(const json_t *object, const char *name, const char **ret,
                                  p11csr_error **err)
{
    *ret = json_string_value(json_object_get(object, name));
    return *ret != NULL && strlen(*ret) == json_string_length(json_object_get(object, name))
               ? PC_OK
               : pc_fail(err, P11CSR_E_VALUE, "this is no plan: '%s' is not a text", name);
}

static struct pc_result take_bytes(const json_t *object, const char *name, struct pc_buf *ret,
                                   p11csr_error **err)
{
    const char *text = NULL;
    PC_TRY(take_text(object, name, &text, err));
    return pc_frame(pc_base64_decode(text, ret, err), err, "'%s' of the plan cannot be read", name);
}

static struct pc_result take_parts(struct pc_plan *plan, p11csr_error **err)
{
    const json_t *key = json_object_get(plan->root, "key");
    PC_TRY(take_bytes(plan->root, "tbs", &plan->tbs, err));
    PC_TRY(take_bytes(key, "spki", &plan->spki, err));
    PC_TRY(take_text(plan->root, "scheme", &plan->scheme, err));
    PC_TRY(take_text(plan->root, "tbs-sha256", &plan->tbs_sha256, err));
    PC_TRY(take_text(key, "spki-sha256", &plan->spki_sha256, err));
    plan->content = json_object_get(plan->root, "content");
    return PC_OK;
}

PC_RESULT pc_plan_read(struct pc_span text, struct pc_plan *ret, p11csr_error **err)
{
    *ret = (struct pc_plan){0};
    pc_buf_init(&ret->tbs, PC_MAX_REQUEST);
    pc_buf_init(&ret->spki, PC_MAX_SPKI);
    if (text.len > PC_MAX_PLAN) {
        return pc_fail(err, P11CSR_E_LIMIT, "a plan of more than %d bytes", (int)PC_MAX_PLAN);
    }
    ret->root = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(ret->root)) {
        return fail_form(err, "it is not a JSON object");
    }
    const json_t *version = json_object_get(ret->root, "p11csr-plan");
    if (!json_is_integer(version) || json_integer_value(version) != PLAN_VERSION) {
        return fail_form(err, "'p11csr-plan' is not 1");
    }
    PC_TRY(check_members(ret->root, err));
    return take_parts(ret, err);
}

void pc_plan_done(struct pc_plan *plan)
{
    pc_buf_done(&plan->tbs);
    pc_buf_done(&plan->spki);
    json_decref(plan->root);
    plan->root = NULL;
}
