// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_URI_H
#define PC_TOKENS_URI_H

#include "base/buf.h"
#include "base/secret.h"

/*
 * pkcs11: URIs (RFC 7512). The reader is strict where p11-kit's is not: it names the byte that is wrong,
 * refuses unknown path attributes and duplicates, and takes a pin-value out into a secret, so that a URI can
 * be shown.
 */
enum pc_uri_attr {
    PC_URI_TOKEN,
    PC_URI_MANUFACTURER,
    PC_URI_SERIAL,
    PC_URI_MODEL,
    PC_URI_LIBRARY_MANUFACTURER,
    PC_URI_LIBRARY_DESCRIPTION,
    PC_URI_LIBRARY_VERSION,
    PC_URI_SLOT_MANUFACTURER,
    PC_URI_SLOT_DESCRIPTION,
    PC_URI_SLOT_ID,
    PC_URI_ID,
    PC_URI_OBJECT,
    PC_URI_TYPE,
    PC_URI_PIN_SOURCE, /* query attributes from here */
    PC_URI_MODULE_NAME,
    PC_URI_MODULE_PATH,
    PC_URI_PIN_VALUE, /* never among the values: see pc_uri.pin */
    PC_URI_COUNT
};

struct pc_uri {
    bool present[PC_URI_COUNT];
    struct pc_buf values[PC_URI_COUNT]; /* decoded octets */
    struct pc_secret *pin;              /* of pin-value, or NULL */
};

void pc_uri_init(struct pc_uri *uri);
void pc_uri_done(struct pc_uri *uri);
/* Reads a URI into `ret`, which the caller initialised. Errors: URI, with the byte counted from 1. */
PC_RESULT pc_uri_parse(const char *text, struct pc_uri *ret, p11csr_error **err);
/* True when text starts like a pkcs11: URI. */
bool pc_uri_is(const char *text);
/*
 * Takes from another URI what this one does not say itself. A PIN and where it comes from are one matter:
 * none of both is taken where one is there.
 */
PC_RESULT pc_uri_fill(struct pc_uri *uri, const struct pc_uri *from, p11csr_error **err);
/* Sets an attribute that is not a PIN. */
PC_RESULT pc_uri_set(struct pc_uri *uri, enum pc_uri_attr attr, struct pc_span value, p11csr_error **err);
/* False for values that a URI cannot name: none at all, and text that is not UTF-8 (RFC 7512 section 2.3). */
bool pc_uri_can_hold(enum pc_uri_attr attr, struct pc_span value);
/* The value as text without zeros inside, or NULL when it is absent. Borrowed. */
const char *pc_uri_text(const struct pc_uri *uri, enum pc_uri_attr attr);
struct pc_span pc_uri_value(const struct pc_uri *uri, enum pc_uri_attr attr);
/* Appends the URI in its normal form, without PIN attributes. */
PC_RESULT pc_uri_format(const struct pc_uri *uri, struct pc_buf *ret, p11csr_error **err);
const char *pc_uri_attr_name(enum pc_uri_attr attr);

#endif
