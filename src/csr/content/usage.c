// SPDX-License-Identifier: Apache-2.0
#include "csr/content/usage.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/value.h"
#include "der/reader.h"
#include "der/writer.h"

#include <string.h>

enum { KEY_AGREEMENT = 1U << 4, ONLY_WITH_KEY_AGREEMENT = 1U << 7 | 1U << 8 };

/* One named usage; rows of key usages stand in the order of their bits. */
struct usage_row {
    const char *name;
    const char *alias; /* or NULL, as the next */
    const char *other;
    struct pc_span oid; /* content octets; extended key usages only */
};

static const struct usage_row key_usages[] = {
    {.name = "digitalSignature"}, {.name = "nonRepudiation", .alias = "contentCommitment"},
    {.name = "keyEncipherment"},  {.name = "dataEncipherment"},
    {.name = "keyAgreement"},     {.name = "keyCertSign"},
    {.name = "cRLSign"},          {.name = "encipherOnly"},
    {.name = "decipherOnly"},
};
_Static_assert(PC_ARRAY_LEN(key_usages) == PC_KEY_USAGE_COUNT, "a key usage has no row");

// clang-format off
static const struct usage_row ext_key_usages[] = {
    {.name = "serverAuth", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x01")},
    {.name = "clientAuth", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x02")},
    {.name = "codeSigning", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x03")},
    {.name = "emailProtection", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x04")},
    {.name = "timeStamping", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x08")},
    {.name = "OCSPSigning", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x09")},
    {.name = "ipsecIKE", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x11")},
    {.name = "ikeIntermediate", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x08\x02\x02")},
    {.name = "bundleSecurity", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x23")},
    {.name = "documentSigning", .oid = PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x24")},
    {.name = "pkInitClientAuth", .oid = PC_BYTES("\x2b\x06\x01\x05\x02\x03\x04")},
    {.name = "pkInitKDC", .alias = "kerberosKDC", .other = "kerberosPkinitKDC",
     .oid = PC_BYTES("\x2b\x06\x01\x05\x02\x03\x05")},
    {.name = "smartcardLogon", .alias = "msSmartcardLogin",
     .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x02")},
    {.name = "lifetimeSigning", .alias = "msLifetimeSigning",
     .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x0d")},
    {.name = "msDocumentSigning", .oid = PC_BYTES("\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x0c")},
    {.name = "certificateTransparency", .oid = PC_BYTES("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x04")},
    {.name = "anyExtendedKeyUsage", .alias = "any", .oid = PC_BYTES("\x55\x1d\x25\x00")},
};
// clang-format on

static const char *usage_name_at(const void *table, size_t index)
{
    return ((const struct usage_row *)table)[index].name;
}

/* True for the same word in another form: "digital-signature", "digitalsignature", "DIGITAL_SIGNATURE". */
static bool same_word(const char *name, const char *word)
{
    for (; *word != 0; word++) {
        const char a[] = {*name, 0};
        const char b[] = {*word, 0};
        if ((*word == '-' || *word == '_') && *name != 0) {
            continue;
        }
        if (!pc_ascii_equal(a, b)) {
            return false;
        }
        name++;
    }
    return *name == 0;
}

static const struct usage_row *find_usage(const struct usage_row *table, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        const char *const names[] = {table[i].name, table[i].alias, table[i].other};
        for (size_t n = 0; n < PC_ARRAY_LEN(names) && names[n] != NULL; n++) {
            if (same_word(names[n], word)) {
                return &table[i];
            }
        }
    }
    return NULL;
}

static struct pc_result unknown_usage(const char *kind, const struct usage_row *table, size_t count,
                                      const char *word, p11csr_error **err)
{
    const char *nearest = pc_nearest_word(word, usage_name_at, table, count);
    if (nearest == NULL) {
        return pc_fail(err, P11CSR_E_EXTENSION, "unknown %s '%s'", kind, word);
    }
    return pc_fail(err, P11CSR_E_EXTENSION, "unknown %s '%s'; the nearest is '%s'", kind, word, nearest);
}

/* Reads ":critical" or ":noncritical" behind a list; *ret_len receives the length of the list itself. */
static struct pc_result read_critical(const char *list, size_t *ret_len, bool *ret_critical,
                                      p11csr_error **err)
{
    const char *colon = strchr(list, ':');
    *ret_len = colon != NULL ? (size_t)(colon - list) : strlen(list);
    if (colon == NULL) {
        return PC_OK;
    }
    if (strcmp(colon, ":critical") != 0 && strcmp(colon, ":noncritical") != 0) {
        return pc_fail(err, P11CSR_E_EXTENSION, "'%s' where :critical or :noncritical may stand", colon);
    }
    *ret_critical = strcmp(colon, ":critical") == 0;
    return PC_OK;
}

/* Calls `take` with each word of a comma-separated list; spaces around words are dropped. */
static struct pc_result each_word(const char *list, size_t len,
                                  PC_RESULT (*take)(const char *word, void *data, p11csr_error **err),
                                  void *data, p11csr_error **err)
{
    for (size_t at = 0; at <= len;) {
        at += strspn(list + at, " ");
        size_t end = at;
        while (end < len && list[end] != ',') {
            end++;
        }
        size_t word_end = end;
        while (word_end > at && list[word_end - 1] == ' ') {
            word_end--;
        }
        if (word_end <= at) {
            return pc_fail(err, P11CSR_E_EXTENSION, "a name is missing in '%s'", list);
        }
        char *word PC_CLEANUP(pc_free_str) = pc_strndup(list + at, word_end - at);
        PC_TRY(word == NULL ? pc_fail_memory(err) : take(word, data, err));
        at = end + 1;
    }
    return PC_OK;
}

const char *pc_key_usage_name(unsigned bit)
{
    return key_usages[bit].name;
}

static struct pc_result take_key_usage(const char *word, void *data, p11csr_error **err)
{
    unsigned *bits = data;
    const struct usage_row *row = find_usage(key_usages, PC_KEY_USAGE_COUNT, word);
    if (row == NULL) {
        return unknown_usage("key usage", key_usages, PC_KEY_USAGE_COUNT, word, err);
    }
    const unsigned bit = 1U << (unsigned)(row - key_usages);
    if ((*bits & bit) != 0) {
        return pc_fail(err, P11CSR_E_EXTENSION, "key usage '%s' stands there twice", word);
    }
    *bits |= bit;
    return PC_OK;
}

PC_RESULT pc_content_set_key_usage(struct pc_content *content, const char *list, p11csr_error **err)
{
    size_t len = 0;
    unsigned bits = 0;
    bool critical = true;
    PC_TRY(read_critical(list, &len, &critical, err));
    PC_TRY(each_word(list, len, take_key_usage, &bits, err));
    if ((bits & ONLY_WITH_KEY_AGREEMENT) != 0 && (bits & KEY_AGREEMENT) == 0) {
        return pc_fail(err, P11CSR_E_EXTENSION,
                       "encipherOnly and decipherOnly mean something only together with keyAgreement");
    }
    content->key_usage = bits;
    content->key_usage_critical = critical;
    return PC_OK;
}

const char *pc_eku_name(struct pc_span oid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(ext_key_usages); i++) {
        if (pc_span_eq(ext_key_usages[i].oid, oid)) {
            return ext_key_usages[i].name;
        }
    }
    return NULL;
}

/* Adds an OID to complete encodings that stand one after the other. */
const char *pc_ext_key_usage_name(size_t index)
{
    return index < PC_ARRAY_LEN(ext_key_usages) ? ext_key_usages[index].name : NULL;
}

static struct pc_result eku_add(struct pc_buf *ekus, struct pc_span oid, p11csr_error **err)
{
    struct pc_der in = pc_der_over(pc_buf_span(ekus));
    struct pc_der_value value;
    size_t count = 0;
    for (; !pc_der_at_end(&in); count++) {
        PC_TRY(pc_der_next(&in, &value, err));
        if (pc_span_eq(value.content, oid)) {
            return pc_fail(err, P11CSR_E_EXTENSION, "the same extended key usage stands there twice");
        }
    }
    if (count == PC_MAX_EKUS) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d extended key usages", (int)PC_MAX_EKUS);
    }
    struct pc_der_writer w;
    pc_der_writer_init(&w, ekus);
    pc_der_bytes(&w, PC_DER_OID, oid);
    return pc_der_finish(&w, err);
}

PC_RESULT pc_content_add_eku(struct pc_content *content, struct pc_span oid, p11csr_error **err)
{
    return eku_add(&content->ekus, oid, err);
}

PC_RESULT pc_eku_read(const char *word, struct pc_buf *ret, p11csr_error **err)
{
    if (pc_ascii_is_digit(word[0])) {
        return pc_value_oid(word, P11CSR_E_EXTENSION, ret, err);
    }
    const struct usage_row *row = find_usage(ext_key_usages, PC_ARRAY_LEN(ext_key_usages), word);
    if (row == NULL) {
        return unknown_usage("extended key usage", ext_key_usages, PC_ARRAY_LEN(ext_key_usages), word, err);
    }
    pc_buf_add_span(ret, row->oid);
    return pc_buf_check(ret, err);
}

static struct pc_result take_eku(const char *word, void *data, p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    PC_TRY(pc_eku_read(word, &oid, err));
    return pc_frame(eku_add(data, pc_buf_span(&oid), err), err, "extended key usage '%s' cannot be used",
                    word);
}

PC_RESULT pc_content_set_ext_key_usage(struct pc_content *content, const char *list, p11csr_error **err)
{
    struct pc_buf ekus PC_CLEANUP(pc_buf_done) = {0};
    size_t len = 0;
    bool critical = false;
    pc_buf_init(&ekus, content->ekus.max);
    PC_TRY(read_critical(list, &len, &critical, err));
    PC_TRY(each_word(list, len, take_eku, &ekus, err));
    const struct pc_buf earlier = content->ekus;
    content->ekus = ekus;
    ekus = earlier;
    content->eku_critical = critical;
    return PC_OK;
}
