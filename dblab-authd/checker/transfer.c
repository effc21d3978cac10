/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that includes libcurl: 7.81 (Ubuntu 22.04) or later. */
#include "dblab-authd/checker/transfer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dblab-authd/checker/request.h"
#include "dblab-authd/checker/wiping.h"

#define IDLE_MAX        (365L * 24 * 60 * 60) /* s: the Platform ends a connection, not we */
#define UPLOAD_BUFFER   16384L                /* the least that libcurl takes */
#define DOWNLOAD_BUFFER 4096L /* each transfer has one; an answer has some hundred bytes */
#define TURNS_MAX       16    /* of libcurl for one event, before others have theirs */

/* A whole transfer. */
struct whole {
    struct transfer transfer; /* first: the public part is turned into the whole by a cast */
    const struct transfer_options *options;
    CURL *easy;
    struct curl_slist headers[REQUEST_HEADERS + 1];
    char access[REQUEST_ACCESS_MAX];
    char body[REQUEST_BODY_MAX];
};

struct multi {
    CURLM *curl;
    struct loop_timer *timer;
    struct sockets *sockets;
    struct multi_events events;
    void *owner;
    unsigned limit;                 /* of connections */
    bool due;                       /* libcurl wants to be called at once */
    unsigned names_version;         /* of the addresses that it was told */
    struct curl_slist addresses[2]; /* as it is told them */
};

static struct whole *whole_of(struct transfer *transfer)
{
    return (struct whole *)(void *)transfer;
}

bool transfer_library_init(void)
{
    /* Tokens pass through libcurl's buffers: what it frees is wiped. */
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
                                strdup, calloc) == CURLE_OK;
}

const char *transfer_library_ca_path(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    return info->age >= CURLVERSION_SEVENTH ? info->capath : NULL;
}

/* ---- what libcurl calls ---- */

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    const struct whole *whole = arg;
    const struct multi *multi = whole->transfer.multi;

    (void)purpose;
    if (whole->transfer.kind == TRANSFER_NUDGE)
        return CURL_SOCKET_BAD; /* what it was to read from is gone, and it makes no other */
    return sockets_open(multi->sockets, to->family, to->socktype, to->protocol, multi->owner);
}

static int on_close_socket(void *arg, curl_socket_t fd)
{
    sockets_close(arg, fd);
    return 0;
}

/* A connection was found or made; the next that libcurl does is to send. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static int on_connection(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct whole *whole = arg;
    const struct multi *multi = whole->transfer.multi;
    long made = 0;

    (void)to;
    (void)from;
    (void)to_port;
    whole->transfer.sent = true;
    if (curl_easy_getinfo(whole->easy, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK && made > 0)
        sockets_up(multi->sockets, multi->owner, from_port);
    return whole->transfer.kind == TRANSFER_NUDGE ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
    struct whole *whole = arg;

    (void)one;
    return incoming_header(&whole->transfer.in, line, len) ? len : 0;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct whole *whole = arg;

    (void)one;
    return incoming_body(&whole->transfer.in, bytes, len) ? len : 0;
}

static int on_want(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    const struct multi *multi = arg;
    unsigned events = 0;

    (void)easy;
    (void)socket_arg;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= LOOP_READ;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= LOOP_WRITE;
    return sockets_want(multi->sockets, fd, events) ? 0 : -1;
}

static int on_want_timer(CURLM *curl, long ms, void *arg)
{
    struct multi *multi = arg;

    (void)curl;
    multi->due = ms == 0;
    loop_timer_set(multi->timer, ms <= 0 ? DBA_NEVER : dba_clock_boot() + ms * DBA_MSEC);
    return 0;
}

/* ---- transfers ---- */

/* One option a line; what fails is collected. */
#define SET(name, value) (failed |= curl_easy_setopt(easy, CURLOPT_##name, value) != CURLE_OK)

static bool set_tls(CURL *easy, const struct transfer_options *options)
{
    struct curl_blob ca = {.len = options->ca_len, .flags = CURL_BLOB_NOCOPY};
    /* Plain text only if the setup says so, which it may for a loopback address. */
    bool plain = strncmp(options->common->url, "http:", 5) == 0;
    bool failed = false;

    SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(SSL_SESSIONID_CACHE, 0L); /* connections are kept, sessions need not be */
    if (options->ca != NULL) {
        ca.data = (void *)(uintptr_t)options->ca; /* never written to */
        SET(CAINFO_BLOB, &ca);
        SET(CAINFO, NULL);
        SET(CAPATH, NULL);
    } else if (options->ca_path != NULL) {
        /* Only the certificates in need are read; the bundle that libcurl would read by
         * default costs each new connection some 20 ms. */
        SET(CAINFO, NULL);
        SET(CAPATH, options->ca_path);
    }
    if (options->setup->pinned_public_key[0] != '\0')
        SET(PINNEDPUBLICKEY, options->setup->pinned_public_key);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(PROTOCOLS_STR, plain ? "http" : "https");
#else
    SET(PROTOCOLS, plain ? (long)CURLPROTO_HTTP : (long)CURLPROTO_HTTPS);
#endif
    return !failed;
}

static bool set_callbacks(CURL *easy, struct whole *whole)
{
    bool failed = false;

    SET(PRIVATE, whole);
    SET(OPENSOCKETFUNCTION, on_open_socket);
    SET(OPENSOCKETDATA, whole);
    SET(CLOSESOCKETFUNCTION, on_close_socket);
    SET(CLOSESOCKETDATA, whole->options->sockets); /* it may outlive the transfer */
    SET(PREREQFUNCTION, on_connection);
    SET(PREREQDATA, whole);
    SET(HEADERFUNCTION, on_header);
    SET(HEADERDATA, whole);
    SET(SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's own answer is none of the Platform's */
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, whole);
    return !failed;
}

static bool set_request(CURL *easy, const struct whole *whole)
{
    const struct link_setup *setup = whole->options->setup;
    bool failed = false;

    SET(URL, whole->options->common->url);
    SET(USERAGENT, "dblab-auth/" DBA_VERSION);
    SET(PROXY, setup->proxy); /* "": none, whatever the environment says */
    SET(NOPROXY, "");
    SET(FOLLOWLOCATION, 0L);
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(NOSIGNAL, 1L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(PIPEWAIT, whole->transfer.kind == TRANSFER_NUDGE ? 0L : 1L);
    SET(MAXAGE_CONN, IDLE_MAX);
    SET(CONNECTTIMEOUT_MS, (long)setup->connect_timeout_ms);
    SET(BUFFERSIZE, DOWNLOAD_BUFFER);
    SET(UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    if (whole->transfer.kind == TRANSFER_CHECK)
        SET(POST, 1L);
    else
        SET(CUSTOMREQUEST, "OPTIONS");
    return !failed;
}

struct transfer *transfer_new(const struct transfer_options *options, enum transfer_kind kind)
{
    struct whole *whole = calloc(1, sizeof *whole);

    if (whole == NULL)
        return NULL;
    whole->options = options;
    whole->transfer.kind = kind;
    whole->easy = curl_easy_init();
    if (whole->easy == NULL || !set_callbacks(whole->easy, whole) ||
        !set_request(whole->easy, whole) || !set_tls(whole->easy, options))
        goto failed;
    return &whole->transfer;
failed:
    transfer_free(&whole->transfer);
    return NULL;
}

void transfer_free(struct transfer *transfer)
{
    struct whole *whole = whole_of(transfer);

    if (whole->easy != NULL)
        curl_easy_cleanup(whole->easy);
    incoming_free(&transfer->in);
    dba_wipe(whole, sizeof *whole);
    free(whole);
}

bool transfer_ask(struct transfer *transfer, const struct dba_token *token,
                  const struct dba_token *access)
{
    struct whole *whole = whole_of(transfer);
    const struct request_common *common = whole->options->common;
    struct curl_slist *list = NULL;
    CURL *easy = whole->easy;
    bool failed = false;

    for (unsigned i = common->count; i-- > 0;) {
        whole->headers[i].data = (char *)(uintptr_t)common->headers[i]; /* only read */
        whole->headers[i].next = list;
        list = &whole->headers[i];
    }
    if (access->len > 0) {
        request_access(access, whole->access);
        whole->headers[REQUEST_HEADERS] = (struct curl_slist){whole->access, list};
        list = &whole->headers[REQUEST_HEADERS];
    }
    SET(HTTPHEADER, list);
    SET(POSTFIELDSIZE, (long)request_body(token, whole->body));
    SET(POSTFIELDS, whole->body); /* not copied */
    return !failed;
}

/* ---- where they run ---- */

static enum dba_cause cause_of(CURLcode code)
{
    static const struct {
        CURLcode code;
        enum dba_cause cause;
    } causes[] = {{CURLE_OK, DBA_CAUSE_NONE},
                  {CURLE_COULDNT_RESOLVE_HOST, DBA_CAUSE_DNS},
                  {CURLE_COULDNT_RESOLVE_PROXY, DBA_CAUSE_DNS},
                  {CURLE_COULDNT_CONNECT, DBA_CAUSE_CONNECT},
                  {CURLE_PROXY, DBA_CAUSE_CONNECT},
                  {CURLE_NO_CONNECTION_AVAILABLE, DBA_CAUSE_CONNECT},
                  {CURLE_OPERATION_TIMEDOUT, DBA_CAUSE_TIMEOUT},
                  {CURLE_SSL_CONNECT_ERROR, DBA_CAUSE_TLS},
                  {CURLE_PEER_FAILED_VERIFICATION, DBA_CAUSE_TLS},
                  {CURLE_SSL_PINNEDPUBKEYNOTMATCH, DBA_CAUSE_TLS},
                  {CURLE_SSL_INVALIDCERTSTATUS, DBA_CAUSE_TLS},
                  {CURLE_SSL_ISSUER_ERROR, DBA_CAUSE_TLS},
                  {CURLE_SSL_CACERT_BADFILE, DBA_CAUSE_TLS},
                  {CURLE_SSL_CERTPROBLEM, DBA_CAUSE_TLS},
                  {CURLE_SSL_CIPHER, DBA_CAUSE_TLS},
                  {CURLE_USE_SSL_FAILED, DBA_CAUSE_TLS},
                  {CURLE_SEND_ERROR, DBA_CAUSE_CLOSED},
                  {CURLE_RECV_ERROR, DBA_CAUSE_CLOSED},
                  {CURLE_GOT_NOTHING, DBA_CAUSE_CLOSED},
                  {CURLE_PARTIAL_FILE, DBA_CAUSE_CLOSED},
                  {CURLE_HTTP2, DBA_CAUSE_CLOSED},
                  {CURLE_HTTP2_STREAM, DBA_CAUSE_CLOSED},
                  {CURLE_OUT_OF_MEMORY, DBA_CAUSE_CHECKER},
                  {CURLE_FAILED_INIT, DBA_CAUSE_CHECKER}};

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].code == code)
            return causes[i].cause;
    return DBA_CAUSE_MALFORMED; /* what is left is about what came in */
}

static void end_read(CURL *easy, CURLcode code, struct transfer *transfer,
                     struct transfer_end *end)
{
    long status = 0;
    long version = 0;
    long made = 0;
    curl_off_t connected = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &made);
    (void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    *end = (struct transfer_end){.cause = cause_of(code),
                                 .status = (unsigned)status,
                                 .http2 = version == CURL_HTTP_VERSION_2_0,
                                 .reused = transfer->sent && made == 0};
    if (code == CURLE_OPERATION_TIMEDOUT && !transfer->sent && connected == 0)
        end->cause = DBA_CAUSE_CONNECT;
    if (transfer->in.headers_over)
        end->cause = DBA_CAUSE_SIZE;
    else if (code == CURLE_WRITE_ERROR)
        /* The answer was cut by us: as far as its status says all, it is whole. */
        end->cause = transfer->in.body_over ? DBA_CAUSE_NONE : DBA_CAUSE_CHECKER;
}

static void collect(struct multi *multi)
{
    struct transfer_end end;
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi->curl, &left)) != NULL) {
        struct transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        end_read(message->easy_handle, message->data.result, transfer, &end);
        multi_drop(transfer); /* `message` is gone with this */
        multi->events.ended(transfer, &end, multi->owner);
    }
}

static void turn(struct multi *multi, curl_socket_t fd, int what)
{
    int running;

    multi->due = false;
    (void)curl_multi_socket_action(multi->curl, fd, what, &running);
    collect(multi);
    for (int i = 0; i < TURNS_MAX && multi->due; i++) {
        multi->due = false;
        (void)curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
        collect(multi);
    }
    if (multi->due)
        loop_timer_set(multi->timer, 0); /* what is left waits for its turn in the loop */
    multi->due = false;
}

void multi_turn(struct multi *multi)
{
    turn(multi, CURL_SOCKET_TIMEOUT, 0);
}

void multi_turn_socket(struct multi *multi, int fd, unsigned events)
{
    turn(multi, fd,
         (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
             (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

bool multi_is_due(const struct multi *multi)
{
    return multi->due;
}

static void on_timer(void *arg)
{
    struct multi *multi = arg;

    multi->events.due(multi->owner);
}

static bool set_multi(struct multi *multi, const struct link_setup *setup)
{
    CURLM *curl = multi->curl;
    long connections = (long)setup->max_connections;

    return curl_multi_setopt(curl, CURLMOPT_SOCKETFUNCTION, on_want) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_SOCKETDATA, multi) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_TIMERFUNCTION, on_want_timer) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_TIMERDATA, multi) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_MAX_CONCURRENT_STREAMS,
                             (long)setup->max_in_flight) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_MAXCONNECTS, connections) == CURLM_OK;
}

struct multi *multi_new(struct loop *loop, const struct transfer_options *options,
                        const struct multi_events *events, void *owner)
{
    struct multi *multi = calloc(1, sizeof *multi);

    if (multi == NULL)
        return NULL;
    multi->sockets = options->sockets;
    multi->events = *events;
    multi->owner = owner;
    multi->timer = loop_timer_new(loop, on_timer, multi);
    multi->curl = curl_multi_init();
    if (multi->timer == NULL || multi->curl == NULL || !set_multi(multi, options->setup))
        multi_free(&multi);
    return multi;
}

void multi_limit(struct multi *multi, unsigned connections)
{
    if (connections == multi->limit)
        return;
    /* Cannot fail: the option is one and the value is positive. */
    (void)curl_multi_setopt(multi->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)connections);
    multi->limit = connections;
}

void multi_free(struct multi **multi)
{
    if (*multi == NULL)
        return;
    if ((*multi)->curl != NULL)
        (void)curl_multi_cleanup((*multi)->curl); /* may still set the timer */
    loop_timer_free(&(*multi)->timer);
    free(*multi);
    *multi = NULL;
}

/* Hands over the addresses if the multi does not know them yet; it keeps them. */
static bool set_addresses(CURL *easy, struct multi *multi, const struct names *names)
{
    struct curl_slist *list = NULL;
    bool failed = false;

    if (multi->names_version != names_version(names)) {
        for (unsigned i = 2; i-- > 0;) {
            const char *entry = names_entry(names, i);

            if (entry == NULL)
                continue;
            multi->addresses[i].data = (char *)(uintptr_t)entry; /* only read */
            multi->addresses[i].next = list;
            list = &multi->addresses[i];
        }
        multi->names_version = names_version(names);
    }
    SET(RESOLVE, list);
    return !failed;
}

bool multi_start(struct multi *multi, struct transfer *transfer, const struct names *names,
                 unsigned ms)
{
    struct whole *whole = whole_of(transfer);
    CURL *easy = whole->easy;
    bool failed = false;

    SET(TIMEOUT_MS, (long)ms);
    if (failed || !set_addresses(easy, multi, names))
        return false;
    transfer->multi = multi;
    if (curl_multi_add_handle(multi->curl, easy) != CURLM_OK)
        transfer->multi = NULL;
    return transfer->multi != NULL;
}

void multi_drop(struct transfer *transfer)
{
    if (transfer->multi != NULL)
        (void)curl_multi_remove_handle(transfer->multi->curl, whole_of(transfer)->easy);
    transfer->multi = NULL;
}
