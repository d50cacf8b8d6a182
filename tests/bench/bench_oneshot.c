// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * One whole `p11csr request` for a key that is there, against a bare program that signs once with the same
 * key. Both are run in turn, and the medians are compared: the ratio is the figure, the seconds are not.
 */
enum { MAX_ROUNDS = 200 };

static double run_once(char *const *argv)
{
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int status = 1;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const double start = raw_now();
    raw_check(posix_spawn(&child, argv[0], &actions, NULL, argv, environ) == 0 ? CKR_OK : CKR_GENERAL_ERROR,
              argv[0]);
    (void)waitpid(child, &status, 0);
    const double end = raw_now();
    (void)posix_spawn_file_actions_destroy(&actions);
    raw_check(status == 0 ? CKR_OK : CKR_GENERAL_ERROR, argv[0]);
    return end - start;
}

static void add_keys(int from, int to)
{
    struct raw raw;
    raw_open(&raw, CKF_RW_SESSION);
    for (int i = from; i < to; i++) {
        char label[24];
        (void)snprintf(label, sizeof(label), "key-%d", i);
        raw_generate(&raw, label, 0);
    }
    raw_close(&raw);
}

/* Returns 1 when the ratio is over the bar. */
static int compare(int keys, double bar, int rounds, const char *pin_source)
{
    static double raw_times[MAX_ROUNDS];
    static double our_times[MAX_ROUNDS];
    char raw_program[] = RAW_PROGRAM;
    char label[] = "key-50";
    char *const raw_argv[] = {raw_program, label, NULL};
    char *const our_argv[] = {(char[]){P11CSR_PROGRAM},
                              (char[]){"request"},
                              (char[]){"--quiet"},
                              (char[]){"--module"},
                              (char *)(uintptr_t)raw_module(),
                              (char[]){"--token"},
                              (char *)(uintptr_t)raw_label,
                              (char[]){"--key-label"},
                              label,
                              (char[]){"--pin-source"},
                              (char *)(uintptr_t)pin_source,
                              (char[]){"--subject"},
                              (char[]){"CN=bench.example"},
                              NULL};
    (void)run_once(raw_argv); // both warm
    (void)run_once(our_argv);
    for (int i = 0; i < rounds; i++) {
        raw_times[i] = run_once(raw_argv);
        our_times[i] = run_once(our_argv);
    }
    const double raw_median_time = raw_median(raw_times, rounds);
    const double our_median_time = raw_median(our_times, rounds);
    const double ratio = our_median_time / raw_median_time;
    printf("%5d keys: bare %.2f ms, p11csr %.2f ms, ratio %.3f (bar %.2f) %s\n", keys, raw_median_time * 1e3,
           our_median_time * 1e3, ratio, bar, ratio <= bar ? "ok" : "TOO SLOW");
    return ratio <= bar ? 0 : 1;
}

int main(void)
{
    char folder[64];
    char pin_file[96];
    char source[128];
    raw_make_token(folder);
    (void)snprintf(pin_file, sizeof(pin_file), "%s/pin", folder);
    (void)snprintf(source, sizeof(source), "file:%s", pin_file);
    FILE *file = fopen(pin_file, "we");
    raw_check(file != NULL ? CKR_OK : CKR_GENERAL_ERROR, "fopen");
    (void)fputs(raw_secret, file);
    (void)fclose(file);
    (void)chmod(pin_file, 0600);

    add_keys(0, 100);
    int failed = compare(100, 1.20, 100, source);
    add_keys(100, 2000);
    failed += compare(2000, 1.10, 20, source);
    raw_remove(folder);
    return failed;
}
