// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/attestation.h"
#include "csr/content/attributes.h"
#include "csr/content/ext_fields.h"
#include "csr/content/extensions.h"
#include "csr/content/name_types.h"
#include "csr/content/value.h"
#include "lib/request.h"

#include <string.h>

/* What is said about extensions and attributes by words and object identifiers. */

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
    const bool names = pc_extension_is_san(span);
    if (names && critical != PC_CRITICAL_USUAL) {
        return pc_fail(err, P11CSR_E_EXTENSION,
                       "alternative names are critical when the subject is empty, and only then");
    }
    PC_TRY(pc_content_set_extension(&request->content, span, critical, pc_buf_span(&der), err));
    if (names) {
        pc_origins_clear_sans(&request->origins);
    }
    if (pc_span_eq(span, pc_skid_oid())) {
        request->skid = PC_SKID_NONE;
    }
    pc_content_settle(&request->content);
    return PC_OK;
}

/* "ca", "ca:N" with a path length of N, or "none": what basicConstraints says. */
static struct pc_result say_basic(p11csr_request *request, enum pc_critical critical, const char *value,
                                  p11csr_error **err)
{
    struct pc_content *content = &request->content;
    unsigned long length = 0;
    const bool has_length = strncmp(value, "ca:", 3) == 0;
    if (has_length && !pc_parse_number(value + 3, PC_MAX_PATH_LENGTH, &length)) {
        return pc_fail(err, P11CSR_E_EXTENSION, "byte 4: '%s' has no number from 0 to %d here", value,
                       (int)PC_MAX_PATH_LENGTH);
    }
    if (!has_length && strcmp(value, "ca") != 0 && strcmp(value, "none") != 0) {
        return pc_fail(err, P11CSR_E_EXTENSION, "byte 1: '%s' is none of ca, ca:N and none", value);
    }
    PC_TRY(pc_content_set_basic(content, value[0] == 'c', has_length ? (long)length : -1, err));
    if (critical != PC_CRITICAL_USUAL) {
        content->basic_critical = critical == PC_CRITICAL_YES;
    }
    return PC_OK;
}

/* A list of usages says at its end whether it is critical. */
static struct pc_result say_usage(p11csr_request *request, enum pc_critical critical, const char *value,
                                  bool extended, p11csr_error **err)
{
    static const char *const ends[] = {
        [PC_CRITICAL_USUAL] = "", [PC_CRITICAL_YES] = ":critical", [PC_CRITICAL_NO] = ":noncritical"};
    char *list PC_CLEANUP(pc_free_str) = pc_asprintf("%s%s", value, ends[critical]);
    if (list == NULL) {
        return pc_fail_memory(err);
    }
    return extended ? pc_content_set_ext_key_usage(&request->content, list, err)
                    : pc_content_set_key_usage(&request->content, list, err);
}

static struct pc_result unknown_word(const char *word, const char *nearest, enum p11csr_code code,
                                     p11csr_error **err)
{
    return nearest != NULL
               ? pc_fail(err, code, "'%s' is no object identifier, and the nearest word is '%s'", word,
                         nearest)
               : pc_fail(err, code, "'%s' is neither an object identifier nor a word that is known", word);
}

static struct pc_result add_extension(p11csr_request *request, const char *what, const char *value,
                                      p11csr_error **err)
{
    char *word PC_CLEANUP(pc_free_str) = pc_strdup(what);
    if (word == NULL) {
        return pc_fail_memory(err);
    }
    const enum pc_critical critical = cut_critical(word);
    const struct pc_item_row *row = pc_extension_row_find(word, value);
    if (pc_ascii_is_digit(word[0])) {
        return set_by_oid(request, word, critical, value, err);
    }
    if (row != NULL) {
        const bool adds = row->adds && pc_origin_is_current(request, row->oid.oid);
        return pc_content_say_extension(&request->content, row, critical, value, adds, err);
    }
    if (strcmp(word, "basic-constraints") == 0) {
        return say_basic(request, critical, value, err);
    }
    if (strcmp(word, "key-usage") == 0 || strcmp(word, "ext-key-usage") == 0) {
        return say_usage(request, critical, value, word[0] == 'e', err);
    }
    return unknown_word(word, pc_extension_row_nearest(word), P11CSR_E_EXTENSION, err);
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
    const struct pc_item_row *row = pc_attribute_row_find(what);
    if (row != NULL) {
        return pc_content_say_attribute(&request->content, row, value, err);
    }
    if (!pc_ascii_is_digit(what[0])) {
        return unknown_word(what, pc_attribute_row_nearest(what), P11CSR_E_ATTRIBUTE, err);
    }
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

/* What is wrong with the text, at which octet, as the end of a sentence; NULL: nothing. */
static const char *password_fault(struct pc_span text, size_t *ret_at)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++) {
        *ret_at = at;
        const int32_t c = pc_utf8_next(text, &at);
        if (c < 0 || c < 0x20 || (c >= 0x7F && c < 0xA0)) {
            return c < 0 ? "is not UTF-8" : "has a control character";
        }
        if (count == PC_MAX_CHALLENGE) {
            return "has more than 255 characters";
        }
    }
    *ret_at = 0;
    return text.len == 0 ? "is empty" : NULL;
}

enum p11csr_code p11csr_request_set_challenge_password(p11csr_request *request, const void *text, size_t len,
                                                       p11csr_error **err)
{
    const struct pc_span span = {text, len};
    struct pc_buf der PC_CLEANUP(pc_buf_wipe) = {0};
    struct pc_der_writer w;
    size_t at = 0;
    const char *fault = password_fault(span, &at);
    if (fault != NULL) {
        return pc_fail(err, P11CSR_E_ATTRIBUTE, "byte %zu: the challenge password %s", at + 1, fault).code;
    }
    const bool printable = pc_name_type_fault(NULL, PC_DER_PRINTABLE_STRING, span, &at) == NULL;
    pc_buf_init(&der, PC_MAX_VALUE);
    pc_der_writer_init(&w, &der);
    pc_der_bytes(&w, printable ? PC_DER_PRINTABLE_STRING : PC_DER_UTF8_STRING, span);
    struct pc_result result = pc_der_finish(&w, err);
    if (pc_is_ok(result)) {
        result = pc_content_add_attribute(&request->content, pc_attribute_challenge_password(),
                                          pc_buf_span(&der), err);
    }
    return result.code;
}

enum p11csr_code p11csr_request_add_attestation(p11csr_request *request, const char *type, const void *der,
                                                size_t len, p11csr_error **err)
{
    const struct pc_span statement = {der, len};
    return pc_frame(pc_attestation_add(&request->content, type, statement, err), err,
                    "attestation '%s' cannot be used", type)
        .code;
}

enum p11csr_code p11csr_request_add_attestation_certificates(p11csr_request *request, const void *data,
                                                             size_t len, p11csr_error **err)
{
    return pc_frame(pc_attestation_add_certificates(&request->content, (struct pc_span){data, len}, err), err,
                    "certificates of the attestation cannot be used")
        .code;
}

enum p11csr_code p11csr_request_clear(p11csr_request *request, const char *what, p11csr_error **err)
{
    if (strcmp(what, "san") == 0) {
        pc_content_clear_sans(&request->content);
        pc_origins_clear_sans(&request->origins);
        // names of kinds that have no row stand among the other extensions
        return pc_content_drop_extension(&request->content, pc_extension_san(), err).code;
    }
    if (strcmp(what, "extensions") == 0) {
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
