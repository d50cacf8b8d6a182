// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "csr/content/value.h"
#include "lib/request.h"

#include <string.h>

/* What is said about extensions and attributes by their object identifiers. */

/* Cuts ":critical" or ":noncritical" off the end of `what`. */
static enum pc_critical cut_critical(char *what)
{
    static const struct {
        const char *text;
        enum pc_critical critical;
    } ends[] = {{":critical", PC_CRITICAL_YES}, {":noncritical", PC_CRITICAL_NO}};
    for (size_t i = 0; i < PC_ARRAY_LEN(ends); i++) {
        const size_t len = strlen(what);
        const size_t end = strlen(ends[i].text);
        if (len >= end && strcmp(what + len - end, ends[i].text) == 0) {
            what[len - end] = 0;
            return ends[i].critical;
        }
    }
    return PC_CRITICAL_USUAL;
}

static struct pc_result set_by_oid(p11csr_request *request, const char *dotted, enum pc_critical critical,
                                   const char *value, p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    pc_buf_init(&der, PC_MAX_VALUE);
    PC_TRY(pc_value_oid(dotted, P11CSR_E_EXTENSION, &oid, err));
    PC_TRY(pc_value_read(value, P11CSR_E_EXTENSION, &der, err));
    const struct pc_span span = pc_buf_span(&oid);
    PC_TRY(pc_content_set_extension(&request->content, span, critical, pc_buf_span(&der), err));
    if (pc_span_eq(span, pc_skid_oid())) {
        request->skid = PC_SKID_NONE;
    }
    pc_content_settle(&request->content);
    return PC_OK;
}

static struct pc_result add_extension(p11csr_request *request, const char *what, const char *value,
                                      p11csr_error **err)
{
    char *word PC_CLEANUP(pc_free_str) = pc_strdup(what);
    if (word == NULL) {
        return pc_fail_memory(err);
    }
    const enum pc_critical critical = cut_critical(word);
    return set_by_oid(request, word, critical, value, err);
}

enum p11csr_code p11csr_request_add_extension(p11csr_request *request, const char *what, const char *value,
                                              p11csr_error **err)
{
    return pc_frame(add_extension(request, what, value, err), err, "extension '%s' cannot be used", what)
        .code;
}

static struct pc_result add_attribute(p11csr_request *request, const char *what, const char *value,
                                      p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_wipe) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    pc_buf_init(&der, PC_MAX_VALUE);
    PC_TRY(pc_value_oid(what, P11CSR_E_ATTRIBUTE, &oid, err));
    PC_TRY(pc_value_read(value, P11CSR_E_ATTRIBUTE, &der, err));
    return pc_content_add_attribute(&request->content, pc_buf_span(&oid), pc_buf_span(&der), err);
}

enum p11csr_code p11csr_request_add_attribute(p11csr_request *request, const char *what, const char *value,
                                              p11csr_error **err)
{
    return pc_frame(add_attribute(request, what, value, err), err, "attribute '%s' cannot be used", what)
        .code;
}

enum p11csr_code p11csr_request_clear(p11csr_request *request, const char *what, p11csr_error **err)
{
    if (strcmp(what, "san") == 0) {
        pc_content_clear_sans(&request->content);
        pc_origins_clear_sans(&request->origins);
    } else if (strcmp(what, "extensions") == 0) {
        pc_content_clear_extensions(&request->content);
        request->skid = PC_SKID_NONE;
    } else if (strcmp(what, "attributes") == 0) {
        pc_buf_wipe(&request->content.attributes);
    } else {
        return pc_fail(err, P11CSR_E_VALUE, "'%s' where san, extensions or attributes is expected", what)
            .code;
    }
    return P11CSR_OK;
}
