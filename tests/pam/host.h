/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is around the module in a PAM case: the application with its person, the system's log,
 * and a daemon that says what the script wants. All of it is queues of lines.
 */
#ifndef DBA_TESTS_PAM_HOST_H
#define DBA_TESTS_PAM_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <security/pam_appl.h>

#include "tests/support/fake.h"

#define LINES     16
#define LINE_SIZE 2600

struct queue {
    char lines[LINES][LINE_SIZE];
    size_t head, count;
};

/* False if it is full. */
bool queue_push(struct queue *queue, const char *line);
const char *queue_pop(struct queue *queue); /* NULL: empty. Valid until LINES pushes later */

struct host {
    struct fake daemon;
    pthread_mutex_t lock; /* of what the daemon's thread shares: replies and asked */
    struct queue replies; /* to the requests to come: RESULT [REASON], hang, drop */
    struct queue asked;   /* OP USER SERVICE TOKEN of those that came */
    struct queue answers; /* to the prompts to come; "none": no answer, "null": an absent one */
    struct queue shown;   /* `prompt TEXT` or `message TEXT` */
    struct queue logged;  /* by the module */
    bool deaf;            /* messages, not prompts, make the conversation fail */
    bool leaked;          /* a log line had an answer in it */
    char secrets[LINES][LINE_SIZE];
    size_t secrets_count;
};

/* Listens, and takes over what this process logs. The host must be all zero. */
void host_start(struct host *host);
void host_stop(struct host *host);

/* Takes the next line out of replies or asked, or puts one in, under the lock. */
bool host_reply(struct host *host, const char *line);
bool host_asked(struct host *host, char line[LINE_SIZE]);

bool host_answer(struct host *host, const char *text);

/* The conversation; its appdata_ptr is the host. */
int host_converse(int count, const struct pam_message **messages,
                  struct pam_response **responses, void *arg);

#endif
