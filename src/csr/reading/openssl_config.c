// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/openssl_config.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/extensions.h"
#include "csr/content/merge.h"
#include "csr/content/value.h"
#include "csr/reading/json.h"
#include "csr/reading/openssl_conf.h"

#include <limits.h>
#include <openssl/x509.h>
#include <string.h>

static void free_object(ASN1_OBJECT **object)
{
    ASN1_OBJECT_free(*object);
}

static void free_extension(X509_EXTENSION **ext)
{
    X509_EXTENSION_free(*ext);
}

PC_RESULT pc_conf_fail(const char *what, p11csr_error **err)
{
    const char *data = NULL;
    int flags = 0;
    const unsigned long code = ERR_peek_last_error_data(&data, &flags);
    const char *reason = ERR_reason_error_string(code);
    if (pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    const bool told = data != NULL && *data != 0 && (flags & ERR_TXT_STRING) != 0;
    return pc_fail(err, P11CSR_E_CONFIG, "%s: %s%s%s%s", what, reason != NULL ? reason : "is not understood",
                   told ? " (" : "", told ? data : "", told ? ")" : "");
}

const char *pc_conf_get(const struct pc_conf *conf, const char *section, const char *name)
{
    PC_OSSL_KEEP_ERRORS(mark);
    return NCONF_get_string(conf->conf, section, name);
}

PC_RESULT pc_conf_section(const struct pc_conf *conf, const char *section, const char *for_what,
                          STACK_OF(CONF_VALUE) * *ret, p11csr_error **err)
{
    *ret = NCONF_get_section(conf->conf, section);
    return *ret != NULL ? PC_OK
                        : pc_fail(err, P11CSR_E_CONFIG, "there is no section [%s], which '%s' names", section,
                                  for_what);
}

const char *pc_conf_oid_text(const struct pc_conf *conf, const char *name, size_t len)
{
    for (int i = 0; conf->oids != NULL && i < sk_CONF_VALUE_num(conf->oids); i++) {
        const CONF_VALUE *row = sk_CONF_VALUE_value(conf->oids, i);
        if (strlen(row->name) == len && strncmp(row->name, name, len) == 0) {
            return row->value;
        }
    }
    return name;
}

ASN1_OBJECT *pc_conf_object(const struct pc_conf *conf, const char *name)
{
    PC_OSSL_KEEP_ERRORS(mark);
    return OBJ_txt2obj(pc_conf_oid_text(conf, name, strlen(name)), 0);
}

PC_RESULT pc_conf_drop(const struct pc_conf *conf, const char *kind, const char *name, const char *why,
                       p11csr_error **err)
{
    json_t *object PC_CLEANUP(pc_json_drop) = json_object();
    char *printable PC_CLEANUP(pc_free_str) = pc_text_printable(name);
    if (printable == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(pc_json_set(object, "kind", json_string(kind), err));
    PC_TRY(pc_json_set(object, "name", json_string(printable), err));
    PC_TRY(pc_json_set(object, "oid", json_null(), err));
    PC_TRY(pc_json_set(object, "why", json_string(why), err));
    return pc_json_append(conf->out->dropped, json_incref(object), err);
}

/* The settings of the section; those without a reason are used. */
static const struct {
    const char *name;
    const char *why;
} settings[] = {
    {"attributes", NULL},
    {"default_md", NULL},
    {"distinguished_name", NULL},
    {"oid_section", NULL},
    {"prompt", NULL},
    {"req_extensions", NULL},
    {"string_mask", NULL},
    {"utf8", NULL},
    {"default_bits", "the key is on the token, or made by --generate"},
    {"default_keyfile", "the key stays on the token"},
    {"encrypt_key", "the key stays on the token"},
    {"encrypt_rsa_key", "the key stays on the token"},
    {"input_password", "the key stays on the token"},
    {"output_password", "the key stays on the token"},
    {"oid_file", "other files are not read; write the names into an oid_section"},
    {"x509_extensions", "for certificates only"},
    {"default_days", "for certificates only"},
};

static const char *why_not_used(const char *name)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(settings); i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return settings[i].why;
        }
    }
    return "no setting of requests";
}

static struct pc_result name_unused(const struct pc_conf *conf, p11csr_error **err)
{
    STACK_OF(CONF_VALUE) *lines = NULL;
    PC_TRY(pc_conf_section(conf, conf->section, "the request", &lines, err));
    for (int i = 0; i < sk_CONF_VALUE_num(lines); i++) {
        const char *name = sk_CONF_VALUE_value(lines, i)->name;
        const char *why = why_not_used(name);
        if (why != NULL) {
            PC_TRY(pc_conf_drop(conf, "setting", name, why, err));
        }
    }
    return PC_OK;
}

static struct pc_result take_string_mask(struct pc_conf *conf, p11csr_error **err)
{
    static const struct {
        const char *word;
        unsigned long mask;
    } masks[] = {
        {"nombstr", ~(unsigned long)(B_ASN1_BMPSTRING | B_ASN1_UTF8STRING)},
        {"pkix", ~(unsigned long)B_ASN1_T61STRING},
        {"utf8only", B_ASN1_UTF8STRING},
        {"default", 0xFFFFFFFFUL},
    };
    const char *word = pc_conf_get(conf, conf->section, "string_mask");
    const char *utf8 = pc_conf_get(conf, conf->section, "utf8");
    conf->chars = utf8 != NULL && strcmp(utf8, "yes") == 0 ? MBSTRING_UTF8 : MBSTRING_ASC;
    conf->mask = B_ASN1_UTF8STRING; // OpenSSL's own default
    for (size_t i = 0; word != NULL && i < PC_ARRAY_LEN(masks); i++) {
        if (strcmp(masks[i].word, word) == 0) {
            conf->mask = masks[i].mask;
            return PC_OK;
        }
    }
    return word == NULL ? PC_OK
                        : pc_fail(err, P11CSR_E_CONFIG,
                                  "string_mask '%s' is none of nombstr, pkix, utf8only and default", word);
}

static struct pc_result take_digest(const struct pc_conf *conf, p11csr_error **err)
{
    const char *name = pc_conf_get(conf, conf->section, "default_md");
    if (name == NULL || strcmp(name, "default") == 0) {
        return PC_OK;
    }
    return pc_is_ok(pc_digest_find(name, &conf->out->digest, NULL))
               ? PC_OK
               : pc_conf_drop(conf, "setting", "default_md", "no such digest; the key's usual one is used",
                              err);
}

static struct pc_result take_oids(struct pc_conf *conf, p11csr_error **err)
{
    STACK_OF(CONF_VALUE) *oids = NULL;
    const char *section = pc_conf_get(conf, NULL, "oid_section");
    section = section != NULL ? section : pc_conf_get(conf, conf->section, "oid_section");
    if (section != NULL) {
        PC_TRY(pc_conf_section(conf, section, "oid_section", &oids, err));
        conf->oids = oids;
    }
    return PC_OK;
}

/* The same list of values with the names of oid_section put into dotted form. The caller releases it. */
static char *replace_names(const struct pc_conf *conf, const char *value)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *made = NULL;
    pc_buf_init(&text, (size_t)16 * PC_MAX_OSSL_CONF);
    for (const char *at = value; *at != 0;) {
        const size_t len = strcspn(at, ", ;:");
        const char *oid = pc_conf_oid_text(conf, at, len);
        pc_buf_add(&text, oid, oid != at ? strlen(oid) : len);
        at += len;
        pc_buf_add(&text, at, *at != 0 ? 1 : 0);
        at += *at != 0 ? 1 : 0;
    }
    return pc_is_ok(pc_buf_take_text(&text, &made, NULL)) ? made : NULL;
}

/* The identifier of a key that is not known yet: made when the request is signed. */
static bool is_computed(int nid, const char *value)
{
    static const char critical[] = "critical,";
    value += strncmp(value, critical, strlen(critical)) == 0 ? strlen(critical) : 0;
    value += strspn(value, " \t");
    return nid == NID_subject_key_identifier && strncmp(value, "hash", 4) == 0 &&
           value[4 + strspn(value + 4, " \t")] == 0;
}

static struct pc_result take_extension(struct pc_conf *conf, X509_EXTENSION *ext, p11csr_error **err)
{
    bool known = false;
    const ASN1_OBJECT *object = X509_EXTENSION_get_object(ext);
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(ext);
    const struct pc_span value = {ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)};
    const struct pc_extension taken = {
        .oid = {OBJ_get0_data(object), OBJ_length(object)},
        .critical = X509_EXTENSION_get_critical(ext) == 1,
        .value = value,
        .in = pc_der_over(value),
    };
    PC_TRY(pc_content_drop_extension(conf->content, taken.oid, err)); // the last one counts
    return pc_extension_read(&taken, conf->content, &known, err);
}

static struct pc_result make_extension(struct pc_conf *conf, const CONF_VALUE *line, p11csr_error **err)
{
    X509V3_CTX ctx;
    const char *name = pc_conf_oid_text(conf, line->name, strlen(line->name));
    ASN1_OBJECT *object PC_CLEANUP(free_object) = pc_conf_object(conf, line->name);
    const int nid = object != NULL ? OBJ_obj2nid(object) : NID_undef;
    if (is_computed(nid, line->value)) {
        conf->out->skid = PC_SKID_SHA1;
        return PC_OK;
    }
    if (nid == NID_proxyCertInfo) {
        return pc_fail(err, P11CSR_E_CONFIG, "it reads other files; requests have no use for it");
    }
    const bool named = nid == NID_ext_key_usage || nid == NID_certificate_policies;
    char *value PC_CLEANUP(pc_free_str) = named ? replace_names(conf, line->value) : pc_strdup(line->value);
    if (value == NULL) {
        return pc_fail_memory(err);
    }
    X509V3_set_ctx(&ctx, NULL, NULL, conf->req, NULL, 0);
    X509V3_set_nconf(&ctx, conf->conf);
    X509_EXTENSION *ext PC_CLEANUP(free_extension) = X509V3_EXT_nconf(conf->conf, &ctx, name, value);
    return ext != NULL ? take_extension(conf, ext, err) : pc_conf_fail("OpenSSL", err);
}

static struct pc_result take_extensions(struct pc_conf *conf, p11csr_error **err)
{
    STACK_OF(CONF_VALUE) *lines = NULL;
    const char *section = pc_conf_get(conf, conf->section, "req_extensions");
    if (section == NULL) {
        return PC_OK;
    }
    PC_TRY(pc_conf_section(conf, section, "req_extensions", &lines, err));
    for (int i = 0; i < sk_CONF_VALUE_num(lines); i++) {
        const CONF_VALUE *line = sk_CONF_VALUE_value(lines, i);
        PC_TRY(pc_frame(make_extension(conf, line, err), err, "'%s' of section [%s] cannot be taken over",
                        line->name, section));
    }
    return PC_OK;
}

/* What the extensions left of it: "email:move" takes a part away. An empty one leaves that which is there. */
static struct pc_result keep_subject(const struct pc_conf *conf, p11csr_error **err)
{
    unsigned char *der = NULL;
    const X509_NAME *name = X509_REQ_get_subject_name(conf->req);
    if (X509_NAME_entry_count(name) == 0) {
        return PC_OK;
    }
    const int len = i2d_X509_NAME(name, &der);
    if (len <= 0) {
        return pc_conf_fail("the subject", err);
    }
    pc_buf_add(&conf->content->subject, der, (size_t)len);
    OPENSSL_free(der);
    return pc_buf_check(&conf->content->subject, err);
}

static struct pc_result load(const struct pc_conf *conf, struct pc_span text, p11csr_error **err)
{
    long line = 0;
    BIO *bio PC_CLEANUP(pc_ossl_free_bio) = BIO_new_mem_buf(text.ptr, (int)text.len);
    if (bio == NULL) {
        return pc_fail_memory(err);
    }
    if (NCONF_load_bio(conf->conf, bio, &line) != 1) {
        char where[32] = "";
        (void)snprintf(where, sizeof(where), "line %ld", line);
        return pc_conf_fail(where, err);
    }
    return pc_conf_check_loaded(conf->conf, err);
}

static struct pc_result take_all(struct pc_conf *conf, struct pc_span text, p11csr_error **err)
{
    PC_TRY(pc_conf_check_text(text, err));
    PC_TRY(load(conf, text, err));
    PC_TRY(name_unused(conf, err));
    PC_TRY(take_oids(conf, err));
    PC_TRY(take_string_mask(conf, err));
    PC_TRY(take_digest(conf, err));
    PC_TRY(pc_conf_take_subject(conf, err));
    PC_TRY(pc_conf_take_attributes(conf, err));
    PC_TRY(take_extensions(conf, err));
    return keep_subject(conf, err);
}

PC_RESULT pc_openssl_config_take(const struct pc_crypto *crypto, struct pc_span text, const char *section,
                                 struct pc_openssl_config *ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    struct pc_content got PC_CLEANUP(pc_content_done);
    struct pc_conf conf = {.section = section, .content = &got, .out = ret};
    pc_content_init(&got);
    ret->dropped = json_array();
    conf.conf = NCONF_new_ex(pc_crypto_libctx(crypto), NULL);
    conf.req = X509_REQ_new_ex(pc_crypto_libctx(crypto), NULL);
    struct pc_result result = ret->dropped != NULL && conf.conf != NULL && conf.req != NULL
                                  ? take_all(&conf, text, err)
                                  : pc_fail_memory(err);
    if (pc_is_ok(result)) {
        result = pc_content_merge(ret->content, &got, err);
    }
    NCONF_free(conf.conf);
    X509_REQ_free(conf.req);
    if (!pc_is_ok(result)) {
        json_decref(ret->dropped);
        ret->dropped = NULL;
    }
    return result;
}
