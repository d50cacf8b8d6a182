// SPDX-License-Identifier: Apache-2.0
/*
 * gnutls_server CERTIFICATE KEY CA: serves one TLS connection on a port of 127.0.0.1, which it prints as
 * "port N". The client has to present a certificate by the CA and is told its subject. (gnutls-serv listens
 * for everybody.)
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ends the program unless GnuTLS is content. */
static void must(int got, const char *what)
{
    if (got >= 0) {
        return;
    }
    (void)fprintf(stderr, "%s: %s\n", what, gnutls_strerror(got));
    exit(1);
}

/* The one connection. */
static int take(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, size) != 0 ||
        listen(listening, 1) != 0 || getsockname(listening, (struct sockaddr *)&address, &size) != 0) {
        perror("cannot listen");
        exit(1);
    }
    printf("port %d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    int connection = accept(listening, NULL, NULL);
    (void)close(listening);
    if (connection < 0) {
        perror("cannot accept");
        exit(1);
    }
    return connection;
}

static gnutls_certificate_credentials_t credentials(char *const *files)
{
    gnutls_certificate_credentials_t made = NULL;
    must(gnutls_certificate_allocate_credentials(&made), "credentials");
    must(gnutls_certificate_set_x509_key_file(made, files[0], files[1], GNUTLS_X509_FMT_PEM), files[0]);
    must(gnutls_certificate_set_x509_trust_file(made, files[2], GNUTLS_X509_FMT_PEM), files[2]);
    return made;
}

/* Tells the client which TLS it speaks and who it is, by a certificate that was verified. */
static void greet(gnutls_session_t session)
{
    unsigned status = 0;
    must(gnutls_certificate_verify_peers2(session, &status), "verify");
    if (status != 0) {
        (void)fprintf(stderr, "the client's certificate is not trusted: %x\n", status);
        exit(1);
    }
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (chain == NULL || count == 0) {
        must(GNUTLS_E_NO_CERTIFICATE_FOUND, "client");
    }
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t subject = {NULL, 0};
    must(gnutls_x509_crt_init(&certificate), "certificate");
    must(gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER), "certificate");
    must(gnutls_x509_crt_get_dn3(certificate, &subject, 0), "subject");
    char line[256];
    int size = snprintf(line, sizeof(line), "%s client %s\n",
                        gnutls_protocol_get_name(gnutls_protocol_get_version(session)), (char *)subject.data);
    if (size < 0 || (size_t)size >= sizeof(line)) {
        must(GNUTLS_E_SHORT_MEMORY_BUFFER, "subject");
    }
    must((int)gnutls_record_send(session, line, (size_t)size), "send");
    gnutls_free(subject.data);
    gnutls_x509_crt_deinit(certificate);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: gnutls_server CERTIFICATE KEY CA\n");
        return 2;
    }
    gnutls_certificate_credentials_t own = credentials(argv + 1);
    gnutls_session_t session = NULL;
    must(gnutls_init(&session, GNUTLS_SERVER), "session");
    must(gnutls_set_default_priority(session), "priorities");
    must(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, own), "credentials");
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_handshake_set_timeout(session, 30000);
    int connection = take();
    gnutls_transport_set_int(session, connection);
    int got = 0;
    do {
        got = gnutls_handshake(session);
    } while (got < 0 && !gnutls_error_is_fatal(got));
    must(got, "handshake");
    char said[4096];
    must((int)gnutls_record_recv(session, said, sizeof(said)), "receive");
    greet(session);
    must(gnutls_bye(session, GNUTLS_SHUT_WR), "end");
    /* What is closed before all was read resets the connection. */
    while (read(connection, said, sizeof(said)) > 0) {
    }
    (void)close(connection);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(own);
    return 0;
}
