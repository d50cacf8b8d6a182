// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_P11CSR_H
#define P11CSR_P11CSR_H

/* Everything that libp11csr offers. */
#include "p11csr/call.h"
#include "p11csr/certificate.h"
#include "p11csr/context.h"
#include "p11csr/csr.h"
#include "p11csr/error.h"
#include "p11csr/evidence.h"
#include "p11csr/evp.h"
#include "p11csr/key.h"
#include "p11csr/lint.h"
#include "p11csr/objects.h"
#include "p11csr/plan.h"
#include "p11csr/profile.h"
#include "p11csr/reading.h"
#include "p11csr/request.h"
#include "p11csr/start.h"
#include "p11csr/token.h"
#include "p11csr/types.h"

#endif
