// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/lint/algorithms.h"
#include "csr/lint/oids.h"
#include "csr/lint/purposes.h"
#include "csr/lint/rule_functions.h"
#include "csr/reading/pem.h"
#include "csr/reading/verify.h"

#include <string.h>

/* What Microsoft's AD CS reads in a request (MS-WCCE), and what Windows wants of the certificate. */

#define OID_TEMPLATE_NAME PC_LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x14\x02")
#define OID_TEMPLATE PC_LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x15\x07")
#define OID_SID PC_LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x19\x02")
#define OID_NAME_VALUE_PAIR PC_LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x01")

/* The name of a request attribute, which a pair of names and values carries; false when it cannot be read. */
static bool read_pair_name(struct pc_der *in, struct pc_buf *ret)
{
    struct pc_der pair;
    struct pc_der_value name;
    return pc_is_ok(pc_der_enter(in, PC_DER_SEQUENCE, "pair", &pair, NULL)) &&
           pc_is_ok(pc_der_expect(&pair, PC_DER_BMP_STRING, "name", &name, NULL)) &&
           pc_name_value_text(PC_DER_BMP_STRING, name.content, ret);
}

static bool is_word(const struct pc_buf *text, const char *word)
{
    const size_t len = strlen(word);
    return text->len == len && strncasecmp((const char *)text->ptr, word, len) == 0;
}

/* Whether the request carries this request attribute of AD CS. */
static struct pc_result has_pair(const struct pc_lint *lint, const char *name, bool *ret, p11csr_error **err)
{
    const struct pc_attribute *attribute = pc_lint_attribute_find(lint, OID_NAME_VALUE_PAIR);
    struct pc_der in = pc_der_over(attribute != NULL ? attribute->values : (struct pc_span){0});
    *ret = false;
    while (!pc_der_at_end(&in) && !*ret) {
        struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
        pc_buf_init(&text, PC_MAX_REQUEST);
        if (!read_pair_name(&in, &text)) {
            return pc_buf_check(&text, err);
        }
        *ret = is_word(&text, name);
        PC_TRY(pc_buf_check(&text, err));
    }
    return PC_OK;
}

static size_t pair_at(const struct pc_lint *lint)
{
    return pc_lint_at(lint, pc_lint_attribute_find(lint, OID_NAME_VALUE_PAIR)->oid);
}

static bool has_san(const struct pc_lint *lint, enum pc_san_type type)
{
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        if (strcmp(pc_lint_san(lint, i)->kind, pc_san_type_name(type)) == 0) {
            return true;
        }
    }
    return false;
}

PC_RESULT pc_lint_adcs_template(struct pc_lint *lint, p11csr_error **err)
{
    bool named = false;
    if (pc_lint_extension_find(lint, OID_TEMPLATE) != NULL ||
        pc_lint_extension_find(lint, OID_TEMPLATE_NAME) != NULL) {
        return PC_OK;
    }
    PC_TRY(has_pair(lint, "CertificateTemplate", &named, err));
    return named ? PC_OK
                 : pc_lint_report(lint, PC_LINT_NOWHERE, err,
                                  "no template is named: an enterprise CA wants one, here or with 'certreq "
                                  "-submit -attrib CertificateTemplate:NAME'");
}

PC_RESULT pc_lint_adcs_key(struct pc_lint *lint, p11csr_error **err)
{
    char *key PC_CLEANUP(pc_free_str) = pc_lint_key_text(lint);
    return key == NULL ? pc_fail_memory(err)
                       : pc_lint_not_judged(lint, err,
                                            "needs the template: its kind and least size of key and its "
                                            "providers, for %s",
                                            key);
}

PC_RESULT pc_lint_adcs_pss(struct pc_lint *lint, p11csr_error **err)
{
    struct pc_lint_signing signing;
    const bool key = pc_span_eq(lint->key.oid, PC_OID_RSASSA_PSS);
    const bool signature = pc_lint_signing_read(lint, &signing) && signing.is_pss;
    return !key && !signature
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, signature ? lint->signature.oid : lint->key.oid), err,
                                "%s RSASSA-PSS, the alternate signature algorithm: many programs and old "
                                "clients cannot verify it",
                                signature ? "it is signed with" : "the key is for");
}

/* A SID as strong mapping wants it, in a URI. */
static bool has_sid_uri(const struct pc_lint *lint)
{
    static const char prefix[] = "tag:microsoft.com,2022-09-14:sid:";
    const size_t len = sizeof(prefix) - 1;
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        const struct pc_general_name *san = pc_lint_san(lint, i);
        if (strcmp(san->kind, pc_san_type_name(PC_SAN_URI)) == 0 && san->content.len > len &&
            memcmp(san->content.ptr, prefix, len) == 0) {
            return true;
        }
    }
    return false;
}

PC_RESULT pc_lint_adcs_sid(struct pc_lint *lint, p11csr_error **err)
{
    const bool logs_on =
        pc_lint_has_eku(lint, PC_EKU_CLIENT_AUTH) || pc_lint_has_eku(lint, PC_EKU_SMARTCARD_LOGON);
    if (pc_lint_extension_find(lint, OID_SID) != NULL || has_sid_uri(lint)) {
        return pc_lint_not_judged(lint, err,
                                  "needs the template: the SID is taken where the requester supplies the "
                                  "subject only");
    }
    return !logs_on || !has_san(lint, PC_SAN_UPN)
               ? PC_OK
               : pc_lint_report(lint, pc_lint_extension_at(lint, PC_OID_SAN), err,
                                "a user's principal name without a SID: domain controllers that enforce "
                                "strong mapping refuse the log-on (--ms-sid S-1-5-...)");
}

PC_RESULT pc_lint_adcs_san_attribute(struct pc_lint *lint, p11csr_error **err)
{
    bool found = false;
    PC_TRY(has_pair(lint, "SAN", &found, err));
    return !found
               ? PC_OK
               : pc_lint_report(lint, pair_at(lint), err,
                                "alternative names in the request attribute SAN: only a CA that anyone can "
                                "abuse takes them (EDITF_ATTRIBUTESUBJECTALTNAME2); put them in the "
                                "extension");
}

PC_RESULT pc_lint_adcs_smartcard(struct pc_lint *lint, p11csr_error **err)
{
    if (!pc_lint_has_eku(lint, PC_EKU_SMARTCARD_LOGON) || pc_lint_has_eku(lint, PC_EKU_PKINIT_KDC)) {
        return PC_OK;
    }
    if (!pc_lint_has_eku(lint, PC_EKU_CLIENT_AUTH)) {
        PC_TRY(pc_lint_report(lint, pc_lint_extension_at(lint, PC_OID_EXT_KEY_USAGE), err,
                              "extKeyUsage has smartcardLogon and lacks clientAuth"));
    }
    return has_san(lint, PC_SAN_UPN)
               ? PC_OK
               : pc_lint_report(lint, pc_lint_extension_at(lint, PC_OID_SAN), err,
                                "no user's principal name (UPN) is an alternative name: smart card log-on "
                                "looks for it");
}

PC_RESULT pc_lint_adcs_controller(struct pc_lint *lint, p11csr_error **err)
{
    const bool kdc = pc_lint_has_eku(lint, PC_EKU_PKINIT_KDC);
    const bool guid = has_san(lint, PC_SAN_NTDS_GUID);
    const size_t at = pc_lint_extension_at(lint, PC_OID_SAN);
    if ((kdc || guid) && !has_san(lint, PC_SAN_DNS)) {
        PC_TRY(pc_lint_report(lint, at, err, "a domain controller without a DNS name as alternative name"));
    }
    return kdc || !guid
               ? PC_OK
               : pc_lint_warn(lint, at, err,
                              "the GUID of a domain controller without pkInitKDC: it is for replication by "
                              "SMTP only, Kerberos wants pkInitKDC");
}

PC_RESULT pc_lint_adcs_signature(struct pc_lint *lint, p11csr_error **err)
{
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    const char *why = NULL;
    const struct pc_attribute *statement = pc_lint_attribute_find(lint, PC_OID_POSSESSION);
    if (statement != NULL) {
        return pc_lint_report(lint, pc_lint_at(lint, statement->oid), err,
                              "another key signs it: AD CS wants a signature by the key itself");
    }
    if (lint->options->key_is_proved || lint->csr->aid.len == 0) {
        return PC_OK;
    }
    PC_TRY(pc_csr_verify(lint->crypto, lint->csr, &verdict, &why, err));
    if (verdict == PC_VERDICT_BAD) {
        return pc_lint_report(lint, PC_LINT_NOWHERE, err, "AD CS refuses it: %s", why);
    }
    return verdict == PC_VERDICT_UNKNOWN ? pc_lint_not_judged(lint, err, "%s", why) : PC_OK;
}

PC_RESULT pc_lint_adcs_label(struct pc_lint *lint, p11csr_error **err)
{
    const struct pc_der_faults *faults = lint->csr->faults;
    for (size_t i = 0; faults != NULL && i < pc_der_faults_count(faults); i++) {
        if (strcmp(pc_der_faults_get(faults, i)->text, PC_PEM_OTHER_LABEL) == 0) {
            return pc_lint_report(lint, PC_LINT_NOWHERE, err,
                                  "the label is NEW CERTIFICATE REQUEST, which AD CS writes and reads");
        }
    }
    return PC_OK;
}
