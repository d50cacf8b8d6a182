// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_DATA_H
#define PC_CSR_LINT_DATA_H

#include "csr/crypto.h"
#include "csr/lint/addresses.h"

/*
 * Lists that rules look things up in: files in a data directory, each read when it is first asked for. None
 * has to be there. One set serves all requests of a run; threads may share it.
 */
struct pc_lint_data;

enum pc_lint_list {
    PC_LIST_TLDS,      /* tlds-alpha-by-domain.txt: IANA's list of top-level domains */
    PC_LIST_SUFFIXES,  /* public_suffix_list.dat, also where Debian's package publicsuffix has it */
    PC_LIST_ADDRESSES, /* special-addresses.txt: "CIDR NAME" a line; built in if there is none */
    PC_LIST_BLOCKED,   /* blocked-keys.txt: SHA-256 of SubjectPublicKeyInfo in hex, one a line */
    PC_LIST_RSA_1024,  /* blacklist.RSA-1024, as in Debian's package openssl-blacklist; so are those below */
    PC_LIST_RSA_2048,
    PC_LIST_RSA_3072,
    PC_LIST_RSA_4096,
    PC_LIST_RSA_8192,
    PC_LIST_COUNT,
};

enum pc_listed {
    PC_LISTED_NO,
    PC_LISTED_YES,
    PC_LISTED_UNKNOWN, /* the list is not there */
};

/*
 * `dir` NULL: the directory that p11csr is installed with, which need not be there. The files are not looked
 * for yet. Errors: READ when `dir` is no directory.
 */
PC_RESULT pc_lint_data_new(const char *dir, struct pc_lint_data **ret, p11csr_error **err);
/* Accepts NULL and a pointer to NULL. */
void pc_lint_data_free(struct pc_lint_data **data);

/*
 * The functions that look something up fail when a list is there but cannot be used: READ, LIMIT, CONFIG with
 * the line.
 */

/* *ret tells whether the last label of a name, in any case, is a top-level domain. */
PC_RESULT pc_lint_is_tld(struct pc_lint_data *data, struct pc_span label, enum pc_listed *ret,
                         p11csr_error **err);
/*
 * *ret_len is how many octets at the end of a host name, in A-labels and any case, are a public suffix by the
 * section ICANN DOMAINS of the list; 0: no rule says.
 */
PC_RESULT pc_lint_public_suffix(struct pc_lint_data *data, struct pc_span name, size_t *ret_len,
                                enum pc_listed *ret, p11csr_error **err);
/* *ret receives the block that an address of 4 or 16 octets lies in, borrowed from `data`, or NULL. */
PC_RESULT pc_lint_special_address(struct pc_lint_data *data, struct pc_span address,
                                  const struct pc_address_block **ret, p11csr_error **err);
/* Debian's weak keys (CVE-2008-0166): by the last 80 bits of SHA-1 of "Modulus=HEX\n". */
PC_RESULT pc_lint_is_debian_key(struct pc_lint_data *data, const struct pc_crypto *crypto,
                                struct pc_span modulus, enum pc_listed *ret, p11csr_error **err);
PC_RESULT pc_lint_is_blocked_key(struct pc_lint_data *data, const struct pc_crypto *crypto,
                                 struct pc_span spki, enum pc_listed *ret, p11csr_error **err);

/* The list that Debian's weak keys of this size would be in; PC_LIST_COUNT when there is none. */
enum pc_lint_list pc_lint_debian_list(size_t bits);
/* What the list is and where it comes from, for people. */
const char *pc_lint_list_what(enum pc_lint_list list);
/* The path of the file that a list is read from, or wanted at; borrowed from `data`. */
const char *pc_lint_list_path(const struct pc_lint_data *data, enum pc_lint_list list);
/* What the list says of its own date or version, "" when nothing or before it was asked. */
const char *pc_lint_list_date(const struct pc_lint_data *data, enum pc_lint_list list);

#endif
