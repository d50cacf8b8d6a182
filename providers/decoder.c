// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "der/pem_uri.h"
#include "providers/stored.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

/*
 * Key files that hold the URI of a key (der/pem_uri.h), for programs that take nothing else; see
 * provider-decoder(7). libcrypto wants it in two steps: PEM is decoded to DER, which it hands on, maybe
 * through its store of files; and the DER to a key, by one decoder for each kind of key, for they are chosen
 * before anybody knows what kind it is. So what the second step found out is kept until the first one
 * returns: the key, for the decoder of its kind; and the error, because libcrypto would drop it on the way.
 */

enum { MAX_PEM = 4 * PC_MAX_URI, MAX_LINE = 256 };

/* From PEM to its end. On the stack of the thread that decodes. */
struct pc_decoding {
    struct pc_decoding *next;
    pthread_t thread;
    struct pc_object *object; /* loaded, and not taken yet */
    struct pc_result failed;
    p11csr_error *err;
};

static void begin(struct pc_provider *provider, struct pc_decoding *decoding)
{
    decoding->thread = pthread_self();
    (void)pthread_mutex_lock(&provider->lock);
    decoding->next = provider->decodings;
    provider->decodings = decoding;
    (void)pthread_mutex_unlock(&provider->lock);
}

static void end(struct pc_provider *provider, struct pc_decoding *decoding)
{
    (void)pthread_mutex_lock(&provider->lock);
    struct pc_decoding **at = &provider->decodings;
    while (*at != decoding) {
        at = &(*at)->next;
    }
    *at = decoding->next;
    (void)pthread_mutex_unlock(&provider->lock);
    pc_object_free(&decoding->object);
    p11csr_error_free(&decoding->err);
}

/* This thread's; NULL: it decodes DER that came from elsewhere. */
static struct pc_decoding *current(struct pc_provider *provider)
{
    (void)pthread_mutex_lock(&provider->lock);
    struct pc_decoding *at = provider->decodings;
    while (at != NULL && pthread_equal(at->thread, pthread_self()) == 0) {
        at = at->next;
    }
    (void)pthread_mutex_unlock(&provider->lock);
    return at;
}

/* One decoder, for as long as libcrypto has it in a chain. */
struct decoder {
    struct pc_provider *provider;
    const char *type; /* of the keys that it makes; NULL: of PEM */
};

static struct decoder *new_decoder(void *data, const char *type)
{
    struct decoder *decoder = pc_alloc(sizeof(*decoder));
    if (decoder != NULL) {
        decoder->provider = data;
        decoder->type = type;
    }
    return decoder;
}

static void *new_pem(void *data)
{
    return new_decoder(data, NULL);
}

static void free_decoder(void *data)
{
    pc_release(data);
}

/* Private keys only, or whatever there is. */
static int does_selection(void *data, int selection)
{
    (void)data;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? 1 : 0;
}

static void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}

/* Reads a line without its end and what blanks stand there. False at the end of the input. */
static bool read_line(BIO *bio, char line[MAX_LINE])
{
    int len = BIO_gets(bio, line, MAX_LINE);
    while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL) {
        line[--len] = 0;
    }
    return len >= 0 && (len > 0 || BIO_eof(bio) == 0);
}

static struct pc_result decode_base64(const struct pc_buf *text, struct pc_buf *ret, p11csr_error **err)
{
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    int len = 0;
    int rest = 0;
    uint8_t *to = pc_buf_reserve(ret, text->len);
    if (ctx == NULL || to == NULL) {
        EVP_ENCODE_CTX_free(ctx);
        return pc_fail_memory(err);
    }
    EVP_DecodeInit(ctx);
    const bool good = EVP_DecodeUpdate(ctx, to, &len, text->ptr, (int)text->len) >= 0 &&
                      EVP_DecodeFinal(ctx, to + len, &rest) == 1;
    EVP_ENCODE_CTX_free(ctx);
    if (!good) {
        return pc_fail(err, P11CSR_E_URI, "the %s is damaged: it is not base64", PC_PEM_URI_LABEL);
    }
    ret->len += (size_t)(len + rest);
    return PC_OK;
}

/* Reads on behind the first line of our PEM, to its end: libcrypto looks for the next one from there. */
static struct pc_result read_block(BIO *bio, struct pc_buf *ret_der, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_wipe) = {0};
    char line[MAX_LINE];
    bool ended = false;
    pc_buf_init(&text, MAX_PEM);
    while (!ended && read_line(bio, line)) {
        ended = strcmp(line, "-----END " PC_PEM_URI_LABEL "-----") == 0;
        if (!ended) {
            pc_buf_printf(&text, "%s\n", line);
        }
    }
    OPENSSL_cleanse(line, sizeof(line));
    PC_TRY(pc_buf_check(&text, err));
    return ended ? decode_base64(&text, ret_der, err)
                 : pc_fail(err, P11CSR_E_URI, "the %s is damaged: it has no end", PC_PEM_URI_LABEL);
}

/*
 * Reads up to the first line of the next PEM. False: it is another one, and nothing more of it is read; or
 * there is none.
 */
static bool find_ours(BIO *bio)
{
    static const char first[] = "-----BEGIN ";
    char line[MAX_LINE];
    while (read_line(bio, line)) {
        if (strncmp(line, first, sizeof(first) - 1) == 0) {
            return strcmp(line, "-----BEGIN " PC_PEM_URI_LABEL "-----") == 0;
        }
    }
    return false;
}

/* The DER goes on to whoever libcrypto thinks of: in the end, to decode_der(). */
static int hand_on(struct pc_provider *provider, const struct pc_buf *der, OSSL_CALLBACK *callback,
                   void *callback_data)
{
    struct pc_decoding decoding = {.failed = PC_OK};
    int type = OSSL_OBJECT_PKEY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
                                         (char *)(uintptr_t)PC_DECODER_STRUCTURE, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der->ptr, der->len),
        OSSL_PARAM_construct_end()};
    begin(provider, &decoding);
    int done = callback(params, callback_data);
    if (!pc_is_ok(decoding.failed)) {
        done = pc_provider_answer(provider, decoding.failed, &decoding.err);
    }
    end(provider, &decoding);
    return done;
}

/* 1: it is for others. 0 with an error: it was for us, and is bad. */
static int decode_pem(const struct decoder *decoder, BIO *bio, OSSL_CALLBACK *callback, void *callback_data)
{
    struct pc_buf der PC_CLEANUP(pc_buf_wipe) = {0};
    p11csr_error *err = NULL;
    pc_buf_init(&der, MAX_PEM);
    if (!find_ours(bio)) {
        return 1;
    }
    struct pc_result result = read_block(bio, &der, &err);
    if (pc_is_ok(result) && !pc_pem_uri_is(pc_buf_span(&der))) { // decode_der() would leave it to others
        result = pc_fail(&err, P11CSR_E_URI, "the %s is damaged: that is something else", PC_PEM_URI_LABEL);
    }
    if (!pc_is_ok(result)) {
        pc_hint(&err, "write it anew: p11csr keys show URI --pem-uri -o FILE");
    }
    return pc_provider_answer(decoder->provider, result, &err) == 1
               ? hand_on(decoder->provider, &der, callback, callback_data)
               : 0;
}

/* Reads it if it may be ours: a SEQUENCE that starts with a VisibleString. */
static bool read_der(BIO *bio, struct pc_buf *ret)
{
    uint8_t *to = pc_buf_reserve(ret, MAX_PEM);
    size_t len = 0;
    if (to == NULL || BIO_read_ex(bio, to, 6, &len) != 1 || len < 6 ||
        !pc_pem_uri_is((struct pc_span){to, 6})) {
        return false;
    }
    ret->len = len;
    while (ret->len < MAX_PEM && BIO_read_ex(bio, to + ret->len, MAX_PEM - ret->len, &len) == 1) {
        ret->len += len;
    }
    return true;
}

static struct pc_result load_uri(struct pc_provider *provider, const char *uri, struct pc_asker *asker,
                                 struct pc_object **ret, p11csr_error **err)
{
    const struct pc_host *host = &provider->host;
    const struct pc_store_wish wish = {.only = {[PC_STORED_PRIVATE] = true},
                                       .ask = asker->callback != NULL ? pc_asker_ask : NULL,
                                       .ask_data = asker};
    struct pc_stored stored = {.der = {0}};
    struct pc_store *store = NULL;
    bool there = false;
    if (host->ops == NULL) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "this provider has no tokens");
    }
    PC_TRY(host->ops->open(host->self, uri, &store, err));
    struct pc_result result = host->ops->next(store, &wish, &stored, &there, err);
    if (pc_is_ok(result)) {
        result = there ? pc_stored_to_object(provider, &stored, ret, err)
                       : pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "no private key is what the key file names");
    }
    host->ops->close(store);
    return result;
}

static struct pc_result load_der(struct pc_provider *provider, struct pc_span der, struct pc_asker *asker,
                                 struct pc_object **ret, p11csr_error **err)
{
    char *uri = NULL;
    PC_TRY(pc_pem_uri_read(der, &uri, err));
    const struct pc_result result = load_uri(provider, uri, asker, ret, err);
    pc_wipe(uri, strlen(uri)); // somebody may have written a PIN there
    pc_release(uri);
    return pc_frame(result, err, "cannot load the key that the key file names");
}

/* Reports the error now, or when the PEM that this came from is done with. */
static int fail(struct pc_provider *provider, struct pc_decoding *decoding, struct pc_result result,
                p11csr_error **err)
{
    if (decoding == NULL) {
        return pc_provider_answer(provider, result, err);
    }
    p11csr_error_free(&decoding->err);
    decoding->failed = result;
    decoding->err = *err;
    *err = NULL;
    return 0;
}

static int decode_der(const struct decoder *decoder, BIO *bio, OSSL_CALLBACK *callback, void *callback_data,
                      struct pc_asker *asker)
{
    struct pc_provider *provider = decoder->provider;
    struct pc_decoding *decoding = current(provider);
    struct pc_buf der PC_CLEANUP(pc_buf_wipe) = {0};
    struct pc_object *object PC_CLEANUP(pc_object_free) = NULL;
    p11csr_error *err = NULL;
    pc_buf_init(&der, MAX_PEM);
    if (!read_der(bio, &der)) {
        return 1;
    }
    if (decoding != NULL && decoding->object != NULL) {
        object = decoding->object;
        decoding->object = NULL;
    } else {
        const struct pc_result result = load_der(provider, pc_buf_span(&der), asker, &object, &err);
        if (!pc_is_ok(result)) {
            return fail(provider, decoding, result, &err);
        }
    }
    assert(object != NULL);
    if (strcmp(object->type, decoder->type) == 0) {
        return pc_object_deliver(&object, callback, callback_data);
    }
    if (decoding != NULL) {
        decoding->object = object;
        object = NULL;
    }
    return 1;
}

// libcrypto decides how many parameters this has.
static int decode(void *data, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback, void *callback_data,
                  OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_data)
{
    const struct decoder *decoder = data;
    struct pc_asker asker = {.callback = passphrase, .data = passphrase_data};
    BIO *bio PC_CLEANUP(free_bio) = BIO_new_from_core_bio(decoder->provider->libctx, in);
    (void)selection;
    if (bio == NULL) {
        return 1;
    }
    return decoder->type == NULL ? decode_pem(decoder, bio, callback, callback_data)
                                 : decode_der(decoder, bio, callback, callback_data, &asker);
}

/* To others' key management: nothing. */
static int export_object(void *data, const void *reference, size_t size, OSSL_CALLBACK *callback,
                         void *callback_data)
{
    (void)data;
    (void)reference;
    (void)size;
    (void)callback;
    (void)callback_data;
    return 0;
}

#define FUNCTIONS(new)                                                                                       \
    PC_DISPATCH(OSSL_FUNC_DECODER_NEWCTX, new), PC_DISPATCH(OSSL_FUNC_DECODER_FREECTX, free_decoder),        \
        PC_DISPATCH(OSSL_FUNC_DECODER_DOES_SELECTION, does_selection),                                       \
        PC_DISPATCH(OSSL_FUNC_DECODER_DECODE, decode),                                                       \
        PC_DISPATCH(OSSL_FUNC_DECODER_EXPORT_OBJECT, export_object), PC_DISPATCH_END

/* The decoder of one kind of key. */
#define KIND(name, type)                                                                                     \
    static void *new_##name(void *data)                                                                      \
    {                                                                                                        \
        return new_decoder(data, type);                                                                      \
    }                                                                                                        \
    static const OSSL_DISPATCH name[] = {FUNCTIONS(new_##name)};
KIND(rsa, "RSA")
KIND(ec, "EC")
KIND(ed25519, "ED25519")
KIND(ed448, "ED448")
KIND(ml_dsa_44, "ML-DSA-44")
KIND(ml_dsa_65, "ML-DSA-65")
KIND(ml_dsa_87, "ML-DSA-87")

static const OSSL_DISPATCH pem[] = {FUNCTIONS(new_pem)};

#define FROM_PEM PC_PROPERTIES ",input=pem"
#define FROM_DER PC_PROPERTIES ",input=der,structure=" PC_DECODER_STRUCTURE

/* A decoder is named by what it makes. */
const OSSL_ALGORITHM pc_decoder_algorithms[] = {
    {"DER", FROM_PEM, pem, "key files with a URI"},
    {"ML-DSA-87", FROM_DER, ml_dsa_87, "ML-DSA-87 keys by URI"},
    {"ML-DSA-65", FROM_DER, ml_dsa_65, "ML-DSA-65 keys by URI"},
    {"ML-DSA-44", FROM_DER, ml_dsa_44, "ML-DSA-44 keys by URI"},
    {"ED448", FROM_DER, ed448, "Ed448 keys by URI"},
    {"ED25519", FROM_DER, ed25519, "Ed25519 keys by URI"},
    {"RSA", FROM_DER, rsa, "RSA keys by URI"},
    {"EC", FROM_DER, ec, "elliptic curve keys by URI"},
    {NULL, NULL, NULL, NULL},
};
