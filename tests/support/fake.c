/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the test's own world fails (no socket, no thread) there is nothing to test: it aborts.
 */
#include "tests/support/fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    (void)fprintf(stderr, "fake daemon: %s: %s\n", what, strerror(errno));
    abort();
}

void fake_relisten(struct fake *fake, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, fake->path, strlen(fake->path));
    fake->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fake->fd >= 0, "socket");
    must(bind(fake->fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    must(listen(fake->fd, backlog) == 0, "listen");
}

void fake_listen(struct fake *fake, int backlog)
{
    memset(fake, 0, sizeof *fake);
    (void)snprintf(fake->folder, sizeof fake->folder, "/tmp/dblab-fake.XXXXXX");
    must(mkdtemp(fake->folder) != NULL, "mkdtemp");
    must(chmod(fake->folder, 0755) == 0, "chmod");
    (void)snprintf(fake->path, sizeof fake->path, "%s/socket", fake->folder);
    fake_relisten(fake, backlog);
}

static void *run(void *arg)
{
    struct fake *fake = arg;
    int fd;

    while ((fd = accept(fake->fd, NULL, NULL)) >= 0 || errno == EINTR) {
        if (fd < 0)
            continue;
        fake->serve(fake, fd, atomic_fetch_add(&fake->accepted, 1));
        (void)close(fd);
    }
    return NULL;
}

void fake_run(struct fake *fake, fake_fn *serve, void *arg)
{
    fake->serve = serve;
    fake->arg = arg;
    must(pthread_create(&fake->thread, NULL, run, fake) == 0, "thread");
    fake->running = true;
}

void fake_start(struct fake *fake, fake_fn *serve, void *arg)
{
    fake_listen(fake, 16);
    fake_run(fake, serve, arg);
}

void fake_unlisten(struct fake *fake)
{
    (void)unlink(fake->path);
    (void)close(fake->fd);
    fake->fd = -1;
}

void fake_end(struct fake *fake)
{
    if (fake->fd >= 0)
        (void)shutdown(fake->fd, SHUT_RDWR); /* accept(2) returns */
    if (fake->running)
        (void)pthread_join(fake->thread, NULL);
    if (fake->fd >= 0)
        (void)close(fake->fd);
    fake->fd = -1;
    fake->running = false;
    (void)unlink(fake->path);
}

void fake_stop(struct fake *fake)
{
    char path[128];

    fake_end(fake);
    (void)snprintf(path, sizeof path, "%s/policy", fake->folder);
    (void)unlink(path);
    (void)rmdir(fake->folder);
}

void fake_policy(const struct fake *fake, const char *text)
{
    char path[128];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/policy", fake->folder);
    out = fopen(path, "we");
    must(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0, "policy");
    must(chmod(path, 0644) == 0, "policy's mode");
}

bool fake_read(int fd, struct dba_request *request)
{
    uint8_t buf[DBA_REQUEST_MAX];
    size_t have = 0;
    size_t total;

    for (;;) {
        ssize_t n = recv(fd, buf + have, sizeof buf - have, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        have += (size_t)n;
        if (dba_request_length(buf, have, &total) == DBA_OK && have == total)
            return dba_request_decode(buf, total, request) == DBA_OK;
    }
}

void fake_write(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

void fake_send(int fd, const struct dba_reply *reply)
{
    size_t len = 0;
    uint8_t *buf = malloc(DBA_REPLY_BASE + reply->text_len);

    must(buf != NULL && dba_reply_encode(reply, buf, &len) == DBA_OK, "reply");
    fake_write(fd, buf, len);
    free(buf);
}

size_t fake_reply_bytes(enum dba_op op, uint8_t buf[DBA_REPLY_BASE])
{
    struct dba_reply reply = {.op = op, .result = DBA_ACCEPTED, .reason = DBA_REASON_VALID};
    size_t len = 0;

    must(dba_reply_encode(&reply, buf, &len) == DBA_OK, "reply");
    return len;
}

void fake_wait_for_end(int fd)
{
    char byte;
    ssize_t n;

    do {
        n = recv(fd, &byte, 1, 0);
    } while (n > 0 || (n < 0 && errno == EINTR));
}
