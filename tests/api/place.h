// SPDX-License-Identifier: Apache-2.0
#ifndef P11CSR_TESTS_API_PLACE_H
#define P11CSR_TESTS_API_PLACE_H

/* What the tests of the public API share. Nothing but the public headers is known here. */
#include <p11csr/p11csr.h>

enum { MAX_CODE = 1000, PATH_SIZE = 512 };

/* Where the tests' token lives, and what init-soft says about it. */
struct place {
    char folder[64];
    char config[PATH_SIZE];
    char data[PATH_SIZE];
    struct p11csr_soft_token soft;
};

/* A cmocka group's set-up: a token of its own, by p11csr_soft_token_create(); *state is its struct place. */
int make_place(void **state);
int remove_place(void **state);

/* The call worked and left no error. */
void check_ok(enum p11csr_code code, p11csr_error **err);
/* The code is in the result and in the error, whose texts are all there. Frees the error. */
void check_fails(enum p11csr_code code, p11csr_error **err, enum p11csr_code wanted);
/* The call fails the same way when nobody wants to know why. */
#define check_both(call_with_err, wanted)                                                                    \
    do {                                                                                                     \
        p11csr_error **err = &both_err;                                                                      \
        check_fails((call_with_err), err, (wanted));                                                         \
        err = NULL;                                                                                          \
        assert_int_equal((call_with_err), (wanted));                                                         \
    } while (0)

/* A context that knows the alias 'api'. */
p11csr_ctx *new_ctx(const struct place *place);
/* The key of this label on the token 'api'. */
struct p11csr_select by_label(const char *label);
/* Makes a key, or opens it when a test before made it. */
p11csr_key *ensure_key(p11csr_ctx *ctx, const char *spec, const char *label);
p11csr_request *new_request(const char *subject);
/* Signs and has the result verified after a round trip through PEM. */
void sign_and_verify(p11csr_ctx *ctx, const p11csr_request *request, p11csr_key *key);
/* A certificate in DER for this public key, made by a CA in software; the caller calls OPENSSL_free(). */
size_t certify(const unsigned char *spki, size_t len, long serial, unsigned char **ret);

#endif
