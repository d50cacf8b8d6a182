// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_RULE_H
#define PC_CSR_LINT_RULE_H

#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"
#include "csr/content/san.h"
#include "csr/lint/lint.h"

/* What the checks of the lint rules see, and how they report. For src/csr/lint only. */

struct pc_lint;

struct pc_lint_rule {
    const char *id; /* "S01" */
    enum pc_lint_set set;
    enum pc_lint_severity severity;
    /* Reports what it finds; the result is a failure only for lack of memory and the like. */
    PC_RESULT (*check)(struct pc_lint *lint, p11csr_error **err);
    const char *title;
    const char *source;
    const char *explanation;
};

/* The rule at `index`; NULL behind the last. */
const struct pc_lint_rule *pc_lint_rule_get(size_t index);
const struct pc_lint_rule *pc_lint_rule_find(const char *id);
bool pc_lint_is_ignored(const struct pc_lint_options *options, const struct pc_lint_rule *rule);

/* The public key as it stands, also where it is none that is known. Empty spans where there is nothing. */
struct pc_lint_key {
    struct pc_span oid;      /* content octets of the algorithm */
    struct pc_span aid;      /* AlgorithmIdentifier, whole encoding */
    struct pc_span params;   /* its parameters, whole encoding */
    struct pc_span octets;   /* of the BIT STRING */
    struct pc_span modulus;  /* RSA and RSASSA-PSS, without leading zeros */
    struct pc_span exponent; /* the same */
    bool negative_modulus;
    bool negative_exponent;
    unsigned bits; /* RSA: of the modulus; on a curve that is known: of its order; 0: not known */
    bool is_rsa;   /* rsaEncryption or id-RSASSA-PSS, and modulus and exponent could be read */
    bool is_known; /* `values` is set: p11csr can use such a key */
    struct pc_public values;
};

/* The signature's AlgorithmIdentifier. */
struct pc_lint_signature {
    struct pc_span oid;
    struct pc_span params;          /* whole encoding, empty: absent */
    const struct pc_scheme *scheme; /* NULL: p11csr has no row for exactly this identifier */
};

/*
 * Facts about one request, gathered once before the checks run; what could not be read is left empty and
 * reported by the structure rules. All spans are borrowed from the request.
 */
struct pc_lint {
    const struct pc_lint_options *options;
    const struct pc_crypto *crypto;
    const struct pc_csr *csr;
    const struct pc_lint_rule *rule; /* the one that is being checked */
    struct pc_lint_key key;
    struct pc_lint_signature signature;
    struct pc_buf names;       /* struct pc_name_part, in DER order */
    struct pc_buf attributes;  /* struct pc_attribute */
    struct pc_buf extensions;  /* struct pc_extension */
    struct pc_buf sans;        /* struct pc_general_name */
    struct pc_content content; /* key usage, extended key usages and basic constraints as values */
    struct pc_buf findings;    /* struct pc_lint_finding */
    struct pc_lint_counts counts;
};

struct pc_lint_finding {
    const struct pc_lint_rule *rule;
    enum pc_lint_severity severity;
    size_t at; /* byte of the request, or PC_LINT_NOWHERE */
    char *text;
};

#define PC_LINT_NOWHERE PC_DER_NOWHERE

/* Counts and elements of the lists. */
size_t pc_lint_name_count(const struct pc_lint *lint);
const struct pc_name_part *pc_lint_name(const struct pc_lint *lint, size_t index);
size_t pc_lint_attribute_count(const struct pc_lint *lint);
const struct pc_attribute *pc_lint_attribute(const struct pc_lint *lint, size_t index);
size_t pc_lint_extension_count(const struct pc_lint *lint);
const struct pc_extension *pc_lint_extension(const struct pc_lint *lint, size_t index);
size_t pc_lint_san_count(const struct pc_lint *lint);
const struct pc_general_name *pc_lint_san(const struct pc_lint *lint, size_t index);
/* The first extension of this OID (content octets, as PC_BYTES() makes them), or NULL. */
const struct pc_extension *pc_lint_extension_find(const struct pc_lint *lint, struct pc_span oid);
const struct pc_attribute *pc_lint_attribute_find(const struct pc_lint *lint, struct pc_span oid);
/* True when this extended key usage (content octets) is asked for. */
bool pc_lint_has_eku(const struct pc_lint *lint, struct pc_span oid);
/* Named bit of key usage, 0 digitalSignature to 8 decipherOnly. */
bool pc_lint_has_usage(const struct pc_lint *lint, unsigned bit);

/* The byte of the request where these octets stand. */
size_t pc_lint_at(const struct pc_lint *lint, struct pc_span part);
/*
 * Reports a finding of the rule that is being checked, with its severity; `at` is a byte or PC_LINT_NOWHERE.
 * Text from the request goes in as pc_lint_quote() makes it. Errors: NO_MEMORY; findings beyond
 * PC_MAX_FINDINGS are counted only.
 */
PC_RESULT pc_lint_report(struct pc_lint *lint, size_t at, p11csr_error **err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same as a warning, for rules that are errors only in part. */
PC_RESULT pc_lint_warn(struct pc_lint *lint, size_t at, p11csr_error **err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The rule cannot be judged here: the text says what it needs (the order, the key, a file by its name). */
PC_RESULT pc_lint_not_judged(struct pc_lint *lint, p11csr_error **err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * A quoted copy for messages, cut after 64 characters: control characters and what is no UTF-8 are escaped.
 * Released with pc_free_str (PC_CLEANUP). NULL when out of memory, which the report functions take for it.
 */
char *pc_lint_quote(struct pc_span text) __attribute__((malloc));
/* The same for an OID: its name if it has one, or dotted. */
char *pc_lint_oid_text(struct pc_span oid) __attribute__((malloc));

#endif
