// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "cli/wizard.h"

#include <string.h>

/* The questions about the subject and the names. */

static void free_request(p11csr_request **request)
{
    p11csr_request_free(request);
}

bool wizard_profile_holds(const struct wizard *w, const char *field, const char *word)
{
    const char *each = NULL;
    for (size_t i = 0; (each = p11csr_profile_get(w->profile, field, i)) != NULL; i++) {
        if (strcmp(each, word) == 0) {
            return true;
        }
    }
    return false;
}

/* The names of the parts of the subject, as far as the profile has them; those that it wants besides last. */
const char *wizard_part_name(const struct wizard *w, size_t index)
{
    static const char *const usual[] = {"CN", "OU", "O", "L", "ST", "C"};
    const bool limited = w->profile != NULL && p11csr_profile_has(w->profile, "subject.allow") != 0;
    const char *wanted = NULL;
    for (size_t i = 0; i < PC_ARRAY_LEN(usual); i++) {
        const bool there = !limited || wizard_profile_holds(w, "subject.allow", usual[i]) ||
                           wizard_profile_holds(w, "subject.require", usual[i]);
        if (there && index-- == 0) {
            return usual[i];
        }
    }
    for (size_t i = 0; (wanted = p11csr_profile_get(w->profile, "subject.require", i)) != NULL; i++) {
        bool asked = false;
        for (size_t u = 0; u < PC_ARRAY_LEN(usual); u++) {
            asked = asked || strcmp(usual[u], wanted) == 0;
        }
        if (!asked && index-- == 0) {
            return wanted;
        }
    }
    return NULL;
}

/* "CN=value", with what RFC 4514 section 2.4 wants escaped. */
static void add_part(struct pc_buf *to, const char *name, const char *value)
{
    pc_buf_printf(to, "%s%s=", to->len > 0 ? "," : "", name);
    for (const char *at = value; *at != 0; at++) {
        const bool first = at == value && (*at == '#' || *at == ' ');
        if (first || strchr(",+\"\\<>;=", *at) != NULL || (at[0] == ' ' && at[1] == 0)) {
            pc_buf_byte(to, '\\');
        }
        pc_buf_byte(to, (uint8_t)*at);
    }
}

PC_RESULT wizard_subject_text(const struct wizard *w, const char *more, char **ret, p11csr_error **err)
{
    struct pc_buf out PC_CLEANUP(pc_buf_done) = {0};
    const size_t count = wizard_answer_count(w, WIZARD_PART);
    pc_buf_init(&out, (size_t)16 * PC_MAX_TEXT);
    for (size_t i = 0; i <= count; i++) {
        const char *value = i < count ? wizard_part(w, i) : more;
        if (value != NULL && value[0] != 0) {
            add_part(&out, wizard_part_name(w, i), value);
        }
    }
    return pc_buf_take_text(&out, ret, err);
}

PC_RESULT wizard_take_part(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    const char *name = wizard_part_name(w, wizard_answer_count(w, WIZARD_PART));
    p11csr_request *scratch PC_CLEANUP(free_request) = NULL;
    char *subject PC_CLEANUP(pc_free_str) = NULL;
    (void)ret;
    if (text[0] == 0 && wizard_profile_holds(w, "subject.require", name)) {
        return pc_fail(err, P11CSR_E_SUBJECT, "the profile wants %s", name);
    }
    PC_TRY(wizard_subject_text(w, text, &subject, err));
    PC_TRY(cli_lift(p11csr_request_new(&scratch, err)));
    return cli_lift(p11csr_request_set_subject(scratch, subject, err));
}

bool wizard_wants_names(const struct wizard *w)
{
    return w->profile == NULL || p11csr_profile_has(w->profile, "san.types") == 0 ||
           p11csr_profile_get(w->profile, "san.types", 0) != NULL;
}

enum cli_option_id wizard_san_option(const char *word, size_t len)
{
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct cli_option *option = cli_option_get((enum cli_option_id)id);
        if (option->san && strlen(option->name) == len && strncmp(option->name, word, len) == 0) {
            return (enum cli_option_id)id;
        }
    }
    return OPT_COUNT;
}

/* What a name without a word before it is. */
static const char *guess_type(const char *text)
{
    if (strchr(text, '@') != NULL) {
        return "email";
    }
    if (strstr(text, "://") != NULL) {
        return "uri";
    }
    return text[strspn(text, "0123456789.")] == 0 || strchr(text, ':') != NULL ? "ip" : "dns";
}

PC_RESULT wizard_offer_names(struct wizard *w, const char **ret_default, p11csr_error **err)
{
    const char *type = NULL;
    (void)ret_default;
    (void)err;
    if (wizard_answer_count(w, WIZARD_NAME) > 0) {
        return PC_OK;
    }
    (void)fprintf(w->tty, "Alternative names, one at a time; nothing ends them. Kinds:");
    for (size_t i = 0; (type = p11csr_profile_get(w->profile, "san.types", i)) != NULL; i++) {
        (void)fprintf(w->tty, " %s:", type);
    }
    (void)fprintf(w->tty, "%s (dns, ip, email and uri are told by themselves)\n",
                  p11csr_profile_get(w->profile, "san.types", 0) == NULL ? " any, like upn:user@example.com"
                                                                         : "");
    return PC_OK;
}

static struct pc_result check_enough_names(const struct wizard *w, p11csr_error **err)
{
    const char *min = p11csr_profile_get(w->profile, "san.min", 0);
    unsigned long wanted = 0;
    if (min != NULL && pc_parse_number(min, 1000, &wanted) && wizard_answer_count(w, WIZARD_NAME) < wanted) {
        return pc_fail(err, P11CSR_E_SAN, "the profile wants at least %lu", wanted);
    }
    return PC_OK;
}

PC_RESULT wizard_take_name(struct wizard *w, const char *text, char **ret, p11csr_error **err)
{
    p11csr_request *scratch PC_CLEANUP(free_request) = NULL;
    const size_t len = strcspn(text, ":");
    const bool says = text[len] == ':' && wizard_san_option(text, len) != OPT_COUNT;
    if (text[0] == 0) {
        return check_enough_names(w, err);
    }
    char *type PC_CLEANUP(pc_free_str) = says ? pc_strndup(text, len) : pc_strdup(guess_type(text));
    const char *value = says ? text + len + 1 : text;
    if (type == NULL) {
        return pc_fail_memory(err);
    }
    if (p11csr_profile_has(w->profile, "san.types") != 0 && !wizard_profile_holds(w, "san.types", type)) {
        return pc_fail(err, P11CSR_E_SAN, "the profile has no names of the kind %s", type);
    }
    PC_TRY(cli_lift(p11csr_request_new(&scratch, err)));
    PC_TRY(cli_lift(p11csr_request_add_san(scratch, type, value, err)));
    *ret = pc_asprintf("%s:%s", type, value);
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}
