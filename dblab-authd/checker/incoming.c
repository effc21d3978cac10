/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/incoming.h"

#include <string.h>
#include <strings.h>

#include "dblab-authd/checker/wiping.h"

#define ROOM_FIRST      1024 /* enough for an honest answer */
#define RETRY_AFTER_MAX (24u * 60 * 60)

static void retry_after_keep(struct incoming *in, const char *value, size_t len)
{
    while (len > 0 && (unsigned char)value[len - 1] <= ' ')
        len--;
    while (len > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        len--;
    }
    in->has_retry_after = true;
    if (len >= sizeof in->retry_after)
        len = 0;
    memcpy(in->retry_after, value, len);
    in->retry_after[len] = '\0';
}

bool incoming_header(struct incoming *in, const char *line, size_t len)
{
    static const char status[] = "HTTP/";
    static const char retry_after[] = "retry-after:";

    in->headers_len += len;
    if (in->headers_len > INCOMING_HEADERS_MAX) {
        in->headers_over = true;
        return false;
    }
    if (len >= sizeof status - 1 && memcmp(line, status, sizeof status - 1) == 0)
        in->has_retry_after = false;
    if (len >= sizeof retry_after - 1 &&
        strncasecmp(line, retry_after, sizeof retry_after - 1) == 0)
        retry_after_keep(in, line + sizeof retry_after - 1, len - (sizeof retry_after - 1));
    return true;
}

bool incoming_body(struct incoming *in, const char *bytes, size_t len)
{
    size_t room = in->room == 0 ? ROOM_FIRST : in->room;
    char *grown;

    if (len > INCOMING_BODY_MAX - in->len) {
        in->body_over = true;
        return false;
    }
    while (room < in->len + len)
        room *= 2;
    if (room != in->room) {
        grown = wiping_realloc(in->body, room);
        if (grown == NULL)
            return false;
        in->body = grown;
        in->room = room;
    }
    if (len > 0)
        memcpy(in->body + in->len, bytes, len);
    in->len += len;
    return true;
}

uint32_t incoming_retry_after_ms(const struct incoming *in, time_t now)
{
    const char *text = in->retry_after;
    size_t digits = strspn(text, "0123456789");
    struct tm date = {0};
    const char *end;
    time_t seconds = 0;

    if (digits > 0 && text[digits] == '\0') {
        for (size_t i = 0; i < digits && seconds < (time_t)RETRY_AFTER_MAX; i++)
            seconds = seconds * 10 + (text[i] - '0');
    } else {
        /* The one form that may be sent (RFC 9110, 5.6.7); the environment is empty, so the
         * locale is C. */
        end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &date);
        if (end != NULL && *end == '\0')
            seconds = timegm(&date) - now;
    }
    if (seconds <= 0)
        return 0;
    return (seconds > (time_t)RETRY_AFTER_MAX ? RETRY_AFTER_MAX : (uint32_t)seconds) * 1000u;
}

void incoming_reset(struct incoming *in)
{
    char *body = in->body;
    size_t room = in->room;

    if (room > ROOM_FIRST)
        incoming_free(in);
    else
        *in = (struct incoming){.body = body, .room = room};
}

void incoming_free(struct incoming *in)
{
    wiping_free(in->body);
    *in = (struct incoming){0};
}
