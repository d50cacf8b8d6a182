// SPDX-License-Identifier: Apache-2.0
#include "p11csr/evidence.h"

#include "base/error.h"
#include "base/text.h"
#include "csr/evidence/chain.h"
#include "csr/evidence/vendor.h"
#include "csr/reading/json.h"
#include "csr/reading/read.h"
#include "lib/certificate.h"
#include "lib/json.h"
#include "lib/key.h"
#include "lib/request.h"

#include <string.h>

struct p11csr_evidence {
    p11csr_ctx *ctx;
    struct pc_certificates certificates;
    struct pc_certificates roots;
    json_t *files; /* array of {name, sha256} */
};

enum p11csr_code p11csr_evidence_new(p11csr_ctx *ctx, p11csr_evidence **ret_evidence, p11csr_error **err)
{
    struct p11csr_evidence *made = pc_alloc(sizeof(*made));
    if (made == NULL) {
        return pc_fail_memory(err).code;
    }
    made->ctx = ctx;
    pc_certificates_init(&made->certificates);
    pc_certificates_init(&made->roots);
    made->files = json_array();
    if (made->files == NULL) {
        p11csr_evidence_free(&made);
        return pc_fail_memory(err).code;
    }
    *ret_evidence = made;
    return P11CSR_OK;
}

void p11csr_evidence_free(p11csr_evidence **evidence)
{
    if (evidence != NULL && *evidence != NULL) {
        pc_certificates_done(&(*evidence)->certificates);
        pc_certificates_done(&(*evidence)->roots);
        json_decref((*evidence)->files);
        pc_release(*evidence);
        *evidence = NULL;
    }
}

static struct pc_result add_file(struct p11csr_evidence *evidence, const char *name, struct pc_span content,
                                 p11csr_error **err)
{
    char *sha256 PC_CLEANUP(pc_free_str) = NULL;
    char *printable PC_CLEANUP(pc_free_str) = pc_text_printable(name);
    PC_TRY(pc_lib_sha256(evidence->ctx, content, &sha256, err));
    return printable == NULL
               ? pc_fail_memory(err)
               : pc_json_append(evidence->files, json_pack("{s:s, s:s}", "name", printable, "sha256", sha256),
                                err);
}

static struct pc_result add(struct p11csr_evidence *evidence, const char *name, struct pc_span content,
                            p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    PC_TRY(pc_ctx_crypto(evidence->ctx, &crypto, err));
    PC_TRY(pc_frame(pc_evidence_read(crypto, content, &evidence->certificates, err), err,
                    "cannot use '%s' as evidence", name));
    return add_file(evidence, name, content, err);
}

enum p11csr_code p11csr_evidence_add(p11csr_evidence *evidence, const char *name, const void *data,
                                     size_t len, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(evidence->ctx);
    return add(evidence, name, (struct pc_span){data, len}, err).code;
}

static struct pc_result add_root(struct p11csr_evidence *evidence, struct pc_span content, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    PC_TRY(pc_ctx_crypto(evidence->ctx, &crypto, err));
    return pc_certificates_read(crypto, content, &evidence->roots, err);
}

enum p11csr_code p11csr_evidence_add_root(p11csr_evidence *evidence, const void *data, size_t len,
                                          p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(evidence->ctx);
    return pc_frame(add_root(evidence, (struct pc_span){data, len}, err), err,
                    "cannot take the vendor's root")
        .code;
}

static bool is_there(const struct pc_certificates *list, struct pc_span der)
{
    for (size_t i = 0; i < pc_certificates_count(list); i++) {
        if (pc_span_eq(pc_buf_span(&pc_certificates_get(list, i)->der), der)) {
            return true;
        }
    }
    return false;
}

static struct pc_result take_row(struct p11csr_evidence *evidence, const struct pc_cert_row *row,
                                 p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    const struct pc_span der = pc_buf_span(&row->cert.der);
    if (is_there(&evidence->certificates, der)) {
        return PC_OK;
    }
    PC_TRY(pc_ctx_crypto(evidence->ctx, &crypto, err));
    PC_TRY(pc_certificates_add(crypto, der, &evidence->certificates, err));
    return add_file(evidence, row->info.uri, der, err);
}

/* Yubico's module labels what it has the card make "X.509 Certificate for PIV Attestation 9a". */
static bool is_attestation(const struct pc_cert_row *row, struct pc_span spki)
{
    return row->parsed != NULL && pc_span_eq(pc_buf_span(&row->parsed->spki), spki) &&
           (strstr(row->info.label, "Attestation") != NULL || pc_chain_attests_key(row->parsed));
}

static struct pc_result take_issuers(struct p11csr_evidence *evidence, const struct pc_certificate *of,
                                     const struct pc_buf *rows, p11csr_error **err)
{
    for (size_t i = 0; i < pc_cert_row_count(rows); i++) {
        const struct pc_cert_row *row = pc_cert_row_get(rows, i);
        enum pc_verdict verdict = PC_VERDICT_BAD;
        if (row->parsed == NULL || row->parsed == of ||
            is_there(&evidence->certificates, pc_buf_span(&row->cert.der))) {
            continue;
        }
        PC_TRY(pc_certificate_issued_by(of, row->parsed, &verdict, err));
        if (verdict == PC_VERDICT_GOOD) {
            PC_TRY(take_row(evidence, row, err));
            return take_issuers(evidence, row->parsed, rows, err); // ends: each is taken once, 32 at most
        }
    }
    return PC_OK;
}

static struct pc_result add_token(struct p11csr_evidence *evidence, p11csr_key *key, size_t *ret_count,
                                  p11csr_error **err)
{
    struct pc_buf rows PC_CLEANUP(pc_cert_rows_done) = {0};
    const struct pc_key_query every = {0};
    size_t count = 0;
    pc_buf_init(&rows, PC_MAX_OBJECTS * sizeof(struct pc_cert_row));
    PC_TRY(pc_cert_rows_read(key->ctx, key->opened, &every, &rows, err));
    for (size_t i = 0; i < pc_cert_row_count(&rows); i++) {
        const struct pc_cert_row *row = pc_cert_row_get(&rows, i);
        if (is_attestation(row, pc_buf_span(&key->key.spki))) {
            count++;
            PC_TRY(take_row(evidence, row, err));
            PC_TRY(take_issuers(evidence, row->parsed, &rows, err));
        }
    }
    if (ret_count != NULL) {
        *ret_count = count;
    }
    return PC_OK;
}

enum p11csr_code p11csr_evidence_add_token(p11csr_evidence *evidence, p11csr_key *key, size_t *ret_count,
                                           p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    const struct pc_result result = add_token(evidence, key, ret_count, err);
    pc_token_ended(&key->opened->token, result);
    return pc_frame(result, err, "cannot look for attestations of key '%s'", key->texts.uri).code;
}

static struct pc_result describe(const struct p11csr_evidence *evidence, const struct pc_certificate *is,
                                 json_t **ret, p11csr_error **err)
{
    char from[PC_TIME_SIZE];
    char to[PC_TIME_SIZE];
    char *sha256 PC_CLEANUP(pc_free_str) = NULL;
    char *serial_text PC_CLEANUP(pc_free_str) = NULL;
    struct pc_buf subject PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf issuer PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&subject, PC_MAX_REQUEST);
    pc_buf_init(&issuer, PC_MAX_REQUEST);
    pc_buf_init(&serial, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_cert_name_text(pc_buf_span(&is->subject), &subject, err));
    PC_TRY(pc_cert_name_text(pc_buf_span(&is->issuer), &issuer, err));
    PC_TRY(pc_certificate_serial(is, &serial, err));
    PC_TRY(pc_lib_sha256(evidence->ctx, pc_buf_span(&is->der), &sha256, err));
    serial_text = pc_hex(pc_buf_span(&serial));
    pc_time_text(is->not_before, from);
    pc_time_text(is->not_after, to);
    *ret = json_pack("{s:s%, s:s%, s:s, s:s, s:s, s:s}", "subject", subject.ptr, subject.len, "issuer",
                     issuer.ptr, issuer.len, "serial", serial_text != NULL ? serial_text : "", "not-before",
                     from, "not-after", to, "sha256", sha256);
    return *ret != NULL && serial_text != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result set_chain(const struct p11csr_evidence *evidence, const struct pc_certificate *leaf,
                                  json_t *report, p11csr_error **err)
{
    struct pc_chain chain;
    json_t *list = json_array();
    PC_TRY(pc_json_set(report, "chain", list, err));
    PC_TRY(pc_chain_build(leaf, &evidence->certificates, &chain, err));
    for (size_t i = 0; i < chain.count; i++) {
        json_t *one = NULL;
        PC_TRY(describe(evidence, chain.links[i], &one, err));
        PC_TRY(pc_json_append(list, one, err));
    }
    return PC_OK;
}

static struct pc_result set_verdict(const struct p11csr_evidence *evidence,
                                    const struct pc_chain_verdict *verdict, json_t *report,
                                    p11csr_error **err)
{
    json_t *root = json_null();
    json_t *lenient = json_array();
    PC_TRY(
        pc_json_set(report, "level", json_string(verdict->good ? "vendor-attested" : "not-verified"), err));
    PC_TRY(pc_json_set(report, "why", verdict->good ? json_null() : json_string(verdict->why), err));
    if (verdict->root != NULL) {
        PC_TRY(describe(evidence, verdict->root, &root, err));
    }
    PC_TRY(pc_json_set(report, "root", root, err));
    PC_TRY(pc_json_set(report, "lenient", lenient, err));
    for (size_t i = 0; i < verdict->note_count; i++) {
        PC_TRY(pc_json_append(lenient, json_string(verdict->notes[i]), err));
    }
    return PC_OK;
}

/* The certificate of this key: the first that chains to a root, or else the first. NULL: there is none. */
static struct pc_result choose(const struct p11csr_evidence *evidence, struct pc_span spki,
                               const struct pc_certificate **ret, struct pc_chain_verdict *ret_verdict,
                               p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    *ret = NULL;
    *ret_verdict = (struct pc_chain_verdict){.why = "no certificate certifies the public key of this key"};
    PC_TRY(pc_ctx_crypto(evidence->ctx, &crypto, err));
    for (size_t i = 0; i < pc_certificates_count(&evidence->certificates) && !ret_verdict->good; i++) {
        const struct pc_certificate *leaf = pc_certificates_get(&evidence->certificates, i);
        struct pc_chain_verdict verdict;
        if (!pc_span_eq(pc_buf_span(&leaf->spki), spki)) {
            continue;
        }
        PC_TRY(pc_chain_verify(crypto, leaf, &evidence->certificates, &evidence->roots, &verdict, err));
        if (*ret == NULL || verdict.good) {
            *ret = leaf;
            *ret_verdict = verdict;
        }
    }
    return PC_OK;
}

static struct pc_result check(struct p11csr_evidence *evidence, struct pc_span spki, char **ret_json,
                              p11csr_error **err)
{
    const struct pc_certificate *leaf = NULL;
    struct pc_chain_verdict verdict;
    json_t *vendor = json_null();
    json_t *report PC_CLEANUP(pc_json_free) = json_object();
    PC_TRY(choose(evidence, spki, &leaf, &verdict, err));
    PC_TRY(set_verdict(evidence, &verdict, report, err));
    if (leaf != NULL) {
        PC_TRY(set_chain(evidence, leaf, report, err));
        PC_TRY(pc_vendor_describe(leaf, &vendor, err));
    } else {
        PC_TRY(pc_json_set(report, "chain", json_array(), err));
    }
    PC_TRY(pc_json_set(report, "vendor", vendor, err));
    PC_TRY(pc_json_set(report, "files", json_incref(evidence->files), err));
    return pc_json_take_text(report, ret_json, err);
}

enum p11csr_code p11csr_evidence_check(p11csr_evidence *evidence, const unsigned char *spki, size_t spki_len,
                                       char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(evidence->ctx);
    return check(evidence, (struct pc_span){spki, spki_len}, ret_json, err).code;
}

static struct pc_result to_pem(struct p11csr_evidence *evidence, struct pc_span spki, char **ret_pem,
                               p11csr_error **err)
{
    const struct pc_certificate *leaf = NULL;
    struct pc_chain_verdict verdict;
    struct pc_chain chain;
    struct pc_buf pem PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&pem, (size_t)2 * PC_MAX_CHAIN * PC_MAX_ATTRIBUTE);
    PC_TRY(choose(evidence, spki, &leaf, &verdict, err));
    if (leaf == NULL) {
        return pc_fail(err, P11CSR_E_CERT_NOT_FOUND, "no certificate certifies the public key of this key");
    }
    PC_TRY(pc_chain_build(leaf, &evidence->certificates, &chain, err));
    for (size_t i = 0; i < chain.count; i++) {
        PC_TRY(pc_pem_encode("CERTIFICATE", pc_buf_span(&chain.links[i]->der), &pem, err));
    }
    return pc_buf_take_text(&pem, ret_pem, err);
}

enum p11csr_code p11csr_evidence_to_pem(p11csr_evidence *evidence, const unsigned char *spki, size_t spki_len,
                                        char **ret_pem, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(evidence->ctx);
    return to_pem(evidence, (struct pc_span){spki, spki_len}, ret_pem, err).code;
}

PC_RESULT pc_lib_check_attestation(const p11csr_request *request, struct p11csr_key *key,
                                   enum pc_attestation_verdict *ret, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    PC_TRY(pc_ctx_crypto(key->ctx, &crypto, err));
    return pc_attestation_check(crypto, &request->content, pc_buf_span(&key->key.spki), ret, err);
}

enum p11csr_code p11csr_request_check_attestation(const p11csr_request *request, p11csr_key *key,
                                                  enum p11csr_attestation *ret_verdict, p11csr_error **err)
{
    static const enum p11csr_attestation verdicts[] = {
        [PC_ATTESTATION_NONE] = P11CSR_ATTESTATION_NONE,
        [PC_ATTESTATION_UNREAD] = P11CSR_ATTESTATION_UNREAD,
        [PC_ATTESTATION_OF_KEY] = P11CSR_ATTESTATION_OF_KEY,
    };
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(key->ctx);
    enum pc_attestation_verdict verdict = PC_ATTESTATION_NONE;
    const struct pc_result result = pc_lib_check_attestation(request, key, &verdict, err);
    if (pc_is_ok(result)) {
        *ret_verdict = verdicts[verdict];
    }
    return result.code;
}
