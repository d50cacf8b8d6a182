// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TESTS_BENCH_RAWTOKEN_H
#define PC_TESTS_BENCH_RAWTOKEN_H

#include <p11-kit/pkcs11.h>

/*
 * PKCS#11 as bare as it gets, for benchmarks to compare with: the module by dlopen, no checks but of return
 * values. Everything ends the program with a message when it fails.
 */
struct raw {
    CK_FUNCTION_LIST *fn;
    CK_SESSION_HANDLE session;
};

extern const char raw_label[];  /* of the token */
extern const char raw_secret[]; /* its user PIN */

/* Ends the program with a message unless rv is CKR_OK. */
void raw_check(CK_RV rv, const char *what);
/* The SoftHSM2 module's file. */
const char *raw_module(void);
/*
 * A new SoftHSM2 token in a new folder on tmpfs, removed by raw_remove(); sets SOFTHSM2_CONF. `folder`: 64
 * bytes.
 */
void raw_make_token(char folder[static 64]);
void raw_remove(const char *folder);
/* Loads the module, initialises it, opens a session with the token `raw_label` and logs in. */
void raw_open(struct raw *raw, CK_FLAGS session_flags);
void raw_close(const struct raw *raw);
/* A key pair with this label; bits == 0: P-256, else RSA. */
void raw_generate(const struct raw *raw, const char *label, CK_ULONG bits);
CK_OBJECT_HANDLE raw_find_private(const struct raw *raw, const char *label);
/* Median of `count` figures, which are sorted in place. */
double raw_median(double *figures, int count);
/* The figure that a tenth of them stay below: what it takes where nothing else interferes. Sorts in place. */
double raw_undisturbed(double *figures, int count);
/* Seconds of a clock that only goes forward. */
double raw_now(void);

#endif
