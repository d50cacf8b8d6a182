// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/target.h"
#include "p11csr/token.h"
#include "tokens/init.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* A SoftHSM2 token for trying things out, with everything that belongs to it. */

enum { PIN_CHARS = 16, NAME_MAX_CHARS = 32 };

static const char default_module[] = "softhsm2";

struct places {
    char *alias_file;
    char *user_file;
    char *so_file;
    char *store;       /* folder of the token's objects */
    char *config_file; /* softhsm2.conf */
    char *drop_in;     /* folder of the alias file */
};

static void places_done(struct places *places)
{
    char *const all[] = {places->alias_file, places->user_file,   places->so_file,
                         places->store,      places->config_file, places->drop_in};
    for (size_t i = 0; i < PC_ARRAY_LEN(all); i++) {
        pc_release(all[i]);
    }
}

static struct pc_result check_name(const char *name, p11csr_error **err)
{
    const size_t len = strlen(name);
    bool good = len > 0 && len <= NAME_MAX_CHARS && pc_ascii_is_alnum(name[0]);
    for (size_t i = 0; i < len; i++) {
        good = good && (pc_ascii_is_alnum(name[i]) || strchr("-_.", name[i]) != NULL);
    }
    return good ? PC_OK
                : pc_fail(err, P11CSR_E_VALUE,
                          "'%s' is no name for a token: 1 to %d letters, digits, '-', '_', '.'", name,
                          NAME_MAX_CHARS);
}

/* The files name each other, so the folders must not depend on where the process stands. */
static struct pc_result check_absolute(const char *folder, p11csr_error **err)
{
    if (folder[0] != '/' || strpbrk(folder, "\"'#\\\n") != NULL) {
        return pc_fail(err, P11CSR_E_VALUE,
                       "'%s' is not an absolute path without quotes, '#' and backslashes", folder);
    }
    return PC_OK;
}

static struct pc_result set_places(const char *name, const char *config_dir, const char *data_dir,
                                   struct places *ret, p11csr_error **err)
{
    *ret = (struct places){
        .alias_file = pc_asprintf("%s/p11csr.d/%s.yaml", config_dir, name),
        .user_file = pc_asprintf("%s/p11csr.d/%s.pin", config_dir, name),
        .so_file = pc_asprintf("%s/p11csr.d/%s.so-pin", config_dir, name),
        .store = pc_asprintf("%s/softhsm2/%s/tokens", data_dir, name),
        .config_file = pc_asprintf("%s/softhsm2/%s/softhsm2.conf", data_dir, name),
        .drop_in = pc_asprintf("%s/p11csr.d", config_dir),
    };
    const bool complete = ret->alias_file != NULL && ret->user_file != NULL && ret->so_file != NULL &&
                          ret->store != NULL && ret->config_file != NULL && ret->drop_in != NULL;
    return complete ? PC_OK : pc_fail_memory(err);
}

/* Random letters and digits that nobody confuses; 32 of them, so that a byte maps to one without bias. */
static struct pc_result random_secret(struct pc_secret *ret, p11csr_error **err)
{
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789A";
    uint8_t chars[PIN_CHARS];
    if (getrandom(chars, sizeof(chars), 0) != (ssize_t)sizeof(chars)) {
        return pc_fail_errno(err, P11CSR_E_INTERNAL, errno, "getrandom");
    }
    for (size_t i = 0; i < sizeof(chars); i++) {
        chars[i] = (uint8_t)alphabet[chars[i] % (sizeof(alphabet) - 1)];
    }
    const bool fits = pc_secret_set(ret, chars, sizeof(chars));
    pc_wipe(chars, sizeof(chars));
    return fits ? PC_OK : pc_fail_memory(err);
}

/* Reads a secret that an earlier, interrupted call wrote, or makes one and writes it. */
static struct pc_result keep_secret(const char *path, struct pc_secret *ret, p11csr_error **err)
{
    if (access(path, F_OK) == 0) {
        struct pc_buf content PC_CLEANUP(pc_buf_wipe) = {0};
        pc_buf_init(&content, PC_MAX_PIN);
        PC_TRY(pc_file_read(path, &content, err));
        return pc_secret_set(ret, content.ptr, content.len) ? PC_OK : pc_fail_memory(err);
    }
    PC_TRY(random_secret(ret, err));
    return pc_file_write(path, pc_secret_bytes(ret), PC_FILE_KEEP, 0600, err);
}

static struct pc_result write_text(const char *path, char *text, p11csr_error **err)
{
    if (text == NULL) {
        return pc_fail_memory(err);
    }
    const struct pc_result result = pc_file_write(path, pc_span_str(text), PC_FILE_REPLACE, 0600, err);
    pc_release(text);
    return result;
}

static void free_secret(struct pc_secret **secret)
{
    pc_secret_free(secret);
}

/*
 * An earlier call got as far as making the token. Its PINs are in their files, or nobody knows them; the user
 * PIN may not have been set yet.
 */
static struct pc_result finish_token(const struct pc_slot *slot, const struct places *places,
                                     struct pc_secret *so, struct pc_secret *user, p11csr_error **err)
{
    if (access(places->so_file, F_OK) != 0 || access(places->user_file, F_OK) != 0) {
        const struct pc_result result =
            pc_fail(err, P11CSR_E_TOKEN_EXISTS, "its store is there, but its PIN files are gone: %s",
                    places->user_file);
        pc_hint(err, "nobody knows its PINs any more: choose another name, or remove '%s'", places->store);
        return result;
    }
    PC_TRY(keep_secret(places->so_file, so, err));
    PC_TRY(keep_secret(places->user_file, user, err));
    return (slot->token_info.flags & CKF_USER_PIN_INITIALIZED) != 0 ? PC_OK
                                                                    : pc_token_set_user(slot, so, user, err);
}

static struct pc_result make_token(struct pc_modules *modules, const char *name, const struct places *places,
                                   p11csr_error **err)
{
    struct pc_secret *so PC_CLEANUP(free_secret) = pc_secret_new();
    struct pc_secret *user PC_CLEANUP(free_secret) = pc_secret_new();
    struct pc_uri uri PC_CLEANUP(pc_uri_done);
    struct pc_buf found PC_CLEANUP(pc_buf_done) = {0};
    pc_uri_init(&uri);
    pc_buf_init(&found, PC_MAX_SLOTS * sizeof(struct pc_slot));
    if (so == NULL || user == NULL) {
        return pc_fail_memory(err);
    }
    // A module named for other work must not have one of its slots initialised.
    PC_TRY(pc_module_expect_maker(pc_modules_get(modules, 0), "SoftHSM", err));
    PC_TRY(pc_uri_set(&uri, PC_URI_TOKEN, pc_span_str(name), err));
    PC_TRY(pc_slots_find(modules, &uri, &found, err));
    if (found.len > 0) {
        return finish_token((const struct pc_slot *)(const void *)found.ptr, places, so, user, err);
    }
    PC_TRY(keep_secret(places->so_file, so, err));
    PC_TRY(keep_secret(places->user_file, user, err));
    return pc_token_create(pc_modules_get(modules, 0), name, so, user, err);
}

static struct pc_result write_alias(const char *name, const char *module, const struct places *places,
                                    p11csr_error **err)
{
    return write_text(
        places->alias_file,
        pc_asprintf("# A SoftHSM2 token for trying things out, made by 'p11csr tokens init-soft %s'.\n"
                    "tokens:\n"
                    "  %s:\n"
                    "    uri: \"pkcs11:token=%s\"\n"
                    "    module: \"%s\"\n"
                    "    pin-source: \"file:%s\"\n"
                    "    env:\n"
                    "      SOFTHSM2_CONF: \"%s\"\n",
                    name, name, name, module, places->user_file, places->config_file),
        err);
}

static struct pc_result create(p11csr_ctx *ctx, const char *name, const struct places *places,
                               const char *module, p11csr_error **err)
{
    struct pc_target target PC_CLEANUP(pc_target_done) = {0};
    struct pc_modules *modules = NULL;
    PC_TRY(pc_dir_make(places->drop_in, 0700, err));
    PC_TRY(pc_dir_make(places->store, 0700, err));
    PC_TRY(
        write_text(places->config_file,
                   pc_asprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
                               places->store),
                   err));
    // The alias that will be written, in memory already: its environment is what the module must be loaded
    // with.
    struct pc_env env = {.name = (char *)(uintptr_t) "SOFTHSM2_CONF", .value = places->config_file};
    const struct pc_alias alias = {.name = (char *)(uintptr_t)name,
                                   .env = {.ptr = (void *)&env, .len = sizeof(env), .max = sizeof(env)}};
    PC_TRY(pc_target_resolve(ctx, NULL, &target, err));
    target.alias = &alias;
    target.module = module;
    PC_TRY(pc_target_modules(ctx, &target, &modules, err));
    PC_TRY(make_token(modules, name, places, err));
    return write_alias(name, module, places, err);
}

static struct pc_result fill_result(const struct places *places, const char *module, bool created,
                                    struct p11csr_soft_token *ret, p11csr_error **err)
{
    *ret = (struct p11csr_soft_token){.alias_file = pc_strdup(places->alias_file),
                                      .pin_file = pc_strdup(places->user_file),
                                      .config_file = pc_strdup(places->config_file),
                                      .module = pc_strdup(module),
                                      .created = created ? 1 : 0};
    if (ret->alias_file == NULL || ret->pin_file == NULL || ret->config_file == NULL || ret->module == NULL) {
        p11csr_soft_token_done(ret);
        return pc_fail_memory(err);
    }
    return PC_OK;
}

static struct pc_result create_or_keep(p11csr_ctx *ctx, const char *name, const char *config_dir,
                                       const char *data_dir, struct p11csr_soft_token *ret,
                                       p11csr_error **err)
{
    struct places places PC_CLEANUP(places_done) = {0};
    const char *module = ctx->module != NULL ? ctx->module : default_module;
    PC_TRY(check_name(name, err));
    PC_TRY(check_absolute(config_dir, err));
    PC_TRY(check_absolute(data_dir, err));
    PC_TRY(set_places(name, config_dir, data_dir, &places, err));
    const bool there = access(places.alias_file, F_OK) == 0;
    const struct pc_alias *alias = pc_config_alias(&ctx->config, name);
    if (alias != NULL && strcmp(alias->file, places.alias_file) != 0) {
        return pc_fail(err, P11CSR_E_TOKEN_EXISTS, "'%s' is an alias that init-soft did not make: %s", name,
                       alias->file);
    }
    if (there && access(places.config_file, F_OK) != 0) {
        return pc_fail(err, P11CSR_E_TOKEN_EXISTS, "'%s' is an alias that init-soft did not make: %s", name,
                       places.alias_file);
    }
    if (!there) {
        PC_TRY(create(ctx, name, &places, module, err));
    }
    return fill_result(&places, module, !there, ret, err);
}

enum p11csr_code p11csr_soft_token_create(p11csr_ctx *ctx, const char *name, const char *config_dir,
                                          const char *data_dir, struct p11csr_soft_token *ret,
                                          p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return pc_frame(create_or_keep(lock.ctx, name, config_dir, data_dir, ret, err), err,
                    "cannot make the SoftHSM2 token '%s'", name)
        .code;
}

void p11csr_soft_token_done(struct p11csr_soft_token *soft)
{
    char **const all[] = {&soft->alias_file, &soft->pin_file, &soft->config_file, &soft->module};
    for (size_t i = 0; i < PC_ARRAY_LEN(all); i++) {
        p11csr_free_text(all[i]);
    }
}
