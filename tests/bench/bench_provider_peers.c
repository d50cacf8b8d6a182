// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Signatures per second through EVP_DigestSign with our provider, and with the public pkcs11-provider, which
 * P11CSR_PEER_PROVIDER names. Each is loaded into a process of its own; they take turns in short rounds, and
 * of each the undisturbed ones are compared. Ours has to be the faster one where both sign with the token's
 * key. By default the other one signs with a copy that it makes of the key in its session, for which SoftHSM2
 * does not look at the key's file each time: that is told, and no bar.
 */
enum { OURS, THEIRS, WITH_COPY, PEERS, ROUNDS = 61, NOT_RUN = 77 };

static const char *const names[PEERS] = {"p11csr", "pkcs11-provider", "with a copy"};

struct peer {
    pid_t process;
    int ask;    /* an octet into it starts a round */
    int answer; /* its seconds come from here */
};

struct settings {
    const char *module;  /* the provider's file */
    const char *setting; /* what it calls the file of the PKCS#11 module */
    const char *more;
};

static void must(bool is_so, const char *what)
{
    raw_check(is_so ? CKR_OK : CKR_GENERAL_ERROR, what);
}

/* An openssl.cnf with this provider behind OpenSSL's own. */
static void write_config(const char *path, const struct settings *settings)
{
    FILE *file = fopen(path, "we");
    must(file != NULL, path);
    (void)fprintf(file,
                  "openssl_conf = start\n[start]\nproviders = providers\n"
                  "[providers]\ndefault = software\npeer = peer\n[software]\nactivate = 1\n"
                  "[peer]\nmodule = %s\n%s = %s\n%sactivate = 1\n",
                  settings->module, settings->setting, raw_module(), settings->more);
    must(fclose(file) == 0, path);
}

static void start(struct peer *peer, const char *config, const char *uri, const char *count,
                  const char *threads)
{
    char *const argv[] = {(char[]){PEER_PROGRAM}, (char *)(uintptr_t)uri, (char *)(uintptr_t)count,
                          (char *)(uintptr_t)threads, NULL};
    posix_spawn_file_actions_t actions;
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    must(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe2");
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    (void)setenv("OPENSSL_CONF", config, 1);
    must(posix_spawn(&peer->process, argv[0], &actions, NULL, argv, environ) == 0, argv[0]);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    peer->ask = in[1];
    peer->answer = out[0];
}

static double measure(const struct peer *peer)
{
    double seconds = 0;
    must(write(peer->ask, "g", 1) == 1, PEER_PROGRAM);
    must(read(peer->answer, &seconds, sizeof(seconds)) == (ssize_t)sizeof(seconds), PEER_PROGRAM);
    return seconds;
}

static void end(const struct peer *peer)
{
    int status = 1;
    (void)close(peer->ask);
    (void)close(peer->answer);
    must(waitpid(peer->process, &status, 0) == peer->process && status == 0, PEER_PROGRAM);
}

/* Returns 1 when ours is not the faster one. */
static int compare(const char *folder, const char *label, int count, int threads)
{
    struct peer peers[PEERS];
    double seconds[PEERS][ROUNDS];
    double taken[PEERS];
    char uri[128];
    char config[96];
    char number[2][16];
    (void)snprintf(uri, sizeof(uri), "pkcs11:token=%s;object=%s;type=private?pin-value=%s", raw_label, label,
                   raw_secret);
    (void)snprintf(number[0], sizeof(number[0]), "%d", count);
    (void)snprintf(number[1], sizeof(number[1]), "%d", threads);
    for (int i = 0; i < PEERS; i++) {
        (void)snprintf(config, sizeof(config), "%s/%d.cnf", folder, i);
        start(&peers[i], config, uri, number[0], number[1]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PEERS; i++) {
            const int which = (round + i) % PEERS;
            seconds[which][round] = measure(&peers[which]);
        }
    }
    for (int i = 0; i < PEERS; i++) {
        end(&peers[i]);
        taken[i] = raw_undisturbed(seconds[i], ROUNDS);
    }
    const bool faster = taken[OURS] < taken[THEIRS];
    printf("%-8s %d thread%s %6.0f per second; %s %6.0f, ratio %.3f (bar 1) %s; %s %6.0f, ratio %.3f\n",
           label, threads, threads == 1 ? ": " : "s:", count / taken[OURS], names[THEIRS],
           count / taken[THEIRS], taken[THEIRS] / taken[OURS], faster ? "ok" : "TOO SLOW", names[WITH_COPY],
           count / taken[WITH_COPY], taken[WITH_COPY] / taken[OURS]);
    (void)fflush(stdout);
    return faster ? 0 : 1;
}

int main(void)
{
    const char *peer = getenv("P11CSR_PEER_PROVIDER");
    // Without the second setting it crashes with SoftHSM2 at the end of a process.
    const struct settings settings[PEERS] = {
        [OURS] = {OUR_PROVIDER, "pkcs11-module", ""},
        [THEIRS] = {peer, "pkcs11-module-path",
                    "pkcs11-module-cache-keys = false\npkcs11-module-quirks = no-deinit\n"},
        [WITH_COPY] = {peer, "pkcs11-module-path", "pkcs11-module-quirks = no-deinit\n"},
    };
    char folder[64];
    char config[96];
    struct raw raw;
    int missed = 0;
    if (peer == NULL || access(peer, R_OK) != 0) {
        printf("not run: P11CSR_PEER_PROVIDER names no pkcs11-provider\n");
        return NOT_RUN;
    }
    raw_make_token(folder);
    for (int i = 0; i < PEERS; i++) {
        (void)snprintf(config, sizeof(config), "%s/%d.cnf", folder, i);
        write_config(config, &settings[i]);
    }
    raw_open(&raw, CKF_RW_SESSION);
    raw_generate(&raw, "p256", 0);
    raw_generate(&raw, "rsa-2048", 2048);
    raw_close(&raw);
    for (int threads = 1; threads <= 2; threads++) {
        missed += compare(folder, "p256", 400, threads);
        missed += compare(folder, "rsa-2048", 40, threads);
    }
    raw_remove(folder);
    return missed;
}
