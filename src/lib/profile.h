// SPDX-License-Identifier: Apache-2.0
#ifndef PC_LIB_PROFILE_H
#define PC_LIB_PROFILE_H

#include "base/buf.h"
#include "p11csr/profile.h"
#include "p11csr/request.h"

/* A profile as it was read: every value is checked and in its canonical form. */

/* Lists of words; `given` tells an empty one from none. */
struct pc_profile_list {
    bool given;
    struct pc_buf items; /* char * */
};

enum pc_profile_list_id {
    PC_PROFILE_KEY_ALLOW,
    PC_PROFILE_KEY_USAGE,
    PC_PROFILE_KEY_REQUIRE,
    PC_PROFILE_SUBJECT_REQUIRE,
    PC_PROFILE_SUBJECT_ORDER,
    PC_PROFILE_SUBJECT_ALLOW,
    PC_PROFILE_SAN_TYPES,
    PC_PROFILE_RULES,
    PC_PROFILE_LISTS
};

enum pc_profile_text_id {
    PC_PROFILE_NAME,
    PC_PROFILE_DESCRIPTION,
    PC_PROFILE_KEY_DEFAULT,
    PC_PROFILE_SAN_MIN,
    PC_PROFILE_SAN_MAX,
    PC_PROFILE_VALIDATION,
    PC_PROFILE_PROOF,
    PC_PROFILE_TEXTS
};

/* A part of the subject that is added where none of its type is there. */
struct pc_profile_part {
    char *type;
    char *value;
};

enum pc_profile_values_id {
    PC_PROFILE_VALUES,  /* asked for unless something else is said */
    PC_PROFILE_ALLOW,   /* nothing else may be there; empty: the extension may not be there */
    PC_PROFILE_REQUIRE, /* has to be there */
    PC_PROFILE_VALUE_LISTS
};

struct pc_profile_extension {
    char *word;
    struct pc_profile_list lists[PC_PROFILE_VALUE_LISTS];
    int critical; /* -1: as is usual for it */
};

struct pc_profile_attribute {
    char *word;
    struct pc_profile_list values; /* asked for */
    struct pc_profile_list allow;  /* given, and empty: it may not be there */
};

struct p11csr_profile {
    char *file; /* NULL: shipped */
    char *texts[PC_PROFILE_TEXTS];
    struct pc_profile_list lists[PC_PROFILE_LISTS];
    struct pc_buf defaults;   /* struct pc_profile_part */
    struct pc_buf extensions; /* struct pc_profile_extension */
    struct pc_buf attributes; /* struct pc_profile_attribute */
};

/* Where a list or a text stands: "key.allow". */
const char *pc_profile_list_field(enum pc_profile_list_id id);
const char *pc_profile_text_field(enum pc_profile_text_id id);
const char *pc_profile_values_field(enum pc_profile_values_id id); /* "values" */

void pc_profile_list_done(struct pc_profile_list *list);
size_t pc_profile_count(const struct pc_profile_list *list);
const char *pc_profile_item(const struct pc_profile_list *list, size_t index);
bool pc_profile_holds(const struct pc_profile_list *list, const char *word);
size_t pc_profile_part_count(const struct p11csr_profile *profile);
const struct pc_profile_part *pc_profile_part(const struct p11csr_profile *profile, size_t index);
size_t pc_profile_extension_count(const struct p11csr_profile *profile);
const struct pc_profile_extension *pc_profile_extension(const struct p11csr_profile *profile, size_t index);
size_t pc_profile_attribute_count(const struct p11csr_profile *profile);
const struct pc_profile_attribute *pc_profile_attribute(const struct p11csr_profile *profile, size_t index);

/* NULL when out of memory. The cleanup is p11csr_profile_free(). */
struct p11csr_profile *pc_profile_new(void);
void pc_profile_cleanup(struct p11csr_profile **profile);
/*
 * Reads the content of a file into a new profile; `path` is for error texts. Errors: CONFIG, with every
 * mistake and its place.
 */
PC_RESULT pc_profile_parse(const char *path, struct pc_span content, struct p11csr_profile *profile,
                           p11csr_error **err);

/* The part as the text of a name: "O=Example\\, Inc."; NULL when out of memory. The caller releases it. */
char *pc_profile_part_text(const struct pc_profile_part *part) __attribute__((malloc));
/* What one of the lists of an extension says, handed to a request as its value. */
PC_RESULT pc_profile_extension_put(const struct pc_profile_extension *extension,
                                   enum pc_profile_values_id which, p11csr_request *request,
                                   p11csr_error **err);
/* A known extension. Errors: EXTENSION, with the nearest. */
PC_RESULT pc_profile_extension_check(const char *word, p11csr_error **err);
bool pc_profile_extension_is_there(const char *word, const p11csr_request *request);
/* True when `word` names an extension whose values are judged one by one. */
bool pc_profile_extension_is_list(const char *word);

/* A known attribute, or any by its OID. Errors: ATTRIBUTE, with the nearest. */
PC_RESULT pc_profile_attribute_check(const char *word, p11csr_error **err);
/* Hands its values to a request; a profile reads no other files and holds no passwords. Errors: ATTRIBUTE. */
PC_RESULT pc_profile_attribute_put(const struct pc_profile_attribute *attribute, p11csr_request *request,
                                   p11csr_error **err);
PC_RESULT pc_profile_attribute_is_there(const char *word, const p11csr_request *request, bool *ret,
                                        p11csr_error **err);

/* The profiles that are built in, made from src/profiles; the last has no name. */
struct pc_shipped {
    const char *name;
    const char *text;
    size_t len; /* octets */
};
extern const struct pc_shipped pc_shipped_profiles[];

#endif
