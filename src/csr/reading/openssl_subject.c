// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/attributes.h"
#include "csr/reading/openssl_conf.h"
#include "der/writer.h"

#include <openssl/x509.h>
#include <string.h>

/* Subject and attributes, from sections of values (prompt = no) or of prompts with their defaults. */

/* One attribute as a configuration gives it. */
struct given {
    ASN1_OBJECT *object; /* owned */
    const char *name;    /* without what only tells several of one type apart */
    const char *value;   /* NULL: a prompt that nothing is known for */
    bool joins;          /* the RDN of the one before */
};

static void given_done(struct given *given)
{
    ASN1_OBJECT_free(given->object);
}

static void free_string(ASN1_STRING **string)
{
    ASN1_STRING_free(*string);
}

static void free_entry(X509_NAME_ENTRY **entry)
{
    X509_NAME_ENTRY_free(*entry);
}

/* "0.organizationName" is an organizationName; a '+' in front joins it to the RDN before. */
static const char *strip_name(const char *name, bool *ret_joins)
{
    const char *type = name;
    for (const char *at = name; *at != 0; at++) {
        if (*at == ':' || *at == ',' || *at == '.') {
            type = at[1] != 0 ? at + 1 : type;
            break;
        }
    }
    *ret_joins = *type == '+';
    return type + (*ret_joins ? 1 : 0);
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t len = strlen(text);
    return len >= strlen(ending) && strcmp(text + len - strlen(ending), ending) == 0;
}

/* What belongs to a prompt: NAME_default and its like. */
static bool is_detail(const char *name)
{
    return ends_with(name, "_min") || ends_with(name, "_max") || ends_with(name, "_default") ||
           ends_with(name, "_value");
}

static const char *detail(const struct pc_conf *conf, const char *section, const char *name,
                          const char *ending)
{
    char *key PC_CLEANUP(pc_free_str) = pc_asprintf("%s%s", name, ending);
    return key != NULL ? pc_conf_get(conf, section, key) : NULL;
}

/* The bounds of a prompt, in bytes. */
static struct pc_result check_length(const struct pc_conf *conf, const char *section, const char *name,
                                     const char *value, p11csr_error **err)
{
    const char *min = detail(conf, section, name, "_min");
    const char *max = detail(conf, section, name, "_max");
    unsigned long least = 0;
    unsigned long most = 0;
    const bool has_min = min != NULL && pc_parse_number(min, PC_MAX_OSSL_CONF, &least);
    const bool has_max = max != NULL && pc_parse_number(max, PC_MAX_OSSL_CONF, &most);
    if ((has_min && strlen(value) < least) || (has_max && strlen(value) > most)) {
        return pc_fail(err, P11CSR_E_CONFIG, "'%s' of section [%s] is %s: its bound is %s", name, section,
                       has_min && strlen(value) < least ? "too short" : "too long",
                       has_min && strlen(value) < least ? min : max);
    }
    return PC_OK;
}

/* What `openssl req -batch` takes for a prompt: NAME_value, where "." is nothing, or NAME_default. */
static struct pc_result answer(const struct pc_conf *conf, const char *section, const CONF_VALUE *line,
                               struct given *ret, p11csr_error **err)
{
    const char *value = detail(conf, section, line->name, "_value");
    if (value == NULL || *value == 0) {
        value = detail(conf, section, line->name, "_default");
    } else if (strcmp(value, ".") == 0) {
        value = NULL;
    }
    ret->value = value != NULL && *value != 0 ? value : NULL;
    return ret->value != NULL ? check_length(conf, section, line->name, value, err) : PC_OK;
}

/* The string types that `openssl req` chooses, of those that type and mask allow. */
static struct pc_result make_string(const struct pc_conf *conf, const struct given *given, ASN1_STRING **ret,
                                    p11csr_error **err)
{
    const ASN1_STRING_TABLE *row = ASN1_STRING_TABLE_get(OBJ_obj2nid(given->object));
    const unsigned char *text = (const unsigned char *)given->value;
    const int len = (int)strlen(given->value);
    int made = 0;
    if (row != NULL) {
        const unsigned long mask = (row->flags & STABLE_NO_MASK) != 0 ? row->mask : row->mask & conf->mask;
        made = ASN1_mbstring_ncopy(ret, text, len, conf->chars, mask, row->minsize, row->maxsize);
    } else {
        made = ASN1_mbstring_copy(ret, text, len, conf->chars, DIRSTRING_TYPE & conf->mask);
    }
    return made > 0 ? PC_OK : pc_conf_fail(given->name, err);
}

static struct pc_result add_to_subject(struct pc_conf *conf, const struct given *given, p11csr_error **err)
{
    ASN1_STRING *string PC_CLEANUP(free_string) = NULL;
    PC_TRY(make_string(conf, given, &string, err));
    X509_NAME_ENTRY *entry PC_CLEANUP(free_entry) =
        X509_NAME_ENTRY_create_by_OBJ(NULL, given->object, ASN1_STRING_type(string),
                                      ASN1_STRING_get0_data(string), ASN1_STRING_length(string));
    if (entry == NULL ||
        X509_NAME_add_entry(X509_REQ_get_subject_name(conf->req), entry, -1, given->joins ? -1 : 0) != 1) {
        return pc_conf_fail(given->name, err);
    }
    return PC_OK;
}

static struct pc_result add_to_attributes(struct pc_conf *conf, const struct given *given, p11csr_error **err)
{
    ASN1_STRING *string PC_CLEANUP(free_string) = NULL;
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    PC_TRY(make_string(conf, given, &string, err));
    pc_buf_init(&value, PC_MAX_REQUEST);
    pc_der_writer_init(&w, &value);
    pc_der_bytes(&w, (unsigned)ASN1_STRING_type(string),
                 (struct pc_span){ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)});
    PC_TRY(pc_der_finish(&w, err));
    const struct pc_span oid = {OBJ_get0_data(given->object), OBJ_length(given->object)};
    return pc_content_add_attribute(conf->content, oid, pc_buf_span(&value), err);
}

/* Where the values of a section go, and what is said of those that are missing. */
struct goal {
    struct pc_result (*add)(struct pc_conf *conf, const struct given *given, p11csr_error **err);
    const char *hint;
    bool numbered; /* "0." and '+' may stand in front of a type */
};

/* A prompt for a type that is not known is not asked. */
static struct pc_result take_prompt(struct pc_conf *conf, const char *section, const CONF_VALUE *line,
                                    const struct goal *goal, p11csr_error **err)
{
    struct given given PC_CLEANUP(given_done) = {.name = line->name};
    if (is_detail(line->name)) {
        return PC_OK;
    }
    if (goal->numbered) {
        given.name = strip_name(line->name, &given.joins);
    }
    given.object = pc_conf_object(conf, given.name);
    if (given.object == NULL || (OBJ_obj2nid(given.object) == NID_undef &&
                                 pc_conf_oid_text(conf, given.name, strlen(given.name)) == given.name)) {
        return pc_conf_drop(conf, "prompt", line->name, "OpenSSL knows no type of this name", err);
    }
    PC_TRY(answer(conf, section, line, &given, err));
    return given.value != NULL ? goal->add(conf, &given, err)
                               : pc_conf_drop(conf, "prompt", line->name, goal->hint, err);
}

static struct pc_result take_value(struct pc_conf *conf, const CONF_VALUE *line, const struct goal *goal,
                                   p11csr_error **err)
{
    struct given given PC_CLEANUP(given_done) = {.name = line->name, .value = line->value};
    if (goal->numbered) {
        given.name = strip_name(line->name, &given.joins);
    }
    given.object = pc_conf_object(conf, given.name);
    if (given.object == NULL) {
        return pc_fail(err, P11CSR_E_CONFIG, "there is no attribute type '%s'", given.name);
    }
    return goal->add(conf, &given, err);
}

static struct pc_result take_section(struct pc_conf *conf, const char *setting, const struct goal *goal,
                                     p11csr_error **err)
{
    STACK_OF(CONF_VALUE) *lines = NULL;
    const char *section = pc_conf_get(conf, conf->section, setting);
    const char *prompt = pc_conf_get(conf, conf->section, "prompt");
    const bool values = prompt != NULL && strcmp(prompt, "no") == 0;
    if (section == NULL) {
        return PC_OK;
    }
    PC_TRY(pc_conf_section(conf, section, setting, &lines, err));
    for (int i = 0; i < sk_CONF_VALUE_num(lines); i++) {
        const CONF_VALUE *line = sk_CONF_VALUE_value(lines, i);
        const struct pc_result result =
            values ? take_value(conf, line, goal, err) : take_prompt(conf, section, line, goal, err);
        PC_TRY(pc_frame(result, err, "'%s' of section [%s] cannot be taken over", line->name, section));
    }
    return PC_OK;
}

PC_RESULT pc_conf_take_subject(struct pc_conf *conf, p11csr_error **err)
{
    static const struct goal goal = {
        .add = add_to_subject, .hint = "a prompt without a default; give it by --subject", .numbered = true};
    return take_section(conf, "distinguished_name", &goal, err);
}

PC_RESULT pc_conf_take_attributes(struct pc_conf *conf, p11csr_error **err)
{
    static const struct goal goal = {.add = add_to_attributes,
                                     .hint = "a prompt without a default; give it by --attribute"};
    return take_section(conf, "attributes", &goal, err);
}
