/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of the simulated Platform: the folder that make-ca.sh fills holds several certificates,
 * and each new connection is shown the one in force. The only file that includes OpenSSL.
 */
#ifndef PLATFORM_TLS_H
#define PLATFORM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls;

/* `http1_only` is read at each handshake. NULL: said on stderr. */
struct tls *tls_new(const char *folder, const bool *http1_only);
void tls_free(struct tls *tls);

/* "good", "expired", "wrong-host", "self-signed" (or any NAME.crt). False: no such. */
bool tls_use_certificate(struct tls *tls, const char *name);
/* Newest version that new connections may agree on: "1.0" to "1.3". False: no such. */
bool tls_use_version(struct tls *tls, const char *version);

/* NULL: out of memory. */
void *tls_connection(struct tls *tls, int fd);
void tls_farewell(void *ssl); /* close_notify, if the socket takes it */
void tls_connection_free(void *ssl);

enum tls_status { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_FAILED };

enum tls_status tls_handshake(void *ssl);
bool tls_agreed_http2(void *ssl);
enum tls_status tls_read(void *ssl, char *bytes, size_t cap, size_t *got);
enum tls_status tls_write(void *ssl, const char *bytes, size_t len, size_t *put);

#endif
