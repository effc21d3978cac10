/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer; see exchange.h. */
#include "tests/platform/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/platform/conn.h"
#include "tests/platform/service.h"

static void on_due(struct timer *timer)
{
    struct exchange *exchange = CONTAINER(timer, struct exchange, timer);
    struct conn *conn = exchange->conn;

    if (!exchange->answering) {
        exchange->answering = true;
        conn->protocol->answer(conn, exchange);
    } else {
        conn->protocol->more(conn, exchange);
    }
}

struct exchange *exchange_new(struct conn *conn)
{
    /* not zeroed whole: what is past a length is never read */
    struct exchange *exchange = take_more(NULL, sizeof *exchange);

    memset(exchange, 0, offsetof(struct exchange, access));
    exchange->conn = conn;
    exchange->timer.fn = on_due;
    exchange->next = conn->exchanges;
    if (exchange->next != NULL) {
        exchange->next->prev = exchange;
    }
    conn->exchanges = exchange;
    return exchange;
}

void exchange_set(char *field, size_t cap, const char *value, size_t len)
{
    size_t part = len < cap ? len : cap - 1;

    memcpy(field, value, part);
    field[part] = '\0';
}

void exchange_header(struct exchange *exchange, const char *name, size_t name_len,
                     const char *value, size_t value_len)
{
    char *at = exchange->headers + exchange->headers_len;

    if (name_len == 12 && strncasecmp(name, "access-token", 12) == 0 &&
        value_len < sizeof exchange->access) {
        memcpy(exchange->access, value, value_len);
        exchange->access_len = value_len;
        exchange->has_access = true;
    }
    if (name_len + value_len + 3 > sizeof exchange->headers - exchange->headers_len) {
        return;
    }
    memcpy(at, name, name_len);
    memcpy(at + name_len, ": ", 2);
    memcpy(at + name_len + 2, value, value_len);
    at[name_len + 2 + value_len] = '\n';
    exchange->headers_len += name_len + value_len + 3;
}

void exchange_body(struct exchange *exchange, const char *bytes, size_t len)
{
    if (len > sizeof exchange->body - exchange->body_len) {
        exchange->too_long = true;
        return;
    }
    memcpy(exchange->body + exchange->body_len, bytes, len);
    exchange->body_len += len;
}

static void capture(const struct exchange *exchange, struct record_entry *entry)
{
    entry->connection = exchange->conn->number;
    entry->arrived = loop_now();
    entry->http2 = exchange->stream != 0;
    entry->trap = exchange->conn->trap;
    exchange_set(entry->method, sizeof entry->method, exchange->method,
                 strlen(exchange->method));
    exchange_set(entry->path, sizeof entry->path, exchange->path, strlen(exchange->path));
    entry->headers_len = exchange->headers_len;
    memcpy(entry->headers, exchange->headers, exchange->headers_len);
    entry->body_len =
        exchange->body_len < sizeof entry->body ? exchange->body_len : sizeof entry->body;
    memcpy(entry->body, exchange->body, entry->body_len);
}

void exchange_take(struct exchange *exchange)
{
    struct platform *platform = exchange->conn->platform;
    struct record_entry *entry = record_new(&platform->record);
    nanosec wait;

    exchange->whole = true;
    exchange->entry = entry->number;
    capture(exchange, entry);
    record_in_flight(&platform->record, true);
    wait = service_answer(platform, exchange, entry);
    if (wait > 0) {
        loop_timer_set(platform->loop, &exchange->timer, entry->arrived + wait);
    } else {
        on_due(&exchange->timer);
    }
}

void exchange_drip(struct exchange *exchange)
{
    struct platform *platform = exchange->conn->platform;

    loop_timer_set(platform->loop, &exchange->timer, loop_now() + platform->mode.drip);
}

void exchange_end(struct exchange *exchange, bool answered)
{
    struct conn *conn = exchange->conn;
    struct platform *platform = conn->platform;
    struct record_entry *entry = record_get(&platform->record, exchange->entry);

    if (exchange->whole) {
        record_in_flight(&platform->record, false);
        platform->record.answered += answered;
        if (entry != NULL && answered) {
            entry->left = loop_now();
            entry->status = exchange->reply.status;
        }
    }
    loop_timer_unset(platform->loop, &exchange->timer);
    if (exchange->prev != NULL) {
        exchange->prev->next = exchange->next;
    } else {
        conn->exchanges = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->prev = exchange->prev;
    }
    reply_clear(&exchange->reply);
    free(exchange);
}
