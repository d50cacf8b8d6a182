// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/any_key.h"
#include "csr/reading/json.h"
#include "csr/reading/key_file.h"
#include "lib/context.h"
#include "lib/json.h"
#include "p11csr/reading.h"

#include <string.h>

struct p11csr_match {
    p11csr_ctx *ctx;
    json_t *groups; /* as p11csr_match_to_json() has them */
    size_t count;   /* members */
};

/* What is added. */
struct member {
    const char *name;
    const char *kind;
    struct pc_span spki;
};

enum p11csr_code p11csr_match_new(p11csr_ctx *ctx, p11csr_match **ret_match, p11csr_error **err)
{
    p11csr_match *match = pc_alloc(sizeof(*match));
    json_t *groups = json_array();
    if (match == NULL || groups == NULL) {
        pc_release(match);
        json_decref(groups);
        return pc_fail_memory(err).code;
    }
    match->ctx = ctx;
    match->groups = groups;
    *ret_match = match;
    return P11CSR_OK;
}

void p11csr_match_free(p11csr_match **match)
{
    if (match != NULL && *match != NULL) {
        json_decref((*match)->groups);
        pc_release(*match);
        *match = NULL;
    }
}

static struct pc_result set_sha256(const struct pc_crypto *crypto, json_t *object, struct pc_span spki,
                                   p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, spki, digest, err));
    const struct pc_span octets = {digest, pc_digest_get(PC_DIGEST_SHA256)->len};
    return pc_json_set(object, "spki-sha256", pc_json_hex(octets), err);
}

/* The group of this key, a new one if need be. Borrowed. */
static struct pc_result find_group(p11csr_match *match, const struct pc_crypto *crypto, struct pc_span spki,
                                   json_t **ret, p11csr_error **err)
{
    char name[PC_KEY_NAME_SIZE];
    unsigned bits = 0;
    struct pc_buf normal PC_CLEANUP(pc_buf_done) = {0};
    json_t *made PC_CLEANUP(pc_json_free) = json_object();
    size_t i = 0;
    pc_buf_init(&normal, (size_t)2 * PC_MAX_SPKI);
    PC_TRY(pc_any_key_normal(crypto, spki, &normal, err));
    PC_TRY(set_sha256(crypto, made, pc_buf_span(&normal), err));
    json_array_foreach(match->groups, i, *ret)
    {
        if (json_equal(json_object_get(*ret, "spki-sha256"), json_object_get(made, "spki-sha256")) == 1) {
            return PC_OK;
        }
    }
    PC_TRY(pc_any_key_name(crypto, pc_buf_span(&normal), name, &bits, err));
    PC_TRY(pc_json_set(made, "type", json_string(name), err));
    PC_TRY(pc_json_set(made, "members", json_array(), err));
    *ret = made;
    return pc_json_append(match->groups, json_incref(made), err);
}

static struct pc_result add_member(p11csr_match *match, const struct member *member, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    json_t *group = NULL;
    json_t *made PC_CLEANUP(pc_json_free) = json_object();
    if (match->count >= PC_MAX_MATCHED) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d to match", (int)PC_MAX_MATCHED);
    }
    char *name PC_CLEANUP(pc_free_str) = pc_text_printable(member->name);
    PC_TRY(pc_ctx_crypto(match->ctx, &crypto, err));
    PC_TRY(pc_json_set(made, "name", name != NULL ? json_string(name) : NULL, err));
    PC_TRY(pc_json_set(made, "kind", json_string(member->kind), err));
    PC_TRY(set_sha256(crypto, made, member->spki, err));
    PC_TRY(find_group(match, crypto, member->spki, &group, err));
    match->count++;
    return pc_json_append(json_object_get(group, "members"), json_incref(made), err);
}

enum p11csr_code p11csr_match_add(p11csr_match *match, const char *name, const void *data, size_t len,
                                  p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(match->ctx);
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    struct member member = {.name = name};
    pc_buf_init(&spki, PC_MAX_REQUEST);
    struct pc_result result = pc_key_file_read((struct pc_span){data, len}, &spki, &member.kind, err);
    if (pc_is_ok(result)) {
        member.spki = pc_buf_span(&spki);
        result = add_member(match, &member, err);
    } else {
        pc_hint(err, "give a certificate, a certificate request or a public key, as PEM or DER");
    }
    return result.code;
}

enum p11csr_code p11csr_match_add_key(p11csr_match *match, const p11csr_key *key, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(match->ctx);
    size_t len = 0;
    const uint8_t *spki = p11csr_key_get_spki(key, &len);
    const struct member member = {p11csr_key_get_info(key)->uri, "key", {spki, len}};
    return add_member(match, &member, err).code;
}

size_t p11csr_match_group_count(const p11csr_match *match)
{
    return json_array_size(match->groups);
}

enum p11csr_code p11csr_match_to_json(const p11csr_match *match, char **ret_json, p11csr_error **err)
{
    return pc_json_take_text(match->groups, ret_json, err).code;
}
