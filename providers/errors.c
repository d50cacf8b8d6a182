// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "providers/core.h"

#include <stdarg.h>
#include <string.h>

/* What libcrypto keeps of a text; of a longer one it keeps nothing. */
enum { ENTRY_MAX = 1023 };

/* One entry of the program's error queue: a reason of ours, and a text. */
__attribute__((format(printf, 3, 4))) static void put(const struct pc_provider *provider, uint32_t reason,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    provider->core.new_error(provider->core.handle);
    provider->core.set_error_debug(provider->core.handle, __FILE_NAME__, __LINE__, "p11csr");
    provider->core.vset_error(provider->core.handle, reason, format, args);
    va_end(args);
}

/* The notes, as many as leave room for the hint. */
static void put_notes(struct pc_buf *text, const p11csr_error *err)
{
    const size_t count = p11csr_error_note_count(err);
    const size_t end = strlen(p11csr_error_hint(err)) + sizeof("; and 1000 more ()");
    for (size_t i = 0; i < count; i++) {
        const char *note = p11csr_error_note(err, i);
        if (text->len + strlen("; ") + strlen(note) + end > ENTRY_MAX) {
            pc_buf_printf(text, "; and %zu more", count - i);
            return;
        }
        pc_buf_printf(text, "; %s", note);
    }
}

/*
 * The queue is printed from its oldest entry to the newest, and programs that show one take the newest or the
 * oldest: all of one error stands in one entry, what was done first and what to do last.
 */
void pc_provider_raise(const struct pc_provider *provider, const p11csr_error *err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_TEXT);
    const char *reason = p11csr_strerror(p11csr_error_code(err)); // libcrypto prints it in front
    if (strcmp(reason, p11csr_error_message(err)) != 0 || p11csr_error_cause_count(err) == 0) {
        pc_buf_text(&text, p11csr_error_message(err));
    }
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        pc_buf_printf(&text, "%s%s", text.len > 0 ? ": " : "", p11csr_error_cause(err, i));
    }
    put_notes(&text, err);
    pc_buf_printf(&text, " (%s)", p11csr_error_hint(err));
    pc_buf_byte(&text, 0);
    const bool whole = pc_is_ok(pc_buf_check(&text, NULL));
    put(provider, (uint32_t)p11csr_error_code(err), "%.*s", ENTRY_MAX,
        whole ? (const char *)text.ptr : p11csr_error_message(err));
}

int pc_provider_answer(const struct pc_provider *provider, struct pc_result result, p11csr_error **err)
{
    if (pc_is_ok(result)) {
        return 1;
    }
    if (*err != NULL) {
        pc_provider_raise(provider, *err);
    } else {
        put(provider, (uint32_t)result.code, "%s", p11csr_strerror(result.code));
    }
    p11csr_error_free(err);
    return 0;
}

OSSL_ITEM *pc_provider_new_reasons(void)
{
    static const enum p11csr_code codes[] = {
#define ERR(code, number, class, status, retry, text, hint, doc) code,
#include "base/errors.def"
#undef ERR
    };
    OSSL_ITEM *items = pc_alloc_array(PC_ARRAY_LEN(codes) + 1, sizeof(*items));
    for (size_t i = 0; items != NULL && i < PC_ARRAY_LEN(codes); i++) {
        items[i].id = (unsigned)codes[i];
        items[i].ptr = (void *)(uintptr_t)p11csr_strerror(codes[i]);
    }
    return items;
}
