// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/pem.h"

#include <string.h>

/* What programs may stumble over in PEM that can be read (RFC 7468). */

static const char begin[] = "-----BEGIN ";
static const char label[] = "CERTIFICATE REQUEST-----";

/* The line at `at` without its end and the blanks before that; moves past it. */
static struct pc_span next_line(struct pc_span text, size_t *at)
{
    const uint8_t *start = text.ptr + *at;
    const uint8_t *end = memchr(start, '\n', text.len - *at);
    size_t len = end != NULL ? (size_t)(end - start) : text.len - *at;
    *at += len + (end != NULL ? 1 : 0);
    while (len > 0 && strchr("\r \t", start[len - 1]) != NULL) {
        len--;
    }
    return (struct pc_span){start, len};
}

static bool starts_with(struct pc_span line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.ptr, text, strlen(text)) == 0;
}

static bool contains(struct pc_span line, const char *text)
{
    return memmem(line.ptr, line.len, text, strlen(text)) != NULL;
}

/* What there is to say about the form, and where the walk through the lines stands. */
struct form {
    enum { OUTSIDE, REQUEST, OTHER } in;
    bool request; /* there is one */
    bool mark;    /* a byte order mark */
    bool before;  /* text */
    bool other;   /* blocks of another kind */
    bool secret;  /* a private key is among them */
    bool is_long;
    bool is_old;
};

static void take_line(struct form *form, struct pc_span line)
{
    enum { LINE = 64 };
    if (form->in != OUTSIDE && starts_with(line, "-----END ")) {
        form->in = OUTSIDE;
    } else if (form->in == OUTSIDE && starts_with(line, begin)) {
        const struct pc_span rest = {line.ptr + strlen(begin), line.len - strlen(begin)};
        form->in = contains(rest, label) ? REQUEST : OTHER;
        form->request = form->request || form->in == REQUEST;
        form->is_old = form->is_old || (form->in == REQUEST && !starts_with(rest, label));
        form->other = form->other || form->in == OTHER;
        form->secret = form->secret || contains(rest, "PRIVATE KEY");
    } else if (form->in == REQUEST) {
        form->is_long = form->is_long || line.len > LINE;
    } else if (form->in == OUTSIDE && !form->request) {
        form->before = form->before || line.len > 0;
    }
}

static struct pc_result tell(const struct form *form, struct pc_der_faults *faults, p11csr_error **err)
{
    const struct {
        bool holds;
        const char *text;
    } rows[] = {
        {form->mark, "a byte order mark stands before it, which some programs refuse"},
        {form->is_old, PC_PEM_OTHER_LABEL},
        {!form->request, "the lines that begin and end PEM are missing around the base64"},
        {form->request && form->before, "text stands before the request, which some programs refuse"},
        {form->request && form->other, "something else than a request stands in the file"},
        {form->secret, "a private key stands in the file: it has no business at a CA"},
        {form->request && form->is_long, "a line has more than 64 characters"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].holds) {
            PC_TRY(pc_der_faults_add(faults, PC_DER_NOWHERE, "S20", rows[i].text, err));
        }
    }
    return PC_OK;
}

PC_RESULT pc_pem_judge(struct pc_span input, struct pc_der_faults *faults, p11csr_error **err)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    struct form form = {0};
    if (input.len > 1 && input.ptr[0] == PC_DER_SEQUENCE && input.ptr[1] >= 0x80) {
        return PC_OK; // it is DER
    }
    form.mark = starts_with(input, byte_order_mark);
    for (size_t at = form.mark ? strlen(byte_order_mark) : 0; at < input.len;) {
        take_line(&form, next_line(input, &at));
    }
    return tell(&form, faults, err);
}
