// SPDX-License-Identifier: Apache-2.0
#include "place.h"

#include <dlfcn.h>
#include <openssl/cmp.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Keys of a token as EVP_PKEY: what OpenSSL makes with them, libcrypto's own software verifies. */

static const char *const specs[] = {"rsa-2048", "p256", "ed25519"};
enum { SPECS = 3 };

static const char message[] = "to be signed";

static EVP_PKEY *pkey_of(p11csr_key *key)
{
    EVP_PKEY *pkey = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_key_evp_pkey(key, &pkey, &err), &err);
    assert_non_null(pkey);
    return pkey;
}

static OSSL_LIB_CTX *libctx_of(p11csr_ctx *ctx)
{
    OSSL_LIB_CTX *libctx = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_ctx_get_libctx(ctx, &libctx, &err), &err);
    assert_non_null(libctx);
    return libctx;
}

/* The key of this kind on the token as an EVP_PKEY alone; its p11csr_key is freed already. */
static EVP_PKEY *open_pkey(p11csr_ctx *ctx, const char *spec)
{
    p11csr_key *key = ensure_key(ctx, spec, spec);
    EVP_PKEY *pkey = pkey_of(key);
    p11csr_key_free(&key);
    return pkey;
}

/* The public half in the default library context, where nothing of ours is. */
static EVP_PKEY *software_half(EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    const int len = i2d_PUBKEY(pkey, &der);
    const unsigned char *at = der;
    assert_true(len > 0);
    EVP_PKEY *half = d2i_PUBKEY(NULL, &at, len);
    assert_non_null(half);
    OPENSSL_free(der);
    return half;
}

static const EVP_MD *digest_for(EVP_PKEY *pkey)
{
    return EVP_PKEY_is_a(pkey, "ED25519") ? NULL : EVP_sha256();
}

/* 1 when a signature was made; what it is worth is checked by libcrypto alone. */
static int sign_once(EVP_PKEY *pkey)
{
    unsigned char signature[1024];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const unsigned char *text = (const unsigned char *)message;
    const int made = EVP_DigestSignInit(ctx, NULL, digest_for(pkey), NULL, pkey) == 1 &&
                     EVP_DigestSign(ctx, signature, &len, text, strlen(message)) == 1;
    EVP_MD_CTX_free(ctx);
    if (made == 0) {
        return 0;
    }
    EVP_PKEY *half = software_half(pkey);
    ctx = EVP_MD_CTX_new();
    const int good = EVP_DigestVerifyInit(ctx, NULL, digest_for(half), NULL, half) == 1 &&
                     EVP_DigestVerify(ctx, signature, len, text, strlen(message)) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(half);
    return good;
}

static void name_it(X509_NAME *name)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"www.example.com", -1, -1, 0),
                     1);
}

static void test_request(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    for (size_t i = 0; i < SPECS; i++) {
        EVP_PKEY *pkey = open_pkey(ctx, specs[i]);
        X509_REQ *made = X509_REQ_new_ex(libctx_of(ctx), NULL);
        unsigned char *der = NULL;
        name_it(X509_REQ_get_subject_name(made));
        assert_int_equal(X509_REQ_set_pubkey(made, pkey), 1);
        assert_true(X509_REQ_sign(made, pkey, digest_for(pkey)) > 0);
        const int len = i2d_X509_REQ(made, &der);
        const unsigned char *at = der;
        X509_REQ *read = d2i_X509_REQ(NULL, &at, len); // in the default library context
        assert_int_equal(X509_REQ_verify(read, X509_REQ_get0_pubkey(read)), 1);
        p11csr_csr *csr = NULL;
        p11csr_error *err = NULL;
        enum p11csr_verdict verdict = P11CSR_VERDICT_UNKNOWN;
        check_ok(p11csr_csr_read(der, (size_t)len, &csr, &err), &err);
        check_ok(p11csr_csr_verify(ctx, csr, &verdict, NULL, &err), &err);
        assert_int_equal(verdict, P11CSR_VERDICT_GOOD);
        p11csr_csr_free(&csr);
        X509_REQ_free(read);
        OPENSSL_free(der);
        X509_REQ_free(made);
        EVP_PKEY_free(pkey);
    }
    p11csr_ctx_free(&ctx);
}

/* A certificate that the key signs for itself. */
static X509 *certificate_of(EVP_PKEY *pkey)
{
    X509 *made = X509_new();
    assert_int_equal(X509_set_version(made, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), -60));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), 86400));
    name_it(X509_get_subject_name(made));
    name_it(X509_get_issuer_name(made));
    assert_int_equal(X509_set_pubkey(made, pkey), 1);
    assert_true(X509_sign(made, pkey, digest_for(pkey)) > 0);
    assert_int_equal(X509_check_private_key(made, pkey), 1);
    return made;
}

static void test_cms(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    for (size_t i = 0; i < 2; i++) { // libcrypto 3.0 knows no Ed25519 in CMS
        EVP_PKEY *pkey = open_pkey(ctx, specs[i]);
        X509 *certificate = certificate_of(pkey);
        BIO *data = BIO_new_mem_buf(message, -1);
        unsigned char *der = NULL;
        char text[64] = {0};
        CMS_ContentInfo *made = CMS_sign_ex(certificate, pkey, NULL, data, CMS_BINARY, libctx_of(ctx), NULL);
        assert_non_null(made);
        const int len = i2d_CMS_ContentInfo(made, &der);
        const unsigned char *at = der;
        CMS_ContentInfo *read = d2i_CMS_ContentInfo(NULL, &at, len);
        BIO *out = BIO_new(BIO_s_mem());
        assert_int_equal(CMS_verify(read, NULL, NULL, NULL, out, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY), 1);
        assert_int_equal(BIO_read(out, text, sizeof(text) - 1), strlen(message));
        assert_string_equal(text, message);
        BIO_free(out);
        CMS_ContentInfo_free(read);
        OPENSSL_free(der);
        CMS_ContentInfo_free(made);
        BIO_free(data);
        X509_free(certificate);
        EVP_PKEY_free(pkey);
    }
    p11csr_ctx_free(&ctx);
}

/* A CA that gives everybody the one certificate. */
static OSSL_CMP_PKISI *give(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message_in, int id,
                            const OSSL_CRMF_MSG *crm, const X509_REQ *p10, X509 **ret_certificate,
                            STACK_OF(X509) * *ret_chain, STACK_OF(X509) * *ret_cas)
{
    (void)message_in;
    (void)id;
    (void)crm;
    (void)p10;
    *ret_certificate = X509_dup(OSSL_CMP_SRV_CTX_get0_custom_ctx(server));
    *ret_chain = NULL;
    *ret_cas = NULL;
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, NULL);
}

static int confirm(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message_in, int id,
                   const ASN1_OCTET_STRING *hash, const OSSL_CMP_PKISI *status)
{
    (void)server;
    (void)message_in;
    (void)id;
    (void)hash;
    (void)status;
    return 1;
}

static void use_for_cmp(OSSL_CMP_CTX *side, EVP_PKEY *pkey, X509 *certificate)
{
    assert_int_equal(OSSL_CMP_CTX_set1_cert(side, certificate), 1);
    assert_int_equal(OSSL_CMP_CTX_set1_pkey(side, pkey), 1);
    assert_int_equal(OSSL_CMP_CTX_set1_srvCert(side, certificate), 1); // whom it believes
}

/* The key protects the messages of both sides, and proves that the client has it (RFC 4210). */
static void test_cmp(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *pkey = open_pkey(ctx, specs[i]);
        X509 *certificate = certificate_of(pkey);
        OSSL_CMP_SRV_CTX *server = OSSL_CMP_SRV_CTX_new(libctx_of(ctx), NULL);
        OSSL_CMP_CTX *client = OSSL_CMP_CTX_new(libctx_of(ctx), NULL);
        assert_int_equal(OSSL_CMP_SRV_CTX_init(server, certificate, give, NULL, NULL, NULL, confirm, NULL),
                         1);
        use_for_cmp(OSSL_CMP_SRV_CTX_get0_cmp_ctx(server), pkey, certificate);
        use_for_cmp(client, pkey, certificate);
        assert_int_equal(EVP_PKEY_up_ref(pkey), 1);
        assert_int_equal(OSSL_CMP_CTX_set0_newPkey(client, 1, pkey), 1);
        assert_int_equal(OSSL_CMP_CTX_set_transfer_cb(client, OSSL_CMP_CTX_server_perform), 1);
        assert_int_equal(OSSL_CMP_CTX_set_transfer_cb_arg(client, server), 1);
        const X509 *got = OSSL_CMP_exec_IR_ses(client);
        if (got == NULL) {
            ERR_print_errors_fp(stderr);
        }
        assert_non_null(got);
        assert_int_equal(X509_cmp(got, certificate), 0);
        OSSL_CMP_CTX_free(client);
        OSSL_CMP_SRV_CTX_free(server);
        X509_free(certificate);
        EVP_PKEY_free(pkey);
    }
    p11csr_ctx_free(&ctx);
}

/* Both sides take turns until neither has anything left to say. */
static void shake_hands(SSL *server, SSL *client)
{
    int served = 0;
    int connected = 0;
    for (int turns = 0; turns < 50 && (served != 1 || connected != 1); turns++) {
        connected = SSL_do_handshake(client);
        served = SSL_do_handshake(server);
    }
    if (served != 1 || connected != 1) {
        ERR_print_errors_fp(stderr);
    }
    assert_true(served == 1 && connected == 1);
}

/* A TLS session in which both sides show a certificate of the key. */
static void talk(SSL_CTX *server_ctx, SSL_CTX *client_ctx, int version)
{
    BIO *server_end = NULL;
    BIO *client_end = NULL;
    char got[32] = {0};
    SSL *server = SSL_new(server_ctx);
    SSL *client = SSL_new(client_ctx);
    assert_int_equal(BIO_new_bio_pair(&server_end, 0, &client_end, 0), 1);
    SSL_set_bio(server, server_end, server_end);
    SSL_set_bio(client, client_end, client_end);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    shake_hands(server, client);
    assert_int_equal(SSL_version(client), version);
    assert_non_null(SSL_get0_peer_certificate(client));
    assert_non_null(SSL_get0_peer_certificate(server));
    assert_int_equal(SSL_write(server, message, (int)strlen(message)), (int)strlen(message));
    assert_int_equal(SSL_read(client, got, sizeof(got) - 1), (int)strlen(message));
    assert_string_equal(got, message);
    SSL_free(server);
    SSL_free(client);
}

/* Trusts the certificate and asks the other side for it. */
static SSL_CTX *new_side(OSSL_LIB_CTX *libctx, const SSL_METHOD *method, EVP_PKEY *pkey, X509 *certificate)
{
    SSL_CTX *side = SSL_CTX_new_ex(libctx, NULL, method);
    assert_non_null(side);
    assert_int_equal(SSL_CTX_use_certificate(side, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(side, pkey), 1);
    assert_int_equal(SSL_CTX_check_private_key(side), 1);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(side), certificate), 1);
    SSL_CTX_set_verify(side, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return side;
}

static void test_tls(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    p11csr_ctx *ctx = new_ctx(*state);
    for (size_t i = 0; i < SPECS; i++) {
        EVP_PKEY *pkey = open_pkey(ctx, specs[i]);
        X509 *certificate = certificate_of(pkey);
        // One side lives in our library context, the other one in the default.
        SSL_CTX *server = new_side(libctx_of(ctx), TLS_server_method(), pkey, certificate);
        SSL_CTX *client = new_side(NULL, TLS_client_method(), pkey, certificate);
        EVP_PKEY_free(pkey); // both sides hold it
        for (size_t v = 0; v < 2; v++) {
            assert_int_equal(SSL_CTX_set_max_proto_version(server, versions[v]), 1);
            talk(server, client, versions[v]);
        }
        SSL_CTX_free(server);
        SSL_CTX_free(client);
        X509_free(certificate);
    }
    p11csr_ctx_free(&ctx);
}

/* PSS, a digest that was made elsewhere, and a message in parts. */
static void test_ways_to_sign(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    EVP_PKEY *pkey = open_pkey(ctx, "rsa-2048");
    EVP_PKEY *half = software_half(pkey);
    unsigned char digest[32] = {1};
    unsigned char signature[256];
    size_t len = sizeof(signature);
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new_from_pkey(libctx_of(ctx), pkey, NULL);
    EVP_PKEY_CTX *verify = EVP_PKEY_CTX_new(half, NULL);
    assert_true(EVP_PKEY_sign_init(sign) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(sign, EVP_sha256()) == 1);
    assert_int_equal(EVP_PKEY_sign(sign, signature, &len, digest, sizeof(digest)), 1);
    assert_true(EVP_PKEY_verify_init(verify) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(verify, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(verify, EVP_sha256()) == 1);
    assert_int_equal(EVP_PKEY_verify(verify, signature, len, digest, sizeof(digest)), 1);
    EVP_PKEY_CTX_free(sign);
    EVP_PKEY_CTX_free(verify);
    EVP_PKEY_free(half);
    EVP_PKEY_free(pkey);
    p11csr_ctx_free(&ctx);
}

struct calls {
    unsigned searches;
    unsigned attributes;
    unsigned signatures;
    unsigned sessions;
};

static void count_call(const struct p11csr_call *call, void *data)
{
    struct calls *calls = data;
    const unsigned one = call->leaving != 0 ? 1 : 0;
    calls->searches += strcmp(call->function, "C_FindObjectsInit") == 0 ? one : 0;
    calls->attributes += strcmp(call->function, "C_GetAttributeValue") == 0 ? one : 0;
    calls->signatures += strcmp(call->function, "C_Sign") == 0 ? one : 0;
    calls->sessions += strcmp(call->function, "C_OpenSession") == 0 ? one : 0;
}

/* After the first signature the token is asked for signatures and for nothing else. */
static void test_calls(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    struct calls calls = {0};
    EVP_PKEY *pkey = open_pkey(ctx, "p256");
    assert_int_equal(sign_once(pkey), 1);
    p11csr_ctx_set_call_callback(ctx, count_call, &calls);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sign_once(pkey), 1);
    }
    assert_int_equal(calls.signatures, 10);
    assert_int_equal(calls.sessions, 1);
    assert_int_equal(calls.searches, 0);
    assert_int_equal(calls.attributes, 0);
    EVP_PKEY_free(pkey);
    p11csr_ctx_free(&ctx);
}

/* The module as anybody in the process may have it. */
static CK_FUNCTION_LIST *softhsm(void *library)
{
    CK_FUNCTION_LIST *fn = NULL;
    CK_C_GetFunctionList get = NULL;
    void *symbol = dlsym(library, "C_GetFunctionList");
    assert_non_null(symbol);
    memcpy(&get, &symbol, sizeof(get));
    assert_int_equal(get(&fn), CKR_OK);
    return fn;
}

/*
 * Somebody else in the process closes all sessions, and the login goes with them: the next signature is made.
 */
static void test_sessions_lost(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    void *library = dlopen(SOFTHSM_MODULE, RTLD_NOW);
    assert_non_null(library);
    CK_FUNCTION_LIST *fn = softhsm(library);
    CK_SLOT_ID slots[8];
    EVP_PKEY *pkey = open_pkey(ctx, "p256");
    EVP_PKEY *other = open_pkey(ctx, "rsa-2048");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            assert_int_equal(sign_once(pkey), 1);
            assert_int_equal(sign_once(other), 1);
        }
        CK_ULONG count = 8;
        assert_int_equal(fn->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
        for (CK_ULONG i = 0; i < count; i++) {
            assert_int_equal(fn->C_CloseAllSessions(slots[i]), CKR_OK);
        }
    }
    assert_int_equal(sign_once(other), 1);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(other);
    p11csr_ctx_free(&ctx);
    assert_int_equal(dlclose(library), 0);
}

struct worker {
    EVP_PKEY *pkey;
    int rounds;
    int good;
};

static void *work(void *data)
{
    struct worker *worker = data;
    for (int i = 0; i < worker->rounds; i++) {
        worker->good += sign_once(worker->pkey);
    }
    return NULL;
}

enum { THREADS = 16, ROUNDS = 20 };

/* All with two keys, while the context makes requests with one of them, and EVP_PKEYs come and go. */
static void test_threads(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_key *key = ensure_key(ctx, "p256", "p256");
    EVP_PKEY *pkeys[] = {pkey_of(key), open_pkey(ctx, "rsa-2048")};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.pkey = pkeys[i % 2], .rounds = ROUNDS};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    p11csr_request *request = new_request("CN=www.example.com");
    for (int i = 0; i < 5; i++) {
        sign_and_verify(ctx, request, key);
        EVP_PKEY *another = open_pkey(ctx, "ed25519");
        assert_int_equal(sign_once(another), 1);
        EVP_PKEY_free(another);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].good, ROUNDS);
    }
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    EVP_PKEY_free(pkeys[0]);
    EVP_PKEY_free(pkeys[1]);
    p11csr_ctx_free(&ctx);
}

/* Whether the newest errors of libcrypto hold this text. */
static int queue_says(const char *text)
{
    const char *data = NULL;
    int flags = 0;
    int says = 0;
    while (ERR_get_error_all(NULL, NULL, NULL, &data, &flags) != 0) {
        says = says != 0 || ((flags & ERR_TXT_STRING) != 0 && strstr(data, text) != NULL) ? 1 : 0;
    }
    return says;
}

/* What a child process finds: 0, or the number of the step that went wrong. */
static int use_in_child(p11csr_ctx *ctx, p11csr_key *key, EVP_PKEY *pkey)
{
    EVP_PKEY *another = NULL;
    OSSL_LIB_CTX *libctx = NULL;
    p11csr_error *err = NULL;
    if (sign_once(pkey) != 0 || queue_says("process") == 0) {
        return 1;
    }
    if (p11csr_key_evp_pkey(key, &another, &err) != P11CSR_E_FORKED || another != NULL ||
        p11csr_error_code(err) != P11CSR_E_FORKED) {
        return 2;
    }
    p11csr_error_free(&err);
    if (p11csr_ctx_get_libctx(ctx, &libctx, &err) != P11CSR_E_FORKED || libctx != NULL) {
        return 3;
    }
    p11csr_error_free(&err);
    EVP_PKEY_free(pkey);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    return 0;
}

static void check_child(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A child gets errors and touches nothing; the parent goes on. */
static void test_fork(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_key *key = ensure_key(ctx, "p256", "p256");
    EVP_PKEY *pkey = pkey_of(key);
    for (int signatures = 0; signatures < 3; signatures++) { // before the first, and with a lane open
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)alarm(60); // a hang is a signal
            _exit(use_in_child(ctx, key, pkey));
        }
        check_child(child);
        assert_int_equal(sign_once(pkey), 1);
    }
    EVP_PKEY_free(pkey);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* Forked while others sign: what has locks in the parent is not touched. */
static void test_fork_beside_threads(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_key *key = ensure_key(ctx, "p256", "p256");
    struct worker workers[4];
    pthread_t threads[4];
    EVP_PKEY *pkey = pkey_of(key);
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){.pkey = pkey, .rounds = ROUNDS};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            EVP_PKEY *another = NULL;
            (void)alarm(60);
            const int refused = p11csr_key_evp_pkey(key, &another, NULL) == P11CSR_E_FORKED;
            p11csr_key_free(&key);
            p11csr_ctx_free(&ctx);
            // Not by _exit(): valgrind would ask what became of the threads that are not here.
            (void)execl(refused != 0 ? "/bin/true" : "/bin/false", "ends", NULL);
            _exit(1);
        }
        check_child(child);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].good, ROUNDS);
    }
    EVP_PKEY_free(pkey);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* Whatever is asked for that holds the private half is refused; the public half is given. */
static void test_no_export(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    for (size_t i = 0; i < SPECS; i++) {
        static const int private[] = {EVP_PKEY_KEYPAIR, OSSL_KEYMGMT_SELECT_PRIVATE_KEY,
                                      OSSL_KEYMGMT_SELECT_ALL};
        EVP_PKEY *pkey = open_pkey(ctx, specs[i]);
        OSSL_PARAM *params = NULL;
        unsigned char *der = NULL;
        unsigned char bytes[512];
        size_t len = 0;
        BIGNUM *number = NULL;
        BIO *out = BIO_new(BIO_s_mem());
        for (size_t s = 0; s < 3; s++) {
            assert_int_not_equal(EVP_PKEY_todata(pkey, private[s], &params), 1);
            assert_null(params);
        }
        assert_true(i2d_PrivateKey(pkey, &der) <= 0);
        assert_int_not_equal(PEM_write_bio_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(BIO_pending(out), 0);
        assert_int_not_equal(EVP_PKEY_get_raw_private_key(pkey, bytes, &len), 1);
        assert_int_not_equal(EVP_PKEY_get_octet_string_param(pkey, "priv", bytes, sizeof(bytes), &len), 1);
        assert_int_not_equal(EVP_PKEY_get_bn_param(pkey, "priv", &number), 1);
        assert_int_not_equal(EVP_PKEY_get_bn_param(pkey, "d", &number), 1);
        assert_null(number);
        assert_int_equal(EVP_PKEY_todata(pkey, EVP_PKEY_PUBLIC_KEY, &params), 1);
        OSSL_PARAM_free(params);
        BIO_free(out);
        EVP_PKEY_free(pkey);
    }
    ERR_clear_error();
    p11csr_ctx_free(&ctx);
}

static void test_public_half_only(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_key *key = ensure_key(ctx, "p256", "p256");
    struct p11csr_select select = by_label("p256");
    p11csr_error *both_err = NULL;
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(*state);
    check_ok(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_NEVER, &both_err), &both_err);
    select.public_suffices = 1;
    check_ok(p11csr_key_open(ctx, &select, &key, &both_err), &both_err);
    EVP_PKEY *pkey = NULL;
    check_both(p11csr_key_evp_pkey(key, &pkey, err), P11CSR_E_USAGE);
    assert_null(pkey);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* SoftHSM2 uses libcrypto, too, and leaves errors of its own in the queue. A program's own are kept. */
static void test_error_queue(void **state)
{
    for (int had = 0; had < 2; had++) {
        ERR_clear_error();
        if (had != 0) {
            ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
        }
        const unsigned long before = ERR_peek_last_error();
        p11csr_ctx *ctx = new_ctx(*state);
        p11csr_key *key = ensure_key(ctx, "p256", "p256");
        assert_int_equal(ERR_peek_last_error(), before);
        EVP_PKEY *pkey = pkey_of(key);
        assert_int_equal(ERR_peek_last_error(), before);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(sign_once(pkey), 1);
            assert_int_equal(ERR_peek_last_error(), before);
        }
        EVP_PKEY_free(pkey);
        p11csr_key_free(&key);
        p11csr_ctx_free(&ctx);
        assert_int_equal(ERR_peek_last_error(), before);
    }
    ERR_clear_error();
}

/* What the caller's variable held before means nothing. */
static void test_output_is_new(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_key *key = ensure_key(ctx, "p256", "p256");
    p11csr_error *err = NULL;
    EVP_PKEY *other = open_pkey(ctx, "rsa-2048");
    EVP_PKEY *pkey = other;
    check_ok(p11csr_key_evp_pkey(key, &pkey, &err), &err);
    assert_ptr_not_equal(pkey, other);
    assert_true(EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_is_a(other, "RSA"));
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(other);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* A library context for each context, the same each time; ours in it does not stand in the way of others. */
static void test_library_contexts(void **state)
{
    p11csr_ctx *one = new_ctx(*state);
    p11csr_ctx *two = new_ctx(*state);
    assert_ptr_equal(libctx_of(one), libctx_of(one));
    assert_ptr_not_equal(libctx_of(one), libctx_of(two));
    EVP_PKEY *first = open_pkey(one, "p256");
    EVP_PKEY *second = open_pkey(two, "p256");
    EVP_PKEY *software = EVP_PKEY_Q_keygen(libctx_of(one), NULL, "EC", "P-256");
    assert_non_null(software);
    assert_int_equal(EVP_PKEY_eq(first, second), 1);
    assert_int_equal(EVP_PKEY_eq(first, software), 0);
    assert_int_equal(sign_once(first), 1);
    assert_int_equal(sign_once(second), 1);
    assert_int_equal(sign_once(software), 1);
    EVP_PKEY_free(software);
    EVP_PKEY_free(first);
    p11csr_ctx_free(&one);
    assert_int_equal(sign_once(second), 1);
    EVP_PKEY_free(second);
    p11csr_ctx_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_cms),
        cmocka_unit_test(test_cmp),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_ways_to_sign),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_sessions_lost),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_beside_threads),
        cmocka_unit_test(test_no_export),
        cmocka_unit_test(test_public_half_only),
        cmocka_unit_test(test_error_queue),
        cmocka_unit_test(test_output_is_new),
        cmocka_unit_test(test_library_contexts),
    };
    return cmocka_run_group_tests_name("evp", tests, make_place, remove_place);
}
