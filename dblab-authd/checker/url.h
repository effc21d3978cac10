/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a URL that say where to connect to. Pure; stricter than RFC 3986: a host is a
 * DNS name in ASCII or an IP address.
 */
#ifndef DBA_CHECKER_URL_H
#define DBA_CHECKER_URL_H

#include <stdbool.h>

#define URL_HOST_MAX 255

struct url {
    char scheme[8]; /* in lower case: http, https, socks4, socks4a, socks5, socks5h */
    char host[URL_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
    bool address;                /* the host is an IP address */
    unsigned port;               /* 0: none is named */
    bool has_user;               /* there is something before an '@' */
    bool has_query;              /* there is a '?' or '#' */
};

/* A text without "://" is of scheme `default_scheme`. False: not such a URL. */
bool url_split(const char *text, const char *default_scheme, struct url *url);

#endif
