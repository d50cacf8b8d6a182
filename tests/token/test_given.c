// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "token/fixture.h"

#include <string.h>

/*
 * Keys found by a public key that the caller has, and public keys that the caller adds to what the token
 * shows.
 */

/* Reads the SubjectPublicKeyInfo of a key of the mock's stock by way of a pair that shows it. */
static void take_spki(struct fixture *f, const char *label, struct pc_buf *ret)
{
    pc_buf_init(ret, PC_MAX_SPKI);
    check_ok(fixture_find(f, label, NULL), &f->err);
    pc_buf_add_span(ret, pc_buf_span(&f->key.spki));
    check_ok(pc_buf_check(ret, &f->err), &f->err);
}

static struct pc_result find(struct fixture *f, const struct pc_key_query *query)
{
    pc_key_done(&f->key);
    return pc_key_find(&f->token, query, &f->login, &f->key, &f->err);
}

static void test_by_public_key(void **state)
{
    struct fixture *f = *state;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf stranger PC_CLEANUP(pc_buf_done) = {0};
    struct mock_pair web = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_pair(f->mock, MOCK_RSA_2048, 0, "mail", "2");
    mock_add_public(f->mock, MOCK_P256, 1, "public half only", "3");
    take_spki(f, "web", &spki);
    struct pc_key_query query = {.spki = pc_buf_span(&spki)};
    check_ok(find(f, &query), &f->err);
    assert_int_equal(f->key.private_key, web.private_key->handle);
    assert_true(fixture_key_is(f, MOCK_P256, 0));
    query.label = "web";
    check_ok(find(f, &query), &f->err);
    query.label = "mail";
    check_fails(find(f, &query), &f->err, P11CSR_E_KEY_NOT_FOUND,
                "no private key belongs to this public key");
    query.label = NULL;
    take_spki(f, "mail", &stranger);
    stranger.ptr[stranger.len - 1] ^= 1; // the exponent: a key that is nowhere
    query.spki = pc_buf_span(&stranger);
    check_fails(find(f, &query), &f->err, P11CSR_E_KEY_NOT_FOUND, "of the given public key");
}

static void test_two_with_one_public_key(void **state)
{
    struct fixture *f = *state;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    take_spki(f, "web", &spki);
    mock_add_pair(f->mock, MOCK_P256, 0, "copy", "2");
    struct pc_key_query query = {.spki = pc_buf_span(&spki)};
    check_fails(find(f, &query), &f->err, P11CSR_E_KEY_AMBIGUOUS,
                "several private keys have this public key");
    query.label = "copy";
    check_ok(find(f, &query), &f->err);
}

static void test_given_public_key(void **state)
{
    struct fixture *f = *state;
    struct pc_buf web PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf mail PC_CLEANUP(pc_buf_done) = {0};
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_pair(f->mock, MOCK_P256, 1, "mail", "2");
    take_spki(f, "web", &web);
    take_spki(f, "mail", &mail);
    struct pc_key_query query = {.label = "web", .given = pc_buf_span(&web)};
    check_ok(find(f, &query), &f->err);
    assert_int_equal(f->key.source, PC_PUBKEY_OBJECT); // what the token shows comes first
    query.given = pc_buf_span(&mail);
    check_fails(find(f, &query), &f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                "public-key-object and file show different public keys");
    mock_add_private(f->mock, MOCK_P256, 0, "bare", "9");
    query = (struct pc_key_query){.label = "bare"};
    check_fails(find(f, &query), &f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "no public key object");
    query.given = pc_buf_span(&web);
    check_ok(find(f, &query), &f->err);
    assert_int_equal(f->key.source, PC_PUBKEY_GIVEN);
    assert_true(fixture_key_is(f, MOCK_P256, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_by_public_key),
        FIXTURE_TEST(test_two_with_one_public_key),
        FIXTURE_TEST(test_given_public_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
