/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/listener.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

#define PATH_BYTES sizeof((struct sockaddr_un *)NULL)->sun_path

static bool explain(char *why, const char *what, const char *path)
{
    (void)snprintf(why, LISTENER_WHY_MAX, "cannot %s %.100s: %s", what, path, strerror(errno));
    return false;
}

/* runDir has at most RUN_DIR_MAX bytes: this fits. */
static void socket_path(char path[PATH_BYTES], const char *run_dir, const char *name)
{
    (void)snprintf(path, PATH_BYTES, "%.*s/%s", (int)(PATH_BYTES - 16), run_dir, name);
}

static bool bind_and_listen(int fd, const char *run_dir, char *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_BYTES];

    socket_path(path, run_dir, "socket");
    socket_path(address.sun_path, run_dir, "socket.new");
    if (unlink(address.sun_path) != 0 && errno != ENOENT)
        return explain(why, "remove the old", address.sun_path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return explain(why, "make", address.sun_path);
    if (chmod(address.sun_path, 0666) != 0 || listen(fd, BACKLOG) != 0 ||
        rename(address.sun_path, path) != 0) {
        (void)explain(why, "listen on", path);
        (void)unlink(address.sun_path);
        return false;
    }
    return true;
}

int listener_open(const char *run_dir, char *why)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        (void)explain(why, "make a socket in", run_dir);
        return -1;
    }
    if (bind_and_listen(fd, run_dir, why))
        return fd;
    (void)close(fd);
    return -1;
}

void listener_remove(const char *run_dir)
{
    char path[PATH_BYTES];

    socket_path(path, run_dir, "socket");
    (void)unlink(path);
}
