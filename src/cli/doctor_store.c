// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder in which SoftHSM2 keeps its tokens: whether the caller may use it. */

enum { MAX_ENTRIES = 1000, MAX_FINDINGS = 3 };

static const char word[] = "directories.tokendir";
static const char usual[] = "/var/lib/softhsm/tokens/";

/* The value of `word` in a configuration of SoftHSM2; NULL when it has none. To be freed. */
static char *read_folder(const char *config)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    char *rest = NULL;
    pc_buf_init(&text, (size_t)4 * PC_MAX_TEXT);
    if (!pc_is_ok(pc_file_read(config, &text, NULL))) {
        return NULL;
    }
    pc_buf_byte(&text, 0);
    for (char *line = text.failed == P11CSR_OK ? strtok_r((char *)text.ptr, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *value = line + strspn(line, " \t");
        if (strncmp(value, word, strlen(word)) == 0) {
            value += strlen(word);
            value += strspn(value, " \t=");
            value[strcspn(value, " \t\r#")] = 0;
            return pc_strdup(value);
        }
    }
    return NULL;
}

/* "; it is for the user 'root' and the group 'softhsm'", or nothing. */
static void say_whose(const char *path, char *ret, size_t size)
{
    struct stat is;
    struct passwd user;
    struct group group;
    struct passwd *user_found = NULL;
    struct group *group_found = NULL;
    char buffer[2][4096];
    ret[0] = 0;
    if (stat(path, &is) == 0 &&
        getpwuid_r(is.st_uid, &user, buffer[0], sizeof(buffer[0]), &user_found) == 0 && user_found != NULL &&
        getgrgid_r(is.st_gid, &group, buffer[1], sizeof(buffer[1]), &group_found) == 0 &&
        group_found != NULL) {
        (void)snprintf(ret, size, "; it is of the user '%s' and the group '%s', mode %03o", user.pw_name,
                       group.gr_name, (unsigned)(is.st_mode & 07777));
    }
}

/* True when there was something to say. */
static bool check_folder(const char *what, const char *path, const char *advice, json_t *to)
{
    char whose[256];
    if (access(path, R_OK | W_OK | X_OK) == 0) {
        return false;
    }
    const int why = errno;
    say_whose(path, whose, sizeof(whose));
    doctor_finding(to, why == ENOENT ? "make the folder, or correct the configuration" : advice,
                   "%s '%s': %s%s", what, path, strerror(why), whose);
    return true;
}

/* A token is a folder in it: those of others are passed over by the module without a word. */
static void check_tokens(const char *folder, const char *advice, json_t *to)
{
    DIR *open = opendir(folder);
    size_t findings = 0;
    for (int i = 0; open != NULL && i < MAX_ENTRIES && findings < MAX_FINDINGS; i++) {
        const struct dirent *entry = readdir(open);
        if (entry == NULL) {
            break;
        }
        char *path PC_CLEANUP(pc_free_str) = pc_asprintf("%s/%s", folder, entry->d_name);
        if (path != NULL && entry->d_name[0] != '.' && check_folder("a token's folder", path, advice, to)) {
            findings++;
        }
    }
    if (open != NULL) {
        (void)closedir(open);
    }
}

void doctor_why_store(const char *config, const char *advice, json_t *to)
{
    char *named PC_CLEANUP(pc_free_str) = read_folder(config);
    const char *folder = named != NULL ? named : usual;
    // A configuration that cannot be read is a finding of its own.
    if (access(config, R_OK) == 0 && !check_folder("the folder of its tokens", folder, advice, to)) {
        check_tokens(folder, advice, to);
    }
}
