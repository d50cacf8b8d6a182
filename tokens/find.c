// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "tokens/pubkey.h"
#include "tokens/recover.h"

#include <stdio.h>
#include <string.h>

/* An object of one of the three classes that make up a key pair, as read once. */
struct entry {
    CK_OBJECT_HANDLE handle;
    CK_ULONG class;
    CK_ULONG type;
    struct pc_buf id;
    struct pc_buf label;
    bool matches; // carries what was asked for; else it is here as a partner only
    bool used;
};

static void entries_done(struct pc_buf *entries)
{
    for (size_t at = 0; at < entries->len; at += sizeof(struct entry)) {
        struct entry *entry = (struct entry *)(void *)(entries->ptr + at);
        pc_buf_done(&entry->id);
        pc_buf_done(&entry->label);
    }
    pc_buf_done(entries);
}

static size_t entry_count(const struct pc_buf *entries)
{
    return entries->len / sizeof(struct entry);
}

static struct entry *entry_get(const struct pc_buf *entries, size_t index)
{
    return (struct entry *)(void *)entries->ptr + index;
}

static struct pc_result fill_entry(struct pc_token *token, struct entry *entry, p11csr_error **err)
{
    bool there = false;
    PC_TRY(pc_object_number(token, entry->handle, CKA_CLASS, CK_UNAVAILABLE_INFORMATION, &entry->class, err));
    if (entry->class != CKO_PRIVATE_KEY && entry->class != CKO_PUBLIC_KEY &&
        entry->class != CKO_CERTIFICATE) {
        return PC_OK;
    }
    if (entry->class != CKO_CERTIFICATE) {
        PC_TRY(pc_object_number(token, entry->handle, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION, &entry->type,
                                err));
    }
    PC_TRY(pc_object_read(token, entry->handle, CKA_ID, &entry->id, &there, err));
    return pc_object_read(token, entry->handle, CKA_LABEL, &entry->label, &there, err);
}

static bool is_match(const struct pc_key_query *query, const struct entry *entry)
{
    return (query->label == NULL || pc_span_eq(pc_buf_span(&entry->label), pc_span_str(query->label))) &&
           (!query->has_id || pc_span_eq(pc_buf_span(&entry->id), query->id));
}

static struct pc_result add_entry(struct pc_token *token, const struct pc_key_query *query,
                                  CK_OBJECT_HANDLE handle, struct pc_buf *entries, p11csr_error **err)
{
    struct entry entry = {.handle = handle};
    pc_buf_init(&entry.id, PC_MAX_ATTRIBUTE);
    pc_buf_init(&entry.label, PC_MAX_ATTRIBUTE);
    struct pc_result result = fill_entry(token, &entry, err);
    if (pc_is_ok(result)) {
        entry.matches = is_match(query, &entry);
        pc_buf_add(entries, &entry, sizeof(entry));
        result = pc_buf_check(entries, err);
    }
    if (!pc_is_ok(result)) {
        pc_buf_done(&entry.id);
        pc_buf_done(&entry.label);
    }
    return result;
}

/* True when one of the first `count` entries has this handle. */
static bool is_known(const struct pc_buf *entries, size_t count, CK_OBJECT_HANDLE handle)
{
    for (size_t i = 0; i < count; i++) {
        if (entry_get(entries, i)->handle == handle) {
            return true;
        }
    }
    return false;
}

/* Adds what has this attribute, or everything where it is NULL, and is not in `entries` yet. */
static struct pc_result search(struct pc_token *token, const struct pc_key_query *query, CK_ATTRIBUTE *wanted,
                               struct pc_buf *entries, p11csr_error **err)
{
    struct pc_buf handles PC_CLEANUP(pc_buf_done) = {0};
    const size_t before = entry_count(entries);
    pc_buf_init(&handles, PC_MAX_OBJECTS * sizeof(CK_OBJECT_HANDLE));
    PC_TRY(pc_objects_find(token, wanted, wanted != NULL ? 1 : 0, &handles, err));
    for (size_t at = 0; at < handles.len; at += sizeof(CK_OBJECT_HANDLE)) {
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        memcpy(&handle, handles.ptr + at, sizeof(handle));
        if (!is_known(entries, before, handle)) {
            PC_TRY(add_entry(token, query, handle, entries, err));
        }
    }
    return PC_OK;
}

/*
 * One search, without a class: it finds both halves of a pair, and certificates beside them. It is by CKA_ID
 * where one was asked for, because partners share that, while each may have a label of its own.
 */
static struct pc_result search_query(struct pc_token *token, const struct pc_key_query *query,
                                     struct pc_buf *entries, p11csr_error **err)
{
    CK_ATTRIBUTE by_id = {CKA_ID, (void *)(uintptr_t)query->id.ptr, query->id.len};
    CK_ATTRIBUTE by_label = {CKA_LABEL, (void *)(uintptr_t)query->label, 0};
    if (query->has_id && (query->id.len > 0 || query->label == NULL)) {
        return search(token, query, &by_id, entries, err);
    }
    if (query->label == NULL) {
        return search(token, query, NULL, entries, err);
    }
    by_label.ulValueLen = strlen(query->label);
    return search(token, query, &by_label, entries, err);
}

/* An empty CKA_ID pairs nothing: it says only that nobody set one. */
static bool same_id(const struct entry *a, const struct entry *b)
{
    return a->id.len > 0 && pc_span_eq(pc_buf_span(&a->id), pc_buf_span(&b->id));
}

/* Where several keys share a CKA_ID, the one with the same label is the partner; else the first that fits. */
static struct entry *find_partner(const struct pc_buf *entries, const struct entry *entry, CK_ULONG class)
{
    struct entry *first = NULL;
    for (size_t i = 0; i < entry_count(entries); i++) {
        struct entry *other = entry_get(entries, i);
        if (other->class != class || !same_id(entry, other) ||
            (class != CKO_CERTIFICATE && other->type != entry->type)) {
            continue;
        }
        if (pc_span_eq(pc_buf_span(&entry->label), pc_buf_span(&other->label))) {
            return other;
        }
        first = first != NULL ? first : other;
    }
    return first;
}

/*
 * A label finds only objects that carry it: the partners of a private key may have another, or none. A public
 * half that was found is enough: on a token with many keys a search costs as much as all the rest does, so
 * a lookup by nothing but a label does not go on to look for a certificate under another one.
 */
static struct pc_result search_partners(struct pc_token *token, const struct pc_key_query *query,
                                        const struct entry *entry, struct pc_buf *entries, p11csr_error **err)
{
    if (query->has_id || query->label == NULL || entry->id.len == 0 ||
        find_partner(entries, entry, CKO_PUBLIC_KEY) != NULL) {
        return PC_OK;
    }
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0}; // `entry` moves when `entries` grows
    pc_buf_init(&id, PC_MAX_ATTRIBUTE);
    pc_buf_add_span(&id, pc_buf_span(&entry->id));
    PC_TRY(pc_buf_check(&id, err));
    CK_ATTRIBUTE by_id = {CKA_ID, id.ptr, id.len};
    return search(token, query, &by_id, entries, err);
}

/* Makes a key of a private (or a lonely public) entry and its partners. */
static struct pc_result make_key(struct pc_token *token, const struct pc_buf *entries, struct entry *entry,
                                 struct pc_key *ret, p11csr_error **err)
{
    struct entry *public_key =
        entry->class == CKO_PUBLIC_KEY ? entry : find_partner(entries, entry, CKO_PUBLIC_KEY);
    struct entry *certificate = find_partner(entries, entry, CKO_CERTIFICATE);
    enum pc_flag is_private = PC_FLAG_UNKNOWN;
    entry->used = true;
    if (public_key != NULL) {
        public_key->used = true;
        ret->public_key = public_key->handle;
    }
    if (certificate != NULL) {
        ret->certificate = certificate->handle;
    }
    if (entry->class == CKO_PRIVATE_KEY) {
        ret->private_key = entry->handle;
        PC_TRY(pc_object_flag(token, entry->handle, CKA_PRIVATE, &is_private, err));
    }
    ret->is_private = is_private != PC_FLAG_NO;
    ret->epoch = token->epoch;
    ret->type = entry->type;
    pc_buf_add_span(&ret->id, pc_buf_span(&entry->id));
    pc_buf_add_span(&ret->label, pc_buf_span(&entry->label));
    PC_TRY(pc_buf_check(&ret->id, err));
    return pc_buf_check(&ret->label, err);
}

static void note_candidate(const struct pc_token *token, const struct entry *entry, p11csr_error **err)
{
    const struct pc_key key = {
        .private_key = entry->handle, .id = entry->id, .label = entry->label}; // borrowed
    pc_key_note_uri(token, &key, err);
}

/* The one private key among what was found. *ret is NULL when there is none. */
static struct pc_result choose(struct pc_token *token, const struct pc_buf *entries, struct entry **ret,
                               p11csr_error **err)
{
    size_t count = 0;
    for (size_t i = 0; i < entry_count(entries); i++) {
        struct entry *entry = entry_get(entries, i);
        if (entry->class == CKO_PRIVATE_KEY && entry->matches) {
            *ret = entry;
            count++;
        }
    }
    if (count <= 1) {
        return PC_OK;
    }
    const struct pc_result result = pc_fail(err, P11CSR_E_KEY_AMBIGUOUS, "%zu private keys match", count);
    size_t noted = 0;
    for (size_t i = 0; i < entry_count(entries) && noted < PC_MAX_CANDIDATES; i++) {
        if (entry_get(entries, i)->class == CKO_PRIVATE_KEY && entry_get(entries, i)->matches) {
            note_candidate(token, entry_get(entries, i), err);
            noted++;
        }
    }
    return result;
}

/* True when what was found without a login is a key that can be used without one. */
static struct pc_result usable_without_login(struct pc_token *token, const struct pc_key_query *query,
                                             bool *ret, p11csr_error **err)
{
    struct pc_buf entries PC_CLEANUP(entries_done) = {0};
    struct entry *entry = NULL;
    enum pc_flag is_private = PC_FLAG_UNKNOWN;
    pc_buf_init(&entries, PC_MAX_OBJECTS * sizeof(struct entry));
    *ret = false;
    const struct pc_result searched = search_query(token, query, &entries, err);
    if (searched.code == P11CSR_E_LOGIN) { // this token lets nobody search before a login
        p11csr_error_free(err);
        return PC_OK;
    }
    PC_TRY(searched);
    PC_TRY(choose(token, &entries, &entry, err));
    if (entry != NULL) {
        PC_TRY(pc_object_flag(token, entry->handle, CKA_PRIVATE, &is_private, err));
    }
    *ret = is_private == PC_FLAG_NO;
    return PC_OK;
}

/*
 * A source that asks nobody logs in first, so that there is one search and not two. A person is asked only
 * when the key does not show without.
 */
static struct pc_result log_in_as_needed(struct pc_token *token, const struct pc_key_query *query,
                                         const struct pc_login *login, p11csr_error **err)
{
    pc_token_look(token);
    PC_TRY(pc_token_session(token, false, err));
    if (pc_login_needed(token) && !pc_login_comes_first(token, login)) {
        bool usable = false;
        PC_TRY(usable_without_login(token, query, &usable, err));
        if (usable) {
            return PC_OK;
        }
    }
    return pc_login_user(token, login, err);
}

static struct pc_result find(struct pc_token *token, const struct pc_key_query *query,
                             const struct pc_login *login, struct pc_key *ret, p11csr_error **err)
{
    struct pc_buf entries PC_CLEANUP(entries_done) = {0};
    struct entry *entry = NULL;
    pc_buf_init(&entries, PC_MAX_OBJECTS * sizeof(struct entry));
    PC_TRY(log_in_as_needed(token, query, login, err));
    PC_TRY(search_query(token, query, &entries, err));
    PC_TRY(choose(token, &entries, &entry, err));
    if (entry == NULL) {
        const bool any = !query->has_id && query->label == NULL;
        return pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "%s",
                       any ? "there is no private key on it" : "no private key matches");
    }
    const CK_OBJECT_HANDLE chosen = entry->handle;
    PC_TRY(search_partners(token, query, entry, &entries, err));
    for (size_t i = 0; i < entry_count(&entries); i++) {
        if (entry_get(&entries, i)->handle == chosen) {
            PC_TRY(make_key(token, &entries, entry_get(&entries, i), ret, err));
            break;
        }
    }
    ret->given = query->given;
    const struct pc_result read = pc_pubkey_read(token, ret, err);
    ret->given = (struct pc_span){0}; // borrowed until here only
    PC_TRY(read);
    if (ret->source == PC_PUBKEY_NONE) {
        return pc_fail(err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "%s", ret->why_no_spki);
    }
    return PC_OK;
}

/*
 * The key whose public half is known. Tokens cannot be searched for it: every key is looked at, in the login
 * state in which it will be used.
 */
static struct pc_result find_by_spki(struct pc_token *token, const struct pc_key_query *query,
                                     const struct pc_login *login, struct pc_key *ret, p11csr_error **err)
{
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    struct pc_key *found = NULL;
    pc_buf_init(&keys, PC_MAX_OBJECTS * sizeof(struct pc_key));
    PC_TRY(pc_token_session(token, false, err));
    PC_TRY(pc_login_user(token, login, err));
    PC_TRY(pc_keys_list(token, query, &keys, err));
    for (size_t at = 0; at < keys.len; at += sizeof(struct pc_key)) {
        struct pc_key *key = (struct pc_key *)(void *)(keys.ptr + at);
        if (key->private_key == CK_INVALID_HANDLE || !pc_span_eq(pc_buf_span(&key->spki), query->spki)) {
            continue;
        }
        if (found != NULL) {
            return pc_fail(err, P11CSR_E_KEY_AMBIGUOUS, "several private keys have this public key");
        }
        found = key;
    }
    if (found == NULL) {
        return pc_fail(err, P11CSR_E_KEY_NOT_FOUND, "no private key belongs to this public key");
    }
    if (query->given.len > 0 && !pc_span_eq(query->given, pc_buf_span(&found->spki))) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "%s and %s show different public keys",
                       pc_pubkey_source_name(found->source), pc_pubkey_source_name(PC_PUBKEY_GIVEN));
    }
    *ret = *found;
    pc_key_init(found); // what it held is *ret's now
    return PC_OK;
}

/* "key 'web', id 01": what was asked for, for texts. */
static void describe_query(const struct pc_key_query *query, struct pc_buf *ret)
{
    pc_buf_text(ret, query->label == NULL && !query->has_id && query->spki.len == 0 ? "the only key" : "key");
    if (query->label != NULL) {
        pc_buf_printf(ret, " '%s'", query->label);
    }
    if (query->has_id) {
        pc_buf_text(ret, " with CKA_ID ");
        pc_hex_add(ret, query->id, 0);
    }
    if (query->spki.len > 0) {
        pc_buf_text(ret, " of the given public key");
    }
    pc_buf_byte(ret, 0);
}

static struct pc_result find_either(struct pc_token *token, const struct pc_key_query *query,
                                    const struct pc_login *login, struct pc_key *ret, p11csr_error **err)
{
    return query->spki.len > 0 ? find_by_spki(token, query, login, ret, err)
                               : find(token, query, login, ret, err);
}

PC_RESULT pc_key_find(struct pc_token *token, const struct pc_key_query *query, const struct pc_login *login,
                      struct pc_key *ret, p11csr_error **err)
{
    struct pc_buf wanted PC_CLEANUP(pc_buf_done) = {0};
    char name[40];
    pc_token_name(token, name);
    pc_buf_init(&wanted, PC_MAX_TEXT);
    describe_query(query, &wanted);
    PC_TRY(pc_buf_check(&wanted, err));
    struct pc_result result = find_either(token, query, login, ret, err);
    for (unsigned tries = 1; !pc_is_ok(result) && pc_token_recover(token, result, tries, err); tries++) {
        pc_key_done(ret);
        pc_key_init(ret);
        result = find_either(token, query, login, ret, err);
    }
    pc_token_ended(token, result);
    if (result.code == P11CSR_E_KEY_NOT_FOUND || result.code == P11CSR_E_LOGIN) {
        pc_login_hint(token, login, err);
    }
    pc_quirks_explain(&token->quirks, result, err);
    return pc_frame(result, err, "cannot use %s on token '%s'", (const char *)wanted.ptr, name);
}

/* What a key can be without the token having failed: of another kind, contradicting itself, too large. */
static bool is_odd_content(struct pc_result result)
{
    return result.code == P11CSR_E_UNSUPPORTED || result.code == P11CSR_E_PROOF_PUBLIC_KEY ||
           result.code == P11CSR_E_LIMIT;
}

/* Appends one key. Its public half is read leniently: a list shows what is odd instead of stopping at it. */
static struct pc_result list_key(struct pc_token *token, const struct pc_buf *entries, struct entry *entry,
                                 struct pc_buf *ret, p11csr_error **err)
{
    struct pc_key key;
    p11csr_error *odd PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_key_init(&key);
    struct pc_result result = make_key(token, entries, entry, &key, err);
    if (pc_is_ok(result)) {
        result = pc_pubkey_read(token, &key, &odd);
    }
    if (is_odd_content(result)) {
        pc_buf_done(&key.spki);
        key.source = PC_PUBKEY_NONE;
        key.public = (struct pc_public){0};
        (void)snprintf(key.why_no_spki, sizeof(key.why_no_spki), "%s", p11csr_error_cause(odd, 0));
        result = PC_OK;
    } else if (!pc_is_ok(result) && odd != NULL && err != NULL) {
        *err = odd; // a token that fails is no odd key
        odd = NULL;
    }
    if (pc_is_ok(result)) {
        pc_buf_add(ret, &key, sizeof(key));
        result = pc_buf_check(ret, err);
    }
    if (!pc_is_ok(result)) {
        pc_key_done(&key);
    }
    return result;
}

static struct pc_result list_keys(struct pc_token *token, const struct pc_key_query *query,
                                  struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf entries PC_CLEANUP(entries_done) = {0};
    pc_buf_init(&entries, PC_MAX_OBJECTS * sizeof(struct entry));
    PC_TRY(pc_token_session(token, false, err));
    PC_TRY(search_query(token, query, &entries, err));
    const size_t direct = entry_count(&entries);
    for (size_t i = 0; i < direct; i++) {
        if (entry_get(&entries, i)->class == CKO_PRIVATE_KEY) {
            PC_TRY(search_partners(token, query, entry_get(&entries, i), &entries, err));
        }
    }
    static const CK_ULONG order[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    for (size_t pass = 0; pass < PC_ARRAY_LEN(order); pass++) {
        for (size_t i = 0; i < entry_count(&entries); i++) {
            struct entry *entry = entry_get(&entries, i);
            if (entry->class == order[pass] && entry->matches && !entry->used) {
                PC_TRY(list_key(token, &entries, entry, ret, err));
            }
        }
    }
    return PC_OK;
}

PC_RESULT pc_keys_list(struct pc_token *token, const struct pc_key_query *query, struct pc_buf *ret,
                       p11csr_error **err)
{
    const struct pc_result result = list_keys(token, query, ret, err);
    pc_token_ended(token, result);
    return result;
}
