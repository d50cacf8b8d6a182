// SPDX-License-Identifier: Apache-2.0
#include "csr/san_checks.h"

#include <string.h>

void check_san(enum pc_san_type type, const char *text, const char *hex, const char *shown)
{
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf der;
    struct pc_buf formatted;
    struct pc_der_writer w;
    pc_content_init(&content);
    pc_buf_init(&der, 1000);
    pc_buf_init(&formatted, 1000);
    pc_der_writer_init(&w, &der);
    check_ok(pc_content_add_san(&content, type, text, &err), &err);
    assert_int_equal(pc_content_san_count(&content), 1);
    assert_int_equal(pc_content_san(&content, 0).type, type);
    pc_san_write(&content, &w);
    check_ok(pc_der_finish(&w, &err), &err);
    check_hex(((struct pc_span){der.ptr + 2, der.len - 2}), hex);
    check_ok(pc_san_format(pc_content_san(&content, 0), &formatted, &err), &err);
    check_text(&formatted, shown != NULL ? shown : text);
    pc_content_done(&content);
    pc_buf_done(&der);
    pc_buf_done(&formatted);
}

void check_not_san(enum pc_san_type type, const char *text, const char *why)
{
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_fails(pc_content_add_san(&content, type, text, &err), &err, P11CSR_E_SAN, why);
    assert_int_equal(pc_content_san_count(&content), 0);
    pc_content_done(&content);
}
