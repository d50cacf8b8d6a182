// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "token/fixture.h"

#include <stdio.h>
#include <string.h>

/* Choosing a token. */

static PC_RESULT find_one(struct fixture *f, const char *text, struct pc_slot *ret)
{
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    pc_uri_init(&uri);
    PC_TRY(pc_uri_parse(text, &uri, &f->err));
    return pc_slot_find_one(&f->modules, &uri, ret, &f->err);
}

/* Gives the second token everything else than the first has. */
static void make_second_different(struct fixture *f)
{
    struct mock_slot *two = mock_add_slot(f->mock);
    mock_pad(two->token.model, sizeof(two->token.model), "Model T");
    mock_pad(two->token.manufacturerID, sizeof(two->token.manufacturerID), "Other Makers");
    mock_pad(two->slot.slotDescription, sizeof(two->slot.slotDescription), "other reader");
    mock_pad(two->slot.manufacturerID, sizeof(two->slot.manufacturerID), "Other Readers");
}

static void test_each_attribute(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *first;
        const char *second;
        const char *none;
    } rows[] = {
        {"token=token%20one", "token=token%20two", "token=token"},
        {"serial=0001", "serial=0002", "serial=1"},
        {"model=Model%20M", "model=Model%20T", "model=model%20m"},
        {"manufacturer=Mock%20Makers", "manufacturer=Other%20Makers", "manufacturer="},
        {"slot-description=mock%20reader", "slot-description=other%20reader", "slot-description=mock"},
        {"slot-manufacturer=Reader%20Makers", "slot-manufacturer=Other%20Readers", "slot-manufacturer=x"},
        {"slot-id=17", "slot-id=18", "slot-id=1"},
        {"slot-id=017", "slot-id=0018", "slot-id=0"},
        {"token=token%20one;serial=0001", "token=token%20two;serial=0002", "token=token%20one;serial=0002"},
        {"token=token%20one;object=k;id=%01", "token=token%20two;type=cert", "token=;object=k"},
    };
    make_second_different(f);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_slot slot = {0};
        char text[128];
        (void)snprintf(text, sizeof(text), "pkcs11:%s", rows[i].first);
        check_ok(find_one(f, text, &slot), &f->err);
        assert_int_equal(slot.id, 17);
        (void)snprintf(text, sizeof(text), "pkcs11:%s", rows[i].second);
        check_ok(find_one(f, text, &slot), &f->err);
        assert_int_equal(slot.id, 18);
        (void)snprintf(text, sizeof(text), "pkcs11:%s", rows[i].none);
        check_fails(find_one(f, text, &slot), &f->err, P11CSR_E_TOKEN_NOT_FOUND, "no token matches pkcs11:");
    }
}

static void test_library(void **state)
{
    struct fixture *f = *state;
    static const char *const yes[] = {"library-manufacturer=Mock%20Makers",
                                      "library-description=mock%20module", "library-version=1.7"};
    static const char *const no[] = {"library-manufacturer=Mock", "library-description=mock",
                                     "library-version=1.70"};
    pc_modules_get(&f->modules, 0)->has_info = false;
    for (size_t i = 0; i < PC_ARRAY_LEN(yes); i++) {
        struct pc_slot slot;
        char text[128];
        (void)snprintf(text, sizeof(text), "pkcs11:%s", yes[i]);
        check_ok(find_one(f, text, &slot), &f->err);
        (void)snprintf(text, sizeof(text), "pkcs11:%s", no[i]);
        check_fails(find_one(f, text, &slot), &f->err, P11CSR_E_TOKEN_NOT_FOUND, "no token matches");
    }
    assert_int_equal(mock_calls(f->mock, "C_GetInfo"), 1); // it stays what it is
    pc_modules_get(&f->modules, 0)->has_info = false;
    mock_fail(f->mock, "C_GetInfo", 1, CKR_GENERAL_ERROR);
    struct pc_slot slot;
    check_fails(find_one(f, "pkcs11:library-version=1.7", &slot), &f->err, P11CSR_E_TOKEN,
                "C_GetInfo: CKR_GENERAL_ERROR");
}

static void test_uninitialised_is_ignored(void **state)
{
    struct fixture *f = *state;
    struct pc_slot found;
    CK_SLOT_ID id = 0;
    check_fails(pc_slot_find_uninitialised(pc_modules_get(&f->modules, 0), &id, &f->err), &f->err,
                P11CSR_E_TOKEN_NOT_FOUND, "module 'mock' has no slot for a new token");
    struct mock_slot *empty = mock_add_slot(f->mock);
    empty->token.flags &= ~(CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED);
    mock_pad(empty->token.label, sizeof(empty->token.label), "");
    check_ok(pc_slot_find_one(&f->modules, NULL, &found, &f->err), &f->err);
    assert_int_equal(found.id, 17);
    check_fails(find_one(f, "pkcs11:slot-id=18", &found), &f->err, P11CSR_E_TOKEN_NOT_FOUND,
                "no token matches pkcs11:slot-id=18");
    check_ok(pc_slot_find_uninitialised(pc_modules_get(&f->modules, 0), &id, &f->err), &f->err);
    assert_int_equal(id, 18);
}

/* Some modules report a token in use as not initialised. Making a new one there would wipe it. */
static void test_token_in_use_is_not_uninitialised(void **state)
{
    struct fixture *f = *state;
    CK_SLOT_ID id = 0;
    struct mock_slot *odd = mock_add_slot(f->mock);
    odd->token.flags &= ~CKF_TOKEN_INITIALIZED; // it has a user PIN and a label
    check_fails(pc_slot_find_uninitialised(pc_modules_get(&f->modules, 0), &id, &f->err), &f->err,
                P11CSR_E_TOKEN_NOT_FOUND, "has no slot for a new token");
    mock_pad(odd->token.label, sizeof(odd->token.label), "");
    check_fails(pc_slot_find_uninitialised(pc_modules_get(&f->modules, 0), &id, &f->err), &f->err,
                P11CSR_E_TOKEN_NOT_FOUND, "has no slot for a new token");
    mock_pad(odd->token.label, sizeof(odd->token.label), "x");
    odd->token.flags &= ~CKF_USER_PIN_INITIALIZED; // it has a label
    check_fails(pc_slot_find_uninitialised(pc_modules_get(&f->modules, 0), &id, &f->err), &f->err,
                P11CSR_E_TOKEN_NOT_FOUND, "has no slot for a new token");
}

static void test_ambiguous_lists_candidates(void **state)
{
    struct fixture *f = *state;
    struct pc_slot found;
    (void)mock_add_slot(f->mock);
    struct pc_result result = pc_slot_find_one(&f->modules, NULL, &found, &f->err);
    check_failed(result, f->err, P11CSR_E_TOKEN_AMBIGUOUS, "2 tokens match any token");
    assert_int_equal(p11csr_error_note_count(f->err), 2);
    assert_string_equal(
        p11csr_error_note(f->err, 0),
        "pkcs11:token=token%20one;manufacturer=Mock%20Makers;serial=0001;model=Model%20M (module mock)");
    assert_string_equal(
        p11csr_error_note(f->err, 1),
        "pkcs11:token=token%20two;manufacturer=Mock%20Makers;serial=0002;model=Model%20M (module mock)");
    p11csr_error_free(&f->err);
    result = find_one(f, "pkcs11:model=Model%20M?pin-value=4321", &found);
    check_failed(result, f->err, P11CSR_E_TOKEN_AMBIGUOUS, "2 tokens match pkcs11:model=Model%20M");
    assert_false(error_holds(f->err, "4321"));
}

static void test_vanished_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct pc_slot found;
    static const CK_RV codes[] = {CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_RECOGNIZED};
    (void)mock_add_slot(f->mock);
    for (size_t i = 0; i < PC_ARRAY_LEN(codes); i++) {
        mock_forget_scripts(f->mock);
        mock_fail(f->mock, "C_GetTokenInfo", 1, codes[i]);
        check_ok(pc_slot_find_one(&f->modules, NULL, &found, &f->err), &f->err);
        assert_int_equal(found.id, 18);
    }
    mock_forget_scripts(f->mock);
    mock_fail(f->mock, "C_GetTokenInfo", 1, CKR_GENERAL_ERROR);
    const struct pc_result result = pc_slot_find_one(&f->modules, NULL, &found, &f->err);
    check_failed(result, f->err, P11CSR_E_TOKEN, "C_GetTokenInfo: CKR_GENERAL_ERROR");
    assert_string_equal(p11csr_error_message(f->err), "cannot list the tokens of module 'mock'");
}

static void test_bounds(void **state)
{
    struct fixture *f = *state;
    struct pc_slot found;
    f->mock->knobs.slots_reported = 2000;
    check_fails(pc_slot_find_one(&f->modules, NULL, &found, &f->err), &f->err, P11CSR_E_LIMIT,
                "module 'mock' reports 2000 slots");
    f->mock->knobs.slots_reported = PC_MAX_SLOTS; // more than the list then has is fine
    check_ok(pc_slot_find_one(&f->modules, NULL, &found, &f->err), &f->err);
    f->mock->knobs.slots_reported = 0;
    f->mock->knobs.slots_extra = 5000; // with CKR_OK: more than there was room for
    check_fails(pc_slot_find_one(&f->modules, NULL, &found, &f->err), &f->err, P11CSR_E_TOKEN,
                "C_GetSlotList returned more slots than it was given room for");
}

static void test_slot_appears_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct pc_buf slots PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&slots, PC_MAX_SLOTS * sizeof(struct pc_slot));
    (void)mock_add_slot(f->mock);
    f->mock->knobs.slots_reported = 1;
    check_fails(pc_slots_find(&f->modules, NULL, &slots, &f->err), &f->err, P11CSR_E_TOKEN,
                "C_GetSlotList: CKR_BUFFER_TOO_SMALL");
    assert_int_equal(mock_calls(f->mock, "C_GetSlotList"), 6);
    mock_fail(f->mock, "C_GetSlotList", 2, CKR_BUFFER_TOO_SMALL);
    f->mock->knobs.slots_reported = 0;
    check_ok(pc_slots_find(&f->modules, NULL, &slots, &f->err), &f->err);
    assert_int_equal(slots.len, 2 * sizeof(struct pc_slot));
}

static void test_no_slots(void **state)
{
    struct fixture *f = *state;
    struct pc_slot found;
    f->mock->slot_count = 0;
    check_fails(pc_slot_find_one(&f->modules, NULL, &found, &f->err), &f->err, P11CSR_E_TOKEN_NOT_FOUND,
                "no token matches any token");
    f->mock->slot_count = 1;
}

static void test_padding(void **state)
{
    (void)state;
    static const unsigned char zeros[6] = {'a', ' ', 'b', ' ', 0, 0};
    static const unsigned char empty[3] = {' ', ' ', ' '};
    check_same(pc_padded(zeros, sizeof(zeros)), pc_span_str("a b"));
    assert_int_equal(pc_padded(empty, sizeof(empty)).len, 0);
}

/* A label that is not UTF-8 cannot be written as RFC 7512 wants it: the candidate is named by what can. */
static void test_candidate_can_be_read_back(void **state)
{
    struct fixture *f = *state;
    struct pc_slot found;
    mock_pad(f->mock->slots[0].token.label, sizeof(f->mock->slots[0].token.label), "M\xfcller");
    mock_pad(mock_add_slot(f->mock)->token.label, sizeof(f->mock->slots[0].token.label), "a\xc3\xbc;/b");
    const struct pc_result result = pc_slot_find_one(&f->modules, NULL, &found, &f->err);
    check_failed(result, f->err, P11CSR_E_TOKEN_AMBIGUOUS, "2 tokens match");
    p11csr_error *first PC_CLEANUP(pc_error_cleanup) = f->err;
    f->err = NULL;
    for (size_t i = 0; i < 2; i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), "%s", p11csr_error_note(first, i));
        *strchr(text, ' ') = 0;
        check_ok(find_one(f, text, &found), &f->err);
        assert_int_equal(found.id, 17 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_each_attribute),
        FIXTURE_TEST(test_library),
        FIXTURE_TEST(test_uninitialised_is_ignored),
        FIXTURE_TEST(test_token_in_use_is_not_uninitialised),
        FIXTURE_TEST(test_ambiguous_lists_candidates),
        FIXTURE_TEST(test_vanished_is_passed_over),
        FIXTURE_TEST(test_bounds),
        FIXTURE_TEST(test_slot_appears_meanwhile),
        FIXTURE_TEST(test_no_slots),
        FIXTURE_TEST(test_padding),
        FIXTURE_TEST(test_candidate_can_be_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
