/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs PAM cases: small scripts that drive the built module through the real libpam, without
 * root and without a daemon. What the module would be told by one is in the script.
 *
 *     needs root | needs user     else the case is skipped
 *     options WORDS               the module's options (socket= is added)
 *     service NAME                default sshd
 *     user NAME                   default alice
 *     earlier password            an earlier module of the stack asks for a password
 *     later password              a later one does, if it finds none
 *     policy none|damaged         instead of the policy file of all cases
 *     daemon none                 nobody listens
 *     deaf                        the application refuses to show messages
 *     item rhost|tty|ruser|user TEXT   \xNN is a byte
 *     reply RESULT [REASON]       what the daemon says to the next request; also: hang, drop
 *     answer TEXT                 to the next prompt; \xNN is a byte, *N at the end repeats the
 *                                 byte before it; none: no answer; null: an absent one
 *     pass SECONDS                time goes by
 *     call auth|account|setcred|open|close|password [silent] CODE
 *
 * and after a call, in order:
 *
 *     prompt TEXT                 this prompt was shown
 *     message TEXT                a message was shown that has this in it
 *     asked OP USER SERVICE TOKEN the daemon was asked so ("-": none)
 *     log TEXT                    the module logged a line that has this in it
 *     log none                    and no further one
 *
 * Everything that was shown or asked must be named; no answer may ever be in a log line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/pam/host.h"

struct script {
    const char *file;
    const char *module;
    int line;
    bool failed, skipped;
    char options[512], service[64], user[300];
    bool earlier, later;
    bool policy_damaged, policy_none;
    pam_handle_t *pamh;
    struct host host;
};

static void wrong(struct script *s, const char *what, const char *detail)
{
    printf("%s:%d: %s: %s\n", s->file, s->line, what, detail);
    s->failed = true;
}

/* ---- the host's files ---- */

static void file_path(const struct script *s, const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%s", s->host.daemon.folder, name);
}

static void write_policy(const struct script *s)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\ndeny-user root\n"
                   "deny-user denied\nservice sshd unix local\ncaller %u\n"
                   "service sudo unix local\ncaller %u\n"
                   "service pool plain local\ncaller %u\nservice-deny-user bob\n"
                   "service other plain local\ncaller 4000000000\nend\n",
                   geteuid(), geteuid(), geteuid());
    fake_policy(&s->host.daemon, text);
}

static void set_policy(struct script *s, const char *kind)
{
    char path[256];

    file_path(s, "policy", path);
    if (strcmp(kind, "damaged") == 0)
        fake_policy(&s->host.daemon, "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\n");
    else if (strcmp(kind, "none") != 0 || unlink(path) != 0)
        wrong(s, "policy", kind);
}

/* pam_exec takes the password that an earlier module got, or asks for one and leaves it. */
#define PASSWORD "auth optional pam_exec.so quiet expose_authtok /bin/true\n"

static void write_stack(const struct script *s)
{
    char ours[5000];
    char path[256];
    FILE *out;

    (void)snprintf(ours, sizeof ours, "%s socket=%s %s", s->module, s->host.daemon.path,
                   s->options);
    file_path(s, s->service, path);
    out = fopen(path, "we");
    if (out == NULL)
        abort();
    /* A module that is ignored and stands alone is a denial: pam_permit behind it makes
     * "ignore" a success. */
    (void)fprintf(out,
                  "%sauth %s %s\n%s"
                  "account [ignore=ignore default=done] %s\naccount required pam_permit.so\n"
                  "session required %s\npassword required %s\n",
                  s->earlier ? PASSWORD : "", s->later ? "required" : "[default=done]", ours,
                  s->later ? PASSWORD : "", ours, ours, ours);
    if (fclose(out) != 0 || chmod(path, 0644) != 0)
        abort();
}

/* ---- lines that do something ---- */

static void begin(struct script *s)
{
    const struct pam_conv conversation = {host_converse, &s->host};

    if (s->pamh != NULL)
        return;
    write_stack(s);
    if (pam_start_confdir(s->service, s->user, &conversation, s->host.daemon.folder,
                          &s->pamh) != PAM_SUCCESS)
        abort();
}

/* \xNN, and a final *N. */
static void unescape(const char *in, char out[LINE_SIZE])
{
    size_t len = 0;
    unsigned long times;
    char *star;

    while (*in != '\0' && len + 1 < LINE_SIZE) {
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
    if (star == NULL || star == out || star[1] == '\0')
        return;
    times = strtoul(star + 1, NULL, 10);
    if (times > 0 && times < LINE_SIZE - (size_t)(star - out)) {
        memset(star, star[-1], times - 1);
        star[times - 1] = '\0';
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

static const struct {
    const char *word;
    int (*call)(pam_handle_t *pamh, int flags);
} calls[] = {
    {"auth", pam_authenticate}, {"account", pam_acct_mgmt},   {"setcred", pam_setcred},
    {"open", pam_open_session}, {"close", pam_close_session}, {"password", pam_chauthtok},
};

static void all_named(struct script *s)
{
    const char *left;
    char line[LINE_SIZE];

    while ((left = queue_pop(&s->host.shown)) != NULL)
        wrong(s, "was shown, too", left);
    while (host_asked(&s->host, line))
        wrong(s, "was asked, too", line);
    while (queue_pop(&s->host.logged) != NULL)
        continue;
    if (s->host.leaked)
        wrong(s, "was logged", "an answer");
    s->host.leaked = false;
}

static void run_call(struct script *s, const char *rest)
{
    char what[32] = "";
    char word[32] = "";
    char code[32] = "";
    bool silent = sscanf(rest, "%31s %31s %31s", what, word, code) == 3;
    const char *want = silent ? code : word;
    int got = -1;

    begin(s);
    all_named(s);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(what, calls[i].word) == 0)
            got = calls[i].call(s->pamh, silent ? PAM_SILENT : 0);
    if (strcmp(code_word(got), want) != 0)
        wrong(s, "code", code_word(got));
}

static void set_item(struct script *s, const char *rest)
{
    static const struct {
        const char *word;
        int type;
    } items[] = {
        {"rhost", PAM_RHOST}, {"tty", PAM_TTY}, {"ruser", PAM_RUSER}, {"user", PAM_USER}};
    char word[16] = "";
    char text[LINE_SIZE];
    int rc = PAM_BAD_ITEM;

    begin(s);
    (void)sscanf(rest, "%15s", word);
    unescape(rest + strcspn(rest, " ") + 1, text);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (strcmp(word, items[i].word) == 0)
            rc = pam_set_item(s->pamh, items[i].type, text);
    if (rc != PAM_SUCCESS)
        wrong(s, "item", rest);
}

static void pass(const char *seconds)
{
    double length = strtod(seconds, NULL);
    struct timespec left = {.tv_sec = (time_t)length};

    left.tv_nsec = (long)((length - (double)left.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        continue;
}

/* ---- lines that want something ---- */

static void want_shown(struct script *s, const char *kind, const char *text)
{
    const char *got = queue_pop(&s->host.shown);
    size_t len = strlen(kind);

    if (got == NULL)
        wrong(s, "was not shown", text);
    else if (strncmp(got, kind, len) != 0 || got[len] != ' ' ||
             (strcmp(kind, "prompt") == 0 ? strcmp(got + len + 1, text) != 0
                                          : strstr(got + len + 1, text) == NULL))
        wrong(s, "was shown instead", got);
}

static void want_asked(struct script *s, const char *rest)
{
    char want[LINE_SIZE];
    char got[LINE_SIZE];

    unescape(rest, want);
    if (!host_asked(&s->host, got))
        wrong(s, "was not asked", want);
    else if (strcmp(got, want) != 0)
        wrong(s, "was asked instead", got);
}

static void want_log(struct script *s, const char *text)
{
    const char *got = queue_pop(&s->host.logged);

    if (strcmp(text, "none") == 0 ? got == NULL : got != NULL && strstr(got, text) != NULL)
        return;
    wrong(s, "was logged instead", got != NULL ? got : "nothing");
}

/* ---- scripts ---- */

/* Lines before the first call. False: another line. */
static bool prepare(struct script *s, const char *word, const char *rest)
{
    if (strcmp(word, "needs") == 0)
        s->skipped = (strcmp(rest, "root") == 0) != (getuid() == 0);
    else if (strcmp(word, "options") == 0)
        (void)snprintf(s->options, sizeof s->options, "%s", rest);
    else if (strcmp(word, "service") == 0)
        (void)snprintf(s->service, sizeof s->service, "%s", rest);
    else if (strcmp(word, "user") == 0)
        (void)snprintf(s->user, sizeof s->user, "%s", rest);
    else if (strcmp(word, "earlier") == 0)
        s->earlier = true;
    else if (strcmp(word, "later") == 0)
        s->later = true;
    else if (strcmp(word, "policy") == 0)
        set_policy(s, rest);
    else if (strcmp(word, "daemon") == 0)
        fake_end(&s->host.daemon);
    else if (strcmp(word, "deaf") == 0)
        s->host.deaf = true;
    else
        return false;
    return true;
}

static void run_line(struct script *s, const char *word, const char *rest)
{
    char text[LINE_SIZE];

    if (prepare(s, word, rest))
        return;
    if (strcmp(word, "item") == 0) {
        set_item(s, rest);
    } else if (strcmp(word, "reply") == 0) {
        if (!host_reply(&s->host, rest))
            wrong(s, "too many", word);
    } else if (strcmp(word, "answer") == 0) {
        unescape(rest, text);
        if (!host_answer(&s->host, text))
            wrong(s, "too many", word);
    } else if (strcmp(word, "pass") == 0) {
        pass(rest);
    } else if (strcmp(word, "call") == 0) {
        run_call(s, rest);
    } else if (strcmp(word, "prompt") == 0 || strcmp(word, "message") == 0) {
        want_shown(s, word, rest);
    } else if (strcmp(word, "asked") == 0) {
        want_asked(s, rest);
    } else if (strcmp(word, "log") == 0) {
        want_log(s, rest);
    } else {
        wrong(s, "unknown line", word);
    }
}

static void run_lines(struct script *s, FILE *in)
{
    char line[LINE_SIZE];

    while (!s->skipped && fgets(line, sizeof line, in) != NULL) {
        char *rest = line + strcspn(line, " \n");

        s->line++;
        line[strcspn(line, "\n")] = '\0';
        if (*rest != '\0')
            *rest++ = '\0';
        if (line[0] != '\0' && line[0] != '#')
            run_line(s, line, rest);
    }
    if (!s->skipped)
        all_named(s);
}

enum outcome { FAILED, PASSED, SKIPPED, OUTCOMES };

static enum outcome run_case(const char *file, const char *module)
{
    static struct script s;
    char path[256];
    FILE *in = fopen(file, "re");

    s = (struct script){.file = file, .module = module, .service = "sshd", .user = "alice"};
    if (in == NULL)
        return FAILED;
    host_start(&s.host);
    write_policy(&s);
    run_lines(&s, in);
    (void)fclose(in);
    if (s.pamh != NULL)
        (void)pam_end(s.pamh, PAM_SUCCESS);
    file_path(&s, s.service, path);
    (void)unlink(path);
    host_stop(&s.host);
    if (s.failed)
        printf("FAILED %s\n", file);
    return s.failed ? FAILED : s.skipped ? SKIPPED : PASSED;
}

int main(int argc, char **argv)
{
    int outcomes[OUTCOMES] = {0};
    char module[4096];

    if (argc < 3) {
        (void)fprintf(stderr, "usage: %s MODULE CASE...\n", argv[0]);
        return 64;
    }
    if (realpath(argv[1], module) == NULL) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 2; i < argc; i++)
        outcomes[run_case(argv[i], module)]++;
    printf("%d passed, %d failed, %d skipped\n", outcomes[PASSED], outcomes[FAILED],
           outcomes[SKIPPED]);
    return outcomes[FAILED] != 0;
}
