/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module logs is caught by defining syslog(3) in the program: its symbols come before
 * the C library's for libpam, too.
 */
#include "tests/pam/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

bool queue_push(struct queue *queue, const char *line)
{
    if (queue->count == LINES)
        return false;
    (void)snprintf(queue->lines[(queue->head + queue->count++) % LINES], LINE_SIZE, "%s", line);
    return true;
}

const char *queue_pop(struct queue *queue)
{
    const char *line = queue->lines[queue->head];

    if (queue->count == 0)
        return NULL;
    queue->head = (queue->head + 1) % LINES;
    queue->count--;
    return line;
}

/* ---- the log: libpam calls these two in place of the C library's ---- */

/* Declared here: in <syslog.h> the first may be a macro. */
__attribute__((format(printf, 2, 3))) void syslog(int priority, const char *format, ...);
__attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag,
                                                        const char *format, ...);

#define SEEN_BY_LIBPAM __attribute__((visibility("default")))

static struct host *logging;

__attribute__((format(printf, 1, 0))) static void take_line(const char *format, va_list args)
{
    char line[LINE_SIZE];

    if (logging == NULL)
        return;
    (void)vsnprintf(line, sizeof line, format, args);
    for (size_t i = 0; i < logging->secrets_count; i++)
        if (strstr(line, logging->secrets[i]) != NULL)
            logging->leaked = true;
    if (strncmp(line, "pam_dblab(", strlen("pam_dblab(")) == 0)
        (void)queue_push(&logging->logged, line);
}

SEEN_BY_LIBPAM void syslog(int priority, const char *format, ...)
{
    va_list args;

    (void)priority;
    va_start(args, format);
    take_line(format, args);
    va_end(args);
}

SEEN_BY_LIBPAM void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)priority;
    (void)flag;
    va_start(args, format);
    take_line(format, args);
    va_end(args);
}

/* ---- the daemon ---- */

static void note(struct host *host, const struct dba_request *r)
{
    char line[LINE_SIZE];

    (void)snprintf(line, sizeof line, "%s %s %s %s", dba_op_word(r->op), r->user, r->service,
                   r->token.len > 0 ? r->token.bytes : "-");
    (void)queue_push(&host->asked, line);
}

static const struct {
    const char *word;
    enum dba_reason reason;
} reasons[] = {
#define X(name, value, word, text) {word, name},
    DBA_REASON_LIST(X)
#undef X
};

static void send_reply(int fd, enum dba_op op, const char *line)
{
    struct dba_reply reply = {.op = op};
    char result[64] = "";
    char reason[64] = "none";

    (void)sscanf(line, "%63s %63s", result, reason);
    for (int r = DBA_UNAVAILABLE; r <= DBA_DENIED; r++)
        if (strcmp(result, dba_result_word((enum dba_result)r)) == 0)
            reply.result = (enum dba_result)r;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reason, reasons[i].word) == 0)
            reply.reason = reasons[i].reason;
    fake_send(fd, &reply);
}

static void serve(struct fake *fake, int fd, unsigned n)
{
    struct host *host = fake->arg;
    struct dba_request request;
    char line[LINE_SIZE] = "unavailable";
    const char *next;

    (void)n;
    if (!fake_read(fd, &request))
        return;
    (void)pthread_mutex_lock(&host->lock);
    next = queue_pop(&host->replies);
    if (next != NULL)
        (void)snprintf(line, sizeof line, "%s", next);
    if (strcmp(line, "drop") != 0)
        note(host, &request);
    (void)pthread_mutex_unlock(&host->lock);
    if (strcmp(line, "hang") == 0)
        fake_wait_for_end(fd);
    else if (strcmp(line, "drop") != 0)
        send_reply(fd, request.op, line);
    dba_request_clear(&request);
}

void host_start(struct host *host)
{
    (void)pthread_mutex_init(&host->lock, NULL);
    fake_start(&host->daemon, serve, host);
    logging = host;
}

void host_stop(struct host *host)
{
    logging = NULL;
    fake_stop(&host->daemon);
    (void)pthread_mutex_destroy(&host->lock);
}

bool host_reply(struct host *host, const char *line)
{
    bool fits;

    (void)pthread_mutex_lock(&host->lock);
    fits = queue_push(&host->replies, line);
    (void)pthread_mutex_unlock(&host->lock);
    return fits;
}

bool host_asked(struct host *host, char line[LINE_SIZE])
{
    const char *next;

    (void)pthread_mutex_lock(&host->lock);
    next = queue_pop(&host->asked);
    if (next != NULL)
        (void)snprintf(line, LINE_SIZE, "%s", next);
    (void)pthread_mutex_unlock(&host->lock);
    return next != NULL;
}

/* ---- the person ---- */

bool host_answer(struct host *host, const char *text)
{
    /* A text of a few letters may be in any line by chance. */
    if (strlen(text) > 4 && host->secrets_count < LINES)
        (void)snprintf(host->secrets[host->secrets_count++], LINE_SIZE, "%s", text);
    return queue_push(&host->answers, text);
}

int host_converse(int count, const struct pam_message **messages,
                  struct pam_response **responses, void *arg)
{
    struct host *host = arg;
    int rc = PAM_SUCCESS;

    *responses = calloc((size_t)count, sizeof **responses);
    for (int i = 0; i < count && *responses != NULL; i++) {
        bool prompt = messages[i]->msg_style == PAM_PROMPT_ECHO_OFF;
        char line[LINE_SIZE];
        const char *answer;

        (void)snprintf(line, sizeof line, "%s %s", prompt ? "prompt" : "message",
                       messages[i]->msg);
        (void)queue_push(&host->shown, line);
        answer = prompt ? queue_pop(&host->answers) : "null";
        if (answer == NULL || strcmp(answer, "none") == 0 || (!prompt && host->deaf))
            rc = PAM_CONV_ERR;
        else if (strcmp(answer, "null") != 0)
            (*responses)[i].resp = strdup(answer);
    }
    if (rc != PAM_SUCCESS) {
        free(*responses);
        *responses = NULL;
    }
    return rc;
}
