// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/mailboxes.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/content/host.h"

#include <stdlib.h>
#include <string.h>

/* Where a mailbox stands in the store. */
struct entry {
    size_t at;
    size_t len;
};

bool pc_lint_mailbox_add(struct pc_span text, struct pc_buf *ret)
{
    const uint8_t *sign = text.len > 0 ? memrchr(text.ptr, '@', text.len) : NULL;
    const size_t before = ret->len;
    size_t at = 0;
    if (sign == NULL || sign == text.ptr || memchr(text.ptr, ' ', (size_t)(sign - text.ptr)) != NULL) {
        return false;
    }
    const size_t domain = (size_t)(sign - text.ptr) + 1;
    pc_buf_add(ret, text.ptr, domain);
    if (pc_host_add(text, domain, ret, &at) != NULL) {
        return false;
    }
    for (size_t i = before + domain; i < ret->len; i++) {
        ret->ptr[i] = ret->ptr[i] >= 'A' && ret->ptr[i] <= 'Z' ? (uint8_t)(ret->ptr[i] + 32) : ret->ptr[i];
    }
    return true;
}

/* The text of an alternative name that is a mailbox; false when it is none. */
static bool text_of(const struct pc_general_name *san, struct pc_buf *ret)
{
    return san->has_row && (san->type == PC_SAN_EMAIL || san->type == PC_SAN_SMTP_UTF8) &&
           pc_is_ok(pc_san_format((struct pc_san){san->type, san->content}, ret, NULL));
}

static struct pc_result add_san(struct pc_lint_mailboxes *list, const struct pc_general_name *san,
                                p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf mailbox PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, PC_MAX_REQUEST);
    pc_buf_init(&mailbox, PC_MAX_REQUEST);
    const bool found = text_of(san, &text) && pc_lint_mailbox_add(pc_buf_span(&text), &mailbox);
    PC_TRY(pc_buf_check(&text, err));
    PC_TRY(pc_buf_check(&mailbox, err));
    if (found) {
        const struct entry entry = {list->store.len, mailbox.len};
        pc_buf_add_span(&list->store, pc_buf_span(&mailbox));
        pc_buf_add(&list->entries, &entry, sizeof(entry));
    }
    PC_TRY(pc_buf_check(&list->store, err));
    return pc_buf_check(&list->entries, err);
}

static int compare_spans(struct pc_span a, struct pc_span b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct pc_span span_of(const struct pc_buf *store, const struct entry *entry)
{
    return (struct pc_span){store->ptr + entry->at, entry->len};
}

static int compare_entries(const void *a, const void *b, void *store)
{
    return compare_spans(span_of(store, a), span_of(store, b));
}

PC_RESULT pc_lint_mailboxes_gather(const struct pc_lint *lint, struct pc_lint_mailboxes *ret,
                                   p11csr_error **err)
{
    pc_buf_init(&ret->store, (size_t)4 * PC_MAX_REQUEST); // international labels grow
    pc_buf_init(&ret->entries, PC_MAX_REQUEST * sizeof(struct entry) / 2);
    for (size_t i = 0; i < pc_lint_san_count(lint); i++) {
        PC_TRY(add_san(ret, pc_lint_san(lint, i), err));
    }
    if (ret->entries.len > 0) {
        qsort_r(ret->entries.ptr, ret->entries.len / sizeof(struct entry), sizeof(struct entry),
                compare_entries, &ret->store);
    }
    return PC_OK;
}

void pc_lint_mailboxes_done(struct pc_lint_mailboxes *list)
{
    pc_buf_done(&list->store);
    pc_buf_done(&list->entries);
}

bool pc_lint_mailboxes_have(const struct pc_lint_mailboxes *list, struct pc_span mailbox)
{
    const struct entry *entries = (const void *)list->entries.ptr;
    size_t from = 0;
    size_t to = list->entries.len / sizeof(entries[0]);
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = compare_spans(span_of(&list->store, &entries[middle]), mailbox);
        if (order == 0) {
            return true;
        }
        from = order < 0 ? middle + 1 : from;
        to = order < 0 ? to : middle;
    }
    return false;
}
