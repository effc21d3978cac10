/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/list.h"
#include "core/table.h"
#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/watch.h"

#define STRANGERS_MAX 16 /* peers that are neither root nor a listed caller, together */
#define FRAME_TIME    DBA_SECOND
#define WRITE_TIME    (5 * DBA_SECOND) /* for a reply that does not fit the socket's buffer */
#define ACCEPTS_MAX   64               /* in one turn of the loop */
#define PAUSE         (100 * DBA_MSEC) /* when the kernel has nothing to accept with */

enum kind { KIND_ROOT, KIND_CALLER, KIND_STRANGER };

enum state { STATE_READING, STATE_WAITING, STATE_WRITING };

/* Value of `connections`, keyed by its id. */
struct connection {
    struct server *server;
    uint64_t id;
    int fd;
    enum kind kind;
    enum state state;
    struct server_peer peer;
    struct loop_fd *watch;
    struct loop_timer *timer;
    uint8_t *frame; /* what was read of the request */
    size_t have;
    uint8_t *reply; /* what is left to be written */
    size_t reply_len, reply_done;
};

struct server {
    struct loop *loop;
    int fd;
    struct loop_fd *watch;
    const struct dba_settings *settings;
    struct server_events events;
    struct dba_table *connections;
    uint64_t last_id;
    size_t strangers;
    bool paused; /* all connections are taken: who comes waits in the backlog */
    struct loop_timer *resume_timer;
};

/* ---- who is there ---- */

static bool is_listed(const struct dba_settings *settings, uid_t uid)
{
    for (size_t i = 0; i < settings->services_count; i++)
        if (dba_service_caller(&settings->services[i], uid))
            return true;
    return false;
}

static enum kind kind_of(const struct server *server, uid_t uid)
{
    if (uid == 0)
        return KIND_ROOT;
    return is_listed(server->settings, uid) ? KIND_CALLER : KIND_STRANGER;
}

static size_t count_of_uid(const struct server *server, uid_t uid)
{
    size_t count = 0;

    for (const struct connection *c = dba_table_oldest(server->connections); c != NULL;
         c = dba_table_next(server->connections, c))
        count += c->peer.uid == uid;
    return count;
}

static bool has_room(const struct server *server, enum kind kind, uid_t uid)
{
    switch (kind) {
    case KIND_ROOT:
        return true;
    case KIND_CALLER:
        return count_of_uid(server, uid) < (server->settings->connections + 1) / 2;
    case KIND_STRANGER:
        return server->strangers < STRANGERS_MAX;
    }
    return false;
}

static void pause_accepting(struct server *server)
{
    server->paused = true;
    loop_fd_want(server->watch, 0);
}

static void resume(void *arg)
{
    struct server *server = arg;

    server->paused = false;
    loop_timer_set(server->resume_timer, DBA_NEVER);
    loop_fd_want(server->watch, LOOP_READ);
}

/* ---- one connection ---- */

static void connection_free(struct connection *c)
{
    struct server *server = c->server;

    loop_fd_free(&c->watch);
    loop_timer_free(&c->timer);
    (void)close(c->fd);
    if (c->frame != NULL)
        dba_wipe(c->frame, DBA_REQUEST_MAX);
    free(c->frame);
    free(c->reply);
    if (c->kind == KIND_STRANGER)
        server->strangers--;
    dba_table_remove(server->connections, c);
    if (server->paused)
        resume(server);
}

static void hang_up(struct connection *c)
{
    struct server *server = c->server;
    uint64_t id = c->id;
    bool waited = c->state == STATE_WAITING;

    connection_free(c);
    if (waited)
        server->events.hangup(id, server->events.arg);
}

static void dispatch(struct connection *c)
{
    struct dba_request request;
    enum dba_err err = dba_request_decode(c->frame, c->have, &request);

    dba_wipe(c->frame, c->have);
    if (err != DBA_OK) {
        connection_free(c);
        return;
    }
    c->state = STATE_WAITING;
    loop_timer_set(c->timer, DBA_NEVER);
    /* The reply may come within the call, and the connection be gone after it. */
    c->server->events.request(c->id, &c->peer, &request, c->server->events.arg);
    dba_request_clear(&request);
}

static void read_more(struct connection *c)
{
    size_t total = 0;
    enum dba_err err;
    ssize_t n = recv(c->fd, c->frame + c->have, DBA_REQUEST_MAX - c->have, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        connection_free(c);
        return;
    }
    c->have += (size_t)n;
    err = dba_request_length(c->frame, c->have, &total);
    if (err == DBA_ERR_SHORT || (err == DBA_OK && c->have < total))
        return;
    if (err != DBA_OK || c->have > total)
        connection_free(c);
    else
        dispatch(c);
}

/* While it waits a caller has nothing to say: what comes is its end, or nonsense. */
static void read_end(struct connection *c)
{
    char byte;
    ssize_t n = recv(c->fd, &byte, 1, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    hang_up(c);
}

static void write_more(struct connection *c)
{
    while (c->reply_done < c->reply_len) {
        ssize_t n =
            send(c->fd, c->reply + c->reply_done, c->reply_len - c->reply_done, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break;
        c->reply_done += (size_t)n;
    }
    connection_free(c);
}

static void on_socket(int fd, unsigned events, void *arg)
{
    struct connection *c = arg;

    (void)fd;
    (void)events;
    switch (c->state) {
    case STATE_READING:
        read_more(c);
        break;
    case STATE_WAITING:
        read_end(c);
        break;
    case STATE_WRITING:
        write_more(c);
        break;
    }
}

static void on_time(void *arg)
{
    connection_free(arg);
}

static struct connection *connection_new(struct server *server, int fd,
                                         const struct ucred *cred, enum kind kind)
{
    uint64_t id = ++server->last_id;
    struct connection *c = dba_table_add(server->connections, &id);

    if (c == NULL) {
        (void)close(fd);
        return NULL;
    }
    c->server = server;
    c->id = id;
    c->fd = fd;
    c->kind = kind;
    c->peer.uid = cred->uid;
    c->peer.process = (struct dba_process){
        .pid = cred->pid, .start = cred->pid > 0 ? watch_start_time(cred->pid) : 0};
    server->strangers += kind == KIND_STRANGER;
    c->frame = malloc(DBA_REQUEST_MAX);
    c->watch = loop_fd_new(server->loop, fd, LOOP_READ, on_socket, c);
    c->timer = loop_timer_new(server->loop, on_time, c);
    if (c->frame == NULL || c->watch == NULL || c->timer == NULL) {
        connection_free(c);
        return NULL;
    }
    loop_timer_set(c->timer, dba_clock_boot() + FRAME_TIME);
    return c;
}

/* ---- accepting ---- */

static void take(struct server *server, int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    enum kind kind;
    struct connection *c;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0) {
        (void)close(fd);
        return;
    }
    kind = kind_of(server, cred.uid);
    if (!has_room(server, kind, cred.uid)) {
        log_line(DBA_LEVEL_WARNING,
                 "caller turned away uid=%u reason=\"its connections are all "
                 "taken\"",
                 cred.uid);
        (void)close(fd);
        return;
    }
    c = connection_new(server, fd, &cred, kind);
    /* Most callers have sent their frame by now: no turn of the loop is spent on waiting. */
    if (c != NULL)
        read_more(c);
}

static void on_listen(int fd, unsigned events, void *arg)
{
    struct server *server = arg;

    (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int accepted;

        if (dba_table_count(server->connections) >= server->settings->connections) {
            pause_accepting(server);
            return;
        }
        accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted >= 0) {
            take(server, accepted);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            log_line(DBA_LEVEL_ERROR, "caller not accepted error=\"%s\"", strerror(errno));
            pause_accepting(server);
            loop_timer_set(server->resume_timer, dba_clock_boot() + PAUSE);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

struct server *server_new(struct loop *loop, int fd, const struct dba_settings *settings,
                          const struct server_events *events)
{
    struct server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return NULL;
    server->loop = loop;
    server->fd = fd;
    server->settings = settings;
    server->events = *events;
    server->connections = dba_table_new(sizeof(uint64_t), sizeof(struct connection));
    server->resume_timer = loop_timer_new(loop, resume, server);
    server->watch = loop_fd_new(loop, fd, LOOP_READ, on_listen, server);
    if (server->connections == NULL || server->resume_timer == NULL || server->watch == NULL)
        server_free(&server);
    else
        (void)fcntl(fd, F_SETFL, O_NONBLOCK); /* one that was handed over may block */
    return server;
}

void server_settings(struct server *server, const struct dba_settings *settings)
{
    server->settings = settings;
    resume(server);
}

void server_free(struct server **server)
{
    struct connection *c;

    if (*server == NULL)
        return;
    while ((*server)->connections != NULL &&
           (c = dba_table_oldest((*server)->connections)) != NULL)
        connection_free(c);
    dba_table_free(&(*server)->connections);
    loop_fd_free(&(*server)->watch);
    loop_timer_free(&(*server)->resume_timer);
    (void)close((*server)->fd);
    free(*server);
    *server = NULL;
}

void server_reply(struct server *server, uint64_t id, const struct dba_reply *reply)
{
    struct connection *c = dba_table_find(server->connections, &id);

    if (c == NULL || c->state != STATE_WAITING)
        return;
    c->reply = malloc(DBA_REPLY_BASE + reply->text_len);
    if (c->reply == NULL || dba_reply_encode(reply, c->reply, &c->reply_len) != DBA_OK) {
        connection_free(c);
        return;
    }
    c->state = STATE_WRITING;
    loop_fd_want(c->watch, LOOP_WRITE);
    loop_timer_set(c->timer, dba_clock_boot() + WRITE_TIME);
    write_more(c);
}

size_t server_connections(const struct server *server)
{
    return dba_table_count(server->connections);
}
