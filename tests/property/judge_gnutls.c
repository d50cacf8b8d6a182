// SPDX-License-Identifier: Apache-2.0
/* Reads requests, one in hex a line, with GnuTLS, and says what they hold. */
#include "dump.h"

#include <gnutls/x509.h>
#include <string.h>

static json_t *datum_hex(gnutls_datum_t *datum)
{
    json_t *value = dump_hex(datum->data, datum->size);
    gnutls_free(datum->data);
    return value;
}

static json_t *extensions_of(gnutls_x509_crq_t crq)
{
    json_t *list = json_array();
    for (unsigned i = 0;; i++) {
        char oid[256];
        size_t size = sizeof(oid);
        unsigned critical = 0;
        gnutls_datum_t value = {NULL, 0};
        if (gnutls_x509_crq_get_extension_info(crq, i, oid, &size, &critical) != 0 ||
            gnutls_x509_crq_get_extension_data2(crq, i, &value) != 0) {
            return list;
        }
        json_array_append_new(list, json_pack("[s, b, o]", oid, (int)critical, datum_hex(&value)));
    }
}

static json_t *names_of(gnutls_x509_crq_t crq)
{
    static const struct {
        unsigned type;
        const char *name;
    } kinds[] = {{GNUTLS_SAN_DNSNAME, "dns"}, {GNUTLS_SAN_RFC822NAME, "email"}, {GNUTLS_SAN_URI, "uri"}};
    json_t *list = json_array();
    for (unsigned i = 0;; i++) {
        unsigned char value[70000];
        size_t size = sizeof(value);
        unsigned type = 0;
        const int got = gnutls_x509_crq_get_subject_alt_name(crq, i, value, &size, &type, NULL);
        if (got < 0) {
            return list;
        }
        if (type == GNUTLS_SAN_IPADDRESS) {
            json_array_append_new(list, json_pack("[s, o]", "ip", dump_hex(value, size)));
        }
        for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
            if (kinds[kind].type == type) {
                json_array_append_new(
                    list, json_pack("[s, o]", kinds[kind].name, json_stringn((const char *)value, size)));
            }
        }
    }
}

/* Each attribute of the subject: its type and the DER of its value. */
static json_t *subject_of(gnutls_x509_crq_t crq)
{
    json_t *list = json_array();
    for (unsigned i = 0;; i++) {
        char oid[256];
        size_t size = sizeof(oid);
        unsigned before = 0;
        unsigned char value[70000];
        size_t len = sizeof(value);
        json_t *part = NULL;
        size_t at = 0;
        if (gnutls_x509_crq_get_dn_oid(crq, i, oid, &size) != 0) {
            return list;
        }
        json_array_foreach(list, at, part)
        {
            before += strcmp(json_string_value(json_array_get(part, 0)), oid) == 0;
        }
        if (gnutls_x509_crq_get_dn_by_oid(crq, oid, before, 1, value, &len) < 0) {
            return list;
        }
        json_array_append_new(list, json_pack("[s, o]", oid, dump_hex(value, len)));
    }
}

json_t *dump_request(const unsigned char *der, size_t len)
{
    gnutls_x509_crq_t crq = NULL;
    const gnutls_datum_t input = {(unsigned char *)(size_t)der, (unsigned)len};
    json_t *said = NULL;
    if (gnutls_x509_crq_init(&crq) != 0) {
        return NULL;
    }
    const int status = gnutls_x509_crq_import(crq, &input, GNUTLS_X509_FMT_DER);
    if (status != 0) {
        said = json_pack("{s:b, s:s}", "good", 0, "why", gnutls_strerror(status));
    } else {
        said = json_pack("{s:b, s:o, s:o, s:o}", "good", gnutls_x509_crq_verify(crq, 0) == 0, "parts",
                         subject_of(crq), "extensions", extensions_of(crq), "names", names_of(crq));
    }
    gnutls_x509_crq_deinit(crq);
    return said;
}
