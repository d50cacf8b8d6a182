// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_CERTIFICATE_H
#define P11CSR_CERTIFICATE_H

#include "p11csr/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Says which certificate on a token is meant. Set struct_size by P11CSR_CERTIFICATE_SELECT_INIT. `token` is
 * an alias, a token's label, or a pkcs11: URI, which may name the certificate as well.
 */
struct p11csr_certificate_select {
    size_t struct_size;
    const char *token;           /* NULL: the only token there is */
    const char *label;           /* CKA_LABEL, or NULL */
    const unsigned char *id;     /* CKA_ID, or NULL */
    size_t id_len;               /* bytes */
    const unsigned char *serial; /* serial number, big-endian without leading zeros, or NULL */
    size_t serial_len;
    const unsigned char *spki; /* SubjectPublicKeyInfo of the key it is for, or NULL */
    size_t spki_len;
    const char *piv_slot; /* of a PIV card, in place of `id`: see struct p11csr_select; or NULL */
};
#define P11CSR_CERTIFICATE_SELECT_INIT                                                                       \
    {                                                                                                        \
        .struct_size = sizeof(struct p11csr_certificate_select)                                              \
    }

/* A certificate as the token holds it. Fields may be added at the end. */
struct p11csr_certificate_info {
    const char *uri;         /* RFC 7512, type=cert */
    const char *token;       /* the token's label */
    const char *label;       /* CKA_LABEL as UTF-8; may be empty */
    const char *id;          /* CKA_ID in hex; may be empty */
    const char *subject;     /* RFC 4514; may be empty */
    const char *issuer;      /* the same */
    const char *serial;      /* in hex */
    const char *not_before;  /* RFC 3339, UTC; empty when it cannot be read */
    const char *not_after;   /* the same */
    const char *sha256;      /* of the certificate, in hex */
    const char *spki_sha256; /* of its SubjectPublicKeyInfo */
    const char *problem;     /* why it cannot be read; then what it says is empty. NULL: it can */
    long seconds_left;       /* to the end of its validity; negative when it has expired */
    int has_key;     /* 1: its private key is on the token, 0: it is not, -1: not known without a login */
    int placeholder; /* 1: written by the module for want of a real one: self-issued, not signed by its key,
                        its validity ends no later than it begins, and no other key has its CKA_ID */
};

typedef struct p11csr_certificate_list p11csr_certificate_list;

/*
 * Lists the certificates that match, those that expire first in front, those that cannot be read last. Logs
 * in when a PIN source that asks nobody is known, so that it can tell which keys are there. Errors: those of
 * finding the token, and of the login. Freed with p11csr_certificate_list_free().
 */
P11CSR_API enum p11csr_code p11csr_certificates_list(p11csr_ctx *ctx,
                                                     const struct p11csr_certificate_select *select,
                                                     p11csr_certificate_list **ret_list, p11csr_error **err);
P11CSR_API size_t p11csr_certificate_list_count(const p11csr_certificate_list *list);
/* Borrowed from the list; NULL when `index` is out of range. */
P11CSR_API const struct p11csr_certificate_info *
p11csr_certificate_list_get(const p11csr_certificate_list *list, size_t index);
P11CSR_API void p11csr_certificate_list_free(p11csr_certificate_list **list);

typedef struct p11csr_certificate p11csr_certificate;

/*
 * Finds the one certificate that matches. `for_change`: 1 when it is going to be deleted: then the login is
 * the one that changes need. Errors: CERT_NOT_FOUND, CERT_AMBIGUOUS (the candidates are notes of the error),
 * and those of the login. Freed with p11csr_certificate_free() before its context.
 */
P11CSR_API enum p11csr_code p11csr_certificate_open(p11csr_ctx *ctx,
                                                    const struct p11csr_certificate_select *select,
                                                    int for_change, p11csr_certificate **ret_certificate,
                                                    p11csr_error **err);
/* Borrowed. Never NULL. */
P11CSR_API const struct p11csr_certificate_info *
p11csr_certificate_get_info(const p11csr_certificate *certificate);
/* The certificate as DER, borrowed. *ret_len in bytes. */
P11CSR_API const unsigned char *p11csr_certificate_get_der(const p11csr_certificate *certificate,
                                                           size_t *ret_len);
/*
 * The certificate as PEM, to be freed with p11csr_free_text(). `with_chain`: 1: followed by those on the
 * token that issued it, by name and signature, up to one that issued itself or whose issuer is not there.
 */
P11CSR_API enum p11csr_code p11csr_certificate_to_pem(p11csr_certificate *certificate, int with_chain,
                                                      char **ret_pem, p11csr_error **err);
/*
 * 1 when `select` named the token and all that the certificate is called by: its label and id, as far as it
 * has them, or its serial number.
 */
P11CSR_API int p11csr_certificate_is_fully_named(const p11csr_certificate *certificate);
/*
 * Destroys the certificate object, and nothing else (PKCS#11 C_DestroyObject). It is looked at again before
 * and after. There is no way back. Errors: those of the token, WRITE (the log).
 */
P11CSR_API enum p11csr_code p11csr_certificate_delete(p11csr_certificate *certificate, p11csr_error **err);
P11CSR_API void p11csr_certificate_free(p11csr_certificate **certificate);

/* Says what to install. Set struct_size by P11CSR_INSTALL_INIT. */
struct p11csr_install {
    size_t struct_size;
    /* The certificate, PEM or DER; further ones in the same PEM are its chain, each issued by the next. */
    const void *certificate;
    size_t certificate_len;
    const void *chain; /* certificates that go on where the first input ends, or NULL */
    size_t chain_len;
    int replace; /* 1: certificates that are in its way are deleted once the new one is there */
};
#define P11CSR_INSTALL_INIT                                                                                  \
    {                                                                                                        \
        .struct_size = sizeof(struct p11csr_install)                                                         \
    }

/*
 * Stores a certificate beside its private key, with the same CKA_ID and label (PKCS#11 3.0 section 4.6.3).
 * `select` names the token, and the key where several have that public value; the key has to show the
 * public key of the certificate, or, when it is named and shows none, to sign a test message that verifies
 * by it: one signature, with the PIN that the key may want for each. The chain has to be one, by names and
 * signatures; what of it is on the token already is left. In its way are: other certificates with the key's
 * CKA_ID, the same certificate elsewhere, and one of the same issuer and serial number. They are refused,
 * or with `replace` deleted after the new one was read back; a placeholder for the same public key is
 * deleted always. When storing fails, what this call stored is deleted again and the old ones are as they
 * were; deleting those may stop half-way, and the error says so. *ret_json, to be freed with
 * p11csr_free_text(), is an object with
 *   "certificate"  label, id, subject, sha256, and stored: false when it was there already
 *   "chain"        array of the same
 *   "removed"      array of uri, serial and placeholder
 * Errors: CERTIFICATE, NOT_VERIFIABLE (the chain), KEY_NOT_FOUND, KEY_AMBIGUOUS, CERT_EXISTS,
 * TOKEN_READ_ONLY, TOKEN_FULL, PROOF_CONTENT, UNSUPPORTED (the key has no CKA_ID), and those of the login.
 */
P11CSR_API enum p11csr_code p11csr_certificate_install(p11csr_ctx *ctx, const struct p11csr_select *select,
                                                       const struct p11csr_install *install, char **ret_json,
                                                       p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
