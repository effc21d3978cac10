/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the simulated Platform; see tls.h. */
#include "tests/platform/tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/loop.h"

struct tls {
    SSL_CTX *context;
    const bool *http1_only;
    char folder[1024];
};

/* Picks the first of ours that the client has; else goes on without (RFC 7301 lets us). */
static int pick_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                         const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    const struct tls *tls = arg;
    unsigned skip = *tls->http1_only ? 3 : 0;
    unsigned char *found;

    (void)ssl;
    if (SSL_select_next_proto(&found, out_len, both + skip, (unsigned)sizeof both - 1 - skip,
                              in, in_len) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Fresh keys of tickets: a resumed session would not show a new certificate. */
static bool forget_sessions(struct tls *tls)
{
    unsigned char keys[80];
    long len = SSL_CTX_get_tlsext_ticket_keys(tls->context, NULL, 0);

    return len > 0 && (size_t)len <= sizeof keys && RAND_bytes(keys, (int)len) == 1 &&
           SSL_CTX_set_tlsext_ticket_keys(tls->context, keys, len) == 1;
}

bool tls_use_certificate(struct tls *tls, const char *name)
{
    char certificate[1300], key[1300];

    (void)snprintf(certificate, sizeof certificate, "%s/%s.crt", tls->folder, name);
    (void)snprintf(key, sizeof key, "%s/%s.key", tls->folder, name);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(tls->context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls->context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return false;
    }
    return forget_sessions(tls);
}

bool tls_use_version(struct tls *tls, const char *version)
{
    static const struct {
        const char *name;
        int number;
    } versions[] = {
        {"1.0", TLS1_VERSION},
        {"1.1", TLS1_1_VERSION},
        {"1.2", TLS1_2_VERSION},
        {"1.3", TLS1_3_VERSION},
    };

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (strcmp(versions[i].name, version) == 0) {
            return SSL_CTX_set_max_proto_version(tls->context, versions[i].number) == 1;
        }
    }
    return false;
}

struct tls *tls_new(const char *folder, const bool *http1_only)
{
    struct tls *tls = take(sizeof *tls);

    tls->http1_only = http1_only;
    (void)snprintf(tls->folder, sizeof tls->folder, "%s", folder);
    tls->context = SSL_CTX_new(TLS_server_method());
    /* Level 0, or OpenSSL would not even offer TLS 1.1 to be refused. */
    if (tls->context == NULL ||
        SSL_CTX_set_cipher_list(tls->context, "DEFAULT:@SECLEVEL=0") != 1 ||
        SSL_CTX_set_min_proto_version(tls->context, TLS1_VERSION) != 1 ||
        !tls_use_certificate(tls, "good")) {
        (void)fprintf(stderr, "platformd: no usable certificate in %s\n", folder);
        tls_free(tls);
        return NULL;
    }
    (void)SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                             SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                             SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(tls->context, 1);
    SSL_CTX_set_alpn_select_cb(tls->context, pick_protocol, tls);
    return tls;
}

void tls_free(struct tls *tls)
{
    SSL_CTX_free(tls->context);
    free(tls);
}

void *tls_connection(struct tls *tls, int fd)
{
    SSL *ssl = SSL_new(tls->context);

    if (ssl != NULL && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (ssl != NULL) {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

void tls_farewell(void *ssl)
{
    if (SSL_is_init_finished(ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(ssl);
    }
}

void tls_connection_free(void *ssl)
{
    SSL_free(ssl);
}

static enum tls_status status_of(SSL *ssl, int rc)
{
    if (rc > 0) {
        return TLS_DONE;
    }
    switch (SSL_get_error(ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    default:
        return TLS_FAILED;
    }
}

enum tls_status tls_handshake(void *ssl)
{
    ERR_clear_error();
    return status_of(ssl, SSL_do_handshake(ssl));
}

bool tls_agreed_http2(void *ssl)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

enum tls_status tls_read(void *ssl, char *bytes, size_t cap, size_t *got)
{
    *got = 0;
    ERR_clear_error();
    return status_of(ssl, SSL_read_ex(ssl, bytes, cap, got));
}

enum tls_status tls_write(void *ssl, const char *bytes, size_t len, size_t *put)
{
    *put = 0;
    ERR_clear_error();
    return status_of(ssl, SSL_write_ex(ssl, bytes, len, put));
}
