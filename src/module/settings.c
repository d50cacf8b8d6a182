// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/text.h"
#include "module/plugin.h"

#include <stdlib.h>
#include <string.h>

/*
 * The provider's section of openssl.cnf; what it does not say, the environment says as it does to p11csr(1).
 */

/* Who a word of a setting is wrong for reads it. */
static struct pc_result refuse(const char *name, const char *words, const char *value, p11csr_error **err)
{
    const struct pc_result result = pc_fail(err, P11CSR_E_CONFIG, "%s is %s, not '%s'", name, words, value);
    pc_hint(err, "correct it in the provider's section of openssl.cnf");
    return result;
}

static const char *setting(const struct pc_provider *provider, const char *name)
{
    const char *value = pc_provider_setting(provider, name);
    return value != NULL && value[0] != 0 ? value : NULL;
}

static const char *setting_or_env(const struct pc_provider *provider, const char *name, const char *variable)
{
    const char *value = setting(provider, name);
    if (value == NULL) {
        value = secure_getenv(variable);
    }
    return value != NULL && value[0] != 0 ? value : NULL;
}

/* The person's folder; *ret stays NULL for a service without a home. */
static struct pc_result user_folder(const char *variable, const char *below_home, char **ret,
                                    p11csr_error **err)
{
    const char *base = secure_getenv(variable);
    const char *home = secure_getenv("HOME");
    if (base != NULL && base[0] == '/') {
        *ret = pc_asprintf("%s/p11csr/", base);
    } else if (home != NULL && home[0] == '/') {
        *ret = pc_asprintf("%s/%s/p11csr/", home, below_home);
    } else {
        return PC_OK;
    }
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

/* A public function's code as a result. */
static struct pc_result lift(enum p11csr_code code)
{
    return (struct pc_result){code};
}

/* The system's, then the person's, then the one that is named. */
static struct pc_result load_config(const struct pc_provider *provider, p11csr_ctx *ctx, p11csr_error **err)
{
    char *user PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(lift(p11csr_ctx_load_config(ctx, "/etc/p11csr/", err)));
    PC_TRY(user_folder("XDG_CONFIG_HOME", ".config", &user, err));
    if (user != NULL) {
        PC_TRY(lift(p11csr_ctx_load_config(ctx, user, err)));
    }
    const char *named = setting_or_env(provider, "config", "P11CSR_CONFIG");
    return named != NULL ? lift(p11csr_ctx_load_config(ctx, named, err)) : PC_OK;
}

static struct pc_result set_login(const struct pc_provider *provider, p11csr_ctx *ctx, p11csr_error **err)
{
    static const char *const words[] = {
        [P11CSR_LOGIN_AUTO] = "auto", [P11CSR_LOGIN_ALWAYS] = "always", [P11CSR_LOGIN_NEVER] = "never"};
    const char *when = setting(provider, "login");
    for (size_t i = 0; when != NULL && i < PC_ARRAY_LEN(words); i++) {
        if (strcmp(when, words[i]) == 0) {
            return lift(p11csr_ctx_set_login(ctx, (enum p11csr_login)i, err));
        }
    }
    return when == NULL ? PC_OK : refuse("login", "auto, always or never", when, err);
}

/* Where records that outlive a run are kept: a PIN file whose PIN was wrong is not sent again. */
static struct pc_result set_state_dir(p11csr_ctx *ctx, p11csr_error **err)
{
    char *folder PC_CLEANUP(pc_free_str) = NULL;
    PC_TRY(user_folder("XDG_STATE_HOME", ".local/state", &folder, err));
    if (folder == NULL) {
        return PC_OK;
    }
    folder[strlen(folder) - 1] = 0; // its '/'
    return lift(p11csr_ctx_set_state_dir(ctx, folder, err));
}

static struct pc_result set_up(const struct pc_provider *provider, p11csr_ctx *ctx, p11csr_error **err)
{
    PC_TRY(set_login(provider, ctx, err));
    PC_TRY(load_config(provider, ctx, err));
    return set_state_dir(ctx, err);
}

PC_RESULT pc_settings_context(const struct pc_provider *provider, p11csr_ctx **ret, p11csr_error **err)
{
    p11csr_ctx *ctx PC_CLEANUP(p11csr_ctx_free) = NULL;
    PC_TRY(lift(p11csr_ctx_new(&ctx, err)));
    PC_TRY(set_up(provider, ctx, err));
    *ret = ctx;
    ctx = NULL;
    return PC_OK;
}

static bool read_proof(const struct pc_provider *provider, enum pc_provider_proof *ret)
{
    const char *proof = setting(provider, "proof");
    *ret = proof == NULL || strcmp(proof, "first") == 0 ? PC_PROOF_FIRST : PC_PROOF_ALWAYS;
    return *ret == PC_PROOF_FIRST || strcmp(proof, "always") == 0;
}

void pc_settings_proof(struct pc_provider *provider)
{
    enum pc_provider_proof proof = PC_PROOF_ALWAYS;
    (void)read_proof(provider, &proof); // reported when a URI is opened
    pc_provider_set_proof(provider, proof);
}

PC_RESULT pc_settings_defaults(const struct pc_provider *provider, struct pc_store_defaults *ret,
                               p11csr_error **err)
{
    enum pc_provider_proof proof = PC_PROOF_ALWAYS;
    if (!read_proof(provider, &proof)) {
        return refuse("proof", "first or always", setting(provider, "proof"), err);
    }
    *ret = (struct pc_store_defaults){
        .token = setting_or_env(provider, "token", "P11CSR_TOKEN"),
        .module = setting_or_env(provider, "pkcs11-module", "P11CSR_MODULE"),
        .pin_source = setting_or_env(provider, "pin-source", "P11CSR_PIN_SOURCE"),
    };
    return PC_OK;
}
