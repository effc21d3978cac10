/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket; see control.h. */
#include "tests/platform/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)

struct control {
    struct watch watch;
    struct platform *platform;
    struct client *clients;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

struct client {
    struct watch watch;
    struct control *control;
    struct client *prev, *next;
    struct text in;
};

static void client_free(struct client *client)
{
    struct control *control = client->control;

    loop_unwatch(control->platform->loop, &client->watch);
    close(client->watch.fd);
    if (client->prev != NULL) {
        client->prev->next = client->next;
    } else {
        control->clients = client->next;
    }
    if (client->next != NULL) {
        client->next->prev = client->prev;
    }
    free(client->in.data);
    free(client);
}

/* The caller of a test reads its reply at once: a blocking write holds up nobody else. */
static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);

        if (put < 0) {
            return false;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

static void on_line(struct watch *watch, uint32_t events)
{
    struct client *client = CONTAINER(watch, struct client, watch);
    char bytes[65536];
    ssize_t got = recv(watch->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    char *newline;

    (void)events;
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0 || client->in.len > LINE_MAX_BYTES) {
        client_free(client);
        return;
    }
    text_add(&client->in, bytes, (size_t)got);
    while ((newline = memchr(client->in.data, '\n', client->in.len)) != NULL) {
        size_t len = (size_t)(newline - client->in.data) + 1;
        struct text out = {0};
        bool sent;

        *newline = '\0';
        command_run(client->control->platform, client->in.data, &out);
        sent = send_all(watch->fd, out.data, out.len);
        free(out.data);
        if (!sent) {
            client_free(client);
            return;
        }
        memmove(client->in.data, client->in.data + len, client->in.len - len);
        client->in.len -= len;
    }
}

static void on_client(struct watch *watch, uint32_t events)
{
    struct control *control = CONTAINER(watch, struct control, watch);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
    struct client *client;

    (void)events;
    if (fd < 0) {
        return;
    }
    client = take(sizeof *client);
    client->watch.fd = fd;
    client->watch.fn = on_line;
    client->control = control;
    client->next = control->clients;
    if (client->next != NULL) {
        client->next->prev = client;
    }
    control->clients = client;
    loop_watch(control->platform->loop, &client->watch, EPOLLIN);
}

/* False: the path is too long. */
static bool set_address(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

struct control *control_new(struct platform *platform, const char *path)
{
    struct sockaddr_un address;
    struct control *control;
    int fd;

    if (!set_address(&address, path)) {
        return NULL;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 64) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    control = take(sizeof *control);
    control->platform = platform;
    control->watch.fd = fd;
    control->watch.fn = on_client;
    memcpy(control->path, address.sun_path, sizeof control->path);
    loop_watch(platform->loop, &control->watch, EPOLLIN);
    return control;
}

void control_free(struct control *control)
{
    while (control->clients != NULL) {
        client_free(control->clients);
    }
    loop_unwatch(control->platform->loop, &control->watch);
    close(control->watch.fd);
    (void)unlink(control->path);
    free(control);
}

/* ---- the client ---- */

/* Blanks and newlines are encoded, so that a shell's quoted word stays one; '%' is not, so that
 * any byte can be written. */
static void add_word(struct text *line, const char *word)
{
    text_printf(line, "%s%s", line->len > 0 ? " " : "", *word == '\0' ? "\"\"" : "");
    for (; *word != '\0'; word++) {
        if (*word == ' ' || *word == '\n') {
            text_printf(line, "%%%02x", (unsigned)(unsigned char)*word);
        } else {
            text_add(line, word, 1);
        }
    }
}

int control_call(const char *path, char **words)
{
    struct sockaddr_un address;
    struct text line = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), code = 2;
    FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
    char *reply = NULL;
    size_t room = 0;

    if (in == NULL || !set_address(&address, path) ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror(path);
        goto out;
    }
    for (; *words != NULL; words++) {
        add_word(&line, *words);
    }
    text_add(&line, "\n", 1);
    if (!send_all(fd, line.data, line.len)) {
        perror(path);
        goto out;
    }
    while (getline(&reply, &room, in) > 0) {
        if (strncmp(reply, "= ", 2) == 0) {
            (void)fputs(reply + 2, stdout);
            continue;
        }
        code = strcmp(reply, "ok\n") == 0 ? 0 : 1;
        if (code != 0) {
            (void)fputs(reply, stderr);
        }
        break;
    }
out:
    free(line.data);
    free(reply);
    if (in != NULL) {
        (void)fclose(in);
    } else if (fd >= 0) {
        close(fd);
    }
    return code;
}
