// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_TYPES_H
#define P11CSR_TYPES_H

#include <stddef.h>

#if defined(__GNUC__)
#define P11CSR_API __attribute__((visibility("default")))
#else
#define P11CSR_API
#endif

/*
 * Opaque types. A context holds the PKCS#11 modules, the login state of the tokens and a private OpenSSL
 * library context; threads may share it, it locks inside. Every other object belongs to one thread at a time
 * unless its functions say otherwise. Objects made from a context are freed before the context.
 */
typedef struct p11csr_ctx p11csr_ctx;
typedef struct p11csr_error p11csr_error;
typedef struct p11csr_key p11csr_key;
typedef struct p11csr_request p11csr_request;
typedef struct p11csr_csr p11csr_csr;
typedef struct p11csr_pin p11csr_pin;

#endif
