// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "lib/check.h"

#include <errno.h>
#include <string.h>

static struct pc_result fail_below(p11csr_error **err)
{
    return pc_fail(err, P11CSR_E_READ, "open '%s': %s", "a.csr", "No such file or directory");
}

static void test_one_frame(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    const struct pc_result result = fail_below(&err);
    assert_int_equal(result.code, P11CSR_E_READ);
    assert_int_equal(p11csr_error_code(err), P11CSR_E_READ);
    assert_string_equal(p11csr_error_message(err), "the file cannot be read");
    assert_int_equal(p11csr_error_cause_count(err), 1);
    assert_string_equal(p11csr_error_cause(err, 0), "open 'a.csr': No such file or directory");
    assert_null(p11csr_error_cause(err, 1));
    assert_string_equal(p11csr_error_hint(err), "check the path and its permissions");
    p11csr_error_free(&err);
    assert_null(err);
}

static void test_frames_read_from_outside(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_result result = pc_frame(fail_below(&err), &err, "cannot use profile '%s'", "tls");
    result = pc_frame(result, &err, "cannot make the request");
    assert_int_equal(result.code, P11CSR_E_READ);
    assert_string_equal(p11csr_error_message(err), "cannot make the request");
    assert_int_equal(p11csr_error_cause_count(err), 2);
    assert_string_equal(p11csr_error_cause(err, 0), "cannot use profile 'tls'");
    assert_string_equal(p11csr_error_cause(err, 1), "open 'a.csr': No such file or directory");
    p11csr_error_free(&err);
}

static void test_frame_leaves_success_alone(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_frame(PC_OK, &err, "never said"), &err);
}

static void test_too_many_frames_keep_the_ends(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_result result = fail_below(&err);
    for (int i = 0; i < 2 * PC_MAX_FRAMES; i++) {
        result = pc_frame(result, &err, "level %d", i);
    }
    assert_false(pc_is_ok(result));
    assert_string_equal(p11csr_error_message(err), "level 15");
    assert_int_equal(p11csr_error_cause_count(err), PC_MAX_FRAMES - 1);
    assert_string_equal(p11csr_error_cause(err, PC_MAX_FRAMES - 2),
                        "open 'a.csr': No such file or directory");
    p11csr_error_free(&err);
}

static void test_hint_and_notes(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    pc_ignore(fail_below(&err));
    pc_hint(&err, "try '%s'", "b.csr");
    assert_string_equal(p11csr_error_hint(err), "try 'b.csr'");
    assert_int_equal(p11csr_error_note_count(err), 0);
    for (int i = 0; i < 2 * PC_MAX_NOTES; i++) {
        pc_note(&err, "candidate %d", i);
    }
    assert_int_equal(p11csr_error_note_count(err), PC_MAX_NOTES);
    assert_string_equal(p11csr_error_note(err, 0), "candidate 0");
    assert_string_equal(p11csr_error_note(err, PC_MAX_NOTES - 1), "candidate 31");
    assert_null(p11csr_error_note(err, PC_MAX_NOTES));
    p11csr_error_free(&err);
}

static void test_a_second_failure_replaces_the_first(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    pc_ignore(fail_below(&err));
    check_fails(pc_fail(&err, P11CSR_E_WRITE, "second"), &err, P11CSR_E_WRITE, "second");
}

static void test_errno(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_fails(pc_fail_errno(&err, P11CSR_E_READ, ENOENT, "open '%s'", "x"), &err, P11CSR_E_READ,
                "open 'x': No such file or directory");
}

static void test_without_an_object(void **state)
{
    (void)state;
    p11csr_error *none = NULL;
    assert_int_equal(pc_fail(NULL, P11CSR_E_READ, "x").code, P11CSR_E_READ);
    assert_int_equal(pc_fail_memory(NULL).code, P11CSR_E_NO_MEMORY);
    assert_int_equal(pc_frame((struct pc_result){P11CSR_E_READ}, NULL, "x").code, P11CSR_E_READ);
    pc_hint(NULL, "x");
    pc_note(&none, "x");
    assert_null(none);
    assert_int_equal(p11csr_error_code(NULL), P11CSR_OK);
    assert_string_equal(p11csr_error_message(NULL), "done");
    assert_int_equal(p11csr_error_cause_count(NULL), 0);
    assert_null(p11csr_error_cause(NULL, 0));
    assert_int_equal(p11csr_error_note_count(NULL), 0);
    assert_null(p11csr_error_note(NULL, 0));
    assert_string_equal(p11csr_error_hint(NULL), "");
    p11csr_error_free(NULL);
    p11csr_error_free(&none);
}

/* The object for this case is a constant: nothing may be added to it, and freeing it does nothing. */
static void test_out_of_memory(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_result result = pc_fail_memory(&err);
    assert_int_equal(result.code, P11CSR_E_NO_MEMORY);
    result = pc_frame(result, &err, "cannot make the request");
    pc_hint(&err, "no hint");
    pc_note(&err, "no note");
    assert_int_equal(p11csr_error_code(err), P11CSR_E_NO_MEMORY);
    assert_string_equal(p11csr_error_message(err), "there is no memory left");
    assert_int_equal(p11csr_error_cause_count(err), 0);
    assert_int_equal(p11csr_error_note_count(err), 0);
    assert_string_equal(p11csr_error_hint(err), "free memory and run the command again");
    p11csr_error_free(&err);
    assert_null(err);
    assert_int_equal(result.code, P11CSR_E_NO_MEMORY);
}

static void test_hostile_text(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    pc_ignore(pc_fail(&err, P11CSR_E_TOKEN, "label '%s'", "\x1b]0;owned\x07\r\nhint: \xe2\x80\xae\xff"));
    assert_string_equal(p11csr_error_cause(err, 0),
                        "label '\\x1b]0;owned\\x07\\x0d\\x0ahint: \\xe2\\x80\\xae\\xff'");
    p11csr_error_free(&err);
}

static void test_long_text_is_cut(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    char text[2 * PC_MAX_TEXT];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    pc_ignore(pc_fail(&err, P11CSR_E_VALUE, "%s", text));
    assert_int_equal(strlen(p11csr_error_cause(err, 0)), PC_MAX_TEXT - 1);
    p11csr_error_free(&err);
}

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        enum p11csr_code code;
        const char *name;
        int exit_status;
        int retry;
    } rows[] = {
        {P11CSR_OK, "OK", 0, 0},
        {P11CSR_E_PIN_INCORRECT, "PIN_INCORRECT", 4, 0},
        {P11CSR_E_PROOF_SIGNATURE, "PROOF_SIGNATURE", 12, 0},
        {P11CSR_E_NO_MEMORY, "NO_MEMORY", 75, 1},
        {P11CSR_E_INTERNAL, "INTERNAL", 70, 0},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_string_equal(p11csr_code_name(rows[i].code), rows[i].name);
        assert_int_equal(p11csr_code_exit_status(rows[i].code), rows[i].exit_status);
        assert_int_equal(p11csr_code_may_retry(rows[i].code), rows[i].retry);
    }
    const enum p11csr_code unknown = (enum p11csr_code)799;
    assert_string_equal(p11csr_code_name(unknown), "UNKNOWN");
    assert_int_equal(p11csr_code_exit_status(unknown), 70);
    assert_string_equal(p11csr_strerror(unknown), "an error that this version does not know");
    assert_string_equal(p11csr_strerror(P11CSR_OK), "done");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_frame),
        cmocka_unit_test(test_frames_read_from_outside),
        cmocka_unit_test(test_frame_leaves_success_alone),
        cmocka_unit_test(test_too_many_frames_keep_the_ends),
        cmocka_unit_test(test_hint_and_notes),
        cmocka_unit_test(test_a_second_failure_replaces_the_first),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_without_an_object),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
