// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_OPENSSL_CONF_H
#define PC_CSR_READING_OPENSSL_CONF_H

#include "csr/ossl.h"
#include "csr/reading/openssl_config.h"

#include <openssl/conf.h>
#include <openssl/x509v3.h>

/* The parts of reading a configuration of OpenSSL. For openssl_*.c only. */

struct pc_conf {
    CONF *conf;
    const char *section;
    const STACK_OF(CONF_VALUE) * oids; /* names and OIDs of oid_section, or NULL */
    unsigned long mask;                /* string types that are allowed, as B_ASN1_... */
    int chars;                         /* MBSTRING_ASC or MBSTRING_UTF8 */
    X509_REQ *req;                     /* holds the subject, for extensions that copy from it */
    struct pc_content *content;
    struct pc_openssl_config *out;
};

/* Fails with what libcrypto said last. */
PC_RESULT pc_conf_fail(const char *what, p11csr_error **err);
/* A setting of a section, or NULL; the section "default" stands in, as in OpenSSL. */
const char *pc_conf_get(const struct pc_conf *conf, const char *section, const char *name);
/* The values of a section that has to be there. */
PC_RESULT pc_conf_section(const struct pc_conf *conf, const char *section, const char *for_what,
                          STACK_OF(CONF_VALUE) * *ret, p11csr_error **err);
/* An object identifier by name or in dotted form; the caller frees it. NULL: unknown. */
ASN1_OBJECT *pc_conf_object(const struct pc_conf *conf, const char *name);
/* The dotted OID of a name of oid_section, the same text for all others; of `len` bytes. */
const char *pc_conf_oid_text(const struct pc_conf *conf, const char *name, size_t len);
PC_RESULT pc_conf_drop(const struct pc_conf *conf, const char *kind, const char *name, const char *why,
                       p11csr_error **err);

/*
 * Refuses what libcrypto would read without bounds: text that is too large, has too many variables, or
 * includes files.
 */
PC_RESULT pc_conf_check_text(struct pc_span text, p11csr_error **err);
/* The same once it is loaded: structures that contain themselves, or grow without end. */
PC_RESULT pc_conf_check_loaded(const CONF *conf, p11csr_error **err);

/* The subject, into conf->req, and the attributes, into conf->content. */
PC_RESULT pc_conf_take_subject(struct pc_conf *conf, p11csr_error **err);
PC_RESULT pc_conf_take_attributes(struct pc_conf *conf, p11csr_error **err);

#endif
