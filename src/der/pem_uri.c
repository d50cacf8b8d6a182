// SPDX-License-Identifier: Apache-2.0
#include "der/pem_uri.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "der/reader.h"
#include "der/writer.h"

#include <string.h>

static const char description[] = "PKCS#11 Provider URI v1.0";
static const char scheme[] = "pkcs11:";

/* One query attribute of a URI. */
struct attr {
    struct pc_span name;
    struct pc_span value; /* percent-encoded */
};

static bool is(struct pc_span span, const char *text)
{
    return pc_span_eq(span, pc_span_str(text));
}

/* Decodes %XX; a '%' that is followed by something else stays, and is nothing that is allowed. */
static void percent_decode(struct pc_span value, struct pc_buf *ret)
{
    for (size_t i = 0; i < value.len; i++) {
        const bool escape = value.ptr[i] == '%' && value.len - i > 2;
        const int high = escape ? pc_hex_digit((char)value.ptr[i + 1]) : -1;
        const int low = escape ? pc_hex_digit((char)value.ptr[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            pc_buf_byte(ret, (uint8_t)(high * 16 + low));
            i += 2;
        } else {
            pc_buf_byte(ret, value.ptr[i]);
        }
    }
}

/* Sources that read a file or ask a person. The others start a program or change the process's state. */
static bool is_tame_source(struct pc_span source)
{
    static const char *const words[] = {"/", "file:", "cred:", "prompt", "empty"};
    for (size_t i = 0; i < PC_ARRAY_LEN(words); i++) {
        const size_t len = strlen(words[i]);
        const bool takes_more = !pc_ascii_is_alpha(words[i][len - 1]);
        if ((takes_more ? source.len > len : source.len == len) && memcmp(source.ptr, words[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* The text itself is not repeated: somebody may have written the PIN there. */
static struct pc_result check_source(struct pc_span source, p11csr_error **err)
{
    if (is_tame_source(source)) {
        return PC_OK;
    }
    const struct pc_result result = pc_fail(
        err, P11CSR_E_URI, "the pin-source in a key file is the path of a file, and nothing that runs");
    pc_hint(err, "write pin-source=file:/PATH, or name the PIN source in p11csr.yaml");
    return result;
}

static struct pc_result check_attr(const struct attr *attr, p11csr_error **err)
{
    struct pc_buf source PC_CLEANUP(pc_buf_wipe) = {0};
    if (is(attr->name, "module-path") || is(attr->name, "module-name")) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_URI, "no module is loaded because a key file names it (%.*s)",
                    (int)attr->name.len, (const char *)attr->name.ptr);
        pc_hint(err, "name the module where the program's provider is configured, or in p11csr.yaml");
        return result;
    }
    if (!is(attr->name, "pin-source")) {
        return PC_OK;
    }
    pc_buf_init(&source, PC_MAX_URI);
    percent_decode(attr->value, &source);
    PC_TRY(pc_buf_check(&source, err));
    return check_source(pc_buf_span(&source), err);
}

/* Takes the next attribute off a query. */
static struct attr next_attr(struct pc_span *query)
{
    const uint8_t *end = memchr(query->ptr, '&', query->len);
    const size_t len = end != NULL ? (size_t)(end - query->ptr) : query->len;
    const uint8_t *equals = memchr(query->ptr, '=', len);
    const size_t name = equals != NULL ? (size_t)(equals - query->ptr) : len;
    const size_t value = equals != NULL ? name + 1 : len;
    const struct attr attr = {{query->ptr, name}, {query->ptr + value, len - value}};
    const size_t taken = end != NULL ? len + 1 : len;
    *query = (struct pc_span){query->ptr + taken, query->len - taken};
    return attr;
}

static struct pc_result check_uri(struct pc_span uri, p11csr_error **err)
{
    const size_t start = sizeof(scheme) - 1;
    if (uri.len > PC_MAX_URI) {
        return pc_fail(err, P11CSR_E_LIMIT, "a URI of more than %d bytes", PC_MAX_URI);
    }
    if (uri.len <= start || memcmp(uri.ptr, scheme, start) != 0 || memchr(uri.ptr, 0, uri.len) != NULL) {
        return pc_fail(err, P11CSR_E_URI, "what the key file holds is not a pkcs11: URI that names a key");
    }
    const uint8_t *mark = memchr(uri.ptr, '?', uri.len);
    const size_t path = mark != NULL ? (size_t)(mark - uri.ptr) + 1 : uri.len;
    struct pc_span query = {uri.ptr + path, uri.len - path};
    while (query.len > 0) {
        const struct attr attr = next_attr(&query);
        PC_TRY(check_attr(&attr, err));
    }
    return PC_OK;
}

/* Octets that stand for themselves in a value behind the '?' (RFC 7512 section 2.3), but for a shell's. */
static void percent_encode(const char *value, struct pc_buf *ret)
{
    for (const char *p = value; *p != 0; p++) {
        if (pc_ascii_is_alnum(*p) || strchr("-._~:/", *p) != NULL) {
            pc_buf_byte(ret, (uint8_t)*p);
        } else {
            pc_buf_printf(ret, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
}

PC_RESULT pc_pem_uri_write(const char *uri, const char *pin_source, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&text, (size_t)4 * PC_MAX_URI);
    pc_buf_text(&text, uri);
    if (pin_source != NULL) {
        pc_buf_text(&text, strchr(uri, '?') != NULL ? "&pin-source=" : "?pin-source=");
        percent_encode(pin_source, &text);
    }
    PC_TRY(pc_buf_check(&text, err));
    PC_TRY(check_uri(pc_buf_span(&text), err));
    if (strstr(uri, "pin-value=") != NULL) {
        return pc_fail(err, P11CSR_E_URI, "a PIN is not written into a key file");
    }
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_bytes(&w, PC_DER_VISIBLE_STRING, pc_span_str(description));
    pc_der_bytes(&w, PC_DER_UTF8_STRING, pc_buf_span(&text));
    pc_der_end(&w);
    return pc_der_finish(&w, err);
}

bool pc_pem_uri_is(struct pc_span start)
{
    if (start.len < 6 || start.ptr[0] != PC_DER_SEQUENCE) {
        return false;
    }
    const size_t more = start.ptr[1] < 0x80 ? 0 : (size_t)start.ptr[1] - 0x80; // octets of its length
    return more < 4 && start.ptr[2 + more] == PC_DER_VISIBLE_STRING;
}

static struct pc_result read_der(struct pc_span der, struct pc_span *ret_description, struct pc_span *ret_uri)
{
    struct pc_der in = pc_der_over(der);
    struct pc_der inner;
    struct pc_der_value value;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "", &inner, NULL));
    PC_TRY(pc_der_leave(&in, "", NULL));
    PC_TRY(pc_der_expect(&inner, PC_DER_VISIBLE_STRING, "", &value, NULL));
    *ret_description = value.content;
    PC_TRY(pc_der_expect(&inner, PC_DER_UTF8_STRING, "", &value, NULL));
    *ret_uri = value.content;
    return pc_der_leave(&inner, "", NULL);
}

PC_RESULT pc_pem_uri_read(struct pc_span der, char **ret_uri, p11csr_error **err)
{
    struct pc_span what = {0};
    struct pc_span uri = {0};
    if (!pc_is_ok(read_der(der, &what, &uri))) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_URI, "the %s is damaged: it does not hold a description and a URI",
                    PC_PEM_URI_LABEL);
        pc_hint(err, "write it anew: p11csr keys show URI --pem-uri -o FILE");
        return result;
    }
    if (!is(what, description)) {
        return pc_fail(err, P11CSR_E_URI, "the %s is not of the one version there is, '%s'", PC_PEM_URI_LABEL,
                       description);
    }
    PC_TRY(check_uri(uri, err));
    char *text = pc_strndup((const char *)uri.ptr, uri.len);
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    *ret_uri = text;
    return PC_OK;
}
