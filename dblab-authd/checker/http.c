/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS client. The one file that includes libcurl.
 *
 * A transfer is one request; its easy handle is used again and again. Transfers run in a
 * generation, that is a multi handle with its connections. When a connection can no longer be
 * trusted, its generation is retired: what was sent over it may end there, all else goes on in
 * a new one. libcurl has no way to give up one connection, so that is the unit.
 */
#include "dblab-authd/checker/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "dblab-authd/checker/incoming.h"
#include "dblab-authd/checker/names.h"
#include "dblab-authd/checker/reply.h"
#include "dblab-authd/checker/request.h"
#include "dblab-authd/checker/sockets.h"
#include "dblab-authd/checker/warmth.h"
#include "dblab-authd/checker/wiping.h"

#define CALL_PATH         "/rpc/dblab_token_check"
#define ACCESS_NAME       "Access-Token: "
#define IDLE_MAX          (365l * 24 * 60 * 60) /* s: the Platform ends a connection, not we */
#define UPLOAD_BUFFER     16384l                /* the least that libcurl takes */
#define NAMES_REFRESH     (60 * DBA_SECOND)     /* as libcurl's own cache */
#define NAMES_REFRESH_MIN (5 * DBA_SECOND)      /* after a connection failed */
#define POOL_MAX          64                    /* transfers that are kept for the next check */
#define TURNS_MAX         16 /* of libcurl for one event before others have theirs */
#define EXCESS_MAX        16 /* checks over maxInFlight: those that the keeper gave up */

enum kind {
    KIND_CHECK,
    KIND_WARM,  /* OPTIONS without a token, for the sake of the connection */
    KIND_NUDGE, /* never sent: makes libcurl read what came on an idle connection */
};

struct generation;

struct transfer {
    TAILQ_ENTRY(transfer) link; /* in its generation, in those that wait for names, or the pool */
    struct http *http;
    struct generation *generation; /* NULL: in none */
    CURL *easy;
    enum kind kind;
    uint32_t id;
    dba_time deadline;
    bool sent;     /* it has a connection, which may carry some of it */
    bool repeated; /* already, on another connection */
    struct incoming in;
    struct curl_slist access_header; /* before http->headers in the list */
    char access[sizeof ACCESS_NAME + DBA_TOKEN_MAX];
    char body[REQUEST_BODY_MAX];
};
TAILQ_HEAD(transfers, transfer);

struct generation {
    TAILQ_ENTRY(generation) link;
    struct http *http;
    CURLM *multi;
    struct loop_timer *timer;
    struct transfers transfers;
    bool due;               /* libcurl wants to be called at once */
    bool answered, http2;   /* by its last answer */
    unsigned names_version; /* of the addresses that libcurl was told */
};

struct http {
    struct loop *loop;
    struct link_setup setup;
    char url[LINK_URL_MAX + sizeof CALL_PATH];
    struct curl_blob ca;         /* len 0: the system's */
    const char *ca_path;         /* with the system's: a folder of hashed names, or NULL */
    struct curl_slist *headers;  /* that all checks have in common */
    struct sockets *sockets;     /* owners: generations */
    struct names *names;
    struct curl_slist addresses[2]; /* of `names`, for libcurl */
    TAILQ_HEAD(, generation) generations; /* the first is the current one, the others retire */
    struct transfers waiting;             /* for the first name lookup, the oldest first */
    struct loop_timer *waiting_timer;
    struct transfers pool;
    unsigned pooled, checks;
    struct warmth warmth;
    bool kept_open; /* an answer has come since the last look */
    struct loop_timer *cold_timer;
    http_answer_fn *answer;
    http_cold_fn *cold;
    void *arg;
};

static struct generation *current(const struct http *http)
{
    return TAILQ_FIRST(&http->generations);
}

bool http_init(void)
{
    /* Tokens pass through libcurl's buffers: what it frees is wiped. */
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
                                strdup, calloc) == CURLE_OK;
}

const char *http_system_ca_path(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    return info->age >= CURLVERSION_SEVENTH ? info->capath : NULL;
}

/* ---- what libcurl calls ---- */

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    const struct transfer *transfer = arg;

    (void)purpose;
    if (transfer->kind == KIND_NUDGE)
        return CURL_SOCKET_BAD; /* what it was to read from is gone, and it makes no other */
    return sockets_open(transfer->http->sockets, to->family, to->socktype, to->protocol,
                        transfer->generation);
}

static int on_close_socket(void *arg, curl_socket_t fd)
{
    sockets_close(arg, fd);
    return 0;
}

/* A connection was found or made; the next that libcurl does is to send. */
static int on_connection(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct transfer *transfer = arg;

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    transfer->sent = true;
    return transfer->kind == KIND_NUDGE ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
    struct transfer *transfer = arg;

    (void)one;
    return incoming_header(&transfer->in, line, len) ? len : 0;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct transfer *transfer = arg;

    (void)one;
    return incoming_body(&transfer->in, bytes, len) ? len : 0;
}

static int on_want(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    const struct generation *generation = arg;
    unsigned events = 0;

    (void)easy;
    (void)socket_arg;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= LOOP_READ;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= LOOP_WRITE;
    return sockets_want(generation->http->sockets, fd, events) ? 0 : -1;
}

static int on_want_timer(CURLM *multi, long ms, void *arg)
{
    struct generation *generation = arg;

    (void)multi;
    generation->due = ms == 0;
    loop_timer_set(generation->timer,
                   ms <= 0 ? DBA_NEVER : dba_clock_boot() + ms * DBA_MSEC);
    return 0;
}

/* ---- transfers ---- */

/* Collects failures of setopt, so that each option takes one line. */
#define SET(name, value)                                                                       \
    (failed |= (unsigned)curl_easy_setopt(easy, CURLOPT_##name, (value)) /* 0: CURLE_OK */)

static bool set_tls(const struct http *http, CURL *easy)
{
    struct curl_blob ca = http->ca;
    bool plain = strncmp(http->url, "http:", 5) == 0;
    unsigned failed = 0;

    SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(SSL_SESSIONID_CACHE, 0L); /* connections are kept, sessions need not be */
    if (ca.len > 0)
        SET(CAINFO_BLOB, &ca);
    /* Of a folder with hashed names only the certificates in need are read; the bundle that
     * libcurl reads otherwise would cost each new connection some 20 ms. */
    if (ca.len > 0 || http->ca_path != NULL) {
        SET(CAINFO, NULL);
        SET(CAPATH, ca.len > 0 ? NULL : http->ca_path);
    }
    if (http->setup.pinned_public_key[0] != '\0')
        SET(PINNEDPUBLICKEY, http->setup.pinned_public_key);
    /* Plain text only if the setup says so, which it may for a loopback address. */
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(PROTOCOLS_STR, plain ? "http" : "https");
#else
    SET(PROTOCOLS, plain ? (long)CURLPROTO_HTTP : (long)CURLPROTO_HTTPS);
#endif
    return failed == 0;
}

static bool set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    unsigned failed = 0;

    SET(PRIVATE, transfer);
    SET(OPENSOCKETFUNCTION, on_open_socket);
    SET(OPENSOCKETDATA, transfer);
    SET(CLOSESOCKETFUNCTION, on_close_socket);
    SET(CLOSESOCKETDATA, transfer->http->sockets); /* the connection may outlive the transfer */
    SET(PREREQFUNCTION, on_connection);
    SET(PREREQDATA, transfer);
    SET(HEADERFUNCTION, on_header);
    SET(HEADERDATA, transfer);
    SET(SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's own answer is none of the Platform's */
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, transfer);
    return failed == 0;
}

static bool set_request(const struct transfer *transfer)
{
    const struct http *http = transfer->http;
    CURL *easy = transfer->easy;
    unsigned failed = 0;

    SET(URL, http->url);
    SET(USERAGENT, "dblab-auth/" DBA_VERSION);
    SET(PROXY, http->setup.proxy); /* "": none, whatever the environment says */
    SET(NOPROXY, "");
    SET(FOLLOWLOCATION, 0L);
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(NOSIGNAL, 1L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(PIPEWAIT, transfer->kind == KIND_NUDGE ? 0L : 1L);
    SET(MAXAGE_CONN, IDLE_MAX);
    SET(CONNECTTIMEOUT_MS, (long)http->setup.connect_timeout_ms);
    if (transfer->kind == KIND_CHECK)
        SET(POST, 1L);
    else
        SET(CUSTOMREQUEST, "OPTIONS");
    return failed == 0;
}

static void transfer_free(struct transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    incoming_free(&transfer->in);
    dba_wipe(transfer, sizeof *transfer);
    free(transfer);
}

static struct transfer *transfer_new(struct http *http, enum kind kind)
{
    struct transfer *transfer = TAILQ_FIRST(&http->pool);

    if (kind == KIND_CHECK && transfer != NULL) {
        TAILQ_REMOVE(&http->pool, transfer, link);
        http->pooled--;
    } else {
        transfer = calloc(1, sizeof *transfer);
        if (transfer == NULL)
            return NULL;
        transfer->http = http;
        transfer->kind = kind;
        transfer->easy = curl_easy_init();
        if (transfer->easy == NULL || !set_callbacks(transfer) || !set_request(transfer) ||
            !set_tls(http, transfer->easy)) {
            transfer_free(transfer);
            return NULL;
        }
    }
    if (kind == KIND_CHECK)
        http->checks++;
    transfer->deadline = dba_clock_boot() + http->setup.timeout_ms * DBA_MSEC;
    return transfer;
}

/* Back to the pool without a token in it, or freed. */
static void transfer_release(struct transfer *transfer)
{
    struct http *http = transfer->http;
    CURL *easy = transfer->easy;
    unsigned failed = 0;

    if (transfer->kind == KIND_CHECK)
        http->checks--;
    if (transfer->kind != KIND_CHECK || http->pooled >= POOL_MAX) {
        transfer_free(transfer);
        return;
    }
    SET(POSTFIELDS, NULL);
    SET(HTTPHEADER, NULL);
    SET(UPLOAD_BUFFERSIZE, UPLOAD_BUFFER); /* frees, and so wipes, a buffer with the token */
    if (failed != 0) {
        transfer_free(transfer);
        return;
    }
    dba_wipe(transfer->access, sizeof transfer->access);
    dba_wipe(transfer->body, sizeof transfer->body);
    incoming_reset(&transfer->in);
    transfer->sent = transfer->repeated = false;
    TAILQ_INSERT_HEAD(&http->pool, transfer, link);
    http->pooled++;
}
