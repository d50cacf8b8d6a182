// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_HOST_H
#define PC_CSR_CONTENT_HOST_H

#include "base/buf.h"

/*
 * Host names of LDH labels (RFC 5890 section 2.3.1). International labels (U-labels in UTF-8) become A-labels
 * by the rules for registration of IDNA2008 (RFC 5891 section 4), which change nothing but the normal form: a
 * label that people have to write otherwise, like one with upper case, is refused. ASCII labels stay as they
 * are.
 */

enum { PC_HOST_MAX = 253 };

/*
 * Appends the host name that stands at octet `from` up to the end of the text. Returns what is wrong with it,
 * as the end of a sentence ("has no host name"), or NULL; *ret_at receives the octet. Lack of memory is left
 * in `ret`.
 */
const char *pc_host_add(struct pc_span text, size_t from, struct pc_buf *ret, size_t *ret_at);
/* The same for a text that is one label. Only an international one is checked. */
const char *pc_host_label_add(struct pc_span label, struct pc_buf *ret);
bool pc_is_ascii(struct pc_span text);

#endif
