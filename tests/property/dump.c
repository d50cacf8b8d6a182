// SPDX-License-Identifier: Apache-2.0
#include "dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        const size_t len = strspn(line, "0123456789abcdef") / 2;
        unsigned char *der = malloc(len + 1);
        if (der == NULL) {
            abort();
        }
        for (size_t i = 0; i < len; i++) {
            const char digits[] = {line[2 * i], line[2 * i + 1], 0};
            der[i] = (unsigned char)strtoul(digits, NULL, 16);
        }
        json_t *said = dump_request(der, len);
        if (said == NULL || json_dumpf(said, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF) {
            abort();
        }
        json_decref(said);
        free(der);
    }
    free(line);
    return 0;
}
