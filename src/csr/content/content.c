// SPDX-License-Identifier: Apache-2.0
#include "csr/content/content.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name.h"

#include <limits.h>

void pc_content_init(struct pc_content *content)
{
    *content = (struct pc_content){0};
    pc_buf_init(&content->subject, PC_MAX_REQUEST);
    pc_buf_init(&content->san_store, PC_MAX_REQUEST);
    pc_buf_init(&content->sans, PC_MAX_REQUEST);
    pc_buf_init(&content->ekus, (size_t)PC_MAX_EKUS * (PC_MAX_OID + 3));
    pc_buf_init(&content->extensions, PC_MAX_REQUEST);
    pc_buf_init(&content->attributes, PC_MAX_REQUEST);
}

void pc_content_done(struct pc_content *content)
{
    pc_buf_done(&content->subject);
    pc_buf_done(&content->san_store);
    pc_buf_done(&content->sans);
    pc_buf_done(&content->ekus);
    pc_buf_done(&content->extensions);
    pc_buf_wipe(&content->attributes); // one of them may be a password
    pc_content_init(content);
}

static void replace_subject(struct pc_content *content, struct pc_buf *subject)
{
    const struct pc_buf earlier = content->subject;
    content->subject = *subject;
    *subject = earlier;
}

PC_RESULT pc_content_set_subject(struct pc_content *content, const char *text, p11csr_error **err)
{
    struct pc_buf subject PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&subject, content->subject.max);
    PC_TRY(pc_name_parse(text, &subject, err));
    replace_subject(content, &subject);
    return PC_OK;
}

PC_RESULT pc_content_set_subject_der(struct pc_content *content, struct pc_span der, p11csr_error **err)
{
    struct pc_buf subject PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_buf_init(&subject, content->subject.max);
    const struct pc_result walked = pc_name_walk(pc_der_over(der), NULL, NULL, &reason);
    if (walked.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(walked)) { // what reads DER speaks of a request
        return pc_fail(err, walked.code == P11CSR_E_LIMIT ? P11CSR_E_LIMIT : P11CSR_E_SUBJECT,
                       "the DER is no name: %s", p11csr_error_cause(reason, 0));
    }
    pc_buf_add_span(&subject, der);
    PC_TRY(pc_buf_check(&subject, err));
    replace_subject(content, &subject);
    return PC_OK;
}

PC_RESULT pc_content_order_subject(struct pc_content *content, const char *const *types, size_t count,
                                   p11csr_error **err)
{
    struct pc_buf subject PC_CLEANUP(pc_buf_done) = {0};
    if (content->subject.len == 0) {
        return PC_OK;
    }
    pc_buf_init(&subject, content->subject.max);
    PC_TRY(pc_name_reorder(pc_buf_span(&content->subject), types, count, &subject, err));
    replace_subject(content, &subject);
    return PC_OK;
}

void pc_content_settle(struct pc_content *content)
{
    const bool empty = content->subject.len == 0 || pc_name_is_empty(pc_buf_span(&content->subject));
    content->san_critical = (empty || content->san_said_critical) && pc_content_san_count(content) > 0;
}

PC_RESULT pc_content_set_basic(struct pc_content *content, bool is_ca, long path_length, p11csr_error **err)
{
    if (path_length < -1) {
        return pc_fail(err, P11CSR_E_EXTENSION, "a path length of %ld", path_length);
    }
    if (path_length >= 0 && !is_ca) {
        return pc_fail(err, P11CSR_E_EXTENSION, "a path length is for certificate authorities only");
    }
    content->has_basic = true;
    content->is_ca = is_ca;
    content->basic_critical = is_ca;
    content->has_path_length = path_length >= 0;
    content->path_length = path_length >= 0 ? (unsigned long)path_length : 0;
    return PC_OK;
}

void pc_content_set_must_staple(struct pc_content *content, bool wanted)
{
    content->must_staple = wanted;
}

static struct pc_result differs(const char *field, p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_PROOF_CONTENT, "%s in the finished request is not what was asked for",
                   field);
}

/* The Name of a content; one that was not set is the empty Name. */
static struct pc_span subject_of(const struct pc_content *content)
{
    static const uint8_t empty[] = {0x30, 0x00};
    return content->subject.len > 0 ? pc_buf_span(&content->subject) : PC_SPAN(empty);
}

static struct pc_result compare_sans(const struct pc_content *asked, const struct pc_content *got,
                                     p11csr_error **err)
{
    bool same =
        pc_content_san_count(asked) == pc_content_san_count(got) && asked->san_critical == got->san_critical;
    for (size_t i = 0; same && i < pc_content_san_count(asked); i++) {
        const struct pc_san a = pc_content_san(asked, i);
        const struct pc_san b = pc_content_san(got, i);
        same = a.type == b.type && pc_span_eq(a.value, b.value);
    }
    return same ? PC_OK : differs("subjectAltName", err);
}

static bool same_basic(const struct pc_content *a, const struct pc_content *b)
{
    return a->has_basic == b->has_basic && a->is_ca == b->is_ca && a->basic_critical == b->basic_critical &&
           a->has_path_length == b->has_path_length && a->path_length == b->path_length;
}

/* A critical flag says nothing while the extension is not there. */
static bool same_usage(const struct pc_content *a, const struct pc_content *b)
{
    return a->key_usage == b->key_usage &&
           (a->key_usage == 0 || a->key_usage_critical == b->key_usage_critical);
}

static bool same_ext_usage(const struct pc_content *a, const struct pc_content *b)
{
    return pc_span_eq(pc_buf_span(&a->ekus), pc_buf_span(&b->ekus)) &&
           (a->ekus.len == 0 || a->eku_critical == b->eku_critical);
}

PC_RESULT pc_content_compare(const struct pc_content *asked, const struct pc_content *got, p11csr_error **err)
{
    if (!pc_span_eq(subject_of(asked), subject_of(got))) {
        return differs("the subject", err);
    }
    PC_TRY(compare_sans(asked, got, err));
    if (!same_basic(asked, got)) {
        return differs("basicConstraints", err);
    }
    if (!same_usage(asked, got)) {
        return differs("keyUsage", err);
    }
    if (!same_ext_usage(asked, got)) {
        return differs("extKeyUsage", err);
    }
    if (!pc_span_eq((struct pc_span){asked->skid, asked->skid_len},
                    (struct pc_span){got->skid, got->skid_len})) {
        return differs("subjectKeyIdentifier", err);
    }
    if (asked->must_staple != got->must_staple) {
        return differs("tlsFeature", err);
    }
    if (!pc_span_eq(pc_buf_span(&asked->extensions), pc_buf_span(&got->extensions))) {
        return differs("one of the other extensions", err);
    }
    return pc_span_eq(pc_buf_span(&asked->attributes), pc_buf_span(&got->attributes))
               ? PC_OK
               : differs("one of the attributes", err);
}
