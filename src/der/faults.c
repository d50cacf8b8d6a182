// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "der/reader.h"

void pc_der_faults_init(struct pc_der_faults *faults)
{
    *faults = (struct pc_der_faults){0};
    pc_buf_init(&faults->items, PC_MAX_FAULTS * sizeof(struct pc_der_fault));
}

void pc_der_faults_done(struct pc_der_faults *faults)
{
    pc_buf_done(&faults->items);
}

size_t pc_der_faults_count(const struct pc_der_faults *faults)
{
    return faults->items.len / sizeof(struct pc_der_fault);
}

const struct pc_der_fault *pc_der_faults_get(const struct pc_der_faults *faults, size_t index)
{
    return (const struct pc_der_fault *)(const void *)faults->items.ptr + index;
}

PC_RESULT pc_der_faults_add(struct pc_der_faults *faults, size_t at, const char *rule, const char *text,
                            p11csr_error **err)
{
    const struct pc_der_fault fault = {.at = at, .rule = rule, .text = text};
    const size_t count = pc_der_faults_count(faults);
    for (size_t i = 0; i < count; i++) {
        const struct pc_der_fault *known = pc_der_faults_get(faults, i);
        if (known->at == at && known->text == text) {
            return PC_OK;
        }
    }
    if (count == PC_MAX_FAULTS) {
        faults->more = true;
        return PC_OK;
    }
    pc_buf_add(&faults->items, &fault, sizeof(fault));
    return pc_buf_check(&faults->items, err);
}

PC_RESULT pc_der_faults_merge(struct pc_der_faults *into, const struct pc_der_faults *from,
                              p11csr_error **err)
{
    const size_t count = from != NULL ? pc_der_faults_count(from) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct pc_der_fault *fault = pc_der_faults_get(from, i);
        PC_TRY(pc_der_faults_add(into, fault->at, fault->rule, fault->text, err));
    }
    return PC_OK;
}
