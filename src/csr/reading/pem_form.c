// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/pem.h"

#include <string.h>

/* What programs may stumble over in PEM that can be read (RFC 7468). */

static const char begin[] = "-----BEGIN ";
static const char label[] = "CERTIFICATE REQUEST-----";

/* The line at `at` without its end; moves past it. */
static struct pc_span next_line(struct pc_span text, size_t *at)
{
    const uint8_t *start = text.ptr + *at;
    const uint8_t *end = memchr(start, '\n', text.len - *at);
    const size_t len = end != NULL ? (size_t)(end - start) : text.len - *at;
    *at += len + (end != NULL ? 1 : 0);
    return (struct pc_span){start, len > 0 && start[len - 1] == '\r' ? len - 1 : len};
}

static bool starts_with(struct pc_span line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.ptr, text, strlen(text)) == 0;
}

PC_RESULT pc_pem_judge(struct pc_span input, struct pc_der_faults *faults, p11csr_error **err)
{
    enum { LINE = 64 };
    bool before = false; // there is text before the request
    bool inside = false;
    bool is_long = false;
    bool is_old = false;
    if (input.len > 1 && input.ptr[0] == PC_DER_SEQUENCE && input.ptr[1] >= 0x80) {
        return PC_OK; // it is DER
    }
    for (size_t at = 0; at < input.len && !(inside && is_long);) {
        const struct pc_span line = next_line(input, &at);
        if (!inside && starts_with(line, begin)) {
            inside = true;
            is_old =
                !starts_with((struct pc_span){line.ptr + strlen(begin), line.len - strlen(begin)}, label);
        } else if (inside && starts_with(line, "-----END ")) {
            break;
        } else if (inside) {
            is_long = line.len > LINE;
        } else {
            before = before || line.len > 0;
        }
    }
    if (is_old) {
        PC_TRY(pc_der_faults_add(faults, PC_DER_NOWHERE, "S20", PC_PEM_OTHER_LABEL, err));
    }
    if (!inside) {
        return pc_der_faults_add(faults, PC_DER_NOWHERE, "S20",
                                 "the lines that begin and end PEM are missing around the base64", err);
    }
    if (before) {
        PC_TRY(pc_der_faults_add(faults, PC_DER_NOWHERE, "S20",
                                 "text stands before the request, which some programs refuse", err));
    }
    return is_long
               ? pc_der_faults_add(faults, PC_DER_NOWHERE, "S20", "a line has more than 64 characters", err)
               : PC_OK;
}
