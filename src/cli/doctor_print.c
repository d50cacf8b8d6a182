// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include <stdlib.h>
#include <string.h>

/* What was found, for people. All of it stands in the JSON. */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void print_list(const char *title, const json_t *list)
{
    size_t i = 0;
    size_t column = 100;
    const json_t *item = NULL;
    json_array_foreach(list, i, item)
    {
        const char *word = json_string_value(item);
        if (column + strlen(word) + 1 > 90) {
            cli_print("%s    %-10s", i > 0 ? "\n" : "", i == 0 ? title : "");
            column = 14;
        }
        cli_print(" %s", word);
        column += strlen(word) + 1;
    }
    if (i > 0) {
        cli_print("\n");
    }
}

static void print_token(const json_t *token)
{
    if (!json_is_true(json_object_get(token, "initialized"))) {
        cli_print("    a token that is not initialised: it holds no keys\n");
        return;
    }
    const json_t *clock = json_object_get(token, "clock-offset");
    const long long offset = json_integer_value(clock);
    cli_print("    token      '%s' by %s, model %s, firmware %s\n", text_of(token, "label"),
              text_of(token, "manufacturer"), text_of(token, "model"), text_of(token, "firmware-version"));
    cli_print("    URI        %s\n    PIN        %s\n", text_of(token, "uri"),
              cli_pin_text(text_of(token, "pin-state")));
    print_list("flags", json_object_get(token, "flags"));
    print_list("makes", json_object_get(token, "key-specs"));
    print_list("signs by", json_object_get(token, "schemes"));
    if (clock != NULL && (offset > 300 || offset < -300)) {
        cli_print("    its clock is %lld s %s\n", llabs(offset), offset > 0 ? "ahead" : "behind");
    }
    if (json_object_get(token, "error") != NULL) {
        cli_print("    error      %s\n", text_of(token, "error"));
    }
}

static void print_library(const json_t *library)
{
    size_t i = 0;
    const json_t *slot = NULL;
    cli_print("  made by    %s: %s %s, PKCS#11 %s\n", text_of(library, "manufacturer"),
              text_of(library, "description"), text_of(library, "version"), text_of(library, "cryptoki"));
    if (json_is_true(json_object_get(library, "logs-calls"))) {
        cli_print("  its calls are logged, and the log would show a PIN: no PIN will be sent\n");
    }
    json_array_foreach(json_object_get(library, "slots"), i, slot)
    {
        const json_t *token = json_object_get(slot, "token");
        cli_print("  slot %lld: %s\n", (long long)json_integer_value(json_object_get(slot, "id")),
                  text_of(slot, "description"));
        if (json_is_object(token)) {
            print_token(token);
        } else {
            const char *error = text_of(slot, "error");
            cli_print("    %s\n", error[0] != 0 ? error : "no token in it");
        }
    }
    if (i == 0) {
        cli_print("  it has no slots: no reader or device is there, or its service does not run\n");
    }
}

static void print_error(const json_t *error)
{
    size_t i = 0;
    const json_t *line = NULL;
    if (error == NULL) {
        return;
    }
    cli_print("  error      %s\n", text_of(error, "message"));
    json_array_foreach(json_object_get(error, "cause"), i, line)
    {
        cli_print("             %s\n", json_string_value(line));
    }
    json_array_foreach(json_object_get(error, "notes"), i, line)
    {
        cli_print("             %s\n", json_string_value(line));
    }
}

static void print_rest(const json_t *entry)
{
    size_t i = 0;
    const json_t *line = NULL;
    json_array_foreach(json_object_get(entry, "why"), i, line)
    {
        cli_print("  why        %s\n  try        %s\n", text_of(line, "what"), text_of(line, "try"));
    }
    json_array_foreach(json_object_get(entry, "said"), i, line)
    {
        cli_print("  it printed %s\n", json_string_value(line));
    }
}

void doctor_print_module(const json_t *module)
{
    size_t i = 0;
    const json_t *library = NULL;
    cli_print("%s: %s\n", text_of(module, "name"), text_of(module, "status"));
    if (text_of(module, "path")[0] != 0) {
        cli_print("  file       %s\n", text_of(module, "path"));
    }
    json_array_foreach(json_object_get(module, "library"), i, library)
    {
        print_library(library);
    }
    if (json_object_get(module, "keys") != NULL) {
        cli_print("  logged in  %lld key pairs\n",
                  (long long)json_integer_value(json_object_get(module, "keys")));
    }
    print_error(json_object_get(module, "error"));
    print_rest(module);
}

void doctor_print_quirks(const json_t *quirks)
{
    size_t i = 0;
    const json_t *quirk = NULL;
    cli_print("quirks: %s\n", text_of(quirks, "status"));
    json_array_foreach(json_object_get(quirks, "words"), i, quirk)
    {
        cli_print("  %-15s%-24s %s\n", text_of(quirk, "word"), text_of(quirk, "value"),
                  text_of(quirk, "set-by"));
        if (text_of(quirk, "evidence")[0] != 0) {
            cli_print("  %-15s%s\n", "", text_of(quirk, "evidence"));
        }
    }
    print_error(json_object_get(quirks, "error"));
    print_rest(quirks);
}

void doctor_print_probe(const json_t *probe)
{
    cli_print("probe: %s\n", text_of(probe, "status"));
    if (json_object_get(probe, "key") != NULL) {
        cli_print("  key        %s\n  signed     %s by %s, in %.3f ms; the signature is good\n",
                  text_of(probe, "key"), text_of(probe, "scheme"), text_of(probe, "mechanism"),
                  json_real_value(json_object_get(probe, "milliseconds")));
    }
    print_error(json_object_get(probe, "error"));
    print_rest(probe);
}
