// SPDX-License-Identifier: Apache-2.0
#include <p11csr/p11csr.h>

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const sets[] = {
    "structure",
    "structure,tls-br:ov,smime-br,codesigning-br,fips,cnsa2,bsi,adcs,letsencrypt",
};
enum { SETS = sizeof(sets) / sizeof(sets[0]) };

static void must(int truth)
{
    if (!truth) {
        abort();
    }
}

/* The counts are those of the findings that are listed, and each finding is a rule's. */
static void look(const char *text, const struct p11csr_lint_counts *counts)
{
    json_t *result = json_loads(text, 0, NULL);
    const json_t *findings = json_object_get(result, "findings");
    size_t errors = 0;
    must(json_is_array(findings));
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *severity = json_string_value(json_object_get(finding, "severity"));
        const char *said = json_string_value(json_object_get(finding, "text"));
        must(severity != NULL && said != NULL && said[0] != 0);
        errors += strcmp(severity, "error") == 0 ? 1 : 0;
    }
    must(errors <= counts->errors && (errors > 0) == (counts->errors > 0));
    json_decref(result);
}

/* All rules see any request that can be read; they say the same each time. */
static void lint(p11csr_ctx *ctx, const p11csr_csr *csr, p11csr_lint *rules)
{
    struct p11csr_lint_counts counts = {0};
    struct p11csr_lint_counts again = {0};
    char *first = NULL;
    char *second = NULL;
    must(p11csr_csr_lint(ctx, csr, rules, &counts, &first, NULL) == P11CSR_OK);
    must(p11csr_csr_lint(ctx, csr, rules, &again, &second, NULL) == P11CSR_OK);
    must(strcmp(first, second) == 0 && memcmp(&counts, &again, sizeof(counts)) == 0);
    look(first, &counts);
    p11csr_free_text(&first);
    p11csr_free_text(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static p11csr_ctx *ctx;
    static p11csr_lint *rules[SETS];
    p11csr_csr *csr = NULL;
    if (ctx == NULL) {
        must(p11csr_ctx_new(&ctx, NULL) == P11CSR_OK);
        for (size_t i = 0; i < SETS; i++) {
            must(p11csr_lint_new(&rules[i], NULL) == P11CSR_OK);
            must(p11csr_lint_set_rules(rules[i], sets[i], NULL) == P11CSR_OK);
        }
    }
    if (p11csr_csr_read(data, size, &csr, NULL) == P11CSR_OK) {
        for (size_t i = 0; i < SETS; i++) {
            lint(ctx, csr, rules[i]);
        }
    }
    p11csr_csr_free(&csr);
    return 0;
}
