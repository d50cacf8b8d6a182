// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/describe.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/algorithm_name.h"
#include "csr/any_key.h"
#include "csr/content/attributes.h"
#include "csr/content/name.h"
#include "csr/content/oid.h"
#include "csr/reading/describe_ext.h"
#include "csr/reading/json.h"
#include "csr/reading/verify.h"

/* What is being filled. */
struct description {
    const struct pc_crypto *crypto;
    const struct pc_csr *csr;
    json_t *root;
};

static struct pc_result set_sha256(const struct description *d, json_t *object, const char *key,
                                   struct pc_span of, p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_crypto_digest(d->crypto, PC_DIGEST_SHA256, of, digest, err));
    const struct pc_span octets = {digest, pc_digest_get(PC_DIGEST_SHA256)->len};
    return pc_json_set(object, key, pc_json_hex(octets), err);
}

static struct pc_result describe_subject(const struct description *d, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)4 * PC_MAX_REQUEST); // escapes make it longer
    PC_TRY(pc_name_format(d->csr->subject, &text, err));
    return pc_json_set(d->root, "subject", pc_json_text(pc_buf_span(&text)), err);
}

/* The OID in an AlgorithmIdentifier; empty when it cannot be read. */
static struct pc_span algorithm_of(struct pc_span aid)
{
    struct pc_der in = pc_der_over(aid);
    struct pc_der inner;
    struct pc_span oid = {0};
    return pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "AlgorithmIdentifier", &inner, NULL)) &&
                   pc_is_ok(pc_oid_read(&inner, "algorithm", &oid, NULL))
               ? oid
               : (struct pc_span){0};
}

/* Its OID, of a key that is not known. */
static struct pc_result describe_key_algorithm(const struct description *d, json_t *key, p11csr_error **err)
{
    struct pc_der in = pc_csr_reader(d->csr, d->csr->spki);
    struct pc_der inner;
    struct pc_der_value aid;
    in.faults = NULL; // they are for the lint
    if (!pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "SubjectPublicKeyInfo", &inner, NULL)) ||
        !pc_is_ok(pc_der_expect(&inner, PC_DER_SEQUENCE, "algorithm", &aid, NULL)) ||
        algorithm_of(aid.whole).len == 0) {
        return PC_OK;
    }
    return pc_json_set(key, "algorithm", pc_json_oid(algorithm_of(aid.whole)), err);
}

/* Type and size of a key that is known, why it is not otherwise. */
static struct pc_result describe_key_type(const struct description *d, json_t *key, p11csr_error **err)
{
    char name[PC_KEY_NAME_SIZE];
    unsigned bits = 0;
    struct pc_public values;
    p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
    PC_TRY(pc_any_key_name(d->crypto, d->csr->spki, name, &bits, err));
    PC_TRY(pc_json_set(key, "type", json_string(name), err));
    if (bits > 0) {
        return pc_json_set(key, "bits", json_integer(bits), err);
    }
    PC_TRY(describe_key_algorithm(d, key, err));
    const struct pc_result read = pc_public_from_spki(d->csr->spki, &values, &reason);
    if (read.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    return pc_is_ok(read) ? PC_OK : pc_json_set(key, "why", pc_json_name(p11csr_error_cause(reason, 0)), err);
}

static struct pc_result describe_key(const struct description *d, p11csr_error **err)
{
    json_t *key PC_CLEANUP(pc_json_drop) = json_object();
    PC_TRY(describe_key_type(d, key, err));
    PC_TRY(set_sha256(d, key, "spki-sha256", d->csr->spki, err));
    return pc_json_set(d->root, "key", json_incref(key), err);
}

json_t *pc_describe_scheme(struct pc_span aid)
{
    const struct pc_scheme *scheme = pc_scheme_by_aid(aid);
    const struct pc_span oid = algorithm_of(aid);
    if (scheme != NULL) {
        return json_string(scheme->name);
    }
    return oid.len > 0 ? pc_json_oid(oid) : json_string("unknown");
}

/* What is not in the name of a scheme, since there is no row. */
static struct pc_result describe_algorithm(struct pc_span aid, json_t *signature, p11csr_error **err)
{
    const char *name = pc_algorithm_any_name(algorithm_of(aid));
    if (pc_scheme_by_aid(aid) != NULL) {
        return PC_OK;
    }
    if (name != NULL) {
        PC_TRY(pc_json_set(signature, "name", json_string(name), err));
    }
    return pc_json_set(signature, "algorithm", pc_json_hex(aid), err);
}

static struct pc_result describe_signature(const struct description *d, p11csr_error **err)
{
    static const char *const verdicts[] = {
        [PC_VERDICT_GOOD] = "good", [PC_VERDICT_BAD] = "bad", [PC_VERDICT_UNKNOWN] = "not verifiable here"};
    json_t *signature PC_CLEANUP(pc_json_drop) = json_object();
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    const char *why = NULL;
    PC_TRY(pc_csr_verify(d->crypto, d->csr, &verdict, &why, err));
    PC_TRY(pc_json_set(signature, "scheme", pc_describe_scheme(d->csr->aid), err));
    PC_TRY(describe_algorithm(d->csr->aid, signature, err));
    PC_TRY(pc_json_set(signature, "verdict", json_string(verdicts[verdict]), err));
    if (why != NULL) {
        PC_TRY(pc_json_set(signature, "why", json_string(why), err));
    }
    return pc_json_set(d->root, "signature", json_incref(signature), err);
}

static struct pc_result append_extension(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    json_t *list = data;
    json_t *described PC_CLEANUP(pc_json_drop) = NULL;
    PC_TRY(pc_describe_extension(ext, &described, err));
    return pc_json_append(list, json_incref(described), err);
}

static struct pc_result walk_extensions(const struct pc_csr *csr, json_t *list, p11csr_error **err)
{
    struct pc_span extensions = {0};
    PC_TRY(pc_csr_extensions(csr, &extensions, err));
    if (extensions.len == 0) {
        return PC_OK;
    }
    return pc_extensions_walk(pc_csr_reader(csr, extensions), append_extension, list, err);
}

static struct pc_result describe_extensions(const struct description *d, p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_drop) = json_array();
    p11csr_error *reason PC_CLEANUP(pc_error_cleanup) = NULL;
    const struct pc_result walked = walk_extensions(d->csr, list, &reason);
    if (walked.code == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    if (!pc_is_ok(walked)) {
        (void)json_array_clear(list); // half a list would look like a whole one
        PC_TRY(pc_json_set(d->root, "extensions-why", pc_json_name(p11csr_error_cause(reason, 0)), err));
    }
    return pc_json_set(d->root, "extensions", json_incref(list), err);
}

/* Extensions are shown as such unless they cannot be read. */
static struct pc_result describe_attribute(const struct pc_attribute *attribute, void *data,
                                           p11csr_error **err)
{
    const struct description *d = data;
    json_t *object PC_CLEANUP(pc_json_drop) = NULL;
    const bool all = json_object_get(d->root, "extensions-why") != NULL;
    PC_TRY(pc_describe_attribute(attribute, all, &object, err));
    return pc_json_append(json_object_get(d->root, "attributes"), json_incref(object), err);
}

static struct pc_result describe_all(struct description *d, p11csr_error **err)
{
    PC_TRY(pc_json_set(d->root, "version", json_integer((json_int_t)d->csr->version), err));
    PC_TRY(describe_subject(d, err));
    PC_TRY(describe_key(d, err));
    if (d->csr->aid.len > 0) { // of a CertificationRequestInfo alone there is no signature
        PC_TRY(describe_signature(d, err));
    }
    PC_TRY(describe_extensions(d, err));
    PC_TRY(pc_json_set(d->root, "attributes", json_array(), err));
    PC_TRY(pc_csr_walk_attributes(d->csr, describe_attribute, d, err));
    if (d->csr->aid.len > 0) {
        PC_TRY(set_sha256(d, d->root, "sha256", d->csr->whole, err));
    }
    return set_sha256(d, d->root, "tbs-sha256", d->csr->tbs, err);
}

PC_RESULT pc_csr_describe(const struct pc_crypto *crypto, const struct pc_csr *csr, json_t **ret,
                          p11csr_error **err)
{
    json_t *root PC_CLEANUP(pc_json_drop) = json_object();
    struct pc_der_faults faults PC_CLEANUP(pc_der_faults_done);
    struct pc_csr own = *csr; // what was read in spite of deviations is shown: the rules of lint tell them
    struct description description = {.crypto = crypto, .csr = &own, .root = root};
    pc_der_faults_init(&faults);
    own.faults = csr->faults != NULL ? &faults : NULL;
    if (root == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(describe_all(&description, err));
    *ret = json_incref(root);
    return PC_OK;
}
