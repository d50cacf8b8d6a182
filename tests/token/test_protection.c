// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "token/fixture.h"
#include "tokens/protection.h"

#include <string.h>

/* What a module says about a key beyond flags: mechanisms, keys that wrap, validations. */

static struct mock_object *make_key(struct fixture *f)
{
    struct mock_object *key = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    return key;
}

static void test_flags_and_mechanism(void **state)
{
    struct fixture *f = *state;
    struct mock_object *key = make_key(f);
    struct pc_key_protection is;
    check_ok(pc_key_protection_read(&f->token, &f->key, &f->login, &is, &f->err), &f->err);
    assert_int_equal(is.wrap_with_trusted, PC_FLAG_UNKNOWN);
    assert_int_equal(is.destroyable, PC_FLAG_UNKNOWN);
    assert_int_equal(is.keygen_mechanism, CK_UNAVAILABLE_INFORMATION);
    mock_set_flag(key, CKA_WRAP_WITH_TRUSTED, true);
    mock_set_flag(key, CKA_DESTROYABLE, false);
    mock_set_number(key, CKA_KEY_GEN_MECHANISM, CKM_EC_KEY_PAIR_GEN);
    check_ok(pc_key_protection_read(&f->token, &f->key, &f->login, &is, &f->err), &f->err);
    assert_int_equal(is.wrap_with_trusted, PC_FLAG_YES);
    assert_int_equal(is.destroyable, PC_FLAG_NO);
    assert_int_equal(is.keygen_mechanism, CKM_EC_KEY_PAIR_GEN);
}

static PC_RESULT allowed(struct fixture *f, struct pc_buf *ret, bool *ret_there)
{
    pc_buf_done(ret);
    pc_buf_init(ret, 1024);
    return pc_key_allowed_mechanisms(&f->token, &f->key, ret, ret_there, &f->err);
}

static void test_allowed_mechanisms(void **state)
{
    static const CK_MECHANISM_TYPE two[] = {CKM_ECDSA, CKM_ECDSA_SHA256};
    struct fixture *f = *state;
    struct mock_object *key = make_key(f);
    struct pc_buf list PC_CLEANUP(pc_buf_done) = {0};
    bool there = true;
    check_ok(allowed(f, &list, &there), &f->err);
    assert_false(there);
    mock_set(key, CKA_ALLOWED_MECHANISMS, two, sizeof(two));
    check_ok(allowed(f, &list, &there), &f->err);
    assert_true(there);
    check_same(pc_buf_span(&list), PC_SPAN(two));
    mock_set(key, CKA_ALLOWED_MECHANISMS, two, sizeof(two) - 1);
    check_fails(allowed(f, &list, &there), &f->err, P11CSR_E_TOKEN, "which is no list");
}

static void add_wrapping_key(struct fixture *f, bool wraps, bool trusted)
{
    struct mock_object *key = mock_object_new(f->mock, 0);
    mock_set_number(key, CKA_CLASS, CKO_SECRET_KEY);
    mock_set_flag(key, CKA_WRAP, wraps);
    mock_set_flag(key, CKA_TRUSTED, trusted);
}

static void test_wrapping_keys(void **state)
{
    struct fixture *f = *state;
    struct pc_wrapping_keys keys;
    make_key(f);
    check_ok(pc_wrapping_keys_count(&f->token, &keys, &f->err), &f->err);
    assert_true(keys.all == 0 && keys.trusted == 0);
    add_wrapping_key(f, true, false);
    add_wrapping_key(f, true, true);
    add_wrapping_key(f, false, true);
    check_ok(pc_wrapping_keys_count(&f->token, &keys, &f->err), &f->err);
    assert_true(keys.all == 2 && keys.trusted == 1);
    mock_fail(f->mock, "C_FindObjectsInit", 1, CKR_ATTRIBUTE_TYPE_INVALID); // a module that does not know it
    check_ok(pc_wrapping_keys_count(&f->token, &keys, &f->err), &f->err);
    assert_int_equal(keys.all, 0);
    mock_fail(f->mock, "C_FindObjectsInit", 1, CKR_GENERAL_ERROR);
    check_fails(pc_wrapping_keys_count(&f->token, &keys, &f->err), &f->err, P11CSR_E_TOKEN,
                "C_FindObjectsInit");
}

/* Numbers as in the standard, written anew: a wrong one in tokens/protection.c would find nothing here. */
static struct mock_object *add_validation(struct fixture *f, CK_ULONG flag)
{
    static const CK_VERSION version = {140, 3};
    struct mock_object *object = mock_object_new(f->mock, 0);
    mock_set_number(object, CKA_CLASS, 0xA);
    mock_set_number(object, 0x61F, 2); // hardware
    mock_set(object, 0x620, &version, sizeof(version));
    mock_set_number(object, 0x621, 3);   // level
    mock_set(object, 0x622, "HSM 7", 5); // module
    mock_set_number(object, 0x623, flag);
    mock_set_number(object, 0x624, 1); // NIST CMVP
    mock_set(object, 0x625, "US", 2);
    mock_set(object, 0x626, "4711", 4);
    mock_set(object, 0x627, "https://example.com/4711", 24);
    mock_set(object, 0x629, "profile", 7);
    return object;
}

struct seen {
    size_t count;
    size_t covering;
    struct pc_validation last; /* without its texts */
};

static PC_RESULT look(const struct pc_validation *is, void *data, p11csr_error **err)
{
    struct seen *seen = data;
    (void)err;
    seen->count++;
    seen->covering += is->covers_key ? 1 : 0;
    seen->last = *is;
    check_same(pc_buf_span(&is->texts[PC_VALIDATION_MODULE]), pc_span_str("HSM 7"));
    check_same(pc_buf_span(&is->texts[PC_VALIDATION_CERTIFICATE]), pc_span_str("4711"));
    assert_int_equal(is->texts[PC_VALIDATION_VENDOR_URI].len, 0);
    return PC_OK;
}

static void test_validations(void **state)
{
    struct fixture *f = *state;
    struct mock_object *key = make_key(f);
    struct seen seen = {0};
    check_ok(pc_validations_walk(&f->token, &f->key, look, &seen, &f->err), &f->err);
    assert_int_equal(seen.count, 0);
    add_validation(f, 1);
    add_validation(f, 2);
    check_ok(pc_validations_walk(&f->token, &f->key, look, &seen, &f->err), &f->err);
    assert_true(seen.count == 2 && seen.covering == 0);
    assert_true(seen.last.type == 2 && seen.last.authority == 1 && seen.last.level == 3);
    assert_true(seen.last.has_version && seen.last.version.major == 140 && seen.last.version.minor == 3);
    mock_set_number(key, 0x61E, 5);
    seen = (struct seen){0};
    check_ok(pc_validations_walk(&f->token, &f->key, look, &seen, &f->err), &f->err);
    assert_true(seen.count == 2 && seen.covering == 1);
    for (size_t i = 0; i < PC_MAX_VALIDATIONS; i++) {
        add_validation(f, 4);
    }
    check_fails(pc_validations_walk(&f->token, &f->key, look, &seen, &f->err), &f->err, P11CSR_E_LIMIT,
                "more than 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_flags_and_mechanism),
        FIXTURE_TEST(test_allowed_mechanisms),
        FIXTURE_TEST(test_wrapping_keys),
        FIXTURE_TEST(test_validations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
