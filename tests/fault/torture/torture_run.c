// SPDX-License-Identifier: Apache-2.0
#include "torture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int p11csr_cli_main(int argc, char **argv);

static void redirect(int fd, const char *path, int flags)
{
    const int file = open(path, flags | O_CLOEXEC, 0600);
    check(file >= 0 && dup2(file, fd) == fd, "%s cannot be opened", path);
    (void)close(file);
}

static void set(const struct place *place, const char *variable, const char *name)
{
    char path[PATH_SIZE];
    path_in(place, name, path);
    check(setenv(variable, path, 1) == 0, "%s cannot be set", variable);
}

static void prepare(const struct place *place)
{
    char path[PATH_SIZE];
    set(place, "HOME", "home");
    set(place, "XDG_CONFIG_HOME", "home");
    set(place, "XDG_STATE_HOME", "state");
    set(place, "SOFTHSM2_CONF", "softhsm2.conf");
    set(place, "P11SHIM_SCRIPT", "script");
    set(place, "P11SHIM_LOG", "log");
    set(place, "P11SHIM_STATE", "tries");
    path_in(place, "work", path);
    check(chdir(path) == 0, "%s is gone", path);
    redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
    path_in(place, "out", path);
    redirect(STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC);
    path_in(place, "err", path);
    redirect(STDERR_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC);
    (void)setsid(); // nobody to ask for a PIN
}

static _Noreturn void run_here(const struct place *place, const struct scenario *scenario)
{
    char pin[PATH_SIZE + 16];
    char *argv[MAX_ARGS + 8] = {strdup("p11csr")};
    int argc = 1;
    prepare(place);
    (void)snprintf(pin, sizeof(pin), "file:%s/pin", place->folder);
    for (; scenario->args[argc - 1] != NULL; argc++) {
        argv[argc] = strdup(scenario->args[argc - 1]);
    }
    argv[argc++] = strdup("--pin-source");
    argv[argc++] = strdup(pin);
    const int status = p11csr_cli_main(argc, argv);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    exit(status);
}

void run_case(const struct place *place, const struct scenario *scenario, const char *script,
              unsigned int limit_s, struct run *ret)
{
    char path[PATH_SIZE];
    path_in(place, "script", path);
    write_text(path, script);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(limit_s);
        run_here(place, scenario);
    }
    check(pid > 0 && waitpid(pid, &ret->status, 0) == pid, "a child was lost");
    path_in(place, "err", path);
    read_text(path, ret->err);
    path_in(place, "log", path);
    read_text(path, ret->log);
}
