// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_TOKEN_FIXTURE_H
#define TESTS_TOKEN_FIXTURE_H

#include "alg/signer.h"
#include "lib/check.h"
#include "lib/mockp11.h"
#include "tokens/key.h"

/*
 * What most tests of tokens/ start from: a mock with one token, opened, and a PIN source whose answers are
 * counted.
 */
struct fixture {
    struct mock *mock;
    struct pc_modules modules;
    struct pc_token token;
    struct pc_pin_source source;   /* asks nobody */
    struct pc_login login;         /* from `source` */
    const char *answer;            /* of the source: "1234"; NULL: it is cancelled */
    const char *so_answer;         /* what it answers when the security officer is asked: "87654321" */
    unsigned asked;                /* how often the source was asked */
    unsigned done;                 /* how often it was told that the PIN is not needed any more */
    unsigned refused[3];           /* how often it was told that the PIN was wrong, by role */
    struct pc_pin_request request; /* the last time, without its texts */
    bool request_has_key;
    struct pc_key key;
    p11csr_error *err;
};

/* How often and for how many milliseconds in all the program would have slept since this was last zeroed. */
extern unsigned fixture_sleeps;
extern unsigned fixture_slept_ms;

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Looks at the first slot again after the test changed what it says about itself. */
void fixture_reopen(struct fixture *f);
/* A test with a fixture of its own. */
#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown((name), fixture_setup, fixture_teardown)

/* Finds by label, id (as text), or both; NULL leaves one out. The key is in f->key. */
PC_RESULT fixture_find(struct fixture *f, const char *label, const char *id);
/* Signs "message" with f->key by a scheme; what the token returned is appended to `ret`. */
PC_RESULT fixture_sign(struct fixture *f, enum pc_scheme_id scheme, struct pc_buf *ret);
/* Whether f->key shows this key of the mock's stock. */
bool fixture_key_is(const struct fixture *f, enum mock_kind kind, size_t index);
/* Whether one of the notes of an error holds the text. */
bool has_note(const p11csr_error *err, const char *text);
/* Whether the text is anywhere in the error: message, causes, notes, hint. */
bool error_holds(const p11csr_error *err, const char *text);
/* check_fails() that leaves the error to be looked at further. */
void check_failed(struct pc_result result, const p11csr_error *err, enum p11csr_code code, const char *text);

#endif
