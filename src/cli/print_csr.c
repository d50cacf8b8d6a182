// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/*
 * Prints a request as people like to read it, from the same JSON object that --json shows. Long values are
 * cut, with a note; whatever is printed cannot steer a terminal.
 */

enum {
    MAX_TEXT = 512,   /* bytes of one text */
    MAX_HEX = 128,    /* hex digits of one value */
    MAX_VALUES = 200, /* values of one extension */
    MAX_LINE = 72,    /* words in one line */
    GROUP = 8,        /* hex digits that are read aloud at once */
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* What others wrote. */
static void print_text(const char *text, FILE *to)
{
    const size_t len = strlen(text);
    size_t shown = len > MAX_TEXT ? MAX_TEXT : len;
    while (shown < len && shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80) {
        shown--; // not within a character
    }
    char *printable PC_CLEANUP(pc_free_str) =
        pc_text_printable_bytes((struct pc_span){(const uint8_t *)text, shown});
    (void)fputs(printable != NULL ? printable : "(out of memory)", to);
    if (len > MAX_TEXT) {
        (void)fprintf(to, "... (cut: %zu bytes; --json has all of it)", len);
    }
}

/* Of an extension or attribute; its OID when it has none. */
static void print_name(const json_t *object, FILE *to)
{
    const char *name = text_of(object, "name");
    print_text(name[0] != 0 ? name : text_of(object, "oid"), to);
}

static void print_hex(const json_t *value, FILE *to)
{
    const char *type = text_of(value, "type");
    const char *hex = text_of(value, "hex");
    const size_t len = strlen(hex);
    print_text(type, to);
    (void)fprintf(to, "%shex:%.*s", type[0] != 0 ? ":" : "", MAX_HEX, hex);
    if (len > MAX_HEX) {
        (void)fprintf(to, "... (cut: %zu octets; --json has all of it)", len / 2);
    }
}

void cli_print_value(const json_t *value, FILE *to)
{
    if (json_is_array(value)) {
        const size_t count = json_array_size(value);
        for (size_t i = 0; i < count && i < MAX_VALUES; i++) {
            (void)fputs(i > 0 ? ", " : "", to);
            cli_print_value(json_array_get(value, i), to);
        }
        if (count > MAX_VALUES) {
            (void)fprintf(to, ", ... (cut: %zu values; --json has all of them)", count);
        }
    } else if (json_is_integer(value)) {
        (void)fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_string(value)) {
        print_text(json_string_value(value), to);
    } else if (json_object_get(value, "type") != NULL && json_object_get(value, "value") != NULL) {
        print_text(text_of(value, "type"), to);
        (void)fputc(':', to);
        print_text(text_of(value, "value"), to);
    } else if (json_object_get(value, "hex") != NULL) {
        print_hex(value, to);
    } else if (json_object_get(value, "ca") != NULL) {
        const json_t *length = json_object_get(value, "path-length");
        (void)fprintf(to, "%s", json_is_true(json_object_get(value, "ca")) ? "CA" : "not a CA");
        if (length != NULL) {
            (void)fprintf(to, ", at most %" JSON_INTEGER_FORMAT " CAs below", json_integer_value(length));
        }
    }
}

/* Whether the values are words that fit into one line. */
static bool are_words(const json_t *values)
{
    size_t len = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *word = json_string_value(json_array_get(values, i));
        if (word == NULL || strchr(word, ',') != NULL) {
            return false;
        }
        len += strlen(word) + 2;
    }
    return len <= MAX_LINE;
}

/* Each on a line of its own, unless they are words. */
static void print_values(const json_t *value, FILE *to)
{
    if (!json_is_array(value) || are_words(value)) {
        (void)fputs("    ", to);
        cli_print_value(value, to);
        (void)fputc('\n', to);
        return;
    }
    const size_t count = json_array_size(value);
    for (size_t i = 0; i < count && i < MAX_VALUES; i++) {
        (void)fputs("    ", to);
        cli_print_value(json_array_get(value, i), to);
        (void)fputc('\n', to);
    }
    if (count > MAX_VALUES) {
        (void)fprintf(to, "    ... (cut: %zu values; --json has all of them)\n", count);
    }
}

static void print_extension(const json_t *extension, FILE *to)
{
    (void)fputs("  ", to);
    print_name(extension, to);
    (void)fputs(json_is_true(json_object_get(extension, "critical")) ? " (critical)\n" : "\n", to);
    print_values(json_object_get(extension, "value"), to);
    if (json_object_get(extension, "why") != NULL) {
        (void)fputs("    not valid: ", to);
        print_text(text_of(extension, "why"), to);
        (void)fputc('\n', to);
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
        (void)fputs("Attribute:  ", to);
        print_name(attribute, to);
        (void)fputs(": ", to);
        cli_print_value(value, to);
        (void)fputc('\n', to);
    }
}

static void print_key(const json_t *key, FILE *to)
{
    char size[32];
    const char *type = text_of(key, "type");
    const char *digest = text_of(key, "spki-sha256");
    const json_int_t bits = json_integer_value(json_object_get(key, "bits"));
    (void)snprintf(size, sizeof(size), "%" JSON_INTEGER_FORMAT, bits);
    (void)fprintf(to, "Public key: %s", type);
    if (bits > 0 && strstr(type, size) == NULL) {
        (void)fprintf(to, ", %s bits", size);
    }
    if (json_object_get(key, "algorithm") != NULL) {
        (void)fprintf(to, " %s", text_of(key, "algorithm"));
    }
    if (json_object_get(key, "why") != NULL) {
        (void)fprintf(to, " (%s)", text_of(key, "why"));
    }
    (void)fputs("\n  SHA-256 of SubjectPublicKeyInfo:\n   ", to);
    for (size_t at = 0; at < strlen(digest); at += GROUP) {
        (void)fprintf(to, " %.*s", GROUP, digest + at);
    }
    (void)fputc('\n', to);
}

static void print_signature(const json_t *signature, FILE *to)
{
    (void)fprintf(to, "Signature:  %s", text_of(signature, "scheme"));
    if (json_object_get(signature, "name") != NULL) {
        (void)fprintf(to, " (%s)", text_of(signature, "name"));
    }
    (void)fprintf(to, ": %s", text_of(signature, "verdict"));
    if (json_object_get(signature, "why") != NULL) {
        (void)fprintf(to, " (%s)", text_of(signature, "why"));
    }
    (void)fputc('\n', to);
}

void cli_print_csr(const json_t *csr, FILE *to)
{
    const json_t *extensions = json_object_get(csr, "extensions");
    const char *subject = text_of(csr, "subject");
    (void)fputs("Subject:    ", to);
    print_text(subject[0] != 0 ? subject : "(empty)", to);
    (void)fputc('\n', to);
    print_key(json_object_get(csr, "key"), to);
    (void)fprintf(to, "Extensions:%s\n", json_array_size(extensions) > 0 ? "" : " none");
    for (size_t i = 0; i < json_array_size(extensions); i++) {
        print_extension(json_array_get(extensions, i), to);
    }
    if (json_object_get(csr, "extensions-why") != NULL) {
        (void)fputs("  not readable: ", to);
        print_text(text_of(csr, "extensions-why"), to);
        (void)fputc('\n', to);
    }
    print_attributes(json_object_get(csr, "attributes"), to);
    if (json_integer_value(json_object_get(csr, "version")) != 0) {
        (void)fprintf(to, "Version:    %" JSON_INTEGER_FORMAT " (only 0 is defined)\n",
                      json_integer_value(json_object_get(csr, "version")));
    }
    print_signature(json_object_get(csr, "signature"), to);
}
