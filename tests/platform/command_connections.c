/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about connections; the list is in control.h. */
#include <stdlib.h>

#include "tests/platform/conn.h"
#include "tests/platform/listener.h"
#include "tests/platform/tls.h"
#include "tests/platform/words.h"

static const char *certificate(struct words *words)
{
    return tls_use_certificate(words->platform->tls, words_text(words, 1))
               ? NULL
               : "no such certificate";
}

static const char *tls_max(struct words *words)
{
    return tls_use_version(words->platform->tls, words_text(words, 1)) ? NULL
                                                                       : "no such version";
}

static const char *alpn(struct words *words)
{
    words->platform->mode.http1_only = !words_is(words, 1, "h2");
    return NULL;
}

static const char *streams(struct words *words)
{
    words->platform->mode.streams = (uint32_t)strtoul(words_text(words, 1), NULL, 10);
    return NULL;
}

static const char *listener(struct words *words)
{
    static const char *const names[] = {"open", "closed", "silent", NULL};
    int found = words_one_of(words, 1, names);

    if (found < 0) {
        return "open, closed or silent";
    }
    words->platform->mode.listening = (enum listening)found;
    return listener_apply(words->platform) ? NULL : "the port is taken";
}

static const char *freeze(struct words *words)
{
    conn_freeze(words->platform, words_is(words, 1, "on"));
    return listener_apply(words->platform) ? NULL : "the port is taken";
}

static const char *close_all(struct words *words)
{
    conn_close_all(words->platform, words_is(words, 1, "polite") ? PART_POLITE : PART_RUDE);
    return NULL;
}

static const char *close_each(struct words *words)
{
    static const char *const names[] = {"never", "polite", "rude", NULL};
    int found = words_one_of(words, 1, names);

    if (found < 0) {
        return "never, polite or rude";
    }
    words->platform->mode.parting = (enum parting)found;
    return NULL;
}

const struct command commands_of_connections[] = {
    {"certificate", 2, certificate}, {"tls-max", 2, tls_max},       {"alpn", 2, alpn},
    {"streams", 2, streams},         {"listener", 2, listener},     {"freeze", 2, freeze},
    {"close-all", 1, close_all},     {"close-each", 2, close_each}, {NULL, 0, NULL},
};
