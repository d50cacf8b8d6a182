// SPDX-License-Identifier: Apache-2.0
#include "cli/evidence.h"

#include "base/file.h"
#include "base/limits.h"
#include "cli/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const names[] = {"attestation.pem", "evidence.json", "report.json", "report.txt"};

static void free_json(json_t **json)
{
    json_decref(*json);
}

static enum pc_file_replace replace(const struct cli *cli)
{
    return cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP;
}

static struct pc_result path_in(const char *folder, const char *name, char **ret, p11csr_error **err)
{
    *ret = pc_asprintf("%s/%s", folder, name);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

PC_RESULT cli_evidence_path(const char *path, char **ret, p11csr_error **err)
{
    struct stat info;
    if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return path_in(path, names[0], ret, err);
    }
    *ret = pc_strdup(path);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

PC_RESULT cli_add_evidence(p11csr_evidence *evidence, const char *path, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    char *file PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(cli_evidence_path(path, &file, err));
    PC_TRY(cli_read_input(file, &content, err));
    return cli_lift(p11csr_evidence_add(evidence, file, content.ptr, content.len, err));
}

static struct pc_result add_root(p11csr_evidence *evidence, const char *path, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_done) = {0};
    PC_TRY(cli_read_input(path, &content, err));
    return pc_frame(cli_lift(p11csr_evidence_add_root(evidence, content.ptr, content.len, err)), err,
                    "cannot use '%s'", path);
}

PC_RESULT cli_take_evidence(struct cli *cli, p11csr_evidence **ret, p11csr_error **err)
{
    PC_TRY(cli_lift(p11csr_evidence_new(cli->ctx, ret, err)));
    for (size_t i = 0; i < cli_use_count(cli); i++) {
        const struct cli_use *use = cli_use_get(cli, i);
        if (use->id == OPT_FILES) {
            PC_TRY(cli_add_evidence(*ret, use->value, err));
        } else if (use->id == OPT_ROOT) {
            PC_TRY(add_root(*ret, use->value, err));
        }
    }
    return PC_OK;
}

PC_RESULT cli_check_folder(const struct cli *cli, const char *folder, p11csr_error **err)
{
    struct stat info;
    if (stat(folder, &info) != 0) {
        return PC_OK; // it is going to be made
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        char *path PC_CLEANUP(pc_free_str) = NULL;
        PC_TRY(path_in(folder, names[i], &path, err));
        PC_TRY(pc_file_check_writable(path, replace(cli), err));
    }
    return PC_OK;
}

/* Without attestations an earlier bundle would be about another key. */
static struct pc_result add_bundle(const char *folder, p11csr_evidence *evidence, const p11csr_key *key,
                                   bool attested, struct cli_files *files, p11csr_error **err)
{
    char *path PC_CLEANUP(pc_free_str) = NULL;
    char *pem PC_CLEANUP(p11csr_free_text) = NULL;
    size_t len = 0;
    const unsigned char *spki = p11csr_key_get_spki(key, &len);
    PC_TRY(path_in(folder, names[0], &path, err));
    if (!attested) {
        return cli_files_add_absent(files, path, err);
    }
    PC_TRY(cli_lift(p11csr_evidence_to_pem(evidence, spki, len, &pem, err)));
    return cli_files_add(files, path, pc_span_str(pem), err);
}

static struct pc_result add_check(const char *folder, const p11csr_key *key, const json_t *check,
                                  struct cli_files *files, p11csr_error **err)
{
    const struct p11csr_key_info *info = p11csr_key_get_info(key);
    char *path PC_CLEANUP(pc_free_str) = NULL;
    json_t *file PC_CLEANUP(free_json) =
        json_pack("{s:i, s:{s:s, s:s, s:s}, s:O}", "p11csr-evidence", 1, "key", "uri", info->uri, "type",
                  info->type, "spki-sha256", info->spki_sha256, "attestation", check);
    if (file == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(path_in(folder, names[1], &path, err));
    return cli_add_json(files, path, file, err);
}

static struct pc_result add_reports(struct cli *cli, const char *folder, p11csr_key *key,
                                    struct cli_files *files, p11csr_error **err)
{
    json_t *report PC_CLEANUP(free_json) = NULL;
    PC_TRY(cli_report_json(cli, key, &report, err));
    for (size_t i = 2; i < PC_ARRAY_LEN(names); i++) {
        char *path PC_CLEANUP(pc_free_str) = NULL;
        PC_TRY(path_in(folder, names[i], &path, err));
        PC_TRY(cli_add_report(files, path, report, err));
    }
    return PC_OK;
}

PC_RESULT cli_gather_evidence(struct cli *cli, p11csr_evidence *evidence, p11csr_key *key,
                              struct cli_files *files, json_t **ret_check, p11csr_error **err)
{
    char *text PC_CLEANUP(p11csr_free_text) = NULL;
    size_t len = 0;
    const unsigned char *spki = p11csr_key_get_spki(key, &len);
    PC_TRY(cli_lift(p11csr_evidence_check(evidence, spki, len, &text, err)));
    json_t *check PC_CLEANUP(free_json) = json_loads(text, 0, NULL);
    if (check == NULL) {
        return pc_fail_memory(err);
    }
    const bool attested = json_array_size(json_object_get(check, "chain")) > 0;
    PC_TRY(add_bundle(files->folder, evidence, key, attested, files, err));
    PC_TRY(add_check(files->folder, key, check, files, err));
    PC_TRY(add_reports(cli, files->folder, key, files, err));
    *ret_check = json_incref(check);
    return PC_OK;
}
