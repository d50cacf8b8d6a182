// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/content/extensions.h"
#include "lib/request.h"

enum p11csr_code p11csr_request_new(p11csr_request **ret_request, p11csr_error **err)
{
    struct p11csr_request *request = pc_alloc(sizeof(*request));
    if (request == NULL) {
        return pc_fail_memory(err).code;
    }
    pc_content_init(&request->content);
    pc_origins_init(&request->origins);
    pc_buf_init(&request->planned_spki, PC_MAX_SPKI);
    *ret_request = request;
    return P11CSR_OK;
}

void p11csr_request_free(p11csr_request **request)
{
    if (request != NULL && *request != NULL) {
        pc_content_done(&(*request)->content);
        pc_origins_done(&(*request)->origins);
        pc_buf_done(&(*request)->planned_spki);
        pc_profile_cleanup(&(*request)->profile);
        pc_release(*request);
        *request = NULL;
    }
}

enum p11csr_code p11csr_request_set_subject(p11csr_request *request, const char *text, p11csr_error **err)
{
    const struct pc_result result = pc_content_set_subject(&request->content, text, err);
    request->subject_is_given = request->subject_is_given && !pc_is_ok(result);
    pc_content_settle(&request->content);
    return result.code;
}

enum p11csr_code p11csr_request_set_subject_der(p11csr_request *request, const void *der, size_t der_len,
                                                p11csr_error **err)
{
    const struct pc_span name = {der, der_len};
    const struct pc_result result = pc_content_set_subject_der(&request->content, name, err);
    request->subject_is_given = request->subject_is_given || pc_is_ok(result);
    pc_content_settle(&request->content);
    return result.code;
}

enum p11csr_code p11csr_request_add_san(p11csr_request *request, const char *type, const char *value,
                                        p11csr_error **err)
{
    enum pc_san_type san = PC_SAN_COUNT;
    struct pc_result result = pc_san_type_find(type, &san, err);
    if (pc_is_ok(result)) {
        result = pc_content_add_san(&request->content, san, value, err);
        pc_content_settle(&request->content);
    }
    return result.code;
}

enum p11csr_code p11csr_request_set_key_usage(p11csr_request *request, const char *list, p11csr_error **err)
{
    return pc_content_set_key_usage(&request->content, list, err).code;
}

enum p11csr_code p11csr_request_set_ext_key_usage(p11csr_request *request, const char *list,
                                                  p11csr_error **err)
{
    return pc_content_set_ext_key_usage(&request->content, list, err).code;
}

const char *p11csr_key_usage_name(size_t index)
{
    return index < PC_KEY_USAGE_COUNT ? pc_key_usage_name((unsigned)index) : NULL;
}

const char *p11csr_ext_key_usage_name(size_t index)
{
    return pc_ext_key_usage_name(index);
}

enum p11csr_code p11csr_request_set_basic_constraints(p11csr_request *request, int is_ca, long path_length,
                                                      p11csr_error **err)
{
    return pc_content_set_basic(&request->content, is_ca != 0, path_length, err).code;
}

enum p11csr_code p11csr_request_set_subject_key_id(p11csr_request *request, const char *method,
                                                   p11csr_error **err)
{
    enum pc_skid_method found = PC_SKID_NONE;
    struct pc_result result = method != NULL ? pc_skid_find(method, &found, err) : PC_OK;
    if (pc_is_ok(result)) {
        result = pc_content_drop_extension(&request->content, pc_skid_oid(), err);
    }
    if (pc_is_ok(result)) {
        request->skid = found;
    }
    return result.code;
}

void p11csr_request_set_must_staple(p11csr_request *request, int wanted)
{
    static const uint8_t oid[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18};
    // What was taken over with more than this feature stands among the other extensions, and is replaced.
    pc_ignore(pc_content_drop_extension(&request->content, PC_SPAN(oid), NULL));
    pc_content_set_must_staple(&request->content, wanted != 0);
}

void p11csr_request_allow_weak(p11csr_request *request, int allow)
{
    request->allow_weak = allow != 0;
}

enum p11csr_code p11csr_request_set_scheme(p11csr_request *request, const char *name, p11csr_error **err)
{
    if (name == NULL) {
        request->scheme = NULL;
        return P11CSR_OK;
    }
    return pc_scheme_find(name, &request->scheme, err).code;
}

enum p11csr_code p11csr_request_set_hash(p11csr_request *request, const char *digest, int pss,
                                         p11csr_error **err)
{
    enum pc_digest_id id = PC_DIGEST_NONE;
    if (digest != NULL) {
        const struct pc_result result = pc_digest_find(digest, &id, err);
        if (!pc_is_ok(result)) {
            return result.code;
        }
    }
    request->scheme = NULL;
    request->digest = id;
    request->pss = pss != 0;
    return P11CSR_OK;
}
