// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_CONFIG_READ_H
#define PC_LIB_CONFIG_READ_H

#include "lib/config.h"

#include <stddef.h>
#include <yaml.h>

/* Reading YAML whose words are rows: what configuration files and profiles share. */

/* One file while it is read. */
struct pc_config_reader {
    const char *path;
    yaml_document_t document;
    struct pc_config *config; /* NULL: not a configuration */
    bool collects;            /* goes on after a mistake, so that all of them are told at once */
    struct pc_buf mistakes;   /* char *: those so far */
    struct pc_buf pins;       /* what pc_config_cut_pins() cut out */
};

/* A word that may stand in a mapping, and what takes its value. */
struct pc_config_word {
    const char *name;
    struct pc_result (*take)(struct pc_config_reader *reader, const struct pc_config_word *word,
                             yaml_node_t *value, void *target, p11csr_error **err);
    size_t offset; /* of the char * in the target, for pc_config_take_text() */
};

struct pc_config_words {
    const struct pc_config_word *rows;
    size_t count;
    void *target;
};

/*
 * Hands each pair of the mapping that `content` holds to `words`; an empty content holds none. Errors:
 * CONFIG, at the first mistake, or, where the reader collects, with all of them as notes.
 */
PC_RESULT pc_config_read(struct pc_config_reader *reader, struct pc_span content,
                         const struct pc_config_words *words, p11csr_error **err);
/* Fails with "FILE:LINE:COLUMN: text". */
PC_RESULT pc_config_fail_at(const struct pc_config_reader *reader, const yaml_node_t *node, const char *text,
                            p11csr_error **err);
/* The text of a scalar without zeros inside; NULL when the node is something else. Borrowed. */
const char *pc_config_scalar(const yaml_node_t *node);
/* Calls `visit` for each pair of a mapping, after refusing keys that are no text or there twice. */
PC_RESULT pc_config_each_pair(struct pc_config_reader *reader, yaml_node_t *mapping,
                              struct pc_result (*visit)(struct pc_config_reader *reader, yaml_node_t *key,
                                                        yaml_node_t *value, void *data, p11csr_error **err),
                              void *data, p11csr_error **err);
/* The same for the items of a list. */
PC_RESULT pc_config_each_item(struct pc_config_reader *reader, yaml_node_t *list,
                              struct pc_result (*visit)(struct pc_config_reader *reader, yaml_node_t *item,
                                                        void *data, p11csr_error **err),
                              void *data, p11csr_error **err);
/* Fails at a node with what `why` says, for what other layers found; it is freed. */
PC_RESULT pc_config_fail_with(const struct pc_config_reader *reader, const yaml_node_t *node,
                              p11csr_error **why, p11csr_error **err);
/* The value of a word in a mapping, or NULL. */
yaml_node_t *pc_config_find(struct pc_config_reader *reader, const yaml_node_t *mapping, const char *name);
/* A visitor: `data` is a struct pc_config_words, whose row of that name takes the value. */
PC_RESULT pc_config_take_pair(struct pc_config_reader *reader, yaml_node_t *key, yaml_node_t *value,
                              void *data, p11csr_error **err);
/* Takes a text that is not empty into the char * at the word's offset, in place of an earlier one. */
PC_RESULT pc_config_take_text(struct pc_config_reader *reader, const struct pc_config_word *word,
                              yaml_node_t *value, void *target, p11csr_error **err);

/* The quirks of an alias, whose name is known already; and the rules for whatever matches. */
PC_RESULT pc_config_take_alias_quirks(struct pc_config_reader *reader, const struct pc_config_word *word,
                                      yaml_node_t *value, void *target, p11csr_error **err);
PC_RESULT pc_config_take_quirks(struct pc_config_reader *reader, const struct pc_config_word *word,
                                yaml_node_t *value, void *target, p11csr_error **err);

/*
 * Takes the pin-values out of the text of a file, in place: libyaml makes copies that nobody can wipe. Each
 * leaves as many '*'. Call pc_config_pins_done() whatever it returns.
 */
PC_RESULT pc_config_cut_pins(struct pc_buf *text, struct pc_buf *ret, p11csr_error **err);
void pc_config_pins_done(struct pc_buf *pins);
/* Whether a text has a pin-value. */
bool pc_config_has_pin(const char *text);
/* As pc_config_take_text(), and the alias gets the PIN that was cut out of its URI. */
PC_RESULT pc_config_take_uri(struct pc_config_reader *reader, const struct pc_config_word *word,
                             yaml_node_t *value, void *target, p11csr_error **err);

#endif
