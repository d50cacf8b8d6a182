// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "csr/lint/data.h"
#include "csr/lint/lines.h"
#include "lib/check.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every test runs in an empty folder of its own, which is the working directory and the data directory. */
static int enter_folder(void **state)
{
    char path[] = "/tmp/p11csr-test-XXXXXX";
    if (mkdtemp(path) == NULL || chdir(path) != 0) {
        return -1;
    }
    *state = strdup(path);
    return *state != NULL ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

static int leave_folder(void **state)
{
    const int result = nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return chdir("/") == 0 ? result : -1;
}

static void put(const char *name, const char *content)
{
    p11csr_error *err = NULL;
    check_ok(pc_file_write(name, pc_span_str(content), PC_FILE_REPLACE, 0644, &err), &err);
}

static struct pc_lint_data *open_data(void)
{
    struct pc_lint_data *data = NULL;
    p11csr_error *err = NULL;
    check_ok(pc_lint_data_new(".", &data, &err), &err);
    return data;
}

static enum pc_listed tld(struct pc_lint_data *data, const char *label)
{
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    p11csr_error *err = NULL;
    check_ok(pc_lint_is_tld(data, pc_span_str(label), &answer, &err), &err);
    return answer;
}

static void test_tlds(void **state)
{
    (void)state;
    put("tlds-alpha-by-domain.txt", "# Version 2026010100, Last Updated Thu Jan  1 07:07:01 2026 UTC\r\n"
                                    "COM\r\nDE\r\nXN--P1AI\r\n\r\nAERO\r\n");
    struct pc_lint_data *data = open_data();
    assert_string_equal(pc_lint_list_date(data, PC_LIST_TLDS), "");
    assert_int_equal(tld(data, "com"), PC_LISTED_YES);
    assert_int_equal(tld(data, "DE"), PC_LISTED_YES);
    assert_int_equal(tld(data, "xn--p1ai"), PC_LISTED_YES);
    assert_int_equal(tld(data, "aero"), PC_LISTED_YES);
    assert_int_equal(tld(data, "aer"), PC_LISTED_NO);
    assert_int_equal(tld(data, "local"), PC_LISTED_NO);
    assert_int_equal(tld(data, ""), PC_LISTED_NO);
    char longest[300] = {0};
    memset(longest, 'c', sizeof(longest) - 1);
    assert_int_equal(tld(data, longest), PC_LISTED_NO);
    assert_string_equal(pc_lint_list_date(data, PC_LIST_TLDS),
                        "2026010100, Last Updated Thu Jan  1 07:07:01 2026 UTC");
    pc_lint_data_free(&data);
    pc_lint_data_free(&data);
}

static void test_absent(void **state)
{
    (void)state;
    struct pc_lint_data *data = open_data();
    enum pc_listed answer = PC_LISTED_YES;
    struct pc_crypto *crypto = NULL;
    p11csr_error *err = NULL;
    const uint8_t modulus[256] = {0x80};
    check_ok(pc_crypto_new(&crypto, &err), &err);
    assert_int_equal(tld(data, "com"), PC_LISTED_UNKNOWN);
    assert_string_equal(pc_lint_list_path(data, PC_LIST_TLDS), "./tlds-alpha-by-domain.txt");
    check_ok(pc_lint_is_debian_key(data, crypto, PC_SPAN(modulus), &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_UNKNOWN);
    assert_string_equal(pc_lint_list_path(data, pc_lint_debian_list(2048)), "./blacklist.RSA-2048");
    assert_int_equal(pc_lint_debian_list(2056), PC_LIST_COUNT);
    answer = PC_LISTED_YES;
    check_ok(pc_lint_is_debian_key(data, crypto, (struct pc_span){modulus, 255}, &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_UNKNOWN); // no list of keys of 2040 bits
    check_ok(pc_lint_is_blocked_key(data, crypto, pc_span_str("spki"), &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_UNKNOWN);
    pc_crypto_free(&crypto);
    pc_lint_data_free(&data);
    // a file that appears is not seen by a run that has looked for it
    check_fails(pc_lint_data_new("none", &data, &err), &err, P11CSR_E_READ, "open 'none'");
    check_ok(pc_lint_data_new(NULL, &data, &err), &err);
    assert_non_null(strstr(pc_lint_list_path(data, PC_LIST_TLDS), "/p11csr/lint/tlds-alpha-by-domain.txt"));
    pc_lint_data_free(&data);
}

static void test_suffixes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *suffix; // NULL: no rule
    } rows[] = {
        {"com", "com"},
        {"www.Example.COM", "COM"},
        {"co.uk", "co.uk"},
        {"example.co.uk", "co.uk"},
        {"uk", "uk"},
        {"ck", "ck"}, // a wildcard alone does not make it one, its own rule does
        {"foo.ck", "foo.ck"},
        {"a.foo.ck", "foo.ck"},
        {"www.ck", "ck"},
        {"a.www.ck", "ck"},
        {"kobe.jp", NULL},
        {"c.kobe.jp", "c.kobe.jp"},
        {"city.kobe.jp", "kobe.jp"},
        {"xn--55qx5d.cn", "xn--55qx5d.cn"},
        {"a.xn--55qx5d.cn", "xn--55qx5d.cn"},
        {"a.github.io", "io"}, // a private domain does not count
        {"host.internal", NULL},
        {"", NULL},
    };
    put("public_suffix_list.dat",
        "// VERSION: 2026-01-02_03-04-05_UTC\n"
        "early\n"
        "// ===BEGIN ICANN DOMAINS===\n"
        "// ac : a comment\n"
        "com\nuk\nco.uk\nck\n*.ck\n!www.ck\n*.kobe.jp\n!city.kobe.jp  // a rest\nio\n"
        "\xe5\x85\xac\xe5\x8f\xb8.cn\n"
        "// ===END ICANN DOMAINS===\n"
        "// ===BEGIN PRIVATE DOMAINS===\n"
        "github.io\ninternal\n"
        "// ===END PRIVATE DOMAINS===\n");
    struct pc_lint_data *data = open_data();
    p11csr_error *err = NULL;
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        size_t len = 99;
        enum pc_listed answer = PC_LISTED_UNKNOWN;
        check_ok(pc_lint_public_suffix(data, pc_span_str(rows[i].name), &len, &answer, &err), &err);
        assert_int_equal(answer, rows[i].suffix != NULL ? PC_LISTED_YES : PC_LISTED_NO);
        assert_string_equal(rows[i].name + strlen(rows[i].name) - len,
                            rows[i].suffix != NULL ? rows[i].suffix : "");
    }
    char longest[300];
    size_t len = 99;
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    memset(longest, 'a', sizeof(longest));
    memcpy(longest + sizeof(longest) - 5, ".com", 5);
    check_ok(pc_lint_public_suffix(data, pc_span_str(longest), &len, &answer, &err), &err);
    assert_int_equal(len, 0);
    assert_string_equal(pc_lint_list_date(data, PC_LIST_SUFFIXES), "2026-01-02_03-04-05_UTC");
    pc_lint_data_free(&data);
}

static const char *block_of(struct pc_lint_data *data, const char *text)
{
    uint8_t address[16];
    const struct pc_address_block *block = NULL;
    const int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    p11csr_error *err = NULL;
    assert_int_equal(inet_pton(family, text, address), 1);
    const struct pc_span span = {address, family == AF_INET6 ? 16 : 4};
    check_ok(pc_lint_special_address(data, span, &block, &err), &err);
    return block != NULL ? block->name : "";
}

/* The first and last address of a block and their neighbours. */
static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        const char *name;
    } rows[] = {
        {"9.255.255.255", ""},
        {"10.0.0.0", "Private-Use (RFC 1918)"},
        {"10.255.255.255", "Private-Use (RFC 1918)"},
        {"11.0.0.0", ""},
        {"100.63.255.255", ""},
        {"100.64.0.0", "Shared Address Space (RFC 6598)"},
        {"100.127.255.255", "Shared Address Space (RFC 6598)"},
        {"100.128.0.0", ""},
        {"172.15.255.255", ""},
        {"172.31.255.255", "Private-Use (RFC 1918)"},
        {"172.32.0.0", ""},
        {"0.0.0.0", "This host on this network (RFC 1122)"},
        {"0.0.0.1", "This network (RFC 791)"},
        {"192.0.0.7", "IPv4 Service Continuity Prefix (RFC 7335)"},
        {"192.0.0.9", "Port Control Protocol Anycast (RFC 7723)"},
        {"192.0.0.11", "IETF Protocol Assignments (RFC 6890)"},
        {"192.0.1.0", ""},
        {"255.255.255.255", "Limited Broadcast (RFC 919)"},
        {"239.255.255.255", ""},
        {"93.184.216.34", ""},
        {"::", "Unspecified Address (RFC 4291)"},
        {"::1", "Loopback Address (RFC 4291)"},
        {"::2", ""},
        {"::ffff:93.184.216.34", "IPv4-mapped Address (RFC 4291)"},
        {"2001:db8:ffff::1", "Documentation (RFC 3849)"},
        {"2001:db9::", ""},
        {"2001:0:1::", "TEREDO (RFC 4380)"},
        {"2001:1ff:ffff::", "IETF Protocol Assignments (RFC 2928)"},
        {"2001:200::", ""},
        {"3fff:fff::", "Documentation (RFC 9637)"},
        {"3fff:1000::", ""},
        {"fe7f::", ""},
        {"febf::", "Link-Local Unicast (RFC 4291)"},
        {"2606:2800:220:1::1", ""},
    };
    struct pc_lint_data *data = open_data();
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        assert_string_equal(block_of(data, rows[i].address), rows[i].name);
    }
    assert_string_equal(pc_lint_list_date(data, PC_LIST_ADDRESSES), PC_ADDRESSES_DATE);
    pc_lint_data_free(&data);
    put("special-addresses.txt",
        "# Date: 2030-01-01\n\n198.51.100.0/25 Half of it\n2001:db8::/32 Documentation\n");
    data = open_data();
    assert_string_equal(block_of(data, "198.51.100.127"), "Half of it");
    assert_string_equal(block_of(data, "198.51.100.128"), "");
    assert_string_equal(block_of(data, "10.0.0.1"), "");
    assert_string_equal(block_of(data, "2001:db8::1"), "Documentation");
    assert_string_equal(pc_lint_list_date(data, PC_LIST_ADDRESSES), "2030-01-01");
    pc_lint_data_free(&data);
}

/*
 * The digests were made by other programs: openssl's `-modulus` piped to sha1sum, and sha256sum of "spki".
 */
static void test_keys(void **state)
{
    (void)state;
    uint8_t modulus[129] = {0, 0xC0, 0xFF, 0xEE};
    struct pc_crypto *crypto = NULL;
    p11csr_error *err = NULL;
    enum pc_listed answer = PC_LISTED_UNKNOWN;
    modulus[128] = 1;
    put("blacklist.RSA-1024",
        "# a comment\n00000000000000000000\n13f1c2c8e2f8f4dfa174\nffffffffffffffffffff\n");
    put("blocked-keys.txt", "F08D5EB9E1BEDAC4B6EBCDF91F3B1EE62E0A9FA6D34B7B1EDF7D8E0C1B0A4E55\n6feecc8c16c555"
                            "1d9feb3eb5f77e2da773bf68bd9ef9c52927ceb2c86e56892b\n");
    check_ok(pc_crypto_new(&crypto, &err), &err);
    struct pc_lint_data *data = open_data();
    check_ok(pc_lint_is_debian_key(data, crypto, PC_SPAN(modulus), &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_YES);
    modulus[128] = 3;
    check_ok(pc_lint_is_debian_key(data, crypto, PC_SPAN(modulus), &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_NO);
    check_ok(pc_lint_is_blocked_key(data, crypto, pc_span_str("spki"), &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_YES);
    check_ok(pc_lint_is_blocked_key(data, crypto, pc_span_str("spkI"), &answer, &err), &err);
    assert_int_equal(answer, PC_LISTED_NO);
    pc_lint_data_free(&data);
    pc_crypto_free(&crypto);
}

/* A list that is there but cannot be used is an error, not an empty list. */
static void test_unusable(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *content;
        const char *text;
    } rows[] = {
        {"tlds-alpha-by-domain.txt", "# Version 1\nCOM\n<html>\n",
         "line 3 of './tlds-alpha-by-domain.txt' is not a top-level domain"},
        {"tlds-alpha-by-domain.txt", "# Version 1\n", "has no entries"},
        {"public_suffix_list.dat", "com\nde\n", "has no entries"},
        {"special-addresses.txt", "# Date: 2030-01-01\n", "has no entries"},
        {"special-addresses.txt", "10.0.0.0/8 A\n10.0.0.0/33 B\n",
         "line 2 of './special-addresses.txt' is not of"},
        {"special-addresses.txt", "10.0.0.0/ B\n", "line 1 of './special-addresses.txt' is not of"},
        {"special-addresses.txt", "10.0.0.1/24 B\n", "goes on behind the prefix"},
        {"special-addresses.txt", "fe80::1/10 B\n", "goes on behind the prefix"},
        {"special-addresses.txt", "10.0.0.0/8\n", "is not of the form '10.0.0.0/8 Name'"},
        {"special-addresses.txt", "1.2.3/8 B\n", "is not of the form"},
        {"blacklist.RSA-2048", "0123456789abcdef012\n", "is not 20 hex digits"},
        {"blacklist.RSA-2048", "0123456789abcdef012g\n", "is not 20 hex digits"},
        {"blocked-keys.txt", "0123456789abcdef0123\n", "is not 64 hex digits"},
    };
    const uint8_t modulus[256] = {0x80};
    struct pc_crypto *crypto = NULL;
    p11csr_error *err = NULL;
    check_ok(pc_crypto_new(&crypto, &err), &err);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_lint_data *data = open_data();
        enum pc_listed answer = PC_LISTED_UNKNOWN;
        const struct pc_address_block *block = NULL;
        size_t len = 0;
        put(rows[i].file, rows[i].content);
        struct pc_result result;
        switch (rows[i].file[0]) {
        case 't':
            result = pc_lint_is_tld(data, pc_span_str("com"), &answer, &err);
            break;
        case 'p':
            result = pc_lint_public_suffix(data, pc_span_str("com"), &len, &answer, &err);
            break;
        case 's':
            result = pc_lint_special_address(data, (struct pc_span){modulus, 4}, &block, &err);
            break;
        default:
            result = rows[i].file[2] == 'a'
                         ? pc_lint_is_debian_key(data, crypto, PC_SPAN(modulus), &answer, &err)
                         : pc_lint_is_blocked_key(data, crypto, PC_SPAN(modulus), &answer, &err);
            break;
        }
        check_fails(result, &err, P11CSR_E_CONFIG, rows[i].text);
        assert_int_equal(unlink(rows[i].file), 0);
        pc_lint_data_free(&data);
    }
    pc_crypto_free(&crypto);
}

static const char *keep(struct pc_span line, struct pc_buf *ret, void *data)
{
    (void)data;
    pc_buf_add_span(ret, line);
    return NULL;
}

static void test_lines(void **state)
{
    (void)state;
    struct pc_lines lines = {0};
    p11csr_error *err = NULL;
    put("list", " b \n\n\taa\r\na\nb\n\xff\nlast");
    check_ok(pc_lines_read("list", 100, keep, NULL, &lines, &err), &err);
    assert_int_equal(lines.count, 6);
    assert_true(pc_lines_have(&lines, pc_span_str("a")));
    assert_true(pc_lines_have(&lines, pc_span_str("aa")));
    assert_true(pc_lines_have(&lines, pc_span_str("b")));
    assert_true(pc_lines_have(&lines, pc_span_str("last")));
    assert_true(pc_lines_have(&lines, pc_span_str("\xff")));
    assert_false(pc_lines_have(&lines, pc_span_str("aaa")));
    assert_false(pc_lines_have(&lines, pc_span_str("")));
    pc_lines_done(&lines);
    assert_false(pc_lines_have(&lines, pc_span_str("a")));
    check_fails(pc_lines_read("list", 10, keep, NULL, &lines, &err), &err, P11CSR_E_LIMIT, "list");
    check_fails(pc_lines_read("none", 10, keep, NULL, &lines, &err), &err, P11CSR_E_READ, "none");
    check_fails(pc_lines_read("/dev/zero", 10000, keep, NULL, &lines, &err), &err, P11CSR_E_LIMIT,
                "/dev/zero");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tlds, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_absent, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_suffixes, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_addresses, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_keys, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_unusable, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_lines, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
