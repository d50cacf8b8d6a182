// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/members.h"

#include <string.h>

/* What makes up a key, and destroying and renaming just that. */

static struct pc_members members;

static int setup(void **state)
{
    pc_members_init(&members);
    return fixture_setup(state);
}

static int teardown(void **state)
{
    pc_members_done(&members);
    return fixture_teardown(state);
}
#define MEMBERS_TEST(name) cmocka_unit_test_setup_teardown((name), setup, teardown)

static PC_RESULT find(struct fixture *f, const char *label, const char *id)
{
    const struct pc_key_query query = {
        .label = label, .has_id = id != NULL, .id = id != NULL ? pc_span_str(id) : (struct pc_span){0}};
    pc_members_done(&members);
    pc_members_init(&members);
    return pc_members_find(&f->token, &query, &f->login, &members, &f->err);
}

/* The member that is this object; NULL when it is none. */
static const struct pc_member *member_of(const struct mock_object *object)
{
    for (size_t i = 0; i < pc_members_count(&members); i++) {
        if (pc_members_get(&members, i)->handle == object->handle) {
            return pc_members_get(&members, i);
        }
    }
    static const struct pc_member none;
    fail_msg("no member has handle %lu", object->handle);
    return &none;
}

static void check_kept(const struct mock_object *object, enum pc_kept kept)
{
    assert_int_equal(member_of(object)->kept, kept);
}

static void test_pair_and_certificate(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    const struct mock_object *certificate = mock_add_certificate(f->mock, MOCK_P256, 0, "cert", "1");
    mock_add_pair(f->mock, MOCK_P256, 1, "mail", "2");
    check_ok(find(f, "web", NULL), &f->err);
    assert_int_equal(pc_members_count(&members), 3);
    check_kept(pair.private_key, PC_KEPT_NOT);
    check_kept(pair.public_key, PC_KEPT_NOT);
    check_kept(certificate, PC_KEPT_NOT);
    assert_int_equal(pc_members_get(&members, 0)->class, CKO_PRIVATE_KEY);
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
    check_ok(pc_members_destroy(&f->token, &members, false, &f->err), &f->err);
    assert_int_equal(f->mock->destroyed_count, 2);
    assert_int_equal(mock_object_count(f->mock), 3); // the certificate and the other pair
    assert_true(pc_members_get(&members, 0)->gone && pc_members_get(&members, 1)->gone);
    assert_false(pc_members_get(&members, 2)->gone);
    check_ok(pc_members_destroy(&f->token, &members, true, &f->err), &f->err);
    assert_int_equal(mock_object_count(f->mock), 2);
}

/* What shows the value of another key stays, whatever its CKA_ID says. */
static void test_other_values_stay(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_RSA_2048, 0, "web", "1");
    const struct mock_object *alien = mock_add_public(f->mock, MOCK_RSA_2048, 1, "web", "1");
    const struct mock_object *certificate = mock_add_certificate(f->mock, MOCK_RSA_2048, 1, "web", "1");
    check_ok(find(f, "web", "1"), &f->err);
    check_kept(pair.public_key, PC_KEPT_NOT); // an RSA private key shows its modulus
    check_kept(alien, PC_KEPT_OTHER_KEY);
    check_kept(certificate, PC_KEPT_OTHER_KEY);
    check_ok(pc_members_destroy(&f->token, &members, true, &f->err), &f->err);
    assert_int_equal(mock_object_count(f->mock), 2);
}

/* Where the private key shows nothing and the public ones disagree, nobody can tell. */
static void test_unclear_halves_stay(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    const struct mock_object *alien = mock_add_public(f->mock, MOCK_P256, 1, "web", "1");
    check_ok(find(f, "web", NULL), &f->err);
    check_kept(pair.public_key, PC_KEPT_UNCLEAR);
    check_kept(alien, PC_KEPT_UNCLEAR);
    check_ok(pc_members_destroy(&f->token, &members, true, &f->err), &f->err);
    assert_int_equal(f->mock->destroyed_count, 1);
}

static void test_shared_id(void **state)
{
    struct fixture *f = *state;
    const struct mock_object *one = mock_add_private(f->mock, MOCK_P256, 0, "one", "1");
    mock_add_private(f->mock, MOCK_P256, 1, "two", "1");
    const struct mock_object *half = mock_add_public(f->mock, MOCK_P256, 0, "one", "1");
    check_ok(find(f, "one", NULL), &f->err);
    check_kept(one, PC_KEPT_NOT);
    check_kept(half, PC_KEPT_UNCLEAR);
    check_fails(find(f, NULL, "1"), &f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
}

static void test_empty_id_joins_nothing(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", NULL);
    check_ok(find(f, "web", NULL), &f->err);
    assert_int_equal(pc_members_count(&members), 1);
}

static void test_ambiguous(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_pair(f->mock, MOCK_P256, 1, "web", "2");
    const struct pc_result result = find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
    assert_true(has_note(f->err, "id=%31") && has_note(f->err, "id=%32"));
    p11csr_error_free(&f->err);
    check_fails(find(f, "mail", NULL), &f->err, P11CSR_E_KEY_NOT_FOUND, "'mail'");
    check_ok(find(f, "web", "2"), &f->err);
}

/* A public key alone: a key by itself unless its private half has another label. */
static void test_lonely_public(void **state)
{
    struct fixture *f = *state;
    const struct mock_object *copies[] = {mock_add_public(f->mock, MOCK_P256, 0, "web", "1"),
                                          mock_add_public(f->mock, MOCK_P256, 0, "web", "1")};
    check_ok(find(f, "web", NULL), &f->err);
    check_kept(copies[0], PC_KEPT_NOT);
    check_kept(copies[1], PC_KEPT_NOT);
    mock_add_public(f->mock, MOCK_P256, 1, "web", "1");
    check_fails(find(f, "web", NULL), &f->err, P11CSR_E_KEY_AMBIGUOUS, "2 public keys match");
}

/* What a module leaves when it is killed while it makes a key: a half that shows no value is deleted too. */
static void test_lonely_public_without_value(void **state)
{
    struct fixture *f = *state;
    struct mock_object *half = mock_add_public(f->mock, MOCK_P256, 0, "web", "1");
    mock_unset(half, CKA_EC_POINT);
    mock_unset(half, CKA_EC_PARAMS);
    check_ok(find(f, "web", "1"), &f->err);
    check_kept(half, PC_KEPT_NOT);
    check_ok(pc_members_destroy(&f->token, &members, false, &f->err), &f->err);
    assert_int_equal(mock_object_count(f->mock), 0);
}

/* It may be the half of a private key that has another label, whatever that shows. */
static void test_half_without_value_of_a_shown_key(void **state)
{
    struct fixture *f = *state;
    struct mock_object *half = mock_add_public(f->mock, MOCK_RSA_2048, 0, "public label", "1");
    mock_add_private(f->mock, MOCK_RSA_2048, 0, "private label", "1");
    mock_unset(half, CKA_MODULUS);
    check_fails(find(f, "public label", NULL), &f->err, P11CSR_E_KEY_AMBIGUOUS, "only a public key matches");
}

static void test_private_half_under_another_label(void **state)
{
    struct fixture *f = *state;
    mock_add_public(f->mock, MOCK_P256, 0, "public label", "1");
    mock_add_private(f->mock, MOCK_P256, 0, "private label", "1");
    const struct pc_result result = find(f, "public label", NULL);
    check_failed(result, f->err, P11CSR_E_KEY_AMBIGUOUS, "only a public key matches");
    assert_true(has_note(f->err, "private%20label"));
    p11csr_error_free(&f->err);
    check_ok(find(f, NULL, "1"), &f->err);
    assert_int_equal(pc_members_count(&members), 2);
}

static void test_write_protected(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->slots[0].token.flags |= CKF_WRITE_PROTECTED;
    fixture_reopen(f);
    check_fails(find(f, "web", NULL), &f->err, P11CSR_E_TOKEN_READ_ONLY, "CKF_WRITE_PROTECTED");
}

/* One half that cannot be destroyed: the error says which. */
static void test_destroy_fails_half_way(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(find(f, "web", NULL), &f->err);
    mock_fail(f->mock, "C_DestroyObject", 2, CKR_ACTION_PROHIBITED);
    const struct pc_result result = pc_members_destroy(&f->token, &members, false, &f->err);
    check_failed(result, f->err, P11CSR_E_KEY_USE, "cannot delete the public key 'web'");
    assert_true(has_note(f->err, "the private key is deleted"));
    assert_true(has_note(f->err, "the public key is left on the token"));
    assert_int_equal(mock_object_count(f->mock), 1);
    p11csr_error_free(&f->err);
    check_ok(find(f, "web", NULL), &f->err); // and it can be finished later
    check_ok(pc_members_destroy(&f->token, &members, false, &f->err), &f->err);
    assert_int_equal(mock_object_count(f->mock), 0);
}

static void test_destroy_fails_at_once(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(find(f, "web", NULL), &f->err);
    f->mock->knobs.cannot_destroy = true;
    const struct pc_result result = pc_members_destroy(&f->token, &members, false, &f->err);
    check_failed(result, f->err, P11CSR_E_KEY_USE, "cannot delete the private key 'web'");
    assert_true(has_note(f->err, "the public key is left on the token"));
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"),
                     1); // without the private half gone, the other stays
    assert_int_equal(mock_object_count(f->mock), 2);
    p11csr_error_free(&f->err);
}

static void test_destroy_that_does_nothing(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(find(f, "web", NULL), &f->err);
    f->mock->knobs.destroys_nothing = true;
    check_fails(pc_members_destroy(&f->token, &members, false, &f->err), &f->err, P11CSR_E_TOKEN,
                "the object is still there");
}

/* The answer got lost, but the object is gone: the error does not say that it is left. */
static void test_destroy_without_answer(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(find(f, "web", NULL), &f->err);
    mock_fail_after(f->mock, "C_DestroyObject", 1, CKR_GENERAL_ERROR);
    const struct pc_result result = pc_members_destroy(&f->token, &members, false, &f->err);
    check_failed(result, f->err, P11CSR_E_TOKEN, "CKR_GENERAL_ERROR");
    assert_true(has_note(f->err, "the private key is deleted"));
    p11csr_error_free(&f->err);
}

static void set_quirk(struct fixture *f, const char *word, const char *value)
{
    const struct pc_quirk_rule rule = {.word = word, .value = value, .set_by = "the test"};
    check_ok(pc_token_set_quirks(&f->token, &rule, 1, &f->err), &f->err);
}

static void test_quirks(void **state)
{
    struct fixture *f = *state;
    const struct pc_new_name label = {.label = "new"};
    const struct pc_new_name id = {.has_id = true, .id = pc_span_str("9")};
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    set_quirk(f, "destroy", "none");
    check_ok(find(f, "web", NULL), &f->err);
    check_fails(pc_members_destroy(&f->token, &members, false, &f->err), &f->err, P11CSR_E_UNSUPPORTED,
                "does not remove keys");
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
    set_quirk(f, "label", "fixed");
    check_fails(pc_members_rename(&f->token, &members, &label, &f->err), &f->err, P11CSR_E_UNSUPPORTED,
                "names its objects itself");
    assert_int_equal(mock_calls(f->mock, "C_SetAttributeValue"), 0);
    check_ok(pc_members_rename(&f->token, &members, &id, &f->err), &f->err);
}

/* Between finding and destroying, the handle came to mean something else. */
static void test_another_object_behind_the_handle(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(find(f, "web", NULL), &f->err);
    mock_set(pair.private_key, CKA_ID, "2", 1);
    check_fails(pc_members_destroy(&f->token, &members, false, &f->err), &f->err, P11CSR_E_TOKEN,
                "no longer the object that was found");
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
}

static bool is_called(const struct mock_object *object, CK_ATTRIBUTE_TYPE type, const char *text)
{
    const struct mock_attribute *attribute = mock_get(object, type);
    const struct pc_span value = {attribute->value, attribute->len};
    return pc_span_eq(value, pc_span_str(text));
}

static void test_rename(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    const struct mock_object *certificate = mock_add_certificate(f->mock, MOCK_P256, 0, "cert", "1");
    const struct pc_new_name name = {.label = "web 2", .has_id = true, .id = pc_span_str("22")};
    check_ok(find(f, "web", NULL), &f->err);
    check_ok(pc_members_rename(&f->token, &members, &name, &f->err), &f->err);
    const struct mock_object *all[] = {pair.private_key, pair.public_key, certificate};
    for (size_t i = 0; i < PC_ARRAY_LEN(all); i++) {
        assert_true(is_called(all[i], CKA_LABEL, "web 2") && is_called(all[i], CKA_ID, "22"));
        assert_true(member_of(all[i])->changed);
        check_same(pc_buf_span(&member_of(all[i])->id), pc_span_str("22"));
    }
    const struct pc_new_name label_only = {.label = "web 3"};
    check_ok(find(f, "web 2", NULL), &f->err);
    check_ok(pc_members_rename(&f->token, &members, &label_only, &f->err), &f->err);
    assert_true(is_called(pair.public_key, CKA_LABEL, "web 3") && is_called(pair.public_key, CKA_ID, "22"));
    const struct pc_new_name id_only = {.has_id = true, .id = pc_span_str("33")};
    check_ok(pc_members_rename(&f->token, &members, &id_only, &f->err), &f->err);
    assert_true(is_called(pair.public_key, CKA_LABEL, "web 3") && is_called(pair.public_key, CKA_ID, "33"));
}

static void test_rename_to_a_taken_name(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_pair(f->mock, MOCK_P256, 1, "mail", "2");
    const struct pc_new_name label = {.label = "mail"};
    const struct pc_new_name id = {.has_id = true, .id = pc_span_str("2")};
    const struct pc_new_name same = {.label = "web", .has_id = true, .id = pc_span_str("1")};
    check_ok(find(f, "web", NULL), &f->err);
    check_fails(pc_members_rename(&f->token, &members, &label, &f->err), &f->err, P11CSR_E_KEY_EXISTS,
                "label");
    check_fails(pc_members_rename(&f->token, &members, &id, &f->err), &f->err, P11CSR_E_KEY_EXISTS, "CKA_ID");
    assert_int_equal(mock_calls(f->mock, "C_SetAttributeValue"), 0);
    check_ok(pc_members_rename(&f->token, &members, &same, &f->err), &f->err);
}

/* The second object refuses: the first gets its name back. */
static void test_rename_is_undone(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    const struct pc_new_name name = {.label = "new", .has_id = true, .id = pc_span_str("9")};
    check_ok(find(f, "web", NULL), &f->err);
    mock_fail(f->mock, "C_SetAttributeValue", 2, CKR_ATTRIBUTE_READ_ONLY);
    const struct pc_result result = pc_members_rename(&f->token, &members, &name, &f->err);
    check_failed(result, f->err, P11CSR_E_UNSUPPORTED, "CKR_ATTRIBUTE_READ_ONLY");
    assert_true(has_note(f->err, "the private key has its old name again"));
    p11csr_error_free(&f->err);
    assert_true(is_called(pair.private_key, CKA_LABEL, "web") && is_called(pair.private_key, CKA_ID, "1"));
    assert_true(is_called(pair.public_key, CKA_LABEL, "web"));
    assert_false(member_of(pair.private_key)->changed);
}

static void test_rename_that_cannot_be_undone(void **state)
{
    struct fixture *f = *state;
    const struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    const struct pc_new_name name = {.label = "new"};
    check_ok(find(f, "web", NULL), &f->err);
    mock_fail(f->mock, "C_SetAttributeValue", 2, CKR_FUNCTION_FAILED);
    mock_fail(f->mock, "C_SetAttributeValue", 3, CKR_ATTRIBUTE_READ_ONLY);
    const struct pc_result result = pc_members_rename(&f->token, &members, &name, &f->err);
    check_failed(result, f->err, P11CSR_E_TOKEN, "cannot rename the public key");
    assert_true(has_note(f->err, "the private key keeps the new name"));
    assert_true(has_note(f->err, "CKR_ATTRIBUTE_READ_ONLY"));
    p11csr_error_free(&f->err);
    assert_true(is_called(pair.private_key, CKA_LABEL, "new"));
}

static void test_rename_that_does_nothing(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    const struct pc_new_name name = {.label = "new"};
    check_ok(find(f, "web", NULL), &f->err);
    f->mock->knobs.sets_nothing = true;
    check_fails(pc_members_rename(&f->token, &members, &name, &f->err), &f->err, P11CSR_E_UNSUPPORTED,
                "the CKA_LABEL is as before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMBERS_TEST(test_pair_and_certificate),
        MEMBERS_TEST(test_other_values_stay),
        MEMBERS_TEST(test_unclear_halves_stay),
        MEMBERS_TEST(test_lonely_public_without_value),
        MEMBERS_TEST(test_half_without_value_of_a_shown_key),
        MEMBERS_TEST(test_shared_id),
        MEMBERS_TEST(test_empty_id_joins_nothing),
        MEMBERS_TEST(test_ambiguous),
        MEMBERS_TEST(test_lonely_public),
        MEMBERS_TEST(test_private_half_under_another_label),
        MEMBERS_TEST(test_write_protected),
        MEMBERS_TEST(test_destroy_fails_half_way),
        MEMBERS_TEST(test_destroy_fails_at_once),
        MEMBERS_TEST(test_destroy_that_does_nothing),
        MEMBERS_TEST(test_destroy_without_answer),
        MEMBERS_TEST(test_quirks),
        MEMBERS_TEST(test_another_object_behind_the_handle),
        MEMBERS_TEST(test_rename),
        MEMBERS_TEST(test_rename_to_a_taken_name),
        MEMBERS_TEST(test_rename_is_undone),
        MEMBERS_TEST(test_rename_that_cannot_be_undone),
        MEMBERS_TEST(test_rename_that_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
