/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs PAM cases: small scripts that drive the built module through the real libpam, without
 * root and without a daemon. What the module would be told by one is in the script.
 *
 *     options WORDS               the module's options (socket= is added)
 *     service NAME                default sshd
 *     user NAME                   default alice
 *     item rhost|tty|ruser|authtok TEXT
 *     policy none|damaged         instead of the policy file of all cases
 *     daemon none                 nobody listens
 *     reply RESULT [REASON]       what the daemon says to the next request; also: hang, drop
 *     answer TEXT | answer none   to the next prompt; \xNN is a byte, *N repeats it N times
 *     call auth|account|setcred|open|close|password [silent] CODE
 *     prompt TEXT                 a prompt was shown, in order
 *     error TEXT                  a message was shown that has this in it, in order
 *     asked OP USER SERVICE TOKEN the daemon was asked so, in order ("-": none)
 *
 * After each call everything that was shown or asked must have been named.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "wire/frame.h"

enum { QUEUE = 16, TEXT = 2600 };

struct queue {
    char items[QUEUE][TEXT];
    size_t head, count;
};

static struct world {
    char folder[256];
    char module[4096];
    pthread_mutex_t lock; /* of what the daemon's thread shares */
    struct queue replies, asked;
    struct queue answers, shown;
    int listen_fd;
    const char *file;
    int line;
    bool failed;
} w = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void wrong(const char *what, const char *detail)
{
    printf("%s:%d: %s: %s\n", w.file, w.line, what, detail);
    w.failed = true;
}

static void push(struct queue *q, const char *text)
{
    if (q->count == QUEUE)
        wrong("too many", text);
    else
        (void)snprintf(q->items[(q->head + q->count++) % QUEUE], TEXT, "%s", text);
}

static const char *pop(struct queue *q)
{
    const char *text;

    if (q->count == 0)
        return NULL;
    text = q->items[q->head];
    q->head = (q->head + 1) % QUEUE;
    q->count--;
    return text;
}

/* ---- the daemon ---- */

static bool read_request(int fd, struct dba_request *request)
{
    uint8_t buf[DBA_REQUEST_MAX];
    size_t have = 0;
    size_t total;

    for (;;) {
        ssize_t n = read(fd, buf + have, sizeof buf - have);

        if (n <= 0)
            return false;
        have += (size_t)n;
        if (dba_request_length(buf, have, &total) == DBA_OK && have == total)
            return dba_request_decode(buf, total, request) == DBA_OK;
    }
}

static void note(const struct dba_request *r)
{
    char text[TEXT];

    (void)snprintf(text, sizeof text, "%s %s %s %s", dba_op_word(r->op), r->user, r->service,
                   r->token.len > 0 ? r->token.bytes : "-");
    push(&w.asked, text);
}

static enum dba_reason reason_of(const char *word)
{
#define X(name, value, w_, text)                                                               \
    if (strcmp(word, w_) == 0)                                                                 \
        return name;
    DBA_REASON_LIST(X)
#undef X
    return DBA_REASON_NONE;
}

static void send_reply(int fd, enum dba_op op, const char *what)
{
    struct dba_reply reply = {.op = op};
    uint8_t buf[DBA_REPLY_BASE];
    char result[64] = "";
    char reason[64] = "none";
    size_t len;

    (void)sscanf(what, "%63s %63s", result, reason);
    for (int r = DBA_UNAVAILABLE; r <= DBA_DENIED; r++)
        if (strcmp(result, dba_result_word((enum dba_result)r)) == 0)
            reply.result = (enum dba_result)r;
    reply.reason = reason_of(reason);
    if (dba_reply_encode(&reply, buf, &len) == DBA_OK && write(fd, buf, len) < 0)
        return;
}

static void *daemon_run(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(w.listen_fd, NULL, NULL)) >= 0) {
        struct dba_request request;
        char what[TEXT] = "unavailable";
        const char *next;
        struct pollfd gone = {.fd = fd, .events = POLLIN};

        if (read_request(fd, &request)) {
            (void)pthread_mutex_lock(&w.lock);
            next = pop(&w.replies);
            if (next != NULL)
                (void)snprintf(what, sizeof what, "%s", next);
            if (strcmp(what, "drop") != 0)
                note(&request);
            (void)pthread_mutex_unlock(&w.lock);
            if (strcmp(what, "hang") == 0)
                (void)poll(&gone, 1, -1); /* until the module gives up */
            else if (strcmp(what, "drop") != 0)
                send_reply(fd, request.op, what);
        }
        dba_request_clear(&request);
        (void)close(fd);
    }
    return NULL;
}

static void daemon_start(pthread_t *thread)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/socket", w.folder);
    (void)unlink(address.sun_path);
    w.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(w.listen_fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(w.listen_fd, 8) != 0 || pthread_create(thread, NULL, daemon_run, NULL) != 0)
        abort();
}

static void daemon_stop(pthread_t thread)
{
    (void)shutdown(w.listen_fd, SHUT_RDWR);
    (void)pthread_join(thread, NULL);
    (void)close(w.listen_fd);
    w.listen_fd = -1;
}

/* ---- the conversation ---- */

static int converse(int count, const struct pam_message **messages,
                    struct pam_response **responses, void *arg)
{
    (void)arg;
    *responses = calloc((size_t)count, sizeof **responses);
    for (int i = 0; i < count; i++) {
        int style = messages[i]->msg_style;
        char text[TEXT];
        const char *answer;

        (void)snprintf(text, sizeof text, "%s %s",
                       style == PAM_PROMPT_ECHO_OFF ? "prompt" : "error", messages[i]->msg);
        push(&w.shown, text);
        if (style != PAM_PROMPT_ECHO_OFF)
            continue;
        answer = pop(&w.answers);
        if (answer == NULL || strcmp(answer, "none") == 0) {
            free(*responses);
            *responses = NULL;
            return PAM_CONV_ERR;
        }
        (*responses)[i].resp = strdup(answer);
    }
    return PAM_SUCCESS;
}

/* ---- the script ---- */

static void write_file(const char *name, const char *text)
{
    char path[512];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/%s", w.folder, name);
    out = fopen(path, "w");
    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0 || chmod(path, 0644) != 0)
        abort();
}

static void remove_file(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", w.folder, name);
    (void)unlink(path);
}

static void write_policy(void)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\ndeny-user root\n"
                   "deny-user denied\nservice sshd unix local\nservice sudo unix local\n"
                   "service pool plain local\ncaller %u\nservice-deny-user bob\n"
                   "service other plain local\ncaller 4000000000\nend\n",
                   geteuid());
    write_file("policy", text);
}

/* \xNN and a final *N. */
static void unescape(const char *in, char *out)
{
    size_t len = 0;
    char *star;

    while (*in != '\0' && len + 1 < TEXT) {
        unsigned byte;

        if (sscanf(in, "\\x%2x", &byte) == 1) {
            out[len++] = (char)byte;
            in += 4;
        } else {
            out[len++] = *in++;
        }
    }
    out[len] = '\0';
    star = strrchr(out, '*');
    if (star == NULL || star == out || star[1] == '\0' || (star - 1 != out && star[-2] != ' '))
        return;
    len = strtoul(star + 1, NULL, 10);
    if (len < TEXT - (size_t)(star - out)) {
        memset(star, star[-1], len - 1);
        star[len - 1] = '\0';
    }
}

static const struct {
    const char *word;
    int code;
} codes[] = {
    {"success", PAM_SUCCESS},           {"auth_err", PAM_AUTH_ERR},
    {"user_unknown", PAM_USER_UNKNOWN}, {"perm_denied", PAM_PERM_DENIED},
    {"maxtries", PAM_MAXTRIES},         {"authinfo_unavail", PAM_AUTHINFO_UNAVAIL},
    {"acct_expired", PAM_ACCT_EXPIRED}, {"authtok_err", PAM_AUTHTOK_ERR},
    {"service_err", PAM_SERVICE_ERR},   {"ignore", PAM_IGNORE},
};

static const char *code_word(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].word;
    return "another code";
}

static int call(pam_handle_t *pamh, const char *what, int flags)
{
    if (strcmp(what, "auth") == 0)
        return pam_authenticate(pamh, flags);
    if (strcmp(what, "account") == 0)
        return pam_acct_mgmt(pamh, flags);
    if (strcmp(what, "setcred") == 0)
        return pam_setcred(pamh, flags);
    if (strcmp(what, "open") == 0)
        return pam_open_session(pamh, flags);
    if (strcmp(what, "close") == 0)
        return pam_close_session(pamh, flags);
    if (strcmp(what, "password") == 0)
        return pam_chauthtok(pamh, flags);
    wrong("unknown call", what);
    return -1;
}

struct script {
    char options[512], service[64], user[300];
    pam_handle_t *pamh;
    bool daemon;
    pthread_t thread;
};

static void begin(struct script *s)
{
    static const struct pam_conv conversation = {.conv = converse};
    char text[20480];

    /* An ignored module alone is a denial: pam_permit behind it shows "ignore" as success. */
    (void)snprintf(text, sizeof text,
                   "auth [default=done] %s socket=%s/socket %s\n"
                   "account [ignore=ignore default=done] %s socket=%s/socket %s\n"
                   "account required pam_permit.so\n"
                   "session required %s socket=%s/socket %s\n"
                   "password required %s socket=%s/socket %s\n",
                   w.module, w.folder, s->options, w.module, w.folder, s->options, w.module,
                   w.folder, s->options, w.module, w.folder, s->options);
    write_file(s->service, text);
    if (pam_start_confdir(s->service, s->user, &conversation, w.folder, &s->pamh) !=
        PAM_SUCCESS)
        abort();
}

static void check_shown(const char *kind, const char *want)
{
    const char *got = pop(&w.shown);
    size_t len = strlen(kind);

    if (got == NULL)
        wrong("was not shown", want);
    else if (strncmp(got, kind, len) != 0 || got[len] != ' ' ||
             (strcmp(kind, "prompt") == 0 ? strcmp(got + len + 1, want) != 0
                                          : strstr(got + len + 1, want) == NULL))
        wrong("was shown instead", got);
}

static void all_named(void)
{
    const char *left;

    (void)pthread_mutex_lock(&w.lock);
    while ((left = pop(&w.shown)) != NULL)
        wrong("was shown, too", left);
    while ((left = pop(&w.asked)) != NULL)
        wrong("was asked, too", left);
    (void)pthread_mutex_unlock(&w.lock);
}

static void run_call(struct script *s, const char *rest)
{
    char what[32] = "";
    char word[32] = "";
    char code[32] = "";
    int n = sscanf(rest, "%31s %31s %31s", what, word, code);
    bool silent = n == 3 && strcmp(word, "silent") == 0;
    int got;

    if (s->pamh == NULL)
        begin(s);
    all_named();
    got = call(s->pamh, what, silent ? PAM_SILENT : 0);
    if (strcmp(code_word(got), silent ? code : word) != 0)
        wrong("code", code_word(got));
}

static void set_item(struct script *s, const char *rest)
{
    static const struct {
        const char *word;
        int type;
    } items[] = {{"rhost ", PAM_RHOST}, {"tty ", PAM_TTY}, {"ruser ", PAM_RUSER}};

    if (s->pamh == NULL)
        begin(s);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (strncmp(rest, items[i].word, strlen(items[i].word)) == 0)
            (void)pam_set_item(s->pamh, items[i].type, rest + strlen(items[i].word));
}

static void run_line(struct script *s, char *line)
{
    char *rest = line + strcspn(line, " ");
    char text[TEXT];

    if (*rest != '\0')
        *rest++ = '\0';
    if (strcmp(line, "options") == 0) {
        (void)snprintf(s->options, sizeof s->options, "%s", rest);
    } else if (strcmp(line, "service") == 0) {
        (void)snprintf(s->service, sizeof s->service, "%s", rest);
    } else if (strcmp(line, "user") == 0) {
        (void)snprintf(s->user, sizeof s->user, "%s", rest);
    } else if (strcmp(line, "item") == 0) {
        set_item(s, rest);
    } else if (strcmp(line, "policy") == 0) {
        if (strcmp(rest, "none") == 0)
            remove_file("policy");
        else
            write_file("policy", "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\n");
    } else if (strcmp(line, "daemon") == 0) {
        daemon_stop(s->thread);
        remove_file("socket");
        s->daemon = false;
    } else if (strcmp(line, "reply") == 0) {
        (void)pthread_mutex_lock(&w.lock);
        push(&w.replies, rest);
        (void)pthread_mutex_unlock(&w.lock);
    } else if (strcmp(line, "answer") == 0) {
        unescape(rest, text);
        push(&w.answers, text);
    } else if (strcmp(line, "call") == 0) {
        run_call(s, rest);
    } else if (strcmp(line, "prompt") == 0 || strcmp(line, "error") == 0) {
        check_shown(line, rest);
    } else if (strcmp(line, "asked") == 0) {
        const char *got;

        unescape(rest, text);
        (void)pthread_mutex_lock(&w.lock);
        got = pop(&w.asked);
        (void)pthread_mutex_unlock(&w.lock);
        if (got == NULL || strcmp(got, text) != 0)
            wrong("was asked instead", got != NULL ? got : "nothing");
    } else {
        wrong("unknown line", line);
    }
}

static bool run_case(const char *path)
{
    struct script s = {.service = "sshd", .user = "alice", .daemon = true};
    char line[TEXT];
    FILE *in = fopen(path, "r");

    if (in == NULL)
        return false;
    w.file = path;
    w.line = 0;
    w.failed = false;
    w.replies.count = w.asked.count = w.answers.count = w.shown.count = 0;
    write_policy();
    daemon_start(&s.thread);
    while (fgets(line, sizeof line, in) != NULL) {
        w.line++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            run_line(&s, line);
    }
    (void)fclose(in);
    if (s.daemon)
        daemon_stop(s.thread);
    all_named();
    if (s.pamh != NULL)
        (void)pam_end(s.pamh, PAM_SUCCESS);
    remove_file(s.service);
    return !w.failed;
}

int main(int argc, char **argv)
{
    int passed = 0;
    int failed = 0;

    if (argc < 3)
        return 64;
    (void)snprintf(w.folder, sizeof w.folder, "/tmp/pam-cases.XXXXXX");
    if (realpath(argv[1], w.module) == NULL || mkdtemp(w.folder) == NULL)
        return 1;
    for (int i = 2; i < argc; i++) {
        if (run_case(argv[i])) {
            passed++;
        } else {
            failed++;
            printf("FAILED %s\n", argv[i]);
        }
    }
    remove_file("policy");
    remove_file("socket");
    (void)rmdir(w.folder);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
