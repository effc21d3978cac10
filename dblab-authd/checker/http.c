/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS client. The one file that includes libcurl.
 *
 * A transfer is one request; its easy handle is used again and again. Transfers run in a
 * generation, that is a multi handle with its connections. When a connection can no longer be
 * trusted, its generation is retired: what was sent over it may end there, all else goes on in
 * a new one. libcurl has no way to close one connection, so that is the unit.
 */
#include "dblab-authd/checker/http.h"

#include <curl/curl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "dblab-authd/checker/memory.h"
#include "dblab-authd/checker/reply.h"
#include "dblab-authd/checker/request.h"
#include "dblab-authd/checker/resolve.h"
#include "dblab-authd/checker/sockets.h"
#include "dblab-authd/checker/warmth.h"

#define PATH              "/rpc/dblab_token_check"
#define BODY_MAX          (64u * 1024) /* an honest answer has some hundred bytes */
#define HEADERS_MAX       (32u * 1024)
#define RETRY_AFTER_MAX   (24l * 60 * 60) /* seconds; the core bounds it further */
#define IDLE_MAX          (365l * 24 * 60 * 60) /* the Platform ends a connection, not we */
#define NAMES_REFRESH     (60 * DBA_SECOND) /* as libcurl's own cache */
#define NAMES_REFRESH_MIN (5 * DBA_SECOND)  /* after a connection failed */
#define POOL_MAX          64                /* idle transfers that are kept */
#define TURNS_MAX         16                /* of libcurl for one event, before others have theirs */

enum kind {
    KIND_CHECK,
    KIND_WARM,  /* OPTIONS without a token, for the sake of the connection */
    KIND_NUDGE, /* never sent: makes libcurl read what came on an idle connection */
};

struct generation;

struct transfer {
    struct transfer *next, *prev; /* of its generation, of those that wait for names, or pool */
    struct http *http;
    struct generation *generation; /* NULL: in none */
    CURL *easy;
    enum kind kind;
    uint32_t id;
    dba_time deadline;
    bool sent;     /* it has a connection and began to use it */
    bool repeated; /* on another connection, already */
    bool headers_over, body_over;
    size_t headers_len;
    bool has_retry_after;
    char retry_after[64];
    char *reply;
    size_t reply_len, reply_room;
    struct curl_slist access_header; /* before http->headers in the list */
    char access[DBA_TOKEN_MAX + sizeof "Access-Token: "];
    char body[REQUEST_BODY_MAX];
};

struct generation {
    struct generation *next;
    struct http *http;
    CURLM *multi;
    struct loop_timer *timer;
    struct transfer *transfers;
    bool retired;
    bool due;               /* libcurl wants to be called at once */
    bool answered, http2;   /* by its last answer */
    unsigned names_version; /* of the addresses that libcurl was told */
};

struct http {
    struct loop *loop;
    struct sockets *sockets;
    struct resolver *resolver;
    struct generation *generations; /* the first is the current one */
    struct transfer *waiting;       /* for the first name lookup, the oldest first */
    struct loop_timer *waiting_timer;
    struct transfer *pool;
    unsigned pooled, checks;
    struct warmth warmth;
    struct loop_timer *cold_timer;
    struct resolve_names names; /* none: only addresses are in the setup */
    char ports[RESOLVE_NAMES][8];
    struct curl_slist *addresses; /* as last resolved; NULL: not yet */
    unsigned names_version;
    dba_time names_at;
    struct curl_slist *headers; /* that all checks have in common */
    struct link_setup setup;
    char url[LINK_URL_MAX + sizeof PATH];
    const char *ca_path; /* a folder of hashed certificates; NULL: what libcurl has built in */
    struct curl_blob ca;
    http_answer_fn *answer;
    http_cold_fn *cold;
    void *arg;
};

bool http_init(void)
{
    /* Tokens are in libcurl's buffers: what it frees is wiped. */
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, memory_free, memory_realloc,
                                strdup, calloc) == CURLE_OK;
}

/* ---- lists of transfers ---- */

static void list_append(struct transfer **list, struct transfer *transfer)
{
    struct transfer *head = *list;

    transfer->next = NULL;
    transfer->prev = transfer; /* a head's `prev` is the tail */
    if (head == NULL) {
        *list = transfer;
        return;
    }
    transfer->prev = head->prev;
    head->prev->next = transfer;
    head->prev = transfer;
}

static void list_remove(struct transfer **list, struct transfer *transfer)
{
    struct transfer *head = *list;

    if (transfer->next != NULL)
        transfer->next->prev = transfer->prev;
    else if (head != transfer)
        head->prev = transfer->prev;
    if (head == transfer)
        *list = transfer->next;
    else
        transfer->prev->next = transfer->next;
    transfer->next = transfer->prev = NULL;
}
