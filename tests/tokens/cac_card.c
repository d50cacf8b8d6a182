// SPDX-License-Identifier: Apache-2.0
/*
 * cac_card OPTIONS: a CAC card of libcacard in vpcd's reader. OPTIONS are libcacard's: where the NSS database
 * is and which of its certificates lie on the card. Ends when vpcd closes the connection. Built by cac.py.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libcacard.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VPCD_PORT = 35963, MAX_APDU = 65536, MAX_ATR = 40, MAX_ANSWER = 258, VERIFY = 0x20, TRIES = 3 };

/* What vpcd sends instead of an APDU: one octet. */
enum { POWER_OFF = 0, POWER_ON = 1, RESET = 2, GET_ATR = 4 };

static bool receive(int fd, unsigned char *to, size_t len)
{
    while (len > 0) {
        const int yes = 1;
        // vpcd writes length and body apart: without this each APDU waits for a delayed acknowledgement.
        (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
        const ssize_t got = read(fd, to, len);
        if (got <= 0) {
            return false;
        }
        to += got;
        len -= (size_t)got;
    }
    return true;
}

/* One write for the two octets of the length and what follows them. */
static bool answer(int fd, const unsigned char *data, size_t len)
{
    static unsigned char message[2 + MAX_APDU];
    message[0] = (unsigned char)(len >> 8);
    message[1] = (unsigned char)len;
    memcpy(message + 2, data, len);
    return write(fd, message, 2 + len) == (ssize_t)(2 + len);
}

/* The reader in which libcacard has put its card. */
static VReader *wait_for_card(void)
{
    for (VEvent *event = vevent_wait_next_vevent(); event != NULL; event = vevent_wait_next_vevent()) {
        VReader *reader = event->type == VEVENT_CARD_INSERT ? vreader_reference(event->reader) : NULL;
        vevent_delete(event);
        if (reader != NULL) {
            return reader;
        }
    }
    return NULL;
}

/* The ATR that was read once: asking for it must not reset the card. */
static bool serve_control(int fd, VReader *reader, unsigned char control, unsigned char *atr, int *atr_len)
{
    if (control == GET_ATR) {
        return answer(fd, atr, (size_t)*atr_len);
    }
    if (control == POWER_OFF) {
        (void)vreader_power_off(reader);
    } else if (control == POWER_ON || control == RESET) {
        *atr_len = MAX_ATR;
        (void)vreader_power_on(reader, atr, atr_len);
    }
    return true;
}

/*
 * libcacard answers each wrong PIN with "conditions not satisfied". A card counts the tries, says how
 * many are left, also when it is asked without a PIN, and takes none after the last.
 */
static bool serve_verify(int fd, VReader *reader, unsigned char *apdu, int len)
{
    static int left = TRIES;
    static const unsigned char blocked[] = {0x69, 0x83};
    unsigned char response[MAX_ANSWER];
    int response_len = sizeof(response);
    const bool has_secret = len > 5;
    if (left > 0 && has_secret &&
        vreader_xfr_bytes(reader, apdu, len, response, &response_len) == VREADER_OK) {
        const bool is_right = response_len == 2 && response[0] == 0x90;
        left = is_right ? TRIES : left - 1;
        if (is_right) {
            return answer(fd, response, 2);
        }
    }
    const unsigned char tries_left[] = {0x63, (unsigned char)(0xC0 + left)};
    return answer(fd, left > 0 ? tries_left : blocked, 2);
}

static bool serve_apdu(int fd, VReader *reader, unsigned char *apdu, int len)
{
    static unsigned char response[MAX_APDU];
    int response_len = sizeof(response) - 1;
    if (len > 3 && apdu[1] == VERIFY) {
        return serve_verify(fd, reader, apdu, len);
    }
    if (vreader_xfr_bytes(reader, apdu, len, response, &response_len) != VREADER_OK) {
        static const unsigned char no_diagnosis[] = {0x6F, 0x00};
        return answer(fd, no_diagnosis, sizeof(no_diagnosis));
    }
    return answer(fd, response, (size_t)response_len);
}

static void serve(int fd, VReader *reader)
{
    static unsigned char message[MAX_APDU];
    unsigned char head[2];
    unsigned char atr[MAX_ATR];
    int atr_len = sizeof(atr);
    bool goes_on = vreader_power_on(reader, atr, &atr_len) == VREADER_OK;
    while (goes_on && receive(fd, head, sizeof(head))) {
        const size_t len = (size_t)head[0] << 8 | head[1];
        goes_on = receive(fd, message, len);
        if (goes_on && len == 1) {
            goes_on = serve_control(fd, reader, message[0], atr, &atr_len);
        } else if (goes_on) {
            goes_on = serve_apdu(fd, reader, message, (int)len);
        }
    }
}

int main(int argc, char **argv)
{
    VCardEmulOptions *options = argc == 2 ? vcard_emul_options(argv[1]) : NULL;
    if (options == NULL || vcard_emul_init(options) != VCARD_EMUL_OK) {
        (void)fprintf(stderr, "cac_card: libcacard does not take the options\n");
        return 1;
    }
    VReader *reader = wait_for_card();
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(VPCD_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (reader == NULL || fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)fprintf(stderr, "cac_card: cannot connect to vpcd: %s\n", strerror(errno));
        return 1;
    }
    serve(fd, reader);
    (void)close(fd);
    return 0;
}
