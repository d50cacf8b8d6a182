// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* Prints a request as people like to read it, from the same JSON object that --json shows. */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

void cli_print_value(const json_t *value, FILE *to)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            (void)fputs(i > 0 ? ", " : "", to);
            cli_print_value(json_array_get(value, i), to);
        }
    } else if (json_is_integer(value)) {
        (void)fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_string(value)) {
        (void)fprintf(to, "%s", json_string_value(value));
    } else if (json_object_get(value, "type") != NULL && json_object_get(value, "value") != NULL) {
        (void)fprintf(to, "%s:%s", text_of(value, "type"), text_of(value, "value"));
    } else if (json_object_get(value, "hex") != NULL) {
        (void)fprintf(to, "%s%shex:%s", text_of(value, "type"), text_of(value, "type")[0] != 0 ? ":" : "",
                      text_of(value, "hex"));
    } else if (json_object_get(value, "ca") != NULL) {
        const json_t *length = json_object_get(value, "path-length");
        (void)fprintf(to, "%s", json_is_true(json_object_get(value, "ca")) ? "CA" : "not a CA");
        if (length != NULL) {
            (void)fprintf(to, ", at most %" JSON_INTEGER_FORMAT " CAs below", json_integer_value(length));
        }
    }
}

static void print_extension(const json_t *extension, FILE *to)
{
    const char *name = text_of(extension, "name");
    const json_t *value = json_object_get(extension, "value");
    (void)fprintf(to, "  %s%s\n", name[0] != 0 ? name : text_of(extension, "oid"),
                  json_is_true(json_object_get(extension, "critical")) ? " (critical)" : "");
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            (void)fprintf(to, "    ");
            cli_print_value(json_array_get(value, i), to);
            (void)fprintf(to, "\n");
        }
    } else {
        (void)fprintf(to, "    ");
        cli_print_value(value, to);
        (void)fprintf(to, "\n");
    }
    if (json_object_get(extension, "why") != NULL) {
        (void)fprintf(to, "    not valid: %s\n", text_of(extension, "why"));
    }
}

/* Attributes other than the extension request, which is shown by its extensions. */
static void print_attributes(const json_t *attributes, FILE *to)
{
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        const json_t *attribute = json_array_get(attributes, i);
        const json_t *value = json_object_get(attribute, "value");
        if (value == NULL) {
            continue;
        }
        const char *name = text_of(attribute, "name");
        (void)fprintf(to, "Attribute:  %s: ", name[0] != 0 ? name : text_of(attribute, "oid"));
        cli_print_value(value, to);
        (void)fprintf(to, "\n");
    }
}

void cli_print_csr(const json_t *csr, FILE *to)
{
    const json_t *key = json_object_get(csr, "key");
    const json_t *signature = json_object_get(csr, "signature");
    const json_t *extensions = json_object_get(csr, "extensions");
    const char *subject = text_of(csr, "subject");
    (void)fprintf(to, "Subject:    %s\n", subject[0] != 0 ? subject : "(empty)");
    (void)fprintf(to, "Public key: %s", text_of(key, "type"));
    if (json_object_get(key, "why") != NULL) {
        (void)fprintf(to, " (%s)", text_of(key, "why"));
    }
    (void)fprintf(to, "\n  SHA-256 of SubjectPublicKeyInfo: %s\n", text_of(key, "spki-sha256"));
    (void)fprintf(to, "Extensions:%s\n", json_array_size(extensions) > 0 ? "" : " none");
    for (size_t i = 0; i < json_array_size(extensions); i++) {
        print_extension(json_array_get(extensions, i), to);
    }
    if (json_object_get(csr, "extensions-why") != NULL) {
        (void)fprintf(to, "  not readable: %s\n", text_of(csr, "extensions-why"));
    }
    print_attributes(json_object_get(csr, "attributes"), to);
    if (json_integer_value(json_object_get(csr, "version")) != 0) {
        (void)fprintf(to, "Version:    %" JSON_INTEGER_FORMAT " (only 0 is defined)\n",
                      json_integer_value(json_object_get(csr, "version")));
    }
    (void)fprintf(to, "Signature:  %s: %s", text_of(signature, "scheme"), text_of(signature, "verdict"));
    if (json_object_get(signature, "why") != NULL) {
        (void)fprintf(to, " (%s)", text_of(signature, "why"));
    }
    (void)fprintf(to, "\n");
}
