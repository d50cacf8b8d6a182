// SPDX-License-Identifier: Apache-2.0
#include "csr/specimen.h"

#include "base/limits.h"
#include "base/text.h"
#include "csr/content/attributes.h"
#include "csr/request.h"
#include "der/writer.h"
#include "lib/check.h"

static void add_part(struct pc_der_writer *w, const char *hex, struct pc_span proper)
{
    if (hex != NULL) {
        hex_to_buf(hex, w->buf);
    } else {
        pc_der_raw(w, proper);
    }
}

static void sign(struct softsigner *signer, const struct pc_scheme *scheme, struct pc_span tbs,
                 struct pc_der_writer *w)
{
    p11csr_error *err = NULL;
    struct pc_buf signature;
    const struct pc_signer *s = softsigner_get(signer);
    pc_buf_init(&signature, PC_MAX_SIGNATURE);
    check_ok(s->ops->sign(s->self, scheme, &scheme->mechs[0], tbs, &signature, &err), &err);
    pc_der_bit_string(w, pc_buf_span(&signature));
    pc_buf_done(&signature);
}

void specimen_make(const struct specimen *specimen, struct softsigner *signer, struct pc_buf *ret)
{
    static const uint8_t version[] = {0x02, 0x01, 0x00};
    static const uint8_t subject[] = {0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06,
                                      0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 'a'};
    static const uint8_t attributes[] = {0xA0, 0x00};
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ED25519);
    struct pc_der_writer w;
    struct pc_der_writer whole;
    struct pc_buf tbs;
    p11csr_error *err = NULL;
    pc_buf_init(&tbs, PC_MAX_REQUEST);
    pc_der_writer_init(&w, &tbs);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    add_part(&w, specimen->version, PC_SPAN(version));
    add_part(&w, specimen->subject, PC_SPAN(subject));
    add_part(&w, specimen->spki, softsigner_spki(signer));
    add_part(&w, specimen->attributes, PC_SPAN(attributes));
    add_part(&w, specimen->behind_info, (struct pc_span){0});
    pc_der_end(&w);
    check_ok(pc_der_finish(&w, &err), &err);
    pc_der_writer_init(&whole, ret);
    pc_der_begin(&whole, PC_DER_SEQUENCE);
    pc_der_raw(&whole, pc_buf_span(&tbs));
    add_part(&whole, specimen->aid, scheme->aid);
    if (specimen->signature != NULL) {
        add_part(&whole, specimen->signature, (struct pc_span){0});
    } else {
        sign(signer, scheme, pc_buf_span(&tbs), &whole);
    }
    add_part(&whole, specimen->behind, (struct pc_span){0});
    pc_der_end(&whole);
    check_ok(pc_der_finish(&whole, &err), &err);
    pc_buf_done(&tbs);
}

void specimen_extensions(const char *extensions, struct pc_buf *ret)
{
    struct pc_buf der;
    struct pc_buf octets;
    struct pc_der_writer w;
    pc_buf_init(&octets, PC_MAX_REQUEST);
    pc_buf_init(&der, PC_MAX_REQUEST);
    hex_to_buf(extensions, &octets);
    pc_der_writer_init(&w, &der);
    pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_bytes(&w, PC_DER_OID, pc_attribute_extension_request());
    pc_der_begin(&w, PC_DER_SET);
    pc_der_raw(&w, pc_buf_span(&octets));
    pc_der_end(&w);
    pc_der_end(&w);
    pc_der_end(&w);
    pc_hex_add(ret, pc_buf_span(&der), 0);
    pc_buf_byte(ret, 0);
    pc_buf_done(&der);
    pc_buf_done(&octets);
}
