// SPDX-License-Identifier: Apache-2.0
#include <p11csr/p11csr.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

/* A request for CN=www.example.com, made by OpenSSL with a key of a token. */
static X509_REQ *make(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey)
{
    X509_REQ *request = X509_REQ_new_ex(libctx, NULL);
    X509_NAME *name = X509_REQ_get_subject_name(request);
    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"www.example.com", -1,
                                   -1, 0) != 1 ||
        X509_REQ_set_pubkey(request, pkey) != 1 || X509_REQ_sign(request, pkey, EVP_sha256()) <= 0) {
        X509_REQ_free(request);
        return NULL;
    }
    return request;
}

/* evp URI: writes the request to standard output. */
int main(int argc, char **argv)
{
    p11csr_ctx *ctx = NULL;
    p11csr_key *key = NULL;
    p11csr_error *err = NULL;
    OSSL_LIB_CTX *libctx = NULL;
    EVP_PKEY *pkey = NULL;
    X509_REQ *request = NULL;
    struct p11csr_select select = P11CSR_SELECT_INIT;
    select.token = argc == 2 ? argv[1] : NULL;
    if (p11csr_ctx_new(&ctx, &err) || p11csr_key_open(ctx, &select, &key, &err) ||
        p11csr_ctx_get_libctx(ctx, &libctx, &err) || p11csr_key_evp_pkey(key, &pkey, &err)) {
        fprintf(stderr, "%s: %s\n", p11csr_error_message(err), p11csr_error_hint(err));
    } else if ((request = make(libctx, pkey)) == NULL || PEM_write_X509_REQ(stdout, request) != 1) {
        ERR_print_errors_fp(stderr); /* what the token said is in there, too */
    }
    const int status = request != NULL ? 0 : 1;
    X509_REQ_free(request);
    EVP_PKEY_free(pkey); /* before the context */
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    p11csr_error_free(&err);
    return status;
}
