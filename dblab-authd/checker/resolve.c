/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getaddrinfo() cannot be given a deadline nor be called off. So the thread and its owner share
 * a job that is freed by whoever lets go of it last, and an owner can leave at any time.
 */
#include "dblab-authd/checker/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ADDRESSES_MAX 16           /* of one name; the rest would not be tried in time */
#define STACK_SIZE    (256 * 1024) /* NSS modules want some; the default of 8 MB is for others */

struct job {
    pthread_mutex_t lock; /* guards what follows until `done` */
    unsigned holders;
    bool done, found;
    struct resolve_names names;
    struct resolve_answer answer;
    int wake_fd; /* the owner's; -1 once it has left */
};

struct resolver {
    resolve_fn *fn;
    void *arg;
    int wake_fd;
    struct loop_fd *watch;
    struct job *job; /* under way; NULL: none */
};

static void job_release(struct job *job)
{
    bool last;

    (void)pthread_mutex_lock(&job->lock);
    last = --job->holders == 0;
    (void)pthread_mutex_unlock(&job->lock);
    if (last) {
        (void)pthread_mutex_destroy(&job->lock);
        free(job);
    }
}

/* Appends one address to a list; false: it has no form that curl can read, or no room. */
static bool address_add(char text[RESOLVE_TEXT_MAX], const struct addrinfo *info)
{
    size_t used = strlen(text);
    const char *comma = used > 0 ? "," : "";
    char host[NI_MAXHOST];
    int len;

    if (info->ai_family != AF_INET6 && info->ai_family != AF_INET)
        return false;
    if (getnameinfo(info->ai_addr, info->ai_addrlen, host, sizeof host, NULL, 0,
                    NI_NUMERICHOST) != 0 ||
        strchr(host, '%') != NULL)
        return false;
    len = snprintf(text + used, RESOLVE_TEXT_MAX - used,
                   info->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", comma, host);
    if (len < 0 || (size_t)len >= RESOLVE_TEXT_MAX - used) {
        text[used] = '\0';
        return false;
    }
    return true;
}

static bool lookup(const char *host, char text[RESOLVE_TEXT_MAX])
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int count = 0;

    text[0] = '\0';
    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return false;
    for (const struct addrinfo *i = list; i != NULL && count < ADDRESSES_MAX; i = i->ai_next)
        if (address_add(text, i))
            count++;
    freeaddrinfo(list);
    return count > 0;
}

static void *job_run(void *arg)
{
    const uint64_t one = 1;
    struct job *job = arg;
    struct resolve_answer answer = {0};
    bool found = true;

    /* The names are not changed any more, so they may be read without the lock. */
    for (unsigned i = 0; i < job->names.count && found; i++)
        found = lookup(job->names.hosts[i], answer.addresses[i]);
    (void)pthread_mutex_lock(&job->lock);
    job->answer = answer;
    job->found = found;
    job->done = true;
    if (job->wake_fd >= 0 && write(job->wake_fd, &one, sizeof one) < 0)
        job->found = false; /* cannot happen: a counter of 1 never blocks */
    (void)pthread_mutex_unlock(&job->lock);
    job_release(job);
    return NULL;
}

static void job_done(int fd, unsigned events, void *arg)
{
    struct resolver *resolver = arg;
    struct job *job = resolver->job;
    struct resolve_answer answer;
    uint64_t count;
    bool found;

    (void)events;
    if (read(fd, &count, sizeof count) < 0 || job == NULL)
        return;
    (void)pthread_mutex_lock(&job->lock);
    answer = job->answer;
    found = job->done && job->found;
    (void)pthread_mutex_unlock(&job->lock);
    resolver->job = NULL;
    job_release(job);
    resolver->fn(found ? &answer : NULL, resolver->arg);
}

struct resolver *resolver_new(struct loop *loop, resolve_fn *fn, void *arg)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (resolver == NULL)
        return NULL;
    *resolver = (struct resolver){.fn = fn, .arg = arg, .wake_fd = -1};
    resolver->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolver->wake_fd >= 0)
        resolver->watch = loop_fd_new(loop, resolver->wake_fd, LOOP_READ, job_done, resolver);
    if (resolver->watch == NULL)
        resolver_free(&resolver);
    return resolver;
}

void resolver_free(struct resolver **resolver)
{
    struct job *job;

    if (*resolver == NULL)
        return;
    job = (*resolver)->job;
    if (job != NULL) {
        (void)pthread_mutex_lock(&job->lock);
        job->wake_fd = -1; /* its number may soon be another descriptor's */
        (void)pthread_mutex_unlock(&job->lock);
        job_release(job);
    }
    loop_fd_free(&(*resolver)->watch);
    if ((*resolver)->wake_fd >= 0)
        (void)close((*resolver)->wake_fd);
    free(*resolver);
    *resolver = NULL;
}

static bool thread_start(struct job *job)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool started;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
              pthread_create(&thread, &attributes, job_run, job) == 0;
    (void)pthread_attr_destroy(&attributes);
    return started;
}

bool resolver_start(struct resolver *resolver, const struct resolve_names *names)
{
    struct job *job;

    if (resolver->job != NULL)
        return true;
    job = calloc(1, sizeof *job);
    if (job == NULL)
        return false;
    if (pthread_mutex_init(&job->lock, NULL) != 0) {
        free(job);
        return false;
    }
    job->holders = 2;
    job->names = *names;
    job->wake_fd = resolver->wake_fd;
    if (!thread_start(job)) {
        (void)pthread_mutex_destroy(&job->lock);
        free(job);
        return false;
    }
    resolver->job = job;
    return true;
}

bool resolver_busy(const struct resolver *resolver)
{
    return resolver->job != NULL;
}
