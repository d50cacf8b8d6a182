// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/reading/openssl_config.h"
#include "lib/context.h"
#include "lib/json.h"
#include "lib/request.h"
#include "p11csr/start.h"

#include <string.h>

/* A configuration of OpenSSL with the files that it includes, as one text. */

enum {
    MAX_INCLUDES = 8, /* files within files */
    MAX_FILES = 64,   /* in all */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The file of a line ".include FILE" or ".include = FILE", to be released; NULL: it is another line. */
static struct pc_result read_include(const char *line, size_t len, char **ret, p11csr_error **err)
{
    static const char word[] = ".include";
    *ret = NULL;
    while (len > 0 && is_blank(*line)) {
        line++;
        len--;
    }
    while (len > 0 && is_blank(line[len - 1])) {
        len--;
    }
    if (len < sizeof(word) || strncmp(line, word, sizeof(word) - 1) != 0 ||
        (!is_blank(line[sizeof(word) - 1]) && line[sizeof(word) - 1] != '=')) {
        return PC_OK;
    }
    line += sizeof(word) - 1;
    len -= sizeof(word) - 1;
    while (len > 0 && (is_blank(*line) || *line == '=')) {
        line++;
        len--;
    }
    *ret = pc_strndup(line, len);
    if (*ret == NULL) {
        return pc_fail_memory(err);
    }
    return strpbrk(*ret, "$\\\"'`#") == NULL
               ? PC_OK
               : pc_fail(err, P11CSR_E_CONFIG, "the included file '%s' is not named plainly", *ret);
}

/* True when the line goes on in the next one. */
static bool goes_on(const char *line, size_t len)
{
    while (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    return len > 0 && line[len - 1] == '\\' && (len < 2 || line[len - 2] != '\\');
}

/* A file that is being read, in the order in which they include each other. */
struct level {
    const char *path;
    char *owned; /* the path, when a line named it */
    struct pc_buf text;
    size_t at;
    bool inside; /* of a line that goes on */
};

struct stack {
    struct level levels[MAX_INCLUDES];
    size_t count;
    size_t files; /* read so far */
};

static void stack_done(struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        pc_buf_done(&stack->levels[i].text);
        pc_release(stack->levels[i].owned);
    }
}

static struct pc_result push(struct stack *stack, const char *path, char **owned, p11csr_error **err)
{
    if (stack->count == MAX_INCLUDES) {
        return pc_fail(err, P11CSR_E_LIMIT, "'%s' is included too deep: more than %d files in each other",
                       path, MAX_INCLUDES);
    }
    if (++stack->files > MAX_FILES) {
        return pc_fail(err, P11CSR_E_LIMIT, "more than %d files are included", MAX_FILES);
    }
    struct level *level = &stack->levels[stack->count++];
    *level = (struct level){.path = path};
    if (owned != NULL) {
        level->owned = *owned;
        *owned = NULL;
    }
    pc_buf_init(&level->text, PC_MAX_OSSL_CONF);
    return pc_file_read(path, &level->text, err);
}

/* Appends the next line of the innermost file, or goes into the file that it includes. */
static struct pc_result step(struct stack *stack, struct pc_buf *ret, p11csr_error **err)
{
    struct level *level = &stack->levels[stack->count - 1];
    if (level->at >= level->text.len) {
        pc_buf_done(&level->text);
        pc_release(level->owned);
        stack->count--;
        return PC_OK;
    }
    const char *line = (const char *)level->text.ptr + level->at;
    const char *end = memchr(line, '\n', level->text.len - level->at);
    const size_t len = end != NULL ? (size_t)(end - line) : level->text.len - level->at;
    char *path PC_CLEANUP(pc_free_str) = NULL;
    const bool whole = !level->inside;
    level->at += len + 1;
    level->inside = goes_on(line, len);
    if (whole) {
        PC_TRY(read_include(line, len, &path, err));
    }
    if (path != NULL) {
        return push(stack, path, &path, err);
    }
    pc_buf_add(ret, line, len);
    pc_buf_byte(ret, '\n');
    return pc_buf_check(ret, err);
}

static struct pc_result read_all(const char *path, struct pc_buf *ret, p11csr_error **err)
{
    struct stack stack PC_CLEANUP(stack_done) = {0};
    pc_buf_init(ret, PC_MAX_OSSL_CONF);
    PC_TRY(push(&stack, path, NULL, err));
    while (stack.count > 0) {
        PC_TRY(step(&stack, ret, err));
    }
    return PC_OK;
}

static struct pc_result take(p11csr_request *request, p11csr_ctx *ctx, const char *path, const char *section,
                             char **ret_dropped, p11csr_error **err)
{
    const struct pc_crypto *crypto = NULL;
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_openssl_config taken = {.content = &request->content};
    PC_TRY(pc_ctx_crypto(ctx, &crypto, err));
    PC_TRY(read_all(path, &text, err));
    const size_t earlier = request->content.skid_len;
    request->content.skid_len = 0;
    const struct pc_result result = pc_openssl_config_take(crypto, pc_buf_span(&text), section, &taken, err);
    if (request->content.skid_len > 0) {
        request->skid = PC_SKID_NONE; // it brings one of its own
    } else {
        request->content.skid_len = earlier;
    }
    PC_TRY(result);
    json_t *dropped PC_CLEANUP(pc_json_free) = taken.dropped;
    request->skid = taken.skid != PC_SKID_NONE ? taken.skid : request->skid;
    request->usual_digest = taken.digest != PC_DIGEST_NONE ? taken.digest : request->usual_digest;
    return pc_json_take_text(dropped, ret_dropped, err);
}

enum p11csr_code p11csr_request_take_openssl_config(p11csr_request *request, p11csr_ctx *ctx,
                                                    const char *path, const char *section, char **ret_dropped,
                                                    p11csr_error **err)
{
    const struct pc_lock lock PC_LOCK_CLEANUP = pc_lock_begin(ctx);
    return pc_frame(take(request, lock.ctx, path, section != NULL ? section : "req", ret_dropped, err), err,
                    "cannot take over the configuration '%s'", path)
        .code;
}
