// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_CONTENT_H
#define PC_CSR_CONTENT_CONTENT_H

#include "base/buf.h"

/*
 * What a request asks for, as values: filled from options or profiles, encoded by pc_extensions_write(), and
 * filled again by reading the finished request, so that the two can be compared. A setter that fails changes
 * nothing, unless it fails for lack of memory or LIMIT: then only pc_content_done() may follow.
 */

/* GeneralName choices (RFC 5280 section 4.2.1.6) that have a row. The value is kept in its encoded form. */
enum pc_san_type {
    PC_SAN_EMAIL,
    PC_SAN_DNS,
    PC_SAN_URI,
    PC_SAN_IP,
    PC_SAN_RID,
    PC_SAN_DIRNAME,
    PC_SAN_UPN,
    PC_SAN_SMTP_UTF8, /* a mailbox whose local part is not ASCII */
    PC_SAN_KRB5,
    PC_SAN_SRV,
    PC_SAN_XMPP,
    PC_SAN_BUNDLE_EID,
    PC_SAN_HARDWARE_MODULE,
    PC_SAN_PERMANENT_ID,
    PC_SAN_NTDS_GUID,
    PC_SAN_OTHER, /* an otherName of a type that has no row above */
    PC_SAN_COUNT
};

struct pc_san {
    enum pc_san_type type;
    struct pc_span value; /* content octets of the GeneralName */
};

/* Named bits of KeyUsage (RFC 5280 section 4.2.1.3): bit n is named bit n. */
enum { PC_KEY_USAGE_COUNT = 9 };

enum { PC_SKID_MAX = 64 };

struct pc_content {
    struct pc_buf subject;   /* DER of the Name; empty buffer = not set */
    struct pc_buf san_store; /* octets of the values below, one after the other */
    struct pc_buf sans;      /* entries, see san.c; read with pc_content_san() */
    struct pc_buf ekus;      /* complete OID encodings (06 ...), one after the other */
    unsigned key_usage;      /* 0 = not asked for */
    bool san_critical;
    bool san_said_critical; /* although there is a subject */
    bool key_usage_critical;
    bool eku_critical;
    bool has_basic;
    bool basic_critical;
    bool is_ca;
    bool has_path_length;
    unsigned long path_length;
    uint8_t skid[PC_SKID_MAX]; /* subject key identifier */
    size_t skid_len;           /* 0 = not asked for */
    bool must_staple;          /* TLS feature status_request (RFC 7633) */
    struct pc_buf extensions;  /* those without a field: complete encodings, one after the other */
    struct pc_buf attributes;  /* besides the one that holds extensions: complete encodings, in DER order */
};

void pc_content_init(struct pc_content *content);
void pc_content_done(struct pc_content *content);

/* Takes the text of a distinguished name, see pc_name_parse(). Replaces an earlier one. */
PC_RESULT pc_content_set_subject(struct pc_content *content, const char *text, p11csr_error **err);
/* Takes the DER of a Name byte for byte. Replaces an earlier one. Errors: SUBJECT with the byte. */
PC_RESULT pc_content_set_subject_der(struct pc_content *content, struct pc_span der, p11csr_error **err);
/* Puts the RDNs of the subject into the order of these types, see pc_name_reorder(). */
PC_RESULT pc_content_order_subject(struct pc_content *content, const char *const *types, size_t count,
                                   p11csr_error **err);
/* A kind by its word, like "dns". Unknown: SAN with the nearest. */
PC_RESULT pc_san_type_find(const char *name, enum pc_san_type *ret, p11csr_error **err);
const char *pc_san_type_name(enum pc_san_type type);
/*
 * Adds an alternative name from text, checked as standards demand: dns LDH or international labels with at
 * most a leading "*." label and no trailing dot; ip RFC 791 dotted or RFC 4291 text, no IPv4-mapped IPv6;
 * email a dot-atom at a host name, as SMTP_UTF8 unless its local part is ASCII; uri absolute with scheme; the
 * others as pc_san_format() writes them. Errors: SAN with the position or reason, SUBJECT below a directory
 * name. A duplicate is dropped silently.
 */
PC_RESULT pc_content_add_san(struct pc_content *content, enum pc_san_type type, const char *text,
                             p11csr_error **err);
/* Adds one by its content octets, as read from a request. A duplicate is kept. */
PC_RESULT pc_content_add_san_octets(struct pc_content *content, enum pc_san_type type, struct pc_span octets,
                                    p11csr_error **err);
void pc_content_clear_sans(struct pc_content *content);
size_t pc_content_san_count(const struct pc_content *content);
struct pc_san pc_content_san(const struct pc_content *content, size_t index);
/*
 * Appends the value as people write it: text with A-labels, an address in dotted or RFC 5952 form, a name in
 * RFC 4514 form, an object identifier in dotted form.
 */
PC_RESULT pc_san_format(struct pc_san san, struct pc_buf *ret, p11csr_error **err);

/*
 * The SAN is critical when the subject is empty (RFC 5280 section 4.1.2.6), and where it was said to be.
 * Called before assembling, which refuses content that is not settled.
 */
void pc_content_settle(struct pc_content *content);

/*
 * Comma-separated names of the nine usages, in either form: digitalSignature or digital-signature, or all
 * lower case. ":critical" or ":noncritical" may follow the list; critical is the default. Replaces an earlier
 * list.
 */
PC_RESULT pc_content_set_key_usage(struct pc_content *content, const char *list, p11csr_error **err);
/* Name of a named bit, which is less than PC_KEY_USAGE_COUNT: "digitalSignature". */
const char *pc_key_usage_name(unsigned bit);
/*
 * Comma-separated names (serverAuth, server-auth, ...) or dotted OIDs; not critical unless ":critical"
 * follows. Replaces an earlier list; a duplicate is an error.
 */
PC_RESULT pc_content_set_ext_key_usage(struct pc_content *content, const char *list, p11csr_error **err);
/* Adds one by the content octets of its OID; a duplicate is an error (EXTENSION). */
PC_RESULT pc_content_add_eku(struct pc_content *content, struct pc_span oid, p11csr_error **err);
/* Name of an extended key usage by the content octets of its OID, or NULL. */
const char *pc_eku_name(struct pc_span oid);
/* The names that there are, by their place in the table; NULL behind the last. */
const char *pc_ext_key_usage_name(size_t index);
/* Basic constraints; path_length -1: none. A path length without is_ca is an error (EXTENSION). */
PC_RESULT pc_content_set_basic(struct pc_content *content, bool is_ca, long path_length, p11csr_error **err);
void pc_content_set_must_staple(struct pc_content *content, bool wanted);

/* Compares what was asked with what was read back. On a difference: PROOF_CONTENT naming the field. */
PC_RESULT pc_content_compare(const struct pc_content *asked, const struct pc_content *got,
                             p11csr_error **err);

#endif
