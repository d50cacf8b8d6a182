// SPDX-License-Identifier: Apache-2.0
/* Reads requests, one in hex a line, with OpenSSL, and says what they hold. */
#include "dump.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

static json_t *oid_text(const ASN1_OBJECT *oid)
{
    char text[256];
    if (OBJ_obj2txt(text, sizeof(text), oid, 1) <= 0) {
        return json_null();
    }
    return json_string(text);
}

static json_t *extensions_of(X509_REQ *req)
{
    json_t *list = json_array();
    STACK_OF(X509_EXTENSION) *all = X509_REQ_get_extensions(req);
    for (int i = 0; i < sk_X509_EXTENSION_num(all); i++) {
        X509_EXTENSION *one = sk_X509_EXTENSION_value(all, i);
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(one);
        json_array_append_new(
            list,
            json_pack("[o, b, o]", oid_text(X509_EXTENSION_get_object(one)), X509_EXTENSION_get_critical(one),
                      dump_hex(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value))));
    }
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    return list;
}

static json_t *text_of(const ASN1_STRING *value)
{
    return json_stringn((const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
}

/* The names that every judge knows, in the order of the request. */
static json_t *names_of(X509_REQ *req)
{
    json_t *list = json_array();
    STACK_OF(X509_EXTENSION) *all = X509_REQ_get_extensions(req);
    GENERAL_NAMES *names = X509V3_get_d2i(all, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            json_array_append_new(list, json_pack("[s, o]", "dns", text_of(name->d.dNSName)));
        } else if (name->type == GEN_EMAIL) {
            json_array_append_new(list, json_pack("[s, o]", "email", text_of(name->d.rfc822Name)));
        } else if (name->type == GEN_URI) {
            json_array_append_new(list,
                                  json_pack("[s, o]", "uri", text_of(name->d.uniformResourceIdentifier)));
        } else if (name->type == GEN_IPADD) {
            json_array_append_new(list, json_pack("[s, o]", "ip",
                                                  dump_hex(ASN1_STRING_get0_data(name->d.iPAddress),
                                                           (size_t)ASN1_STRING_length(name->d.iPAddress))));
        }
    }
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    return list;
}

static json_t *attributes_of(X509_REQ *req)
{
    json_t *list = json_array();
    for (int i = 0; i < X509_REQ_get_attr_count(req); i++) {
        X509_ATTRIBUTE *one = X509_REQ_get_attr(req, i);
        json_array_append_new(
            list, json_pack("[o, i]", oid_text(X509_ATTRIBUTE_get0_object(one)), X509_ATTRIBUTE_count(one)));
    }
    return list;
}

json_t *dump_request(const unsigned char *der, size_t len)
{
    const unsigned char *at = der;
    X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)len);
    if (req == NULL || at != der + len) {
        X509_REQ_free(req);
        return json_pack("{s:b, s:s}", "good", 0, "why", "it cannot be read");
    }
    unsigned char *subject = NULL;
    const int subject_len = i2d_X509_NAME(X509_REQ_get_subject_name(req), &subject);
    const int good = X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) == 1;
    json_t *said = json_pack("{s:b, s:o, s:o, s:o, s:o}", "good", good, "subject",
                             dump_hex(subject, (size_t)subject_len), "extensions", extensions_of(req),
                             "names", names_of(req), "attributes", attributes_of(req));
    OPENSSL_free(subject);
    X509_REQ_free(req);
    return said;
}
