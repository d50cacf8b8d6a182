// SPDX-License-Identifier: Apache-2.0
#include "tokens/call.h"

#include "tokens/ckr.h"

void pc_call_tell(const struct pc_call_hook *hook, const struct p11csr_call *call)
{
    char fallback[32];
    struct p11csr_call told = *call;
    if (told.leaving != 0) {
        told.rv_name = pc_ckr_name(told.rv, fallback);
    }
    hook->callback(&told, hook->data);
}
