// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"
#include "csr/content/row_functions.h"
#include "csr/content/skid.h"
#include "csr/reading/certificate.h"
#include "csr/reading/json.h"
#include "csr/reading/source.h"

#include <string.h>

/* Small extensions of RFC 5280, RFC 6960 and RFC 7633. */

static const struct {
    const char *name;
    unsigned long number;
} features[] = {{"status_request", 5}, {"status_request_v2", 17}};

enum { FEATURE_MAX = 65535 };

PC_RESULT pc_tls_feature_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                               p11csr_error **err)
{
    struct pc_span list = {0};
    unsigned long wanted = 0;
    const char *known = NULL;
    for (size_t i = 0; i < PC_ARRAY_LEN(features); i++) {
        if (strcmp(features[i].name, text) == 0) {
            known = features[i].name;
            wanted = features[i].number;
        }
    }
    if (known == NULL) {
        PC_TRY(pc_item_number(text, text, strlen(text), FEATURE_MAX, &wanted, err));
    }
    PC_TRY(pc_item_earlier(earlier, &list, err));
    struct pc_der in = pc_der_over(list);
    for (size_t count = 1; !pc_der_at_end(&in); count++) {
        unsigned long feature = 0;
        PC_TRY(pc_der_read_number(&in, "feature", FEATURE_MAX, &feature, err));
        if (feature == wanted || count == PC_MAX_ITEMS) {
            return pc_item_fail(text, text, "is there already", err);
        }
    }
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_raw(w, list);
    pc_der_number(w, wanted);
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_tls_feature_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Features", &inner, err));
    PC_TRY(pc_der_leave(&in, "Features", err));
    while (!pc_der_at_end(&inner)) {
        struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
        unsigned long feature = 0;
        const char *name = NULL;
        pc_buf_init(&text, PC_MAX_TEXT);
        PC_TRY(pc_der_read_number(&inner, "feature", FEATURE_MAX, &feature, err));
        for (size_t i = 0; i < PC_ARRAY_LEN(features); i++) {
            name = features[i].number == feature ? features[i].name : name;
        }
        if (name != NULL) {
            pc_buf_text(&text, name);
        } else {
            pc_buf_printf(&text, "%lu", feature);
        }
        PC_TRY(pc_item_show(&text, list, err));
    }
    return PC_OK;
}

PC_RESULT pc_no_check_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                            p11csr_error **err)
{
    (void)earlier;
    if (text[0] != 0 && strcmp(text, "present") != 0) {
        return pc_item_fail(text, text, "stands where this extension has no value", err);
    }
    pc_der_null(w);
    return PC_OK;
}

PC_RESULT pc_no_check_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    const struct pc_der before = in;
    struct pc_der_value null;
    PC_TRY(pc_der_expect(&in, PC_DER_NULL, "OCSPNoCheck", &null, err));
    PC_TRY(pc_der_leave(&in, "OCSPNoCheck", err));
    return null.content.len == 0 ? pc_json_append(list, json_string("present"), err)
                                 : pc_der_fail(&before, "NULL has a content", err);
}

/* The key identifier of a CA: what its certificate says, or SHA-1 of its key (RFC 5280 section 4.2.1.2). */
static struct pc_result find_key_id(const struct pc_crypto *crypto, struct pc_span der,
                                    struct pc_content *ret, p11csr_error **err)
{
    struct pc_buf copy PC_CLEANUP(pc_buf_done) = {0};
    struct pc_source source;
    struct pc_extension ext;
    pc_buf_init(&copy, PC_MAX_REQUEST);
    PC_TRY(pc_source_read(der, PC_SOURCE_CERTIFICATE, &copy, &source, err));
    PC_TRY(pc_skid_compute(crypto, PC_SKID_SHA1, source.spki, ret, err));
    if (source.extensions.len == 0) {
        return PC_OK;
    }
    const struct pc_der whole = pc_der_over(source.whole);
    struct pc_der in = pc_der_part(&whole, source.extensions);
    struct pc_der list;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "Extensions", &list, err));
    while (!pc_der_at_end(&list)) {
        bool known = false;
        PC_TRY(pc_extension_next(&list, &ext, err));
        if (pc_span_eq(ext.oid, pc_skid_oid())) {
            ext.critical = false;
            ext.explicit_false = false;
            return pc_extension_read(&ext, ret, &known, err);
        }
    }
    return PC_OK;
}

/* [1] GeneralNames with the issuer's name, [2] the serial number. */
static struct pc_result write_issuer(const struct pc_certificate *certificate, struct pc_der_writer *w,
                                     p11csr_error **err)
{
    struct pc_der serial = pc_der_over(pc_buf_span(&certificate->serial));
    struct pc_der_value number;
    PC_TRY(pc_der_next(&serial, &number, err));
    pc_der_begin(w, PC_DER_CONTEXT_CONSTRUCTED(1));
    pc_der_bytes(w, PC_DER_CONTEXT_CONSTRUCTED(4), pc_buf_span(&certificate->issuer));
    pc_der_end(w);
    pc_der_bytes(w, PC_DER_CONTEXT(2), number.content);
    return PC_OK;
}

static struct pc_result write_authority(const char *path, bool with_issuer, struct pc_der_writer *w,
                                        p11csr_error **err)
{
    struct pc_crypto *crypto PC_CLEANUP(pc_crypto_free) = NULL;
    struct pc_certificate *certificate PC_CLEANUP(pc_certificate_free) = NULL;
    struct pc_content content PC_CLEANUP(pc_content_done);
    struct pc_buf file PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    pc_content_init(&content);
    pc_buf_init(&file, PC_MAX_REQUEST);
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(pc_crypto_new(&crypto, err));
    PC_TRY(pc_file_read(path, &file, err));
    PC_TRY(pc_pem_find_certificate(pc_buf_span(&file), &der, err));
    PC_TRY(pc_certificate_new(crypto, pc_buf_span(&der), &certificate, err));
    PC_TRY(find_key_id(crypto, pc_buf_span(&der), &content, err));
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_CONTEXT(0), (struct pc_span){content.skid, content.skid_len});
    if (with_issuer) {
        PC_TRY(write_issuer(certificate, w, err));
    }
    pc_der_end(w);
    return PC_OK;
}

PC_RESULT pc_authority_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err)
{
    static const char issuer[] = ":issuer";
    const size_t len = strlen(text);
    const size_t end = sizeof(issuer) - 1;
    const bool with_issuer = len > end && strcmp(text + len - end, issuer) == 0;
    char *path PC_CLEANUP(pc_free_str) = pc_strndup(text, with_issuer ? len - end : len);
    (void)earlier;
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    struct pc_result result = write_authority(path, with_issuer, w, err);
    if (result.code == P11CSR_E_REQUEST) {
        char *why PC_CLEANUP(pc_free_str) =
            pc_strdup(err != NULL && *err != NULL ? p11csr_error_cause(*err, 0) : "");
        result = why == NULL ? pc_fail_memory(err) : pc_fail(err, P11CSR_E_CERTIFICATE, "%s", why);
    }
    return pc_frame(result, err, "'%s' cannot be used as the certificate of the CA", path);
}

/* The issuer's name and the serial number, when they are there and the issuer is one name. */
static struct pc_result show_issuer(struct pc_der *in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf number PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der names;
    struct pc_der_value name;
    struct pc_der_value serial;
    pc_buf_init(&text, PC_MAX_REQUEST);
    pc_buf_init(&number, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(in, PC_DER_CONTEXT_CONSTRUCTED(1), "authorityCertIssuer", &names, err));
    PC_TRY(pc_der_expect(in, PC_DER_CONTEXT(2), "authorityCertSerialNumber", &serial, err));
    PC_TRY(pc_der_leave(in, "AuthorityKeyIdentifier", err));
    if (pc_der_peek(&names) != PC_DER_CONTEXT_CONSTRUCTED(4)) {
        return pc_item_no_text(err);
    }
    PC_TRY(pc_der_next(&names, &name, err));
    if (!pc_der_at_end(&names)) {
        return pc_item_no_text(err);
    }
    pc_buf_text(&text, "issuer:");
    PC_TRY(pc_name_format(name.content, &text, err));
    pc_buf_text(&number, "serial:");
    pc_hex_add(&number, serial.content, 0);
    PC_TRY(pc_item_show(&text, list, err));
    return pc_item_show(&number, list, err);
}

PC_RESULT pc_authority_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    struct pc_der_value id;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "AuthorityKeyIdentifier", &inner, err));
    PC_TRY(pc_der_leave(&in, "AuthorityKeyIdentifier", err));
    if (pc_der_peek(&inner) == PC_DER_CONTEXT(0)) {
        PC_TRY(pc_der_next(&inner, &id, err));
        pc_buf_text(&text, "key-id:");
        pc_hex_add(&text, id.content, 0);
        PC_TRY(pc_item_show(&text, list, err));
    }
    return pc_der_at_end(&inner) ? PC_OK : show_issuer(&inner, list, err);
}
