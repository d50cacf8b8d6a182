// SPDX-License-Identifier: Apache-2.0
#include "lib/lint.h"

#include "base/error.h"
#include "lib/context.h"
#include "lib/csr.h"
#include "lib/json.h"

enum p11csr_code p11csr_lint_new(p11csr_lint **ret_lint, p11csr_error **err)
{
    struct p11csr_lint *lint = pc_alloc(sizeof(*lint));
    if (lint == NULL) {
        return pc_fail_memory(err).code;
    }
    pc_lint_options_init(&lint->options);
    const enum p11csr_code code = p11csr_lint_set_data(lint, NULL, err);
    if (code != P11CSR_OK) {
        p11csr_lint_free(&lint);
        return code;
    }
    *ret_lint = lint;
    return P11CSR_OK;
}

void p11csr_lint_free(p11csr_lint **lint)
{
    if (lint != NULL && *lint != NULL) {
        pc_lint_options_done(&(*lint)->options);
        pc_lint_data_free(&(*lint)->data);
        pc_release(*lint);
        *lint = NULL;
    }
}

enum p11csr_code p11csr_lint_set_rules(p11csr_lint *lint, const char *list, p11csr_error **err)
{
    return pc_lint_options_set(&lint->options, list, err).code;
}

enum p11csr_code p11csr_lint_set_data(p11csr_lint *lint, const char *dir, p11csr_error **err)
{
    struct pc_lint_data *data = NULL;
    const struct pc_result made = pc_lint_data_new(dir, &data, err);
    if (pc_is_ok(made)) {
        pc_lint_data_free(&lint->data);
        lint->data = data;
        lint->options.data = data;
    }
    return made.code;
}

enum p11csr_code p11csr_lint_ignore(p11csr_lint *lint, const char *id, p11csr_error **err)
{
    return pc_lint_options_ignore(&lint->options, id, err).code;
}

static struct pc_result run(p11csr_ctx *ctx, const p11csr_csr *csr, const p11csr_lint *lint,
                            struct p11csr_lint_counts *ret_counts, char **ret_json, p11csr_error **err)
{
    struct pc_lint_options options PC_CLEANUP(pc_lint_options_done);
    struct pc_lint_counts counts = {0};
    const struct pc_crypto *crypto = NULL;
    json_t *tree PC_CLEANUP(pc_json_free) = NULL;
    pc_lint_options_init(&options);
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    struct pc_lint_options asked = lint != NULL ? lint->options : options;
    asked.key_is_proved = csr->scheme != NULL; // it was made here
    asked.subject_is_given = csr->subject_is_given;
    PC_TRY(pc_lint_run(&asked, crypto, &csr->parts, &counts, &tree, err));
    if (ret_json != NULL) {
        PC_TRY(pc_json_take_text(tree, ret_json, err));
    }
    *ret_counts = (struct p11csr_lint_counts){.errors = counts.of[PC_LINT_ERROR],
                                              .warnings = counts.of[PC_LINT_WARNING],
                                              .infos = counts.of[PC_LINT_INFO],
                                              .not_judged = counts.of[PC_LINT_NOT_JUDGED]};
    return PC_OK;
}

enum p11csr_code p11csr_csr_lint(p11csr_ctx *ctx, const p11csr_csr *csr, const p11csr_lint *lint,
                                 struct p11csr_lint_counts *ret_counts, char **ret_json, p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return run(lock.ctx, csr, lint, ret_counts, ret_json, err).code;
}

enum p11csr_code p11csr_lint_list(char **ret_json, p11csr_error **err)
{
    json_t *list PC_CLEANUP(pc_json_free) = NULL;
    struct pc_result result = pc_lint_list(&list, err);
    if (pc_is_ok(result)) {
        result = pc_json_take_text(list, ret_json, err);
    }
    return result.code;
}
