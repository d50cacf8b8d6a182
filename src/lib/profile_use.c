// SPDX-License-Identifier: Apache-2.0
#include "lib/profile_use.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/name.h"
#include "der/writer.h"
#include "lib/request.h"

#include <stddef.h>
#include <string.h>

/* Profiles in use: their values at the beginning, what is missing and the order at the end. */

enum { KEY_ENCIPHERMENT = 1U << 2, DATA_ENCIPHERMENT = 1U << 3, KEY_AGREEMENT = 1U << 4 };

static struct pc_result put_values(p11csr_request *request, const struct p11csr_profile *profile,
                                   p11csr_error **err)
{
    char *origin PC_CLEANUP(pc_free_str) = pc_asprintf("profile %s", profile->texts[PC_PROFILE_NAME]);
    if (origin == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY((struct pc_result){p11csr_request_set_origin(request, origin, err)});
    for (size_t i = 0; i < pc_profile_extension_count(profile); i++) {
        PC_TRY(pc_profile_extension_put(pc_profile_extension(profile, i), PC_PROFILE_VALUES, request, err));
    }
    for (size_t i = 0; i < pc_profile_attribute_count(profile); i++) {
        PC_TRY(pc_profile_attribute_put(pc_profile_attribute(profile, i), request, err));
    }
    return (struct pc_result){p11csr_request_set_origin(request, NULL, err)};
}

static struct pc_result set_profile(p11csr_request *request, p11csr_ctx *ctx, const char *name,
                                    p11csr_error **err)
{
    struct p11csr_profile *profile PC_CLEANUP(pc_profile_cleanup) = NULL;
    PC_TRY((struct pc_result){p11csr_profile_load(ctx, name, &profile, err)});
    PC_TRY(pc_frame(put_values(request, profile, err), err, "cannot use the profile '%s'", name));
    struct p11csr_profile *earlier = request->profile;
    request->profile = profile;
    profile = earlier;
    return PC_OK;
}

enum p11csr_code p11csr_request_set_profile(p11csr_request *request, p11csr_ctx *ctx, const char *name,
                                            p11csr_error **err)
{
    return set_profile(request, ctx, name, err).code;
}

const p11csr_profile *p11csr_request_get_profile(const p11csr_request *request)
{
    return request->profile;
}

PC_RESULT pc_profile_put_in_order(const struct p11csr_profile *profile, struct pc_span subject,
                                  struct pc_buf *ret, p11csr_error **err)
{
    const struct pc_profile_list *order = &profile->lists[PC_PROFILE_SUBJECT_ORDER];
    return pc_name_reorder(subject, (const char *const *)(const void *)order->items.ptr,
                           pc_profile_count(order), ret, err);
}

static void list_cleanup(struct pc_profile_list *list)
{
    pc_profile_list_done(list);
}

/* What the subject's own RDNs stand in, without the head. */
static struct pc_result add_rdns(struct pc_span name, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_der in = pc_der_over(name);
    struct pc_der_value value;
    PC_TRY(pc_der_next(&in, &value, err));
    pc_buf_add_span(ret, value.content);
    return pc_buf_check(ret, err);
}

/* Appends the RDNs of what the profile adds: what stands further up in a hierarchy stands first. */
static struct pc_result add_missing(const struct p11csr_profile *profile, struct pc_span subject,
                                    struct pc_buf *ret, p11csr_error **err)
{
    struct pc_profile_list types PC_CLEANUP(list_cleanup) = {0};
    PC_TRY(pc_profile_subject_types(subject, &types, err));
    for (size_t i = 0; i < pc_profile_part_count(profile); i++) {
        struct pc_buf name PC_CLEANUP(pc_buf_done) = {0};
        if (pc_profile_holds(&types, pc_profile_part(profile, i)->type)) {
            continue;
        }
        char *text PC_CLEANUP(pc_free_str) = pc_profile_part_text(pc_profile_part(profile, i));
        if (text == NULL) {
            return pc_fail_memory(err);
        }
        pc_buf_init(&name, PC_MAX_REQUEST);
        PC_TRY(pc_name_parse(text, &name, err));
        PC_TRY(add_rdns(pc_buf_span(&name), ret, err));
    }
    return PC_OK;
}

static struct pc_result complete_subject(const p11csr_request *request, struct pc_buf *ret,
                                         p11csr_error **err)
{
    const struct pc_span subject = pc_buf_span(&request->content.subject);
    struct pc_buf rdns PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf whole PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_buf_init(&rdns, PC_MAX_REQUEST);
    pc_buf_init(&whole, PC_MAX_REQUEST);
    PC_TRY(add_missing(request->profile, subject, &rdns, err));
    if (subject.len > 0) {
        PC_TRY(add_rdns(subject, &rdns, err));
    }
    if (rdns.len == 0) {
        return PC_OK;
    }
    pc_der_writer_init(&w, &whole);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_raw(&w, pc_buf_span(&rdns));
    pc_der_end(&w);
    PC_TRY(pc_der_finish(&w, err));
    return pc_profile_put_in_order(request->profile, pc_buf_span(&whole), ret, err);
}

static struct pc_result complete(p11csr_request *request, p11csr_error **err)
{
    struct pc_buf subject PC_CLEANUP(pc_buf_done) = {0};
    if (request->profile == NULL) {
        return PC_OK;
    }
    pc_buf_init(&subject, PC_MAX_REQUEST);
    PC_TRY(complete_subject(request, &subject, err));
    if (subject.len == 0 || pc_span_eq(pc_buf_span(&subject), pc_buf_span(&request->content.subject))) {
        return PC_OK;
    }
    char *origin PC_CLEANUP(pc_free_str) = pc_asprintf("%s%sprofile %s", pc_origins_subject(request),
                                                       pc_origins_subject(request)[0] != 0 ? ", " : "",
                                                       request->profile->texts[PC_PROFILE_NAME]);
    if (origin == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY((struct pc_result){p11csr_request_set_origin(request, origin, err)});
    PC_TRY((struct pc_result){p11csr_request_set_subject_der(request, subject.ptr, subject.len, err)});
    return (struct pc_result){p11csr_request_set_origin(request, NULL, err)};
}

enum p11csr_code p11csr_request_complete(p11csr_request *request, p11csr_error **err)
{
    return complete(request, err).code;
}

static bool profile_says(const p11csr_request *request, const char *word)
{
    return request->profile != NULL && pc_profile_holds(&request->profile->lists[PC_PROFILE_KEY_USAGE], word);
}

/* What a new key has to be able to do besides signing, for which key usages. */
static const struct {
    const char *word; /* in a profile */
    unsigned bits;
    enum pc_family_id family; /* no other can */
    size_t flag;              /* in struct p11csr_keygen */
    const char *text;
    const char *rfc;
} uses[] = {
    {"decrypt", KEY_ENCIPHERMENT | DATA_ENCIPHERMENT, PC_FAMILY_RSA, offsetof(struct p11csr_keygen, decrypt),
     "keyEncipherment and dataEncipherment", "RFC 8813 section 3"},
    {"derive", KEY_AGREEMENT, PC_FAMILY_EC, offsetof(struct p11csr_keygen, derive), "keyAgreement",
     "RFC 5480 section 3, RFC 8410 section 5"},
};

static struct pc_result fill_keygen(const p11csr_request *request, struct p11csr_keygen *keygen,
                                    p11csr_error **err)
{
    const unsigned usage = request->content.key_usage;
    if (keygen->spec != NULL && strcmp(keygen->spec, "profile") == 0) {
        keygen->spec = request->profile != NULL ? request->profile->texts[PC_PROFILE_KEY_DEFAULT] : NULL;
        if (keygen->spec == NULL) {
            const struct pc_result result =
                pc_fail(err, P11CSR_E_USAGE, "no profile says what kind of key to make");
            pc_hint(err, "name the kind: --generate p256");
            return result;
        }
    }
    const struct pc_keyspec *spec = NULL;
    PC_TRY(pc_keyspec_find(keygen->spec, &spec, err));
    for (size_t i = 0; i < PC_ARRAY_LEN(uses); i++) {
        const bool fits = spec->family == uses[i].family;
        if ((usage & uses[i].bits) != 0 && !fits) {
            return pc_fail(err, P11CSR_E_KEY_USE, "a %s key is not for %s (%s)", spec->name, uses[i].text,
                           uses[i].rfc);
        }
        int *flag = (int *)(void *)((char *)keygen + uses[i].flag);
        if (fits && ((usage & uses[i].bits) != 0 || profile_says(request, uses[i].word))) {
            *flag = 1;
        }
    }
    return keygen->backup != 0 ? pc_profile_check_backup(request, err) : PC_OK;
}

enum p11csr_code p11csr_request_fill_keygen(const p11csr_request *request, struct p11csr_keygen *keygen,
                                            p11csr_error **err)
{
    return fill_keygen(request, keygen, err).code;
}

bool pc_key_usage_wants_more(unsigned key_usage)
{
    return (key_usage & (KEY_ENCIPHERMENT | DATA_ENCIPHERMENT | KEY_AGREEMENT)) != 0;
}

PC_RESULT pc_key_usage_check(unsigned key_usage, const struct pc_key_protection *is, p11csr_error **err)
{
    const struct {
        unsigned bit;
        const char *name;
        bool refused;
        const char *lacks;
    } rows[] = {
        {KEY_ENCIPHERMENT, "keyEncipherment", is->decrypt == PC_FLAG_NO && is->unwrap == PC_FLAG_NO,
         "neither decrypt nor unwrap (CKA_DECRYPT, CKA_UNWRAP)"},
        {DATA_ENCIPHERMENT, "dataEncipherment", is->decrypt == PC_FLAG_NO, "not decrypt (CKA_DECRYPT)"},
        {KEY_AGREEMENT, "keyAgreement", is->derive == PC_FLAG_NO, "not derive (CKA_DERIVE)"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if ((key_usage & rows[i].bit) != 0 && rows[i].refused) {
            const struct pc_result result =
                pc_fail(err, P11CSR_E_KEY_USE, "the key usage %s is asked for, and the key may %s",
                        rows[i].name, rows[i].lacks);
            pc_hint(err, "ask for what the key may do: --key-usage digitalSignature");
            return result;
        }
    }
    return PC_OK;
}
