// SPDX-License-Identifier: Apache-2.0
#include "alg/public.h"
#include "alg/signature.h"
#include "base/file.h"
#include "base/text.h"
#include "der/reader.h"
#include "lib/check.h"
#include "lib/softsigner.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* One key of every kind, made once: RSA keys take their time. */
static struct softsigner *signers[PC_KEYSPEC_COUNT];

static int make_signers(void **state)
{
    (void)state;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        signers[id] = softsigner_can((enum pc_keyspec_id)id) ? softsigner_new((enum pc_keyspec_id)id) : NULL;
    }
    return 0;
}

static int free_signers(void **state)
{
    (void)state;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        softsigner_free(&signers[id]);
    }
    return 0;
}

static const struct pc_keyspec *spec_at(int id)
{
    return pc_keyspec_get((enum pc_keyspec_id)id);
}

static const struct pc_scheme *scheme_at(int id)
{
    return pc_scheme_get((enum pc_scheme_id)id);
}

static void test_ids_are_dense(void **state)
{
    (void)state;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        assert_int_equal(spec_at(id)->id, id);
        assert_non_null(spec_at(id)->name);
        assert_non_null(spec_at(id)->doc);
        assert_true(spec_at(id)->family < PC_FAMILY_COUNT);
    }
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        assert_int_equal(scheme_at(id)->id, id);
        assert_non_null(scheme_at(id)->name);
        assert_non_null(scheme_at(id)->rfc);
        assert_non_null(scheme_at(id)->doc);
    }
    for (int id = 0; id < PC_FAMILY_COUNT; id++) {
        assert_non_null(pc_family_get((enum pc_family_id)id)->name);
        assert_non_null(pc_family_get((enum pc_family_id)id)->doc);
    }
    for (int id = 0; id < PC_DIGEST_COUNT; id++) {
        assert_non_null(pc_digest_get((enum pc_digest_id)id)->name);
    }
}

/* A name means one key spec; names and aliases are looked up in the same way. */
static void test_names_are_unique(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = spec_at(id);
        const struct pc_keyspec *found = NULL;
        check_ok(pc_keyspec_find(spec->name, &found, &err), &err);
        assert_ptr_equal(found, spec);
        for (size_t i = 0; i < PC_ARRAY_LEN(spec->aliases) && spec->aliases[i] != NULL; i++) {
            check_ok(pc_keyspec_find(spec->aliases[i], &found, &err), &err);
            assert_ptr_equal(found, spec);
        }
    }
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *found = NULL;
        check_ok(pc_scheme_find(scheme_at(id)->name, &found, &err), &err);
        assert_ptr_equal(found, scheme_at(id));
        assert_ptr_equal(pc_scheme_by_aid(scheme_at(id)->aid), found);
    }
}

static void test_find(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    const struct pc_keyspec *spec = NULL;
    const struct pc_scheme *scheme = NULL;
    check_ok(pc_keyspec_find("PRIME256V1", &spec, &err), &err);
    assert_int_equal(spec->id, PC_KEYSPEC_P256);
    check_fails(pc_keyspec_find("p265", &spec, &err), &err, P11CSR_E_ALGORITHM,
                "unknown key spec 'p265'; the nearest is 'p256'");
    check_fails(pc_keyspec_find("dsa", &spec, &err), &err, P11CSR_E_ALGORITHM, "unknown key spec 'dsa'");
    check_fails(pc_keyspec_find("", &spec, &err), &err, P11CSR_E_ALGORITHM, "unknown key spec ''");
    check_fails(pc_scheme_find("ecdsa-sha257", &scheme, &err), &err, P11CSR_E_ALGORITHM,
                "unknown signature scheme 'ecdsa-sha257'; the nearest is 'ecdsa-sha256'");
    static const uint8_t sha1[] = {0x30, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01};
    assert_null(pc_scheme_by_aid(PC_SPAN(sha1)));
    assert_null(pc_scheme_by_aid((struct pc_span){0}));
}

static void test_schemes_are_complete(void **state)
{
    (void)state;
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = scheme_at(id);
        const struct pc_digest *digest = pc_digest_get(scheme->digest);
        bool used = false;
        assert_in_range(scheme->mech_count, 1, PC_SCHEME_MECHS);
        assert_int_equal(scheme->mechs[0].input, PC_INPUT_MESSAGE);
        for (size_t i = 0; i < scheme->mech_count; i++) {
            assert_int_equal(scheme->mechs[i].param == PC_MECH_PARAM_PSS, scheme->pss);
            assert_true(scheme->mechs[i].input == PC_INPUT_MESSAGE || scheme->digest != PC_DIGEST_NONE);
            assert_true(scheme->mechs[i].input != PC_INPUT_DIGEST_INFO || digest->info_prefix.len > 0);
        }
        assert_int_equal(scheme->encoding == PC_SIG_ECDSA_DER, scheme->family == PC_FAMILY_EC);
        for (int spec = 0; spec < PC_KEYSPEC_COUNT; spec++) {
            used = used || pc_scheme_fits(scheme, spec_at(spec));
        }
        assert_true(used);
    }
}

static void test_key_specs_are_consistent(void **state)
{
    (void)state;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = spec_at(id);
        assert_true(pc_scheme_fits(scheme_at((int)spec->scheme), spec));
        assert_true(spec->spki_alg.len > 0);
        if (spec->family == PC_FAMILY_RSA) {
            assert_true(spec->ec_params.len == 0 && spec->point_len == 0 && spec->order_len == 0);
            continue;
        }
        if (spec->parameter_set != 0) {
            assert_true(spec->ec_params.len == 0 && spec->order_len == 0 &&
                        spec->signature_len > spec->point_len);
            assert_int_equal(spec->bits, 8 * spec->point_len);
            continue;
        }
        const size_t tail = spec->spki_alg.len - spec->ec_params.len;
        check_same(((struct pc_span){spec->spki_alg.ptr + tail, spec->ec_params.len}), spec->ec_params);
        assert_int_equal(spec->order_len, spec->family == PC_FAMILY_EC ? (spec->bits + 7) / 8 : 0);
        if (spec->family == PC_FAMILY_EC) {
            assert_int_equal(spec->point_len, 1 + 2 * ((spec->bits + 7) / 8));
        }
    }
}

static void test_fits(void **state)
{
    (void)state;
    assert_true(pc_scheme_fits(pc_scheme_get(PC_SCHEME_ECDSA_SHA512), pc_keyspec_get(PC_KEYSPEC_P256)));
    assert_true(pc_scheme_fits(pc_scheme_get(PC_SCHEME_RSA_PSS_SHA384), pc_keyspec_get(PC_KEYSPEC_RSA_2048)));
    assert_true(pc_scheme_fits(pc_scheme_get(PC_SCHEME_ED448), pc_keyspec_get(PC_KEYSPEC_ED448)));
    assert_false(pc_scheme_fits(pc_scheme_get(PC_SCHEME_ED448), pc_keyspec_get(PC_KEYSPEC_ED25519)));
    assert_false(pc_scheme_fits(pc_scheme_get(PC_SCHEME_ECDSA_SHA256), pc_keyspec_get(PC_KEYSPEC_RSA_2048)));
}

/* The rows say what libcrypto knows of a key of their kind. */
static void test_keys_are_those_of_libcrypto(void **state)
{
    (void)state;
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = spec_at(id);
        if (signers[id] == NULL) {
            continue; // newer than this libcrypto
        }
        EVP_PKEY *pkey = softsigner_pkey(signers[id]);
        p11csr_error *err = NULL;
        struct pc_der in = pc_der_over(softsigner_spki(signers[id]));
        struct pc_der inner;
        struct pc_der_value alg;
        char name[32];
        struct pc_public key;
        assert_true(EVP_PKEY_is_a(pkey, spec->ossl_type));
        assert_int_equal(EVP_PKEY_get_security_bits(pkey), spec->security_bits);
        check_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "SubjectPublicKeyInfo", &inner, &err), &err);
        check_ok(pc_der_next(&inner, &alg, &err), &err);
        check_same(alg.whole, spec->spki_alg);
        check_ok(pc_public_from_spki(softsigner_spki(signers[id]), &key, &err), &err);
        assert_ptr_equal(key.spec, spec);
        assert_int_equal(key.bits, spec->bits);
        pc_public_name(&key, name, sizeof(name));
        assert_string_equal(name, spec->name);
    }
}

/* Signs nothing of use with libcrypto, for the AlgorithmIdentifier that it then writes. */
static struct pc_span aid_of_libcrypto(EVP_PKEY *pkey, const struct pc_scheme *scheme, unsigned char **ret)
{
    X509_REQ *req = X509_REQ_new();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;
    const X509_ALGOR *alg = NULL;
    assert_int_equal(X509_REQ_set_pubkey(req, pkey), 1);
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pkey_ctx, pc_digest_get(scheme->digest)->ossl_name, NULL,
                                           NULL, pkey, NULL),
                     1);
    if (scheme->pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
    X509_REQ_get0_signature(req, NULL, &alg);
    const int len = i2d_X509_ALGOR((X509_ALGOR *)(uintptr_t)alg, ret);
    assert_true(len > 0);
    EVP_MD_CTX_free(ctx);
    X509_REQ_free(req);
    return (struct pc_span){*ret, (size_t)len};
}

static void test_algorithm_identifiers_are_those_of_libcrypto(void **state)
{
    (void)state;
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        int spec = 0;
        unsigned char *der = NULL;
        while (!pc_scheme_fits(scheme_at(id), spec_at(spec))) {
            spec++;
        }
        if (signers[spec] == NULL) {
            continue; // newer than this libcrypto
        }
        check_same(aid_of_libcrypto(softsigner_pkey(signers[spec]), scheme_at(id), &der), scheme_at(id)->aid);
        OPENSSL_free(der);
    }
}

/* Names, lengths and DigestInfo prefixes (RFC 8017 section 9.2) against libcrypto. */
static void test_digests_are_those_of_libcrypto(void **state)
{
    (void)state;
    for (int id = PC_DIGEST_NONE + 1; id < PC_DIGEST_COUNT; id++) {
        const struct pc_digest *row = pc_digest_get((enum pc_digest_id)id);
        EVP_MD *md = EVP_MD_fetch(NULL, row->ossl_name, NULL);
        assert_non_null(md);
        assert_int_equal(EVP_MD_get_size(md), row->len);
        unsigned char *der = NULL;
        X509_SIG *info = X509_SIG_new();
        X509_ALGOR *alg = NULL;
        ASN1_OCTET_STRING *digest = NULL;
        const unsigned char zeros[64] = {0};
        X509_SIG_getm(info, &alg, &digest);
        assert_int_equal(X509_ALGOR_set0(alg, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL), 1);
        assert_int_equal(ASN1_OCTET_STRING_set(digest, zeros, (int)row->len), 1);
        const int len = i2d_X509_SIG(info, &der);
        assert_int_equal(len, row->info_prefix.len + row->len);
        check_same(((struct pc_span){der, row->info_prefix.len}), row->info_prefix);
        OPENSSL_free(der);
        X509_SIG_free(info);
        EVP_MD_free(md);
    }
}

static void dump_hex(struct pc_buf *out, const char *what, struct pc_span octets)
{
    pc_buf_printf(out, " %s=", what);
    pc_hex_add(out, octets, 0);
}

static void dump_key_specs(struct pc_buf *out)
{
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const struct pc_keyspec *spec = spec_at(id);
        const struct pc_family *family = pc_family_get(spec->family);
        pc_buf_printf(out, "keyspec %s", spec->name);
        for (size_t i = 0; i < PC_ARRAY_LEN(spec->aliases) && spec->aliases[i] != NULL; i++) {
            pc_buf_printf(out, "%s%s", i == 0 ? " aliases=" : ",", spec->aliases[i]);
        }
        pc_buf_printf(
            out,
            " family=%s ckk=%#lx keygen=%#lx bits=%u security=%u set=%lu point=%zu signature=%zu order=%zu"
            " scheme=%s",
            family->name, family->ckk, family->keygen_mech, spec->bits, spec->security_bits,
            spec->parameter_set, spec->point_len, spec->signature_len, spec->order_len,
            scheme_at((int)spec->scheme)->name);
        dump_hex(out, "spki-alg", spec->spki_alg);
        dump_hex(out, "ec-params", spec->ec_params);
        dump_hex(out, "ec-params-alt", spec->ec_params_alt);
        pc_buf_printf(out, " doc=%s\n", spec->doc);
    }
}

static void dump_schemes(struct pc_buf *out)
{
    static const char *const inputs[] = {"message", "digest", "digest-info"};
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = scheme_at(id);
        const struct pc_digest *digest = pc_digest_get(scheme->digest);
        pc_buf_printf(out, "scheme %s%s family=%s digest=%s len=%zu ckm=%#lx mgf=%#lx encoding=%s",
                      scheme->name, scheme->weak ? " weak" : "", pc_family_get(scheme->family)->name,
                      digest->name, digest->len, digest->ckm, digest->mgf,
                      scheme->encoding == PC_SIG_ECDSA_DER ? "ecdsa-der" : "as-is");
        for (size_t i = 0; i < scheme->mech_count; i++) {
            pc_buf_printf(out, " mech=%#lx:%s%s", scheme->mechs[i].ckm, inputs[scheme->mechs[i].input],
                          scheme->mechs[i].param == PC_MECH_PARAM_PSS ? ":pss" : "");
        }
        dump_hex(out, "aid", scheme->aid);
        pc_buf_printf(out, " rfc=%s doc=%s\n", scheme->rfc, scheme->doc);
    }
}

/* Any change of the data shows in review as a change of the file. */
static void test_golden(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf now;
    struct pc_buf golden;
    const char *source = getenv("P11CSR_SOURCE");
    char path[4096];
    assert_non_null(source);
    (void)snprintf(path, sizeof(path), "%s/tests/golden/algs.txt", source);
    pc_buf_init(&now, 1 << 20);
    pc_buf_init(&golden, 1 << 20);
    dump_key_specs(&now);
    dump_schemes(&now);
    check_ok(pc_buf_check(&now, &err), &err);
    if (getenv("P11CSR_UPDATE_GOLDEN") != NULL) {
        check_ok(pc_file_write(path, pc_buf_span(&now), PC_FILE_REPLACE, 0644, &err), &err);
    }
    check_ok(pc_file_read(path, &golden, &err), &err);
    if (!pc_span_eq(pc_buf_span(&now), pc_buf_span(&golden))) {
        fail_msg("the rows differ from %s; if that is meant, run with P11CSR_UPDATE_GOLDEN=1", path);
    }
    pc_buf_done(&now);
    pc_buf_done(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_are_dense),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_schemes_are_complete),
        cmocka_unit_test(test_key_specs_are_consistent),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_keys_are_those_of_libcrypto),
        cmocka_unit_test(test_algorithm_identifiers_are_those_of_libcrypto),
        cmocka_unit_test(test_digests_are_those_of_libcrypto),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, make_signers, free_signers);
}
