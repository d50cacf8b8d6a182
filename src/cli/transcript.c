// SPDX-License-Identifier: Apache-2.0
#include "cli/transcript.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#include <pwd.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Digests stand in groups of four digits, four groups to a numbered line, so that they can be read aloud. */

enum { COLUMN = 12, GROUP = 4, GROUPS_A_LINE = 4 };

static enum pc_file_replace replace(const struct cli *cli)
{
    return cli_has(cli, OPT_FORCE) ? PC_FILE_REPLACE : PC_FILE_KEEP;
}

static void now(char ret[static 32])
{
    struct tm parts;
    const time_t seconds = time(NULL);
    ret[0] = 0;
    if (gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}

PC_RESULT cli_transcript_begin(struct cli *cli, p11csr_error **err)
{
    char time[32];
    const char *path = cli_value(cli, OPT_TRANSCRIPT);
    if (path == NULL || cli_has(cli, OPT_HELP) || cli_has(cli, OPT_VERSION)) {
        return PC_OK;
    }
    if (strcmp(path, "-") == 0) {
        return pc_fail(err, P11CSR_E_USAGE, "a transcript is a file of its own, not '-'");
    }
    PC_TRY(pc_file_check_writable(path, replace(cli), err));
    now(time);
    cli->facts = json_pack("{s:s}", "Started", time);
    return cli->facts != NULL ? PC_OK : pc_fail_memory(err);
}

void cli_transcript_fact(struct cli *cli, const char *name, const char *text)
{
    if (cli->facts != NULL && text != NULL) {
        (void)json_object_set_new(cli->facts, name, json_string(text));
    }
}

void cli_transcript_key(struct cli *cli, const p11csr_key *key, bool made)
{
    const struct p11csr_key_info *info = p11csr_key_get_info(key);
    cli_transcript_fact(cli, "Key", info->uri);
    cli_transcript_fact(cli, "Type", info->type);
    cli_transcript_fact(cli, "Made", made ? "in this run" : "before this run");
    cli_transcript_fact(cli, "SPKI", info->spki_sha256);
}

PC_RESULT cli_transcript_request(struct cli *cli, const p11csr_request *request, p11csr_key *key,
                                 p11csr_error **err)
{
    unsigned char *info PC_CLEANUP(p11csr_free_bytes) = NULL;
    char *sha256 PC_CLEANUP(p11csr_free_text) = NULL;
    size_t len = 0;
    if (cli->facts == NULL) {
        return PC_OK;
    }
    PC_TRY(cli_lift(p11csr_request_assemble(request, key, &info, &len, &sha256, err)));
    cli_transcript_fact(cli, "TBS", sha256);
    return PC_OK;
}

/* A line "Name:       text"; what cannot be printed is escaped. */
static void add_line(struct pc_buf *to, const char *name, const char *text)
{
    char *printable PC_CLEANUP(pc_free_str) = text != NULL ? pc_text_printable(text) : NULL;
    pc_buf_printf(to, "%s%s%*s%s\n", name, name[0] != 0 ? ":" : " ",
                  (int)(COLUMN > strlen(name) + 1 ? COLUMN - strlen(name) - 1 : 1), "",
                  printable != NULL ? printable : "not known");
}

static void add_fact(const struct cli *cli, struct pc_buf *to, const char *name)
{
    const char *text = json_string_value(json_object_get(cli->facts, name));
    if (text != NULL) {
        add_line(to, name, text);
    }
}

static void add_digest(struct pc_buf *to, const char *title, const char *hex)
{
    if (hex == NULL) {
        return;
    }
    pc_buf_printf(to, "%s\n", title);
    for (size_t at = 0, line = 1; at < strlen(hex); at += (size_t)GROUP * GROUPS_A_LINE, line++) {
        pc_buf_printf(to, "  %zu ", line);
        for (size_t i = at; i < strlen(hex) && i < at + (size_t)GROUP * GROUPS_A_LINE; i += GROUP) {
            pc_buf_printf(to, " %.*s", GROUP, hex + i);
        }
        pc_buf_text(to, "\n");
    }
}

/* The SHA-256 of a file that takes part, as far as it can be read. */
static void add_file(struct cli *cli, struct pc_buf *to, const char *path)
{
    char *sha256 PC_CLEANUP(p11csr_free_text) = NULL;
    if (path != NULL && path[0] != 0 && cli->ctx != NULL &&
        p11csr_file_sha256(cli->ctx, path, &sha256, NULL) == P11CSR_OK) {
        add_digest(to, "  SHA-256", sha256);
    } else {
        pc_buf_text(to, "  SHA-256 not known\n");
    }
}

static void add_who(struct pc_buf *to)
{
    char text[PC_MAX_TEXT];
    char names[PC_MAX_TEXT];
    struct passwd entry;
    struct passwd *found = NULL;
    struct utsname host;
    const unsigned uid = getuid();
    const bool known = getpwuid_r(uid, &entry, names, sizeof(names), &found) == 0 && found != NULL;
    (void)snprintf(text, sizeof(text), "%s (uid %u)", known ? entry.pw_name : "no name", uid);
    add_line(to, "User", text);
    add_line(to, "Host", uname(&host) == 0 ? host.nodename : NULL);
}

static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+";
    return word[0] != 0 && strspn(word, plain) == strlen(word);
}

/* As a shell takes it; a PIN in it was overwritten when it was read. */
static void add_command(const struct cli *cli, struct pc_buf *to)
{
    struct pc_buf line PC_CLEANUP(pc_buf_done) = {0};
    char *text PC_CLEANUP(pc_free_str) = NULL;
    pc_buf_init(&line, PC_MAX_REQUEST);
    for (int i = 0; i < cli->argc; i++) {
        const char *word = cli->argv[i];
        pc_buf_text(&line, i > 0 ? " " : "");
        if (is_plain(word)) {
            pc_buf_text(&line, word);
            continue;
        }
        pc_buf_text(&line, "'");
        for (const char *at = word; *at != 0; at++) {
            if (*at == '\'') {
                pc_buf_text(&line, "'\\'");
            }
            pc_buf_byte(&line, (uint8_t)*at);
        }
        pc_buf_text(&line, "'");
    }
    if (pc_is_ok(pc_buf_take_text(&line, &text, NULL))) {
        pc_text_redact(text);
        add_line(to, "Command", text);
    }
}

static void add_tool(struct cli *cli, struct pc_buf *to)
{
    char path[PC_MAX_TEXT];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = 0;
    add_line(to, "Program", "p11csr");
    add_line(to, "Version", p11csr_version());
    add_line(to, "File", path);
    add_file(cli, to, "/proc/self/exe");
}

static void free_tokens(p11csr_token_list **list)
{
    p11csr_token_list_free(list);
}

/* The token of the key, or else the one that was named, if there is just one. */
static void add_token(struct cli *cli, struct pc_buf *to)
{
    p11csr_token_list *list PC_CLEANUP(free_tokens) = NULL;
    const char *key = json_string_value(json_object_get(cli->facts, "Key"));
    if (cli->ctx == NULL ||
        p11csr_tokens_list(cli->ctx, key != NULL ? key : cli_named_token(cli), &list, NULL) != P11CSR_OK ||
        p11csr_token_list_count(list) != 1) {
        add_line(to, "Token", NULL);
        return;
    }
    const struct p11csr_token_info *info = p11csr_token_list_get(list, 0);
    add_line(to, "Token", info->label);
    add_line(to, "Maker", info->manufacturer);
    add_line(to, "Model", info->model);
    add_line(to, "Serial", info->serial);
    add_line(to, "Hardware", info->hardware_version);
    add_line(to, "Firmware", info->firmware_version);
    add_line(to, "Module", info->module_file[0] != 0 ? info->module_file : info->module);
    add_file(cli, to, info->module_file);
}

/* True when this is the parent of a process that ended without telling what it had done. */
static bool is_lost(struct pc_result result)
{
    return result.code == P11CSR_E_MODULE_CRASHED || result.code == P11CSR_E_MODULE_HANGS;
}

static void add_key(const struct cli *cli, struct pc_result result, struct pc_buf *to)
{
    static const char *const names[] = {"Key", "Type", "Made"};
    if (json_object_get(cli->facts, "Key") == NULL) {
        add_line(to, "Key",
                 is_lost(result) ? "not known: the process with the module ended before it told of any"
                                 : "none was used or made");
        return;
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        add_fact(cli, to, names[i]);
    }
    add_digest(to, "\nSHA-256 of the public key (SubjectPublicKeyInfo), to be read aloud:",
               json_string_value(json_object_get(cli->facts, "SPKI")));
}

static void add_outcome(struct pc_buf *to, struct pc_result result, const p11csr_error *err)
{
    if (pc_is_ok(result)) {
        add_line(to, "Outcome", "done");
        return;
    }
    pc_buf_printf(to, "Outcome:    FAILED, %s, exit status %d\n", p11csr_code_name(result.code),
                  p11csr_code_exit_status(result.code));
    pc_buf_printf(to, "            %s\n", p11csr_error_message(err));
    for (size_t i = 0; i < p11csr_error_cause_count(err); i++) {
        pc_buf_printf(to, "            cause: %s\n", p11csr_error_cause(err, i));
    }
    for (size_t i = 0; i < p11csr_error_note_count(err); i++) {
        pc_buf_printf(to, "            %s\n", p11csr_error_note(err, i));
    }
}

static void compose(struct cli *cli, struct pc_result result, const p11csr_error *err, struct pc_buf *to)
{
    char time[32];
    now(time);
    pc_buf_text(to, "Transcript of p11csr\n\n");
    add_outcome(to, result, err);
    add_fact(cli, to, "Started");
    add_line(to, "Ended", time);
    add_who(to);
    add_command(cli, to);
    pc_buf_text(to, "\n");
    add_tool(cli, to);
    pc_buf_text(to, "\n");
    add_token(cli, to);
    pc_buf_text(to, "\n");
    add_key(cli, result, to);
    add_digest(to, "\nSHA-256 of the CertificationRequestInfo, to be read aloud:",
               json_string_value(json_object_get(cli->facts, "TBS")));
    pc_buf_text(to, "\n");
    add_fact(cli, to, "Scheme");
    add_fact(cli, to, "Mechanism");
    add_fact(cli, to, "Written to");
}

PC_RESULT cli_transcript_end(struct cli *cli, struct pc_result result, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    if (cli->facts == NULL) {
        return result;
    }
    pc_buf_init(&text, PC_MAX_PLAN);
    compose(cli, result, *err, &text);
    json_decref(cli->facts);
    cli->facts = NULL;
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_result written = pc_buf_check(&text, &why);
    if (pc_is_ok(written)) {
        written = pc_file_write(cli_value(cli, OPT_TRANSCRIPT), pc_buf_span(&text), replace(cli), 0644, &why);
    }
    if (pc_is_ok(written)) {
        cli_remark(cli, "transcript written to %s", cli_value(cli, OPT_TRANSCRIPT));
        return result;
    }
    if (!pc_is_ok(result)) {
        pc_note(err, "the transcript cannot be written either: %s", p11csr_error_message(why));
        return result;
    }
    return pc_frame(pc_fail(err, written.code, "%s", p11csr_error_message(why)), err,
                    "what was asked is done, but its transcript '%s' is not written",
                    cli_value(cli, OPT_TRANSCRIPT));
}
