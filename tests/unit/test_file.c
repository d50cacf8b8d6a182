// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "lib/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every test runs in an empty folder of its own, which is the working directory. */
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

static size_t count_files(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    }
    (void)closedir(dir);
    return count;
}

static void check_content(const char *path, const char *content)
{
    p11csr_error *err = NULL;
    struct pc_buf buf;
    pc_buf_init(&buf, 100000);
    check_ok(pc_file_read(path, &buf, &err), &err);
    check_text(&buf, content);
    pc_buf_done(&buf);
}

static void test_keep(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct stat st;
    const mode_t mask = umask(022);
    check_ok(pc_file_write("out", pc_span_str("first"), PC_FILE_KEEP, 0666, &err), &err);
    (void)umask(mask);
    check_content("out", "first");
    assert_int_equal(stat("out", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    check_fails(pc_file_write("out", pc_span_str("second"), PC_FILE_KEEP, 0666, &err), &err,
                P11CSR_E_FILE_EXISTS, "create 'out': File exists");
    check_content("out", "first");
    assert_int_equal(count_files("."), 1); // no temporary file is left
}

static void test_replace(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_file_write("out", pc_span_str("first"), PC_FILE_REPLACE, 0600, &err), &err);
    check_ok(pc_file_write("out", pc_span_str("second"), PC_FILE_REPLACE, 0600, &err), &err);
    check_content("out", "second");
    assert_int_equal(count_files("."), 1);
}

static void test_keep_does_not_follow_a_dangling_link(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    assert_int_equal(symlink("elsewhere", "out"), 0);
    check_fails(pc_file_write("out", pc_span_str("x"), PC_FILE_KEEP, 0600, &err), &err, P11CSR_E_FILE_EXISTS,
                "create 'out': File exists");
    assert_int_equal(access("elsewhere", F_OK), -1);
}

static void test_folder_missing(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_fails(pc_file_write("no/out", pc_span_str("x"), PC_FILE_KEEP, 0600, &err), &err, P11CSR_E_WRITE,
                "create a file in 'no': No such file or directory");
    check_fails(pc_file_check_writable("no/out", PC_FILE_KEEP, &err), &err, P11CSR_E_WRITE,
                "create a file in 'no': No such file or directory");
}

static void test_folder_in_the_way(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    assert_int_equal(mkdir("out", 0700), 0);
    check_fails(pc_file_check_writable("out", PC_FILE_REPLACE, &err), &err, P11CSR_E_WRITE,
                "create 'out': Is a directory");
    check_fails(pc_file_write("out", pc_span_str("x"), PC_FILE_REPLACE, 0600, &err), &err, P11CSR_E_WRITE,
                "Is a directory");
    assert_int_equal(count_files("."), 1);
}

static void test_no_room(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_fails(pc_file_write("/dev/full", pc_span_str("x"), PC_FILE_REPLACE, 0600, &err), &err,
                P11CSR_E_WRITE, "write '/dev/full': No space left on device");
}

static void test_special_files_are_written_directly(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    char got[8] = {0};
    assert_int_equal(mkfifo("pipe", 0600), 0);
    const int reader = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    check_ok(pc_file_check_writable("pipe", PC_FILE_KEEP, &err), &err);
    check_ok(pc_file_write("pipe", pc_span_str("piped"), PC_FILE_KEEP, 0600, &err), &err);
    assert_int_equal(read(reader, got, sizeof(got)), 5);
    assert_string_equal(got, "piped");
    (void)close(reader);
    check_ok(pc_file_write("/dev/null", pc_span_str("x"), PC_FILE_KEEP, 0600, &err), &err);
}

static void test_several(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    const struct pc_file both[] = {{.path = "a", .content = pc_span_str("1")},
                                   {.path = "b", .content = pc_span_str("2")}};
    check_ok(pc_files_write(both, 2, PC_FILE_KEEP, 0600, &err), &err);
    check_content("a", "1");
    check_content("b", "2");
    // One that cannot be written, wherever it stands, and there is none.
    for (int last = 0; last < 2; last++) {
        const struct pc_file fresh = {.path = "c", .content = pc_span_str("3")};
        const struct pc_file *taken = &both[0];
        const struct pc_file list[] = {last != 0 ? fresh : *taken, last != 0 ? *taken : fresh};
        check_fails(pc_files_write(list, 2, PC_FILE_KEEP, 0600, &err), &err, P11CSR_E_FILE_EXISTS, "'a'");
        const struct pc_file full = {.path = "/dev/full", .content = pc_span_str("4")};
        const struct pc_file pair[] = {last != 0 ? fresh : full, last != 0 ? full : fresh};
        check_fails(pc_files_write(pair, 2, PC_FILE_REPLACE, 0600, &err), &err, P11CSR_E_WRITE, "/dev/full");
        const struct pc_file lost = {.path = "no/d", .content = pc_span_str("5")};
        const struct pc_file two[] = {{.path = "a", .content = pc_span_str("6")}, lost};
        check_fails(pc_files_write(two, 2, PC_FILE_REPLACE, 0600, &err), &err, P11CSR_E_WRITE, "in 'no'");
        check_content("a", "1");
        assert_int_equal(count_files("."), 2);
    }
    // One that is to go, whether it is there or not.
    const struct pc_file last[] = {{.path = "a", .content = pc_span_str("7")},
                                   {.path = "b", .absent = true},
                                   {.path = "never", .absent = true}};
    check_ok(pc_files_write(last, 3, PC_FILE_REPLACE, 0600, &err), &err);
    check_content("a", "7");
    assert_int_equal(count_files("."), 1);
}

static void test_check_writable(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_file_check_writable("out", PC_FILE_KEEP, &err), &err);
    assert_int_equal(count_files("."), 0); // it only looked
    check_ok(pc_file_write("out", pc_span_str("x"), PC_FILE_KEEP, 0600, &err), &err);
    check_fails(pc_file_check_writable("out", PC_FILE_KEEP, &err), &err, P11CSR_E_FILE_EXISTS, "File exists");
    check_ok(pc_file_check_writable("out", PC_FILE_REPLACE, &err), &err);
}

static void test_read_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf buf;
    check_ok(pc_file_write("in", pc_span_str("12345"), PC_FILE_KEEP, 0600, &err), &err);
    pc_buf_init(&buf, 5);
    check_ok(pc_file_read("in", &buf, &err), &err);
    pc_buf_done(&buf);
    pc_buf_init(&buf, 4);
    check_fails(pc_file_read("in", &buf, &err), &err, P11CSR_E_LIMIT, "cannot read 'in'");
    pc_buf_done(&buf);
    check_fails(pc_file_read("missing", &buf, &err), &err, P11CSR_E_READ,
                "open 'missing': No such file or directory");
    check_fails(pc_file_read(".", &buf, &err), &err, P11CSR_E_READ, "read '.': Is a directory");
}

static void test_large_and_binary(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf out;
    struct pc_buf in;
    pc_buf_init(&out, 100000);
    pc_buf_init(&in, 100000);
    for (int i = 0; i < 100000; i++) {
        pc_buf_byte(&out, (uint8_t)(i * 7));
    }
    check_ok(pc_file_write("out", pc_buf_span(&out), PC_FILE_KEEP, 0600, &err), &err);
    check_ok(pc_file_read("out", &in, &err), &err);
    check_same(pc_buf_span(&in), pc_buf_span(&out));
    pc_buf_done(&out);
    pc_buf_done(&in);
}

static void test_empty(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_file_write("out", (struct pc_span){0}, PC_FILE_KEEP, 0600, &err), &err);
    check_content("out", "");
}

static void test_dir_make(void **state)
{
    p11csr_error *err = NULL;
    char path[128];
    struct stat st;
    check_ok(pc_dir_make("a/b/c", 0700, &err), &err);
    check_ok(pc_dir_make("a/b/c", 0700, &err), &err);
    assert_int_equal(stat("a/b/c", &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    (void)snprintf(path, sizeof(path), "%s/d/e", (const char *)*state);
    check_ok(pc_dir_make(path, 0700, &err), &err);
    assert_int_equal(access("d/e", F_OK), 0);
    check_ok(pc_file_write("file", pc_span_str("x"), PC_FILE_KEEP, 0600, &err), &err);
    check_fails(pc_dir_make("file/x", 0700, &err), &err, P11CSR_E_WRITE, "Not a directory");
}

static void test_write_fd(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    const int fd = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    check_ok(pc_file_write_fd(fd, "out", pc_span_str("abc"), &err), &err);
    int closing = fd;
    pc_close(&closing);
    assert_int_equal(closing, -1);
    pc_close(&closing);
    check_content("out", "abc");
    check_fails(pc_file_write_fd(fd, "gone", pc_span_str("abc"), &err), &err, P11CSR_E_WRITE,
                "write 'gone': Bad file descriptor");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_keep),
        IN_FOLDER(test_replace),
        IN_FOLDER(test_keep_does_not_follow_a_dangling_link),
        IN_FOLDER(test_folder_missing),
        IN_FOLDER(test_folder_in_the_way),
        IN_FOLDER(test_no_room),
        IN_FOLDER(test_special_files_are_written_directly),
        IN_FOLDER(test_several),
        IN_FOLDER(test_check_writable),
        IN_FOLDER(test_read_limit),
        IN_FOLDER(test_large_and_binary),
        IN_FOLDER(test_empty),
        IN_FOLDER(test_dir_make),
        IN_FOLDER(test_write_fd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
