// SPDX-License-Identifier: Apache-2.0
#include "alg/signature.h"
#include "base/limits.h"
#include "csr/reading/read.h"
#include "csr/request.h"
#include "lib/check.h"
#include "lib/softsigner.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

/*
 * libcrypto is the judge: the same request made through its own X509_REQ functions must have the same bytes
 * to be signed, and what was signed must verify there.
 */

enum { ENTRY_MAX = 8, SAN_MAX = 6, EXT_MAX = 6 };

/* One request, said to p11csr and to libcrypto. */
struct sample {
    const char *subject;
    struct {
        const char *type;
        const char *value;
        int set; /* -1: belongs to the RDN before */
    } entries[ENTRY_MAX];
    struct {
        enum pc_san_type type;
        const char *value;
    } sans[SAN_MAX];
    const char *key_usage;
    const char *ext_key_usage;
    bool has_basic;
    bool is_ca;
    long path_length;
    bool must_staple;
    struct {
        int nid;
        const char *value;
    } extensions[EXT_MAX];
};

static const struct sample samples[] = {
    {.subject = ""},
    {.subject = NULL,
     .sans = {{PC_SAN_DNS, "example.com"}},
     .extensions = {{NID_subject_alt_name, "critical,DNS:example.com"}}},
    {.subject = "CN=www.example.com,O=Example GmbH,ST=Bayern,C=DE",
     .entries = {{"C", "DE", 0}, {"ST", "Bayern", 0}, {"O", "Example GmbH", 0}, {"CN", "www.example.com", 0}},
     .sans = {{PC_SAN_DNS, "www.example.com"},
              {PC_SAN_DNS, "*.example.com"},
              {PC_SAN_IP, "192.0.2.1"},
              {PC_SAN_IP, "2001:db8::1"},
              {PC_SAN_EMAIL, "a@example.com"},
              {PC_SAN_URI, "https://example.com/x"}},
     .key_usage = "digitalSignature,keyEncipherment",
     .ext_key_usage = "serverAuth,clientAuth",
     .must_staple = true,
     .extensions = {{NID_key_usage, "critical,digitalSignature,keyEncipherment"},
                    {NID_ext_key_usage, "serverAuth,clientAuth"},
                    {NID_subject_alt_name,
                     "DNS:www.example.com,DNS:*.example.com,IP:192.0.2.1,IP:2001:db8::1,"
                     "email:a@example.com,URI:https://example.com/x"},
                    {NID_tlsfeature, "status_request"}}},
    {.subject = "/DC=de/DC=example/O=B\xc3\xa4"
                "cker \\+ S\xc3\xb6hne\\, KG/serialNumber=12 3/emailAddress=a@example.de",
     .entries = {{"DC", "de", 0},
                 {"DC", "example", 0},
                 {"O",
                  "B\xc3\xa4"
                  "cker + S\xc3\xb6hne, KG",
                  0},
                 {"serialNumber", "12 3", 0},
                 {"emailAddress", "a@example.de", 0}},
     .key_usage = "nonRepudiation:noncritical",
     .ext_key_usage = "1.3.6.1.5.5.7.3.36:critical",
     .has_basic = true,
     .path_length = -1,
     .extensions = {{NID_basic_constraints, "CA:FALSE"},
                    {NID_key_usage, "nonRepudiation"},
                    {NID_ext_key_usage, "critical,1.3.6.1.5.5.7.3.36"}}},
    {.subject = "CN=Example CA+serialNumber=7,O=Example,C=DE",
     .entries = {{"C", "DE", 0}, {"O", "Example", 0}, {"CN", "Example CA", 0}, {"serialNumber", "7", -1}},
     .key_usage = "keyCertSign,cRLSign",
     .has_basic = true,
     .is_ca = true,
     .path_length = 0,
     .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                    {NID_key_usage, "critical,keyCertSign,cRLSign"}}},
};

/* One key of every kind, and what is needed to verify with it. */
static struct softsigner *signers[PC_KEYSPEC_COUNT];
static struct pc_verifier *verifiers[PC_KEYSPEC_COUNT];
static struct pc_crypto *crypto;

static int set_up(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_crypto_new(&crypto, &err), &err);
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        if (!softsigner_can((enum pc_keyspec_id)id)) {
            continue; // newer than this libcrypto
        }
        signers[id] = softsigner_new((enum pc_keyspec_id)id);
        check_ok(pc_verifier_new(crypto, softsigner_spki(signers[id]), &verifiers[id], &err), &err);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        softsigner_free(&signers[id]);
        pc_verifier_free(&verifiers[id]);
    }
    pc_crypto_free(&crypto);
    return 0;
}

static void fill(const struct sample *sample, struct pc_content *ret)
{
    p11csr_error *err = NULL;
    pc_content_init(ret);
    if (sample->subject != NULL) {
        check_ok(pc_content_set_subject(ret, sample->subject, &err), &err);
    }
    for (size_t i = 0; i < SAN_MAX && sample->sans[i].value != NULL; i++) {
        check_ok(pc_content_add_san(ret, sample->sans[i].type, sample->sans[i].value, &err), &err);
    }
    if (sample->key_usage != NULL) {
        check_ok(pc_content_set_key_usage(ret, sample->key_usage, &err), &err);
    }
    if (sample->ext_key_usage != NULL) {
        check_ok(pc_content_set_ext_key_usage(ret, sample->ext_key_usage, &err), &err);
    }
    if (sample->has_basic) {
        check_ok(pc_content_set_basic(ret, sample->is_ca, sample->path_length, &err), &err);
    }
    pc_content_set_must_staple(ret, sample->must_staple);
    pc_content_settle(ret);
}

/* The CertificationRequestInfo that libcrypto makes. */
static void tbs_of_libcrypto(const struct sample *sample, EVP_PKEY *pkey, struct pc_buf *ret)
{
    X509_REQ *req = X509_REQ_new();
    X509_NAME *name = X509_NAME_new();
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    for (size_t i = 0; i < ENTRY_MAX && sample->entries[i].type != NULL; i++) {
        assert_int_equal(X509_NAME_add_entry_by_txt(name, sample->entries[i].type, MBSTRING_UTF8,
                                                    (const unsigned char *)sample->entries[i].value, -1, -1,
                                                    sample->entries[i].set),
                         1);
    }
    for (size_t i = 0; i < EXT_MAX && sample->extensions[i].value != NULL; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, NULL, sample->extensions[i].nid, sample->extensions[i].value);
        assert_non_null(extension);
        assert_true(sk_X509_EXTENSION_push(extensions, extension) > 0);
    }
    assert_int_equal(X509_REQ_set_version(req, X509_REQ_VERSION_1), 1);
    assert_int_equal(X509_REQ_set_subject_name(req, name), 1);
    assert_int_equal(X509_REQ_set_pubkey(req, pkey), 1);
    if (sk_X509_EXTENSION_num(extensions) > 0) {
        assert_int_equal(X509_REQ_add_extensions(req, extensions), 1);
    }
    unsigned char *der = NULL;
    const int len = i2d_re_X509_REQ_tbs(req, &der);
    assert_true(len > 0);
    pc_buf_init(ret, PC_MAX_REQUEST);
    pc_buf_add(ret, der, (size_t)len);
    OPENSSL_free(der);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_NAME_free(name);
    X509_REQ_free(req);
}

static void check_verifies_in_libcrypto(struct pc_span request)
{
    const unsigned char *p = request.ptr;
    X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)request.len);
    assert_non_null(req);
    assert_ptr_equal(p, request.ptr + request.len);
    assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
    X509_REQ_free(req);
}

static void check_request(const struct sample *sample, int spec, const struct pc_scheme *scheme, size_t mech)
{
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf request;
    struct pc_buf expected;
    struct pc_csr csr;
    fill(sample, &content);
    softsigner_set_mech(signers[spec], mech);
    pc_buf_init(&request, PC_MAX_REQUEST);
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifiers[spec],
                                       .signer = softsigner_get(signers[spec]),
                                       .scheme = scheme};
    check_ok(pc_request_make(&signing, &content, &request, &err), &err);
    check_ok(pc_csr_parse(pc_buf_span(&request), &csr, &err), &err);
    tbs_of_libcrypto(sample, softsigner_pkey(signers[spec]), &expected);
    check_same(csr.tbs, pc_buf_span(&expected));
    check_verifies_in_libcrypto(pc_buf_span(&request));
    pc_buf_done(&request);
    pc_buf_done(&expected);
    pc_content_done(&content);
}

static void test_every_key_and_scheme(void **state)
{
    (void)state;
    for (int spec = 0; spec < PC_KEYSPEC_COUNT; spec++) {
        for (int id = 0; id < PC_SCHEME_COUNT; id++) {
            const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
            const bool fits = pc_scheme_fits(scheme, pc_keyspec_get((enum pc_keyspec_id)spec));
            for (size_t mech = 0; fits && signers[spec] != NULL && mech < scheme->mech_count; mech++) {
                check_request(&samples[2], spec, scheme, mech);
            }
        }
    }
}

static void test_every_sample(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(samples); i++) {
        check_request(&samples[i], PC_KEYSPEC_P256, pc_scheme_get(PC_SCHEME_ECDSA_SHA256), 0);
    }
}

static void test_many_names(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf request;
    char name[64];
    pc_content_init(&content);
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof(name), "host-%d.example.com", i);
        check_ok(pc_content_add_san(&content, PC_SAN_DNS, name, &err), &err);
    }
    pc_content_settle(&content);
    pc_buf_init(&request, PC_MAX_REQUEST);
    struct pc_span spki = softsigner_spki(signers[PC_KEYSPEC_ED25519]);
    check_ok(pc_request_assemble(&content, spki, &request, &err), &err);
    assert_true(request.len > 40000);
    pc_buf_done(&request);
    pc_content_done(&content);
}

static void test_not_settled(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf tbs;
    const struct pc_span spki = softsigner_spki(signers[PC_KEYSPEC_P256]);
    pc_content_init(&content);
    pc_buf_init(&tbs, PC_MAX_REQUEST);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "a.de", &err), &err);
    check_fails(pc_request_assemble(&content, spki, &tbs, &err), &err, P11CSR_E_INTERNAL, "was not settled");
    pc_content_settle(&content);
    check_ok(pc_request_assemble(&content, spki, &tbs, &err), &err);
    tbs.len = 0;
    check_ok(pc_content_set_subject(&content, "CN=a", &err), &err);
    check_fails(pc_request_assemble(&content, spki, &tbs, &err), &err, P11CSR_E_INTERNAL, "was not settled");
    assert_int_equal(tbs.len, 0);
    pc_buf_done(&tbs);
    pc_content_done(&content);
}

static void test_too_large(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf small;
    pc_content_init(&content);
    pc_buf_init(&small, 99);
    check_fails(pc_request_assemble(&content, softsigner_spki(signers[PC_KEYSPEC_P256]), &small, &err), &err,
                P11CSR_E_LIMIT, "more than 99 bytes");
    pc_buf_done(&small);
    pc_buf_init(&small, 150);
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifiers[PC_KEYSPEC_P256],
                                       .signer = softsigner_get(signers[PC_KEYSPEC_P256]),
                                       .scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256)};
    check_fails(pc_request_make(&signing, &content, &small, &err), &err, P11CSR_E_LIMIT,
                "more than 150 bytes");
    assert_int_equal(small.len, 0);
    pc_buf_done(&small);
    pc_content_done(&content);
}

/* Every way in which a signer can misbehave: what it leads to for each family. */
static const struct {
    enum softsigner_fault fault;
    enum p11csr_code code[PC_FAMILY_COUNT];
    const char *text;
} faults[] = {
    {SOFTSIGNER_GOOD, {0, 0, 0, 0}, NULL},
    {SOFTSIGNER_FLIPPED_BIT,
     {P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE},
     "the token, its mechanism or the public key it shows is suspect"},
    {SOFTSIGNER_OTHER_MESSAGE,
     {P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE},
     "signature does not verify with the token's"},
    {SOFTSIGNER_TOO_SHORT,
     {P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE},
     ""},
    {SOFTSIGNER_TOO_LONG,
     {P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE},
     ""},
    {SOFTSIGNER_EMPTY,
     {P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE, P11CSR_E_PROOF_SIGNATURE},
     ""},
    {SOFTSIGNER_ZERO_R, {0, P11CSR_E_PROOF_SIGNATURE, 0, 0}, "a signature with r or s zero"},
    {SOFTSIGNER_ZERO_S, {0, P11CSR_E_PROOF_SIGNATURE, 0, 0}, "a signature with r or s zero"},
    {SOFTSIGNER_DER, {0, P11CSR_E_PROOF_SIGNATURE, 0, 0}, "C_Sign returned"},
    {SOFTSIGNER_OTHER_PUBLIC,
     {P11CSR_E_PROOF_PUBLIC_KEY, P11CSR_E_PROOF_PUBLIC_KEY, P11CSR_E_PROOF_PUBLIC_KEY,
      P11CSR_E_PROOF_PUBLIC_KEY},
     "the public key that belongs to the signing key is not the one that was asked for"},
    {SOFTSIGNER_NO_MECHANISM,
     {P11CSR_E_MECHANISM, P11CSR_E_MECHANISM, P11CSR_E_MECHANISM, P11CSR_E_MECHANISM},
     "the token offers nothing for"},
    {SOFTSIGNER_REMOVED,
     {P11CSR_E_TOKEN_REMOVED, P11CSR_E_TOKEN_REMOVED, P11CSR_E_TOKEN_REMOVED, P11CSR_E_TOKEN_REMOVED},
     "CKR_DEVICE_REMOVED"},
};
_Static_assert(PC_ARRAY_LEN(faults) == SOFTSIGNER_FAULT_COUNT, "a fault has no expectation");

static void check_fault(size_t row, int spec)
{
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf request;
    const struct pc_keyspec *kind = pc_keyspec_get((enum pc_keyspec_id)spec);
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifiers[spec],
                                       .signer = softsigner_get(signers[spec]),
                                       .scheme = pc_scheme_get(kind->scheme)};
    fill(&samples[2], &content);
    pc_buf_init(&request, PC_MAX_REQUEST);
    softsigner_set_mech(signers[spec], 0);
    softsigner_set_fault(signers[spec], faults[row].fault);
    const size_t signs = softsigner_sign_count(signers[spec]);
    const struct pc_result result = pc_request_make(&signing, &content, &request, &err);
    softsigner_set_fault(signers[spec], SOFTSIGNER_GOOD);
    if (faults[row].code[kind->family] == P11CSR_OK) {
        check_ok(result, &err);
        assert_true(request.len > 0);
    } else {
        check_fails(result, &err, faults[row].code[kind->family], faults[row].text);
        assert_int_equal(request.len, 0);
    }
    const bool asked =
        faults[row].fault != SOFTSIGNER_OTHER_PUBLIC && faults[row].fault != SOFTSIGNER_NO_MECHANISM;
    assert_int_equal(softsigner_sign_count(signers[spec]) - signs,
                     asked ? 1 : 0); // a signature may cost a touch
    pc_buf_done(&request);
    pc_content_done(&content);
}

static void test_signers_that_misbehave(void **state)
{
    (void)state;
    static const enum pc_keyspec_id specs[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_P256,  PC_KEYSPEC_P521,
                                               PC_KEYSPEC_ED25519,  PC_KEYSPEC_ED448, PC_KEYSPEC_ML_DSA_65};
    for (size_t row = 0; row < PC_ARRAY_LEN(faults); row++) {
        for (size_t i = 0; i < PC_ARRAY_LEN(specs) && signers[specs[i]] != NULL; i++) {
            check_fault(row, (int)specs[i]);
        }
    }
}

static void test_scheme_for_another_kind_of_key(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf request;
    fill(&samples[2], &content);
    pc_buf_init(&request, PC_MAX_REQUEST);
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifiers[PC_KEYSPEC_P256],
                                       .signer = softsigner_get(signers[PC_KEYSPEC_P256]),
                                       .scheme = pc_scheme_get(PC_SCHEME_RSA_PKCS1_SHA256)};
    check_fails(pc_request_make(&signing, &content, &request, &err), &err, P11CSR_E_UNSUPPORTED,
                "signature scheme 'rsa-pkcs1-sha256' is not for keys of the kind 'p256'");
    assert_int_equal(request.len, 0);
    pc_buf_done(&request);
    pc_content_done(&content);
}

/* A finished, proved request of the kind P-256, to spoil. */
static void make(const struct sample *sample, struct pc_content *content, struct pc_buf *ret)
{
    p11csr_error *err = NULL;
    fill(sample, content);
    pc_buf_init(ret, PC_MAX_REQUEST);
    softsigner_set_mech(signers[PC_KEYSPEC_P256], 0);
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifiers[PC_KEYSPEC_P256],
                                       .signer = softsigner_get(signers[PC_KEYSPEC_P256]),
                                       .scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256)};
    check_ok(pc_request_make(&signing, content, ret, &err), &err);
}

static void test_proof_finds_other_content(void **state)
{
    (void)state;
    static const struct {
        size_t asked;
        size_t made;
        const char *text;
    } rows[] = {
        {0, 1, "subjectAltName in the finished request is not what was asked for"},
        {1, 0, "subjectAltName in the finished request is not what was asked for"},
        {2, 3, "the subject in the finished request is not what was asked for"},
        {0, 4, "the subject in the finished request is not what was asked for"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content asked;
        struct pc_content made;
        struct pc_buf request;
        fill(&samples[rows[i].asked], &asked);
        make(&samples[rows[i].made], &made, &request);
        check_fails(pc_request_prove(verifiers[PC_KEYSPEC_P256], &asked,
                                     pc_scheme_get(PC_SCHEME_ECDSA_SHA256), pc_buf_span(&request), &err),
                    &err, P11CSR_E_PROOF_CONTENT, rows[i].text);
        pc_content_done(&asked);
        pc_content_done(&made);
        pc_buf_done(&request);
    }
}

static void test_proof_finds_other_key_and_scheme(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf request;
    make(&samples[2], &content, &request);
    check_fails(pc_request_prove(verifiers[PC_KEYSPEC_P384], &content, pc_scheme_get(PC_SCHEME_ECDSA_SHA256),
                                 pc_buf_span(&request), &err),
                &err, P11CSR_E_PROOF_PUBLIC_KEY, "the public key in the finished request is not the one");
    check_fails(pc_request_prove(verifiers[PC_KEYSPEC_P256], &content, pc_scheme_get(PC_SCHEME_ECDSA_SHA384),
                                 pc_buf_span(&request), &err),
                &err, P11CSR_E_PROOF_CONTENT,
                "the signature algorithm in the finished request is not ecdsa-sha384");
    pc_buf_done(&request);
    pc_content_done(&content);
}

/* No octet of a request can be changed without the proof noticing it. */
static void test_proof_notices_every_octet(void **state)
{
    (void)state;
    struct pc_content content;
    struct pc_buf request;
    make(&samples[2], &content, &request);
    for (size_t i = 0; i < request.len; i++) {
        p11csr_error *err = NULL;
        request.ptr[i] ^= 1;
        const struct pc_result result =
            pc_request_prove(verifiers[PC_KEYSPEC_P256], &content, pc_scheme_get(PC_SCHEME_ECDSA_SHA256),
                             pc_buf_span(&request), &err);
        assert_true(result.code == P11CSR_E_PROOF_CONTENT || result.code == P11CSR_E_PROOF_PUBLIC_KEY ||
                    result.code == P11CSR_E_PROOF_SIGNATURE);
        assert_int_equal(p11csr_error_code(err), result.code);
        p11csr_error_free(&err);
        request.ptr[i] ^= 1;
    }
    p11csr_error *err = NULL;
    check_fails(pc_request_prove(verifiers[PC_KEYSPEC_P256], &content, pc_scheme_get(PC_SCHEME_ECDSA_SHA256),
                                 (struct pc_span){request.ptr, request.len - 1}, &err),
                &err, P11CSR_E_PROOF_CONTENT, "the finished request cannot be read back: byte");
    pc_buf_done(&request);
    pc_content_done(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_and_scheme),
        cmocka_unit_test(test_every_sample),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_not_settled),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_signers_that_misbehave),
        cmocka_unit_test(test_scheme_for_another_kind_of_key),
        cmocka_unit_test(test_proof_finds_other_content),
        cmocka_unit_test(test_proof_finds_other_key_and_scheme),
        cmocka_unit_test(test_proof_notices_every_octet),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
