// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/quirk_words.h"
#include "tokens/quirks.h"

#include <string.h>

/* A token of this maker with this module, for matching. */
static void name_token(struct fixture *f, const char *maker, const char *model, const char *library)
{
    mock_pad(f->mock->slots[0].token.manufacturerID, 32, maker);
    mock_pad(f->mock->slots[0].token.model, 16, model);
    mock_pad(f->mock->info.libraryDescription, 32, library);
    fixture_reopen(f);
}

static const char *value_of(struct fixture *f, enum pc_quirk_id id)
{
    return f->token.quirks.values[id].text;
}

static void set_quirks(struct fixture *f, const struct pc_quirk_rule *rules, size_t count)
{
    f->token.slot.module->has_info = false; // the test may have changed what it says
    check_ok(pc_token_set_quirks(&f->token, rules, count, &f->err), &f->err);
}

static void test_glob(void **state)
{
    (void)state;
    const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "A", true},
        {"a", "ab", false},
        {"*", "", true},
        {"*", "any", true},
        {"Yubico*", "YUBICO", true},
        {"Yubico*", "Yubic", false},
        {"*HSM*", "AWS CloudHSM", true},
        {"*b*c", "abbc", true},
        {"*b*c", "abcb", false},
        {"a*a", "a", false},
        {"a*a", "aa", true},
        {"**x", "yx", true},
        {"a.c", "abc", false}, // nothing else is special
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_int_equal(pc_quirk_glob(rows[i].pattern, pc_span_str(rows[i].text)), rows[i].matches);
    }
}

static void test_versions_are_numbers(void **state)
{
    (void)state;
    CK_INFO info = {.libraryVersion = {2, 10}};
    CK_TOKEN_INFO token = {.firmwareVersion = {5, 4}};
    const struct {
        struct pc_quirk_match match;
        bool matches;
    } rows[] = {
        {{.library_from = {2, 9}}, true}, // as text, 2.9 would be the larger one
        {{.library_from = {2, 10}, .library_to = {2, 10}}, true},
        {{.library_to = {2, 9}}, false},
        {{.library_from = {2, 11}}, false},
        {{.library_from = {3, 0}}, false},
        {{.library_to = {10, 0}}, true},
        {{.firmware_from = {5, 0}, .firmware_to = {5, 255}}, true},
        {{.firmware_to = {4, 255}}, false},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_int_equal(pc_quirk_matches(&rows[i].match, &info, &token), rows[i].matches);
    }
}

static void test_defaults(void **state)
{
    struct fixture *f = *state;
    set_quirks(f, NULL, 0);
    for (int id = 0; id < PC_QUIRK_COUNT; id++) {
        assert_string_equal(value_of(f, (enum pc_quirk_id)id), pc_quirk_word((enum pc_quirk_id)id)->fallback);
        assert_null(f->token.quirks.values[id].set_by);
    }
    assert_true(pc_quirk_is(&f->token.quirks, PC_QUIRK_LOGIN, "auto"));
    assert_null(pc_quirk_text(&f->token.quirks, PC_QUIRK_PIN_FORM));
    assert_int_equal(f->token.quirks.used, 0); // what is as always explains nothing
}

static void test_every_default_is_a_value(void **state)
{
    struct fixture *f = *state;
    for (int id = 0; id < PC_QUIRK_COUNT; id++) {
        const struct pc_quirk_word *word = pc_quirk_word((enum pc_quirk_id)id);
        enum pc_quirk_id found = PC_QUIRK_COUNT;
        check_ok(pc_quirk_check(word->word, word->fallback, &found, &f->err), &f->err);
        assert_int_equal(found, id);
    }
}

static void test_merge_order(void **state)
{
    struct fixture *f = *state;
    static const struct pc_quirk_match here = {.manufacturer = "Yubico*"};
    static const struct pc_quirk_match elsewhere = {.manufacturer = "Acme*"};
    const struct pc_quirk_rule rules[] = {
        {&here, "login", "never", "a.yaml:1"},
        {&elsewhere, "touch", "yes", "a.yaml:2"},
        {NULL, "pin-form", "anything", "--quirk"},
        {&here, "pin-form", "the last", "--quirk"},
    };
    name_token(f, "Yubico (www.yubico.com)", "YubiHSM", "YubiHSM PKCS#11 Library");
    set_quirks(f, NULL, 0);
    assert_string_equal(value_of(f, PC_QUIRK_LOGIN), "always"); // of the row
    assert_string_equal(f->token.quirks.values[PC_QUIRK_LOGIN].set_by, "yubihsm2");
    assert_non_null(f->token.quirks.values[PC_QUIRK_LOGIN].evidence);
    set_quirks(f, rules, PC_ARRAY_LEN(rules));
    assert_string_equal(value_of(f, PC_QUIRK_LOGIN), "never");
    assert_string_equal(f->token.quirks.values[PC_QUIRK_LOGIN].set_by, "a.yaml:1");
    assert_null(f->token.quirks.values[PC_QUIRK_LOGIN].evidence);
    assert_string_equal(value_of(f, PC_QUIRK_TOUCH), "no");
    assert_string_equal(value_of(f, PC_QUIRK_PIN_FORM), "the last");
    assert_string_equal(value_of(f, PC_QUIRK_ID_RULE), "two-bytes"); // what nobody changed stays the row's
}

/* The module's maker counts as well as the token's: some tokens carry the name of the device. */
static void test_module_maker(void **state)
{
    struct fixture *f = *state;
    mock_pad(f->mock->info.manufacturerID, 32, "Google");
    name_token(f, "somebody else", "Cloud KMS Token", "a library");
    set_quirks(f, NULL, 0);
    assert_string_equal(value_of(f, PC_QUIRK_ID_RULE), "none");
    name_token(f, "somebody else", "another model", "a library");
    set_quirks(f, NULL, 0);
    assert_string_equal(value_of(f, PC_QUIRK_ID_RULE), "free");
}

static void check_refused(struct fixture *f, const char *word, const char *value, const char *text)
{
    const struct pc_quirk_rule rule = {NULL, word, value, "x"};
    check_fails(pc_token_set_quirks(&f->token, &rule, 1, &f->err), &f->err, P11CSR_E_VALUE, text);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    check_refused(f, "logon", "never", "unknown quirk 'logon'; the nearest is 'login'");
    check_refused(f, "quite-something-else", "x", "unknown quirk 'quite-something-else'");
    check_refused(f, "login", "sometimes", "'sometimes' is none of: auto never always");
    check_refused(f, "login", "", "is none of");
    check_refused(f, "login", "auto never", "is none of");
    check_refused(f, "retry-on", "CKR_OK_OR_NOT", "byte 1 of 'CKR_OK_OR_NOT': like CKR_NAME");
    check_refused(f, "retry-on", "CKR_DEVICE_ERROR,,", "byte 18");
    check_refused(f, "keygen-mech", "CKM_ECDSA,CKM_X", "byte 11");
    check_refused(f, "keygen-mech", "0x", "byte 1");
    check_refused(f, "omit-attrs", "both:CKA_SIGN", "byte 1");
    check_refused(f, "add-attrs", "p256:CKA_SIGN", "like SPEC:CKA_NAME=NUMBER");
    check_refused(f, "add-attrs", ":CKA_SIGN=1", "byte 1");
    check_refused(f, "add-attrs", "p256:CKA_SIGN=-1", "byte 1");
    check_refused(f, "error-hint", "CKR_DEVICE_ERROR=", "like CKR_NAME=text");
    check_refused(f, "error-hint", "CKR_DEVICE_ERROR", "byte 1");
    char longest[5000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    const struct pc_quirk_rule rule = {NULL, "pin-form", longest, "x"};
    check_fails(pc_token_set_quirks(&f->token, &rule, 1, &f->err), &f->err, P11CSR_E_LIMIT, "more than");
}

static void test_lists(void **state)
{
    struct fixture *f = *state;
    const struct pc_quirk_rule rules[] = {
        {NULL, "retry-on", "CKR_DEVICE_ERROR,0x80000042", "x"},
        {NULL, "omit-attrs", "public:*,private:CKA_DERIVE,CKA_ID", "x"},
        {NULL, "add-attrs", "p256:0x8001e101=12,rsa-2048:CKA_SIGN=1", "x"},
        {NULL, "error-hint", "CKR_DEVICE_ERROR=one, two|0x8000002f=three", "x"},
    };
    struct pc_quirk_item item;
    size_t at = 0;
    struct pc_quirks *quirks = &f->token.quirks;
    set_quirks(f, rules, PC_ARRAY_LEN(rules));
    assert_true(pc_quirk_lists(quirks, PC_QUIRK_RETRY_ON, CKR_DEVICE_ERROR));
    assert_true(pc_quirk_lists(quirks, PC_QUIRK_RETRY_ON, 0x80000042UL));
    assert_false(pc_quirk_lists(quirks, PC_QUIRK_RETRY_ON, CKR_GENERAL_ERROR));
    assert_false(pc_quirk_lists(quirks, PC_QUIRK_KEYGEN_MECH, CKM_ECDSA));
    assert_true(pc_quirk_next(quirks, PC_QUIRK_OMIT_ATTRS, &at, &item));
    assert_true(item.all && item.side == PC_QUIRK_PUBLIC);
    assert_true(pc_quirk_next(quirks, PC_QUIRK_OMIT_ATTRS, &at, &item));
    assert_true(!item.all && item.side == PC_QUIRK_PRIVATE && item.number == CKA_DERIVE);
    assert_true(pc_quirk_next(quirks, PC_QUIRK_OMIT_ATTRS, &at, &item));
    assert_true(!item.all && item.side == PC_QUIRK_BOTH && item.number == CKA_ID);
    assert_false(pc_quirk_next(quirks, PC_QUIRK_OMIT_ATTRS, &at, &item));
    at = 0;
    assert_true(pc_quirk_next(quirks, PC_QUIRK_ADD_ATTRS, &at, &item));
    assert_true(pc_span_eq(item.spec, pc_span_str("p256")) && item.number == 0x8001e101UL &&
                item.value == 12);
    at = 0;
    assert_true(pc_quirk_next(quirks, PC_QUIRK_ERROR_HINT, &at, &item));
    assert_true(item.number == CKR_DEVICE_ERROR && pc_span_eq(item.text, pc_span_str("one, two")));
    assert_true(pc_quirk_next(quirks, PC_QUIRK_ERROR_HINT, &at, &item));
    assert_true(item.number == 0x8000002fUL && pc_span_eq(item.text, pc_span_str("three")));
    assert_false(pc_quirk_next(quirks, PC_QUIRK_ERROR_HINT, &at, &item));
}

/* A failure names the quirks that were used on the way, and no other. */
static void test_explained(void **state)
{
    struct fixture *f = *state;
    const struct pc_quirk_rule rule = {NULL, "touch", "yes", "b.yaml:7"};
    name_token(f, "Yubico (www.yubico.com)", "YubiHSM", "YubiHSM PKCS#11 Library");
    set_quirks(f, &rule, 1);
    assert_true(pc_quirk_is(&f->token.quirks, PC_QUIRK_TOUCH, "yes"));
    assert_false(pc_quirk_is(&f->token.quirks, PC_QUIRK_LOGIN, "never"));
    f->token.slot.module->has_info = false;
    mock_fail(f->mock, "C_GetInfo", 1, CKR_GENERAL_ERROR);
    struct pc_token other;
    pc_token_init(&other, &f->token.slot);
    const struct pc_result failed = pc_token_set_quirks(&other, NULL, 0, &f->err);
    pc_token_done(&other);
    assert_int_equal(failed.code, P11CSR_E_TOKEN);
    pc_quirks_explain(&f->token.quirks, failed, &f->err);
    assert_true(has_note(f->err, "quirk touch=yes, set by b.yaml:7"));
    assert_true(has_note(f->err, "quirk login=always, set by row yubihsm2"));
    assert_false(has_note(f->err, "id-rule"));
    pc_quirks_explain(&f->token.quirks, PC_OK, NULL);
    p11csr_error_free(&f->err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob),    cmocka_unit_test(test_versions_are_numbers),
        FIXTURE_TEST(test_defaults),    FIXTURE_TEST(test_every_default_is_a_value),
        FIXTURE_TEST(test_merge_order), FIXTURE_TEST(test_module_maker),
        FIXTURE_TEST(test_refused),     FIXTURE_TEST(test_lists),
        FIXTURE_TEST(test_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
