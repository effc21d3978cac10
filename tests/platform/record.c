/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and captured requests; see record.h. */
#include "tests/platform/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KEEP 1024

void record_keep(struct record *record, size_t entries)
{
    free(record->ring);
    record->ring_size = entries < 1 ? 1 : entries > RECORD_MAX ? RECORD_MAX : entries;
    record->ring = take(record->ring_size * sizeof *record->ring);
}

void record_init(struct record *record)
{
    memset(record, 0, sizeof *record);
    record_keep(record, KEEP);
}

void record_free(struct record *record)
{
    (void)record_trace(record, NULL);
    free(record->ring);
}

void record_reset(struct record *record)
{
#define X(name) record->name = 0;
    RECORD_COUNTERS(X)
#undef X
    record->most_in_flight = record->in_flight;
    record->most_connections = record->open_connections;
    memset(record->ring, 0, record->ring_size * sizeof *record->ring);
}

void record_connection(struct record *record, bool opened)
{
    if (!opened) {
        record->open_connections--;
        return;
    }
    record->connections++;
    record->open_connections++;
    if (record->open_connections > record->most_connections) {
        record->most_connections = record->open_connections;
    }
}

void record_in_flight(struct record *record, bool begins)
{
    if (!begins) {
        record->in_flight--;
        return;
    }
    record->in_flight++;
    if (record->in_flight > record->most_in_flight) {
        record->most_in_flight = record->in_flight;
    }
}

struct record_entry *record_new(struct record *record)
{
    uint64_t number = ++record->arrived;
    struct record_entry *entry = &record->ring[number % record->ring_size];

    /* headers and body are overwritten: what is past their length is never read */
    entry->number = number;
    entry->token = UINT64_MAX;
    entry->left = 0;
    entry->status = 0;
    entry->name = "";
    entry->trap = false;
    return entry;
}

struct record_entry *record_get(struct record *record, uint64_t number)
{
    struct record_entry *entry = &record->ring[number % record->ring_size];

    return entry->number == number ? entry : NULL;
}

void record_counts(const struct record *record, struct text *out)
{
    const char *comma = "";

    text_printf(out, "{");
#define X(name)                                                                                \
    text_printf(out, "%s\"" #name "\":%" PRIu64, comma, record->name);                         \
    comma = ",";
    RECORD_COUNTERS(X)
    RECORD_GAUGES(X)
#undef X
    text_printf(out, "}");
}

static void add_entry(const struct record_entry *entry, bool whole, struct text *out)
{
    text_printf(out,
                "= {\"number\":%" PRIu64 ",\"connection\":%" PRIu64 ",\"arrived\":%" PRId64
                ",\"left\":%" PRId64 ",\"status\":%d,\"fixture\":\"%s\",\"http2\":%s,"
                "\"trap\":%s",
                entry->number, entry->connection, entry->arrived, entry->left, entry->status,
                entry->name, entry->http2 ? "true" : "false", entry->trap ? "true" : "false");
    if (entry->token != UINT64_MAX) {
        text_printf(out, ",\"token\":%" PRIu64, entry->token);
    }
    if (whole) {
        text_printf(out, ",\"method\":");
        text_add_json(out, entry->method, strlen(entry->method), true);
        text_printf(out, ",\"path\":");
        text_add_json(out, entry->path, strlen(entry->path), true);
        text_printf(out, ",\"headers\":");
        text_add_json(out, entry->headers, entry->headers_len, true);
        text_printf(out, ",\"body\":");
        text_add_json(out, entry->body, entry->body_len, true);
    }
    text_printf(out, "}\n");
}

void record_requests(const struct record *record, size_t last, bool whole, struct text *out)
{
    uint64_t count = last < record->ring_size ? last : record->ring_size;
    uint64_t first = record->arrived > count ? record->arrived - count + 1 : 1;

    for (uint64_t number = first; number <= record->arrived; number++) {
        const struct record_entry *entry = &record->ring[number % record->ring_size];

        if (entry->number == number) {
            add_entry(entry, whole, out);
        }
    }
}

bool record_trace(struct record *record, const char *path)
{
    if (record->trace != NULL) {
        (void)fclose(record->trace);
        record->trace = NULL;
    }
    if (path != NULL) {
        record->trace = fopen(path, "we");
    }
    return path == NULL || record->trace != NULL;
}

void record_trace_request(struct record *record, nanosec when, uint64_t token)
{
    if (record->trace != NULL) {
        (void)fprintf(record->trace, "%" PRId64 " %" PRIu64 "\n", when, token);
    }
}
