// SPDX-License-Identifier: Apache-2.0
#include "evp/place.h"

#include <string.h>

/* Tokens that sign wrongly, or not at all: the program gets an error and no octet of what they returned. */

enum { ROOM = 8192, MANY = 5 << 20 };

static const unsigned char message[] = "what is to be signed";

static const struct row {
    enum softsigner_fault fault;
    enum p11csr_code code;
    bool curves_only;
    bool by_form; /* seen without a verification */
} rows[] = {
    {.fault = SOFTSIGNER_FLIPPED_BIT, .code = P11CSR_E_PROOF_SIGNATURE},
    {.fault = SOFTSIGNER_OTHER_MESSAGE, .code = P11CSR_E_PROOF_SIGNATURE},
    {.fault = SOFTSIGNER_TOO_SHORT, .code = P11CSR_E_PROOF_SIGNATURE, .by_form = true},
    {.fault = SOFTSIGNER_TOO_LONG, .code = P11CSR_E_PROOF_SIGNATURE, .by_form = true},
    {.fault = SOFTSIGNER_EMPTY, .code = P11CSR_E_PROOF_SIGNATURE, .by_form = true},
    {.fault = SOFTSIGNER_ZERO_R, .code = P11CSR_E_PROOF_SIGNATURE, .curves_only = true, .by_form = true},
    {.fault = SOFTSIGNER_ZERO_S, .code = P11CSR_E_PROOF_SIGNATURE, .curves_only = true, .by_form = true},
    {.fault = SOFTSIGNER_DER, .code = P11CSR_E_PROOF_SIGNATURE, .curves_only = true, .by_form = true},
    {.fault = SOFTSIGNER_OTHER_PUBLIC, .code = P11CSR_E_PROOF_SIGNATURE},
    {.fault = SOFTSIGNER_NO_MECHANISM, .code = P11CSR_E_MECHANISM, .by_form = true},
    {.fault = SOFTSIGNER_REMOVED, .code = P11CSR_E_TOKEN_REMOVED, .by_form = true},
};
_Static_assert(PC_ARRAY_LEN(rows) == SOFTSIGNER_FAULT_COUNT - 1, "every fault has a row, but for none");

static const enum pc_keyspec_id specs[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_P256,  PC_KEYSPEC_P521,
                                           PC_KEYSPEC_ED25519,  PC_KEYSPEC_ED448, PC_KEYSPEC_ML_DSA_44};

static bool sign(const struct place *place, EVP_PKEY *pkey, unsigned char signature[ROOM])
{
    size_t len = ROOM;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    memset(signature, 0, ROOM);
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, NULL, place->libctx, NULL, pkey, NULL), 1);
    const int done = EVP_DigestSign(ctx, signature, &len, message, sizeof(message));
    EVP_MD_CTX_free(ctx);
    return done == 1;
}

static void check_sign(const struct place *place, EVP_PKEY *pkey, bool good, enum p11csr_code code)
{
    static const unsigned char empty[ROOM];
    unsigned char signature[ROOM];
    assert_int_equal(sign(place, pkey, signature), good);
    if (!good) {
        check_raised(code, "");
        assert_memory_equal(signature, empty, ROOM);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* A fault that was there from the start; twice, because a wrong signature proves nothing. */
static void check_first(const struct place *place, struct softheld *held, const struct row *row)
{
    softsigner_set_fault(softheld_signer(held), row->fault);
    EVP_PKEY *pkey = place_pkey(place, held);
    check_sign(place, pkey, false, row->code);
    check_sign(place, pkey, false, row->code);
    EVP_PKEY_free(pkey);
}

/* A fault that comes later: the signature's value is looked at only where that is asked for. */
static void check_later(const struct place *place, struct softheld *held, const struct row *row, bool always)
{
    softsigner_set_fault(softheld_signer(held), SOFTSIGNER_GOOD);
    EVP_PKEY *pkey = place_pkey(place, held);
    check_sign(place, pkey, true, P11CSR_OK);
    if (row->fault != SOFTSIGNER_OTHER_PUBLIC) { // it was shown when the key was taken
        softsigner_set_fault(softheld_signer(held), row->fault);
        check_sign(place, pkey, !always && !row->by_form, row->code);
        softsigner_set_fault(softheld_signer(held), SOFTSIGNER_GOOD);
        check_sign(place, pkey, true, P11CSR_OK);
    }
    EVP_PKEY_free(pkey);
}

static void test_faults(void **state)
{
    struct place place;
    (void)state;
    place_begin(&place);
    for (size_t i = 0; i < PC_ARRAY_LEN(specs) && softsigner_can(specs[i]); i++) {
        struct softheld *held = softheld_new(specs[i]);
        for (size_t at = 0; at < PC_ARRAY_LEN(rows); at++) {
            if (rows[at].curves_only && pc_keyspec_get(specs[i])->family != PC_FAMILY_EC) {
                continue;
            }
            pc_provider_set_proof(place.provider, PC_PROOF_FIRST);
            check_first(&place, held, &rows[at]);
            check_later(&place, held, &rows[at], false);
            pc_provider_set_proof(place.provider, PC_PROOF_ALWAYS);
            check_first(&place, held, &rows[at]);
            check_later(&place, held, &rows[at], true);
        }
        softheld_free(&held);
    }
    place_end(&place);
}

/* Each mechanism of a key is proved for itself. */
static void test_each_mechanism_is_proved(void **state)
{
    struct place place;
    (void)state;
    place_begin(&place);
    struct softheld *held = softheld_new(PC_KEYSPEC_RSA_2048);
    EVP_PKEY *pkey = place_pkey(&place, held);
    softheld_offer(held, 0);
    check_sign(&place, pkey, true, P11CSR_OK);
    softsigner_set_fault(softheld_signer(held), SOFTSIGNER_FLIPPED_BIT);
    check_sign(&place, pkey, true, P11CSR_OK);
    softheld_offer(held, 1);
    check_sign(&place, pkey, false, P11CSR_E_PROOF_SIGNATURE);
    EVP_PKEY_free(pkey);
    softheld_free(&held);
    place_end(&place);
}

/* A mechanism that turns out not to work is not the end if there is another. */
static void test_another_mechanism(void **state)
{
    static const enum pc_keyspec_id both[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_P256};
    struct place place;
    (void)state;
    place_begin(&place);
    for (size_t i = 0; i < PC_ARRAY_LEN(both); i++) {
        struct softheld *held = softheld_new(both[i]);
        EVP_PKEY *pkey = place_pkey(&place, held);
        const struct pc_scheme *scheme = pc_scheme_get(pc_keyspec_get(both[i])->scheme);
        softheld_refuse_first(held);
        check_sign(&place, pkey, scheme->mech_count > 1, P11CSR_E_MECHANISM);
        check_sign(&place, pkey, scheme->mech_count > 1, P11CSR_E_MECHANISM);
        EVP_PKEY_free(pkey);
        softheld_free(&held);
    }
    place_end(&place);
}

/* Feeds a message of many octets in parts. */
static bool sign_much(const struct place *place, EVP_PKEY *pkey)
{
    static const unsigned char part[1 << 16];
    unsigned char signature[ROOM];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, NULL, place->libctx, NULL, pkey, NULL), 1);
    for (size_t done = 0; done < MANY; done += sizeof(part)) {
        assert_int_equal(EVP_DigestSignUpdate(ctx, part, sizeof(part)), 1);
    }
    const int signed_ = EVP_DigestSignFinal(ctx, signature, &len);
    EVP_MD_CTX_free(ctx);
    return signed_ == 1;
}

/* What the token hashes itself is kept up to a limit; what is hashed here has none. */
static void test_long_messages(void **state)
{
    struct place place;
    (void)state;
    place_begin(&place);
    struct softheld *rsa = softheld_new(PC_KEYSPEC_RSA_2048);
    struct softheld *edwards = softheld_new(PC_KEYSPEC_ED25519);
    EVP_PKEY *pkey = place_pkey(&place, rsa);
    assert_true(sign_much(&place, pkey));
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_RSA_PKCS1_SHA256);
    softheld_offer(rsa, scheme->mechs[0].input == PC_INPUT_MESSAGE ? 0 : 1);
    assert_false(sign_much(&place, pkey));
    check_raised(P11CSR_E_LIMIT, "4 MiB at most");
    EVP_PKEY_free(pkey);
    pkey = place_pkey(&place, edwards);
    assert_false(sign_much(&place, pkey));
    check_raised(P11CSR_E_LIMIT, "more than 4 MiB in parts");
    EVP_PKEY_free(pkey);
    softheld_free(&rsa);
    softheld_free(&edwards);
    place_end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_each_mechanism_is_proved),
        cmocka_unit_test(test_another_mechanism),
        cmocka_unit_test(test_long_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
