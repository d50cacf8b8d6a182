// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "csr/lint/algorithms.h"
#include "csr/lint/mailboxes.h"
#include "csr/lint/oids.h"
#include "csr/lint/purposes.h"
#include "csr/lint/rule_functions.h"

#include <string.h>

/* S/MIME Baseline Requirements. */

PC_RESULT pc_lint_mail_key(struct pc_lint *lint, p11csr_error **err)
{
    static const struct pc_lint_key_demand demand = {
        PC_LINT_SMIME_BR, 2048,
        "allowed are RSA, ECDSA on P-256, P-384 and P-521, Ed25519 and Ed448 (version 1.0.10)"};
    const struct pc_lint_algorithm *algorithm = pc_lint_key_algorithm(lint);
    if (algorithm != NULL && (algorithm->kind == PC_KIND_ML_DSA || algorithm->kind == PC_KIND_ML_KEM)) {
        return pc_lint_warn(lint, pc_lint_key_at(lint), err,
                            "%s came with version 1.0.11, and is not issued by every CA", algorithm->name);
    }
    PC_TRY(pc_lint_check_key(lint, &demand, err));
    return !lint->key.is_rsa || lint->key.bits % 8 == 0
               ? PC_OK
               : pc_lint_report(lint, pc_lint_at(lint, lint->key.modulus), err,
                                "the RSA key has %u bits, which 8 does not divide", lint->key.bits);
}

static bool is_type(const struct pc_name_part *part, const char *type)
{
    return part->type != NULL && strcmp(part->type, type) == 0;
}

/* What the check of M02 goes through the names with. */
struct repetition {
    struct pc_lint *lint;
    struct pc_lint_mailboxes mailboxes;
    size_t count;                        /* of alternative names that are mailboxes */
    const struct pc_general_name *other; /* the first that has no place beside them */
};

static void repetition_done(struct repetition *check)
{
    pc_lint_mailboxes_done(&check->mailboxes);
}

/* A mailbox in a name, which has to be an alternative name too. */
static struct pc_result check_repeated(const struct pc_name_part *part, void *data, p11csr_error **err)
{
    struct repetition *check = data;
    struct pc_lint *lint = check->lint;
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf mailbox PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)2 * PC_MAX_REQUEST);
    pc_buf_init(&mailbox, (size_t)4 * PC_MAX_REQUEST);
    const bool known = pc_name_value_text(part->tag, part->value, &text);
    const bool is_mailbox = known && pc_lint_mailbox_add(pc_buf_span(&text), &mailbox);
    PC_TRY(pc_buf_check(&text, err));
    PC_TRY(pc_buf_check(&mailbox, err));
    if (!is_mailbox && !is_type(part, "emailAddress")) {
        return PC_OK;
    }
    if (is_mailbox && pc_lint_mailboxes_have(&check->mailboxes, pc_buf_span(&mailbox))) {
        return PC_OK;
    }
    char *quoted PC_CLEANUP(pc_free_str) = pc_lint_quote(part->value);
    if (quoted == NULL) {
        return pc_fail_memory(err);
    }
    return pc_lint_report(lint, pc_lint_at(lint, part->whole), err, "%s %s %s",
                          part->type != NULL ? part->type : "the attribute", quoted,
                          is_mailbox ? "is not repeated as an alternative name" : "is no mailbox");
}

/* Mailboxes, directory names and otherNames have a place in a certificate for mail. */
static struct pc_result check_san(struct repetition *check, const struct pc_general_name *san,
                                  p11csr_error **err)
{
    enum { OTHER_NAME = 0xA0, MAILBOX = 0x81, DIRECTORY_NAME = 0xA4 };
    if (san->tag == MAILBOX || strcmp(san->kind, pc_san_type_name(PC_SAN_SMTP_UTF8)) == 0) {
        check->count++;
    } else if (san->tag != OTHER_NAME && san->tag != DIRECTORY_NAME && check->other == NULL) {
        check->other = san;
    }
    struct pc_der in = pc_csr_reader(check->lint->csr, san->content);
    return san->tag == DIRECTORY_NAME && san->has_row ? pc_name_walk(in, check_repeated, check, err) : PC_OK;
}

PC_RESULT pc_lint_mailboxes(struct pc_lint *lint, p11csr_error **err)
{
    struct repetition check PC_CLEANUP(repetition_done) = {.lint = lint};
    PC_TRY(pc_lint_mailboxes_gather(lint, &check.mailboxes, err));
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        PC_TRY(check_san(&check, pc_lint_san(lint, i), err));
    }
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        PC_TRY(check_repeated(pc_lint_name(lint, i), &check, err));
    }
    if (check.other != NULL) {
        PC_TRY(pc_lint_warn(lint, pc_lint_at(lint, check.other->whole), err,
                            "an alternative name of the kind %s has no place beside mailboxes",
                            check.other->kind));
    }
    return check.count > 0
               ? PC_OK
               : pc_lint_report(lint, pc_lint_extension_at(lint, PC_OID_SAN), err,
                                "no mailbox is an alternative name: rfc822Name or SmtpUTF8Mailbox");
}

PC_RESULT pc_lint_mail_purposes(struct pc_lint *lint, p11csr_error **err)
{
    static const struct pc_span banned[] = {
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x01"), // serverAuth
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x03"), // codeSigning
        PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x08"), // timeStamping
        PC_BYTES("\x55\x1d\x25\x00"),                 // anyExtendedKeyUsage
    };
    static const struct pc_span allowed[] = {PC_BYTES("\x2b\x06\x01\x05\x05\x07\x03\x04")};
    static const struct pc_lint_purposes purposes = {
        .banned = banned,
        .banned_count = PC_ARRAY_LEN(banned),
        .allowed = allowed,
        .allowed_count = PC_ARRAY_LEN(allowed),
        .why_banned = "which an S/MIME certificate may not have",
        .why_warned = "which the Strict profile does not allow beside emailProtection"};
    const size_t at = pc_lint_extension_at(lint, PC_OID_EXT_KEY_USAGE);
    if (at == PC_LINT_NOWHERE) {
        return pc_lint_warn(lint, at, err, "extKeyUsage is not asked for: emailProtection is left to the CA");
    }
    PC_TRY(pc_lint_check_purposes(lint, &purposes, err));
    return pc_lint_has_eku(lint, PC_EKU_EMAIL_PROTECTION)
               ? PC_OK
               : pc_lint_report(lint, at, err, "extKeyUsage lacks emailProtection");
}

/* Key usages by the kind of key (section 7.1.2.3(e)). */
struct usages {
    unsigned allowed;
    unsigned needed; /* one of these at least */
    const char *lacks;
};

static const struct usages *usages_of(const struct pc_lint *lint)
{
    enum { SIGN = PC_USE_DIGITAL_SIGNATURE | PC_USE_NON_REPUDIATION };
    static const struct usages rsa = {SIGN | PC_USE_KEY_ENCIPHERMENT | PC_USE_DATA_ENCIPHERMENT,
                                      PC_USE_DIGITAL_SIGNATURE | PC_USE_KEY_ENCIPHERMENT,
                                      "digitalSignature or keyEncipherment, which an RSA key has"};
    static const struct usages ec = {SIGN | PC_USE_KEY_AGREEMENT | PC_USE_ENCIPHER_ONLY |
                                         PC_USE_DECIPHER_ONLY,
                                     PC_USE_DIGITAL_SIGNATURE | PC_USE_KEY_AGREEMENT,
                                     "digitalSignature or keyAgreement, which an EC key has"};
    static const struct usages edwards = {SIGN, PC_USE_DIGITAL_SIGNATURE,
                                          "digitalSignature, which an EdDSA key has"};
    if (lint->key.is_rsa) {
        return &rsa;
    }
    if (pc_span_eq(lint->key.oid, PC_OID_EC)) {
        return &ec;
    }
    return pc_span_eq(lint->key.oid, PC_OID_ED25519) || pc_span_eq(lint->key.oid, PC_OID_ED448) ? &edwards
                                                                                                : NULL;
}

/* Usages that go with another only. */
static struct pc_result check_pairs(struct pc_lint *lint, unsigned usage, p11csr_error **err)
{
    static const struct {
        unsigned bits;
        unsigned with;
        const char *why;
    } pairs[] = {
        {PC_USE_NON_REPUDIATION, PC_USE_DIGITAL_SIGNATURE, "which needs digitalSignature beside it"},
        {PC_USE_DATA_ENCIPHERMENT, PC_USE_KEY_ENCIPHERMENT, "which needs keyEncipherment beside it"},
        {PC_USE_ENCIPHER_ONLY | PC_USE_DECIPHER_ONLY, PC_USE_KEY_AGREEMENT,
         "which needs keyAgreement beside it"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(pairs); i++) {
        if ((usage & pairs[i].with) == 0) {
            PC_TRY(pc_lint_report_usages(lint, usage & pairs[i].bits, true, pairs[i].why, err));
        }
    }
    return (usage & PC_USE_KEY_ENCIPHERMENT) == 0
               ? PC_OK
               : pc_lint_report_usages(lint, usage & PC_USE_DATA_ENCIPHERMENT, false,
                                       "which the Strict profile does not allow", err);
}

PC_RESULT pc_lint_mail_usage(struct pc_lint *lint, p11csr_error **err)
{
    const struct usages *usages = usages_of(lint);
    const size_t at = pc_lint_extension_at(lint, PC_OID_KEY_USAGE);
    const unsigned usage = lint->content.key_usage;
    if (at == PC_LINT_NOWHERE) {
        return pc_lint_warn(lint, at, err, "keyUsage is not asked for: it is left to the CA");
    }
    if (usages == NULL || usage == 0) { // other keys are told by M01, no usage at all by S12
        return PC_OK;
    }
    PC_TRY(pc_lint_report_usages(lint, usage & ~usages->allowed, true, "which its kind of key may not have",
                                 err));
    if ((usage & usages->needed) == 0) {
        return pc_lint_report(lint, at, err, "keyUsage lacks %s", usages->lacks);
    }
    return check_pairs(lint, usage & usages->allowed, err);
}

/* Appends the text of the first attribute of this type; false when there is none, or it holds no text. */
static bool add_text(const struct pc_lint *lint, const char *type, struct pc_buf *ret)
{
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        const struct pc_name_part *part = pc_lint_name(lint, i);
        if (is_type(part, type)) {
            return pc_name_value_text(part->tag, part->value, ret);
        }
    }
    return false;
}

static bool has_type(const struct pc_lint *lint, const char *type)
{
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        if (is_type(pc_lint_name(lint, i), type)) {
            return true;
        }
    }
    return false;
}

/* What is wrong with a common name that is no mailbox, or NULL; `other` is room for another text, empty. */
static const char *common_name_fault(const struct pc_lint *lint, struct pc_span text, struct pc_buf *other)
{
    const bool person = has_type(lint, "givenName") || has_type(lint, "surname");
    if (!person && add_text(lint, "pseudonym", other)) {
        const bool has_it =
            text.len > 0 && other->len > 0 && memmem(text.ptr, text.len, other->ptr, other->len) != NULL;
        return has_it ? NULL : "does not have the pseudonym";
    }
    const bool is_organization = add_text(lint, "O", other) && pc_span_eq(pc_buf_span(other), text);
    if (person) {
        return is_organization ? "is the organization, although the subject is a person" : NULL;
    }
    return is_organization ? NULL
                           : "is neither a mailbox nor the organization, and no givenName, surname or "
                             "pseudonym makes it a person's";
}

static struct pc_result check_common_name(struct pc_lint *lint, const struct pc_name_part *part,
                                          p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf mailbox PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf other PC_CLEANUP(pc_buf_done) = {0};
    const char *fault = NULL;
    pc_buf_init(&text, (size_t)2 * PC_MAX_REQUEST);
    pc_buf_init(&mailbox, (size_t)4 * PC_MAX_REQUEST);
    pc_buf_init(&other, (size_t)2 * PC_MAX_REQUEST);
    if (pc_name_value_text(part->tag, part->value, &text) &&
        !pc_lint_mailbox_add(pc_buf_span(&text), &mailbox)) {
        fault = common_name_fault(lint, pc_buf_span(&text), &other);
    }
    PC_TRY(pc_buf_check(&text, err));
    PC_TRY(pc_buf_check(&mailbox, err));
    PC_TRY(pc_buf_check(&other, err));
    if (fault == NULL) {
        return PC_OK;
    }
    char *quoted PC_CLEANUP(pc_free_str) = pc_lint_quote(pc_buf_span(&text));
    return quoted == NULL ? pc_fail_memory(err)
                          : pc_lint_report(lint, pc_lint_at(lint, part->whole), err, "the common name %s %s",
                                           quoted, fault);
}

PC_RESULT pc_lint_mail_common_name(struct pc_lint *lint, p11csr_error **err)
{
    for (size_t i = 0; i < pc_lint_name_count(lint); i++) {
        if (is_type(pc_lint_name(lint, i), "CN")) {
            PC_TRY(check_common_name(lint, pc_lint_name(lint, i), err));
        }
    }
    return PC_OK;
}
