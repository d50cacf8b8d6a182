// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_CONFIG_H
#define PC_LIB_CONFIG_H

#include "base/buf.h"
#include "base/secret.h"
#include "lib/quirks.h"

/* The configuration files: token aliases, the log, quirks, where profiles are. */

struct pc_env {
    char *name;
    char *value;
};

struct pc_alias {
    char *name;
    char *file;            /* where it stands */
    char *uri;             /* with '*' for its pin-value */
    struct pc_secret *pin; /* that pin-value; NULL: none */
    char *module;          /* NULL: not said */
    char *init_args;       /* what C_Initialize of the module is handed; NULL: not said */
    char *pin_source;      /* NULL: not said */
    char *so_pin_source;   /* of the security officer; NULL: not said */
    struct pc_buf env;     /* struct pc_env: set before the module is loaded */
};

struct pc_config {
    struct pc_buf aliases; /* struct pc_alias */
    char *log_file;        /* NULL: none */
    char *profiles_dir;    /* the person's own profiles; NULL: none */
    struct pc_buf quirks;  /* struct pc_own_rule * */
};

void pc_config_init(struct pc_config *config);
void pc_config_done(struct pc_config *config);
/* Takes the content of a file, from which PINs are cut; `path` is for error texts. */
PC_RESULT pc_config_parse(struct pc_config *config, const char *path, struct pc_buf *content,
                          p11csr_error **err);
/* Reads one file. Unknown words, duplicates and wrong types are CONFIG errors that name file and line. */
PC_RESULT pc_config_read_file(struct pc_config *config, const char *path, p11csr_error **err);
/* Reads a folder's p11csr.yaml and p11csr.d/NAME.yaml; what is not there is passed over. */
PC_RESULT pc_config_read_folder(struct pc_config *config, const char *path, p11csr_error **err);
/* The alias of this name, or NULL. */
const struct pc_alias *pc_config_alias(const struct pc_config *config, const char *name);

#endif
