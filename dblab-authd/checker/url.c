/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool scheme_read(const char *text, size_t len, struct url *url)
{
    static const char *const known[] = {"http",    "https",  "socks4",
                                        "socks4a", "socks5", "socks5h"};

    if (len >= sizeof url->scheme)
        return false;
    for (size_t i = 0; i < len; i++)
        url->scheme[i] = dba_text_lower(text[i]);
    url->scheme[len] = '\0';
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(url->scheme, known[i]) == 0)
            return true;
    return false;
}

static bool port_read(const char *text, size_t len, struct url *url)
{
    unsigned port = 0;

    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    url->port = port;
    return port > 0 && port <= 65535;
}

static bool is_address(int family, const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(family, host, bytes) == 1;
}

static bool host_read(const char *text, size_t len, bool bracketed, struct url *url)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    if (len == 0 || len > URL_HOST_MAX)
        return false;
    memcpy(url->host, text, len);
    url->host[len] = '\0';
    url->address = is_address(bracketed ? AF_INET6 : AF_INET, url->host);
    return bracketed ? url->address : strspn(url->host, letters) == len;
}

bool url_split(const char *text, const char *default_scheme, struct url *url)
{
    const char *colons = strstr(text, "://");
    const char *end, *at, *host, *host_end;
    bool bracketed;

    memset(url, 0, sizeof *url);
    if (!scheme_read(colons != NULL ? text : default_scheme,
                     colons != NULL ? (size_t)(colons - text) : strlen(default_scheme), url))
        return false;
    if (colons != NULL)
        text = colons + 3;
    url->has_query = strpbrk(text, "?#") != NULL;
    end = text + strcspn(text, "/?#");
    at = memrchr(text, '@', (size_t)(end - text));
    url->has_user = at != NULL;
    host = at != NULL ? at + 1 : text;
    bracketed = *host == '[';
    host_end = memchr(host, bracketed ? ']' : ':', (size_t)(end - host));
    if (bracketed) {
        host++;
        if (host_end == NULL)
            return false;
    } else if (host_end == NULL) {
        host_end = end;
    }
    if (!host_read(host, (size_t)(host_end - host), bracketed, url))
        return false;
    host_end += bracketed ? 1 : 0;
    if (host_end == end)
        return true;
    return *host_end == ':' && port_read(host_end + 1, (size_t)(end - host_end - 1), url);
}
