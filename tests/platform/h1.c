/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 of the simulated Platform: one request at a time, the next when its answer has
 * left. What else comes meanwhile waits in the buffer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/platform/conn.h"

#define HEAD_MAX 16384

struct h1 {
    struct text in;
    struct exchange *current; /* being read or answered */
    size_t body_left;
    bool close; /* the client asked for it */
};

static void h1_start(struct conn *conn)
{
    conn->state = take(sizeof(struct h1));
}

static void h1_stop(struct conn *conn)
{
    struct h1 *h1 = conn->state;

    free(h1->in.data);
    free(h1);
}

static void h1_part(struct conn *conn)
{
    (void)conn; /* nothing can be said between two answers */
}

/* ---- requests ---- */

static void consume(struct h1 *h1, size_t len)
{
    memmove(h1->in.data, h1->in.data + len, h1->in.len - len);
    h1->in.len -= len;
}

static void header_line(struct h1 *h1, struct conn *conn, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    const char *value;
    size_t name_len, value_len;

    if (colon == NULL) {
        return;
    }
    name_len = (size_t)(colon - line);
    value = colon + 1;
    value_len = len - name_len - 1;
    while (value_len > 0 && *value == ' ') {
        value++;
        value_len--;
    }
    exchange_header(h1->current, line, name_len, value, value_len);
    if (name_len == 14 && strncasecmp(line, "content-length", 14) == 0) {
        h1->body_left = strtoul(value, NULL, 10);
    } else if (name_len == 6 && strncasecmp(line, "expect", 6) == 0) {
        conn_write(conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    } else if (name_len == 10 && strncasecmp(line, "connection", 10) == 0) {
        h1->close = value_len == 5 && strncasecmp(value, "close", 5) == 0;
    }
}

/* `METHOD PATH HTTP/1.x`, then headers. False: no HTTP. */
static bool head(struct h1 *h1, struct conn *conn, const char *text, size_t len)
{
    const char *end = memchr(text, '\r', len);
    const char *method_end = memchr(text, ' ', len), *path_end = NULL;
    const char *limit = text + len;

    if (method_end != NULL) {
        path_end = memchr(method_end + 1, ' ', (size_t)(limit - method_end - 1));
    }
    if (end == NULL || path_end == NULL || path_end > end) {
        return false;
    }
    h1->current = exchange_new(conn);
    exchange_set(h1->current->method, sizeof h1->current->method, text,
                 (size_t)(method_end - text));
    exchange_set(h1->current->path, sizeof h1->current->path, method_end + 1,
                 (size_t)(path_end - method_end - 1));
    h1->body_left = 0;
    while (end + 2 < limit) {
        const char *line = end + 2;

        end = memchr(line, '\r', (size_t)(limit - line));
        if (end == NULL || end == line) {
            break;
        }
        header_line(h1, conn, line, (size_t)(end - line));
    }
    return true;
}

/* Is the head of a request there? Then it is read and consumed. False: closed. */
static bool read_head(struct conn *conn)
{
    struct h1 *h1 = conn->state;
    char *end = memmem(h1->in.data, h1->in.len, "\r\n\r\n", 4);
    size_t len;

    if (end == NULL) {
        if (h1->in.len > HEAD_MAX) {
            conn_close(conn, false);
            return false;
        }
        return true;
    }
    len = (size_t)(end - h1->in.data) + 4;
    if (!head(h1, conn, h1->in.data, len)) {
        conn_close(conn, false);
        return false;
    }
    consume(h1, len);
    return true;
}

/* Takes what is in the buffer, as far as the current request allows. */
static void proceed(struct conn *conn)
{
    struct h1 *h1 = conn->state;

    while (!conn->dead && !conn->closing) {
        struct exchange *exchange;
        size_t part;

        if (h1->current == NULL && (h1->in.len == 0 || !read_head(conn))) {
            return;
        }
        exchange = h1->current;
        if (exchange == NULL || exchange->whole) {
            return;
        }
        part = h1->in.len < h1->body_left ? h1->in.len : h1->body_left;
        if (part > 0) {
            exchange_body(exchange, h1->in.data, part);
            consume(h1, part);
            h1->body_left -= part;
        }
        if (h1->body_left > 0) {
            return;
        }
        exchange_take(exchange); /* may close the connection, or end the exchange */
    }
}

static void h1_input(struct conn *conn, const char *bytes, size_t len)
{
    struct h1 *h1 = conn->state;

    text_add(&h1->in, bytes, len);
    if (h1->current == NULL || !h1->current->whole) {
        proceed(conn);
    }
}

/* ---- answers ---- */

static void end_exchange(struct conn *conn, struct exchange *exchange, bool answered)
{
    struct h1 *h1 = conn->state;

    h1->current = NULL;
    exchange_end(exchange, answered);
}

/* After an answer: the next request, or the end. */
static void finish(struct conn *conn, struct exchange *exchange, bool close)
{
    struct h1 *h1 = conn->state;

    end_exchange(conn, exchange, true);
    if (close || h1->close || conn->platform->mode.parting != PART_NEVER) {
        conn_close_soon(conn);
    }
}

static void add_header_lines(struct text *out, const struct text *lines)
{
    const char *at = lines->data, *end = at + lines->len;

    while (at != NULL && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        text_add(out, at, (size_t)(newline - at));
        text_add(out, "\r\n", 2);
        at = newline + 1;
    }
}

static bool is_last(const struct conn *conn, enum how how)
{
    return how == HOW_LAST || conn->platform->mode.parting == PART_POLITE;
}

/* `length` -1: none is named. */
static void write_head(struct conn *conn, const struct reply *reply, long length,
                       const char *more)
{
    struct text out = {0};

    text_printf(&out, "HTTP/1.%d %d %s\r\n", reply->how == HOW_HTTP10 ? 0 : 1, reply->status,
                reply_reason(reply));
    if (reply->type != NULL) {
        text_printf(&out, "Content-Type: %s\r\n", reply->type);
    }
    if (length >= 0 && reply->status != 204 && reply->status != 304) {
        text_printf(&out, "Content-Length: %ld\r\n", length);
    }
    if (is_last(conn, reply->how)) {
        text_printf(&out, "Connection: close\r\n");
    }
    add_header_lines(&out, &reply->headers);
    text_printf(&out, "%s\r\n", more);
    conn_write(conn, out.data, out.len);
    free(out.data);
}

static void write_whole(struct conn *conn, struct exchange *exchange, const char *more,
                        bool close)
{
    write_head(conn, &exchange->reply, (long)exchange->reply.len, more);
    conn_write(conn, exchange->reply.body, exchange->reply.len);
    finish(conn, exchange, close);
}

/* Head and a part of the body; then the end, if `close`, or nothing more. */
static void write_part(struct conn *conn, struct exchange *exchange, size_t body, bool close)
{
    write_head(conn, &exchange->reply, (long)exchange->reply.len, "");
    conn_write(conn, exchange->reply.body, body);
    if (close) {
        end_exchange(conn, exchange, false);
        conn_close_soon(conn);
    }
}

static void write_informed(struct conn *conn)
{
    conn_write(conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* ---- manners ---- */

static void plain(struct conn *conn, struct exchange *exchange)
{
    write_whole(conn, exchange, "", false);
}

static void last(struct conn *conn, struct exchange *exchange)
{
    write_whole(conn, exchange, "", true);
}

static void write_chunks(struct conn *conn, struct exchange *exchange)
{
    const struct reply *reply = &exchange->reply;
    const size_t most = 7; /* so that a short answer has several */

    for (size_t at = 0; at < reply->len; at += most) {
        size_t part = reply->len - at < most ? reply->len - at : most;
        char size[32];
        int len = snprintf(size, sizeof size, "%zx\r\n", part);

        conn_write(conn, size, (size_t)len);
        conn_write(conn, reply->body + at, part);
        conn_write(conn, "\r\n", 2);
    }
    conn_write(conn, "0\r\n\r\n", 5);
    finish(conn, exchange, false);
}

static void chunked(struct conn *conn, struct exchange *exchange)
{
    write_head(conn, &exchange->reply, -1, "Transfer-Encoding: chunked\r\n");
    write_chunks(conn, exchange);
}

static void bad_chunk(struct conn *conn, struct exchange *exchange)
{
    write_head(conn, &exchange->reply, -1, "Transfer-Encoding: chunked\r\n");
    conn_write(conn, "zz\r\n", 4);
    write_chunks(conn, exchange);
}

static void two_lengths(struct conn *conn, struct exchange *exchange)
{
    char second[64];

    (void)snprintf(second, sizeof second, "Content-Length: %zu\r\n", exchange->reply.len - 1);
    write_whole(conn, exchange, second, false);
}

static void http10(struct conn *conn, struct exchange *exchange)
{
    write_head(conn, &exchange->reply, -1, "");
    conn_write(conn, exchange->reply.body, exchange->reply.len);
    finish(conn, exchange, true);
}

static void http09(struct conn *conn, struct exchange *exchange)
{
    conn_write(conn, exchange->reply.body, exchange->reply.len);
    finish(conn, exchange, true);
}

static void informed(struct conn *conn, struct exchange *exchange)
{
    write_informed(conn);
    conn_write(conn, "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n", 39);
    write_whole(conn, exchange, "", false);
}

static void slow_headers(struct conn *conn, struct exchange *exchange)
{
    conn_throttle(conn);
    write_whole(conn, exchange, "", false);
}

static void drip(struct conn *conn, struct exchange *exchange)
{
    write_head(conn, &exchange->reply, (long)exchange->reply.len, "");
    exchange_drip(exchange);
}

static void endless(struct conn *conn, struct exchange *exchange)
{
    write_head(conn, &exchange->reply, -1, "Transfer-Encoding: chunked\r\n");
    exchange_drip(exchange);
}

static void informed_endless(struct conn *conn, struct exchange *exchange)
{
    (void)conn;
    exchange_drip(exchange);
}

static void short_body(struct conn *conn, struct exchange *exchange)
{
    write_part(conn, exchange, exchange->reply.len / 2, true);
}

static void close_after_headers(struct conn *conn, struct exchange *exchange)
{
    write_part(conn, exchange, 0, true);
}

static void hang_after_headers(struct conn *conn, struct exchange *exchange)
{
    write_part(conn, exchange, 0, false);
}

static void hang_in_body(struct conn *conn, struct exchange *exchange)
{
    write_part(conn, exchange, exchange->reply.len / 2, false);
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

static void close_now(struct conn *conn, struct exchange *exchange)
{
    (void)exchange;
    conn_close(conn, false);
}

static void garbage(struct conn *conn, struct exchange *exchange)
{
    conn_write(conn, "\x15\x03\x01\0\2\2\x28 220 smtp ready\r\n", 24);
    end_exchange(conn, exchange, false);
    conn_close_soon(conn);
}

static void h1_answer(struct conn *conn, struct exchange *exchange)
{
    static void (*const manners[])(struct conn * conn, struct exchange * exchange) = {
        [HOW_PLAIN] = plain,
        [HOW_CHUNKED] = chunked,
        [HOW_BAD_CHUNK] = bad_chunk,
        [HOW_SHORT_BODY] = short_body,
        [HOW_TWO_LENGTHS] = two_lengths,
        [HOW_HTTP10] = http10,
        [HOW_HTTP09] = http09,
        [HOW_INFORMED] = informed,
        [HOW_INFORMED_ENDLESS] = informed_endless,
        [HOW_SLOW_HEADERS] = slow_headers,
        [HOW_DRIP] = drip,
        [HOW_ENDLESS] = endless,
        [HOW_HANG] = hang,
        [HOW_HANG_AFTER_HEADERS] = hang_after_headers,
        [HOW_HANG_IN_BODY] = hang_in_body,
        [HOW_RST] = reset,
        [HOW_RST_STREAM] = reset,
        [HOW_REFUSED_STREAM] = close_now,
        [HOW_CLOSE] = close_now,
        [HOW_CLOSE_AFTER_HEADERS] = close_after_headers,
        [HOW_LAST] = last,
        [HOW_GARBAGE] = garbage,
    };

    manners[exchange->reply.how](conn, exchange);
}

static void h1_more(struct conn *conn, struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;

    if (reply->how == HOW_INFORMED_ENDLESS) {
        write_informed(conn);
        exchange_drip(exchange);
    } else if (reply->how == HOW_ENDLESS) {
        char blanks[8192];

        memset(blanks, ' ', sizeof blanks);
        if (conn_pending(conn) < CONN_AHEAD) {
            conn_write(conn, "2000\r\n", 6);
            conn_write(conn, blanks, sizeof blanks);
            conn_write(conn, "\r\n", 2);
        }
        loop_timer_set(conn->platform->loop, &exchange->timer, loop_now() + NANOSEC_PER_MS);
    } else if (exchange->sent < reply->len) {
        conn_write(conn, reply->body + exchange->sent++, 1);
        exchange_drip(exchange);
    } else {
        finish(conn, exchange, false);
    }
}

const struct protocol protocol_h1 = {
    .start = h1_start,
    .input = h1_input,
    .output = proceed, /* what the client sent ahead, once an answer has been given */
    .answer = h1_answer,
    .more = h1_more,
    .part = h1_part,
    .stop = h1_stop,
};
