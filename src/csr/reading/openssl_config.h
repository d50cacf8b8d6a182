// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_READING_OPENSSL_CONFIG_H
#define PC_CSR_READING_OPENSSL_CONFIG_H

#include "csr/content/content.h"
#include "csr/content/skid.h"

#include <jansson.h>

/*
 * Configurations of OpenSSL, as far as `openssl req -new -batch` takes a request from one. They are data:
 * no module, engine or provider that they name is loaded, and nothing of the process is changed by them.
 */

/* What was taken over. */
struct pc_openssl_config {
    struct pc_content *content; /* laid over what is there */
    enum pc_skid_method skid;   /* how the subject key identifier is made; NONE: it is not asked for so */
    enum pc_digest_id digest;   /* default_md; NONE: not said */
    json_t *dropped;            /* array; the caller releases it. As pc_source_take(), and the kinds "setting"
                                   and "prompt" with oid null */
};

/*
 * Takes the settings of `section` ("req") from the text of a configuration, which includes no others. The
 * caller has set `content` and zeroed the rest. Variables of the environment are put in where the text says
 * $ENV::NAME. Errors: CONFIG, those of the content.
 */
PC_RESULT pc_openssl_config_take(const struct pc_crypto *crypto, struct pc_span text, const char *section,
                                 struct pc_openssl_config *ret, p11csr_error **err);

#endif
