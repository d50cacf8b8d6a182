// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_REQUEST_H
#define P11CSR_REQUEST_H

#include "p11csr/key.h"
#include "p11csr/lint.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes an empty request. It is filled by the functions below, each of which checks its input at once, and
 * can be signed any number of times, with any keys. Freed with p11csr_request_free().
 */
P11CSR_API enum p11csr_code p11csr_request_new(p11csr_request **ret_request, p11csr_error **err);
P11CSR_API void p11csr_request_free(p11csr_request **request);

/*
 * The subject: RFC 4514 text, most specific part first ("CN=www.example.com,O=Example,C=DE"), or slash form
 * in DER order ("/C=DE/O=Example/CN=www.example.com"). UTF-8; "" is the empty subject. Bounds and string
 * types follow RFC 5280 appendix A.1. Replaces an earlier one. Errors: SUBJECT, with the position.
 */
P11CSR_API enum p11csr_code p11csr_request_set_subject(p11csr_request *request, const char *text,
                                                       p11csr_error **err);
/*
 * The subject as the DER of a Name (RFC 5280 section 4.1.2.4), `der_len` octets, taken over byte for byte:
 * string types and bounds stay as they are. The structure has to be DER, with at most 64 RDNs. Replaces an
 * earlier subject. Errors: SUBJECT, with the byte; LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_request_set_subject_der(p11csr_request *request, const void *der,
                                                           size_t der_len, p11csr_error **err);
/*
 * Adds a subject alternative name (RFC 5280 section 4.2.1.6); one that is there already is dropped. UTF-8.
 * `type` is one of:
 *   "dns", "email", "uri"  international labels of the host name become A-labels (IDNA2008); a mailbox whose
 *                          local part is not ASCII becomes an otherName SmtpUTF8Mailbox (RFC 9598)
 *   "ip"                   an address of IPv4 or IPv6
 *   "rid"                  a registered id: an OID
 *   "dirname"              a distinguished name, as p11csr_request_set_subject() takes it
 *   "upn"                  a user principal name of Active Directory: "user@realm"
 *   "krb5"                 a Kerberos principal (RFC 4556): "HTTP/host@REALM"; ":TYPE" follows where the
 *                          type of the name is not 1 for one part, 2 for krbtgt/..., 3 for other parts; a
 *                          backslash stands before / @ : and backslash that are meant literally
 *   "srv"                  a service of a host (RFC 4985): "_imap.example.com"
 *   "xmpp"                 an XMPP address (RFC 6120)
 *   "bundle-eid"           an endpoint of the Bundle Protocol (RFC 9174): "dtn://node/", "ipn:12.0"
 *   "hardware-module"      RFC 4108: "TYPE-OID:SERIAL" with the serial number in hex
 *   "permanent-id"         RFC 4043: "[VALUE][:ASSIGNER-OID]"; in the value a backslash stands before ':'
 *   "ntds-guid"            of a domain controller: as a GUID, or its 16 octets as 32 hex digits, which are in
 *                          another order
 *   "other-name"           "OID:hex:DER" or "OID:asn1:TYPE:TEXT", see ASN1_generate_nconf(3) of OpenSSL; an
 *                          OID of the above must have its value
 *   "smtp-utf8-mailbox"    what "email" makes of a mailbox whose local part is not ASCII
 * Errors: SAN, with the position; SUBJECT for what is wrong in a "dirname"; LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_request_add_san(p11csr_request *request, const char *type,
                                                   const char *value, p11csr_error **err);
/*
 * Key usage (RFC 5280 section 4.2.1.3): names separated by commas, like "digitalSignature,keyEncipherment";
 * critical unless ":noncritical" follows. Replaces an earlier one. Errors: EXTENSION.
 */
P11CSR_API enum p11csr_code p11csr_request_set_key_usage(p11csr_request *request, const char *list,
                                                         p11csr_error **err);
/*
 * Extended key usage (RFC 5280 section 4.2.1.12): names or object identifiers separated by commas, like
 * "serverAuth"; not critical unless ":critical" follows. Replaces an earlier one. Errors: EXTENSION.
 */
P11CSR_API enum p11csr_code p11csr_request_set_ext_key_usage(p11csr_request *request, const char *list,
                                                             p11csr_error **err);
/*
 * The names of key usages and of extended key usages that the two functions above take, each written as in
 * RFC 5280; NULL when `index` is behind the last. Static. Thread-safe.
 */
P11CSR_API const char *p11csr_key_usage_name(size_t index);
P11CSR_API const char *p11csr_ext_key_usage_name(size_t index);
/*
 * Basic constraints (RFC 5280 section 4.2.1.9). `is_ca`: 1 for a CA, which makes it critical. `path_length`:
 * -1 for none; only with is_ca. Errors: EXTENSION.
 */
P11CSR_API enum p11csr_code p11csr_request_set_basic_constraints(p11csr_request *request, int is_ca,
                                                                 long path_length, p11csr_error **err);
/*
 * Subject key identifier (RFC 5280 section 4.2.1.2, RFC 7093): "sha1", "sha256", "sha384", "sha512" (20
 * octets), or "spki-sha256" (32 octets). Computed from the key when the request is signed. NULL: none.
 * Errors: EXTENSION.
 */
P11CSR_API enum p11csr_code p11csr_request_set_subject_key_id(p11csr_request *request, const char *method,
                                                              p11csr_error **err);
/* TLS feature status_request, "must-staple" (RFC 7633). 1: asked for. */
P11CSR_API void p11csr_request_set_must_staple(p11csr_request *request, int wanted);
/*
 * Asks for any extension (RFC 5280 section 4.2). `what` is a word of the section EXTENSIONS of p11csr(1),
 * "key-usage", "ext-key-usage" or "basic-constraints" (value: "ca", "ca:N", "none"), or a dotted object
 * identifier; ":critical" or ":noncritical" may follow, else it is critical where its kind usually is. The
 * value of a word is text; it adds to a value of the same origin where the word says so. That of an object
 * identifier is the DER of what stands in extnValue: "hex:3000", "asn1:UTF8:text" (the syntax of OpenSSL's
 * ASN1_generate_nconf(3), without a configuration), or the name of a file with DER, at most 256 KiB. Replaces
 * an earlier one of the same kind. Errors: EXTENSION with the byte, LIMIT, READ, CERTIFICATE.
 */
P11CSR_API enum p11csr_code p11csr_request_add_extension(p11csr_request *request, const char *what,
                                                         const char *value, p11csr_error **err);
/*
 * Adds a value to an attribute (RFC 2986 section 4.1). `what` is a word of that section or a dotted object
 * identifier; `value` as for p11csr_request_add_extension(). Values of one attribute are put in DER order; a
 * single-valued attribute is replaced. The attributes that hold extensions are refused. Errors: ATTRIBUTE,
 * LIMIT, READ.
 */
P11CSR_API enum p11csr_code p11csr_request_add_attribute(p11csr_request *request, const char *what,
                                                         const char *value, p11csr_error **err);
/*
 * Asks with a challenge password (RFC 2985 section 5.4.1): UTF-8 text of 1 to 255 characters, which is
 * copied; the caller wipes its own. It stands in the request in clear, is never shown, and replaces an
 * earlier one. Errors: ATTRIBUTE, which do not repeat it.
 */
P11CSR_API enum p11csr_code p11csr_request_set_challenge_password(p11csr_request *request, const void *text,
                                                                  size_t len, p11csr_error **err);
/*
 * DRAFT: adds a statement to the attribute id-aa-attestation (1.2.840.113549.1.9.16.2.59) as
 * draft-ietf-lamps-csr-attestation, an Internet-Draft, has it; CAs may not know it, and this function follows
 * the draft. `type`: the dotted object identifier of what the statement is; `der`: one DER value of at most
 * 256 KiB (an OCTET STRING around it where the vendor's format is none), copied. Statements stay in the order
 * in which they are added. It has to be about the key that signs, which is checked where it can be read: see
 * p11csr_request_check_attestation(). What a module merely reports is no attestation. Errors: ATTRIBUTE with
 * the byte; LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_request_add_attestation(p11csr_request *request, const char *type,
                                                           const void *der, size_t len, p11csr_error **err);
/*
 * DRAFT: adds certificates that help to check the statements, PEM or DER, to that attribute; at most 32 in
 * all. Errors: CERTIFICATE, LIMIT, ATTRIBUTE when no statement was added before.
 */
P11CSR_API enum p11csr_code p11csr_request_add_attestation_certificates(p11csr_request *request,
                                                                        const void *data, size_t len,
                                                                        p11csr_error **err);
/* What can be told of whether the attestations in a request are about a key. */
enum p11csr_attestation {
    P11CSR_ATTESTATION_NONE = 0,   /* there are none */
    P11CSR_ATTESTATION_UNREAD = 1, /* nothing in them can be read that tells */
    P11CSR_ATTESTATION_OF_KEY = 2, /* one of their certificates has the key's public half */
};
/*
 * DRAFT: whether the attestations are about this key, in *ret_verdict: looks at their certificates, and at
 * statements that are certificates (PEM, DER or PKCS#7, also in an OCTET STRING), for its
 * SubjectPublicKeyInfo. Their signatures are for the CA to check. Errors: ATTRIBUTE when one of them is the
 * attestation of another key by a vendor that is known (Yubico), which p11csr_request_assemble(),
 * p11csr_request_plan() and p11csr_request_sign() refuse too; NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_request_check_attestation(const p11csr_request *request, p11csr_key *key,
                                                             enum p11csr_attestation *ret_verdict,
                                                             p11csr_error **err);
/* Forgets all of a kind: "san", "extensions" (all but the names) or "attributes". Errors: VALUE. */
P11CSR_API enum p11csr_code p11csr_request_clear(p11csr_request *request, const char *what,
                                                 p11csr_error **err);
/*
 * Says where the values that are set from now on come from: "profile tls-server", "--dns". NULL: from
 * nowhere in particular. The different texts of a request are at most 4 MiB together. Errors: LIMIT.
 */
P11CSR_API enum p11csr_code p11csr_request_set_origin(p11csr_request *request, const char *origin,
                                                      p11csr_error **err);
/*
 * Everything the request asks for as one JSON object, each value with its "origin" (null: unknown), to be
 * freed with p11csr_free_text(). A password is not shown. The schema is part of the project. Errors:
 * NO_MEMORY.
 */
P11CSR_API enum p11csr_code p11csr_request_describe(const p11csr_request *request, char **ret_json,
                                                    p11csr_error **err);
/* The signature scheme by name, like "rsa-pss-sha256"; NULL: the default of the key. Errors: ALGORITHM. */
P11CSR_API enum p11csr_code p11csr_request_set_scheme(p11csr_request *request, const char *name,
                                                      p11csr_error **err);
/*
 * The digest by name, like "sha384", or NULL for the key's default; `pss`: 1 for RSASSA-PSS. The scheme is
 * then chosen when the kind of key is known. Replaces an earlier choice of a scheme. Errors: ALGORITHM.
 */
P11CSR_API enum p11csr_code p11csr_request_set_hash(p11csr_request *request, const char *digest, int pss,
                                                    p11csr_error **err);
/*
 * 1: also weak keys (RSA below 2048 bits) and weak schemes (SHA-1) are used. Default 0.
 */
P11CSR_API void p11csr_request_allow_weak(p11csr_request *request, int allow);
/*
 * Checks everything that needs no token, as p11csr_request_sign() will: that there is something to certify,
 * and that the scheme fits a key of the kind `key_type` ("p256"; NULL: not known yet). Errors: SUBJECT,
 * ALGORITHM, WEAK.
 */
P11CSR_API enum p11csr_code p11csr_request_check(const p11csr_request *request, const char *key_type,
                                                 p11csr_error **err);
/*
 * Checks before a key of the kind `key_type` is made for this request that `token` (an alias, a label or a
 * pkcs11: URI; NULL: the only one) has a mechanism for its signature, without a login. Errors: those of
 * p11csr_request_check() and of finding the token, MECHANISM.
 */
P11CSR_API enum p11csr_code p11csr_request_check_token(const p11csr_request *request, p11csr_ctx *ctx,
                                                       const char *token, const char *key_type,
                                                       p11csr_error **err);
/* How a request would be signed. Fields may be added at the end. */
struct p11csr_signature {
    const char *scheme; /* static */
    char mechanism[48]; /* CKM name */
};
/*
 * The scheme and the mechanism that p11csr_request_sign() would use with a key of this kind on this token,
 * with the arguments and errors of p11csr_request_check_token().
 */
P11CSR_API enum p11csr_code p11csr_request_get_signature(const p11csr_request *request, p11csr_ctx *ctx,
                                                         const char *token, const char *key_type,
                                                         struct p11csr_signature *ret, p11csr_error **err);
/*
 * The DER of the CertificationRequestInfo (RFC 2986 section 4.1) that p11csr_request_sign() would have signed
 * with this key, and in *ret_sha256, if not NULL, its SHA-256 in lower-case hex. The same request and key
 * give the same bytes; nothing is signed. *ret_info is freed with p11csr_free_bytes(), *ret_sha256 with
 * p11csr_free_text(). Errors: those of p11csr_request_check().
 */
P11CSR_API enum p11csr_code p11csr_request_assemble(const p11csr_request *request, p11csr_key *key,
                                                    unsigned char **ret_info, size_t *ret_len,
                                                    char **ret_sha256, p11csr_error **err);
/*
 * From now on p11csr_request_sign() signs nothing but the CertificationRequestInfo that has this SHA-256, in
 * hex, colons allowed; it is compared before the token is asked to sign. NULL: no longer. Errors: VALUE.
 */
P11CSR_API enum p11csr_code p11csr_request_expect(p11csr_request *request, const char *sha256,
                                                  p11csr_error **err);
/*
 * Assembles the CertificationRequestInfo (RFC 2986), has the token sign it, and proves the result: it is read
 * back, compared with what was asked, and its signature verified in software with the public key in it. On
 * any failure there is no result. Errors: those of p11csr_request_check(), NOT_PLANNED, MECHANISM,
 * KEY_USE, PROOF_SIGNATURE, PROOF_PUBLIC_KEY, PROOF_CONTENT, and those of the login. *ret_csr is freed with
 * p11csr_csr_free().
 */
P11CSR_API enum p11csr_code p11csr_request_sign(const p11csr_request *request, p11csr_key *key,
                                                p11csr_csr **ret_csr, p11csr_error **err);

/*
 * The rules that the request has to keep; NULL: none, as it is at first. They are borrowed: `lint` lives as
 * long as the request uses it. p11csr_request_sign(), _assemble() and _plan() then hold what would be signed
 * against them and fail with LINT, a note for each broken rule, before the token signs anything.
 * Thread-safety: as other setters.
 */
P11CSR_API void p11csr_request_set_lint(p11csr_request *request, const p11csr_lint *lint);
/*
 * The same before there is a key: holds what would be signed with a key of this kind, like "p256", against
 * the rules. Nothing is done on a token. *ret_json, if not NULL, receives what p11csr_csr_lint() would give,
 * to be freed with p11csr_free_text(), or NULL without rules. Errors: LINT, ALGORITHM, and those of an
 * incomplete request.
 */
P11CSR_API enum p11csr_code p11csr_request_check_lint(const p11csr_request *request, p11csr_ctx *ctx,
                                                      const char *key_type, char **ret_json,
                                                      p11csr_error **err);

#ifdef __cplusplus
}
#endif

#endif
