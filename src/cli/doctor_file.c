// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the header of a module's file says: the loader tells it in its own words, or not at all. */

enum { HEADER = 20, CLASS_AT = 4, ORDER_AT = 5, TYPE_AT = 16, MACHINE_AT = 18, LITTLE = 1, SHARED = 3 };

/* Numbers of the ELF specification. */
static const struct {
    unsigned number;
    const char *name;
} machines[] = {
    {3, "Intel 80386"}, {8, "MIPS"},    {20, "PowerPC"},  {21, "PowerPC 64"}, {22, "IBM S/390"},
    {40, "ARM"},        {62, "x86-64"}, {183, "AArch64"}, {243, "RISC-V"},    {258, "LoongArch"},
};

struct header {
    unsigned char bytes[HEADER];
    size_t len;
};

static int read_header(const char *path, struct header *ret)
{
    int fd PC_CLEANUP(pc_close) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno;
    }
    const ssize_t count = read(fd, ret->bytes, sizeof(ret->bytes));
    ret->len = count > 0 ? (size_t)count : 0;
    return count < 0 ? errno : 0;
}

static bool is_elf(const struct header *header)
{
    return header->len == HEADER && memcmp(header->bytes, "\177ELF", 4) == 0;
}

static unsigned number_at(const struct header *header, size_t at)
{
    const unsigned first = header->bytes[at];
    const unsigned second = header->bytes[at + 1];
    return header->bytes[ORDER_AT] == LITTLE ? first | second << 8 : first << 8 | second;
}

static void describe(const struct header *header, char *ret, size_t size)
{
    const unsigned number = number_at(header, MACHINE_AT);
    const char *name = NULL;
    for (size_t i = 0; i < PC_ARRAY_LEN(machines); i++) {
        name = machines[i].number == number ? machines[i].name : name;
    }
    (void)snprintf(ret, size, "%s (%s bit)", name != NULL ? name : "an unknown machine",
                   header->bytes[CLASS_AT] == 1 ? "32" : "64");
}

void doctor_why_file(const char *path, json_t *to)
{
    struct header header = {0};
    struct header own = {0};
    struct stat st;
    if (strchr(path, '/') == NULL) {
        return; // a name, not a file
    }
    const int why = read_header(path, &header);
    if (why != 0) {
        doctor_finding(to, "check the path and its permissions; packages: apt search pkcs11", "'%s': %s",
                       path, strerror(why));
    } else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        doctor_finding(to, "name the module's file", "'%s' is not a regular file", path);
    } else if (!is_elf(&header)) {
        doctor_finding(to, "name the module's file, which often ends in .so",
                       "'%s' is not a shared library (no ELF header)", path);
    } else if (read_header("/proc/self/exe", &own) == 0 && is_elf(&own)) {
        char theirs[64];
        char ours[64];
        describe(&header, theirs, sizeof(theirs));
        describe(&own, ours, sizeof(ours));
        if (strcmp(theirs, ours) != 0) {
            doctor_finding(to, "install the module for this machine's architecture",
                           "'%s' is made for %s, this program for %s", path, theirs, ours);
        } else if (number_at(&header, TYPE_AT) != SHARED) {
            doctor_finding(to, "name the module's file, which often ends in .so",
                           "'%s' is not a shared library", path);
        }
    }
}
