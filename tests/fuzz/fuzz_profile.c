// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "lib/config.h"
#include "lib/profile.h"

#include <stdlib.h>
#include <string.h>

/*
 * The same bytes as a profile and as a configuration: each is taken or refused with an error. A profile that
 * is taken says the same when it is read again.
 */
static void check(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* What the profile says, or NULL when it is refused. */
static char *read_profile(struct pc_span content)
{
    struct p11csr_profile *profile PC_CLEANUP(pc_profile_cleanup) = pc_profile_new();
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    char *json = NULL;
    check(profile != NULL);
    const struct pc_result result = pc_profile_parse("profile.yaml", content, profile, &err);
    check(pc_is_ok(result) == (err == NULL));
    if (pc_is_ok(result)) {
        check(p11csr_profile_to_json(profile, &json, NULL) == P11CSR_OK);
    } else {
        check(strncmp(p11csr_error_message(err), "profile.yaml:", 13) == 0 ||
              p11csr_error_note_count(err) > 0 || p11csr_error_cause_count(err) > 0);
    }
    return json;
}

static void read_config(struct pc_span content)
{
    struct pc_config config PC_CLEANUP(pc_config_done);
    struct pc_buf copy PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_config_init(&config);
    pc_buf_init(&copy, content.len + 1);
    pc_buf_add_span(&copy, content);
    const struct pc_result result = pc_config_parse(&config, "p11csr.yaml", &copy, &err);
    check(pc_is_ok(result) == (err == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pc_span content = {data, size};
    char *first PC_CLEANUP(pc_free_str) = read_profile(content);
    char *second PC_CLEANUP(pc_free_str) = read_profile(content);
    check((first == NULL) == (second == NULL) && (first == NULL || strcmp(first, second) == 0));
    read_config(content);
    return 0;
}
