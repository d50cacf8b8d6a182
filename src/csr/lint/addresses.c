// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/addresses.h"

#include "base/error.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/*
 * IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), as of PC_ADDRESSES_DATE. A file
 * in the data directory takes their place.
 */
static const char *const rows[] = {
    "0.0.0.0/8 This network (RFC 791)",
    "0.0.0.0/32 This host on this network (RFC 1122)",
    "10.0.0.0/8 Private-Use (RFC 1918)",
    "100.64.0.0/10 Shared Address Space (RFC 6598)",
    "127.0.0.0/8 Loopback (RFC 1122)",
    "169.254.0.0/16 Link Local (RFC 3927)",
    "172.16.0.0/12 Private-Use (RFC 1918)",
    "192.0.0.0/24 IETF Protocol Assignments (RFC 6890)",
    "192.0.0.0/29 IPv4 Service Continuity Prefix (RFC 7335)",
    "192.0.0.8/32 IPv4 dummy address (RFC 7600)",
    "192.0.0.9/32 Port Control Protocol Anycast (RFC 7723)",
    "192.0.0.10/32 TURN Anycast (RFC 8155)",
    "192.0.0.170/32 NAT64/DNS64 Discovery (RFC 7050)",
    "192.0.0.171/32 NAT64/DNS64 Discovery (RFC 7050)",
    "192.0.2.0/24 Documentation, TEST-NET-1 (RFC 5737)",
    "192.31.196.0/24 AS112-v4 (RFC 7535)",
    "192.52.193.0/24 AMT (RFC 7450)",
    "192.88.99.0/24 Deprecated, 6to4 Relay Anycast (RFC 7526)",
    "192.88.99.2/32 6a44-relay anycast address (RFC 6751)",
    "192.168.0.0/16 Private-Use (RFC 1918)",
    "192.175.48.0/24 Direct Delegation AS112 Service (RFC 7534)",
    "198.18.0.0/15 Benchmarking (RFC 2544)",
    "198.51.100.0/24 Documentation, TEST-NET-2 (RFC 5737)",
    "203.0.113.0/24 Documentation, TEST-NET-3 (RFC 5737)",
    "240.0.0.0/4 Reserved (RFC 1112)",
    "255.255.255.255/32 Limited Broadcast (RFC 919)",
    "::1/128 Loopback Address (RFC 4291)",
    "::/128 Unspecified Address (RFC 4291)",
    "::ffff:0:0/96 IPv4-mapped Address (RFC 4291)",
    "64:ff9b::/96 IPv4-IPv6 Translation (RFC 6052)",
    "64:ff9b:1::/48 IPv4-IPv6 Translation (RFC 8215)",
    "100::/64 Discard-Only Address Block (RFC 6666)",
    "100:0:0:1::/64 Dummy IPv6 Prefix (RFC 9780)",
    "2001::/23 IETF Protocol Assignments (RFC 2928)",
    "2001::/32 TEREDO (RFC 4380)",
    "2001:1::1/128 Port Control Protocol Anycast (RFC 7723)",
    "2001:1::2/128 TURN Anycast (RFC 8155)",
    "2001:1::3/128 DNS-SD Service Registration Anycast (RFC 9665)",
    "2001:2::/48 Benchmarking (RFC 5180)",
    "2001:3::/32 AMT (RFC 7450)",
    "2001:4:112::/48 AS112-v6 (RFC 7535)",
    "2001:10::/28 Deprecated, previously ORCHID (RFC 4843)",
    "2001:20::/28 ORCHIDv2 (RFC 7343)",
    "2001:30::/28 Drone Remote ID Prefix (RFC 9374)",
    "2001:db8::/32 Documentation (RFC 3849)",
    "2002::/16 6to4 (RFC 3056)",
    "2620:4f:8000::/48 Direct Delegation AS112 Service (RFC 7534)",
    "3fff::/20 Documentation (RFC 9637)",
    "5f00::/16 Segment Routing SIDs (RFC 9602)",
    "fc00::/7 Unique-Local (RFC 4193)",
    "fe80::/10 Link-Local Unicast (RFC 4291)",
};

/* What is left of `text` behind the first `separator`; the part before it is copied. */
static bool take_part(struct pc_span *text, char separator, char *ret, size_t size)
{
    const uint8_t *end = text->len > 0 ? memchr(text->ptr, separator, text->len) : NULL;
    const size_t len = end != NULL ? (size_t)(end - text->ptr) : 0;
    if (end == NULL || len >= size) {
        return false;
    }
    memcpy(ret, text->ptr, len);
    ret[len] = 0;
    text->ptr += len + 1;
    text->len -= len + 1;
    return true;
}

static bool in_block(const struct pc_address_block *block, const uint8_t *address)
{
    const size_t whole = block->bits / 8;
    const unsigned mask = 0xFF00U >> block->bits % 8 & 0xFF;
    return memcmp(address, block->prefix, whole) == 0 &&
           (mask == 0 || ((address[whole] ^ block->prefix[whole]) & mask) == 0);
}

/* True when the bits behind the prefix are 0. */
static bool is_prefix(const struct pc_address_block *block)
{
    for (size_t bit = block->bits; bit < 8 * (size_t)block->octets; bit++) {
        if ((block->prefix[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

const char *pc_address_block_parse(struct pc_span text, struct pc_address_block *ret)
{
    static const char form[] = "is not of the form '10.0.0.0/8 Name'";
    struct pc_address_block block = {0};
    char prefix[INET6_ADDRSTRLEN];
    char bits[4];
    unsigned long count = 0;
    if (!take_part(&text, '/', prefix, sizeof(prefix)) || !take_part(&text, ' ', bits, sizeof(bits))) {
        return form;
    }
    const int family = strchr(prefix, ':') != NULL ? AF_INET6 : AF_INET;
    block.octets = family == AF_INET6 ? 16 : 4;
    if (inet_pton(family, prefix, block.prefix) != 1 || !pc_parse_number(bits, 8UL * block.octets, &count)) {
        return form;
    }
    block.bits = (uint8_t)count;
    if (!is_prefix(&block)) {
        return "has an address that goes on behind the prefix";
    }
    (void)snprintf(block.name, sizeof(block.name), "%.*s", (int)(text.len < 4096 ? text.len : 4096),
                   (const char *)text.ptr);
    *ret = block;
    return NULL;
}

PC_RESULT pc_address_blocks_add(struct pc_buf *ret, p11csr_error **err)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_address_block block;
        const char *fault = pc_address_block_parse(pc_span_str(rows[i]), &block);
        if (fault != NULL) {
            return pc_fail(err, P11CSR_E_INTERNAL, "row '%s' %s", rows[i], fault);
        }
        pc_buf_add(ret, &block, sizeof(block));
    }
    return pc_buf_check(ret, err);
}

const struct pc_address_block *pc_address_find(const struct pc_buf *blocks, struct pc_span address)
{
    const struct pc_address_block *all = (const struct pc_address_block *)(const void *)blocks->ptr;
    const struct pc_address_block *best = NULL;
    for (size_t i = 0; i < blocks->len / sizeof(*all); i++) {
        if (all[i].octets == address.len && in_block(&all[i], address.ptr) &&
            (best == NULL || all[i].bits > best->bits)) {
            best = &all[i];
        }
    }
    return best;
}
