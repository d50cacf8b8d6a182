// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What modules need from the machine, and whether it is there. Facts of their manuals, as rows. */

enum need {
    NEED_CONFIG,    /* the file that the variable `name` says, else `other` */
    NEED_STORE,     /* the folder that this configuration names holds tokens that the caller may use */
    NEED_ARGUMENTS, /* init-args */
    NEED_VARIABLE,  /* the variable `name` */
    NEED_SOCKET,    /* somebody listens on the socket `name` */
    NEED_DEVICE,    /* the device `name`, or `other`, can be opened */
    NEED_GROUP,     /* the caller is in the group `name` */
};

struct row {
    const char *module; /* the beginning of its file's name */
    enum need need;
    const char *name;
    const char *other;
    const char *advice;
};

static const struct row rows[] = {
    {"libsofthsm2", NEED_CONFIG, "SOFTHSM2_CONF", "/etc/softhsm/softhsm2.conf",
     "make a token of your own: p11csr tokens init-soft demo; or join the group softhsm"},
    {"libsofthsm2", NEED_STORE, "SOFTHSM2_CONF", "/etc/softhsm/softhsm2.conf",
     "usermod -aG softhsm USER, then log in again; or make a token of your own: p11csr tokens init-soft "
     "demo"},
    {"libsoftokn3", NEED_ARGUMENTS, NULL, NULL,
     "in p11csr.yaml, for an alias with this module: init-args: \"configdir='sql:/path/to/nssdb' "
     "certPrefix='' "
     "keyPrefix='' secmod='secmod.db' flags=\""},
    {"opensc-pkcs11", NEED_SOCKET, "/run/pcscd/pcscd.comm", NULL, "systemctl enable --now pcscd.socket"},
    {"onepin-opensc-pkcs11", NEED_SOCKET, "/run/pcscd/pcscd.comm", NULL,
     "systemctl enable --now pcscd.socket"},
    {"libykcs11", NEED_SOCKET, "/run/pcscd/pcscd.comm", NULL, "systemctl enable --now pcscd.socket"},
    {"libsc-hsm-pkcs11", NEED_SOCKET, "/run/pcscd/pcscd.comm", NULL, "systemctl enable --now pcscd.socket"},
    {"libtpm2_pkcs11", NEED_DEVICE, "/dev/tpmrm0", "/dev/tpm0",
     "check that the machine has a TPM; for tpm2-abrmd or a simulator set TPM2_PKCS11_TCTI"},
    {"libtpm2_pkcs11", NEED_GROUP, "tss", NULL, "usermod -aG tss USER, then log in again"},
    {"libopencryptoki", NEED_SOCKET, "/run/pkcsslotd.socket", "/var/run/pkcsslotd.socket",
     "systemctl start pkcsslotd"},
    {"libopencryptoki", NEED_GROUP, "pkcs11", NULL, "usermod -aG pkcs11 USER, then log in again"},
    {"PKCS11_API", NEED_SOCKET, "/run/pkcsslotd.socket", "/var/run/pkcsslotd.socket",
     "systemctl start pkcsslotd"},
    {"PKCS11_API", NEED_GROUP, "pkcs11", NULL, "usermod -aG pkcs11 USER, then log in again"},
    {"yubihsm_pkcs11", NEED_CONFIG, "YUBIHSM_PKCS11_CONF", "yubihsm_pkcs11.conf",
     "write a configuration with the line 'connector = http://127.0.0.1:12345'"},
    {"libkryoptic_pkcs11", NEED_VARIABLE, "KRYOPTIC_CONF", NULL,
     "set KRYOPTIC_CONF to the path of its configuration"},
    {"libkmsp11", NEED_VARIABLE, "KMS_PKCS11_CONFIG", NULL,
     "set KMS_PKCS11_CONFIG to the path of its YAML configuration"},
    {"libCryptoki2", NEED_CONFIG, "ChrystokiConfigurationPath", "/etc/Chrystoki.conf",
     "set ChrystokiConfigurationPath to the folder of Chrystoki.conf"},
    {"libcs_pkcs11_R2", NEED_CONFIG, "CS_PKCS11_R2_CFG", "/etc/utimaco/cs_pkcs11_R2.cfg",
     "set CS_PKCS11_R2_CFG to the path of its configuration"},
    {"libcs_pkcs11_R3", NEED_CONFIG, "CS_PKCS11_R3_CFG", "/etc/utimaco/cs_pkcs11_R3.cfg",
     "set CS_PKCS11_R3_CFG to the path of its configuration"},
    {"libnethsm_pkcs11", NEED_CONFIG, "P11NETHSM_CONFIG_FILE", "/etc/nitrokey/p11nethsm.conf",
     "set P11NETHSM_CONFIG_FILE to the path of its configuration"},
    {"libcknfast", NEED_SOCKET, "/opt/nfast/sockets/nserver", NULL, "/opt/nfast/sbin/init.d-ncipher start"},
    {"libcknfast", NEED_GROUP, "nfast", NULL, "usermod -aG nfast USER, then log in again"},
    {"p11-kit-client", NEED_VARIABLE, "P11_KIT_SERVER_ADDRESS", NULL,
     "eval \"$(p11-kit server --provider MODULE pkcs11:)\" sets it on the machine of the token"},
};

void doctor_finding(json_t *to, const char *advice, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char *what PC_CLEANUP(pc_free_str) = pc_text_printable(text);
    if (what != NULL) {
        (void)json_array_append_new(to, json_pack("{s:s, s:s}", "what", what, "try", advice));
    }
}

static void check_config(const struct row *row, json_t *to)
{
    const char *path = secure_getenv(row->name);
    if (path != NULL && access(path, R_OK) != 0) {
        doctor_finding(to, row->advice, "%s names '%s': %s", row->name, path, strerror(errno));
    } else if (path == NULL && access(row->other, R_OK) != 0) {
        doctor_finding(to, row->advice, "%s is not set, and '%s': %s", row->name, row->other,
                       strerror(errno));
    }
}

static void check_store(const struct row *row, json_t *to)
{
    const char *path = secure_getenv(row->name);
    doctor_why_store(path != NULL ? path : row->other, row->advice, to);
}

/* The code by which modules ask for them says so itself. */
static void check_arguments(const struct row *row, const json_t *answer, json_t *to)
{
    size_t i = 0;
    const json_t *cause = NULL;
    json_array_foreach(json_object_get(json_object_get(answer, "error"), "cause"), i, cause)
    {
        if (strstr(json_string_value(cause), "CKR_ARGUMENTS_BAD") != NULL) {
            doctor_finding(to, row->advice,
                           "no init-args, or others than it takes: they say where its database is");
            return;
        }
    }
}

static void check_variable(const struct row *row, json_t *to)
{
    if (secure_getenv(row->name) == NULL) {
        doctor_finding(to, row->advice, "%s is not set", row->name);
    }
}

/* 0, or why nobody answers there. */
static int try_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd PC_CLEANUP(pc_close) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    const bool connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    return connected || errno == EAGAIN ? 0 : errno;
}

static void check_socket(const struct row *row, json_t *to)
{
    const int why = try_socket(row->name);
    if (why != 0 && (row->other == NULL || try_socket(row->other) != 0)) {
        doctor_finding(to, row->advice, "the service of '%s' does not answer: %s", row->name, strerror(why));
    }
}

static void check_device(const struct row *row, json_t *to)
{
    if (access(row->name, R_OK | W_OK) == 0 || access(row->other, R_OK | W_OK) == 0) {
        return;
    }
    const int why = errno;
    if (secure_getenv("TPM2_PKCS11_TCTI") == NULL) {
        doctor_finding(to, row->advice, "'%s': %s", row->name, strerror(why));
    }
}

static bool is_member(gid_t group)
{
    gid_t groups[256];
    const int count = getgroups(PC_ARRAY_LEN(groups), groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return getegid() == group;
}

static void check_group(const struct row *row, json_t *to)
{
    struct group record;
    struct group *found = NULL;
    char buffer[16384];
    if (geteuid() == 0) {
        return; // may use all that the group may
    }
    if (getgrnam_r(row->name, &record, buffer, sizeof(buffer), &found) != 0 || found == NULL) {
        doctor_finding(to, row->advice, "there is no group '%s'", row->name);
    } else if (!is_member(found->gr_gid)) {
        doctor_finding(to, row->advice, "you are not in the group '%s'", row->name);
    }
}

static void check_row(const struct row *row, const json_t *answer, json_t *to)
{
    static void (*const checks[])(const struct row *row, json_t *to) = {
        [NEED_CONFIG] = check_config, [NEED_STORE] = check_store,   [NEED_VARIABLE] = check_variable,
        [NEED_SOCKET] = check_socket, [NEED_DEVICE] = check_device, [NEED_GROUP] = check_group,
    };
    if (row->need == NEED_ARGUMENTS) {
        check_arguments(row, answer, to);
    } else {
        checks[row->need](row, to);
    }
}

json_t *doctor_why(const char *path, const json_t *answer)
{
    json_t *why = json_array();
    if (path == NULL) {
        return why;
    }
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    doctor_why_file(path, why);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (strncmp(file, rows[i].module, strlen(rows[i].module)) == 0) {
            check_row(&rows[i], answer, why);
        }
    }
    return why;
}

json_t *doctor_environment(void)
{
    json_t *environment = json_object();
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const bool is_variable = rows[i].need == NEED_CONFIG || rows[i].need == NEED_VARIABLE;
        const char *value = is_variable ? secure_getenv(rows[i].name) : NULL;
        if (value != NULL) {
            (void)json_object_set_new(environment, rows[i].name, json_string(value));
        }
    }
    return environment;
}
