// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "token/fixture.h"
#include "tokens/protection.h"
#include "tokens/pubkey.h"

#include <string.h>

/* Finding and listing keys, and where their public halves come from. */

static void test_by_label_id_and_both(void **state)
{
    struct fixture *f = *state;
    struct mock_pair web = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_pair(f->mock, MOCK_P256, 1, "mail", "2");
    static const char *const queries[][2] = {{"web", NULL}, {NULL, "1"}, {"web", "1"}};
    for (size_t i = 0; i < PC_ARRAY_LEN(queries); i++) {
        mock_reset_calls(f->mock);
        check_ok(fixture_find(f, queries[i][0], queries[i][1]), &f->err);
        assert_int_equal(f->key.private_key, web.private_key->handle);
        assert_int_equal(f->key.public_key, web.public_key->handle);
        assert_int_equal(f->key.certificate, CK_INVALID_HANDLE);
        assert_true(fixture_key_is(f, MOCK_P256, 0));
        assert_int_equal(f->key.source, PC_PUBKEY_OBJECT);
        assert_int_equal(f->key.type, CKK_EC);
        assert_true(f->key.is_private);
        check_same(pc_buf_span(&f->key.id), pc_span_str("1"));
        check_same(pc_buf_span(&f->key.label), pc_span_str("web"));
        assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 1);
    }
    check_fails(fixture_find(f, "web", "2"), &f->err, P11CSR_E_KEY_NOT_FOUND, "no private key matches");
    check_fails(fixture_find(f, "we", NULL), &f->err, P11CSR_E_KEY_NOT_FOUND,
                "cannot use key 'we' on token 'token one'");
    check_fails(fixture_find(f, NULL, "3"), &f->err, P11CSR_E_KEY_NOT_FOUND,
                "cannot use key with CKA_ID 33 on token 'token one'");
    check_fails(fixture_find(f, "x", "3"), &f->err, P11CSR_E_KEY_NOT_FOUND,
                "cannot use key 'x' with CKA_ID 33");
}

static void test_only_key(void **state)
{
    struct fixture *f = *state;
    check_fails(fixture_find(f, NULL, NULL), &f->err, P11CSR_E_KEY_NOT_FOUND,
                "there is no private key on it");
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(fixture_find(f, NULL, NULL), &f->err);
    mock_add_pair(f->mock, MOCK_P256, 1, "mail", "2");
    check_fails(fixture_find(f, NULL, NULL), &f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
}

static void test_ambiguous_lists_uris(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_pair(f->mock, MOCK_RSA_2048, 0, "web", "2");
    const struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
    static const char token[] =
        "pkcs11:token=token%20one;manufacturer=Mock%20Makers;serial=0001;model=Model%20M;";
    assert_int_equal(p11csr_error_note_count(f->err), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *note = p11csr_error_note(f->err, i);
        assert_memory_equal(note, token, sizeof(token) - 1);
        assert_string_equal(note + sizeof(token) - 1,
                            i == 0 ? "id=%31;object=web;type=private" : "id=%32;object=web;type=private");
    }
    p11csr_error_free(&f->err);
    check_ok(fixture_find(f, "web", "2"), &f->err); // named as the candidates say
}

static void test_many_candidates(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 40; i++) {
        mock_add_private(f->mock, MOCK_P256, 0, "web", NULL);
    }
    const struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_KEY_AMBIGUOUS, "40 private keys match");
    assert_int_equal(p11csr_error_note_count(f->err), PC_MAX_CANDIDATES);
}

/* The halves carry different labels: the same CKA_ID pairs them. */
static void test_different_labels(void **state)
{
    struct fixture *f = *state;
    mock_add_private(f->mock, MOCK_P256, 0, "Private key", "9");
    struct mock_object *public_key = mock_add_public(f->mock, MOCK_P256, 0, "Public key", "9");
    check_ok(fixture_find(f, "Private key", NULL), &f->err);
    assert_int_equal(f->key.public_key, public_key->handle);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 2);
    check_same(pc_buf_span(&f->key.label), pc_span_str("Private key"));
    check_fails(fixture_find(f, "Public key", NULL), &f->err, P11CSR_E_KEY_NOT_FOUND,
                "no private key matches");
    mock_unset(public_key, CKA_LABEL);
    check_ok(fixture_find(f, "Private key", NULL), &f->err);
    assert_int_equal(f->key.public_key, public_key->handle);
}

/* Two keys whose id nobody set are no pair, however alike their labels are. */
static void test_empty_id_pairs_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const ids[] = {NULL, ""};
    for (size_t i = 0; i < PC_ARRAY_LEN(ids); i++) {
        struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", ids[i]);
        const struct pc_result result = fixture_find(f, "web", NULL);
        check_failed(
            result, f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND,
            "no public key object or certificate has its CKA_ID, and the private key does not show it");
        p11csr_error_free(&f->err);
        mock_set(pair.private_key, CKA_ID, "7", 1);
        mock_set(pair.public_key, CKA_ID, "7", 1);
        check_ok(fixture_find(f, "web", NULL), &f->err);
        mock_object_remove(pair.private_key);
        mock_object_remove(pair.public_key);
    }
}

/* The same id, but another kind of key: no pair. */
static void test_type_separates(void **state)
{
    struct fixture *f = *state;
    mock_add_private(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_public(f->mock, MOCK_RSA_2048, 0, "web", "1");
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "no public key object");
}

/*
 * One key of the label shows without a login and another only after it. Who logs in first sees both; a
 * person who need not be asked gets the one that is usable without.
 */
static void test_one_more_after_login(void **state)
{
    struct fixture *f = *state;
    struct mock_pair open = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_set_flag(open.private_key, CKA_PRIVATE, false);
    mock_add_pair(f->mock, MOCK_P256, 1, "web", "2");
    f->source.asks_person = true;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(f->key.private_key, open.private_key->handle);
    assert_false(f->key.is_private);
    assert_int_equal(f->asked, 0);
    fixture_reopen(f);
    f->source.asks_person = false;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
}

/* A key that shows without a login but says CKA_PRIVATE, or nothing, is judged after the login. */
static void test_visible_but_private(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_unset(pair.private_key, CKA_PRIVATE);
    f->source.asks_person = true;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(f->asked, 1);
    assert_true(f->key.is_private);
}

/* Two keys that show without a login do not become fewer by one: nobody is asked. */
static void test_ambiguous_before_login(void **state)
{
    struct fixture *f = *state;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_PRIVATE, false);
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 1, "web", "2").private_key, CKA_PRIVATE, false);
    f->source.asks_person = true;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
    assert_int_equal(f->asked, 0);
}

/* Ways in which modules say that there is no such attribute. */
static void test_absent_attributes(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->knobs.unknown_is_bad_argument = true;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    f->mock->knobs.unknown_is_bad_argument = false;
    f->mock->knobs.unknown_is_all_ones = true;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    mock_unset(pair.public_key, CKA_EC_POINT);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "no public key object");
    f->mock->knobs.unknown_is_all_ones = false;
    mock_fail(f->mock, "C_GetAttributeValue", 1, CKR_GENERAL_ERROR);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_TOKEN,
                "C_GetAttributeValue: CKR_GENERAL_ERROR");
}

static void test_lying_lengths(void **state)
{
    struct fixture *f = *state;
    static uint8_t large[PC_MAX_ATTRIBUTE + 1];
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->knobs.attribute_too_long = true;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_TOKEN,
                "is longer than the buffer it was given");
    f->mock->knobs.attribute_too_long = false;
    mock_set(pair.private_key, CKA_PUBLIC_KEY_INFO, large, 513); // beyond the first buffer
    f->mock->knobs.attribute_grows = true;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_TOKEN, "grew while it was read");
    f->mock->knobs.attribute_grows = false;
    mock_set(pair.private_key, CKA_PUBLIC_KEY_INFO, large, sizeof(large));
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_LIMIT, "attribute 0x129 has 65537 bytes");
    mock_set(pair.private_key, CKA_PUBLIC_KEY_INFO, large, 512);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                "show different public keys");
}

static void test_search_bounds(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->knobs.find_extra = 1;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_TOKEN,
                "C_FindObjects returned more handles than it was given room for");
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsFinal"), 1);
    f->mock->knobs.find_extra = 0;
    f->mock->knobs.find_endless = true;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_LIMIT, "more than");
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsFinal"), 2);
    f->mock->knobs.find_endless = false;
    check_ok(fixture_find(f, "web", NULL), &f->err); // no search was left open
}

/* Objects of other classes, and ones whose class is not a CK_ULONG, are passed over. */
static void test_foreign_objects(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    struct mock_object *data = mock_object_new(f->mock, 0);
    mock_set_number(data, CKA_CLASS, CKO_DATA);
    mock_set(data, CKA_LABEL, "web", 3);
    struct mock_object *odd = mock_object_new(f->mock, 0);
    mock_set(odd, CKA_LABEL, "web", 3);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    f->mock->knobs.number_size = 3;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_KEY_NOT_FOUND, "no private key matches");
}

static struct pc_key *listed(const struct pc_buf *list, size_t index)
{
    assert_true((index + 1) * sizeof(struct pc_key) <= list->len);
    return (struct pc_key *)(void *)list->ptr + index;
}

static void list_all(struct fixture *f, const char *label, struct pc_buf *ret)
{
    const struct pc_key_query query = {.label = label};
    pc_keys_done(ret);
    pc_buf_init(ret, 100 * sizeof(struct pc_key));
    check_ok(pc_keys_list(&f->token, &query, ret, &f->err), &f->err);
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    struct pc_buf list PC_CLEANUP(pc_keys_done) = {0};
    struct mock_pair web = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    struct mock_object *lonely = mock_add_public(f->mock, MOCK_RSA_2048, 0, "lonely", "2");
    mock_add_certificate(f->mock, MOCK_P256, 0, "web's", "1");
    list_all(f, NULL, &list);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0); // as it is without: public halves
    assert_int_equal(list.len, 2 * sizeof(struct pc_key));
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    mock_reset_calls(f->mock);
    list_all(f, NULL, &list);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 1);
    assert_int_equal(list.len, 2 * sizeof(struct pc_key));
    assert_int_equal(listed(&list, 0)->private_key, web.private_key->handle);
    assert_int_equal(listed(&list, 0)->public_key, web.public_key->handle);
    assert_int_not_equal(listed(&list, 0)->certificate, CK_INVALID_HANDLE);
    assert_int_equal(listed(&list, 1)->private_key, CK_INVALID_HANDLE);
    assert_int_equal(listed(&list, 1)->public_key, lonely->handle);
    assert_int_equal(listed(&list, 1)->source, PC_PUBKEY_OBJECT);
    list_all(f, "web", &list);
    assert_int_equal(list.len, sizeof(struct pc_key));
    list_all(f, "nothing", &list);
    assert_int_equal(list.len, 0);
}

/* A list shows what is odd instead of stopping at it. */
static void test_list_is_lenient(void **state)
{
    struct fixture *f = *state;
    struct pc_buf list PC_CLEANUP(pc_keys_done) = {0};
    mock_set(mock_add_pair(f->mock, MOCK_P256, 0, "bad point", "1").public_key, CKA_EC_POINT, "x", 1);
    mock_set_info(mock_add_pair(f->mock, MOCK_P256, 0, "two keys", "2").private_key, MOCK_P256, 1);
    mock_set_number(mock_add_private(f->mock, MOCK_P256, 0, "odd type", "3"), CKA_KEY_TYPE, 0x99);
    mock_add_private(f->mock, MOCK_P256, 0, "no public", "4");
    mock_add_pair(f->mock, MOCK_P256, 0, "good", "5");
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    list_all(f, NULL, &list);
    static const char *const why[] = {"CKA_EC_POINT has 1 octets", "show different public keys",
                                      "CKA_KEY_TYPE 0x99", "no public key object", ""};
    assert_int_equal(list.len, PC_ARRAY_LEN(why) * sizeof(struct pc_key));
    for (size_t i = 0; i < PC_ARRAY_LEN(why); i++) {
        const struct pc_key *key = listed(&list, i);
        assert_non_null(strstr(key->why_no_spki, why[i]));
        assert_int_equal(key->source == PC_PUBKEY_NONE, why[i][0] != 0);
        assert_int_equal(key->spki.len == 0, why[i][0] != 0);
        assert_int_equal(key->public.spec == NULL, why[i][0] != 0);
    }
}

static void test_uri_of_key(void **state)
{
    struct fixture *f = *state;
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "a;b\xc3\xbc", "\x01z");
    pc_buf_init(&text, PC_MAX_URI);
    pc_uri_init(&uri);
    check_ok(fixture_find(f, NULL, "\x01z"), &f->err);
    check_ok(pc_key_to_uri(&f->token, &f->key, &uri, &f->err), &f->err);
    check_ok(pc_uri_format(&uri, &text, &f->err), &f->err);
    check_text(&text, "pkcs11:token=token%20one;manufacturer=Mock%20Makers;serial=0001;model=Model%20M;"
                      "id=%01%7A;object=a%3Bb%C3%BC;type=private");
    pc_uri_done(&uri);
    mock_set(pair.private_key, CKA_LABEL, "M\xfcller", 6); // cannot be written as RFC 7512 wants it
    check_ok(fixture_find(f, NULL, "\x01z"), &f->err);
    check_ok(pc_key_to_uri(&f->token, &f->key, &uri, &f->err), &f->err);
    assert_false(uri.present[PC_URI_OBJECT]);
    assert_true(uri.present[PC_URI_ID]);
}

static void test_protection(void **state)
{
    struct fixture *f = *state;
    struct pc_key_protection said;
    struct mock_object *key = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    mock_set_flag(key, CKA_DECRYPT, true);
    mock_set(key, CKA_UNWRAP, "\x01\x00\x00\x00", 4); // no CK_BBOOL
    mock_set(key, CKA_VALUE, "secret", 6);
    check_ok(pc_key_protection_read(&f->token, &f->key, &f->login, &said, &f->err), &f->err);
    assert_int_equal(said.sensitive, PC_FLAG_YES);
    assert_int_equal(said.extractable, PC_FLAG_NO);
    assert_int_equal(said.private_object, PC_FLAG_YES);
    assert_int_equal(said.sign, PC_FLAG_YES);
    assert_int_equal(said.decrypt, PC_FLAG_YES);
    assert_int_equal(said.unwrap, PC_FLAG_UNKNOWN);
    assert_int_equal(said.derive, PC_FLAG_UNKNOWN);
    assert_int_equal(said.local, PC_FLAG_UNKNOWN);
    assert_false(said.value_readable);
    assert_string_equal(said.value_answer, "CKR_ATTRIBUTE_SENSITIVE");
    mock_set_flag(key, CKA_SENSITIVE, false);
    check_ok(pc_key_protection_read(&f->token, &f->key, &f->login, &said, &f->err), &f->err);
    assert_int_equal(said.sensitive, PC_FLAG_NO);
    assert_true(said.value_readable);
    assert_string_equal(said.value_answer, "CKR_OK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_by_label_id_and_both),
        FIXTURE_TEST(test_only_key),
        FIXTURE_TEST(test_ambiguous_lists_uris),
        FIXTURE_TEST(test_many_candidates),
        FIXTURE_TEST(test_different_labels),
        FIXTURE_TEST(test_empty_id_pairs_nothing),
        FIXTURE_TEST(test_type_separates),
        FIXTURE_TEST(test_one_more_after_login),
        FIXTURE_TEST(test_visible_but_private),
        FIXTURE_TEST(test_ambiguous_before_login),
        FIXTURE_TEST(test_absent_attributes),
        FIXTURE_TEST(test_lying_lengths),
        FIXTURE_TEST(test_search_bounds),
        FIXTURE_TEST(test_foreign_objects),
        FIXTURE_TEST(test_list),
        FIXTURE_TEST(test_list_is_lenient),
        FIXTURE_TEST(test_uri_of_key),
        FIXTURE_TEST(test_protection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
