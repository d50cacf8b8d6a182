// SPDX-License-Identifier: Apache-2.0
#include "dump.h"

#include <stdio.h>
#include <stdlib.h>

json_t *dump_hex(const unsigned char *octets, size_t len)
{
    char *digits = malloc(2 * len + 1);
    if (digits == NULL) {
        abort();
    }
    digits[0] = 0;
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(digits + 2 * i, 3, "%02x", octets[i]);
    }
    json_t *value = json_string(digits);
    free(digits);
    return value;
}
