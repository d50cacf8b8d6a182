// SPDX-License-Identifier: Apache-2.0
#include "csr/content/merge.h"

#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"

#include <string.h>

static struct pc_result replace(struct pc_buf *buf, const struct pc_buf *by, p11csr_error **err)
{
    if (by->len > 0) {
        buf->len = 0;
        pc_buf_add_span(buf, pc_buf_span(by));
    }
    return pc_buf_check(buf, err);
}

static bool has_san(const struct pc_content *content, struct pc_san san)
{
    for (size_t i = 0; i < pc_content_san_count(content); i++) {
        const struct pc_san other = pc_content_san(content, i);
        if (other.type == san.type && pc_span_eq(other.value, san.value)) {
            return true;
        }
    }
    return false;
}

static struct pc_result add_sans(struct pc_content *content, const struct pc_content *more,
                                 p11csr_error **err)
{
    for (size_t i = 0; i < pc_content_san_count(more); i++) {
        const struct pc_san san = pc_content_san(more, i);
        if (!has_san(content, san)) {
            PC_TRY(pc_content_add_san_octets(content, san.type, san.value, err));
        }
    }
    return PC_OK;
}

static void replace_values(struct pc_content *content, const struct pc_content *more)
{
    if (more->key_usage != 0) {
        content->key_usage = more->key_usage;
        content->key_usage_critical = more->key_usage_critical;
    }
    if (more->ekus.len > 0) {
        content->eku_critical = more->eku_critical;
    }
    if (more->has_basic) {
        content->has_basic = true;
        content->basic_critical = more->basic_critical;
        content->is_ca = more->is_ca;
        content->has_path_length = more->has_path_length;
        content->path_length = more->path_length;
    }
    if (more->skid_len > 0) {
        memcpy(content->skid, more->skid, more->skid_len);
        content->skid_len = more->skid_len;
    }
    content->must_staple = content->must_staple || more->must_staple;
}

PC_RESULT pc_content_merge(struct pc_content *content, const struct pc_content *more, p11csr_error **err)
{
    PC_TRY(replace(&content->subject, &more->subject, err));
    PC_TRY(replace(&content->ekus, &more->ekus, err));
    PC_TRY(add_sans(content, more, err));
    replace_values(content, more);
    const bool has_subject = more->subject.len > 0 && !pc_name_is_empty(pc_buf_span(&more->subject));
    content->san_said_critical =
        content->san_said_critical || more->san_said_critical || (more->san_critical && has_subject);
    PC_TRY(pc_extensions_merge(content, more, err));
    PC_TRY(pc_attributes_merge(content, more, err));
    pc_content_settle(content);
    return PC_OK;
}
