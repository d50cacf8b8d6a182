// SPDX-License-Identifier: Apache-2.0
#include "lib/json.h"

#include "base/error.h"

#include <stdlib.h>
#include <time.h>

void pc_json_free(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

void pc_json_free_text(char **text)
{
    free(*text); // jansson allocates with malloc
    *text = NULL;
}

PC_RESULT pc_json_take_text(const json_t *json, char **ret, p11csr_error **err)
{
    char *text PC_CLEANUP(pc_json_free_text) = json_dumps(json, JSON_COMPACT);
    char *copy = text != NULL ? pc_strdup(text) : NULL;
    if (copy == NULL) {
        return pc_fail_memory(err);
    }
    *ret = copy;
    return PC_OK;
}

void pc_time_text(int64_t seconds, char ret[static PC_TIME_SIZE])
{
    struct tm parts;
    const time_t time = (time_t)seconds;
    ret[0] = 0;
    if (gmtime_r(&time, &parts) != NULL) {
        (void)strftime(ret, PC_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}

int64_t pc_time_seconds(void)
{
    return time(NULL);
}

void pc_time_now(char ret[static PC_TIME_SIZE])
{
    pc_time_text(pc_time_seconds(), ret);
}
