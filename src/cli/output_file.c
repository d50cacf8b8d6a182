// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

/* Where requests, certificates and public keys are written. */

static enum pc_file_replace replace(const struct cli *cli)
{
    return cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP;
}

PC_RESULT cli_take_output(const struct cli *cli, bool binary, struct cli_output *ret, p11csr_error **err)
{
    ret->path = cli_value(cli, OPT_OUT);
    ret->binary = binary;
    if (ret->path != NULL && strcmp(ret->path, "-") == 0) {
        ret->path = NULL;
    }
    if (ret->path == NULL && binary && isatty(STDOUT_FILENO) != 0 && cli_wants_text(cli)) {
        return pc_fail(err, P11CSR_E_USAGE, "DER is not for a terminal; name a file with -o");
    }
    return ret->path == NULL ? PC_OK : pc_file_check_writable(ret->path, replace(cli), err);
}

static struct pc_result add_file(struct cli_files *files, const char *path, struct pc_span content,
                                 bool absent, p11csr_error **err)
{
    struct pc_file file = {.path = path != NULL ? pc_strdup(path) : NULL, .absent = absent};
    uint8_t *copy = pc_alloc(content.len + 1);
    file.content = (struct pc_span){copy, content.len};
    if (files->list.max == 0) {
        pc_buf_init(&files->list, PC_MAX_FILES * sizeof(file));
    }
    struct pc_result result =
        copy == NULL || (path != NULL && file.path == NULL) ? pc_fail_memory(err) : PC_OK;
    if (pc_is_ok(result)) {
        memcpy(copy, content.ptr != NULL ? content.ptr : copy, content.len);
        pc_buf_add(&files->list, &file, sizeof(file));
        result = pc_buf_check(&files->list, err);
    }
    if (!pc_is_ok(result)) {
        pc_release(copy);
        pc_release((char *)(uintptr_t)file.path);
    }
    return result;
}

PC_RESULT cli_files_add(struct cli_files *files, const char *path, struct pc_span content, p11csr_error **err)
{
    return add_file(files, path, content, false, err);
}

PC_RESULT cli_files_add_absent(struct cli_files *files, const char *path, p11csr_error **err)
{
    return add_file(files, path, (struct pc_span){0}, true, err);
}

PC_RESULT cli_files_add_output(const struct cli *cli, struct cli_files *files,
                               const struct cli_output *output, struct pc_span content, p11csr_error **err)
{
    return output->path != NULL || cli_wants_text(cli) ? cli_files_add(files, output->path, content, err)
                                                       : PC_OK;
}

PC_RESULT cli_files_write(const struct cli *cli, const struct cli_files *files, p11csr_error **err)
{
    const struct pc_file *list = (const struct pc_file *)(const void *)files->list.ptr;
    const size_t count = files->list.len / sizeof(*list);
    if (count == 0) {
        return PC_OK;
    }
    const bool makes = files->folder != NULL && access(files->folder, F_OK) != 0;
    if (makes) {
        PC_TRY(pc_dir_make(files->folder, 0755, err));
    }
    const struct pc_result result = pc_files_write(list, count, replace(cli), 0644, err);
    if (!pc_is_ok(result) && makes) {
        (void)rmdir(files->folder);
    }
    return result;
}

void cli_files_done(struct cli_files *files)
{
    const struct pc_file *list = (const struct pc_file *)(const void *)files->list.ptr;
    for (size_t i = 0; i < files->list.len / sizeof(*list); i++) {
        pc_release((char *)(uintptr_t)list[i].path);
        pc_release((uint8_t *)(uintptr_t)list[i].content.ptr);
    }
    pc_buf_done(&files->list);
}

PC_RESULT cli_write_output(const struct cli *cli, const struct cli_output *output, struct pc_span content,
                           p11csr_error **err)
{
    struct cli_files files PC_CLEANUP(cli_files_done) = {0};
    PC_TRY(cli_files_add_output(cli, &files, output, content, err));
    return cli_files_write(cli, &files, err);
}
