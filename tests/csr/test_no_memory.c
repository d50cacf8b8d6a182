// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "csr/content/attestation.h"
#include "csr/content/san.h"
#include "csr/lint/data.h"
#include "csr/lint/lint.h"
#include "csr/reading/describe.h"
#include "csr/request.h"
#include "lib/check.h"
#include "lib/softsigner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Every allocation of a scenario fails once: it must end with NO_MEMORY, or come to the same result as
 * without the failure, and leave nothing behind (which a sanitizer sees). The project's allocator calls
 * calloc() only, which the linker replaces by the function below (--wrap=calloc).
 */
// NOLINTBEGIN(bugprone-reserved-identifier): the linker demands these names
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
// NOLINTEND(bugprone-reserved-identifier)

static size_t allocations; /* since the scenario began */
static size_t fail_at;     /* the one that fails; 0: none */

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return allocations == fail_at ? NULL : __real_calloc(count, size);
}

static struct pc_crypto *crypto;
static struct softsigner *signer;
static struct pc_verifier *verifier;
static struct pc_buf bad_request;

static int set_up(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_crypto_new(&crypto, &err), &err);
    signer = softsigner_new(PC_KEYSPEC_RSA_2048); // signatures that are the same each time
    check_ok(pc_verifier_new(crypto, softsigner_spki(signer), &verifier, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    softsigner_free(&signer);
    pc_verifier_free(&verifier);
    pc_crypto_free(&crypto);
    return 0;
}

static struct pc_result say(struct pc_content *content, const char *word, const char *text,
                            p11csr_error **err)
{
    const struct pc_item_row *row = pc_extension_row_find(word, text);
    return pc_content_say_extension(content, row, PC_CRITICAL_USUAL, text, row->adds, err);
}

/* A statement of an attestation. */
static struct pc_result attest(struct pc_content *content, p11csr_error **err)
{
    static const uint8_t statement[] = {0x05, 0x00};
    return pc_attestation_add(content, "1.2.4", PC_SPAN(statement), err);
}

static struct pc_result fill(struct pc_content *content, p11csr_error **err)
{
    PC_TRY(pc_content_set_subject(content, "CN=www.example.com+OU=a\\,b,O=Example,C=DE", err));
    PC_TRY(pc_content_add_san(content, PC_SAN_DNS, "www.example.com", err));
    PC_TRY(pc_content_add_san(content, PC_SAN_IP, "2001:db8::1", err));
    PC_TRY(pc_content_set_key_usage(content, "digitalSignature,keyEncipherment", err));
    PC_TRY(pc_content_set_ext_key_usage(content, "serverAuth,1.2.3", err));
    PC_TRY(pc_content_set_basic(content, false, -1, err));
    PC_TRY(say(content, "policy", "1.2.3:cps=https://a.example/", err));
    PC_TRY(say(content, "policy", "1.2.4", err));
    PC_TRY(say(content, "name-constraint", "excluded:ip:10.0.0.0/8", err));
    PC_TRY(say(content, "qc-statement", "1.2.3:asn1:UTF8:x", err));
    PC_TRY(say(content, "ms-template", "User", err));
    PC_TRY(pc_content_say_attribute(content, pc_attribute_row_find("ms-name-value"), "a=b", err));
    PC_TRY(attest(content, err));
    pc_content_settle(content);
    return PC_OK;
}

static struct pc_result make_request(struct pc_buf *ret, p11csr_error **err)
{
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifier,
                                       .signer = softsigner_get(signer),
                                       .scheme = pc_scheme_get(PC_SCHEME_RSA_PKCS1_SHA256)};
    pc_content_init(&content);
    PC_TRY(fill(&content, err));
    return pc_request_make(&signing, &content, ret, err);
}

/* Reads and describes the request that `ret` is filled with first; the result is the JSON text. */
static struct pc_result make_and_describe(struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf request PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf pem PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_csr csr;
    json_t *root = NULL;
    pc_buf_init(&request, PC_MAX_REQUEST);
    pc_buf_init(&pem, PC_MAX_REQUEST);
    pc_buf_init(&der, PC_MAX_REQUEST);
    PC_TRY(make_request(&request, err));
    PC_TRY(pc_csr_encode_pem(pc_buf_span(&request), &pem, err));
    PC_TRY(pc_csr_decode_input(pc_buf_span(&pem), &der, err));
    PC_TRY(pc_csr_parse(pc_buf_span(&der), &csr, err));
    PC_TRY(pc_csr_describe(crypto, &csr, &root, err));
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    pc_buf_text(ret, text);
    free(text);
    return pc_buf_check(ret, err);
}

static struct pc_result make_verifier(struct pc_buf *ret, p11csr_error **err)
{
    struct pc_crypto *own PC_CLEANUP(pc_crypto_free) = NULL;
    struct pc_verifier *made PC_CLEANUP(pc_verifier_free) = NULL;
    PC_TRY(pc_crypto_new(&own, err));
    PC_TRY(pc_verifier_new(own, softsigner_spki(signer), &made, err));
    pc_buf_add_span(ret, pc_verifier_spki(made));
    return pc_buf_check(ret, err);
}

/*
 * Errors are objects too: a failure while one is made must not hide what it is about, unless memory is the
 * matter.
 */
static struct pc_result fail_to_parse(struct pc_buf *ret, p11csr_error **err)
{
    p11csr_error *own PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    pc_content_init(&content);
    const struct pc_result result =
        pc_frame(pc_content_set_subject(&content, "CN=a+CN=b", &own), &own, "cannot make the request");
    assert_int_equal(p11csr_error_code(own), result.code);
    if (result.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    assert_int_equal(result.code, P11CSR_E_SUBJECT);
    pc_buf_text(ret, "refused");
    return pc_buf_check(ret, err);
}

static struct pc_result format_name(const struct pc_general_name *name, void *data, p11csr_error **err)
{
    assert_true(name->has_row);
    return pc_san_format((struct pc_san){name->type, name->content}, data, err);
}

/* Every kind of alternative name that is more than plain text: made, written, read back and shown. */
static struct pc_result make_names(struct pc_buf *ret, p11csr_error **err)
{
    static const struct {
        enum pc_san_type type;
        const char *text;
    } rows[] = {
        {PC_SAN_DNS, "m\xc3\xbcnchen.example"},
        {PC_SAN_EMAIL, "\xc3\xa4@example"},
        {PC_SAN_RID, "1.2.3"},
        {PC_SAN_DIRNAME, "CN=a,1.2.3=b"},
        {PC_SAN_KRB5, "HTTP/h@R"},
        {PC_SAN_SRV, "_x.example"},
        {PC_SAN_BUNDLE_EID, "ipn:1.2"},
        {PC_SAN_HARDWARE_MODULE, "1.2.3:aa"},
        {PC_SAN_PERMANENT_ID, "a:1.2.3"},
        {PC_SAN_NTDS_GUID, "00112233445566778899aabbccddeeff"},
        {PC_SAN_OTHER, "1.2.3:hex:0500"},
    };
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    struct pc_buf der PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_der_writer w;
    pc_content_init(&content);
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_buf_init(&text, PC_MAX_REQUEST);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        PC_TRY(pc_content_add_san(&content, rows[i].type, rows[i].text, err));
    }
    pc_der_writer_init(&w, &der);
    pc_san_write(&content, &w);
    PC_TRY(pc_der_finish(&w, err));
    PC_TRY(pc_general_names_walk(pc_der_over(pc_buf_span(&der)), format_name, &text, err));
    pc_buf_add_span(ret, pc_buf_span(&text));
    return pc_buf_check(ret, err);
}

/* A request that many rules have something to say about. */
static struct pc_result fill_badly(struct pc_content *content, p11csr_error **err)
{
    static const struct {
        enum pc_san_type type;
        const char *text;
    } rows[] = {{PC_SAN_DNS, "*.com"},           {PC_SAN_DNS, "xn--bcher-kva.internal"},
                {PC_SAN_DNS, "a.onion"},         {PC_SAN_IP, "10.0.0.1"},
                {PC_SAN_EMAIL, "a@example.com"}, {PC_SAN_URI, "x://y"},
                {PC_SAN_DNS, "localhost"},       {PC_SAN_UPN, "a@example"}};
    PC_TRY(pc_content_set_subject(content, "OU=a,CN=192.0.2.1,O=-,O=b", err));
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        PC_TRY(pc_content_add_san(content, rows[i].type, rows[i].text, err));
    }
    PC_TRY(pc_content_set_key_usage(content, "nonRepudiation,dataEncipherment", err));
    PC_TRY(pc_content_set_ext_key_usage(content, "clientAuth,codeSigning,1.2.3", err));
    PC_TRY(pc_content_set_basic(content, true, 1, err));
    PC_TRY(say(content, "ms-template", "User", err));
    pc_content_set_must_staple(content, true);
    pc_content_settle(content);
    return PC_OK;
}

static struct pc_result make_bad_request(struct pc_buf *ret, p11csr_error **err)
{
    struct pc_content content PC_CLEANUP(pc_content_done) = {0};
    const struct pc_signing signing = {.crypto = crypto,
                                       .verifier = verifier,
                                       .signer = softsigner_get(signer),
                                       .scheme = pc_scheme_get(PC_SCHEME_RSA_PKCS1_SHA256)};
    pc_content_init(&content);
    PC_TRY(fill_badly(&content, err));
    return pc_request_make(&signing, &content, ret, err);
}

/* Lints the request of set_up() by all sets of rules, with lists in the working directory. */
static struct pc_result lint(struct pc_buf *ret, p11csr_error **err)
{
    struct pc_lint_data *data PC_CLEANUP(pc_lint_data_free) = NULL;
    struct pc_lint_options options PC_CLEANUP(pc_lint_options_done);
    struct pc_lint_counts counts = {0};
    struct pc_csr csr;
    json_t *root = NULL;
    pc_lint_options_init(&options);
    PC_TRY(pc_lint_options_set(
        &options, "structure,tls-br:ov,smime-br,codesigning-br,fips,cnsa2,bsi,adcs,letsencrypt", err));
    PC_TRY(pc_lint_options_ignore(&options, "S14", err));
    PC_TRY(pc_lint_data_new(".", &data, err));
    options.data = data;
    PC_TRY(pc_csr_parse(pc_buf_span(&bad_request), &csr, err));
    PC_TRY(pc_lint_run(&options, crypto, &csr, &counts, &root, err));
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    pc_buf_text(ret, text);
    free(text);
    return pc_buf_check(ret, err);
}

static void put(const char *name, const char *content)
{
    p11csr_error *err = NULL;
    check_ok(pc_file_write(name, pc_span_str(content), PC_FILE_REPLACE, 0600, &err), &err);
}

/* In a folder of its own, which is the working directory. */
static int set_up_lint(void **state)
{
    char path[] = "/tmp/p11csr-test-XXXXXX";
    p11csr_error *err = NULL;
    if (mkdtemp(path) == NULL || chdir(path) != 0) {
        return -1;
    }
    *state = strdup(path);
    put("tlds-alpha-by-domain.txt", "COM\nDE\n");
    put("public_suffix_list.dat", "// ===BEGIN ICANN DOMAINS===\n\xd1\x80\xd1\x84\ncom\n");
    put("special-addresses.txt", "# Date: 2030-01-01\n10.0.0.0/8 Private\n");
    put("blacklist.RSA-2048", "00000000000000000000\n");
    put("blocked-keys.txt", "# none\n0000000000000000000000000000000000000000000000000000000000000000\n");
    pc_buf_init(&bad_request, PC_MAX_REQUEST);
    check_ok(make_bad_request(&bad_request, &err), &err);
    return 0;
}

static int tear_down_lint(void **state)
{
    static const char *const names[] = {"tlds-alpha-by-domain.txt", "public_suffix_list.dat",
                                        "special-addresses.txt", "blacklist.RSA-2048", "blocked-keys.txt"};
    int result = 0;
    pc_buf_done(&bad_request);
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        result |= unlink(names[i]);
    }
    result |= rmdir(*state);
    free(*state);
    return result | chdir("/");
}

static void check_scenario(struct pc_result (*scenario)(struct pc_buf *ret, p11csr_error **err), size_t most)
{
    p11csr_error *err = NULL;
    struct pc_buf expected;
    pc_buf_init(&expected, PC_MAX_REQUEST);
    fail_at = 0;
    allocations = 0;
    check_ok(scenario(&expected, &err), &err);
    const size_t count = allocations;
    assert_in_range(count, 1, most); // if this fails, somebody made the scenario more expensive
    for (size_t n = 1; n <= count; n++) {
        struct pc_buf got;
        pc_buf_init(&got, PC_MAX_REQUEST);
        allocations = 0;
        fail_at = n;
        const struct pc_result result = scenario(&got, &err);
        fail_at = 0;
        if (pc_is_ok(result)) {
            check_ok(result, &err);
            check_same(pc_buf_span(&got), pc_buf_span(&expected));
        } else {
            check_fails(result, &err, P11CSR_E_NO_MEMORY, "there is no memory left");
            assert_int_equal(got.len, 0);
        }
        pc_buf_done(&got);
    }
    pc_buf_done(&expected);
}

static void test_make_request(void **state)
{
    (void)state;
    check_scenario(make_request, 100);
}

static void test_describe(void **state)
{
    (void)state;
    check_scenario(make_and_describe, 160);
}

static void test_make_verifier(void **state)
{
    (void)state;
    check_scenario(make_verifier, 10);
}

static void test_names(void **state)
{
    (void)state;
    check_scenario(make_names, 200);
}

static void test_errors(void **state)
{
    (void)state;
    check_scenario(fail_to_parse, 40);
}

static void test_lint(void **state)
{
    (void)state;
    check_scenario(lint, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make_request),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_make_verifier),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_errors),
        cmocka_unit_test_setup_teardown(test_lint, set_up_lint, tear_down_lint),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
