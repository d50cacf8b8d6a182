// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_PROTECTION_H
#define PC_TOKENS_PROTECTION_H

#include "tokens/key.h"

/*
 * What the module says about a private key. It is a claim of the module and no evidence. Everything that it
 * does not say is UNKNOWN, CK_UNAVAILABLE_INFORMATION or absent.
 */
struct pc_key_protection {
    enum pc_flag sensitive, extractable, always_sensitive, never_extractable, local, private_object,
        always_authenticate;
    enum pc_flag sign, decrypt, unwrap, derive;
    enum pc_flag wrap_with_trusted, modifiable, copyable, destroyable;
    CK_MECHANISM_TYPE keygen_mechanism;
    bool value_readable;   /* the private value itself could be read; it is never taken */
    char value_answer[32]; /* the CKR name of what C_GetAttributeValue said to that */
};
PC_RESULT pc_key_protection_read(struct pc_token *token, struct pc_key *key, const struct pc_login *login,
                                 struct pc_key_protection *ret, p11csr_error **err);

/*
 * Appends the CK_MECHANISM_TYPE of each mechanism that the key may be used with (CKA_ALLOWED_MECHANISMS).
 * *ret_there is false when the token does not say.
 */
PC_RESULT pc_key_allowed_mechanisms(struct pc_token *token, const struct pc_key *key, struct pc_buf *ret,
                                    bool *ret_there, p11csr_error **err);

/* The keys on the token that may wrap others (CKA_WRAP), as far as they are visible. */
struct pc_wrapping_keys {
    size_t all;
    size_t trusted; /* CKA_TRUSTED: a security officer says so */
};
PC_RESULT pc_wrapping_keys_count(struct pc_token *token, struct pc_wrapping_keys *ret, p11csr_error **err);

/* A validation that the module claims to have (CKO_VALIDATION, PKCS#11 3.2). */
enum pc_validation_text {
    PC_VALIDATION_MODULE,
    PC_VALIDATION_COUNTRY,
    PC_VALIDATION_CERTIFICATE,
    PC_VALIDATION_CERTIFICATE_URI,
    PC_VALIDATION_VENDOR_URI,
    PC_VALIDATION_PROFILE,
    PC_VALIDATION_TEXTS
};
struct pc_validation {
    CK_ULONG type;      /* CKV_TYPE_... */
    CK_ULONG authority; /* CKV_AUTHORITY_TYPE_... */
    CK_ULONG level;
    bool has_version;
    CK_VERSION version; /* of the standard */
    bool covers_key;    /* the key says that it is kept as this validation wants */
    struct pc_buf texts[PC_VALIDATION_TEXTS];
};
typedef PC_RESULT pc_validation_visitor(const struct pc_validation *validation, void *data,
                                        p11csr_error **err);
/* Calls `visit` for each; modules before PKCS#11 3.2 have none. */
PC_RESULT pc_validations_walk(struct pc_token *token, const struct pc_key *key, pc_validation_visitor *visit,
                              void *data, p11csr_error **err);

#endif
