// SPDX-License-Identifier: Apache-2.0
#include "alg/rows.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

// clang-format off
static const struct pc_family families[] = {
    [PC_FAMILY_RSA] = {.name = "RSA", .ckk = PC_CKK_RSA, .keygen_mech = PC_CKM_RSA_PKCS_KEY_PAIR_GEN,
                       .params = PC_PARAMS_RSA, .doc = "RSA, public exponent 65537"},
    [PC_FAMILY_EC] = {.name = "EC", .ckk = PC_CKK_EC, .keygen_mech = PC_CKM_EC_KEY_PAIR_GEN,
                      .params = PC_PARAMS_EC, .doc = "elliptic curves in Weierstrass form (ECDSA)"},
    [PC_FAMILY_EDWARDS] = {.name = "EdDSA", .ckk = PC_CKK_EC_EDWARDS,
                           .keygen_mech = PC_CKM_EC_EDWARDS_KEY_PAIR_GEN, .params = PC_PARAMS_EC,
                           .doc = "twisted Edwards curves (RFC 8032)"},
    [PC_FAMILY_ML_DSA] = {.name = "ML-DSA", .ckk = PC_CKK_ML_DSA, .keygen_mech = PC_CKM_ML_DSA_KEY_PAIR_GEN,
                          .params = PC_PARAMS_SET,
                          .doc = "module lattices (FIPS 204); OpenSSL knows it from 3.5 on"},
};
_Static_assert(PC_ARRAY_LEN(families) == PC_FAMILY_COUNT, "a family has no row");

/* AlgorithmIdentifier rsaEncryption with NULL (RFC 3279 section 2.3.1). */
#define RSA_ENCRYPTION PC_BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")

static const struct pc_keyspec keyspecs[] = {
    [PC_KEYSPEC_RSA_2048] = {
        .id = PC_KEYSPEC_RSA_2048,
        .family = PC_FAMILY_RSA,
        .name = "rsa-2048",
        .aliases = {"rsa2048", "rsa:2048"},
        .bits = 2048,
        .security_bits = 112,
        .spki_alg = RSA_ENCRYPTION,
        .ossl_type = "RSA",
        .scheme = PC_SCHEME_RSA_PKCS1_SHA256,
        .doc = "RSA with a 2048-bit modulus; RFC 8017; the smallest size p11csr makes",
    },
    [PC_KEYSPEC_RSA_3072] = {
        .id = PC_KEYSPEC_RSA_3072,
        .family = PC_FAMILY_RSA,
        .name = "rsa-3072",
        .aliases = {"rsa3072", "rsa:3072"},
        .bits = 3072,
        .security_bits = 128,
        .spki_alg = RSA_ENCRYPTION,
        .ossl_type = "RSA",
        .scheme = PC_SCHEME_RSA_PKCS1_SHA256,
        .doc = "RSA with a 3072-bit modulus; RFC 8017",
    },
    [PC_KEYSPEC_RSA_4096] = {
        .id = PC_KEYSPEC_RSA_4096,
        .family = PC_FAMILY_RSA,
        .name = "rsa-4096",
        .aliases = {"rsa4096", "rsa:4096"},
        .bits = 4096,
        .security_bits = 152,
        .spki_alg = RSA_ENCRYPTION,
        .ossl_type = "RSA",
        .scheme = PC_SCHEME_RSA_PKCS1_SHA256,
        .doc = "RSA with a 4096-bit modulus; RFC 8017",
    },
    [PC_KEYSPEC_P256] = {
        .id = PC_KEYSPEC_P256,
        .family = PC_FAMILY_EC,
        .name = "p256",
        .aliases = {"prime256v1", "secp256r1", "P-256", "ec:prime256v1"},
        .bits = 256,
        .security_bits = 128,
        .spki_alg = PC_BYTES("\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d"
                             "\x03\x01\x07"),
        .ec_params = PC_BYTES("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
        .point_len = 65,
        .order_len = 32,
        .ossl_type = "EC",
        .ossl_group = "prime256v1",
        .scheme = PC_SCHEME_ECDSA_SHA256,
        .doc = "NIST P-256; RFC 5480",
    },
    [PC_KEYSPEC_P384] = {
        .id = PC_KEYSPEC_P384,
        .family = PC_FAMILY_EC,
        .name = "p384",
        .aliases = {"secp384r1", "P-384", "ec:secp384r1"},
        .bits = 384,
        .security_bits = 192,
        .spki_alg = PC_BYTES("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"),
        .ec_params = PC_BYTES("\x06\x05\x2b\x81\x04\x00\x22"),
        .point_len = 97,
        .order_len = 48,
        .ossl_type = "EC",
        .ossl_group = "secp384r1",
        .scheme = PC_SCHEME_ECDSA_SHA384,
        .doc = "NIST P-384; RFC 5480",
    },
    [PC_KEYSPEC_P521] = {
        .id = PC_KEYSPEC_P521,
        .family = PC_FAMILY_EC,
        .name = "p521",
        .aliases = {"secp521r1", "P-521", "ec:secp521r1"},
        .bits = 521,
        .security_bits = 256,
        .spki_alg = PC_BYTES("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"),
        .ec_params = PC_BYTES("\x06\x05\x2b\x81\x04\x00\x23"),
        .point_len = 133,
        .order_len = 66,
        .ossl_type = "EC",
        .ossl_group = "secp521r1",
        .scheme = PC_SCHEME_ECDSA_SHA512,
        .doc = "NIST P-521; RFC 5480",
    },
    [PC_KEYSPEC_SECP256K1] = {
        .id = PC_KEYSPEC_SECP256K1,
        .family = PC_FAMILY_EC,
        .name = "secp256k1",
        .aliases = {"k256", "ec:secp256k1"},
        .bits = 256,
        .security_bits = 128,
        .spki_alg = PC_BYTES("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a"),
        .ec_params = PC_BYTES("\x06\x05\x2b\x81\x04\x00\x0a"),
        .point_len = 65,
        .order_len = 32,
        .ossl_type = "EC",
        .ossl_group = "secp256k1",
        .scheme = PC_SCHEME_ECDSA_SHA256,
        .doc = "SEC 2 Koblitz curve; few CAs take it",
    },
    [PC_KEYSPEC_BRAINPOOLP256R1] = {
        .id = PC_KEYSPEC_BRAINPOOLP256R1,
        .family = PC_FAMILY_EC,
        .name = "brainpoolP256r1",
        .aliases = {"bp256", "ec:brainpoolP256r1"},
        .bits = 256,
        .security_bits = 128,
        .spki_alg = PC_BYTES("\x30\x14\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02"
                             "\x08\x01\x01\x07"),
        .ec_params = PC_BYTES("\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07"),
        .point_len = 65,
        .order_len = 32,
        .ossl_type = "EC",
        .ossl_group = "brainpoolP256r1",
        .scheme = PC_SCHEME_ECDSA_SHA256,
        .doc = "RFC 5639",
    },
    [PC_KEYSPEC_BRAINPOOLP384R1] = {
        .id = PC_KEYSPEC_BRAINPOOLP384R1,
        .family = PC_FAMILY_EC,
        .name = "brainpoolP384r1",
        .aliases = {"bp384", "ec:brainpoolP384r1"},
        .bits = 384,
        .security_bits = 192,
        .spki_alg = PC_BYTES("\x30\x14\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02"
                             "\x08\x01\x01\x0b"),
        .ec_params = PC_BYTES("\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"),
        .point_len = 97,
        .order_len = 48,
        .ossl_type = "EC",
        .ossl_group = "brainpoolP384r1",
        .scheme = PC_SCHEME_ECDSA_SHA384,
        .doc = "RFC 5639",
    },
    [PC_KEYSPEC_BRAINPOOLP512R1] = {
        .id = PC_KEYSPEC_BRAINPOOLP512R1,
        .family = PC_FAMILY_EC,
        .name = "brainpoolP512r1",
        .aliases = {"bp512", "ec:brainpoolP512r1"},
        .bits = 512,
        .security_bits = 256,
        .spki_alg = PC_BYTES("\x30\x14\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02"
                             "\x08\x01\x01\x0d"),
        .ec_params = PC_BYTES("\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"),
        .point_len = 129,
        .order_len = 64,
        .ossl_type = "EC",
        .ossl_group = "brainpoolP512r1",
        .scheme = PC_SCHEME_ECDSA_SHA512,
        .doc = "RFC 5639",
    },
    [PC_KEYSPEC_ED25519] = {
        .id = PC_KEYSPEC_ED25519,
        .family = PC_FAMILY_EDWARDS,
        .name = "ed25519",
        .aliases = {"ec:edwards25519"},
        .bits = 255,
        .security_bits = 128,
        .spki_alg = PC_BYTES("\x30\x05\x06\x03\x2b\x65\x70"),
        .ec_params = PC_BYTES("\x06\x03\x2b\x65\x70"),
        .ec_params_alt = PC_BYTES("\x13\x0c" "edwards25519"),
        .point_len = 32,
        .ossl_type = "ED25519",
        .scheme = PC_SCHEME_ED25519,
        .doc = "RFC 8032, RFC 8410",
    },
    [PC_KEYSPEC_ED448] = {
        .id = PC_KEYSPEC_ED448,
        .family = PC_FAMILY_EDWARDS,
        .name = "ed448",
        .aliases = {"ec:edwards448"},
        .bits = 448,
        .security_bits = 224,
        .spki_alg = PC_BYTES("\x30\x05\x06\x03\x2b\x65\x71"),
        .ec_params = PC_BYTES("\x06\x03\x2b\x65\x71"),
        .ec_params_alt = PC_BYTES("\x13\x0a" "edwards448"),
        .point_len = 57,
        .ossl_type = "ED448",
        .scheme = PC_SCHEME_ED448,
        .doc = "RFC 8032, RFC 8410",
    },
    [PC_KEYSPEC_ML_DSA_44] = {
        .id = PC_KEYSPEC_ML_DSA_44,
        .family = PC_FAMILY_ML_DSA,
        .name = "ml-dsa-44",
        .aliases = {"mldsa44"},
        .bits = 8 * 1312,
        .security_bits = 128,
        .spki_alg = PC_BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11"),
        .parameter_set = PC_CKP_ML_DSA_44,
        .point_len = 1312,
        .signature_len = 2420,
        .ossl_type = "ML-DSA-44",
        .scheme = PC_SCHEME_ML_DSA_44,
        .doc = "FIPS 204, category 2; RFC 9881",
    },
    [PC_KEYSPEC_ML_DSA_65] = {
        .id = PC_KEYSPEC_ML_DSA_65,
        .family = PC_FAMILY_ML_DSA,
        .name = "ml-dsa-65",
        .aliases = {"mldsa65"},
        .bits = 8 * 1952,
        .security_bits = 192,
        .spki_alg = PC_BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12"),
        .parameter_set = PC_CKP_ML_DSA_65,
        .point_len = 1952,
        .signature_len = 3309,
        .ossl_type = "ML-DSA-65",
        .scheme = PC_SCHEME_ML_DSA_65,
        .doc = "FIPS 204, category 3; RFC 9881",
    },
    [PC_KEYSPEC_ML_DSA_87] = {
        .id = PC_KEYSPEC_ML_DSA_87,
        .family = PC_FAMILY_ML_DSA,
        .name = "ml-dsa-87",
        .aliases = {"mldsa87"},
        .bits = 8 * 2592,
        .security_bits = 256,
        .spki_alg = PC_BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13"),
        .parameter_set = PC_CKP_ML_DSA_87,
        .point_len = 2592,
        .signature_len = 4627,
        .ossl_type = "ML-DSA-87",
        .scheme = PC_SCHEME_ML_DSA_87,
        .doc = "FIPS 204, category 5; RFC 9881",
    },
};
_Static_assert(PC_ARRAY_LEN(keyspecs) == PC_KEYSPEC_COUNT, "a key spec has no row");

static const struct pc_digest digests[] = {
    [PC_DIGEST_NONE] = {.name = "none"},
    [PC_DIGEST_SHA1] = {
        .name = "sha1",
        .ossl_name = "SHA1",
        .len = 20,
        .info_prefix = PC_BYTES("\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"),
        .ckm = PC_CKM_SHA_1,
        .mgf = PC_CKG_MGF1_SHA1,
    },
    [PC_DIGEST_SHA224] = {
        .name = "sha224",
        .ossl_name = "SHA2-224",
        .len = 28,
        .info_prefix = PC_BYTES("\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04"
                                "\x1c"),
        .ckm = PC_CKM_SHA224,
        .mgf = PC_CKG_MGF1_SHA224,
    },
    [PC_DIGEST_SHA256] = {
        .name = "sha256",
        .ossl_name = "SHA2-256",
        .len = 32,
        .info_prefix = PC_BYTES("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04"
                                "\x20"),
        .ckm = PC_CKM_SHA256,
        .mgf = PC_CKG_MGF1_SHA256,
    },
    [PC_DIGEST_SHA384] = {
        .name = "sha384",
        .ossl_name = "SHA2-384",
        .len = 48,
        .info_prefix = PC_BYTES("\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04"
                                "\x30"),
        .ckm = PC_CKM_SHA384,
        .mgf = PC_CKG_MGF1_SHA384,
    },
    [PC_DIGEST_SHA512] = {
        .name = "sha512",
        .ossl_name = "SHA2-512",
        .len = 64,
        .info_prefix = PC_BYTES("\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04"
                                "\x40"),
        .ckm = PC_CKM_SHA512,
        .mgf = PC_CKG_MGF1_SHA512,
    },
};
_Static_assert(PC_ARRAY_LEN(digests) == PC_DIGEST_COUNT, "a digest has no row");

static const struct pc_scheme schemes[] = {
    [PC_SCHEME_RSA_PKCS1_SHA1] = {
        .id = PC_SCHEME_RSA_PKCS1_SHA1,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pkcs1-sha1",
        .digest = PC_DIGEST_SHA1,
        .weak = true,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA1_RSA_PKCS, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_RSA_PKCS, .input = PC_INPUT_DIGEST_INFO}},
        .aid = PC_BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"),
        .rfc = "RFC 4055 section 5",
        .doc = "RSASSA-PKCS1-v1_5 with SHA-1, which is broken: only with --allow-weak",
    },
    [PC_SCHEME_RSA_PKCS1_SHA224] = {
        .id = PC_SCHEME_RSA_PKCS1_SHA224,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pkcs1-sha224",
        .digest = PC_DIGEST_SHA224,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA224_RSA_PKCS, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_RSA_PKCS, .input = PC_INPUT_DIGEST_INFO}},
        .aid = PC_BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e\x05\x00"),
        .rfc = "RFC 4055 section 5",
        .doc = "RSASSA-PKCS1-v1_5",
    },
    [PC_SCHEME_RSA_PKCS1_SHA256] = {
        .id = PC_SCHEME_RSA_PKCS1_SHA256,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pkcs1-sha256",
        .digest = PC_DIGEST_SHA256,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA256_RSA_PKCS, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_RSA_PKCS, .input = PC_INPUT_DIGEST_INFO}},
        .aid = PC_BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"),
        .rfc = "RFC 4055 section 5",
        .doc = "RSASSA-PKCS1-v1_5",
    },
    [PC_SCHEME_RSA_PKCS1_SHA384] = {
        .id = PC_SCHEME_RSA_PKCS1_SHA384,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pkcs1-sha384",
        .digest = PC_DIGEST_SHA384,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA384_RSA_PKCS, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_RSA_PKCS, .input = PC_INPUT_DIGEST_INFO}},
        .aid = PC_BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"),
        .rfc = "RFC 4055 section 5",
        .doc = "RSASSA-PKCS1-v1_5",
    },
    [PC_SCHEME_RSA_PKCS1_SHA512] = {
        .id = PC_SCHEME_RSA_PKCS1_SHA512,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pkcs1-sha512",
        .digest = PC_DIGEST_SHA512,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA512_RSA_PKCS, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_RSA_PKCS, .input = PC_INPUT_DIGEST_INFO}},
        .aid = PC_BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00"),
        .rfc = "RFC 4055 section 5",
        .doc = "RSASSA-PKCS1-v1_5",
    },
    [PC_SCHEME_RSA_PSS_SHA256] = {
        .id = PC_SCHEME_RSA_PSS_SHA256,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pss-sha256",
        .digest = PC_DIGEST_SHA256,
        .pss = true,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA256_RSA_PKCS_PSS, .input = PC_INPUT_MESSAGE, .param = PC_MECH_PARAM_PSS},
                  {.ckm = PC_CKM_RSA_PKCS_PSS, .input = PC_INPUT_DIGEST, .param = PC_MECH_PARAM_PSS}},
        .aid = PC_BYTES("\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\xa0\x0f\x30"
                        "\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa1\x1c\x30\x1a"
                        "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48"
                        "\x01\x65\x03\x04\x02\x01\x05\x00\xa2\x03\x02\x01\x20"),
        .rfc = "RFC 4055 section 3.1",
        .doc = "RSASSA-PSS, salt as long as the digest",
    },
    [PC_SCHEME_RSA_PSS_SHA384] = {
        .id = PC_SCHEME_RSA_PSS_SHA384,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pss-sha384",
        .digest = PC_DIGEST_SHA384,
        .pss = true,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA384_RSA_PKCS_PSS, .input = PC_INPUT_MESSAGE, .param = PC_MECH_PARAM_PSS},
                  {.ckm = PC_CKM_RSA_PKCS_PSS, .input = PC_INPUT_DIGEST, .param = PC_MECH_PARAM_PSS}},
        .aid = PC_BYTES("\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\xa0\x0f\x30"
                        "\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\xa1\x1c\x30\x1a"
                        "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48"
                        "\x01\x65\x03\x04\x02\x02\x05\x00\xa2\x03\x02\x01\x30"),
        .rfc = "RFC 4055 section 3.1",
        .doc = "RSASSA-PSS, salt as long as the digest",
    },
    [PC_SCHEME_RSA_PSS_SHA512] = {
        .id = PC_SCHEME_RSA_PSS_SHA512,
        .family = PC_FAMILY_RSA,
        .name = "rsa-pss-sha512",
        .digest = PC_DIGEST_SHA512,
        .pss = true,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_SHA512_RSA_PKCS_PSS, .input = PC_INPUT_MESSAGE, .param = PC_MECH_PARAM_PSS},
                  {.ckm = PC_CKM_RSA_PKCS_PSS, .input = PC_INPUT_DIGEST, .param = PC_MECH_PARAM_PSS}},
        .aid = PC_BYTES("\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\xa0\x0f\x30"
                        "\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\xa1\x1c\x30\x1a"
                        "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48"
                        "\x01\x65\x03\x04\x02\x03\x05\x00\xa2\x03\x02\x01\x40"),
        .rfc = "RFC 4055 section 3.1",
        .doc = "RSASSA-PSS, salt as long as the digest",
    },
    [PC_SCHEME_ECDSA_SHA224] = {
        .id = PC_SCHEME_ECDSA_SHA224,
        .family = PC_FAMILY_EC,
        .name = "ecdsa-sha224",
        .digest = PC_DIGEST_SHA224,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_ECDSA_SHA224, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_ECDSA, .input = PC_INPUT_DIGEST}},
        .encoding = PC_SIG_ECDSA_DER,
        .aid = PC_BYTES("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x01"),
        .rfc = "RFC 5758 section 3.2",
        .doc = "ECDSA",
    },
    [PC_SCHEME_ECDSA_SHA256] = {
        .id = PC_SCHEME_ECDSA_SHA256,
        .family = PC_FAMILY_EC,
        .name = "ecdsa-sha256",
        .digest = PC_DIGEST_SHA256,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_ECDSA_SHA256, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_ECDSA, .input = PC_INPUT_DIGEST}},
        .encoding = PC_SIG_ECDSA_DER,
        .aid = PC_BYTES("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"),
        .rfc = "RFC 5758 section 3.2",
        .doc = "ECDSA",
    },
    [PC_SCHEME_ECDSA_SHA384] = {
        .id = PC_SCHEME_ECDSA_SHA384,
        .family = PC_FAMILY_EC,
        .name = "ecdsa-sha384",
        .digest = PC_DIGEST_SHA384,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_ECDSA_SHA384, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_ECDSA, .input = PC_INPUT_DIGEST}},
        .encoding = PC_SIG_ECDSA_DER,
        .aid = PC_BYTES("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
        .rfc = "RFC 5758 section 3.2",
        .doc = "ECDSA",
    },
    [PC_SCHEME_ECDSA_SHA512] = {
        .id = PC_SCHEME_ECDSA_SHA512,
        .family = PC_FAMILY_EC,
        .name = "ecdsa-sha512",
        .digest = PC_DIGEST_SHA512,
        .mech_count = 2,
        .mechs = {{.ckm = PC_CKM_ECDSA_SHA512, .input = PC_INPUT_MESSAGE},
                  {.ckm = PC_CKM_ECDSA, .input = PC_INPUT_DIGEST}},
        .encoding = PC_SIG_ECDSA_DER,
        .aid = PC_BYTES("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"),
        .rfc = "RFC 5758 section 3.2",
        .doc = "ECDSA",
    },
    [PC_SCHEME_ED25519] = {
        .id = PC_SCHEME_ED25519,
        .family = PC_FAMILY_EDWARDS,
        .name = "ed25519",
        .mech_count = 1,
        .mechs = {{.ckm = PC_CKM_EDDSA, .input = PC_INPUT_MESSAGE}},
        .aid = PC_BYTES("\x30\x05\x06\x03\x2b\x65\x70"),
        .rfc = "RFC 8410 section 3",
        .doc = "pure EdDSA",
    },
    [PC_SCHEME_ED448] = {
        .id = PC_SCHEME_ED448,
        .family = PC_FAMILY_EDWARDS,
        .name = "ed448",
        .mech_count = 1,
        .mechs = {{.ckm = PC_CKM_EDDSA, .input = PC_INPUT_MESSAGE}},
        .aid = PC_BYTES("\x30\x05\x06\x03\x2b\x65\x71"),
        .rfc = "RFC 8410 section 3",
        .doc = "pure EdDSA",
    },
    [PC_SCHEME_ML_DSA_44] = {
        .id = PC_SCHEME_ML_DSA_44,
        .family = PC_FAMILY_ML_DSA,
        .name = "ml-dsa-44",
        .mech_count = 1,
        .mechs = {{.ckm = PC_CKM_ML_DSA, .input = PC_INPUT_MESSAGE}},
        .aid = PC_BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11"),
        .rfc = "RFC 9881 section 2",
        .doc = "pure ML-DSA, without context",
    },
    [PC_SCHEME_ML_DSA_65] = {
        .id = PC_SCHEME_ML_DSA_65,
        .family = PC_FAMILY_ML_DSA,
        .name = "ml-dsa-65",
        .mech_count = 1,
        .mechs = {{.ckm = PC_CKM_ML_DSA, .input = PC_INPUT_MESSAGE}},
        .aid = PC_BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12"),
        .rfc = "RFC 9881 section 2",
        .doc = "pure ML-DSA, without context",
    },
    [PC_SCHEME_ML_DSA_87] = {
        .id = PC_SCHEME_ML_DSA_87,
        .family = PC_FAMILY_ML_DSA,
        .name = "ml-dsa-87",
        .mech_count = 1,
        .mechs = {{.ckm = PC_CKM_ML_DSA, .input = PC_INPUT_MESSAGE}},
        .aid = PC_BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13"),
        .rfc = "RFC 9881 section 2",
        .doc = "pure ML-DSA, without context",
    },
};
_Static_assert(PC_ARRAY_LEN(schemes) == PC_SCHEME_COUNT, "a scheme has no row");
// clang-format on

const struct pc_family *pc_family_get(enum pc_family_id id)
{
    return &families[id];
}

const struct pc_keyspec *pc_keyspec_get(enum pc_keyspec_id id)
{
    return &keyspecs[id];
}

const struct pc_digest *pc_digest_get(enum pc_digest_id id)
{
    return &digests[id];
}

const struct pc_scheme *pc_scheme_get(enum pc_scheme_id id)
{
    return &schemes[id];
}

static const char *keyspec_name_at(const void *table, size_t index)
{
    return ((const struct pc_keyspec *)table)[index].name;
}

static const char *scheme_name_at(const void *table, size_t index)
{
    return ((const struct pc_scheme *)table)[index].name;
}

static const char *digest_name_at(const void *table, size_t index)
{
    return ((const struct pc_digest *)table)[index].name;
}

static bool keyspec_is_called(const struct pc_keyspec *spec, const char *name)
{
    bool found = pc_ascii_equal(spec->name, name);
    for (size_t i = 0; i < PC_ARRAY_LEN(spec->aliases) && spec->aliases[i] != NULL; i++) {
        found = found || pc_ascii_equal(spec->aliases[i], name);
    }
    return found;
}

/* Names what is known beside what is not: "ec" or "md5" is near nothing. */
static struct pc_result unknown_name(const char *kind, const char *name,
                                     const char *(*name_at)(const void *table, size_t index),
                                     const void *table, size_t count, p11csr_error **err)
{
    char known[512] = "";
    size_t len = 0;
    const char *near = pc_nearest_word(name, name_at, table, count);
    const struct pc_result result =
        pc_fail(err, P11CSR_E_ALGORITHM, "unknown %s '%s'%s%s%s", kind, name,
                near != NULL ? "; the nearest is '" : "", near != NULL ? near : "", near != NULL ? "'" : "");
    for (size_t i = 0; i < count && len < sizeof(known); i++) {
        len +=
            (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i > 0 ? ", " : "", name_at(table, i));
    }
    pc_note(err, "known: %s", known);
    return result;
}

PC_RESULT pc_keyspec_find(const char *name, const struct pc_keyspec **ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(keyspecs); i++) {
        if (keyspec_is_called(&keyspecs[i], name)) {
            *ret = &keyspecs[i];
            return PC_OK;
        }
    }
    const struct pc_result result =
        unknown_name("key spec", name, keyspec_name_at, keyspecs, PC_KEYSPEC_COUNT, err);
    unsigned long bits = 0;
    if (strncmp(name, "rsa-", strlen("rsa-")) == 0 && pc_parse_number(name + strlen("rsa-"), 2047, &bits)) {
        pc_note(err, "RSA keys below 2048 bits are not made; --allow-weak lets one that is there be used");
    }
    return result;
}

PC_RESULT pc_scheme_find(const char *name, const struct pc_scheme **ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(schemes); i++) {
        if (pc_ascii_equal(schemes[i].name, name)) {
            *ret = &schemes[i];
            return PC_OK;
        }
    }
    return unknown_name("signature scheme", name, scheme_name_at, schemes, PC_SCHEME_COUNT, err);
}

PC_RESULT pc_digest_find(const char *name, enum pc_digest_id *ret, p11csr_error **err)
{
    for (int id = PC_DIGEST_NONE + 1; id < PC_DIGEST_COUNT; id++) {
        if (pc_ascii_equal(digests[id].name, name)) {
            *ret = (enum pc_digest_id)id;
            return PC_OK;
        }
    }
    return unknown_name("digest", name, digest_name_at, digests + PC_DIGEST_NONE + 1, PC_DIGEST_COUNT - 1,
                        err);
}

const struct pc_scheme *pc_scheme_by_aid(struct pc_span aid)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(schemes); i++) {
        if (pc_span_eq(schemes[i].aid, aid)) {
            return &schemes[i];
        }
    }
    return NULL;
}

/*
 * What signs the message itself has exactly one scheme, that of its name; other specs of a family share
 * theirs.
 */
bool pc_scheme_fits(const struct pc_scheme *scheme, const struct pc_keyspec *spec)
{
    return scheme->family == spec->family && (scheme->digest != PC_DIGEST_NONE || spec->scheme == scheme->id);
}
