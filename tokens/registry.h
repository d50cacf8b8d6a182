// SPDX-License-Identifier: Apache-2.0
#ifndef PC_TOKENS_REGISTRY_H
#define PC_TOKENS_REGISTRY_H

#include "base/buf.h"

/*
 * Resolves a module name by reading p11-kit's .module files: p11-kit itself would open every module to
 * answer. Files of the user come before those of the system. *ret_path is the module's file and belongs to
 * the caller, as does *ret_init_args, what its file wants handed to C_Initialize (x-init-reserved); NULL when
 * it says nothing. Unknown names fail with MODULE_NOT_FOUND and a note for each name that is known.
 */
PC_RESULT pc_registry_resolve(const char *name, char **ret_path, char **ret_init_args, p11csr_error **err);

/* A module that p11-kit's configuration names. */
struct pc_known_module {
    char *name;
    char *file; /* the .module file */
    char *path; /* of the module; NULL: the file names none (a remote one), or cannot be read */
    bool trust; /* certificates of authorities, never anybody's keys */
};

/*
 * Appends a struct pc_known_module for each, by name, without loading any. A name that is in the user's
 * folder and in the system's is there once.
 */
PC_RESULT pc_registry_list(struct pc_buf *ret, p11csr_error **err);
/* Frees what pc_registry_list() appended. */
void pc_registry_done(struct pc_buf *known);

#endif
