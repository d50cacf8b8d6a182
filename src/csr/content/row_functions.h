// SPDX-License-Identifier: Apache-2.0
#ifndef PC_CSR_CONTENT_ROW_FUNCTIONS_H
#define PC_CSR_CONTENT_ROW_FUNCTIONS_H

#include "csr/content/rows.h"

/* What the rows of extensions.def and attributes.def name; see struct pc_item_row. */

PC_RESULT pc_policy_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                          p11csr_error **err);
PC_RESULT pc_policy_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_constraint_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                              p11csr_error **err);
PC_RESULT pc_constraint_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_tls_feature_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                               p11csr_error **err);
PC_RESULT pc_tls_feature_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_no_check_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                            p11csr_error **err);
PC_RESULT pc_no_check_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_qc_write(const char *text, struct pc_span earlier, struct pc_der_writer *w, p11csr_error **err);
PC_RESULT pc_qc_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_authority_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err);
PC_RESULT pc_authority_show(struct pc_der in, json_t *list, p11csr_error **err);
bool pc_ms_is_template_id(const char *text);
PC_RESULT pc_ms_template_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                               p11csr_error **err);
PC_RESULT pc_ms_template_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_ms_name_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                           p11csr_error **err);
PC_RESULT pc_ms_name_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_ms_policy_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err);
PC_RESULT pc_ms_policy_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_ms_sid_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                          p11csr_error **err);
PC_RESULT pc_ms_sid_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_attr_name_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err);
PC_RESULT pc_attr_text_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_attr_directory_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                                  p11csr_error **err);
PC_RESULT pc_attr_ia5_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                            p11csr_error **err);
PC_RESULT pc_attr_csp_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                            p11csr_error **err);
PC_RESULT pc_attr_csp_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_attr_client_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                               p11csr_error **err);
PC_RESULT pc_attr_client_show(struct pc_der in, json_t *list, p11csr_error **err);
PC_RESULT pc_attr_pair_write(const char *text, struct pc_span earlier, struct pc_der_writer *w,
                             p11csr_error **err);
PC_RESULT pc_attr_pair_show(struct pc_der in, json_t *list, p11csr_error **err);

#endif
