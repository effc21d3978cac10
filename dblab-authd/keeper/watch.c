/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/list.h"

/* Where no pidfd is to be had (descriptors, memory) the start time is looked at this often. */
#define LOOK_EVERY DBA_SECOND

struct watch {
    struct watches *watches;
    struct dba_list in_list;
    struct dba_process process;
    int pidfd;
    struct loop_fd *fd_watch;
};

struct watches {
    struct loop *loop;
    watch_gone_fn *fn;
    void *arg;
    struct loop_timer *timer;
    struct dba_list waiting; /* for their pidfd */
    struct dba_list looked;  /* at by the timer */
};

uint64_t watch_start_time(pid_t pid)
{
    char path[64];
    char text[1024];
    char *at;
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    /* The name, field 2, may have anything in it: fields are counted from its last ')'. */
    at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtoull(at + 1, NULL, 10) : 0;
}

static void watch_free(struct watch *w)
{
    loop_fd_free(&w->fd_watch);
    if (w->pidfd >= 0)
        (void)close(w->pidfd);
    dba_list_remove(&w->in_list);
    free(w);
}

static void tell(struct watch *w)
{
    struct watches *watches = w->watches;
    struct dba_process process = w->process;

    watch_free(w);
    watches->fn(process, watches->arg);
}

static void on_end(int fd, unsigned events, void *arg)
{
    (void)fd;
    (void)events;
    tell(arg);
}

/* Without a descriptor to look with, it is. */
static bool is_there(const struct watch *w)
{
    uint64_t start;

    errno = 0;
    start = watch_start_time(w->process.pid);
    if (start == 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        return true;
    return start != 0 && start == w->process.start;
}

static void on_look(void *arg)
{
    struct watches *watches = arg;

    /* What is told may add to the end of the list, and takes nothing out. */
    for (struct dba_list *n = watches->looked.next; n != &watches->looked;) {
        struct watch *w = dba_container(n, struct watch, in_list);

        n = n->next;
        if (!is_there(w))
            tell(w);
    }
    if (!dba_list_empty(&watches->looked))
        loop_timer_set(watches->timer, dba_clock_boot() + LOOK_EVERY);
}

/* The pidfd is opened first and the start time compared then: the number may be another's. */
static bool wait_for(struct watch *w)
{
    w->pidfd = (int)syscall(SYS_pidfd_open, w->process.pid, 0);
    if (w->pidfd >= 0 && is_there(w))
        w->fd_watch = loop_fd_new(w->watches->loop, w->pidfd, LOOP_READ, on_end, w);
    return w->fd_watch != NULL;
}

void watches_add(struct watches *watches, struct dba_process process)
{
    struct watch *w = calloc(1, sizeof *w);

    if (w == NULL)
        return;
    w->watches = watches;
    w->process = process;
    dba_list_init(&w->in_list);
    if (wait_for(w)) {
        dba_list_append(&watches->waiting, &w->in_list);
        return;
    }
    /* It is gone already, or cannot be waited for: looking tells which, and is due now. */
    dba_list_append(&watches->looked, &w->in_list);
    loop_timer_set(watches->timer, dba_clock_boot());
}

struct watches *watches_new(struct loop *loop, watch_gone_fn *fn, void *arg)
{
    struct watches *watches = calloc(1, sizeof *watches);

    if (watches == NULL)
        return NULL;
    watches->loop = loop;
    watches->fn = fn;
    watches->arg = arg;
    dba_list_init(&watches->waiting);
    dba_list_init(&watches->looked);
    watches->timer = loop_timer_new(loop, on_look, watches);
    if (watches->timer == NULL)
        watches_free(&watches);
    return watches;
}

static void free_all(struct dba_list *list)
{
    while (!dba_list_empty(list))
        watch_free(dba_container(list->next, struct watch, in_list));
}

void watches_free(struct watches **watches)
{
    if (*watches == NULL)
        return;
    free_all(&(*watches)->waiting);
    free_all(&(*watches)->looked);
    loop_timer_free(&(*watches)->timer);
    free(*watches);
    *watches = NULL;
}
