// SPDX-License-Identifier: Apache-2.0
/*
 * The main path on a SoftHSM2 token, with every allocation of the library failing once: an error and nothing
 * else, or the whole result. This program is linked with the static library: its one allocator calls
 * calloc(), which the linker replaces by the function below (--wrap=calloc). What the module and the other
 * libraries allocate is left alone.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "place.h"

#include <dirent.h>
#include <fnmatch.h>
#include <ftw.h>
#include <openssl/err.h>
#include <openssl/evp.h>
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

// NOLINTBEGIN(bugprone-reserved-identifier): the linker demands these names
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
// NOLINTEND(bugprone-reserved-identifier)

static size_t allocations; /* since the scenario began */
static size_t fail_at;     /* the one that fails; 0: none */
static size_t faults;      /* of errors and warnings, all of which are shown */

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return allocations == fail_at ? NULL : __real_calloc(count, size);
}

enum { MAX_ALLOCATIONS = 1000, MAX_FILE = 65536 };

/* The folders of the scenarios, beside the token's. */
struct scene {
    struct place *place;
    char out[PATH_SIZE];   /* for the request */
    char state[PATH_SIZE]; /* for records of keys */
    char log[PATH_SIZE];
};

/* What a scenario has made so far. */
struct made {
    p11csr_ctx *ctx;
    p11csr_key *key;
    EVP_PKEY *pkey;
    p11csr_request *request;
    p11csr_csr *csr;
    char *pem;
    size_t owed; /* how many of them have to be there */
};

typedef struct pc_result (*scenario)(const struct scene *scene, struct made *made, p11csr_error **err);

static void free_made(struct made *made)
{
    const size_t there = (size_t)(made->ctx != NULL) + (size_t)(made->key != NULL) +
                         (size_t)(made->request != NULL) + (size_t)(made->csr != NULL) +
                         (size_t)(made->pem != NULL) + (size_t)(made->pkey != NULL);
    EVP_PKEY_free(made->pkey);
    made->pkey = NULL;
    p11csr_free_text(&made->pem);
    p11csr_csr_free(&made->csr);
    p11csr_request_free(&made->request);
    p11csr_key_free(&made->key);
    p11csr_ctx_free(&made->ctx);
    assert_int_equal(there, made->owed); // outputs are set on success only
}

static struct pc_result did(enum p11csr_code code)
{
    return (struct pc_result){code};
}

/* For a call that makes one of the objects. */
static struct pc_result gave(struct made *made, enum p11csr_code code)
{
    made->owed += code == P11CSR_OK ? 1 : 0;
    return did(code);
}

static void join(char ret[PATH_SIZE], const char *folder, const char *name)
{
    const int len = snprintf(ret, PATH_SIZE, "%s/%s", folder, name);
    assert_in_range(len, 1, PATH_SIZE - 1);
}

/* How many files a folder holds, hidden ones too; one that is not there holds none. */
static size_t count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    if (dir == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    }
    assert_int_equal(closedir(dir), 0);
    return count;
}

/* A warning has a reason that was there. */
static void check_warning(const char *text, void *data)
{
    (void)data;
    if (strstr(text, "(null)") != NULL) {
        print_error("warning: %s\n", text);
        faults++;
    }
}

static struct pc_result prepare(const struct scene *scene, struct made *made, p11csr_error **err)
{
    char source[PATH_SIZE + 8];
    (void)snprintf(source, sizeof(source), "file:%s", scene->place->soft.pin_file);
    PC_TRY(gave(made, p11csr_ctx_new(&made->ctx, err)));
    p11csr_ctx_set_warning_callback(made->ctx, check_warning, NULL);
    PC_TRY(did(p11csr_ctx_load_config(made->ctx, scene->place->config, err)));
    PC_TRY(did(p11csr_ctx_set_quirk(made->ctx, "error-hint=CKR_DEVICE_ERROR=see the lamp", err)));
    PC_TRY(did(p11csr_ctx_set_state_dir(made->ctx, scene->state, err)));
    return did(p11csr_ctx_set_pin_source(made->ctx, source, err));
}

static struct pc_result fill(p11csr_request *request, p11csr_error **err)
{
    PC_TRY(did(p11csr_request_set_subject(request, "CN=www.example.com,O=Example,C=DE", err)));
    PC_TRY(did(p11csr_request_add_san(request, "dns", "www.example.com", err)));
    PC_TRY(did(p11csr_request_add_san(request, "ip", "2001:db8::1", err)));
    PC_TRY(did(p11csr_request_set_key_usage(request, "digitalSignature,nonRepudiation", err)));
    return did(p11csr_request_set_subject_key_id(request, "sha256", err));
}

static struct pc_result make_request(const struct scene *scene, struct made *made, p11csr_error **err)
{
    const struct p11csr_select select = by_label("kept");
    char path[PATH_SIZE];
    join(path, scene->out, "web.csr");
    PC_TRY(prepare(scene, made, err));
    PC_TRY(gave(made, p11csr_key_open(made->ctx, &select, &made->key, err)));
    PC_TRY(gave(made, p11csr_request_new(&made->request, err)));
    PC_TRY(fill(made->request, err));
    PC_TRY(gave(made, p11csr_request_sign(made->request, made->key, &made->csr, err)));
    PC_TRY(gave(made, p11csr_csr_to_pem(made->csr, &made->pem, err)));
    return pc_file_write(path, pc_span_str(made->pem), PC_FILE_KEEP, 0644, err);
}

static struct pc_result make_key(const struct scene *scene, struct made *made, p11csr_error **err)
{
    const struct p11csr_select select = by_label("new");
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    int is_new = -1;
    keygen.spec = "p256";
    PC_TRY(prepare(scene, made, err));
    PC_TRY(gave(made, p11csr_key_generate(made->ctx, &select, &keygen, &made->key, &is_new, err)));
    assert_int_equal(is_new, 1);
    return PC_OK;
}

/* A list is lenient with keys that are odd; that there is no memory is nothing about a key. */
static void check_list(const p11csr_key_list *list)
{
    const struct p11csr_key_info *info = p11csr_key_list_get(list, 0);
    if (info == NULL || p11csr_key_list_is_partial(list) != 0 || info->problem != NULL) {
        print_error("allocation %zu: not the whole list: %s\n", fail_at,
                    info != NULL && info->problem != NULL ? info->problem : "-");
        faults++;
    }
}

/* By a URI, for which the alias has to be found that knows the PIN. */
static struct pc_result list_keys(const struct scene *scene, struct made *made, p11csr_error **err)
{
    struct p11csr_select select = P11CSR_SELECT_INIT;
    p11csr_key_list *list = NULL;
    select.token = "pkcs11:token=api";
    PC_TRY(prepare(scene, made, err));
    PC_TRY(did(p11csr_ctx_set_pin_source(made->ctx, NULL, err)));
    const struct pc_result result = did(p11csr_keys_list(made->ctx, &select, &list, err));
    assert_true(pc_is_ok(result) == (list != NULL));
    if (list != NULL) {
        check_list(list);
    }
    p11csr_key_list_free(&list);
    return result;
}

/* 1 when a signature was made; else the reason is in libcrypto's queue. */
static int sign_by_evp(EVP_PKEY *pkey)
{
    unsigned char signature[512];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const int signed_it = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                          EVP_DigestSign(ctx, signature, &len, (const unsigned char *)"message", 7) == 1;
    EVP_MD_CTX_free(ctx);
    return signed_it;
}

/* Twice: by the token's own session, and in one beside it. */
static struct pc_result use_evp(const struct scene *scene, struct made *made, p11csr_error **err)
{
    const struct p11csr_select select = by_label("kept");
    PC_TRY(prepare(scene, made, err));
    PC_TRY(gave(made, p11csr_key_open(made->ctx, &select, &made->key, err)));
    PC_TRY(gave(made, p11csr_key_evp_pkey(made->key, &made->pkey, err)));
    for (int i = 0; i < 2; i++) {
        if (sign_by_evp(made->pkey) != 1) {
            assert_int_not_equal(ERR_peek_last_error(), 0);
            ERR_clear_error();
            return pc_fail_memory(err);
        }
    }
    return PC_OK;
}

/* Runs a scenario whose n-th allocation fails, and gives back what it made. */
static struct pc_result run(scenario call, const struct scene *scene, size_t n, p11csr_error **err)
{
    struct made made = {0};
    (void)unlink(scene->log);
    allocations = 0;
    fail_at = n;
    const struct pc_result result = call(scene, &made, err);
    fail_at = 0;
    free_made(&made);
    return result;
}

/* What is wrong with an error; NULL: memory is the matter, and the error object says so. */
static const char *fault_of(struct pc_result result, p11csr_error *const *err)
{
    if (result.code != P11CSR_E_NO_MEMORY) {
        return "another code than NO_MEMORY";
    }
    if (err == NULL) {
        return NULL;
    }
    if (*err == NULL) {
        return "no error object";
    }
    if (p11csr_error_code(*err) != result.code) {
        return "another code in the error object";
    }
    return p11csr_error_message(*err)[0] == 0 || p11csr_error_hint(*err)[0] == 0 ? "an empty text" : NULL;
}

/* Says which allocation it was and goes on: the test fails at its end. */
static void check_no_memory(struct pc_result result, size_t n, p11csr_error **err)
{
    const char *fault = fault_of(result, err);
    if (fault != NULL) {
        const char *cause = err != NULL ? p11csr_error_cause(*err, 0) : NULL;
        print_error("allocation %zu%s: %s: %s: %s\n", n, err != NULL ? "" : ", without an error object",
                    fault, p11csr_code_name(result.code), cause != NULL ? cause : "-");
        faults++;
    }
    p11csr_error_free(err);
}

static size_t read_whole(const char *path, char ret[MAX_FILE])
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t len = fread(ret, 1, MAX_FILE, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(len, 1, MAX_FILE - 1);
    return len;
}

/* The file holds the request that `expected` is; an RSA key signs the same way each time. */
static void check_request(p11csr_ctx *ctx, const char *path, const char *expected)
{
    char text[MAX_FILE];
    p11csr_csr *csr = NULL;
    p11csr_error *err = NULL;
    enum p11csr_verdict verdict = P11CSR_VERDICT_UNKNOWN;
    const size_t len = read_whole(path, text);
    text[len] = 0;
    assert_string_equal(text, expected);
    check_ok(p11csr_csr_read(text, len, &csr, &err), &err);
    check_ok(p11csr_csr_verify(ctx, csr, &verdict, NULL, &err), &err);
    assert_int_equal(verdict, P11CSR_VERDICT_GOOD);
    p11csr_csr_free(&csr);
}

/* Nobody was told a wrong PIN. */
static void check_pin_state(const struct scene *scene)
{
    p11csr_ctx *ctx = new_ctx(scene->place);
    p11csr_token_list *list = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_tokens_list(ctx, "api", &list, &err), &err);
    assert_int_equal(p11csr_token_list_get(list, 0)->pin_state, P11CSR_PIN_STATE_UNKNOWN);
    p11csr_token_list_free(&list);
    p11csr_ctx_free(&ctx);
}

/* What came out stands in the log, in one line. */
static void check_logged(const struct scene *scene)
{
    char text[MAX_FILE];
    const size_t len = read_whole(scene->log, text);
    text[len] = 0;
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    assert_non_null(strstr(text, "\"outcome\":\"OK\""));
}

static void test_request(void **state)
{
    const struct scene *scene = *state;
    p11csr_ctx *judge = new_ctx(scene->place);
    p11csr_error *err = NULL;
    faults = 0;
    char expected[MAX_FILE];
    char path[PATH_SIZE];
    join(path, scene->out, "web.csr");
    check_ok(run(make_request, scene, 0, &err).code, &err);
    const size_t count = allocations;
    expected[read_whole(path, expected)] = 0;
    check_request(judge, path, expected);
    assert_in_range(count, 1, MAX_ALLOCATIONS);
    assert_int_equal(unlink(path), 0);
    for (size_t n = 1; n <= 2 * count; n++) {
        p11csr_error **wanted = n <= count ? &err : NULL; // then again with nobody who wants to know
        const struct pc_result result = run(make_request, scene, n <= count ? n : n - count, wanted);
        if (pc_is_ok(result)) {
            assert_null(err);
            check_logged(scene);
            assert_int_equal(count_files(scene->out), 1);
            check_request(judge, path, expected);
            assert_int_equal(unlink(path), 0);
        } else {
            check_no_memory(result, n <= count ? n : n - count, wanted);
        }
        assert_int_equal(count_files(scene->out), 0);
    }
    p11csr_ctx_free(&judge);
    check_pin_state(scene);
    assert_int_equal(faults, 0);
}

static void test_list(void **state)
{
    const struct scene *scene = *state;
    p11csr_error *err = NULL;
    faults = 0;
    check_ok(run(list_keys, scene, 0, &err).code, &err);
    const size_t count = allocations;
    assert_in_range(count, 1, MAX_ALLOCATIONS);
    for (size_t n = 1; n <= 2 * count; n++) {
        p11csr_error **wanted = n <= count ? &err : NULL;
        const struct pc_result result = run(list_keys, scene, n <= count ? n : n - count, wanted);
        if (!pc_is_ok(result)) {
            check_no_memory(result, n <= count ? n : n - count, wanted);
        }
    }
    check_pin_state(scene);
    assert_int_equal(faults, 0);
}

static void test_evp(void **state)
{
    const struct scene *scene = *state;
    p11csr_error *err = NULL;
    faults = 0;
    check_ok(run(use_evp, scene, 0, &err).code, &err);
    const size_t count = allocations;
    assert_in_range(count, 1, MAX_ALLOCATIONS);
    for (size_t n = 1; n <= 2 * count; n++) {
        p11csr_error **wanted = n <= count ? &err : NULL;
        const struct pc_result result = run(use_evp, scene, n <= count ? n : n - count, wanted);
        if (!pc_is_ok(result)) {
            check_no_memory(result, n <= count ? n : n - count, wanted);
        }
    }
    check_pin_state(scene);
    assert_int_equal(faults, 0);
}

/* The token's objects are files with a UUID for a name, each with a lock beside it. */
static size_t objects;
static int remove_objects;

static int visit_object(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    if (type != FTW_F || fnmatch("*-*-*-*-*", path + walk->base, 0) != 0) {
        return 0;
    }
    objects += fnmatch("*.object", path, 0) == 0 ? 1 : 0;
    return remove_objects != 0 ? unlink(path) : 0;
}

/* How many there were. No context may have the module loaded. */
static size_t count_objects(const struct scene *scene, int then_remove)
{
    objects = 0;
    remove_objects = then_remove;
    assert_int_equal(nftw(scene->place->data, visit_object, 16, FTW_PHYS), 0);
    return objects;
}

/* There is one key, whole, with the name that was asked for. */
static void check_only_key(const struct scene *scene)
{
    p11csr_ctx *ctx = new_ctx(scene->place);
    p11csr_key_list *list = NULL;
    p11csr_error *err = NULL;
    struct p11csr_select select = P11CSR_SELECT_INIT;
    select.token = "api";
    check_ok(p11csr_keys_list(ctx, &select, &list, &err), &err);
    assert_int_equal(p11csr_key_list_count(list), 1);
    assert_int_equal(p11csr_key_list_is_partial(list), 0);
    const struct p11csr_key_info *info = p11csr_key_list_get(list, 0);
    assert_string_equal(info->label, "new");
    assert_string_equal(info->type, "p256");
    assert_null(info->problem);
    assert_int_equal(info->has_private, 1);
    assert_int_equal(info->has_public, 1);
    p11csr_key_list_free(&list);
    p11csr_ctx_free(&ctx);
}

static void test_key(void **state)
{
    const struct scene *scene = *state;
    p11csr_error *err = NULL;
    faults = 0;
    (void)count_objects(scene, 1);
    check_ok(run(make_key, scene, 0, &err).code, &err);
    const size_t count = allocations;
    assert_in_range(count, 1, MAX_ALLOCATIONS);
    check_only_key(scene);
    assert_int_equal(count_objects(scene, 1), 2);
    for (size_t n = 1; n <= 2 * count; n++) {
        p11csr_error **wanted = n <= count ? &err : NULL;
        const struct pc_result result = run(make_key, scene, n <= count ? n : n - count, wanted);
        const size_t left = count_objects(scene, 0);
        if (pc_is_ok(result)) {
            assert_null(err);
            check_logged(scene);
            assert_int_equal(left, 2);
        } else {
            check_no_memory(result, n <= count ? n : n - count, wanted);
        }
        if (left != 0) { // made before the failure: then it stays, as a key that can be found
            check_only_key(scene);
        }
        assert_int_equal(count_files(scene->state), 0); // its outcome is known
        (void)count_objects(scene, 1);
    }
    check_pin_state(scene);
    assert_int_equal(faults, 0);
}

/* A PIN file that is wrong, and remembered as such when that could be written. */
static struct pc_result send_wrong(const struct scene *scene, struct made *made, p11csr_error **err)
{
    const struct p11csr_select select = by_label("kept");
    char path[PATH_SIZE];
    char source[PATH_SIZE + 8];
    join(path, scene->place->folder, "wrong");
    (void)snprintf(source, sizeof(source), "file:%s", path);
    PC_TRY(prepare(scene, made, err));
    PC_TRY(did(p11csr_ctx_set_pin_source(made->ctx, source, err)));
    return gave(made, p11csr_key_open(made->ctx, &select, &made->key, err));
}

static void forget_wrong(const struct scene *scene)
{
    p11csr_ctx *ctx = new_ctx(scene->place);
    p11csr_error *err = NULL;
    char *json = NULL;
    check_ok(p11csr_ctx_set_state_dir(ctx, scene->state, &err), &err);
    check_ok(p11csr_latches_clear(ctx, NULL, &json, &err), &err);
    p11csr_free_text(&json);
    p11csr_ctx_free(&ctx);
    assert_int_equal(count_files(scene->state), 0);
}

/* One allocation fails, or none for 0: the code is one of these two. */
static void check_wrong(const struct scene *scene, size_t n, enum p11csr_code code, enum p11csr_code other)
{
    p11csr_error *err = NULL;
    const struct pc_result result = run(send_wrong, scene, n, &err);
    if ((result.code != code && result.code != other) || p11csr_error_code(err) != result.code) {
        print_error("allocation %zu: %s\n", n, p11csr_code_name(result.code));
        faults++;
    }
    p11csr_error_free(&err);
}

static void test_latch(void **state)
{
    const struct scene *scene = *state;
    char path[PATH_SIZE];
    faults = 0;
    join(path, scene->place->folder, "wrong");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("surely not", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    check_wrong(scene, 0, P11CSR_E_PIN_INCORRECT, P11CSR_E_PIN_INCORRECT);
    const size_t sending = allocations;
    check_wrong(scene, 0, P11CSR_E_PIN_LATCHED, P11CSR_E_PIN_LATCHED);
    const size_t latched = allocations;
    assert_in_range(sending, 1, MAX_ALLOCATIONS);
    assert_in_range(latched, 1, MAX_ALLOCATIONS);
    for (size_t n = 1; n <= latched; n++) { // whatever fails: it is not sent
        check_wrong(scene, n, P11CSR_E_PIN_LATCHED, P11CSR_E_NO_MEMORY);
    }
    for (size_t n = 1; n <= sending; n++) { // no half of a record is left
        forget_wrong(scene);
        check_wrong(scene, n, P11CSR_E_PIN_INCORRECT, P11CSR_E_NO_MEMORY);
        check_wrong(scene, 0, P11CSR_E_PIN_LATCHED, P11CSR_E_PIN_INCORRECT);
    }
    forget_wrong(scene);
    p11csr_error *err = NULL;
    check_ok(run(list_keys, scene, 0, &err).code, &err); // the good one sets the token's counter back
    assert_int_equal(faults, 0);
}

/* A token with the key 'kept', and a configuration with a log and quirks. */
static int make_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    char path[PATH_SIZE];
    assert_non_null(scene);
    assert_int_equal(make_place((void **)&scene->place), 0);
    join(scene->out, scene->place->folder, "out");
    join(scene->state, scene->place->folder, "state");
    join(scene->log, scene->place->folder, "log");
    join(path, scene->place->config, "p11csr.yaml");
    assert_int_equal(mkdir(scene->out, 0700), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "log:\n  file: \"%s\"\n", scene->log) > 0);
    assert_true(fputs("quirks:\n- match: {manufacturer: 'Soft*', model: '*', library: '*', firmware: 2.0-}\n"
                      "  set: {retry-on: CKR_DEVICE_ERROR, pin-form: digits}\n",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    p11csr_ctx *ctx = new_ctx(scene->place);
    p11csr_key *key = ensure_key(ctx, "rsa-2048", "kept");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    *state = scene;
    return 0;
}

static int remove_scene(void **state)
{
    struct scene *scene = *state;
    void *place = scene->place;
    free(scene);
    return remove_place(&place);
}

/* All of the tests, or the one that the argument names. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request), cmocka_unit_test(test_list), cmocka_unit_test(test_key),
        cmocka_unit_test(test_latch),   cmocka_unit_test(test_evp),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, make_scene, remove_scene);
}
