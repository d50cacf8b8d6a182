// SPDX-License-Identifier: Apache-2.0
#include "csr/lint/data.h"

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/content/host.h"
#include "csr/lint/lines.h"
#include "csr/lint/weak_key.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DATE_SIZE = 64, SHA1_SIZE = 20, SHA256_SIZE = 32, DEBIAN_SIZE = 10 };

struct list {
    char *path;
    bool looked; /* for the file */
    bool there;
    struct pc_lines lines;
    char date[DATE_SIZE];
};

struct pc_lint_data {
    pthread_mutex_t lock; /* held while a list is read; afterwards it does not change */
    struct list lists[PC_LIST_COUNT];
    struct pc_buf blocks; /* struct pc_address_block */
};

/* What a filter gets: where it is in the file, and what it may fill. */
struct reading {
    struct list *list;
    struct pc_buf *blocks;
    bool inside; /* of the section that counts */
};

static bool starts_with(struct pc_span line, const char *prefix)
{
    return line.len >= strlen(prefix) && memcmp(line.ptr, prefix, strlen(prefix)) == 0;
}

/* What stands behind `mark` in a comment is the list's date. */
static void keep_date(struct list *list, struct pc_span line, const char *mark)
{
    const uint8_t *found = memmem(line.ptr, line.len, mark, strlen(mark));
    if (found != NULL && list->date[0] == 0) {
        const size_t before = (size_t)(found - line.ptr) + strlen(mark);
        const size_t len = line.len - before < DATE_SIZE - 1 ? line.len - before : DATE_SIZE - 1;
        memcpy(list->date, line.ptr + before, len);
        list->date[len] = 0;
    }
}

static void add_lower(struct pc_buf *ret, struct pc_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.ptr[i];
        pc_buf_byte(ret, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
    }
}

static const char *filter_tld(struct pc_span line, struct pc_buf *ret, void *data)
{
    const struct reading *reading = data;
    if (line.ptr[0] == '#') {
        keep_date(reading->list, line, "Version ");
        return NULL;
    }
    for (size_t i = 0; i < line.len; i++) {
        if (!pc_ascii_is_alnum((char)line.ptr[i]) && line.ptr[i] != '-') {
            return "is not a top-level domain";
        }
    }
    add_lower(ret, line);
    return NULL;
}

static const char *filter_hash(struct pc_span line, struct pc_buf *ret, const struct reading *reading,
                               size_t size)
{
    if (line.ptr[0] == '#') {
        keep_date(reading->list, line, "Date: ");
        return NULL;
    }
    for (size_t i = 0; i < line.len; i++) {
        if (line.len != 2 * size || pc_hex_digit((char)line.ptr[i]) < 0) {
            return size == DEBIAN_SIZE ? "is not 20 hex digits" : "is not 64 hex digits";
        }
    }
    add_lower(ret, line);
    return NULL;
}

static const char *filter_debian(struct pc_span line, struct pc_buf *ret, void *data)
{
    return filter_hash(line, ret, data, DEBIAN_SIZE);
}

static const char *filter_blocked(struct pc_span line, struct pc_buf *ret, void *data)
{
    return filter_hash(line, ret, data, SHA256_SIZE);
}

static size_t label_end(struct pc_span line, size_t at)
{
    while (at < line.len && line.ptr[at] != '.' && line.ptr[at] != ' ' && line.ptr[at] != '\t') {
        at++;
    }
    return at;
}

/*
 * Appends a rule of the list of public suffixes, its labels as A-labels. One with a label that this libidn2
 * does not know is left out.
 */
static void add_rule(struct pc_span line, struct pc_buf *ret)
{
    const size_t before = ret->len;
    size_t end = label_end(line, 0);
    pc_buf_add(ret, line.ptr, line.ptr[0] == '!' ? 1 : 0);
    for (size_t at = line.ptr[0] == '!' ? 1 : 0;; at = end + 1, end = label_end(line, at)) {
        if (pc_host_label_add((struct pc_span){line.ptr + at, end - at}, ret) != NULL) {
            ret->len = before;
            return;
        }
        if (end == line.len || line.ptr[end] != '.') {
            return;
        }
        pc_buf_byte(ret, '.');
    }
}

static const char *filter_suffix(struct pc_span line, struct pc_buf *ret, void *data)
{
    struct reading *reading = data;
    if (starts_with(line, "//")) {
        keep_date(reading->list, line, "VERSION: ");
        reading->inside = reading->inside ? !starts_with(line, "// ===END ICANN DOMAINS===")
                                          : starts_with(line, "// ===BEGIN ICANN DOMAINS===");
    } else if (reading->inside) {
        add_rule(line, ret);
    }
    return NULL;
}

static const char *filter_address(struct pc_span line, struct pc_buf *ret, void *data)
{
    const struct reading *reading = data;
    struct pc_address_block block;
    (void)ret;
    if (line.ptr[0] == '#') {
        keep_date(reading->list, line, "Date: ");
        return NULL;
    }
    const char *fault = pc_address_block_parse(line, &block);
    if (fault == NULL) {
        pc_buf_add(reading->blocks, &block, sizeof(block));
    }
    return fault;
}

#define DEBIAN_FORM "in the form of Debian's package openssl-blacklist"

static const struct {
    const char *file;
    const char *what;
    const char *elsewhere; /* where to look when it is not in the data directory */
    pc_lines_filter *filter;
    size_t bits; /* of the keys it lists */
} rows[PC_LIST_COUNT] = {
    [PC_LIST_TLDS] = {"tlds-alpha-by-domain.txt", "https://data.iana.org/TLD/tlds-alpha-by-domain.txt", NULL,
                      filter_tld, 0},
    [PC_LIST_SUFFIXES] = {"public_suffix_list.dat", "https://publicsuffix.org/list/public_suffix_list.dat",
                          "/usr/share/publicsuffix/public_suffix_list.dat", filter_suffix, 0},
    [PC_LIST_ADDRESSES] = {"special-addresses.txt", "lines of 'CIDR NAME'", NULL, filter_address, 0},
    [PC_LIST_BLOCKED] = {"blocked-keys.txt", "SHA-256 of SubjectPublicKeyInfo in hex, one a line", NULL,
                         filter_blocked, 0},
    [PC_LIST_RSA_1024] = {"blacklist.RSA-1024", DEBIAN_FORM, NULL, filter_debian, 1024},
    [PC_LIST_RSA_2048] = {"blacklist.RSA-2048", DEBIAN_FORM, NULL, filter_debian, 2048},
    [PC_LIST_RSA_3072] = {"blacklist.RSA-3072", DEBIAN_FORM, NULL, filter_debian, 3072},
    [PC_LIST_RSA_4096] = {"blacklist.RSA-4096", DEBIAN_FORM, NULL, filter_debian, 4096},
    [PC_LIST_RSA_8192] = {"blacklist.RSA-8192", DEBIAN_FORM, NULL, filter_debian, 8192},
};

static struct pc_result check_directory(const char *dir, p11csr_error **err)
{
    int fd PC_CLEANUP(pc_close) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? PC_OK : pc_fail_errno(err, P11CSR_E_READ, errno, "open '%s'", dir);
}

PC_RESULT pc_lint_data_new(const char *dir, struct pc_lint_data **ret, p11csr_error **err)
{
    PC_TRY(dir != NULL ? check_directory(dir, err) : PC_OK);
    struct pc_lint_data *data PC_CLEANUP(pc_lint_data_free) = pc_alloc(sizeof(*data));
    if (data == NULL || pthread_mutex_init(&data->lock, NULL) != 0) {
        pc_release(data);
        data = NULL;
        return pc_fail_memory(err);
    }
    for (size_t i = 0; i < PC_LIST_COUNT; i++) {
        data->lists[i].path = pc_asprintf("%s/%s", dir != NULL ? dir : PC_LINT_DATA_DIR, rows[i].file);
        if (data->lists[i].path == NULL) {
            return pc_fail_memory(err);
        }
    }
    pc_buf_init(&data->blocks, PC_MAX_LINT_BLOCKS * sizeof(struct pc_address_block));
    *ret = data;
    data = NULL;
    return PC_OK;
}

void pc_lint_data_free(struct pc_lint_data **data)
{
    if (data != NULL && *data != NULL) {
        for (size_t i = 0; i < PC_LIST_COUNT; i++) {
            pc_lines_done(&(*data)->lists[i].lines);
            pc_release((*data)->lists[i].path);
        }
        pc_buf_done(&(*data)->blocks);
        (void)pthread_mutex_destroy(&(*data)->lock);
        pc_release(*data);
        *data = NULL;
    }
}

static bool is_there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* Where a list is kept by others when the data directory has none of its own. */
static struct pc_result find_list(struct list *list, const char *elsewhere, p11csr_error **err)
{
    list->there = is_there(list->path);
    if (!list->there && elsewhere != NULL && is_there(elsewhere)) {
        char *path = pc_strdup(elsewhere);
        if (path == NULL) {
            return pc_fail_memory(err);
        }
        pc_release(list->path);
        list->path = path;
        list->there = true;
    }
    return PC_OK;
}

/* Reads a list unless that was done before. A list without entries would find nothing, and is refused. */
static struct pc_result load(struct pc_lint_data *data, enum pc_lint_list id, p11csr_error **err)
{
    struct list *list = &data->lists[id];
    struct reading reading = {list, &data->blocks, false};
    if (list->looked) {
        return PC_OK;
    }
    PC_TRY(find_list(list, rows[id].elsewhere, err));
    if (list->there) {
        PC_TRY(pc_lines_read(list->path, PC_MAX_LINT_FILE, rows[id].filter, &reading, &list->lines, err));
        PC_TRY(pc_buf_check(&data->blocks, err));
        if (list->lines.count == 0 && (id != PC_LIST_ADDRESSES || data->blocks.len == 0)) {
            return pc_fail(err, P11CSR_E_CONFIG, "'%s' has no entries of the kind that is looked for in it",
                           list->path);
        }
    } else if (id == PC_LIST_ADDRESSES) {
        PC_TRY(pc_address_blocks_add(&data->blocks, err));
        (void)snprintf(list->date, sizeof(list->date), "%s", PC_ADDRESSES_DATE);
    }
    list->looked = true;
    return PC_OK;
}

static struct pc_result ensure(struct pc_lint_data *data, enum pc_lint_list id, p11csr_error **err)
{
    (void)pthread_mutex_lock(&data->lock);
    const struct pc_result result = load(data, id, err);
    (void)pthread_mutex_unlock(&data->lock);
    return pc_frame(result, err, "cannot use a list that rules look things up in");
}

static struct pc_result look_up(struct pc_lint_data *data, enum pc_lint_list id, struct pc_span entry,
                                enum pc_listed *ret, p11csr_error **err)
{
    PC_TRY(ensure(data, id, err));
    *ret = !data->lists[id].there
               ? PC_LISTED_UNKNOWN
               : (pc_lines_have(&data->lists[id].lines, entry) ? PC_LISTED_YES : PC_LISTED_NO);
    return PC_OK;
}

PC_RESULT pc_lint_is_tld(struct pc_lint_data *data, struct pc_span label, enum pc_listed *ret,
                         p11csr_error **err)
{
    struct pc_buf lower PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&lower, PC_HOST_MAX);
    add_lower(&lower, label);
    if (lower.failed == P11CSR_E_NO_MEMORY) {
        return pc_fail_memory(err);
    }
    // a label that is longer than any is looked up as far as it goes, and not found
    return look_up(data, PC_LIST_TLDS, pc_buf_span(&lower), ret, err);
}

/* True when the list has the rule `prefix` + `name`. */
static bool has_rule(const struct pc_lines *lines, const char *prefix, struct pc_span name)
{
    uint8_t rule[2 + PC_HOST_MAX];
    const size_t len = strlen(prefix);
    memcpy(rule, prefix, len);
    memcpy(rule + len, name.ptr, name.len);
    return pc_lines_have(lines, (struct pc_span){rule, len + name.len});
}

/* The name without its first label. */
static struct pc_span parent_of(struct pc_span name)
{
    const uint8_t *dot = memchr(name.ptr, '.', name.len);
    const size_t len = dot != NULL ? (size_t)(dot - name.ptr) + 1 : name.len;
    return (struct pc_span){name.ptr + len, name.len - len};
}

/* The longest rule wins, "*" standing for one label; "!" takes a name out of such a rule. */
static size_t suffix_of(const struct pc_lines *lines, struct pc_span name)
{
    for (struct pc_span rest = name; rest.len > 0; rest = parent_of(rest)) {
        const struct pc_span parent = parent_of(rest);
        if (has_rule(lines, "!", rest)) {
            return parent.len;
        }
        if (has_rule(lines, "", rest) || (parent.len > 0 && has_rule(lines, "*.", parent))) {
            return rest.len;
        }
    }
    return 0;
}

PC_RESULT pc_lint_public_suffix(struct pc_lint_data *data, struct pc_span name, size_t *ret_len,
                                enum pc_listed *ret, p11csr_error **err)
{
    const struct list *list = &data->lists[PC_LIST_SUFFIXES];
    struct pc_buf lower PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&lower, PC_HOST_MAX);
    PC_TRY(ensure(data, PC_LIST_SUFFIXES, err));
    *ret_len = 0;
    *ret = PC_LISTED_UNKNOWN;
    if (list->there) {
        add_lower(&lower, name);
        // a name that is too long for a host has no suffix
        *ret_len = lower.failed == P11CSR_OK ? suffix_of(&list->lines, pc_buf_span(&lower)) : 0;
        *ret = *ret_len > 0 ? PC_LISTED_YES : PC_LISTED_NO;
    }
    return lower.failed == P11CSR_E_NO_MEMORY ? pc_fail_memory(err) : PC_OK;
}

PC_RESULT pc_lint_special_address(struct pc_lint_data *data, struct pc_span address,
                                  const struct pc_address_block **ret, p11csr_error **err)
{
    PC_TRY(ensure(data, PC_LIST_ADDRESSES, err));
    *ret = pc_address_find(&data->blocks, address);
    return PC_OK;
}

enum pc_lint_list pc_lint_debian_list(size_t bits)
{
    enum pc_lint_list id = PC_LIST_RSA_1024;
    while (id < PC_LIST_COUNT && rows[id].bits != bits) {
        id++;
    }
    return id;
}

/* Looks up the last `size` octets of a digest, in hex. */
static struct pc_result look_up_digest(struct pc_lint_data *data, enum pc_lint_list id, struct pc_span digest,
                                       enum pc_listed *ret, p11csr_error **err)
{
    struct pc_buf hex PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&hex, (size_t)2 * PC_DIGEST_MAX);
    pc_hex_add(&hex, digest, 0);
    PC_TRY(pc_buf_check(&hex, err));
    return look_up(data, id, pc_buf_span(&hex), ret, err);
}

PC_RESULT pc_lint_is_debian_key(struct pc_lint_data *data, const struct pc_crypto *crypto,
                                struct pc_span modulus, enum pc_listed *ret, p11csr_error **err)
{
    const enum pc_lint_list id = pc_lint_debian_list(pc_weak_bits(modulus));
    uint8_t digest[PC_DIGEST_MAX];
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)4 * PC_MAX_SPKI);
    if (id == PC_LIST_COUNT) {
        *ret = PC_LISTED_UNKNOWN;
        return PC_OK;
    }
    while (modulus.ptr[0] == 0) {
        modulus = (struct pc_span){modulus.ptr + 1, modulus.len - 1};
    }
    pc_buf_text(&text, "Modulus=");
    for (size_t i = 0; i < modulus.len; i++) {
        pc_buf_printf(&text, "%02X", modulus.ptr[i]);
    }
    pc_buf_byte(&text, '\n');
    PC_TRY(pc_buf_check(&text, err));
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA1, pc_buf_span(&text), digest, err));
    const struct pc_span end = {digest + SHA1_SIZE - DEBIAN_SIZE, DEBIAN_SIZE};
    return look_up_digest(data, id, end, ret, err);
}

PC_RESULT pc_lint_is_blocked_key(struct pc_lint_data *data, const struct pc_crypto *crypto,
                                 struct pc_span spki, enum pc_listed *ret, p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_crypto_digest(crypto, PC_DIGEST_SHA256, spki, digest, err));
    return look_up_digest(data, PC_LIST_BLOCKED, (struct pc_span){digest, SHA256_SIZE}, ret, err);
}

const char *pc_lint_list_what(enum pc_lint_list list)
{
    return rows[list].what;
}

const char *pc_lint_list_path(const struct pc_lint_data *data, enum pc_lint_list list)
{
    return data->lists[list].path;
}

const char *pc_lint_list_date(const struct pc_lint_data *data, enum pc_lint_list list)
{
    return data->lists[list].date;
}
