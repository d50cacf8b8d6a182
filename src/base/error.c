// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct p11csr_error {
    enum p11csr_code code;
    size_t frame_count;
    size_t note_count;
    char *frames[PC_MAX_FRAMES]; /* [0] is what the lowest layer saw */
    char *notes[PC_MAX_NOTES];
    char *hint;
};

struct error_row {
    enum p11csr_code code;
    int exit_status;
    bool retry;
    const char *name;
    const char *text;
    const char *hint;
};

#define RETRY true
#define NO_RETRY false
static const struct error_row rows[] = {
#define ERR(code_, number_, class_, exit_, retry_, text_, hint_, doc_)                                       \
    {.code = code_, .exit_status = exit_, .retry = retry_, .name = #code_, .text = text_, .hint = hint_},
#include "base/errors.def"
#undef ERR
};
#define ERR(code_, number_, class_, exit_, retry_, text_, hint_, doc_)                                       \
    _Static_assert((int)(code_) == (number_), #code_ " has another number in error.h");
#include "base/errors.def"
#undef ERR
#undef RETRY
#undef NO_RETRY

/* Handed out when there is no memory for an error object; p11csr_error_free() knows it by its address. */
static const struct p11csr_error out_of_memory = {.code = P11CSR_E_NO_MEMORY};

static const struct error_row *find_row(enum p11csr_code code)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *p11csr_strerror(enum p11csr_code code)
{
    const struct error_row *row = find_row(code);
    if (row != NULL) {
        return row->text;
    }
    return code == P11CSR_OK ? "done" : "an error that this version does not know";
}

const char *p11csr_code_name(enum p11csr_code code)
{
    const struct error_row *row = find_row(code);
    if (row != NULL) {
        return row->name + strlen("P11CSR_E_");
    }
    return code == P11CSR_OK ? "OK" : "UNKNOWN";
}

int p11csr_code_exit_status(enum p11csr_code code)
{
    const struct error_row *row = find_row(code);
    if (row != NULL) {
        return row->exit_status;
    }
    return code == P11CSR_OK ? 0 : p11csr_code_exit_status(P11CSR_E_INTERNAL);
}

int p11csr_code_may_retry(enum p11csr_code code)
{
    const struct error_row *row = find_row(code);
    return row != NULL && row->retry ? 1 : 0;
}

/*
 * Formats a text for a person: bounded, and nothing in it can move a terminal's cursor. NULL when out of
 * memory.
 */
__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
    char text[PC_MAX_TEXT];
    (void)vsnprintf(text, sizeof(text), format, args);
    pc_text_redact(text);
    return pc_text_printable(text);
}

static void replace_text(char **slot, char *text)
{
    if (text != NULL) {
        pc_release(*slot);
        *slot = text;
    }
}

static bool can_extend(p11csr_error **err)
{
    return err != NULL && *err != NULL && *err != &out_of_memory;
}

PC_RESULT(pc_fail_memory)(p11csr_error **err)
{
    if (err != NULL) {
        p11csr_error_free(err);
        *err = (p11csr_error *)(uintptr_t)&out_of_memory; // never written: can_extend(), p11csr_error_free()
    }
    return (struct pc_result){P11CSR_E_NO_MEMORY};
}

static struct pc_result fail(p11csr_error **err, enum p11csr_code code, char *frame)
{
    if (err == NULL) {
        pc_release(frame);
        return (struct pc_result){code};
    }
    p11csr_error_free(err);
    struct p11csr_error *error = pc_alloc(sizeof(*error));
    if (error == NULL || frame == NULL) {
        pc_release(error);
        pc_release(frame);
        return pc_fail_memory(err);
    }
    error->code = code;
    error->frames[error->frame_count++] = frame;
    *err = error;
    return (struct pc_result){code};
}

PC_RESULT(pc_fail)(p11csr_error **err, enum p11csr_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *frame = format_text(format, args);
    va_end(args);
    return fail(err, code, frame);
}

PC_RESULT(pc_fail_errno)(p11csr_error **err, enum p11csr_code code, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *what = format_text(format, args);
    va_end(args);
    char reason[128];
    const char *said = strerror_r(errnum, reason, sizeof(reason));
    char *frame = what != NULL ? pc_asprintf("%s: %s", what, said) : NULL;
    pc_release(what);
    return fail(err, code, frame);
}

PC_RESULT pc_frame(struct pc_result result, p11csr_error **err, const char *format, ...)
{
    if (pc_is_ok(result) || !can_extend(err)) {
        return result;
    }
    va_list args;
    va_start(args, format);
    char *frame = format_text(format, args);
    va_end(args);
    struct p11csr_error *error = *err;
    if (error->frame_count < PC_MAX_FRAMES && frame != NULL) {
        error->frames[error->frame_count++] = frame;
    } else if (frame != NULL) {
        replace_text(&error->frames[PC_MAX_FRAMES - 1], frame); // the outermost act is the one people know
    }
    return result;
}

void pc_hint(p11csr_error **err, const char *format, ...)
{
    if (!can_extend(err)) {
        return;
    }
    va_list args;
    va_start(args, format);
    replace_text(&(*err)->hint, format_text(format, args));
    va_end(args);
}

void pc_hint_if_none(p11csr_error **err, const char *format, ...)
{
    if (!can_extend(err) || (*err)->hint != NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    replace_text(&(*err)->hint, format_text(format, args));
    va_end(args);
}

void pc_note(p11csr_error **err, const char *format, ...)
{
    if (!can_extend(err) || (*err)->note_count == PC_MAX_NOTES) {
        return;
    }
    va_list args;
    va_start(args, format);
    char *note = format_text(format, args);
    va_end(args);
    if (note != NULL) {
        (*err)->notes[(*err)->note_count++] = note;
    }
}

enum p11csr_code p11csr_error_code(const p11csr_error *err)
{
    return err == NULL ? P11CSR_OK : err->code;
}

/*
 * With one frame the code's own text says what failed and the frame is its cause; what is wrong with a
 * command line or a call is said by the frame alone.
 */
static bool frame_is_message(const p11csr_error *err)
{
    return err != NULL && (err->frame_count > 1 || (err->frame_count == 1 && err->code == P11CSR_E_USAGE));
}

const char *p11csr_error_message(const p11csr_error *err)
{
    return frame_is_message(err) ? err->frames[err->frame_count - 1]
                                 : p11csr_strerror(p11csr_error_code(err));
}

size_t p11csr_error_cause_count(const p11csr_error *err)
{
    if (err == NULL) {
        return 0;
    }
    return frame_is_message(err) ? err->frame_count - 1 : err->frame_count;
}

const char *p11csr_error_cause(const p11csr_error *err, size_t index)
{
    const size_t count = p11csr_error_cause_count(err);
    return index < count ? err->frames[count - 1 - index] : NULL;
}

size_t p11csr_error_note_count(const p11csr_error *err)
{
    return err == NULL ? 0 : err->note_count;
}

const char *p11csr_error_note(const p11csr_error *err, size_t index)
{
    return err != NULL && index < err->note_count ? err->notes[index] : NULL;
}

const char *p11csr_error_hint(const p11csr_error *err)
{
    if (err != NULL && err->hint != NULL) {
        return err->hint;
    }
    const struct error_row *row = find_row(p11csr_error_code(err));
    return row != NULL ? row->hint : "";
}

void p11csr_error_free(p11csr_error **err)
{
    if (err == NULL || *err == NULL) {
        return;
    }
    struct p11csr_error *error = *err;
    *err = NULL;
    if (error == &out_of_memory) {
        return;
    }
    for (size_t i = 0; i < error->frame_count; i++) {
        pc_release(error->frames[i]);
    }
    for (size_t i = 0; i < error->note_count; i++) {
        pc_release(error->notes[i]);
    }
    pc_release(error->hint);
    pc_release(error);
}

void pc_error_cleanup(p11csr_error **err)
{
    p11csr_error_free(err);
}
