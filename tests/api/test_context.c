// SPDX-License-Identifier: Apache-2.0
/* What lives in a context: several keys, threads, PINs, warnings, records; and several contexts. */
#include "place.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 8, REQUESTS = 20 };

/* One context, one request, keys of every family; the keys are used in turns. */
static void test_several_keys(void **state)
{
    static const char *const specs[] = {"p256", "rsa-2048", "ed25519"};
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_request *request = new_request("CN=several");
    p11csr_key *keys[3];
    for (size_t i = 0; i < 3; i++) {
        keys[i] = ensure_key(ctx, specs[i], specs[i]);
    }
    for (size_t i = 0; i < 9; i++) {
        sign_and_verify(ctx, request, keys[(i * 2) % 3]);
    }
    p11csr_key_free(&keys[1]);
    sign_and_verify(ctx, request, keys[0]);
    p11csr_error *err = NULL;
    p11csr_csr *csr = NULL;
    check_ok(p11csr_request_set_scheme(request, "ed25519", &err), &err);
    check_fails(p11csr_request_sign(request, keys[0], &csr, &err), &err, P11CSR_E_ALGORITHM);
    assert_int_equal(p11csr_request_sign(request, keys[0], &csr, NULL), P11CSR_E_ALGORITHM);
    assert_null(csr);
    sign_and_verify(ctx, request, keys[2]);
    p11csr_key_free(&keys[2]);
    p11csr_key_free(&keys[0]);
    p11csr_request_free(&request);
    p11csr_ctx_free(&ctx);
}

/* Two contexts on one token: the end of one takes nothing from the other. */
static void test_two_contexts(void **state)
{
    p11csr_ctx *first = new_ctx(*state);
    p11csr_ctx *second = new_ctx(*state);
    p11csr_request *request = new_request("CN=two");
    p11csr_key *key = ensure_key(first, "p256", "two");
    p11csr_key *same = ensure_key(second, "p256", "two");
    sign_and_verify(first, request, key);
    sign_and_verify(second, request, same);
    p11csr_key_free(&key);
    p11csr_ctx_free(&first);
    sign_and_verify(second, request, same);
    p11csr_key_free(&same);
    p11csr_ctx_free(&second);
    p11csr_request_free(&request);
}

struct job {
    p11csr_ctx *ctx;
    int number;
    int good; /* requests that were made and verified */
};

/* No assertions here: cmocka's belong to the main thread. */
static int make_one(p11csr_ctx *ctx, p11csr_key *key, int number)
{
    p11csr_request *request = NULL;
    p11csr_csr *csr = NULL;
    p11csr_error *err = NULL;
    char subject[32];
    enum p11csr_verdict verdict = P11CSR_VERDICT_BAD;
    (void)snprintf(subject, sizeof(subject), "CN=thread %d", number);
    int good = p11csr_request_new(&request, &err) == P11CSR_OK &&
               p11csr_request_set_subject(request, subject, &err) == P11CSR_OK &&
               p11csr_request_sign(request, key, &csr, &err) == P11CSR_OK &&
               p11csr_csr_verify(ctx, csr, &verdict, NULL, &err) == P11CSR_OK &&
               verdict == P11CSR_VERDICT_GOOD;
    p11csr_csr *none = NULL;
    good = good && p11csr_csr_read("x", 1, &none, NULL) == P11CSR_E_REQUEST;
    p11csr_error_free(&err);
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    return good ? 1 : 0;
}

static void *run_job(void *data)
{
    struct job *job = data;
    char label[32];
    p11csr_key *key = NULL;
    (void)snprintf(label, sizeof(label), "thread %d", job->number % 2);
    const struct p11csr_select select = by_label(label);
    for (int i = 0; i < REQUESTS; i++) {
        if (key == NULL && p11csr_key_open(job->ctx, &select, &key, NULL) != P11CSR_OK) {
            return NULL;
        }
        job->good += make_one(job->ctx, key, job->number);
        if (i % 7 == 6) { // opening takes part too
            p11csr_key_free(&key);
        }
    }
    p11csr_key_free(&key);
    return NULL;
}

static void test_threads(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    pthread_t threads[THREADS];
    struct job jobs[THREADS];
    p11csr_key *keys[] = {ensure_key(ctx, "p256", "thread 0"), ensure_key(ctx, "p256", "thread 1")};
    p11csr_key_free(&keys[0]);
    p11csr_key_free(&keys[1]);
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.ctx = ctx, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(jobs[i].good, REQUESTS);
    }
    p11csr_ctx_free(&ctx);
}

struct asked {
    const char *file; /* holds the PIN; NULL: there is nobody */
    enum p11csr_code answer;
    int count;
};

static enum p11csr_code answer_pin(const struct p11csr_pin_request *request, p11csr_pin *pin, void *data)
{
    struct asked *asked = data;
    char line[128] = "";
    char long_one[300];
    asked->count++;
    assert_int_equal(request->role, P11CSR_ROLE_USER);
    assert_string_equal(request->token, "api");
    assert_int_equal(request->final_try, 0);
    if (asked->file == NULL) {
        return asked->answer;
    }
    memset(long_one, 'x', sizeof(long_one));
    assert_int_equal(p11csr_pin_set(pin, long_one, sizeof(long_one)), P11CSR_E_PIN_LENGTH);
    FILE *file = fopen(asked->file, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_int_equal(fclose(file), 0);
    return p11csr_pin_set(pin, line, strcspn(line, "\n"));
}

static void test_pin_callback(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    struct asked asked = {.answer = P11CSR_E_PIN_CANCELLED};
    const struct p11csr_select select = by_label("asked");
    p11csr_key *key = ensure_key(ctx, "p256", "asked");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(place);
    p11csr_ctx_accept_final_try(ctx, 1);
    p11csr_ctx_accept_final_try(ctx, 0);
    check_both(p11csr_ctx_set_pin_source(ctx, "nonsense", err), P11CSR_E_PIN_SOURCE);
    check_ok(p11csr_ctx_set_pin_source(ctx, "prompt", &both_err), &both_err);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_NEEDED);
    p11csr_ctx_set_pin_callback(ctx, answer_pin, &asked);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_CANCELLED);
    assert_int_equal(asked.count, 2);
    asked.answer = P11CSR_E_INTERRUPTED;
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_INTERRUPTED);
    asked.file = place->soft.pin_file;
    asked.count = 0;
    check_ok(p11csr_key_open(ctx, &select, &key, &both_err), &both_err);
    p11csr_request *request = new_request("CN=asked");
    sign_and_verify(ctx, request, key);
    sign_and_verify(ctx, request, key);
    assert_int_equal(asked.count, 1);
    p11csr_ctx_set_pin_callback(ctx, NULL, NULL);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* A wrong PIN is refused once and not sent again, with whatever source. */
static void test_wrong_pin(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "wrong");
    const struct p11csr_select select = by_label("wrong");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(place);
    assert_int_equal(setenv("P11CSR_TEST_PIN", "surely not", 1), 0);
    check_ok(p11csr_ctx_set_pin_source(ctx, "env:P11CSR_TEST_PIN", &both_err), &both_err);
    assert_null(getenv("P11CSR_TEST_PIN"));
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_INCORRECT);
    check_ok(p11csr_ctx_set_pin_source(ctx, NULL, &both_err), &both_err);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_INCORRECT);
    assert_null(key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(place);
    check_ok(p11csr_key_open(ctx, &select, &key, &both_err), &both_err);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void count_login(const struct p11csr_call *call, void *data)
{
    if (call->leaving != 0 && strcmp(call->function, "C_Login") == 0) {
        ++*(int *)data;
    }
}

/* One token by two ways, its module alone and all of them: what was wrong by one is not sent by the other. */
static void test_wrong_pin_by_two_ways(void **state)
{
    const struct place *place = *state;
    p11csr_error *err = NULL;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_key *key = ensure_key(ctx, "p256", "ways");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(place);
    int logins = 0;
    p11csr_ctx_set_call_callback(ctx, count_login, &logins);
    assert_int_equal(setenv("P11CSR_TEST_PIN", "surely not", 1), 0);
    check_ok(p11csr_ctx_set_pin_source(ctx, "env:P11CSR_TEST_PIN", &err), &err);
    struct p11csr_select select = by_label("ways");
    for (int i = 0; i < 4; i++) {
        select.token = i % 2 == 0 ? "api" : "pkcs11:manufacturer=SoftHSM%20project";
        check_fails(p11csr_key_open(ctx, &select, &key, &err), &err, P11CSR_E_PIN_INCORRECT);
    }
    assert_int_equal(logins, 1);
    p11csr_ctx_free(&ctx);
}

static void count_warning(const char *text, void *data)
{
    assert_non_null(strstr(text, "everybody"));
    assert_null(strchr(text, '\n'));
    ++*(int *)data;
}

static void test_warnings(void **state)
{
    const struct place *place = *state;
    int warnings = 0;
    for (int listens = 0; listens < 2; listens++) {
        p11csr_ctx *ctx = new_ctx(place);
        assert_int_equal(chmod(place->soft.pin_file, 0604), 0);
        p11csr_ctx_set_warning_callback(ctx, listens != 0 ? count_warning : NULL, &warnings);
        p11csr_key *key = ensure_key(ctx, "p256", "warned");
        assert_int_equal(chmod(place->soft.pin_file, 0600), 0);
        assert_int_equal(warnings, listens);
        p11csr_key_free(&key);
        p11csr_ctx_free(&ctx);
    }
}

static void test_records(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    char *json = NULL;
    char folder[PATH_SIZE];
    char file[PATH_SIZE + 16];
    (void)snprintf(folder, sizeof(folder), "%s/state", place->folder);
    check_ok(p11csr_intents_to_json(ctx, &json, &both_err), &both_err);
    assert_string_equal(json, "[]");
    p11csr_free_text(&json);
    check_ok(p11csr_ctx_set_state_dir(ctx, folder, &both_err), &both_err);
    p11csr_key *key = ensure_key(ctx, "p256", "recorded");
    assert_int_equal(access(folder, W_OK), 0);
    check_ok(p11csr_intents_to_json(ctx, &json, &both_err), &both_err);
    assert_string_equal(json, "[]");
    p11csr_free_text(&json);
    (void)snprintf(file, sizeof(file), "%s/key-00.json", folder);
    FILE *record = fopen(file, "w");
    assert_non_null(record);
    assert_true(fputs("not JSON", record) >= 0);
    assert_int_equal(fclose(record), 0);
    check_both(p11csr_intents_to_json(ctx, &json, err), P11CSR_E_READ);
    assert_null(json);
    check_ok(p11csr_ctx_set_state_dir(ctx, NULL, &both_err), &both_err);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* Writes the file that holds a wrong or the right PIN. */
static void copy_file(const char *from, const char *to)
{
    char bytes[256];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    assert_true(in != NULL && out != NULL);
    const size_t len = fread(bytes, 1, sizeof(bytes), in);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(in), 0);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

/* A context with a state folder and the PIN of a file, made anew: what one run knows, the next does not. */
static p11csr_ctx *next_run(const struct place *place, const char *state, const char *source)
{
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *err = NULL;
    check_ok(p11csr_ctx_set_state_dir(ctx, state, &err), &err);
    check_ok(p11csr_ctx_set_pin_source(ctx, source, &err), &err);
    return ctx;
}

static void test_latch(void **state)
{
    const struct place *place = *state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    char source[PATH_SIZE + 8];
    char *json = NULL;
    p11csr_error *both_err = NULL;
    p11csr_key *key = NULL;
    const struct p11csr_select select = by_label("latched");
    (void)snprintf(folder, sizeof(folder), "%s/latches", place->folder);
    (void)snprintf(path, sizeof(path), "%s/wrong", place->folder);
    (void)snprintf(source, sizeof(source), "file:%s", path);
    write_text(path, "surely not");
    p11csr_ctx *ctx = next_run(place, folder, source);
    check_fails(p11csr_key_open(ctx, &select, &key, &both_err), &both_err, P11CSR_E_PIN_INCORRECT);
    p11csr_ctx_free(&ctx);
    ctx = next_run(place, folder, source);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_LATCHED);
    check_both(p11csr_latches_to_json(ctx, "pkcs11:x", &json, err), P11CSR_E_URI);
    check_ok(p11csr_latches_to_json(ctx, "pkcs11:token=other", &json, &both_err), &both_err);
    assert_string_equal(json, "[]");
    p11csr_free_text(&json);
    check_ok(p11csr_latches_to_json(ctx, "api", &json, &both_err), &both_err);
    assert_non_null(strstr(json, path));
    p11csr_free_text(&json);
    check_both(p11csr_latches_clear(ctx, "pkcs11:x", &json, err), P11CSR_E_URI);
    check_ok(p11csr_latches_clear(ctx, "pkcs11:token=other", &json, &both_err), &both_err);
    assert_string_equal(json, "[]");
    p11csr_free_text(&json);
    check_ok(p11csr_latches_clear(ctx, "api", &json, &both_err), &both_err);
    assert_non_null(strstr(json, path));
    p11csr_free_text(&json);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_INCORRECT);
    p11csr_ctx_free(&ctx);
    ctx = next_run(place, folder, source);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_PIN_LATCHED);
    check_ok(p11csr_latches_clear(ctx, NULL, &json, &both_err), &both_err);
    p11csr_free_text(&json);
    check_ok(p11csr_ctx_set_state_dir(ctx, NULL, &both_err), &both_err);
    check_ok(p11csr_latches_clear(ctx, NULL, &json, &both_err), &both_err);
    assert_string_equal(json, "[]");
    p11csr_free_text(&json);
    p11csr_ctx_free(&ctx);
}

/* A program is asked anew for each call: what it said before, and nobody used, may be old. */
static void test_program(void **state)
{
    const struct place *place = *state;
    char program[PATH_SIZE];
    char answer[PATH_SIZE];
    char text[2 * PATH_SIZE];
    p11csr_error *err = NULL;
    p11csr_key *key = NULL;
    p11csr_ctx *ctx = new_ctx(place);
    struct p11csr_select select = by_label("program");
    key = ensure_key(ctx, "p256", "program");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    (void)snprintf(answer, sizeof(answer), "%s/answer", place->folder);
    (void)snprintf(program, sizeof(program), "%s/program", place->folder);
    (void)snprintf(text, sizeof(text), "#!/bin/sh\ncat '%s'\n", answer);
    write_text(program, text);
    assert_int_equal(chmod(program, 0700), 0);
    write_text(answer, "surely not");
    (void)snprintf(text, sizeof(text), "exec:%s", program);
    ctx = new_ctx(place);
    check_ok(p11csr_ctx_set_pin_source(ctx, text, &err), &err);
    select.token = "pkcs11:token=none";
    check_fails(p11csr_key_open(ctx, &select, &key, &err), &err, P11CSR_E_TOKEN_NOT_FOUND);
    copy_file(place->soft.pin_file, answer);
    select = by_label("program");
    check_ok(p11csr_key_open(ctx, &select, &key, &err), &err);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void count_notice(const struct p11csr_pin_request *request, void *data)
{
    assert_non_null(request->token);
    ++*(int *)data;
}

/* When and as whom. The SO PIN of the token is known to nobody. */
static void test_login(void **state)
{
    const struct place *place = *state;
    p11csr_error *both_err = NULL;
    p11csr_key *key = NULL;
    p11csr_key_list *list = NULL;
    int notices = 0;
    const struct p11csr_select select = by_label("login");
    p11csr_ctx *ctx = new_ctx(place);
    check_both(p11csr_ctx_set_login(ctx, (enum p11csr_login)7, err), P11CSR_E_USAGE);
    check_ok(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_NEVER, &both_err), &both_err);
    p11csr_ctx_set_device_callback(ctx, count_notice, &notices);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_KEY_NOT_FOUND);
    check_ok(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_ALWAYS, &both_err), &both_err);
    key = ensure_key(ctx, "p256", "login");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(place);
    p11csr_ctx_login_as_so(ctx, 1);
    check_both(p11csr_ctx_set_so_pin_source(ctx, "nonsense", err), P11CSR_E_PIN_SOURCE);
    check_ok(p11csr_keys_list(ctx, &select, &list, &both_err), &both_err); // nobody to ask: nobody logs in
    assert_int_equal(p11csr_key_list_is_partial(list), 1);
    p11csr_key_list_free(&list);
    assert_int_equal(setenv("P11CSR_TEST_PIN", "surely not", 1), 0);
    check_ok(p11csr_ctx_set_so_pin_source(ctx, "env:P11CSR_TEST_PIN", &both_err), &both_err);
    check_both(p11csr_keys_list(ctx, &select, &list, err), P11CSR_E_PIN_INCORRECT);
    check_ok(p11csr_ctx_set_so_pin_source(ctx, NULL, &both_err), &both_err);
    key = ensure_key(ctx, "p256", "login"); // the use of a key is the user's
    p11csr_key_free(&key);
    p11csr_ctx_login_as_so(ctx, 0);
    p11csr_ctx_free(&ctx);
    assert_int_equal(notices, 0); // SoftHSM2 has no PIN pad
}

/* A PIN in a URI is kept no longer than somebody can use it: any number of them takes one place. */
static void test_many_pin_values(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *err = NULL;
    for (int i = 0; i < 1100; i++) {
        char uri[64];
        p11csr_key_list *list = NULL;
        struct p11csr_select select = P11CSR_SELECT_INIT;
        (void)snprintf(uri, sizeof(uri), "pkcs11:token=%s?pin-value=%d", i % 2 == 0 ? "none" : "api", i);
        select.token = uri;
        const enum p11csr_code code = p11csr_keys_list(ctx, &select, &list, &err);
        check_fails(code, &err,
                    i % 2 == 0 ? P11CSR_E_TOKEN_NOT_FOUND
                               : (i < 1000 ? P11CSR_E_PIN_LENGTH : P11CSR_E_PIN_INCORRECT));
    }
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several_keys),
        cmocka_unit_test(test_two_contexts),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_pin_callback),
        cmocka_unit_test(test_wrong_pin),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_latch),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_wrong_pin_by_two_ways),
        cmocka_unit_test(test_many_pin_values),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
