// SPDX-License-Identifier: Apache-2.0
#include "bench/rawtoken.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char raw_label[] = "bench";
const char raw_secret[] = "12345678";

void raw_check(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        (void)fprintf(stderr, "bench: %s: 0x%lx\n", what, rv);
        exit(1);
    }
}

const char *raw_module(void)
{
    return "/usr/lib/softhsm/libsofthsm2.so";
}

static CK_FUNCTION_LIST *load(void)
{
    CK_FUNCTION_LIST *fn = NULL;
    CK_C_GetFunctionList get = NULL;
    void *library = dlopen(raw_module(), RTLD_NOW);
    void *symbol = library != NULL ? dlsym(library, "C_GetFunctionList") : NULL;
    if (symbol == NULL) {
        (void)fprintf(stderr, "bench: %s\n", dlerror());
        exit(1);
    }
    memcpy(&get, &symbol, sizeof(get));
    raw_check(get(&fn), "C_GetFunctionList");
    return fn;
}

static CK_UTF8CHAR *chars(const char *text)
{
    return (CK_UTF8CHAR *)(uintptr_t)text;
}

void raw_make_token(char folder[static 64])
{
    char conf[96];
    CK_UTF8CHAR label[32];
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(folder, 64, "%s/p11csr-bench-XXXXXX", base);
    raw_check(mkdtemp(folder) != NULL ? CKR_OK : CKR_GENERAL_ERROR, "mkdtemp");
    (void)snprintf(conf, sizeof(conf), "%s/softhsm2.conf", folder);
    FILE *file = fopen(conf, "we");
    raw_check(file != NULL ? CKR_OK : CKR_GENERAL_ERROR, "fopen");
    (void)fprintf(file, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", folder);
    (void)fclose(file);
    (void)setenv("SOFTHSM2_CONF", conf, 1);

    CK_FUNCTION_LIST *fn = load();
    CK_SLOT_ID slots[4];
    CK_ULONG count = 4;
    CK_SESSION_HANDLE session = 0;
    memset(label, ' ', sizeof(label));
    memcpy(label, raw_label, strlen(raw_label));
    raw_check(fn->C_Initialize(NULL), "C_Initialize");
    raw_check(fn->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    raw_check(fn->C_InitToken(slots[0], chars(raw_secret), strlen(raw_secret), label), "C_InitToken");
    raw_check(fn->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
              "C_OpenSession");
    raw_check(fn->C_Login(session, CKU_SO, chars(raw_secret), strlen(raw_secret)), "C_Login");
    raw_check(fn->C_InitPIN(session, chars(raw_secret), strlen(raw_secret)), "C_InitPIN");
    raw_check(fn->C_Finalize(NULL), "C_Finalize");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void raw_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *fn)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    raw_check(fn->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        raw_check(fn->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if (memcmp(info.label, raw_label, strlen(raw_label)) == 0) {
            return slots[i];
        }
    }
    raw_check(CKR_TOKEN_NOT_PRESENT, "find the token");
    return 0;
}

void raw_open(struct raw *raw, CK_FLAGS session_flags)
{
    raw->fn = load();
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    raw_check(raw->fn->C_Initialize(&args), "C_Initialize");
    raw_check(raw->fn->C_OpenSession(find_slot(raw->fn), CKF_SERIAL_SESSION | session_flags, NULL, NULL,
                                     &raw->session),
              "C_OpenSession");
    raw_check(raw->fn->C_Login(raw->session, CKU_USER, chars(raw_secret), strlen(raw_secret)), "C_Login");
}

void raw_close(const struct raw *raw)
{
    raw_check(raw->fn->C_Finalize(NULL), "C_Finalize");
}

void raw_generate(const struct raw *raw, const char *label, CK_ULONG bits)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    const size_t len = strlen(label);
    CK_ATTRIBUTE public[] = {{CKA_TOKEN, &yes, sizeof(yes)},
                             {CKA_LABEL, chars(label), len},
                             {CKA_ID, chars(label), len},
                             bits == 0 ? (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof(p256)}
                                       : (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof(bits)}};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, sizeof(yes)},     {CKA_PRIVATE, &yes, sizeof(yes)},
                              {CKA_SENSITIVE, &yes, sizeof(yes)}, {CKA_SIGN, &yes, sizeof(yes)},
                              {CKA_LABEL, chars(label), len},     {CKA_ID, chars(label), len}};
    CK_MECHANISM mechanism = {bits == 0 ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE handles[2];
    raw_check(
        raw->fn->C_GenerateKeyPair(raw->session, &mechanism, public, 4, private, 6, &handles[0], &handles[1]),
        "C_GenerateKeyPair");
}

CK_OBJECT_HANDLE raw_find_private(const struct raw *raw, const char *label)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, chars(label), strlen(label)}};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    raw_check(raw->fn->C_FindObjectsInit(raw->session, template, 2), "C_FindObjectsInit");
    raw_check(raw->fn->C_FindObjects(raw->session, &found, 1, &count), "C_FindObjects");
    raw_check(raw->fn->C_FindObjectsFinal(raw->session), "C_FindObjectsFinal");
    raw_check(count == 1 ? CKR_OK : CKR_KEY_HANDLE_INVALID, "find the key");
    return found;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : (x > y ? 1 : 0);
}

double raw_median(double *figures, int count)
{
    qsort(figures, (size_t)count, sizeof(figures[0]), compare);
    return figures[count / 2];
}

double raw_undisturbed(double *figures, int count)
{
    qsort(figures, (size_t)count, sizeof(figures[0]), compare);
    return figures[count / 10];
}

double raw_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
