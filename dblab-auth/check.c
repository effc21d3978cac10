/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: what would this host do with a token? The token comes from the terminal without echo,
 * or from standard input; never from an argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "dblab-auth/command.h"

/* One line of at most `cap` bytes, without its newline; -1: an error, or a longer one. */
static ssize_t read_line(int fd, char *buf, size_t cap)
{
    size_t have = 0;

    while (have < cap) {
        ssize_t n = read(fd, buf + have, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0 || buf[have] == '\n')
            return (ssize_t)have;
        have++;
    }
    return -1;
}

static ssize_t read_from_terminal(int fd, char *buf, size_t cap)
{
    static const char prompt[] = "Database Lab token: ";
    struct termios old;
    struct termios quiet;
    ssize_t len;

    if (tcgetattr(fd, &old) != 0)
        return -1;
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return -1;
    if (write(fd, prompt, sizeof prompt - 1) < 0)
        len = -1;
    else
        len = read_line(fd, buf, cap);
    (void)tcsetattr(fd, TCSAFLUSH, &old);
    if (write(fd, "\n", 1) < 0)
        len = -1;
    return len;
}

static bool read_token(struct dba_token *token)
{
    char buf[DBA_TOKEN_MAX + 2];
    ssize_t len;
    enum dba_err err = DBA_ERR_SIZE;
    int tty = -1;

    if (isatty(STDIN_FILENO)) {
        tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        len = tty >= 0 ? read_from_terminal(tty, buf, sizeof buf) : -1;
        if (tty >= 0)
            (void)close(tty);
    } else {
        len = read_line(STDIN_FILENO, buf, sizeof buf);
    }
    if (len >= 0)
        err = dba_token_set(token, buf, (size_t)len);
    dba_wipe(buf, sizeof buf);
    if (err == DBA_OK)
        return true;
    (void)fprintf(stderr,
                  "dblab-auth: a token has 1 to %d bytes, none of them a control byte\n",
                  DBA_TOKEN_MAX);
    return false;
}

static const char *decision(const struct dba_reply *reply, int *code)
{
    switch (reply->result) {
    case DBA_ACCEPTED:
        *code = EXIT_YES;
        return "accepted";
    case DBA_REFUSED:
    case DBA_LIMITED:
    case DBA_DENIED:
        *code = EXIT_NO;
        return "refused";
    case DBA_UNAVAILABLE:
        break;
    }
    *code = EXIT_UNDECIDED;
    return "undecided";
}

static void print_json(const char *word, const char *reason, const struct dba_reply *reply)
{
    (void)fputs("{\"decision\": ", stdout);
    json_string(stdout, word);
    (void)fputs(", \"reason\": ", stdout);
    json_string(stdout, reason);
    (void)fputs(", \"user\": ", stdout);
    json_string(stdout, reply->user);
    (void)fputs(", \"email\": ", stdout);
    json_string(stdout, reply->email);
    (void)printf(", \"orgId\": %" PRId64 ", \"personal\": %s}\n", reply->org_id,
                 reply->personal ? "true" : "false");
}

static void print_text(const char *word, const char *reason, const struct dba_reply *reply)
{
    char shown[DBA_USER_MAX + 1];

    (void)printf("%s: %s\n", word, reason);
    if (reply->user[0] != '\0')
        (void)printf("user   %s\n", dba_text_clean(shown, sizeof shown, reply->user));
    if (reply->email[0] != '\0')
        (void)printf("email  %s\n", dba_text_clean(shown, sizeof shown, reply->email));
    if (reply->org_id != 0)
        (void)printf("org    %" PRId64 "%s\n", reply->org_id,
                     reply->personal ? ", a personal token" : ", an administrative token");
}

int check_run(const struct options *options)
{
    struct dba_request request = {.op = DBA_OP_CHECK, .uid = DBA_NO_UID};
    struct dba_reply reply;
    const char *reason;
    const char *word;
    bool answered;
    int code;

    if (!dba_text_copy(request.user, sizeof request.user, options->user) ||
        !dba_text_copy(request.service, sizeof request.service, options->service)) {
        (void)fputs("dblab-auth: the user or the service is too long\n", stderr);
        return EXIT_USAGE;
    }
    if (!read_token(&request.token)) {
        dba_request_clear(&request);
        return EXIT_NO;
    }
    answered = ask_daemon(options, &request, &reply);
    dba_request_clear(&request);
    if (!answered)
        return EXIT_UNDECIDED;
    word = decision(&reply, &code);
    reason = reply.cause != DBA_CAUSE_NONE ? dba_cause_text(reply.cause)
                                           : dba_reason_text(reply.reason);
    if (options->json)
        print_json(word, reason, &reply);
    else
        print_text(word, reason, &reply);
    return code;
}
