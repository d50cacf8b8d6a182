// SPDX-License-Identifier: Apache-2.0
/* A program that knows nothing of libcrypto and loads lives.c, which brings it: plug FILE ARG... */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    int (*run)(int, char **) = NULL;
    void *file = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = file != NULL ? dlsym(file, "main") : NULL;
    if (symbol == NULL) {
        (void)fprintf(stderr, "cannot load lives.c: %s\n", dlerror());
        return 64;
    }
    memcpy(&run, &symbol, sizeof(run)); // as POSIX has it
    const int status = run(argc - 1, argv + 1);
    return dlclose(file) == 0 ? status : 1;
}
