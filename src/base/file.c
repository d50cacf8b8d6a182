// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void pc_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

PC_RESULT pc_file_read_fd(int fd, const char *name, struct pc_buf *ret, p11csr_error **err)
{
    for (;;) {
        uint8_t chunk[4096];
        const ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return pc_fail_errno(err, P11CSR_E_READ, errno, "read '%s'", name);
        }
        pc_buf_add(ret, chunk, (size_t)got);
        pc_wipe(chunk, (size_t)got); // it may have been a PIN
        PC_TRY(pc_frame(pc_buf_check(ret, err), err, "cannot read '%s'", name));
        if (got == 0) {
            return PC_OK;
        }
    }
}

PC_RESULT pc_file_read(const char *path, struct pc_buf *ret, p11csr_error **err)
{
    int fd PC_CLEANUP(pc_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return pc_fail_errno(err, P11CSR_E_READ, errno, "open '%s'", path);
    }
    return pc_file_read_fd(fd, path, ret, err);
}

PC_RESULT pc_file_write_fd(int fd, const char *name, struct pc_span content, p11csr_error **err)
{
    size_t done = 0;
    while (done < content.len) {
        const ssize_t put = write(fd, content.ptr + done, content.len - done);
        if (put < 0 && errno != EINTR) {
            return pc_fail_errno(err, P11CSR_E_WRITE, errno, "write '%s'", name);
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return PC_OK;
}

/* A path that names something other than a regular file is written to in place. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* The folder part of a path; NULL when out of memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return pc_strdup(".");
    }
    return pc_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static struct pc_result write_special(const char *path, struct pc_span content, p11csr_error **err)
{
    int fd PC_CLEANUP(pc_close) = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "open '%s'", path);
    }
    return pc_file_write_fd(fd, path, content, err);
}

/* How the name of a temporary file begins: with the number of the process that makes it. */
#define TEMPORARY ".p11csr-%ld-"

void pc_file_remove_unfinished(const char *path, long pid)
{
    char prefix[64];
    char *folder PC_CLEANUP(pc_free_str) = folder_of(path);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    if (dir == NULL) {
        return;
    }
    (void)snprintf(prefix, sizeof(prefix), TEMPORARY, pid);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    (void)closedir(dir);
}

/* Gives the finished temporary file its name. */
static struct pc_result publish(const char *temporary, const char *path, enum pc_file_replace replace,
                                p11csr_error **err)
{
    if (replace == PC_FILE_REPLACE) {
        return rename(temporary, path) == 0
                   ? PC_OK
                   : pc_fail_errno(err, P11CSR_E_WRITE, errno, "rename to '%s'", path);
    }
    if (link(temporary, path) == 0) {
        (void)unlink(temporary);
        return PC_OK;
    }
    // A file system without hard links: RENAME_NOREPLACE does the same in one step.
    const int link_errno = errno;
    if (link_errno != EEXIST && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return PC_OK;
    }
    const int why = link_errno == EEXIST ? EEXIST : errno;
    return pc_fail_errno(err, why == EEXIST ? P11CSR_E_FILE_EXISTS : P11CSR_E_WRITE, why, "create '%s'",
                         path);
}

static struct pc_result fill(int fd, const char *path, struct pc_span content, p11csr_error **err)
{
    PC_TRY(pc_file_write_fd(fd, path, content, err));
    if (fsync(fd) != 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "write '%s'", path);
    }
    return PC_OK;
}

/* What is known of a file while it is written. */
struct staged {
    char *folder;
    char *temporary; /* whole, and without its name; NULL: there is none */
    bool named;
};

static struct pc_result open_temporary(struct staged *staged, unsigned mode, int *ret_fd, p11csr_error **err)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "getrandom");
    }
    char *path PC_CLEANUP(pc_free_str) =
        pc_asprintf("%s/" TEMPORARY "%016" PRIx64, staged->folder, (long)getpid(), random);
    if (path == NULL) {
        return pc_fail_memory(err);
    }
    *ret_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (*ret_fd < 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "create a file in '%s'", staged->folder);
    }
    staged->temporary = path;
    path = NULL;
    return PC_OK;
}

static bool is_regular(const struct pc_file *file)
{
    return file->path != NULL && (file->absent || !is_special(file->path));
}

static struct pc_result stage(const struct pc_file *file, unsigned mode, struct staged *staged,
                              p11csr_error **err)
{
    int fd PC_CLEANUP(pc_close) = -1;
    if (!is_regular(file)) {
        return PC_OK;
    }
    staged->folder = folder_of(file->path);
    if (staged->folder == NULL) {
        return pc_fail_memory(err);
    }
    if (file->absent) {
        return PC_OK;
    }
    PC_TRY(open_temporary(staged, mode, &fd, err));
    return fill(fd, file->path, file->content, err);
}

static struct pc_result write_directly(const struct pc_file *file, p11csr_error **err)
{
    return file->path != NULL ? write_special(file->path, file->content, err)
                              : pc_file_write_fd(STDOUT_FILENO, "stdout", file->content, err);
}

/* Makes the name last: some file systems cannot, and the file itself is safe. */
static void sync_folder(const char *folder)
{
    int dir PC_CLEANUP(pc_close) = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        (void)fsync(dir);
    }
}

static struct pc_result settle(const struct pc_file *file, struct staged *staged,
                               enum pc_file_replace replace, p11csr_error **err)
{
    if (file->absent) {
        if (unlink(file->path) != 0 && errno != ENOENT) {
            return pc_fail_errno(err, P11CSR_E_WRITE, errno, "remove '%s'", file->path);
        }
    } else {
        PC_TRY(publish(staged->temporary, file->path, replace, err));
        pc_free_str(&staged->temporary);
        staged->named = true;
    }
    sync_folder(staged->folder);
    return PC_OK;
}

static struct pc_result write_all(const struct pc_file *files, size_t count, enum pc_file_replace replace,
                                  unsigned mode, struct staged *staged, p11csr_error **err)
{
    for (size_t i = 0; i < count; i++) {
        PC_TRY(stage(&files[i], mode, &staged[i], err));
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_regular(&files[i])) {
            PC_TRY(write_directly(&files[i], err));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (staged[i].folder != NULL) {
            PC_TRY(settle(&files[i], &staged[i], replace, err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_files_write(const struct pc_file *files, size_t count, enum pc_file_replace replace,
                         unsigned mode, p11csr_error **err)
{
    struct staged *staged = pc_alloc_array(count, sizeof(*staged));
    if (staged == NULL) {
        return pc_fail_memory(err);
    }
    const struct pc_result result = write_all(files, count, replace, mode, staged, err);
    for (size_t i = 0; i < count; i++) {
        if (staged[i].temporary != NULL) {
            (void)unlink(staged[i].temporary);
        }
        if (!pc_is_ok(result) && staged[i].named && replace == PC_FILE_KEEP) {
            (void)unlink(files[i].path);
        }
        pc_free_str(&staged[i].temporary);
        pc_free_str(&staged[i].folder);
    }
    pc_release(staged);
    return result;
}

PC_RESULT pc_file_write(const char *path, struct pc_span content, enum pc_file_replace replace, unsigned mode,
                        p11csr_error **err)
{
    const struct pc_file file = {.path = path, .content = content};
    return pc_files_write(&file, 1, replace, mode, err);
}

PC_RESULT pc_file_check_writable(const char *path, enum pc_file_replace replace, p11csr_error **err)
{
    struct stat st;
    const size_t len = strlen(path);
    if (len == 0 || path[len - 1] == '/') {
        return pc_fail(err, P11CSR_E_WRITE, "'%s' does not end in the name of a file", path);
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return pc_fail_errno(err, P11CSR_E_WRITE, EISDIR, "create '%s'", path);
    }
    if (is_special(path)) {
        return access(path, W_OK) == 0 ? PC_OK
                                       : pc_fail_errno(err, P11CSR_E_WRITE, errno, "write to '%s'", path);
    }
    if (lstat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) {
            return pc_fail_errno(err, P11CSR_E_WRITE, EISDIR, "create '%s'", path);
        }
        if (replace == PC_FILE_KEEP && !is_special(path)) {
            return pc_fail_errno(err, P11CSR_E_FILE_EXISTS, EEXIST, "create '%s'", path);
        }
    }
    char *folder PC_CLEANUP(pc_free_str) = folder_of(path);
    if (folder == NULL) {
        return pc_fail_memory(err);
    }
    if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode)) {
        return pc_fail_errno(err, P11CSR_E_WRITE, ENOTDIR, "create a file in '%s'", folder);
    }
    if (!is_special(path) && access(folder, W_OK | X_OK) != 0) {
        return pc_fail_errno(err, P11CSR_E_WRITE, errno, "create a file in '%s'", folder);
    }
    return PC_OK;
}

PC_RESULT pc_dir_make(const char *path, unsigned mode, p11csr_error **err)
{
    char *partial PC_CLEANUP(pc_free_str) = pc_strdup(path);
    if (partial == NULL) {
        return pc_fail_memory(err);
    }
    for (char *slash = partial + 1; slash != NULL && *partial != 0;) {
        slash = strchr(slash, '/');
        if (slash != NULL) {
            *slash = 0;
        }
        if (mkdir(partial, mode) != 0 && errno != EEXIST) {
            return pc_fail_errno(err, P11CSR_E_WRITE, errno, "create folder '%s'", partial);
        }
        if (slash != NULL) {
            *slash++ = '/';
        }
    }
    return PC_OK;
}
