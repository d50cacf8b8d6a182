// SPDX-License-Identifier: Apache-2.0
#ifndef PC_ALG_ROWS_H
#define PC_ALG_ROWS_H

#include "alg/ck.h"
#include "base/mem.h"

/*
 * What p11csr knows about algorithms, as constant rows: key families, key specs, digests and signature
 * schemes. Key generation, signing, verification, `p11csr algorithms` and the test matrix all read them;
 * adding an algorithm means adding rows. All rows are static and read-only.
 */
enum pc_family_id { PC_FAMILY_RSA, PC_FAMILY_EC, PC_FAMILY_EDWARDS, PC_FAMILY_ML_DSA, PC_FAMILY_COUNT };

enum pc_keyspec_id {
    PC_KEYSPEC_RSA_2048,
    PC_KEYSPEC_RSA_3072,
    PC_KEYSPEC_RSA_4096,
    PC_KEYSPEC_P256,
    PC_KEYSPEC_P384,
    PC_KEYSPEC_P521,
    PC_KEYSPEC_SECP256K1,
    PC_KEYSPEC_BRAINPOOLP256R1,
    PC_KEYSPEC_BRAINPOOLP384R1,
    PC_KEYSPEC_BRAINPOOLP512R1,
    PC_KEYSPEC_ED25519,
    PC_KEYSPEC_ED448,
    PC_KEYSPEC_ML_DSA_44,
    PC_KEYSPEC_ML_DSA_65,
    PC_KEYSPEC_ML_DSA_87,
    PC_KEYSPEC_COUNT
};

enum pc_digest_id {
    PC_DIGEST_NONE,
    PC_DIGEST_SHA1,
    PC_DIGEST_SHA224,
    PC_DIGEST_SHA256,
    PC_DIGEST_SHA384,
    PC_DIGEST_SHA512,
    PC_DIGEST_COUNT
};

enum pc_scheme_id {
    PC_SCHEME_RSA_PKCS1_SHA1,
    PC_SCHEME_RSA_PKCS1_SHA224,
    PC_SCHEME_RSA_PKCS1_SHA256,
    PC_SCHEME_RSA_PKCS1_SHA384,
    PC_SCHEME_RSA_PKCS1_SHA512,
    PC_SCHEME_RSA_PSS_SHA256,
    PC_SCHEME_RSA_PSS_SHA384,
    PC_SCHEME_RSA_PSS_SHA512,
    PC_SCHEME_ECDSA_SHA224,
    PC_SCHEME_ECDSA_SHA256,
    PC_SCHEME_ECDSA_SHA384,
    PC_SCHEME_ECDSA_SHA512,
    PC_SCHEME_ED25519,
    PC_SCHEME_ED448,
    PC_SCHEME_ML_DSA_44,
    PC_SCHEME_ML_DSA_65,
    PC_SCHEME_ML_DSA_87,
    PC_SCHEME_COUNT
};

/* How a key of the family is asked for in C_GenerateKeyPair and shown by its objects. */
enum pc_key_params { PC_PARAMS_RSA, PC_PARAMS_EC, PC_PARAMS_SET };

struct pc_family {
    const char *name;
    unsigned long ckk;         /* CKA_KEY_TYPE */
    unsigned long keygen_mech; /* CKM_..._KEY_PAIR_GEN */
    enum pc_key_params params;
    const char *doc;
};

struct pc_keyspec {
    enum pc_keyspec_id id;
    enum pc_family_id family;
    const char *name;
    const char *aliases[4]; /* other names people use; unused entries are NULL */
    unsigned bits;          /* modulus, curve order, or the whole public key where there is neither */
    unsigned security_bits;
    struct pc_span spki_alg;  /* AlgorithmIdentifier of SubjectPublicKeyInfo; RSA: that of the family */
    struct pc_span ec_params; /* CKA_EC_PARAMS to generate with: the curve's OID */
    struct pc_span
        ec_params_alt; /* another form that modules show: PrintableString curve name; may be empty */
    unsigned long parameter_set; /* CKA_PARAMETER_SET to generate with; 0: the family has none */
    size_t point_len;            /* octets of the public point or, without a curve, key; 0 for RSA */
    size_t signature_len;        /* octets of a signature that is longer than two points; 0 otherwise */
    size_t order_len;            /* octets of r and of s in an ECDSA signature; 0 otherwise */
    const char *ossl_type;       /* EVP_PKEY type */
    const char *ossl_group;      /* EC group name; NULL otherwise */
    enum pc_scheme_id scheme;    /* used unless another is asked for */
    const char *doc;
};

struct pc_digest {
    const char *name;
    const char *ossl_name;
    size_t len;                 /* octets */
    struct pc_span info_prefix; /* DigestInfo in front of the digest (RFC 8017 section 9.2) */
    unsigned long ckm;          /* CKM_SHA... in CK_RSA_PKCS_PSS_PARAMS */
    unsigned long mgf;          /* CKG_MGF1_... */
};

/* What the token is given to sign. */
enum pc_input { PC_INPUT_MESSAGE, PC_INPUT_DIGEST, PC_INPUT_DIGEST_INFO };

/* The mechanism's parameter. PSS: CK_RSA_PKCS_PSS_PARAMS with salt length = digest length. */
enum pc_mech_param { PC_MECH_PARAM_NONE, PC_MECH_PARAM_PSS };

struct pc_mech {
    unsigned long ckm;
    enum pc_input input;
    enum pc_mech_param param;
};

/* How the signature value of the request is made from what the token returns. */
enum pc_sig_encoding { PC_SIG_AS_IS, PC_SIG_ECDSA_DER };

enum { PC_SCHEME_MECHS = 2 };

struct pc_scheme {
    enum pc_scheme_id id;
    enum pc_family_id family;
    const char *name;
    enum pc_digest_id digest; /* NONE: the scheme takes the message itself */
    bool pss;
    bool weak; /* not used for requests unless that is asked for */
    size_t mech_count;
    struct pc_mech mechs[PC_SCHEME_MECHS]; /* in the order they are tried */
    enum pc_sig_encoding encoding;
    struct pc_span aid; /* AlgorithmIdentifier, byte-exact */
    const char *rfc;    /* where the AlgorithmIdentifier is defined */
    const char *doc;
};

const struct pc_family *pc_family_get(enum pc_family_id id);
const struct pc_keyspec *pc_keyspec_get(enum pc_keyspec_id id);
const struct pc_digest *pc_digest_get(enum pc_digest_id id);
const struct pc_scheme *pc_scheme_get(enum pc_scheme_id id);

/* By name or alias, regardless of case. Unknown: ALGORITHM with the nearest name. */
PC_RESULT pc_keyspec_find(const char *name, const struct pc_keyspec **ret, p11csr_error **err);
PC_RESULT pc_scheme_find(const char *name, const struct pc_scheme **ret, p11csr_error **err);
PC_RESULT pc_digest_find(const char *name, enum pc_digest_id *ret, p11csr_error **err);
/* The scheme whose AlgorithmIdentifier this is, or NULL. */
const struct pc_scheme *pc_scheme_by_aid(struct pc_span aid);
/* True when a key of this spec can be used with the scheme. */
bool pc_scheme_fits(const struct pc_scheme *scheme, const struct pc_keyspec *spec);

#endif
