/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dblab-authd: composes the keeper. See dblab-authd(8).
 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dblab-authd/common/loop.h"
#include "dblab-authd/common/process.h"
#include "dblab-authd/keeper/config.h"
#include "dblab-authd/keeper/driver.h"
#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/memory.h"
#include "dblab-authd/keeper/notify.h"
#include "dblab-authd/keeper/option.h"
#include "dblab-authd/keeper/privilege.h"
#include "dblab-authd/keeper/publish.h"
#include "dblab-authd/keeper/server.h"

#define DEFAULT_CONFIG  DBA_SYSCONFDIR "/dblab-auth/dblab-auth.conf"
#define DEFAULT_CHECKER DBA_LIBEXECDIR "/dblab-authd-checker"
#define CHECKER_USER    "dblab-auth"

enum mode { MODE_RUN, MODE_CHECK, MODE_DUMP };

struct keeper {
    const char *config_path;
    const char *checker;
    enum mode mode;
    struct notify notify;
    struct memory memory;
    struct config *config;
    struct loop *loop;
    struct driver *driver;
};

static const char usage[] = "usage: dblab-authd [--config FILE] [--check | --dump]\n"
                            "  --config FILE  read FILE instead of " DEFAULT_CONFIG "\n"
                            "  --check        check the configuration and end\n"
                            "  --dump         print the configuration in force and end\n"
                            "  --checker FILE run FILE instead of " DEFAULT_CHECKER "\n"
                            "  --help, --version\n";

static void say_stderr(const char *line, void *arg)
{
    (void)arg;
    (void)fprintf(stderr, "%s\n", line);
}

/* ---- arguments ---- (by hand: getopt's `struct option` is not ours) ---- */

static bool usage_error(int *code)
{
    (void)fputs(usage, stderr);
    *code = EX_USAGE;
    return false;
}

/* True: go on; false: *code is the exit code. */
static bool parse(struct keeper *keeper, int argc, char **argv, int *code)
{
    *code = 0;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];

        if (strcmp(arg, "--help") == 0) {
            (void)fputs(usage, stdout);
            return false;
        }
        if (strcmp(arg, "--version") == 0) {
            (void)puts("dblab-authd " DBA_VERSION);
            return false;
        }
        if (strcmp(arg, "--options-roff") == 0) { /* for the manual page */
            options_roff(stdout);
            return false;
        }
        if (strcmp(arg, "--check") == 0 && keeper->mode == MODE_RUN)
            keeper->mode = MODE_CHECK;
        else if (strcmp(arg, "--dump") == 0 && keeper->mode == MODE_RUN)
            keeper->mode = MODE_DUMP;
        else if (strcmp(arg, "--config") == 0 && i + 1 < argc)
            keeper->config_path = argv[++i];
        else if (strcmp(arg, "--checker") == 0 && i + 1 < argc)
            keeper->checker = argv[++i];
        else
            return usage_error(code);
    }
    return true;
}

/* ---- reload ---- */

/* Collects what config_load() says. */
struct lines {
    char *text;
    size_t len;
};

static void say_lines(const char *line, void *arg)
{
    struct lines *lines = arg;
    size_t len = strlen(line);
    char *text = realloc(lines->text, lines->len + len + 2);

    log_line(DBA_LEVEL_ERROR, "configuration %s", line);
    if (text == NULL)
        return;
    memcpy(text + lines->len, line, len);
    lines->len += len;
    text[lines->len++] = '\n';
    text[lines->len] = '\0';
    lines->text = text;
}

/* All or nothing: on any error the old configuration stays in force. */
static bool load_again(struct keeper *keeper, struct lines *lines)
{
    struct config *fresh = NULL;
    char why[PUBLISH_WHY_MAX];

    if (config_load(keeper->config_path, say_lines, lines, &fresh) != DBA_OK)
        return false;
    if (strcmp(fresh->run_dir, keeper->config->run_dir) != 0) {
        say_lines("runDir cannot be changed by a reload; restart dblab-authd", lines);
        config_free(&fresh);
        return false;
    }
    if (!publish_policy(fresh->run_dir, &fresh->settings, why)) {
        say_lines(why, lines);
        config_free(&fresh);
        return false;
    }
    driver_configure(keeper->driver, fresh);
    config_free(&keeper->config);
    keeper->config = fresh;
    return true;
}

/* Without sessions there is nothing yet that `force` could end. */
static bool reload(bool force, char **text, size_t *len, void *arg)
{
    struct keeper *keeper = arg;
    struct lines lines = {0};
    bool done;

    (void)force;
    notify_send(&keeper->notify, "RELOADING=1\n");
    done = load_again(keeper, &lines);
    log_line(done ? DBA_LEVEL_NOTICE : DBA_LEVEL_ERROR, "reload result=%s",
             done ? "done" : "refused, the old configuration stays in force");
    notify_send(&keeper->notify, "READY=1\n");
    *text = lines.text;
    *len = lines.len;
    return done;
}

static void on_signal(int signal, void *arg)
{
    struct keeper *keeper = arg;
    char *text;
    size_t len;

    if (signal != SIGHUP) {
        loop_stop(keeper->loop);
        return;
    }
    (void)reload(false, &text, &len, keeper);
    free(text);
}

/* ---- running ---- */

static int fail(const char *what)
{
    log_line(DBA_LEVEL_ERROR, "cannot start: %s", what);
    return 1;
}

static bool find_user(struct driver_options *how)
{
    const struct passwd *user = getpwnam(CHECKER_USER);

    if (user == NULL || user->pw_uid == 0)
        return false;
    how->child.user = CHECKER_USER;
    how->child.uid = user->pw_uid;
    how->child.gid = user->pw_gid;
    return true;
}

static bool watch_signals(struct keeper *keeper)
{
    (void)signal(SIGPIPE, SIG_IGN);
    return loop_signal(keeper->loop, SIGTERM, on_signal, keeper) &&
           loop_signal(keeper->loop, SIGINT, on_signal, keeper) &&
           loop_signal(keeper->loop, SIGHUP, on_signal, keeper);
}

static int serve(struct keeper *keeper, struct driver_options *how)
{
    char ready[64];

    keeper->loop = loop_new();
    if (keeper->loop == NULL || !watch_signals(keeper))
        return fail("out of memory");
    how->loop = keeper->loop;
    how->memory = &keeper->memory;
    how->reload = reload;
    how->arg = keeper;
    keeper->driver = driver_new(how, keeper->config);
    if (keeper->driver == NULL)
        return fail("no memory, or no process for the checker");
    (void)snprintf(ready, sizeof ready, "READY=1\nMAINPID=%d\n", (int)getpid());
    notify_send(&keeper->notify, ready);
    log_line(DBA_LEVEL_NOTICE, "ready version=" DBA_VERSION " bound=%.3f",
             dba_time_in_seconds(keeper->config->settings.bound));
    loop_run(keeper->loop);
    notify_send(&keeper->notify, "STOPPING=1\n");
    log_line(DBA_LEVEL_NOTICE, "stopped");
    driver_free(&keeper->driver);
    loop_free(&keeper->loop);
    return 0;
}

static int prepare_and_serve(struct keeper *keeper)
{
    struct driver_options how = {.child.program = keeper->checker};
    char why[PUBLISH_WHY_MAX];
    int lock;
    int code;

    if (!find_user(&how))
        return fail("the system user " CHECKER_USER " does not exist; make it with: "
                    "useradd --system --user-group --no-create-home --shell "
                    "/usr/sbin/nologin " CHECKER_USER);
    lock = publish_lock(keeper->config->run_dir, why);
    if (lock < 0)
        return fail(why);
    if (!publish_policy(keeper->config->run_dir, &keeper->config->settings, why))
        return fail(why);
    how.listen_fd = keeper->notify.activated_fd;
    if (how.listen_fd < 0)
        how.listen_fd = server_listen(keeper->config->run_dir, why);
    if (how.listen_fd < 0)
        return fail(why);
    memory_prepare();
    if (!privilege_limit())
        return fail("privileges cannot be given up");
    if (!process_harden())
        return fail("the process cannot be protected");
    code = serve(keeper, &how);
    (void)close(lock);
    return code;
}

static int run(struct keeper *keeper)
{
    if (keeper->mode == MODE_RUN && geteuid() != 0) {
        (void)fputs("dblab-authd: must be started by root\n", stderr);
        return 1;
    }
    if (config_load(keeper->config_path, say_stderr, NULL, &keeper->config) != DBA_OK) {
        if (keeper->mode == MODE_RUN)
            log_line(DBA_LEVEL_ERROR,
                     "cannot start: the configuration is invalid; see: dblab-authd --config %s "
                     "--check",
                     keeper->config_path);
        return 1;
    }
    switch (keeper->mode) {
    case MODE_CHECK:
        return 0;
    case MODE_DUMP:
        config_dump(keeper->config, stdout);
        return 0;
    case MODE_RUN:
        break;
    }
    return prepare_and_serve(keeper);
}

int main(int argc, char **argv)
{
    struct keeper keeper = {.config_path = DEFAULT_CONFIG, .checker = DEFAULT_CHECKER};
    int code;

    if (!parse(&keeper, argc, argv, &code))
        return code;
    notify_read(&keeper.notify);
    /* Before anything is opened or read: nothing that was inherited is believed. */
    if (keeper.mode == MODE_RUN && (!process_standard_fds() || !process_harden())) {
        (void)fprintf(stderr, "dblab-authd: the process cannot be protected: %s\n",
                      strerror(errno));
        return 1;
    }
    process_close_from(keeper.notify.activated_fd >= 0 ? keeper.notify.activated_fd + 1 : 3);
    log_open();
    code = run(&keeper);
    config_free(&keeper.config);
    return code;
}
