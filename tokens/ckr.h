// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_CKR_H
#define PC_TOKENS_CKR_H

#include "base/mem.h"
#include "tokens/ck.h"

/* The only place where a CK_RV becomes a result. */

/* OK for CKR_OK; else an error whose text is "function: CKR_NAME (what it means)". */
PC_RESULT pc_ckr(CK_RV rv, const char *function, p11csr_error **err);
/* "CKR_PIN_INCORRECT", or "CKR_0x80000001" written to `fallback` for values without a row. */
const char *pc_ckr_name(CK_RV rv, char fallback[static 32]);
/* "CKM_ECDSA", or "CKM_0x..." written to `fallback` for mechanisms without a row. */
const char *pc_ckm_name(CK_MECHANISM_TYPE type, char fallback[static 32]);
/* The numbers of names that have a row. */
bool pc_ckr_find(struct pc_span name, CK_RV *ret);
bool pc_ckm_find(struct pc_span name, CK_MECHANISM_TYPE *ret);

#endif
