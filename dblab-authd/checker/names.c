/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dblab-authd/checker/resolve.h"
#include "dblab-authd/checker/url.h"

#define PORT_PROXY 1080 /* where libcurl expects a proxy that names no port */

#define ENTRY_MAX (RESOLVE_HOST_MAX + RESOLVE_TEXT_MAX + sizeof ":65535:")

struct names {
    names_fn *fn;
    void *arg;
    struct resolver *resolver;
    struct resolve_names hosts;
    unsigned ports[RESOLVE_NAMES];
    char entries[RESOLVE_NAMES][ENTRY_MAX];
    unsigned version;
    dba_time at; /* of the last lookup that succeeded */
};

static void resolved(const struct resolve_answer *answer, void *arg)
{
    struct names *names = arg;
    const struct resolve_names hosts = names->hosts; /* apart from what is written to */

    if (answer != NULL) {
        for (unsigned i = 0; i < hosts.count; i++)
            (void)snprintf(names->entries[i], ENTRY_MAX, "%s:%u:%s", hosts.hosts[i],
                           names->ports[i], answer->addresses[i]);
        names->version++;
        names->at = dba_clock_boot();
    }
    names->fn(answer != NULL, names->arg);
}

static void need(struct names *names, const struct url *url, unsigned default_port)
{
    unsigned i = names->hosts.count;

    if (url->address)
        return;
    memcpy(names->hosts.hosts[i], url->host, sizeof url->host);
    names->ports[i] = url->port != 0 ? url->port : default_port;
    names->hosts.count++;
}

static const char *urls_read(struct names *names, const char *text, const char *proxy_text)
{
    struct url url, proxy;
    bool https;

    _Static_assert(URL_HOST_MAX == RESOLVE_HOST_MAX, "one limit for a host name");
    if (!url_split(text, "", &url) || url.has_user || url.has_query ||
        strncmp(url.scheme, "http", 4) != 0)
        return "platform.url is not a URL that can be used";
    https = strcmp(url.scheme, "https") == 0;
    if (proxy_text[0] != '\0') {
        if (!url_split(proxy_text, "http", &proxy))
            return "platform.proxy is not a URL that can be used";
        need(names, &proxy, strcmp(proxy.scheme, "https") == 0 ? 443 : PORT_PROXY);
        /* The other kinds of proxies are told the Platform's name. */
        if (strcmp(proxy.scheme, "socks4") != 0 && strcmp(proxy.scheme, "socks5") != 0)
            return NULL;
    }
    need(names, &url, https ? 443 : 80);
    return NULL;
}

struct names *names_new(struct loop *loop, const char *url, const char *proxy, names_fn *fn,
                        void *arg, const char **why)
{
    struct names *names = calloc(1, sizeof *names);

    *why = "out of memory";
    if (names == NULL)
        return NULL;
    names->fn = fn;
    names->arg = arg;
    names->resolver = resolver_new(loop, resolved, names);
    if (names->resolver != NULL)
        *why = urls_read(names, url, proxy);
    if (*why != NULL)
        names_free(&names);
    return names;
}

void names_free(struct names **names)
{
    if (*names == NULL)
        return;
    resolver_free(&(*names)->resolver);
    free(*names);
    *names = NULL;
}

bool names_known(const struct names *names)
{
    return names->hosts.count == 0 || names->version > 0;
}

bool names_refresh(struct names *names, dba_time age)
{
    if (names->hosts.count == 0)
        return true;
    if (names->version > 0 && dba_clock_boot() - names->at < age)
        return true;
    return resolver_start(names->resolver, &names->hosts);
}

const char *names_entry(const struct names *names, unsigned i)
{
    return names->version > 0 && i < names->hosts.count ? names->entries[i] : NULL;
}

unsigned names_version(const struct names *names)
{
    return names->version;
}
