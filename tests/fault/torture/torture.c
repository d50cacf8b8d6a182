// SPDX-License-Identifier: Apache-2.0
/*
 * torture SHIM MODULE [SCENARIO NTH FAULT]: lets each PKCS#11 call of the main job and of key generation fail
 * in each of the ways below: one case in ten, or in P11CSR_ONE_IN, chosen by chance; P11CSR_SEED chooses the
 * same ones again. Prints how many there were. With a scenario and a fault: that case, and all
 * that can be seen of it.
 */
#include "torture.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

/* A run takes milliseconds, and some hundred of them with sanitizers on a busy machine. */
enum { WORKERS = 2, TIME_LIMIT_S = 60 };

// clang-format off
static struct scenario scenarios[] = {
    {.name = "request", .writes_request = true,
     .args = {"request", "--token", TOKEN, "--key-label", "web", "--subject", "CN=www.example.com", "--dns",
              "www.example.com", "-o", "web.csr"}},
    {.name = "generate", .makes_key = true,
     .args = {"keys", "generate", "p256", "--token", TOKEN, "--key-label", "new"}},
    {.name = "request-generate", .makes_key = true, .writes_request = true,
     .args = {"request", "--token", TOKEN, "--generate", "p256", "--key-label", "new", "--subject",
              "CN=www.example.com", "-o", "web.csr"}},
    // Another encoding of the point, and a second search because the labels differ.
    {.name = "request-card", .writes_request = true,
     .behaviour = "ec-point raw\nattribute CKA_LABEL public value 66726f6e74\n",
     .args = {"request", "--token", TOKEN, "--key-label", "web", "--subject", "CN=www.example.com", "-o",
              "web.csr"}},
    // A token that does not protect the key: what was made has to go, or be named.
    {.name = "generate-refused", .makes_key = true, .refused = true,
     .behaviour = "attribute CKA_EXTRACTABLE private value 01\n",
     .args = {"keys", "generate", "p256", "--token", TOKEN, "--key-label", "new"}},
};

/* What happens to the call. Answers after it are those that leave open what the token has done. */
static const char *const faults[] = {
    "return CKR_HOST_MEMORY", "return CKR_SLOT_ID_INVALID", "return CKR_GENERAL_ERROR",
    "return CKR_FUNCTION_FAILED", "return CKR_ARGUMENTS_BAD", "return CKR_ATTRIBUTE_READ_ONLY",
    "return CKR_ATTRIBUTE_SENSITIVE", "return CKR_ATTRIBUTE_TYPE_INVALID",
    "return CKR_ATTRIBUTE_VALUE_INVALID", "return CKR_DATA_LEN_RANGE", "return CKR_DEVICE_ERROR",
    "return CKR_DEVICE_MEMORY", "return CKR_DEVICE_REMOVED", "return CKR_FUNCTION_CANCELED",
    "return CKR_FUNCTION_NOT_SUPPORTED", "return CKR_KEY_HANDLE_INVALID",
    "return CKR_KEY_FUNCTION_NOT_PERMITTED", "return CKR_MECHANISM_INVALID",
    "return CKR_MECHANISM_PARAM_INVALID", "return CKR_OBJECT_HANDLE_INVALID",
    "return CKR_OPERATION_ACTIVE", "return CKR_OPERATION_NOT_INITIALIZED", "return CKR_PIN_INCORRECT",
    "return CKR_PIN_LOCKED", "return CKR_PIN_EXPIRED", "return CKR_SESSION_CLOSED",
    "return CKR_SESSION_COUNT", "return CKR_SESSION_HANDLE_INVALID", "return CKR_SESSION_READ_ONLY",
    "return CKR_TEMPLATE_INCOMPLETE", "return CKR_TEMPLATE_INCONSISTENT", "return CKR_TOKEN_NOT_PRESENT",
    "return CKR_TOKEN_NOT_RECOGNIZED", "return CKR_TOKEN_WRITE_PROTECTED",
    "return CKR_USER_ALREADY_LOGGED_IN", "return CKR_USER_NOT_LOGGED_IN",
    "return CKR_USER_PIN_NOT_INITIALIZED", "return CKR_BUFFER_TOO_SMALL",
    "return CKR_CRYPTOKI_NOT_INITIALIZED", "return CKR_FUNCTION_REJECTED", "return 0x80000001",
    "answer CKR_HOST_MEMORY", "answer CKR_GENERAL_ERROR", "answer CKR_FUNCTION_FAILED",
    "answer CKR_DEVICE_ERROR", "answer CKR_TEMPLATE_INCONSISTENT", "answer CKR_DEVICE_REMOVED",
    "answer CKR_SESSION_HANDLE_INVALID",
    "answer CKR_TOKEN_NOT_PRESENT", "answer CKR_BUFFER_TOO_SMALL", "sessions-lost", "remove",
};
// clang-format on
enum {
    SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]),
    FAULTS = sizeof(faults) / sizeof(faults[0]),
};

struct torture {
    char folder[PATH_SIZE];
    uint64_t seed;
    uint64_t one_in;
};

/* splitmix64: whether a case is among the chosen depends on nothing but its number and the seed. */
static bool is_chosen(const struct torture *torture, uint64_t number)
{
    uint64_t x = torture->seed + number * 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return (x ^ (x >> 31)) % torture->one_in == 0;
}

static void write_script(const struct scenario *scenario, unsigned long nth, const char *fault, char *script,
                         size_t size)
{
    int len = snprintf(script, size, "%s", scenario->behaviour != NULL ? scenario->behaviour : "");
    if (fault != NULL) {
        len += snprintf(script + len, size - (size_t)len, "any %lu %s\n", nth, fault);
    }
    check(len < (int)size, "the script is too long");
}

/* Runs one case. True: all is as it has to be. */
static bool try_case(const struct torture *torture, struct place *place, const struct scenario *scenario,
                     unsigned long nth, const char *fault)
{
    static struct run run;
    char script[512];
    write_script(scenario, nth, fault, script, sizeof(script));
    place_reset(place, torture->folder);
    run_case(place, scenario, script, TIME_LIMIT_S, &run);
    const char *wrong = judge(place, scenario, &run);
    if (wrong == NULL && count_calls(run.log, NULL) < nth) {
        wrong = "the call that was to fail was not made";
    }
    if (wrong != NULL) {
        printf("FAILED: %s %lu '%s': %s (status %d)\n%s", scenario->name, nth, fault, wrong,
               WEXITSTATUS(run.status), run.err);
    }
    return wrong == NULL;
}

/* Every WORKERS-th of the chosen cases; returns how many failed, at most 100. */
static int work(const struct torture *torture, unsigned int worker)
{
    struct place place;
    uint64_t number = 0;
    uint64_t chosen = 0;
    int failed = 0;
    (void)snprintf(place.folder, sizeof(place.folder), "%.200s/worker-%u", torture->folder, worker);
    for (size_t s = 0; s < SCENARIOS; s++) {
        for (unsigned long i = 0; i < scenarios[s].calls * FAULTS && failed < 100; i++) {
            const bool mine = is_chosen(torture, number++) && chosen++ % WORKERS == worker;
            if (mine && !try_case(torture, &place, &scenarios[s], i / FAULTS + 1, faults[i % FAULTS])) {
                failed++;
            }
        }
    }
    return failed;
}

/* A run without a fault: how many calls there are to fail. */
static void measure(const struct torture *torture, struct scenario *scenario)
{
    static struct run run;
    struct place place;
    char script[512];
    (void)snprintf(place.folder, sizeof(place.folder), "%.200s/measure", torture->folder);
    place_reset(&place, torture->folder);
    write_script(scenario, 0, NULL, script, sizeof(script));
    run_case(&place, scenario, script, TIME_LIMIT_S, &run);
    check((run.status == 0) != scenario->refused, "%s without a fault: %s", scenario->name, run.err);
    scenario->logins = count_logins(run.log);
    scenario->calls = count_calls(run.log, NULL);
    const char *wrong = judge(&place, scenario, &run);
    check(wrong == NULL, "%s without a fault: %s", scenario->name, wrong);
    printf("%-20s %3lu PKCS#11 calls\n", scenario->name, scenario->calls);
}

/* What must never happen is noticed when it does. */
static void check_the_judge(const struct torture *torture)
{
    static const char *const bad[] = {"C_SignInit 1 crash\n", "C_SignInit 1 hang\n"};
    static struct run run;
    struct place place;
    char path[PATH_SIZE];
    (void)snprintf(place.folder, sizeof(place.folder), "%.200s/judge", torture->folder);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        place_reset(&place, torture->folder);
        run_case(&place, &scenarios[0], bad[i], 2, &run);
        check(judge(&place, &scenarios[0], &run) != NULL, "not noticed: %s", bad[i]);
    }
    place_reset(&place, torture->folder);
    run_case(&place, &scenarios[0], "", TIME_LIMIT_S, &run);
    path_in(&place, "work/web.csr", path);
    check(judge(&place, &scenarios[0], &run) == NULL && truncate(path, 300) == 0, "no request was made");
    check(judge(&place, &scenarios[0], &run) != NULL, "not noticed: half a request");
    check(unlink(path) == 0 && judge(&place, &scenarios[0], &run) != NULL, "not noticed: no request");
    place.objects--;
    check(judge(&place, &scenarios[0], &run) != NULL, "not noticed: an object too many");
}

static uint64_t count_cases(const struct torture *torture)
{
    uint64_t number = 0;
    uint64_t chosen = 0;
    for (size_t s = 0; s < SCENARIOS; s++) {
        for (unsigned long i = 0; i < scenarios[s].calls * FAULTS; i++) {
            chosen += is_chosen(torture, number++) ? 1 : 0;
        }
    }
    printf("%llu of %llu cases (P11CSR_SEED=%llu)\n", (unsigned long long)chosen, (unsigned long long)number,
           (unsigned long long)torture->seed);
    return chosen;
}

static int run_all(const struct torture *torture)
{
    pid_t workers[WORKERS];
    int failed = 0;
    const uint64_t cases = count_cases(torture);
    (void)fflush(stdout);
    for (unsigned int i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            exit(work(torture, i));
        }
    }
    for (unsigned int i = 0; i < WORKERS; i++) {
        int status = 0;
        check(workers[i] > 0 && waitpid(workers[i], &status, 0) == workers[i], "a worker was lost");
        check(WIFEXITED(status), "a worker crashed");
        failed += WEXITSTATUS(status);
    }
    printf("%llu cases, %d failed\n", (unsigned long long)cases, failed);
    return failed == 0 && cases > 0 ? 0 : 1;
}

/* One case, shown. */
static int run_one(const struct torture *torture, char **args)
{
    struct place place;
    char path[PATH_SIZE];
    char log[TEXT_SIZE];
    (void)snprintf(place.folder, sizeof(place.folder), "%.200s/one", torture->folder);
    for (size_t s = 0; s < SCENARIOS; s++) {
        if (strcmp(scenarios[s].name, args[0]) == 0) {
            const bool good = try_case(torture, &place, &scenarios[s], strtoul(args[1], NULL, 10), args[2]);
            path_in(&place, "log", path);
            read_text(path, log);
            path_in(&place, "err", path);
            printf("%s", log);
            read_text(path, log);
            printf("%s%s\n", log, good ? "good" : "bad");
            return good ? 0 : 1;
        }
    }
    check(false, "there is no scenario '%s'", args[0]);
    return 1;
}

static void set_up(struct torture *torture, const char *shim, const char *module)
{
    const char *seed = getenv("P11CSR_SEED");
    const char *one_in = getenv("P11CSR_ONE_IN");
    torture->one_in = one_in != NULL ? strtoull(one_in, NULL, 10) : 10;
    check(torture->one_in > 0, "P11CSR_ONE_IN is not a number from 1");
    if (seed != NULL) {
        torture->seed = strtoull(seed, NULL, 10);
    } else {
        check(getrandom(&torture->seed, sizeof(torture->seed), 0) == (ssize_t)sizeof(torture->seed),
              "getrandom");
    }
    (void)snprintf(torture->folder, sizeof(torture->folder), "%s/p11csr-torture-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(torture->folder) != NULL, "no folder could be made");
    place_make_original(torture->folder);
    check(setenv("P11SHIM_MODULE", module, 1) == 0 && setenv("P11CSR_MODULE", shim, 1) == 0, "setenv");
    // Loaded here once and initialised in each child.
    check(dlopen(module, RTLD_NOW | RTLD_LOCAL) != NULL && dlopen(shim, RTLD_NOW | RTLD_LOCAL) != NULL, "%s",
          dlerror());
}

int main(int argc, char **argv)
{
    struct torture torture = {0};
    if (argc != 3 && argc != 6) {
        (void)fprintf(stderr, "usage: torture SHIM MODULE [SCENARIO NTH FAULT]\n");
        return 64;
    }
    set_up(&torture, argv[1], argv[2]);
    for (size_t s = 0; s < SCENARIOS; s++) {
        measure(&torture, &scenarios[s]);
    }
    check_the_judge(&torture);
    const int status = argc == 6 ? run_one(&torture, argv + 3) : run_all(&torture);
    place_remove(torture.folder);
    return status;
}
