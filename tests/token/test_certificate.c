// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "token/fixture.h"
#include "tokens/certificate.h"

#include <string.h>

/* Certificates as objects of a token. */

static PC_RESULT list(struct fixture *f, const char *label, const char *id, struct pc_buf *ret)
{
    const struct pc_key_query query = {
        .label = label, .has_id = id != NULL, .id = id != NULL ? pc_span_str(id) : (struct pc_span){0}};
    pc_buf_init(ret, PC_MAX_OBJECTS * sizeof(struct pc_token_cert));
    return pc_token_certs_list(&f->token, &query, ret, &f->err);
}

static void check_count(struct fixture *f, const char *label, const char *id, size_t count)
{
    struct pc_buf certs PC_CLEANUP(pc_token_certs_done) = {0};
    check_ok(list(f, label, id, &certs), &f->err);
    assert_int_equal(certs.len / sizeof(struct pc_token_cert), count);
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1"); // no certificate
    mock_add_certificate(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_certificate(f->mock, MOCK_P256, 1, "web", "2");
    mock_add_certificate(f->mock, MOCK_P256, 1, "mail", "3");
    struct mock_object *link = mock_add_certificate(f->mock, MOCK_P256, 1, "link", "4");
    struct mock_object *other = mock_add_certificate(f->mock, MOCK_P256, 1, "attribute certificate", "5");
    mock_unset(link, CKA_VALUE);
    mock_set_number(other, CKA_CERTIFICATE_TYPE, 1);
    check_count(f, NULL, NULL, 3);
    check_count(f, "web", NULL, 2);
    check_count(f, "web", "2", 1);
    check_count(f, NULL, "3", 1);
    check_count(f, "mail", "2", 0);
}

static void test_list_fails(void **state)
{
    struct fixture *f = *state;
    struct pc_buf certs PC_CLEANUP(pc_token_certs_done) = {0};
    mock_add_certificate(f->mock, MOCK_P256, 0, "web", "1");
    mock_fail(f->mock, "C_GetAttributeValue", 3, CKR_GENERAL_ERROR);
    check_fails(list(f, NULL, NULL, &certs), &f->err, P11CSR_E_TOKEN, "cannot list the certificates");
}

static const struct pc_new_cert wanted = {.der = PC_BYTES("der"),
                                          .subject = PC_BYTES("subject"),
                                          .issuer = PC_BYTES("issuer"),
                                          .serial = PC_BYTES("serial"),
                                          .id = PC_BYTES("1"),
                                          .label = PC_BYTES("web")};

static PC_RESULT create(struct fixture *f, const struct pc_new_cert *what)
{
    struct pc_member made = {0};
    const struct pc_result result = pc_token_cert_create(&f->token, what, &made, &f->err);
    pc_member_done(&made);
    return result;
}

static void check_attribute(const struct mock_object *object, CK_ATTRIBUTE_TYPE type, const char *text)
{
    const struct mock_attribute *attribute = mock_get(object, type);
    assert_non_null(attribute);
    const struct pc_span value = {attribute->value, attribute->len};
    check_same(value, pc_span_str(text));
}

static void test_create(void **state)
{
    struct fixture *f = *state;
    check_ok(create(f, &wanted), &f->err);
    assert_int_equal(mock_object_count(f->mock), 1);
    const struct mock_object *object = &f->mock->objects[0];
    check_attribute(object, CKA_VALUE, "der");
    check_attribute(object, CKA_SUBJECT, "subject");
    check_attribute(object, CKA_ISSUER, "issuer");
    check_attribute(object, CKA_SERIAL_NUMBER, "serial");
    check_attribute(object, CKA_ID, "1");
    check_attribute(object, CKA_LABEL, "web");
    assert_int_equal(object->attribute_count, 10);
    struct pc_new_cert without_id = wanted;
    without_id.id = (struct pc_span){0};
    check_ok(create(f, &without_id), &f->err);
    assert_null(mock_get(&f->mock->objects[1], CKA_ID));
    check_count(f, "web", NULL, 2);
}

static void test_create_fails(void **state)
{
    struct fixture *f = *state;
    mock_fail(f->mock, "C_CreateObject", 1, CKR_DEVICE_MEMORY);
    check_fails(create(f, &wanted), &f->err, P11CSR_E_TOKEN_FULL, "cannot store the certificate 'web'");
    assert_int_equal(mock_object_count(f->mock), 0);
}

/* What the token made of it is not what it was given: it goes again. */
static void test_create_something_else(void **state)
{
    struct fixture *f = *state;
    f->mock->knobs.creates_other_value = true;
    check_fails(create(f, &wanted), &f->err, P11CSR_E_PROOF_CONTENT, "not the one that was stored");
    assert_int_equal(mock_object_count(f->mock), 0);
    f->mock->knobs.cannot_destroy = true;
    const struct pc_result result = create(f, &wanted);
    check_failed(result, f->err, P11CSR_E_PROOF_CONTENT, "not the one that was stored");
    assert_true(has_note(f->err, "could not be deleted again: C_DestroyObject: CKR_ACTION_PROHIBITED"));
    p11csr_error_free(&f->err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_list),
        FIXTURE_TEST(test_list_fails),
        FIXTURE_TEST(test_create),
        FIXTURE_TEST(test_create_fails),
        FIXTURE_TEST(test_create_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
