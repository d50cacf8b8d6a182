// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/evidence.h"

#include <string.h>

/* The files with attestations that a plan was made with: it holds their digests. */

static void free_json(json_t **json)
{
    json_decref(*json);
}

/* The file that an option names, if it names one with attestations. `gathered`: just those of --evidence. */
static const char *file_of(const struct cli_use *use, bool gathered)
{
    if (use->id == OPT_FILES || use->id == OPT_ROOT) {
        return use->value;
    }
    if (gathered || (use->id != OPT_ATTESTATION && use->id != OPT_ATTESTATION_CERT)) {
        return NULL;
    }
    const char *colon = strchr(use->value, ':');
    return use->id == OPT_ATTESTATION && colon != NULL ? colon + 1 : use->value;
}

static struct pc_result digest_of(const struct cli *cli, const char *file, char **ret, p11csr_error **err)
{
    char *path PC_CLEANUP(pc_free_str) = NULL;
    if (strcmp(file, "-") == 0) {
        return pc_fail(err, P11CSR_E_USAGE, "a plan holds the digests of files: name one in place of '-'");
    }
    PC_TRY(cli_evidence_path(file, &path, err));
    return cli_lift(p11csr_file_sha256(cli->ctx, path, ret, err));
}

/* An array of {option, file, sha256}, in the order of the command line. */
static struct pc_result gather(const struct cli *cli, bool gathered, json_t **ret, p11csr_error **err)
{
    json_t *list PC_CLEANUP(free_json) = json_array();
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        const char *file = file_of(use, gathered);
        char *sha256 PC_CLEANUP(p11csr_free_text) = NULL;
        if (file == NULL) {
            continue;
        }
        PC_TRY(digest_of(cli, file, &sha256, err));
        char *name PC_CLEANUP(pc_free_str) = pc_text_printable(file);
        json_t *entry = name == NULL ? NULL
                                     : json_pack("{s:s, s:s, s:s}", "option", cli_option_get(use->id)->name,
                                                 "file", name, "sha256", sha256);
        if (json_array_append_new(list, entry) != 0) {
            return pc_fail_memory(err);
        }
    }
    *ret = json_incref(list);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

PC_RESULT cli_pin_files(const struct cli *cli, json_t *plan, p11csr_error **err)
{
    json_t *list = NULL;
    PC_TRY(gather(cli, false, &list, err));
    return json_object_set_new(json_object_get(plan, "evidence"), "files", list) == 0 ? PC_OK
                                                                                      : pc_fail_memory(err);
}

static const char *text_of(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    return text != NULL ? text : "";
}

static bool is_gathered(const json_t *entry)
{
    const char *option = text_of(entry, "option");
    return strcmp(option, cli_option_get(OPT_FILES)->name) == 0 ||
           strcmp(option, cli_option_get(OPT_ROOT)->name) == 0;
}

/* The first that --evidence takes and that is not among `others`, whatever its name; NULL: each is. */
static const json_t *find_other(const json_t *list, const json_t *others)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        bool found = !is_gathered(entry);
        for (size_t j = 0; j < json_array_size(others) && !found; j++) {
            const json_t *other = json_array_get(others, j);
            found = strcmp(text_of(entry, "option"), text_of(other, "option")) == 0 &&
                    strcmp(text_of(entry, "sha256"), text_of(other, "sha256")) == 0;
        }
        if (!found) {
            return entry;
        }
    }
    return NULL;
}

PC_RESULT cli_check_pinned(const struct cli *cli, struct pc_span plan, p11csr_error **err)
{
    json_t *root PC_CLEANUP(free_json) = json_loadb((const char *)plan.ptr, plan.len, 0, NULL);
    const json_t *planned = json_object_get(json_object_get(root, "evidence"), "files");
    json_t *given PC_CLEANUP(free_json) = NULL;
    if (!cli_has(cli, OPT_EVIDENCE) || find_other(planned, NULL) == NULL) {
        return PC_OK; // the rest is in the bytes that are signed
    }
    PC_TRY(gather(cli, true, &given, err));
    const json_t *other = find_other(given, planned);
    if (other != NULL) {
        return pc_fail(err, P11CSR_E_NOT_PLANNED, "--%s '%s' is not one of the files that were planned",
                       text_of(other, "option"), text_of(other, "file"));
    }
    const json_t *missing = find_other(planned, given);
    return missing == NULL ? PC_OK
                           : pc_fail(err, P11CSR_E_NOT_PLANNED, "--%s '%s' was planned, and is not given",
                                     text_of(missing, "option"), text_of(missing, "file"));
}
