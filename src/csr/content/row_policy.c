// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/row_functions.h"
#include "csr/content/san_kinds.h"
#include "csr/content/usage.h"
#include "csr/content/value.h"

#include <string.h>

/* certificatePolicies (RFC 5280 section 4.2.1.4), and Microsoft's extension of the same form. */

static const uint8_t id_qt_cps[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02, 0x01};

/* Writes PolicyInformation behind those that are there; an empty `cps` leaves out the qualifier. */
static void write_policies(struct pc_span list, struct pc_span oid, struct pc_span cps,
                           struct pc_der_writer *w)
{
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_raw(w, list);
    pc_der_begin(w, PC_DER_SEQUENCE);
    pc_der_bytes(w, PC_DER_OID, oid);
    if (cps.len > 0) {
        pc_der_begin(w, PC_DER_SEQUENCE);
        pc_der_begin(w, PC_DER_SEQUENCE);
        pc_der_bytes(w, PC_DER_OID, PC_SPAN(id_qt_cps));
        pc_der_bytes(w, PC_DER_IA5_STRING, cps);
        pc_der_end(w);
        pc_der_end(w);
    }
    pc_der_end(w);
    pc_der_end(w);
}

/* The policies that are there, among which the new one must not be. */
static struct pc_result check_unique(const char *text, struct pc_span earlier, struct pc_span oid,
                                     struct pc_span *ret_list, p11csr_error **err)
{
    bool found = false;
    PC_TRY(pc_item_earlier(earlier, ret_list, err));
    PC_TRY(pc_item_search(*ret_list, oid, &found, err));
    return found ? pc_item_fail(text, text, "names a policy that is there already", err) : PC_OK;
}

PC_RESULT pc_policy_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                          p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf cps PC_CLEANUP(pc_buf_done) = {0};
    struct pc_span list = {0};
    const size_t len = strcspn(text, ":");
    pc_buf_init(&oid, PC_MAX_OID);
    pc_buf_init(&cps, PC_MAX_URI);
    PC_TRY(pc_item_oid(text, text, len, &oid, err));
    PC_TRY(check_unique(text, earlier, pc_buf_span(&oid), &list, err));
    if (text[len] == ':' && strncmp(text + len, ":cps=", 5) != 0) {
        return pc_item_fail(text, text + len + 1, "has something else than cps=URI behind the policy", err);
    }
    if (text[len] == ':') {
        const struct pc_san_text uri = {"cps", pc_span_str(text + len + 5)};
        PC_TRY(pc_value_recode(pc_san_parse_uri(&uri, &cps, err), P11CSR_E_EXTENSION, err));
    }
    write_policies(list, pc_buf_span(&oid), pc_buf_span(&cps), w);
    return PC_OK;
}

PC_RESULT pc_ms_policy_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err)
{
    struct pc_buf oid PC_CLEANUP(pc_buf_done) = {0};
    struct pc_span list = {0};
    pc_buf_init(&oid, PC_MAX_OID);
    PC_TRY(pc_eku_read(text, &oid, err));
    PC_TRY(check_unique(text, earlier, pc_buf_span(&oid), &list, err));
    write_policies(list, pc_buf_span(&oid), (struct pc_span){0}, w);
    return PC_OK;
}

/* The one qualifier that has a text: the place of the certification practice statement. */
static struct pc_result show_qualifier(struct pc_der *in, struct pc_buf *text, p11csr_error **err)
{
    struct pc_der list;
    struct pc_der inner;
    struct pc_span oid;
    struct pc_der_value uri;
    PC_TRY(pc_der_enter(in, PC_DER_SEQUENCE, "policyQualifiers", &list, err));
    PC_TRY(pc_der_enter(&list, PC_DER_SEQUENCE, "PolicyQualifierInfo", &inner, err));
    PC_TRY(pc_oid_read(&inner, "policyQualifierId", &oid, err));
    if (!pc_span_eq(oid, PC_SPAN(id_qt_cps)) || !pc_der_at_end(&list)) {
        return pc_item_no_text(err);
    }
    PC_TRY(pc_der_expect(&inner, PC_DER_IA5_STRING, "CPSuri", &uri, err));
    PC_TRY(pc_der_leave(&inner, "PolicyQualifierInfo", err));
    pc_buf_text(text, ":cps=");
    pc_buf_add_span(text, uri.content);
    return PC_OK;
}

static struct pc_result show_policy(struct pc_der *list, bool usage, json_t *ret, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der inner;
    struct pc_span oid;
    pc_buf_init(&text, PC_MAX_REQUEST);
    PC_TRY(pc_der_enter(list, PC_DER_SEQUENCE, "PolicyInformation", &inner, err));
    PC_TRY(pc_oid_read(&inner, "policyIdentifier", &oid, err));
    const char *name = usage ? pc_eku_name(oid) : NULL;
    if (name != NULL) {
        pc_buf_text(&text, name);
    } else {
        PC_TRY(pc_oid_format(oid, &text, err));
    }
    if (!pc_der_at_end(&inner)) {
        if (usage) {
            return pc_item_no_text(err);
        }
        PC_TRY(show_qualifier(&inner, &text, err));
    }
    PC_TRY(pc_der_leave(&inner, "PolicyInformation", err));
    return pc_item_show(&text, ret, err);
}

static struct pc_result show_policies(struct pc_der in, bool usage, json_t *list, p11csr_error **err)
{
    struct pc_der inner;
    PC_TRY(pc_der_enter(&in, PC_DER_SEQUENCE, "CertificatePolicies", &inner, err));
    PC_TRY(pc_der_leave(&in, "CertificatePolicies", err));
    if (pc_der_at_end(&inner)) {
        return pc_der_fail(&inner, "CertificatePolicies is empty", err);
    }
    while (!pc_der_at_end(&inner)) {
        PC_TRY(show_policy(&inner, usage, list, err));
    }
    return PC_OK;
}

PC_RESULT pc_policy_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    return show_policies(in, false, list, err);
}

PC_RESULT pc_ms_policy_show(struct pc_der in, json_t *list, p11csr_error **err)
{
    return show_policies(in, true, list, err);
}
