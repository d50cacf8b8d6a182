// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"

#include "alg/signature.h"
#include "base/limits.h"
#include "tokens/sign.h"

#include <string.h>
#include <time.h>

static PC_RESULT give_answer(void *self, const struct pc_pin_request *request, struct pc_secret *ret,
                             p11csr_error **err)
{
    struct fixture *f = self;
    f->asked++;
    f->request = *request;
    f->request.token = NULL;
    f->request.key = NULL;
    f->request_has_key = request->key != NULL;
    if (f->answer == NULL) {
        return pc_fail(err, P11CSR_E_PIN_CANCELLED, "the test gives none");
    }
    const char *answer = request->role == PC_ROLE_SO ? f->so_answer : f->answer;
    assert_true(pc_secret_set(ret, answer, strlen(answer)));
    return PC_OK;
}

static void take_refusal(void *self, const struct pc_pin_request *request, p11csr_error **err)
{
    struct fixture *f = self;
    f->refused[request->role]++;
    assert_int_equal(request->role, f->request.role);
    assert_ptr_equal(request->slot, &f->token.slot);
    assert_string_equal(request->token, "token one");
    assert_true(err == NULL || p11csr_error_note_count(*err) == 0); // before anything else is done
}

static void let_go(void *self)
{
    ((struct fixture *)self)->done++;
}

static void open_token(struct fixture *f)
{
    struct pc_buf slots;
    pc_buf_init(&slots, 16 * sizeof(struct pc_slot));
    check_ok(pc_slots_find(&f->modules, NULL, &slots, &f->err), &f->err);
    assert_true(slots.len >= sizeof(struct pc_slot));
    struct pc_slot first;
    memcpy(&first, slots.ptr, sizeof(first));
    pc_buf_done(&slots);
    pc_token_init(&f->token, &first);
}

unsigned fixture_sleeps;
unsigned fixture_slept_ms;

/* The linker puts this in the place of nanosleep() and wants this very name. */
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
{
    (void)left;
    fixture_sleeps++;
    fixture_slept_ms += (unsigned)(wanted->tv_sec * 1000 + wanted->tv_nsec / 1000000);
    return 0;
}

int fixture_setup(void **state)
{
    struct fixture *f = pc_alloc(sizeof(*f));
    assert_non_null(f);
    *state = f;
    f->mock = mock_new();
    f->answer = "1234";
    f->so_answer = "87654321";
    f->source =
        (struct pc_pin_source){.get = give_answer, .refused = take_refusal, .done = let_go, .self = f};
    f->login = (struct pc_login){.source = &f->source};
    pc_key_init(&f->key);
    check_ok(pc_modules_adopt(&f->mock->list, "mock", &f->modules, &f->err), &f->err);
    open_token(f);
    mock_reset_calls(f->mock);
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->done, f->asked); // whatever came of it
    mock_forget_scripts(f->mock);
    p11csr_error_free(&f->err);
    pc_key_done(&f->key);
    pc_token_done(&f->token);
    pc_modules_done(&f->modules);
    mock_free(&f->mock);
    pc_release(f);
    return 0;
}

void fixture_reopen(struct fixture *f)
{
    pc_token_done(&f->token);
    open_token(f);
    mock_reset_calls(f->mock);
}

PC_RESULT fixture_find(struct fixture *f, const char *label, const char *id)
{
    const struct pc_key_query query = {
        .label = label, .has_id = id != NULL, .id = id != NULL ? pc_span_str(id) : (struct pc_span){0}};
    pc_key_done(&f->key);
    return pc_key_find(&f->token, &query, &f->login, &f->key, &f->err);
}

/* The input that the mechanism wants, for the message "message". */
static void add_input(const struct pc_scheme *scheme, const struct pc_mech *mech, struct pc_buf *ret)
{
    static const char message[] = "message";
    const struct pc_digest *digest = pc_digest_get(scheme->digest);
    uint8_t made[EVP_MAX_MD_SIZE];
    if (mech->input == PC_INPUT_MESSAGE) {
        pc_buf_text(ret, message);
        return;
    }
    size_t len = 0;
    assert_int_equal(EVP_Q_digest(NULL, digest->ossl_name, NULL, message, strlen(message), made, &len), 1);
    if (mech->input == PC_INPUT_DIGEST_INFO) {
        pc_buf_add_span(ret, digest->info_prefix);
    }
    pc_buf_add(ret, made, len);
}

PC_RESULT fixture_sign(struct fixture *f, enum pc_scheme_id scheme, struct pc_buf *ret)
{
    struct pc_token_signer self PC_CLEANUP(pc_token_signer_done) = {0};
    struct pc_signer signer;
    const struct pc_mech *mech = NULL;
    struct pc_buf input PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&input, 1024);
    PC_TRY(pc_token_signer_init(&self, &f->token, &f->key, &f->login, &signer, &f->err));
    PC_TRY(signer.ops->choose(signer.self, pc_scheme_get(scheme), &mech, &f->err));
    add_input(pc_scheme_get(scheme), mech, &input);
    PC_TRY(signer.ops->sign(signer.self, pc_scheme_get(scheme), mech, pc_buf_span(&input), ret, &f->err));
    assert_ptr_equal(self.used, mech);
    return PC_OK;
}

bool fixture_key_is(const struct fixture *f, enum mock_kind kind, size_t index)
{
    unsigned char *spki = NULL;
    const size_t len = mock_spki(mock_key(kind, index), &spki);
    const bool same = pc_span_eq(pc_buf_span(&f->key.spki), (struct pc_span){spki, len});
    OPENSSL_free(spki);
    return same;
}

bool has_note(const p11csr_error *err, const char *text)
{
    for (size_t i = 0; i < p11csr_error_note_count(err); i++) {
        if (strstr(p11csr_error_note(err, i), text) != NULL) {
            return true;
        }
    }
    return false;
}

bool error_holds(const p11csr_error *err, const char *text)
{
    bool holds =
        strstr(p11csr_error_message(err), text) != NULL || strstr(p11csr_error_hint(err), text) != NULL;
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        holds = holds || strstr(p11csr_error_cause(err, i), text) != NULL;
    }
    return holds || has_note(err, text);
}

void check_failed(struct pc_result result, const p11csr_error *err, enum p11csr_code code, const char *text)
{
    if (result.code != code || p11csr_error_code(err) != code || !error_holds(err, text)) {
        print_error("code %d, error %d: %s\n", (int)result.code, (int)p11csr_error_code(err),
                    p11csr_error_message(err));
        for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
            print_error("  cause: %s\n", p11csr_error_cause(err, i));
        }
    }
    assert_int_equal(result.code, code);
    assert_int_equal(p11csr_error_code(err), code);
    assert_true(error_holds(err, text));
}
