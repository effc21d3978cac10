/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log daemon that throws everything away: what the programs of the bench log costs them as
 * much as on any host, and this side of it next to nothing.
 *
 *     sink SOCKET     prints `ready`
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char line[65536];

    if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof address.sun_path)
        return 1;
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    (void)unlink(argv[1]);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(argv[1], 0666) != 0)
        return 1;
    (void)puts("ready");
    (void)fflush(stdout);
    while (recv(fd, line, sizeof line, 0) >= 0)
        continue;
    return 1;
}
