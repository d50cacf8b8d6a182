// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Runs a fuzz target over files, so that any compiler can replay the corpus as an ordinary test:
 * replay FILE|FOLDER...
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    static uint8_t data[2 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    const size_t size = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    uint8_t *exact = malloc(size > 0 ? size : 1); // so that a sanitizer sees a step beyond the end
    if (exact == NULL) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = data[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

/* The number of files, or -1. */
static int replay_folder(const char *path)
{
    char file[4096];
    int count = 0;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return replay_file(path);
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL && count >= 0; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
            count = replay_file(file) < 0 ? -1 : count + 1;
        }
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        const int count = replay_folder(argv[i]);
        if (count < 0) {
            return 1;
        }
        total += count;
    }
    (void)printf("%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
