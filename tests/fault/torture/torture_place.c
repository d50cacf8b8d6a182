// SPDX-License-Identifier: Apache-2.0
#include "torture.h"
#include <p11csr/p11csr.h>

#include <dirent.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\n");
    exit(1);
}

void path_in(const struct place *place, const char *name, char ret[static PATH_SIZE])
{
    check(snprintf(ret, PATH_SIZE, "%s/%s", place->folder, name) < PATH_SIZE, "%s: too long", place->folder);
}

void read_text(const char *path, char text[static TEXT_SIZE])
{
    FILE *file = fopen(path, "r");
    text[0] = 0;
    if (file != NULL) {
        text[fread(text, 1, TEXT_SIZE - 1, file)] = 0;
        (void)fclose(file);
    }
}

void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    check(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "%s cannot be written", path);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void place_remove(const char *folder)
{
    if (access(folder, F_OK) == 0) {
        check(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0, "%s cannot be removed", folder);
    }
}

static void copy_file(const char *from, const char *to)
{
    char bytes[TEXT_SIZE];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    check(in != NULL && out != NULL, "%s cannot be copied", from);
    const size_t len = fread(bytes, 1, sizeof(bytes), in);
    check(len < sizeof(bytes) && fwrite(bytes, 1, len, out) == len, "%s cannot be copied", from);
    check(fclose(in) == 0 && fclose(out) == 0, "%s cannot be copied", from);
}

static void copy_folder(const char *from, const char *to)
{
    char source[PATH_SIZE * 2];
    char target[PATH_SIZE * 2];
    struct stat st;
    DIR *dir = opendir(from);
    check(dir != NULL && mkdir(to, 0700) == 0, "%s cannot be copied", from);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        (void)snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        check(stat(source, &st) == 0, "%s is gone", source);
        if (S_ISDIR(st.st_mode)) {
            copy_folder(source, target);
        } else {
            copy_file(source, target);
        }
    }
    (void)closedir(dir);
}

static void make_key(p11csr_ctx *ctx, const char *label)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    p11csr_key *key = NULL;
    p11csr_error *err = NULL;
    select.token = TOKEN;
    select.label = label;
    keygen.spec = "p256";
    check(p11csr_key_generate(ctx, &select, &keygen, &key, NULL, &err) == P11CSR_OK, "%s",
          p11csr_error_message(err));
    p11csr_key_free(&key);
}

/* In a child: what has used a module once is not for forking. */
static void make_token(const char *folder)
{
    char config[PATH_SIZE];
    char path[PATH_SIZE];
    struct p11csr_soft_token soft = {0};
    p11csr_ctx *ctx = NULL;
    p11csr_error *err = NULL;
    (void)snprintf(config, sizeof(config), "%s/config", folder);
    check(p11csr_ctx_new(&ctx, &err) == P11CSR_OK, "%s", p11csr_error_message(err));
    check(p11csr_soft_token_create(ctx, TOKEN, config, folder, &soft, &err) == P11CSR_OK, "%s",
          p11csr_error_message(err));
    p11csr_ctx_free(&ctx);
    check(p11csr_ctx_new(&ctx, &err) == P11CSR_OK, "%s", p11csr_error_message(err));
    check(p11csr_ctx_load_config(ctx, soft.alias_file, &err) == P11CSR_OK, "%s", p11csr_error_message(err));
    make_key(ctx, "web");
    make_key(ctx, "other");
    p11csr_ctx_free(&ctx);
    (void)snprintf(path, sizeof(path), "%s/pin", folder);
    copy_file(soft.pin_file, path);
    (void)snprintf(path, sizeof(path), "%s/store", folder);
    (void)snprintf(config, sizeof(config), "%s/softhsm2/" TOKEN "/tokens", folder);
    copy_folder(config, path);
    p11csr_soft_token_done(&soft);
}

void place_make_original(const char *folder)
{
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        make_token(folder);
        exit(0);
    }
    check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "no token could be made");
}

void place_reset(struct place *place, const char *original)
{
    static const char *const folders[] = {"work", "home", "state"};
    char path[PATH_SIZE];
    char from[PATH_SIZE];
    char text[PATH_SIZE * 2];
    place_remove(place->folder);
    check(mkdir(place->folder, 0700) == 0, "%s cannot be made", place->folder);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        path_in(place, folders[i], path);
        check(mkdir(path, 0700) == 0, "%s cannot be made", path);
    }
    path_in(place, "store", path);
    (void)snprintf(from, sizeof(from), "%s/store", original);
    copy_folder(from, path);
    (void)snprintf(text, sizeof(text), "directories.tokendir = %s\nlog.level = ERROR\n", path);
    path_in(place, "softhsm2.conf", path);
    write_text(path, text);
    (void)snprintf(from, sizeof(from), "%s/pin", original);
    path_in(place, "pin", path);
    copy_file(from, path);
    check(chmod(path, 0600) == 0, "%s cannot be changed", path);
    place->objects = place_objects(place);
}

static size_t objects_below(const char *folder)
{
    char path[PATH_SIZE * 2];
    size_t count = 0;
    DIR *dir = opendir(folder);
    check(dir != NULL, "%s cannot be read", folder);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *end = strrchr(entry->d_name, '.');
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            count += objects_below(path);
        }
        count += end != NULL && strcmp(end, ".object") == 0 && strcmp(entry->d_name, "token.object") != 0;
    }
    (void)closedir(dir);
    return count;
}

size_t place_objects(const struct place *place)
{
    char path[PATH_SIZE];
    path_in(place, "store", path);
    return objects_below(path);
}

bool place_has_intent(const struct place *place)
{
    char path[PATH_SIZE];
    bool found = false;
    path_in(place, "state/p11csr", path);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return false;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        found = found || strncmp(entry->d_name, "key-", 4) == 0;
    }
    (void)closedir(dir);
    return found;
}
