// SPDX-License-Identifier: Apache-2.0
#include "torture.h"
#include <p11csr/p11csr.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLICY = 8 };

unsigned long count_calls(const char *log, const char *function)
{
    const size_t len = function != NULL ? strlen(function) : 0;
    unsigned long count = 0;
    for (const char *line = log; *line != 0; line = strchr(line, '\n') + 1) {
        count += function == NULL || (strncmp(line, function, len) == 0 && line[len] == ' ') ? 1 : 0;
    }
    return count;
}

/* The next login with a PIN at or behind `line`; NULL: none. */
static const char *next_login(const char *line)
{
    for (; *line != 0; line = strchr(line, '\n') + 1) {
        const char *sent = strstr(line, " pin=sent\n");
        if (strncmp(line, "C_Login ", 8) == 0 && sent != NULL && sent < strchr(line, '\n')) {
            return line;
        }
    }
    return NULL;
}

unsigned long count_logins(const char *log)
{
    unsigned long count = 0;
    for (const char *line = next_login(log); line != NULL; line = next_login(strchr(line, '\n') + 1)) {
        count++;
    }
    return count;
}

/* After any answer but CKR_OK no PIN may be sent again. */
static bool sends_pin_again(const char *log)
{
    bool refused = false;
    for (const char *line = next_login(log); line != NULL; line = next_login(strchr(line, '\n') + 1)) {
        if (refused) {
            return true;
        }
        const char *good = strstr(line, " CKR_OK ");
        refused = good == NULL || good > strchr(line, '\n');
    }
    return false;
}

static const char *judge_status(const struct scenario *scenario, const struct run *run)
{
    // What a token that fails can lead to; the command line itself is right.
    static const int documented[] = {0, 3, 4, 5, 6, 7, 11, 12, 75};
    if (!WIFEXITED(run->status)) {
        return WTERMSIG(run->status) == 14 ? "it hung" : "it crashed";
    }
    if (scenario->refused && WEXITSTATUS(run->status) == POLICY) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
        if (WEXITSTATUS(run->status) == documented[i]) {
            return NULL;
        }
    }
    return "it ended with a status that is not for this";
}

static const char *judge_texts(const struct place *place, const struct run *run)
{
    char path[PATH_SIZE];
    char pin[TEXT_SIZE];
    char out[TEXT_SIZE];
    path_in(place, "pin", path);
    read_text(path, pin);
    pin[strcspn(pin, "\n")] = 0;
    path_in(place, "out", path);
    read_text(path, out);
    if (strstr(run->err, pin) != NULL || strstr(out, pin) != NULL) {
        return "it printed the PIN";
    }
    if (WEXITSTATUS(run->status) == 0) {
        return strstr(run->err, "p11csr: error: ") == NULL ? NULL : "an error is printed with status 0";
    }
    if (strstr(run->err, "p11csr: error: ") == NULL || strstr(run->err, "  hint:  ") == NULL) {
        return "there is no error, or no hint";
    }
    return NULL;
}

/* Whether the file holds one whole request whose signature is right. */
static bool is_request(const char *path)
{
    char pem[TEXT_SIZE];
    p11csr_ctx *ctx = NULL;
    p11csr_csr *csr = NULL;
    enum p11csr_verdict verdict = P11CSR_VERDICT_BAD;
    read_text(path, pem);
    const bool read = p11csr_ctx_new(&ctx, NULL) == P11CSR_OK &&
                      p11csr_csr_read(pem, strlen(pem), &csr, NULL) == P11CSR_OK &&
                      p11csr_csr_verify(ctx, csr, &verdict, NULL, NULL) == P11CSR_OK;
    p11csr_csr_free(&csr);
    p11csr_ctx_free(&ctx);
    return read && verdict == P11CSR_VERDICT_GOOD;
}

static const char *judge_files(const struct place *place, const struct scenario *scenario,
                               const struct run *run)
{
    char path[PATH_SIZE];
    const char *fault = NULL;
    bool there = false;
    path_in(place, "work", path);
    DIR *dir = opendir(path);
    check(dir != NULL, "%s is gone", path);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const bool is_own = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        there = there || strcmp(entry->d_name, "web.csr") == 0;
        fault = is_own || strcmp(entry->d_name, "web.csr") == 0 ? fault : "it left a file";
    }
    (void)closedir(dir);
    path_in(place, "work/web.csr", path);
    if (fault == NULL && there && !is_request(path)) {
        fault = "the file is no good request";
    }
    if (fault == NULL && there != (scenario->writes_request && WEXITSTATUS(run->status) == 0)) {
        fault = there ? "there is a request after an error" : "there is no request";
    }
    return fault;
}

static const char *judge_token(const struct place *place, const struct scenario *scenario,
                               const struct run *run)
{
    const size_t objects = place_objects(place);
    const size_t wanted = place->objects + (scenario->makes_key ? 2 : 0);
    const bool good = WEXITSTATUS(run->status) == 0;
    if (objects < place->objects) {
        return "it destroyed what was there";
    }
    if (good) {
        return objects == wanted ? NULL : "the token does not hold what it should";
    }
    const bool told = strstr(run->err, "stays on the token") != NULL ||
                      strstr(run->err, "could not be destroyed again") != NULL || place_has_intent(place);
    return objects == place->objects || told ? NULL : "what it left on the token is named nowhere";
}

static const char *judge_log(const struct scenario *scenario, const struct run *run)
{
    if (sends_pin_again(run->log) || count_logins(run->log) > 2 * scenario->logins) {
        return "it sent the PIN again";
    }
    return count_calls(run->log, "C_GenerateKeyPair") > 1 ? "it generated twice" : NULL;
}

const char *judge(const struct place *place, const struct scenario *scenario, const struct run *run)
{
    const char *fault = judge_status(scenario, run);
    if (fault == NULL) {
        fault = judge_texts(place, run);
    }
    if (fault == NULL) {
        fault = judge_files(place, scenario, run);
    }
    if (fault == NULL) {
        fault = judge_token(place, scenario, run);
    }
    return fault != NULL ? fault : judge_log(scenario, run);
}
