// SPDX-License-Identifier: Apache-2.0
#include "lib/pin.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "lib/context.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source_row {
    const char *word; /* with ':' when something follows */
    enum pc_pin_kind kind;
};

static const struct source_row rows[] = {
    {.word = "file:", .kind = PC_PIN_FILE},
    {.word = "prompt", .kind = PC_PIN_PROMPT},
    {.word = "empty", .kind = PC_PIN_EMPTY},
};

static const char *row_word(const void *table, size_t index)
{
    return ((const struct source_row *)table)[index].word;
}

static struct pc_result set_path(const char *path, struct pc_pin *ret, p11csr_error **err)
{
    if (path[0] == 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "'file:' is not followed by a path");
    }
    ret->kind = PC_PIN_FILE;
    ret->path = pc_strdup(path);
    return ret->path != NULL ? PC_OK : pc_fail_memory(err);
}

PC_RESULT pc_pin_parse(const char *text, struct pc_pin *ret, p11csr_error **err)
{
    if (text[0] == '/') {
        return set_path(text, ret, err); // RFC 7512 lets pin-source be a bare path
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const size_t len = strlen(rows[i].word);
        const bool takes_more = rows[i].word[len - 1] == ':';
        if (takes_more ? strncmp(text, rows[i].word, len) != 0 : strcmp(text, rows[i].word) != 0) {
            continue;
        }
        if (rows[i].kind == PC_PIN_FILE) {
            return set_path(text + len, ret, err);
        }
        ret->kind = rows[i].kind;
        return PC_OK;
    }
    // The text itself is not repeated: somebody may have written the PIN there.
    const char *near = pc_nearest_word(text, row_word, rows, PC_ARRAY_LEN(rows));
    return pc_fail(err, P11CSR_E_PIN_SOURCE, "the PIN source is none of file:PATH, prompt, empty%s%s%s",
                   near != NULL ? "; the nearest is '" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "");
}

void pc_pin_done(struct pc_pin *pin)
{
    pc_release(pin->path);
    pc_secret_free(&pin->secret);
    *pin = (struct pc_pin){.ctx = pin->ctx};
}

/* Others that can write the file choose the PIN; others that can read it know it. */
static struct pc_result check_file(p11csr_ctx *ctx, int fd, const char *path, p11csr_error **err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, errno, "stat '%s'", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "'%s' is a folder", path);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "everybody can write '%s' (mode %03o)", path,
                       (unsigned)st.st_mode & 0777U);
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0) {
        pc_ctx_warn(ctx, "everybody on this machine can read the PIN file '%s' (mode %03o): chmod 600 it",
                    path, (unsigned)st.st_mode & 0777U);
    }
    return PC_OK;
}

/* One newline at the end is the editor's, not the PIN's. */
static size_t without_newline(struct pc_span text)
{
    size_t len = text.len;
    if (len > 0 && text.ptr[len - 1] == '\n') {
        len--;
        len -= len > 0 && text.ptr[len - 1] == '\r' ? 1 : 0;
    }
    return len;
}

static struct pc_result read_file(const struct pc_pin *pin, struct pc_secret *ret, p11csr_error **err)
{
    struct pc_buf content PC_CLEANUP(pc_buf_wipe) = {0};
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    pc_buf_init(&content, PC_MAX_PIN_FILE);
    int fd PC_CLEANUP(pc_close) = open(pin->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return pc_fail_errno(err, P11CSR_E_PIN_SOURCE, errno, "open '%s'", pin->path);
    }
    PC_TRY(check_file(pin->ctx, fd, pin->path, err));
    if (!pc_is_ok(pc_file_read_fd(fd, pin->path, &content, &why))) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "%s",
                       p11csr_error_cause(why, p11csr_error_cause_count(why) - 1));
    }
    const size_t len = without_newline(pc_buf_span(&content));
    if (len == 0) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "the PIN file '%s' is empty", pin->path);
    }
    if (memchr(content.ptr, 0, len) != NULL || memchr(content.ptr, '\n', len) != NULL) {
        return pc_fail(err, P11CSR_E_PIN_SOURCE, "the PIN file '%s' holds more than one line of text",
                       pin->path);
    }
    return pc_secret_set(ret, content.ptr, len)
               ? PC_OK
               : pc_fail(err, P11CSR_E_PIN_SOURCE, "the PIN in '%s' is longer than %d bytes", pin->path,
                         PC_MAX_PIN);
}

static struct pc_result ask(const struct pc_pin *pin, const struct pc_pin_request *request,
                            struct pc_secret *ret, p11csr_error **err)
{
    const struct p11csr_pin_request asked = {.role = request->role == PC_ROLE_CONTEXT ? P11CSR_ROLE_CONTEXT
                                                                                      : P11CSR_ROLE_USER,
                                             .token = request->token,
                                             .key = request->key,
                                             .count_low = request->count_low ? 1 : 0,
                                             .final_try = request->final_try ? 1 : 0};
    if (pin->ctx->pin_callback == NULL) {
        return pc_fail(err, P11CSR_E_PIN_NEEDED, "there is nobody to ask for the PIN of token '%s'",
                       request->token);
    }
    const enum p11csr_code code =
        pin->ctx->pin_callback(&asked, (p11csr_pin *)(void *)ret, pin->ctx->pin_callback_data);
    if (code == P11CSR_OK) {
        return PC_OK;
    }
    return pc_fail(err, code == P11CSR_E_INTERRUPTED ? code : P11CSR_E_PIN_CANCELLED,
                   "no PIN was given for token '%s'", request->token);
}

static PC_RESULT get_pin(void *self, const struct pc_pin_request *request, struct pc_secret *ret,
                         p11csr_error **err)
{
    const struct pc_pin *pin = self;
    switch (pin->kind) {
    case PC_PIN_FILE:
        return read_file(pin, ret, err);
    case PC_PIN_PROMPT:
        return ask(pin, request, ret, err);
    case PC_PIN_VALUE: {
        const struct pc_span bytes = pc_secret_bytes(pin->secret);
        return pc_secret_set(ret, bytes.ptr, bytes.len) ? PC_OK : pc_fail_memory(err);
    }
    case PC_PIN_EMPTY:
    case PC_PIN_NONE:
        break;
    }
    return PC_OK; // the empty PIN
}

const struct pc_pin_source *pc_pin_get_source(struct pc_pin *pin)
{
    if (pin->kind == PC_PIN_NONE) {
        return NULL;
    }
    pin->source =
        (struct pc_pin_source){.asks_person = pin->kind == PC_PIN_PROMPT, .get = get_pin, .self = pin};
    return &pin->source;
}

enum p11csr_code p11csr_pin_set(p11csr_pin *pin, const void *bytes, size_t len)
{
    return pc_secret_set((struct pc_secret *)(void *)pin, bytes, len) ? P11CSR_OK : P11CSR_E_PIN_LENGTH;
}
