// SPDX-License-Identifier: Apache-2.0
/*
 * A PKCS#11 module that passes everything on to the one named by LOGIN_COUNTER_MODULE and appends a line
 * "C_Login USERTYPE RV" to the file LOGIN_COUNTER_FILE for each login: so tests see how often a PIN was sent.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static CK_RV count_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    const CK_RV rv = real->C_Login(session, user, pin, len);
    FILE *file = fopen(getenv("LOGIN_COUNTER_FILE"), "a");
    if (file != NULL) {
        (void)fprintf(file, "C_Login %lu 0x%lx\n", user, rv);
        (void)fclose(file);
    }
    return rv;
}

static void load(void)
{
    CK_FUNCTION_LIST *found = NULL;
    void *handle = dlopen(getenv("LOGIN_COUNTER_MODULE"), RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        (void)fprintf(stderr, "login_counter: %s\n", dlerror());
        return;
    }
    CK_C_GetFunctionList get = NULL;
    *(void **)&get = dlsym(handle, "C_GetFunctionList");
    if (get != NULL && get(&found) == CKR_OK) {
        list = *found;
        list.C_Login = count_login;
        real = found;
    }
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret)
{
    (void)pthread_once(&once, load);
    if (real == NULL) {
        return CKR_GENERAL_ERROR;
    }
    *ret = &list;
    return CKR_OK;
}
