// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/lane.h"

#include <pthread.h>
#include <string.h>

/*
 * Signing in sessions beside the token's own: when lanes are had, how many, and that none is used after what
 * ends handles. The mock knows no threads, so only one of them calls it at a time.
 */
struct lanes {
    struct pc_lanes *lanes;
    struct pc_lane_key key;
};

static size_t open_sessions(const struct fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < MOCK_SESSIONS; i++) {
        count += f->mock->sessions[i].handle != 0 ? 1 : 0;
    }
    return count;
}

/* Signs by the token's own session, as the first time, and after a lane failed. */
static void sign_first(struct fixture *f, struct lanes *l)
{
    static const struct pc_span message = {(const uint8_t *)"message", 7};
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
    struct pc_token_signer self PC_CLEANUP(pc_token_signer_done) = {0};
    struct pc_signer signer;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    check_ok(pc_token_signer_init(&self, &f->token, &f->key, &f->login, &signer, &f->err), &f->err);
    check_ok(signer.ops->sign(signer.self, scheme, &scheme->mechs[0], message, &signature, &f->err), &f->err);
    pc_lanes_know(l->lanes, &self, &l->key);
}

static void find_web(struct fixture *f, struct lanes *l)
{
    *l = (struct lanes){0};
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(fixture_find(f, "web", NULL), &f->err);
    check_ok(pc_lanes_join(&f->token, &l->lanes, &f->err), &f->err);
}

static void begin(struct fixture *f, struct lanes *l)
{
    find_web(f, l);
    sign_first(f, l);
    mock_reset_calls(f->mock);
}

/* One way or the other, as src/lib does it. */
static enum pc_lane_answer get(struct fixture *f, struct lanes *l, struct pc_sign_place *ret)
{
    enum pc_lane_answer answer = pc_lane_take(l->lanes, &l->key, ret);
    return answer == PC_LANE_MORE ? pc_lane_open(l->lanes, &f->token, &l->key, ret) : answer;
}

static CK_RV sign_in(const struct fixture *f, const struct pc_sign_place *lane)
{
    static const struct pc_span message = {(const uint8_t *)"message", 7};
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    const CK_RV rv = pc_sign_bare(lane, &f->key.public, scheme, &scheme->mechs[0], message, &signature);
    if (rv == CKR_OK) {
        assert_true(mock_verify(mock_key(MOCK_P256, 0), message, pc_buf_span(&signature), false));
    } else {
        assert_int_equal(signature.len, 0);
    }
    return rv;
}

/* Takes a lane, signs in it and gives it back; returns what it answered. */
static CK_RV sign_well(struct fixture *f, struct lanes *l)
{
    struct pc_sign_place lane;
    assert_int_equal(get(f, l, &lane), PC_LANE_TAKEN);
    const CK_RV rv = sign_in(f, &lane);
    pc_lane_give(l->lanes, &lane, rv);
    return rv;
}

static void test_calls(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    find_web(f, &l);
    assert_int_equal(pc_lane_take(l.lanes, &l.key, &lane), PC_LANE_NONE); // not before the first signature
    sign_first(f, &l);
    mock_reset_calls(f->mock);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_string_equal(f->mock->trace, "C_OpenSession C_SignInit C_Sign C_SignInit C_Sign ");
    pc_lanes_leave(l.lanes);
    assert_int_equal(mock_calls(f->mock, "C_CloseSession"), 1);
    assert_int_equal(open_sessions(f), 1);
    assert_true(f->mock->slots[0].logged_in);
    sign_first(f, &l);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

static void test_several_at_once(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lanes[3];
    begin(f, &l);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(get(f, &l, &lanes[i]), PC_LANE_TAKEN);
        assert_int_not_equal(lanes[i].session, f->token.session);
        assert_true(i == 0 || lanes[i].session != lanes[i - 1].session);
    }
    for (size_t i = 0; i < 3; i++) {
        const CK_RV rv = sign_in(f, &lanes[i]);
        assert_int_equal(rv, CKR_OK);
        pc_lane_give(l.lanes, &lanes[i], rv);
    }
    assert_int_equal(open_sessions(f), 4);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 3);
}

/* How many there can be, by what the token says about its sessions. */
static void test_bounds(void **state)
{
    struct fixture *f = *state;
    static const struct {
        CK_ULONG max;
        size_t lanes;
    } rows[] = {
        {CK_EFFECTIVELY_INFINITE, 16},
        {CK_UNAVAILABLE_INFORMATION, 16},
        {1, 0},
        {2, 0},
        {3, 1},
        {17, 15},
        {18, 16},
        {1000, 16},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct lanes l;
        struct pc_sign_place lane;
        size_t count = 0;
        f->mock->slots[0].token.ulMaxSessionCount = rows[i].max;
        fixture_reopen(f);
        begin(f, &l);
        while (pc_lane_open(l.lanes, &f->token, &l.key, &lane) == PC_LANE_TAKEN) {
            count++;
        }
        assert_int_equal(count, rows[i].lanes);
        if (count == 0) {
            assert_int_equal(pc_lane_take(l.lanes, &l.key, &lane), PC_LANE_NONE);
        }
        for (; count > 0; count--) { // any will do: only their number is asked for
            pc_lane_give(l.lanes, &lane, CKR_SESSION_CLOSED);
        }
        mock_lose_sessions(f->mock);
        mock_object_remove(&f->mock->objects[0]);
        mock_object_remove(&f->mock->objects[1]);
    }
}

/* A token that does not say it, and has no more. */
static void test_session_count(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lanes[2];
    struct pc_sign_place third;
    begin(f, &l);
    f->mock->knobs.max_sessions = 3;
    assert_int_equal(get(f, &l, &lanes[0]), PC_LANE_TAKEN);
    assert_int_equal(get(f, &l, &lanes[1]), PC_LANE_TAKEN);
    assert_int_equal(get(f, &l, &third), PC_LANE_NONE);
    pc_lane_give(l.lanes, &lanes[1], CKR_OK);
    mock_reset_calls(f->mock);
    assert_int_equal(get(f, &l, &third), PC_LANE_TAKEN); // now it waits for those that there are
    assert_int_equal(third.session, lanes[1].session);
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 0);
    pc_lane_give(l.lanes, &lanes[0], CKR_OK);
    pc_lane_give(l.lanes, &third, CKR_OK);
}

static void test_one_session_only(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    begin(f, &l);
    f->mock->knobs.max_sessions = 1;
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    mock_reset_calls(f->mock);
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 0);
    sign_first(f, &l);
}

/* Any other answer than CKR_OK ends the lane; the token's own session recovers, and lanes are had again. */
static void test_failures(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *function;
        CK_RV rv;
        unsigned long closed;
    } rows[] = {
        {"C_SignInit", CKR_KEY_HANDLE_INVALID, 1},
        {"C_SignInit", CKR_USER_NOT_LOGGED_IN, 1},
        {"C_SignInit", CKR_OPERATION_ACTIVE, 1},
        {"C_Sign", CKR_GENERAL_ERROR, 1},
        {"C_Sign", CKR_FUNCTION_FAILED, 1},
        {"C_Sign", CKR_BUFFER_TOO_SMALL, 1},
        {"C_SignInit", CKR_SESSION_HANDLE_INVALID, 0},
        {"C_Sign", CKR_DEVICE_REMOVED, 0},
        {"C_Sign", CKR_TOKEN_NOT_PRESENT, 0},
        {"C_SignInit", CKR_SESSION_CLOSED, 0},
    };
    struct lanes l;
    begin(f, &l);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_int_equal(sign_well(f, &l), CKR_OK);
        mock_reset_calls(f->mock);
        mock_fail(f->mock, rows[i].function, 1, rows[i].rv);
        assert_int_equal(sign_well(f, &l), rows[i].rv);
        assert_int_equal(mock_calls(f->mock, "C_CloseSession"), rows[i].closed);
        mock_forget_scripts(f->mock);
        sign_first(f, &l);
    }
}

static void test_odd_answers(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    begin(f, &l);
    f->mock->knobs.sign_extra = 1;
    assert_int_equal(sign_well(f, &l), CKR_GENERAL_ERROR);
    f->mock->knobs.sign_extra = 0;
    assert_int_equal(sign_well(f, &l), CKR_OK);
}

/* A token on which no lane ever signs is left alone; one that is merely away now and then is not. */
static void test_hopeless(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    begin(f, &l);
    for (unsigned i = 0; i < 3 * PC_LANES_HOPELESS; i++) {
        assert_int_equal(get(f, &l, &lane), PC_LANE_TAKEN);
        pc_lane_give(l.lanes, &lane, i % 2 == 0 ? CKR_GENERAL_ERROR : CKR_OK);
    }
    for (unsigned i = 0; i < PC_LANES_HOPELESS; i++) {
        assert_int_equal(get(f, &l, &lane), PC_LANE_TAKEN);
        pc_lane_give(l.lanes, &lane, CKR_GENERAL_ERROR);
    }
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    sign_first(f, &l);
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    assert_int_equal(open_sessions(f), 1);
    pc_token_drop_session(&f->token); // another token may be there next
    sign_first(f, &l);
    assert_int_equal(get(f, &l, &lane), PC_LANE_TAKEN);
    pc_lane_give(l.lanes, &lane, CKR_OK);
}

/* Everything is lost: the lane says so, the token's own session mends it, and the lanes have new handles. */
static void test_lost(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    begin(f, &l);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    const unsigned long epoch = l.key.epoch;
    mock_lose_sessions(f->mock);
    assert_int_equal(sign_well(f, &l), CKR_SESSION_HANDLE_INVALID);
    sign_first(f, &l);
    assert_true(l.key.epoch > epoch);
    mock_reset_calls(f->mock);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_string_equal(f->mock->trace, "C_OpenSession C_SignInit C_Sign ");
}

/*
 * What ends handles ends the lanes first, and a key that was known before has none until it was found again.
 */
static void test_epochs(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    struct pc_login login = f->login;
    login.as_so = true;
    login.so_source = &f->source;
    for (int by_login = 0; by_login < 2; by_login++) {
        begin(f, &l);
        assert_int_equal(sign_well(f, &l), CKR_OK);
        assert_int_equal(open_sessions(f), 2);
        mock_reset_calls(f->mock);
        if (by_login != 0) {
            check_ok(pc_login_change(&f->token, &login, &f->err), &f->err);
            assert_true(f->mock->slots[0].so_logged_in);
            assert_non_null(strstr(f->mock->trace, "C_CloseSession C_Logout C_GetTokenInfo C_Login "));
            assert_int_equal(open_sessions(f), 1);
        } else {
            pc_token_drop_session(&f->token);
            assert_int_equal(mock_calls(f->mock, "C_CloseSession"), 2);
            assert_int_equal(open_sessions(f), 0);
        }
        mock_reset_calls(f->mock);
        assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
        assert_string_equal(f->mock->trace, "");
        sign_first(f, &l);
        assert_int_equal(sign_well(f, &l), CKR_OK);
        // Another key, that was known in the epoch before, has none.
        struct pc_lane_key old = {.handle = l.key.handle, .epoch = l.key.epoch - 1, .known = true};
        assert_int_equal(pc_lane_take(l.lanes, &old, &lane), PC_LANE_NONE);
        assert_int_equal(pc_lane_open(l.lanes, &f->token, &old, &lane), PC_LANE_NONE);
        pc_lanes_leave(l.lanes);
        mock_object_remove(&f->mock->objects[0]);
        mock_object_remove(&f->mock->objects[1]);
        fixture_reopen(f);
    }
}

/* The login ended without anybody telling: the look at the session ends the lanes too. */
static void test_login_is_gone(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    begin(f, &l);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    f->mock->slots[0].logged_in = false;
    pc_token_look(&f->token);
    assert_int_equal(open_sessions(f), 1);
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    sign_first(f, &l);
    assert_int_equal(sign_well(f, &l), CKR_OK);
}

static void use_quirk(struct fixture *f, const char *word, const char *value)
{
    const struct pc_quirk_rule rule = {.word = word, .value = value, .set_by = "the test"};
    check_ok(pc_token_set_quirks(&f->token, &rule, 1, &f->err), &f->err);
}

/* A copy for each key and session, made once; the token's own session signs with the key itself. */
static void test_copies(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lanes[2];
    find_web(f, &l);
    use_quirk(f, "sign-copy", "yes");
    sign_first(f, &l);
    mock_reset_calls(f->mock);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_string_equal(f->mock->trace, "C_OpenSession C_CopyObject C_SignInit C_Sign C_SignInit C_Sign ");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(get(f, &l, &lanes[i]), PC_LANE_TAKEN);
        assert_int_not_equal(lanes[i].key, f->key.private_key);
    }
    assert_int_not_equal(lanes[0].key, lanes[1].key);
    assert_int_equal(mock_calls(f->mock, "C_CopyObject"), 2);
    const struct mock_object *copy = mock_object_get(f->mock, lanes[0].key);
    assert_int_equal(*mock_get(copy, CKA_TOKEN)->value, CK_FALSE);
    pc_lane_give(l.lanes, &lanes[0], CKR_OK);
    pc_lane_give(l.lanes, &lanes[1], CKR_GENERAL_ERROR); // closed, and its copy with it
    assert_int_equal(sign_well(f, &l), CKR_OK);
    assert_int_equal(mock_calls(f->mock, "C_CopyObject"), 2);
}

/* Copies are no keys of the token: the one that they are of is found, by name and by public key. */
static void test_copies_are_not_found(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    find_web(f, &l);
    use_quirk(f, "sign-copy", "yes");
    sign_first(f, &l);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    const CK_OBJECT_HANDLE key = f->key.private_key;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(f->key.private_key, key);
    check_ok(fixture_find(f, NULL, NULL), &f->err);
    assert_int_equal(f->key.private_key, key);
    use_quirk(f, "sign-copy", "no"); // what the filter is for
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_KEY_AMBIGUOUS, "2 private keys match");
}

static CK_RV no_copy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count,
                     CK_OBJECT_HANDLE *ret)
{
    (void)session;
    (void)object;
    (void)list;
    (void)count;
    (void)ret;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

/* A key that may not be copied (CKA_COPYABLE) signs itself. */
static void test_a_key_that_is_not_copied(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    find_web(f, &l);
    use_quirk(f, "sign-copy", "yes");
    sign_first(f, &l);
    f->mock->list.C_CopyObject = no_copy;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(f, &l, &lane), PC_LANE_TAKEN);
        assert_int_equal(lane.key, f->key.private_key);
        assert_int_equal(sign_in(f, &lane), CKR_OK);
        pc_lane_give(l.lanes, &lane, CKR_OK);
    }
}

/* Keys and tokens that want a person, or another form of the answer, are for the token's own session. */
static void test_never(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    begin(f, &l);
    use_quirk(f, "touch", "yes");
    sign_first(f, &l);
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    use_quirk(f, "touch", "no");
    sign_first(f, &l);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    f->token.slot.token_info.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    sign_first(f, &l);
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
    f->token.slot.token_info.flags &= ~CKF_PROTECTED_AUTHENTICATION_PATH;
    mock_set_flag(mock_object_get(f->mock, f->key.private_key), CKA_ALWAYS_AUTHENTICATE, true);
    sign_first(f, &l);
    assert_int_equal(get(f, &l, &lane), PC_LANE_NONE);
}

struct waiter {
    struct fixture *f;
    struct lanes *l;
    struct pc_sign_place lane;
    enum pc_lane_answer answer;
};

static void *take(void *data)
{
    struct waiter *waiter = data;
    waiter->answer = pc_lane_take(waiter->l->lanes, &waiter->l->key, &waiter->lane);
    return NULL;
}

static void *close_all(void *data)
{
    pc_lanes_close(((struct waiter *)data)->l->lanes, false);
    return NULL;
}

/* Who comes when all are in use gets the one that is given back. */
static void test_wait_for_a_lane(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lanes[PC_LANES_MAX];
    struct waiter waiter = {.f = f, .l = &l};
    pthread_t thread;
    begin(f, &l);
    for (size_t i = 0; i < PC_LANES_MAX; i++) {
        assert_int_equal(get(f, &l, &lanes[i]), PC_LANE_TAKEN);
    }
    assert_int_equal(open_sessions(f), PC_LANES_MAX + 1);
    assert_int_equal(pc_lane_open(l.lanes, &f->token, &l.key, &waiter.lane), PC_LANE_MORE);
    assert_int_equal(pthread_create(&thread, NULL, take, &waiter), 0);
    pc_lane_give(l.lanes, &lanes[7], CKR_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.answer, PC_LANE_TAKEN);
    assert_int_equal(waiter.lane.session, lanes[7].session);
    // One that ended makes room as well: then it is for the waiter to open another.
    assert_int_equal(pthread_create(&thread, NULL, take, &waiter), 0);
    pc_lane_give(l.lanes, &lanes[7], CKR_SESSION_CLOSED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.answer, PC_LANE_MORE);
    for (size_t i = 0; i < PC_LANES_MAX; i++) {
        if (i != 7) {
            pc_lane_give(l.lanes, &lanes[i], CKR_OK);
        }
    }
}

/* What ends handles waits for the signature that is being made, and meanwhile no lane is handed out. */
static void test_close_waits(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    struct pc_sign_place lane;
    struct pc_sign_place other;
    struct waiter waiter = {.f = f, .l = &l};
    pthread_t thread;
    begin(f, &l);
    assert_int_equal(get(f, &l, &lane), PC_LANE_TAKEN);
    assert_int_equal(pthread_create(&thread, NULL, close_all, &waiter), 0);
    while (pc_lane_take(l.lanes, &l.key, &other) != PC_LANE_NONE) { // until the thread has begun
    }
    assert_int_equal(sign_in(f, &lane), CKR_OK);
    pc_lane_give(l.lanes, &lane, CKR_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(open_sessions(f), 1);
    assert_int_equal(mock_calls(f->mock, "C_CloseSession"), 1);
}

/* Sessions that ended with all others are not closed: their numbers may be those of new ones. */
static void test_gone(void **state)
{
    struct fixture *f = *state;
    struct lanes l;
    begin(f, &l);
    assert_int_equal(sign_well(f, &l), CKR_OK);
    mock_reset_calls(f->mock);
    pc_token_end_handles(&f->token, true);
    assert_string_equal(f->mock->trace, "");
}

/* Which mechanisms will do, for who has a digest only and for who met one that is refused. */
static void test_mechanism_wishes(void **state)
{
    struct fixture *f = *state;
    const struct pc_scheme *ecdsa = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
    const struct pc_scheme *ed25519 = pc_scheme_get(PC_SCHEME_ED25519);
    const struct pc_mech *mech = NULL;
    const struct pc_mech_wish hashed = {.hashed = true};
    const struct pc_mech_wish other = {.refused = &ecdsa->mechs[0]};
    const struct pc_mech_wish neither = {.hashed = true, .refused = &ecdsa->mechs[1]};
    check_ok(pc_token_mechanism_for(&f->token, ecdsa, &hashed, &mech, &f->err), &f->err);
    assert_int_equal(mech->ckm, CKM_ECDSA);
    check_ok(pc_token_mechanism_for(&f->token, ecdsa, &other, &mech, &f->err), &f->err);
    assert_int_equal(mech->ckm, CKM_ECDSA);
    check_fails(pc_token_mechanism_for(&f->token, ecdsa, &neither, &mech, &f->err), &f->err,
                P11CSR_E_MECHANISM, "token 'token one' has no mechanism for ecdsa-sha256");
    check_fails(pc_token_mechanism_for(&f->token, ed25519, &hashed, &mech, &f->err), &f->err,
                P11CSR_E_MECHANISM, "no mechanism for ed25519");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_calls),
        FIXTURE_TEST(test_copies),
        FIXTURE_TEST(test_copies_are_not_found),
        FIXTURE_TEST(test_a_key_that_is_not_copied),
        FIXTURE_TEST(test_several_at_once),
        FIXTURE_TEST(test_bounds),
        FIXTURE_TEST(test_session_count),
        FIXTURE_TEST(test_one_session_only),
        FIXTURE_TEST(test_failures),
        FIXTURE_TEST(test_odd_answers),
        FIXTURE_TEST(test_hopeless),
        FIXTURE_TEST(test_lost),
        FIXTURE_TEST(test_epochs),
        FIXTURE_TEST(test_login_is_gone),
        FIXTURE_TEST(test_never),
        FIXTURE_TEST(test_wait_for_a_lane),
        FIXTURE_TEST(test_close_waits),
        FIXTURE_TEST(test_gone),
        FIXTURE_TEST(test_mechanism_wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
