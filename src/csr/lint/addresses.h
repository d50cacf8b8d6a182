// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_LINT_ADDRESSES_H
#define PC_CSR_LINT_ADDRESSES_H

#include "base/buf.h"

/* The day of which the rows in addresses.c are those of IANA's registries. */
#define PC_ADDRESSES_DATE "2025-06-30"

/* A block of addresses that are for a special purpose (RFC 6890). */
struct pc_address_block {
    uint8_t prefix[16];
    uint8_t octets; /* 4 or 16 */
    uint8_t bits;   /* of the prefix */
    char name[62];
};

/* Reads "10.0.0.0/8 Private-Use". Returns what is wrong, as the end of a sentence, or NULL. */
const char *pc_address_block_parse(struct pc_span text, struct pc_address_block *ret);
/* Appends the blocks of IANA's IPv4 and IPv6 special-purpose registries. */
PC_RESULT pc_address_blocks_add(struct pc_buf *ret, p11csr_error **err);
/* The smallest of the blocks in `blocks` that holds an address of 4 or 16 octets, or NULL. */
const struct pc_address_block *pc_address_find(const struct pc_buf *blocks, struct pc_span address);

#endif
