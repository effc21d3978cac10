/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between keeper and checker: sizes, sending and receiving, and what the keeper demands
 * of an answer before it believes it. The bytes of a frame are looked at by memcpy here: until
 * they are known to be good, they are not even an enum or a bool.
 */
#include "dblab-authd/common/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

#define RETRY_AFTER_MAX_MS (24u * 60 * 60 * 1000) /* what an honest checker bounds it to */

size_t link_frame_size(enum link_kind kind)
{
    const struct link_frame *frame = NULL;

    switch (kind) {
    case LINK_SETUP:
        return offsetof(struct link_frame, u) + sizeof frame->u.setup;
    case LINK_CHECK:
        return offsetof(struct link_frame, u) + sizeof frame->u.check;
    case LINK_ANSWER:
        return offsetof(struct link_frame, u) + sizeof frame->u.answer;
    case LINK_WARM:
    case LINK_PING:
    case LINK_READY:
    case LINK_COLD:
    case LINK_PONG:
        return offsetof(struct link_frame, u);
    }
    return 0;
}

bool link_send(int fd, const struct link_frame *frame)
{
    size_t size = link_frame_size((enum link_kind)frame->kind);
    ssize_t sent;

    if (size == 0) {
        errno = EINVAL;
        return false;
    }
    do
        sent = send(fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

int link_receive(int fd, struct link_frame *frame)
{
    ssize_t got;

    /* MSG_TRUNC: the packet's whole length, so that a longer one is not taken for a good one.
     */
    do
        got = recv(fd, frame, sizeof *frame, MSG_DONTWAIT | MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    if ((size_t)got < offsetof(struct link_frame, u))
        return -1;
    return (size_t)got == link_frame_size((enum link_kind)frame->kind) ? 1 : -1;
}

/* ---- is an answer honest? ---- */

/* The fields as plain numbers. */
struct raw_answer {
    unsigned class, cause, status, retry_after_ms;
    unsigned char http2, hold, personal;
    int64_t org_id;
    char email[DBA_EMAIL_MAX + 1];
};

static void answer_read(const unsigned char *bytes, struct raw_answer *raw)
{
    uint16_t status;

    _Static_assert(sizeof(enum dba_answer_class) == sizeof raw->class, "enum is an unsigned");
    _Static_assert(sizeof(enum dba_cause) == sizeof raw->cause, "enum is an unsigned");
    _Static_assert(sizeof(bool) == sizeof raw->hold, "bool is a byte");
#define FIELD(to, field) memcpy(&(to), bytes + offsetof(struct dba_answer, field), sizeof(to))
    FIELD(raw->class, class);
    FIELD(raw->cause, cause);
    FIELD(status, status);
    FIELD(raw->http2, http2);
    FIELD(raw->hold, hold);
    FIELD(raw->retry_after_ms, retry_after_ms);
    FIELD(raw->personal, personal);
    FIELD(raw->org_id, org_id);
    FIELD(raw->email, email);
#undef FIELD
    raw->status = status;
}

/* The causes that a checker can know of; the others are the core's own. */
static bool cause_of_checker(unsigned cause)
{
    return (cause >= DBA_CAUSE_STATUS && cause <= DBA_CAUSE_HELD) || cause == DBA_CAUSE_CHECKER;
}

static bool email_honest(const char *email)
{
    size_t len = strnlen(email, DBA_EMAIL_MAX + 1);

    if (len > DBA_EMAIL_MAX || !dba_text_is_utf8(email, len))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)email[i] < 0x20 || email[i] == 0x7f)
            return false;
    return true;
}

static bool good_honest(const struct raw_answer *raw)
{
    return raw->cause == DBA_CAUSE_NONE && raw->status == 200 && raw->hold == 0 &&
           raw->retry_after_ms == 0 && raw->org_id > 0 && email_honest(raw->email);
}

static bool no_facts(const struct raw_answer *raw)
{
    return raw->personal == 0 && raw->org_id == 0 && raw->email[0] == '\0';
}

static bool invalid_honest(const struct raw_answer *raw)
{
    return raw->cause == DBA_CAUSE_NONE && (raw->status == 401 || raw->status == 200) &&
           raw->hold == 0 && raw->retry_after_ms == 0 && no_facts(raw);
}

static bool undecided_honest(const struct raw_answer *raw)
{
    if (!cause_of_checker(raw->cause) || !no_facts(raw))
        return false;
    if ((raw->cause == DBA_CAUSE_HELD) != (raw->hold == 1))
        return false;
    if (raw->hold == 1)
        return (raw->status == 429 || raw->status == 503) &&
               raw->retry_after_ms <= RETRY_AFTER_MAX_MS;
    return raw->retry_after_ms == 0 && raw->status <= 999;
}

bool link_answer_valid(const void *frame, size_t len)
{
    const unsigned char *bytes = frame;
    struct raw_answer raw;
    uint32_t kind;

    if (len != link_frame_size(LINK_ANSWER))
        return false;
    memcpy(&kind, bytes + offsetof(struct link_frame, kind), sizeof kind);
    if (kind != LINK_ANSWER)
        return false;
    answer_read(bytes + offsetof(struct link_frame, u) + offsetof(struct link_answer, answer),
                &raw);
    if (raw.http2 > 1 || raw.hold > 1 || raw.personal > 1)
        return false;
    switch (raw.class) {
    case DBA_ANSWER_UNDECIDED:
        return undecided_honest(&raw);
    case DBA_ANSWER_GOOD:
        return good_honest(&raw);
    case DBA_ANSWER_INVALID:
        return invalid_honest(&raw);
    }
    return false;
}
