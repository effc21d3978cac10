/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 of the simulated Platform, by nghttp2: streams in, streams out. The only file that
 * includes nghttp2.
 */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/conn.h"

#define HEADERS_MAX 600

struct h2 {
    nghttp2_session *session;
    bool last; /* closes when no stream is open any more */
    bool cut;  /* closes when what is ready has left */
};

static struct exchange *exchange_of(nghttp2_session *session, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(session, stream);
}

/* ---- requests ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        struct exchange *exchange = exchange_new(arg);

        exchange->stream = frame->hd.stream_id;
        (void)nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, exchange);
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct exchange *exchange = exchange_of(session, frame->hd.stream_id);
    const char *text = (const char *)value;

    (void)flags;
    (void)arg;
    if (exchange == NULL || exchange->whole) {
        return 0;
    }
    if (name_len == 7 && memcmp(name, ":method", 7) == 0) {
        exchange_set(exchange->method, sizeof exchange->method, text, value_len);
    } else if (name_len == 5 && memcmp(name, ":path", 5) == 0) {
        exchange_set(exchange->path, sizeof exchange->path, text, value_len);
    } else {
        exchange_header(exchange, (const char *)name, name_len, text, value_len);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t len, void *arg)
{
    struct exchange *exchange = exchange_of(session, stream);

    (void)flags;
    (void)arg;
    if (exchange != NULL && !exchange->whole) {
        exchange_body(exchange, (const char *)data, len);
    }
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct conn *conn = arg;
    struct exchange *exchange;

    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        exchange = exchange_of(session, frame->hd.stream_id);
        if (exchange != NULL && !exchange->whole) {
            exchange_take(exchange);
        }
    }
    return conn->dead ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
    struct exchange *exchange = exchange_of(session, stream);

    (void)arg;
    if (exchange != NULL) {
        exchange_end(exchange, code == NGHTTP2_NO_ERROR && exchange->answering);
    }
    return 0;
}

/* ---- life ---- */

static void h2_start(struct conn *conn)
{
    struct h2 *h2 = take(sizeof *h2);
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, conn->platform->mode.streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1u << 20},
    };
    nghttp2_session_callbacks *callbacks;

    conn->state = h2;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        abort();
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (nghttp2_session_server_new(&h2->session, callbacks, conn) != 0) {
        abort();
    }
    nghttp2_session_callbacks_del(callbacks);
    (void)nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings,
                                  sizeof settings / sizeof settings[0]);
    /* The connection's window too, or a flood of requests waits for updates of it. */
    (void)nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, 1 << 24);
}

static void h2_stop(struct conn *conn)
{
    struct h2 *h2 = conn->state;

    nghttp2_session_del(h2->session);
    free(h2);
}

static void h2_input(struct conn *conn, const char *bytes, size_t len)
{
    struct h2 *h2 = conn->state;

    if (conn->closing) {
        return;
    }
    if (nghttp2_session_mem_recv(h2->session, (const uint8_t *)bytes, len) < 0 && !conn->dead) {
        conn_close_soon(conn);
    }
    conn_dirty(conn);
}

static void h2_output(struct conn *conn)
{
    struct h2 *h2 = conn->state;
    const uint8_t *bytes;
    ssize_t len;

    /* No more than a window ahead, or an endless body would fill memory. */
    while (conn_pending(conn) < CONN_AHEAD &&
           (len = nghttp2_session_mem_send(h2->session, &bytes)) > 0) {
        conn_write(conn, (const char *)bytes, (size_t)len);
    }
    if (h2->cut || (h2->last && conn->exchanges == NULL) ||
        (nghttp2_session_want_read(h2->session) == 0 &&
         nghttp2_session_want_write(h2->session) == 0)) {
        conn_close_soon(conn);
    }
}

static void h2_part(struct conn *conn)
{
    struct h2 *h2 = conn->state;

    (void)nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(h2->session),
                                NGHTTP2_NO_ERROR, NULL, 0);
    h2->last = true;
    conn_dirty(conn);
}

/* ---- answers ---- */

/* How much of a body may leave now; what drips is let out by h2_more(), byte by byte. */
static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t cap,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct exchange *exchange = source->ptr;
    const struct reply *reply = &exchange->reply;
    size_t left = reply->len - exchange->sent;
    size_t part = left < cap ? left : cap;

    (void)session;
    (void)stream;
    (void)arg;
    if (reply->how == HOW_ENDLESS) {
        memset(buf, ' ', cap);
        return (ssize_t)cap;
    }
    if (reply->how == HOW_HANG_AFTER_HEADERS || reply->how == HOW_CLOSE_AFTER_HEADERS) {
        return NGHTTP2_ERR_DEFERRED;
    }
    if (reply->how == HOW_HANG_IN_BODY || reply->how == HOW_BAD_CHUNK ||
        reply->how == HOW_SHORT_BODY) {
        left = reply->len / 2 - exchange->sent;
        if (left == 0) {
            return NGHTTP2_ERR_DEFERRED;
        }
        part = left < cap ? left : cap;
    }
    if (reply->how == HOW_DRIP && part > 0) {
        if (exchange->timer.place != 0) {
            return NGHTTP2_ERR_DEFERRED;
        }
        part = 1;
        exchange_drip(exchange);
    }
    memcpy(buf, reply->body + exchange->sent, part);
    exchange->sent += part;
    if (exchange->sent == reply->len ||
        (reply->how == HOW_SHORT_BODY && exchange->sent >= reply->len / 2)) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)part;
}

static nghttp2_nv field(const char *name, size_t name_len, const char *value, size_t value_len)
{
    nghttp2_nv nv = {
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = name_len,
        .valuelen = value_len,
        .flags = NGHTTP2_NV_FLAG_NONE,
    };

    return nv;
}

/* `lines` is `name: value` lines; gives how many became fields. */
static size_t add_fields(nghttp2_nv *fields, size_t room, const struct text *lines)
{
    const char *at = lines->data, *end = at + lines->len;
    size_t count = 0;

    while (at != NULL && at < end && count < room) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *colon = memchr(at, ':', (size_t)(newline - at));

        if (colon != NULL) {
            const char *value = colon + 1 + (colon[1] == ' ');

            fields[count++] = field(at, (size_t)(colon - at), value, (size_t)(newline - value));
        }
        at = newline + 1;
    }
    return count;
}

static bool has_length(const struct reply *reply)
{
    return reply->status != 204 && reply->status != 304 && reply->how != HOW_CHUNKED &&
           reply->how != HOW_HTTP10 && reply->how != HOW_ENDLESS;
}

static void inform(struct h2 *h2, int32_t stream, const char *status)
{
    nghttp2_nv nv = field(":status", 7, status, 3);

    (void)nghttp2_submit_headers(h2->session, NGHTTP2_FLAG_NONE, stream, NULL, &nv, 1, NULL);
}

static void submit(struct h2 *h2, struct exchange *exchange)
{
    const struct reply *reply = &exchange->reply;
    nghttp2_data_provider provider = {.source.ptr = exchange, .read_callback = read_body};
    nghttp2_nv fields[HEADERS_MAX];
    char status[16], length[32], second[32];
    size_t count = 0;

    (void)snprintf(status, sizeof status, "%d", reply->status);
    fields[count++] = field(":status", 7, status, strlen(status));
    if (reply->type != NULL) {
        fields[count++] = field("content-type", 12, reply->type, strlen(reply->type));
    }
    if (has_length(reply)) {
        (void)snprintf(length, sizeof length, "%zu", reply->len);
        fields[count++] = field("content-length", 14, length, strlen(length));
    }
    if (reply->how == HOW_TWO_LENGTHS) {
        (void)snprintf(second, sizeof second, "%zu", reply->len - 1);
        fields[count++] = field("content-length", 14, second, strlen(second));
    }
    count += add_fields(fields + count, HEADERS_MAX - count, &reply->headers);
    if (nghttp2_submit_response(h2->session, exchange->stream, fields, count,
                                reply->len > 0 ? &provider : NULL) != 0) {
        (void)nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, exchange->stream,
                                        NGHTTP2_INTERNAL_ERROR);
    }
}

static void submit_reset(struct h2 *h2, struct exchange *exchange, uint32_t code)
{
    (void)nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, exchange->stream, code);
}

/* ---- manners ---- */

static void plain(struct conn *conn, struct exchange *exchange)
{
    submit(conn->state, exchange);
    if (conn->platform->mode.parting == PART_POLITE) {
        h2_part(conn);
    } else if (conn->platform->mode.parting == PART_RUDE) {
        ((struct h2 *)conn->state)->last = true;
    }
}

static void last(struct conn *conn, struct exchange *exchange)
{
    submit(conn->state, exchange);
    h2_part(conn);
}

static void informed(struct conn *conn, struct exchange *exchange)
{
    inform(conn->state, exchange->stream, "100");
    inform(conn->state, exchange->stream, "103");
    submit(conn->state, exchange);
}

static void informed_endless(struct conn *conn, struct exchange *exchange)
{
    inform(conn->state, exchange->stream, "100");
    exchange_drip(exchange);
}

static void slow_headers(struct conn *conn, struct exchange *exchange)
{
    conn_throttle(conn);
    submit(conn->state, exchange);
}

/* The end of the body is cut off: by a timer, so that what came before it leaves first. */
static void bad_chunk(struct conn *conn, struct exchange *exchange)
{
    submit(conn->state, exchange);
    exchange_drip(exchange);
}

static void hang(struct conn *conn, struct exchange *exchange)
{
    (void)conn;
    (void)exchange;
}

static void reset(struct conn *conn, struct exchange *exchange)
{
    (void)exchange;
    conn_close(conn, true);
}

static void reset_stream(struct conn *conn, struct exchange *exchange)
{
    submit_reset(conn->state, exchange, NGHTTP2_INTERNAL_ERROR);
}

static void refuse_stream(struct conn *conn, struct exchange *exchange)
{
    submit_reset(conn->state, exchange, NGHTTP2_REFUSED_STREAM);
}

static void close_now(struct conn *conn, struct exchange *exchange)
{
    (void)exchange;
    conn_close(conn, false);
}

static void close_after_headers(struct conn *conn, struct exchange *exchange)
{
    submit(conn->state, exchange);
    ((struct h2 *)conn->state)->cut = true;
}

static void garbage(struct conn *conn, struct exchange *exchange)
{
    (void)exchange;
    conn_write(conn, "\x15\x03\x01\0\2\2\x28 220 smtp ready\r\n", 24);
    conn_close_soon(conn);
}

static void h2_answer(struct conn *conn, struct exchange *exchange)
{
    static void (*const manners[])(struct conn * conn, struct exchange * exchange) = {
        [HOW_PLAIN] = plain,
        [HOW_CHUNKED] = plain,
        [HOW_BAD_CHUNK] = bad_chunk,
        [HOW_SHORT_BODY] = plain,
        [HOW_TWO_LENGTHS] = plain,
        [HOW_HTTP10] = plain,
        [HOW_HTTP09] = garbage,
        [HOW_INFORMED] = informed,
        [HOW_INFORMED_ENDLESS] = informed_endless,
        [HOW_SLOW_HEADERS] = slow_headers,
        [HOW_DRIP] = plain,
        [HOW_ENDLESS] = plain,
        [HOW_HANG] = hang,
        [HOW_HANG_AFTER_HEADERS] = plain,
        [HOW_HANG_IN_BODY] = plain,
        [HOW_RST] = reset,
        [HOW_RST_STREAM] = reset_stream,
        [HOW_REFUSED_STREAM] = refuse_stream,
        [HOW_CLOSE] = close_now,
        [HOW_CLOSE_AFTER_HEADERS] = close_after_headers,
        [HOW_LAST] = last,
        [HOW_GARBAGE] = garbage,
    };

    conn_dirty(conn); /* a manner may end the exchange, or the connection */
    manners[exchange->reply.how](conn, exchange);
}

static void h2_more(struct conn *conn, struct exchange *exchange)
{
    struct h2 *h2 = conn->state;

    conn_dirty(conn);
    if (exchange->reply.how == HOW_INFORMED_ENDLESS) {
        informed_endless(conn, exchange);
    } else if (exchange->reply.how == HOW_BAD_CHUNK) {
        submit_reset(h2, exchange, NGHTTP2_PROTOCOL_ERROR);
    } else {
        (void)nghttp2_session_resume_data(h2->session, exchange->stream);
    }
}

const struct protocol protocol_h2 = {
    .start = h2_start,
    .input = h2_input,
    .output = h2_output,
    .answer = h2_answer,
    .more = h2_more,
    .part = h2_part,
    .stop = h2_stop,
};
