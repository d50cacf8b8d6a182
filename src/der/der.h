// SPDX-License-Identifier: Apache-2.0
#ifndef PC_DER_DER_H
#define PC_DER_DER_H

/* Identifier octets (X.690 section 8.1.2) that p11csr writes and reads. */
enum pc_der_tag {
    PC_DER_BOOLEAN = 0x01,
    PC_DER_INTEGER = 0x02,
    PC_DER_BIT_STRING = 0x03,
    PC_DER_OCTET_STRING = 0x04,
    PC_DER_NULL = 0x05,
    PC_DER_OID = 0x06,
    PC_DER_UTF8_STRING = 0x0C,
    PC_DER_PRINTABLE_STRING = 0x13,
    PC_DER_TELETEX_STRING = 0x14,
    PC_DER_IA5_STRING = 0x16,
    PC_DER_UTC_TIME = 0x17,
    PC_DER_GENERALIZED_TIME = 0x18,
    PC_DER_VISIBLE_STRING = 0x1A,
    PC_DER_GENERAL_STRING = 0x1B,
    PC_DER_UNIVERSAL_STRING = 0x1C,
    PC_DER_BMP_STRING = 0x1E,
    PC_DER_SEQUENCE = 0x30,
    PC_DER_SET = 0x31,
};

/* A number above 30 stands in further octets: such a tag is the first octet and 256 times the number. */
enum { PC_DER_HIGH_TAG = 0x1F, PC_DER_MAX_TAG = 0xFFFFFF };

/* Octets of the longest arc of an object identifier that is written as text: 133 bits, 2.25.UUID has 128. */
enum { PC_DER_ARC_OCTETS = 19 };

/* Context-specific tags [n], primitive and constructed; n is at most 30. */
#define PC_DER_CONTEXT(n) (0x80 | (n))
#define PC_DER_CONTEXT_CONSTRUCTED(n) (0xA0 | (n))

#endif
