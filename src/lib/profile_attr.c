// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/value.h"
#include "lib/profile.h"
#include "lib/request.h"

#include <string.h>

/* The attributes that profiles speak of: by the words of the command line or by their OIDs. */

static const char challenge[] = "challenge-password"; // which a profile does not hold, but can forbid

static struct pc_result read_type(const char *word, struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_item_row *row = pc_attribute_row_find(word);
    if (row == NULL && strcmp(word, challenge) != 0) {
        return pc_value_oid(word, P11CSR_E_ATTRIBUTE, ret, err);
    }
    pc_buf_add_span(ret, row != NULL ? row->oid.oid : pc_attribute_challenge_password());
    return pc_buf_check(ret, err);
}

PC_RESULT pc_profile_attribute_check(const char *word, p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    if (word == NULL || !pc_is_ok(read_type(word, &oid, NULL))) {
        const char *near = word != NULL ? pc_attribute_row_nearest(word) : NULL;
        return pc_fail(err, P11CSR_E_ATTRIBUTE, "unknown attribute '%s'%s%s%s", word != NULL ? word : "",
                       near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                       near != NULL ? "'" : "");
    }
    return pc_attribute_holds_extensions(pc_buf_span(&oid))
               ? pc_fail(err, P11CSR_E_ATTRIBUTE, "what it holds stands under 'extensions'")
               : PC_OK;
}

PC_RESULT pc_profile_attribute_put(const struct pc_profile_attribute *attribute, p11csr_request *request,
                                   p11csr_error **err)
{
    const bool by_oid = pc_attribute_row_find(attribute->word) == NULL;
    for (size_t i = 0; i < pc_profile_count(&attribute->values); i++) {
        const char *value = pc_profile_item(&attribute->values, i);
        if (strcmp(attribute->word, challenge) == 0) {
            return pc_fail(err, P11CSR_E_ATTRIBUTE, "a profile holds no password");
        }
        if (by_oid && strncmp(value, "hex:", 4) != 0 && strncmp(value, "asn1:", 5) != 0) {
            return pc_fail(err, P11CSR_E_ATTRIBUTE, "values are expected as hex:... or asn1:...");
        }
        PC_TRY((struct pc_result){p11csr_request_add_attribute(request, attribute->word, value, err)});
    }
    return PC_OK;
}

struct search {
    struct pc_span oid;
    bool found;
};

/* A visitor of attributes. */
static struct pc_result look(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct search *search = data;
    (void)err;
    search->found = search->found || pc_span_eq(attribute->oid, search->oid);
    return PC_OK;
}

PC_RESULT pc_profile_attribute_is_there(const char *word, const p11csr_request *request, bool *ret,
                                        p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    PC_TRY(read_type(word, &oid, err));
    struct search search = {.oid = pc_buf_span(&oid)};
    PC_TRY(pc_attributes_walk(pc_der_over(pc_buf_span(&request->content.attributes)), look, &search, err));
    *ret = search.found;
    return PC_OK;
}
