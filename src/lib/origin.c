// SPDX-License-Identifier: Apache-2.0
#include "lib/origin.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/ext_fields.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"
#include "csr/reading/describe_ext.h"
#include "csr/reading/json.h"
#include "lib/json.h"
#include "lib/request.h"

#include <string.h>

/* The origin of a value, which is known by its kind and its content. */
struct mark {
    uint64_t kind;
    uint64_t value;
    size_t text;
};

void pc_origins_init(struct pc_origins *origins)
{
    *origins = (struct pc_origins){0};
    pc_buf_init(&origins->texts, (size_t)PC_MAX_ORIGINS * PC_MAX_TEXT);
    pc_buf_init(&origins->marks, (size_t)(PC_MAX_EXTENSIONS + PC_MAX_ATTRIBUTES + 8) * sizeof(struct mark));
    pc_buf_init(&origins->sans, (size_t)PC_MAX_SANS * sizeof(size_t));
}

void pc_origins_done(struct pc_origins *origins)
{
    pc_buf_done(&origins->texts);
    pc_buf_done(&origins->marks);
    pc_buf_done(&origins->sans);
    origins->current = 0;
}

void pc_origins_clear_sans(struct pc_origins *origins)
{
    pc_buf_done(&origins->sans);
}

/* FNV-1a. */
static uint64_t hash(uint64_t from, struct pc_span octets)
{
    uint64_t value = from ^ 14695981039346656037U;
    for (size_t i = 0; i < octets.len; i++) {
        value = (value ^ octets.ptr[i]) * 1099511628211U;
    }
    return value;
}

/* The mark of a value; one that has none yet comes from where things come from now. */
static struct mark mark_of(const struct pc_origins *origins, struct pc_span kind, uint64_t more,
                           struct pc_span value)
{
    struct mark wanted = {hash(0, kind), hash(more, value), origins->current};
    for (size_t at = 0; at < origins->marks.len; at += sizeof(struct mark)) {
        struct mark mark;
        memcpy(&mark, origins->marks.ptr + at, sizeof(mark));
        if (mark.kind == wanted.kind && mark.value == wanted.value) {
            return mark;
        }
    }
    return wanted;
}

static size_t san_origin(const struct pc_origins *origins, size_t index)
{
    size_t text = origins->current;
    if ((index + 1) * sizeof(text) <= origins->sans.len) {
        memcpy(&text, origins->sans.ptr + index * sizeof(text), sizeof(text));
    }
    return text;
}

static json_t *origin_json(const struct pc_origins *origins, size_t text)
{
    return text == 0 ? json_null() : json_string((const char *)origins->texts.ptr + text - 1);
}

static struct mark subject_mark(const struct p11csr_request *request)
{
    return mark_of(&request->origins, pc_span_str("subject"), 0, pc_buf_span(&request->content.subject));
}

const char *pc_origins_subject(const struct p11csr_request *request)
{
    const size_t text = subject_mark(request).text;
    return text == 0 || request->content.subject.len == 0
               ? ""
               : (const char *)request->origins.texts.ptr + text - 1;
}

static struct mark skid_mark(const struct p11csr_request *request)
{
    return mark_of(&request->origins, pc_span_str("subject-key-id"), request->skid, (struct pc_span){0});
}

static struct mark scheme_mark(const struct p11csr_request *request)
{
    const uint64_t hashed = (uint64_t)request->digest << 1 | (request->pss ? 1U : 0U);
    const char *name = request->scheme != NULL ? request->scheme->name : "";
    return mark_of(&request->origins, pc_span_str("scheme"), hashed, pc_span_str(name));
}

static struct mark extension_mark(const struct p11csr_request *request, const struct pc_extension *ext)
{
    return mark_of(&request->origins, ext->oid, ext->critical ? 1 : 0, ext->value);
}

static struct mark attribute_mark(const struct p11csr_request *request, const struct pc_attribute *attribute)
{
    return mark_of(&request->origins, attribute->oid, 0, attribute->values);
}

/* Walks the extensions as they will be written, but without an identifier that is computed later. */
static struct pc_result each_extension(const struct p11csr_request *request,
                                       PC_RESULT (*visit)(const struct pc_extension *ext, void *data,
                                                          p11csr_error **err),
                                       void *data, p11csr_error **err)
{
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    if (pc_extensions_count(&request->content) == 0) {
        return PC_OK;
    }
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_der_writer_init(&w, &der);
    pc_extensions_write(&request->content, &w);
    PC_TRY(pc_der_finish(&w, err));
    return pc_extensions_walk(pc_der_over(pc_buf_span(&der)), visit, data, err);
}

static struct pc_result each_attribute(const struct p11csr_request *request,
                                       PC_RESULT (*visit)(const struct pc_attribute *attribute, void *data,
                                                          p11csr_error **err),
                                       void *data, p11csr_error **err)
{
    return pc_attributes_walk(pc_der_over(pc_buf_span(&request->content.attributes)), visit, data, err);
}

struct marking {
    const struct p11csr_request *request;
    struct pc_buf *marks;
};

static void add_mark(struct pc_buf *marks, struct mark mark)
{
    pc_buf_add(marks, &mark, sizeof(mark));
}

static struct pc_result mark_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    const struct marking *marking = data;
    add_mark(marking->marks, extension_mark(marking->request, ext));
    return pc_buf_check(marking->marks, err);
}

static struct pc_result mark_attribute(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    const struct marking *marking = data;
    add_mark(marking->marks, attribute_mark(marking->request, attribute));
    return pc_buf_check(marking->marks, err);
}

/* Marks every value that is there now. */
static struct pc_result mark_all(struct p11csr_request *request, p11csr_error **err)
{
    struct pc_origins *origins = &request->origins;
    struct pc_buf marks PC_CLEANUP(pc_buf_done) = {0};
    struct marking marking = {request, &marks};
    const size_t count = pc_content_san_count(&request->content);
    pc_buf_init(&marks, origins->marks.max);
    add_mark(&marks, subject_mark(request));
    add_mark(&marks, skid_mark(request));
    add_mark(&marks, scheme_mark(request));
    PC_TRY(each_extension(request, mark_extension, &marking, err));
    PC_TRY(each_attribute(request, mark_attribute, &marking, err));
    PC_TRY(pc_buf_check(&marks, err));
    for (size_t i = origins->sans.len / sizeof(origins->current); i < count; i++) {
        pc_buf_add(&origins->sans, &origins->current, sizeof(origins->current));
    }
    PC_TRY(pc_buf_check(&origins->sans, err));
    const struct pc_buf earlier = origins->marks;
    origins->marks = marks;
    marks = earlier;
    return PC_OK;
}

/* Where a text begins, from 1; 0 when it is not there. */
static size_t find_text(const struct pc_buf *texts, const char *text)
{
    for (size_t at = 0; at < texts->len; at += strlen((const char *)texts->ptr + at) + 1) {
        if (strcmp((const char *)texts->ptr + at, text) == 0) {
            return at + 1;
        }
    }
    return 0;
}

static struct pc_result set_origin(struct p11csr_request *request, const char *origin, p11csr_error **err)
{
    struct pc_origins *origins = &request->origins;
    size_t text = origin != NULL ? find_text(&origins->texts, origin) : 0;
    if (origin != NULL && text == origins->current && text != 0) {
        return PC_OK;
    }
    PC_TRY(mark_all(request, err));
    if (origin != NULL && text == 0) {
        text = origins->texts.len + 1;
        pc_buf_add(&origins->texts, origin, strlen(origin) + 1);
        PC_TRY(pc_buf_check(&origins->texts, err));
    }
    origins->current = text;
    return PC_OK;
}

enum p11csr_code p11csr_request_set_origin(p11csr_request *request, const char *origin, p11csr_error **err)
{
    return set_origin(request, origin, err).code;
}

struct search {
    const struct p11csr_request *request;
    struct pc_span oid;
    bool is_current;
};

static struct pc_result compare_origin(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    struct search *search = data;
    (void)err;
    if (pc_span_eq(ext->oid, search->oid)) {
        search->is_current = extension_mark(search->request, ext).text == search->request->origins.current;
    }
    return PC_OK;
}

bool pc_origin_is_current(const struct p11csr_request *request, struct pc_span oid)
{
    struct search search = {request, oid, true};
    return pc_is_ok(each_extension(request, compare_origin, &search, NULL)) && search.is_current;
}

struct describing {
    const struct p11csr_request *request;
    json_t *list;
};

/* Adds "origin" to each of the names. */
static struct pc_result describe_names(const struct pc_origins *origins, json_t *names, p11csr_error **err)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        PC_TRY(pc_json_set(json_array_get(names, i), "origin", origin_json(origins, san_origin(origins, i)),
                           err));
    }
    return PC_OK;
}

static struct pc_result describe_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    const struct describing *d = data;
    const struct pc_origins *origins = &d->request->origins;
    json_t *object PC_CLEANUP(pc_json_drop) = NULL;
    PC_TRY(pc_describe_extension(ext, &object, err));
    if (pc_extension_is_san(ext->oid)) {
        PC_TRY(describe_names(origins, json_object_get(object, "value"), err));
    } else {
        PC_TRY(
            pc_json_set(object, "origin", origin_json(origins, extension_mark(d->request, ext).text), err));
    }
    return pc_json_append(d->list, json_incref(object), err);
}

static struct pc_result describe_attribute(const struct pc_attribute *attribute, void *data,
                                           p11csr_error **err)
{
    const struct describing *d = data;
    json_t *object PC_CLEANUP(pc_json_drop) = NULL;
    PC_TRY(pc_describe_attribute(attribute, true, &object, err));
    PC_TRY(pc_json_set(object, "origin",
                       origin_json(&d->request->origins, attribute_mark(d->request, attribute).text), err));
    return pc_json_append(d->list, json_incref(object), err);
}

static struct pc_result describe_subject(const struct p11csr_request *request, json_t *root,
                                         p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    json_t *subject PC_CLEANUP(pc_json_drop) = json_object();
    pc_buf_init(&text, PC_MAX_REQUEST);
    if (request->content.subject.len > 0) {
        PC_TRY(pc_name_format(pc_buf_span(&request->content.subject), &text, err));
    }
    PC_TRY(pc_json_set(subject, "value", pc_json_text(pc_buf_span(&text)), err));
    PC_TRY(pc_json_set(subject, "origin", origin_json(&request->origins, subject_mark(request).text), err));
    return pc_json_set(root, "subject", json_incref(subject), err);
}

/* What was said about the signature; nothing: the key decides. */
static struct pc_result describe_signature(const struct p11csr_request *request, json_t *root,
                                           p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    const char *digest = request->digest != PC_DIGEST_NONE ? pc_digest_get(request->digest)->name : NULL;
    const char *scheme = request->scheme != NULL ? request->scheme->name : NULL;
    if (scheme == NULL && digest == NULL && !request->pss) {
        return pc_json_set(root, "signature", json_null(), err);
    }
    PC_TRY(pc_json_set(object, "scheme", pc_json_name(scheme), err));
    PC_TRY(pc_json_set(object, "hash", pc_json_name(digest), err));
    PC_TRY(pc_json_set(object, "pss", json_boolean(request->pss), err));
    PC_TRY(pc_json_set(object, "origin", origin_json(&request->origins, scheme_mark(request).text), err));
    return pc_json_set(root, "signature", json_incref(object), err);
}

/* An identifier that is computed of the key when the request is signed. */
static struct pc_result describe_skid(const struct p11csr_request *request, json_t *list, p11csr_error **err)
{
    const struct pc_extension ext = {.oid = pc_skid_oid(), .name = "subjectKeyIdentifier"};
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    json_t *value PC_CLEANUP(pc_json_drop) = json_object();
    if (request->skid == PC_SKID_NONE) {
        return PC_OK;
    }
    PC_TRY(pc_json_set(value, "method", json_string(pc_skid_name(request->skid)), err));
    PC_TRY(pc_json_set(object, "name", json_string(ext.name), err));
    PC_TRY(pc_json_set(object, "oid", pc_json_oid(ext.oid), err));
    PC_TRY(pc_json_set(object, "critical", json_false(), err));
    PC_TRY(pc_json_set(object, "value", json_incref(value), err));
    PC_TRY(pc_json_set(object, "origin", origin_json(&request->origins, skid_mark(request).text), err));
    return pc_json_append(list, json_incref(object), err);
}

static struct pc_result describe(const struct p11csr_request *request, char **ret_json, p11csr_error **err)
{
    json_t *root PC_CLEANUP(pc_json_drop) = json_object();
    json_t *extensions PC_CLEANUP(pc_json_drop) = json_array();
    json_t *attributes PC_CLEANUP(pc_json_drop) = json_array();
    struct describing describing = {request, extensions};
    PC_TRY(describe_subject(request, root, err));
    PC_TRY(each_extension(request, describe_extension, &describing, err));
    PC_TRY(describe_skid(request, extensions, err));
    describing.list = attributes;
    PC_TRY(each_attribute(request, describe_attribute, &describing, err));
    PC_TRY(pc_json_set(root, "extensions", json_incref(extensions), err));
    PC_TRY(pc_json_set(root, "attributes", json_incref(attributes), err));
    PC_TRY(describe_signature(request, root, err));
    return pc_json_take_text(root, ret_json, err);
}

enum p11csr_code p11csr_request_describe(const p11csr_request *request, char **ret_json, p11csr_error **err)
{
    return describe(request, ret_json, err).code;
}
