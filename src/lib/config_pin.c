// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "lib/config_read.h"

#include <string.h>

/* A PIN that stood in the file. */
struct cut_pin {
    struct pc_secret *pin;
    size_t at; /* place in the text, counted in characters, as libyaml counts */
};

static const char name[] = "pin-value=";
enum { NAME_LEN = sizeof(name) - 1 };

/* What may stand for itself in a pin-value (RFC 7512, section 2.3) and ends no text of YAML. */
static bool is_pin_char(uint8_t c)
{
    return c != 0 && (pc_ascii_is_alnum((char)c) || strchr("%-._~:[@!$()*+=/?|", (char)c) != NULL);
}

/* The octets that the value stands for; false when it stands for none. */
static bool decode(struct pc_span value, struct pc_secret *pin)
{
    uint8_t octets[PC_MAX_PIN];
    size_t len = 0;
    size_t at = 0;
    bool good = value.len > 0;
    while (good && at < value.len) {
        int octet = value.ptr[at++];
        if (octet == '%') {
            const int high = at < value.len ? pc_hex_digit((char)value.ptr[at]) : -1;
            const int low = high >= 0 && at + 1 < value.len ? pc_hex_digit((char)value.ptr[at + 1]) : -1;
            octet = low < 0 ? -1 : high * 16 + low;
            at += 2;
        }
        good = octet >= 0 && len < sizeof(octets);
        if (good) {
            octets[len++] = (uint8_t)octet;
        }
    }
    good = good && pc_secret_set(pin, octets, len);
    pc_wipe(octets, sizeof(octets));
    return good;
}

/* Keeps the value, and writes '*' in its place. */
static struct pc_result cut(uint8_t *value, size_t len, size_t at, struct pc_buf *ret, p11csr_error **err)
{
    struct cut_pin found = {.pin = pc_secret_new(), .at = at};
    if (found.pin == NULL) {
        return pc_fail_memory(err);
    }
    const bool good = decode((struct pc_span){value, len}, found.pin);
    memset(value, '*', len);
    if (good) {
        pc_buf_add(ret, &found, sizeof(found));
    }
    if (!good || ret->failed != P11CSR_OK) {
        pc_secret_free(&found.pin);
    }
    return pc_buf_check(ret, err);
}

PC_RESULT pc_config_cut_pins(struct pc_buf *text, struct pc_buf *ret, p11csr_error **err)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; // of UTF-8, which is not counted
    size_t chars = 0;
    pc_buf_init(ret, PC_MAX_CONFIG / NAME_LEN * sizeof(struct cut_pin));
    for (size_t at = text->len > 3 && memcmp(text->ptr, mark, 3) == 0 ? 3 : 0; at < text->len; at++) {
        const size_t value = at + NAME_LEN;
        size_t end = value;
        chars += (text->ptr[at] & 0xc0) != 0x80 ? 1 : 0;
        if (value >= text->len || memcmp(text->ptr + at, name, NAME_LEN) != 0) {
            continue;
        }
        while (end < text->len && is_pin_char(text->ptr[end])) {
            end++;
        }
        PC_TRY(cut(text->ptr + value, end - value, chars, ret, err));
    }
    return PC_OK;
}

void pc_config_pins_done(struct pc_buf *pins)
{
    for (size_t at = 0; at < pins->len; at += sizeof(struct cut_pin)) {
        pc_secret_free(&((struct cut_pin *)(void *)(pins->ptr + at))->pin);
    }
    pc_buf_done(pins);
}

bool pc_config_has_pin(const char *text)
{
    return text != NULL && strstr(text, name) != NULL;
}

/* The PIN that was cut out of this scalar, if all of it was. */
static const struct cut_pin *find(const struct pc_config_reader *reader, const yaml_node_t *node)
{
    const char *value = strstr(pc_config_scalar(node), name) + NAME_LEN;
    const char *end = value + strspn(value, "*");
    for (size_t at = 0; at < reader->pins.len; at += sizeof(struct cut_pin)) {
        const struct cut_pin *pin = (const struct cut_pin *)(const void *)(reader->pins.ptr + at);
        if (pin->at >= node->start_mark.index && pin->at < node->end_mark.index) {
            return end > value && (*end == 0 || *end == '&') && !pc_config_has_pin(end) ? pin : NULL;
        }
    }
    return NULL;
}

PC_RESULT pc_config_take_uri(struct pc_config_reader *reader, const struct pc_config_word *word,
                             yaml_node_t *value, void *target, p11csr_error **err)
{
    struct pc_alias *alias = target;
    PC_TRY(pc_config_take_text(reader, word, value, target, err));
    if (!pc_config_has_pin(alias->uri)) {
        return PC_OK;
    }
    const struct cut_pin *found = find(reader, value);
    if (found == NULL) {
        return pc_config_fail_at(reader, value,
                                 "a pin-value in a configuration stands there once and in one piece, of "
                                 "letters, digits and '-._~', every other octet as '%' and two hex digits",
                                 err);
    }
    alias->pin = pc_secret_new();
    if (alias->pin == NULL) {
        return pc_fail_memory(err);
    }
    const struct pc_span pin = pc_secret_bytes(found->pin);
    (void)pc_secret_set(alias->pin, pin.ptr, pin.len); // as long as one that fitted
    return PC_OK;
}
