// SPDX-License-Identifier: Apache-2.0
#include "p11csr/start.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/reading/source.h"
#include "lib/json.h"
#include "lib/request.h"

static struct pc_result take(p11csr_request *request, struct pc_span input, enum pc_source_kind kind,
                             char **ret_dropped, p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    json_t *dropped PC_CLEANUP(pc_json_free) = NULL;
    struct pc_source source;
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(pc_source_read(input, kind, &der, &source, err));
    PC_TRY(pc_source_take(&source, &request->content, &dropped, err));
    request->subject_is_given = true;
    return pc_json_take_text(dropped, ret_dropped, err);
}

enum p11csr_code p11csr_request_take_csr(p11csr_request *request, const void *data, size_t len,
                                         char **ret_dropped, p11csr_error **err)
{
    return take(request, (struct pc_span){data, len}, PC_SOURCE_REQUEST, ret_dropped, err).code;
}

enum p11csr_code p11csr_request_take_certificate(p11csr_request *request, const void *data, size_t len,
                                                 char **ret_dropped, p11csr_error **err)
{
    return take(request, (struct pc_span){data, len}, PC_SOURCE_CERTIFICATE, ret_dropped, err).code;
}

enum p11csr_code p11csr_request_take_either(p11csr_request *request, const void *data, size_t len,
                                            char **ret_dropped, p11csr_error **err)
{
    return take(request, (struct pc_span){data, len}, PC_SOURCE_ANY, ret_dropped, err).code;
}
