// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FAULT_TORTURE_H
#define TESTS_FAULT_TORTURE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Runs p11csr's command line in forked children of this process, on a SoftHSM2 token behind the shim module,
 * and lets one PKCS#11 call after the other fail. No program is started and no library loaded for a case,
 * which makes thousands of them cheap.
 */
enum { MAX_ARGS = 24, PATH_SIZE = 256, TEXT_SIZE = 65536 };

#define TOKEN "torture"

/* A command, and what it is expected to do when nothing fails. */
struct scenario {
    const char *name;
    const char *args[MAX_ARGS]; /* behind the options for the token and the PIN */
    const char *behaviour;      /* lines for the script; NULL: none */
    bool makes_key;
    bool refused; /* it fails by itself */
    bool writes_request;
    unsigned long calls;  /* PKCS#11 calls of a run without a fault */
    unsigned long logins; /* C_Login with a PIN, among them */
};

/* A folder with a token, a home and a place for results. */
struct place {
    char folder[PATH_SIZE];
    size_t objects; /* on the token, before the run */
};

/* How a run ended. */
struct run {
    int status; /* of waitpid() */
    char err[TEXT_SIZE];
    char log[TEXT_SIZE];
};

/* torture_place.c: ends the program with a text. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define check(good, ...) ((good) ? (void)0 : give_up(__VA_ARGS__))

/* Makes the token that is copied for each case, with a key 'web' and another. */
void place_make_original(const char *folder);
/* A fresh copy of it in `folder`. */
void place_reset(struct place *place, const char *original);
void place_remove(const char *folder);
/* Objects on the token: SoftHSM2 keeps each in a file. */
size_t place_objects(const struct place *place);
/* Whether p11csr keeps a record of a key that it has begun to make. */
bool place_has_intent(const struct place *place);
void read_text(const char *path, char text[static TEXT_SIZE]);
void write_text(const char *path, const char *text);
void path_in(const struct place *place, const char *name, char ret[static PATH_SIZE]);

/* torture_run.c: runs the scenario under a script, for that many seconds at most. */
void run_case(const struct place *place, const struct scenario *scenario, const char *script,
              unsigned int limit_s, struct run *ret);

/* torture_judge.c: NULL if all is as it has to be, or else what is wrong. */
const char *judge(const struct place *place, const struct scenario *scenario, const struct run *run);
/* Calls in a log of the shim, and how many of them are of this function. */
unsigned long count_calls(const char *log, const char *function);
unsigned long count_logins(const char *log);

#endif
