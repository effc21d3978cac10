/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dblab-authd: composes the keeper. See dblab-authd(8).
 */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/token.h"
#include "dblab-authd/common/loop.h"
#include "dblab-authd/common/process.h"
#include "dblab-authd/keeper/config.h"
#include "dblab-authd/keeper/driver.h"
#include "dblab-authd/keeper/file.h"
#include "dblab-authd/keeper/listener.h"
#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/memory.h"
#include "dblab-authd/keeper/notify.h"
#include "dblab-authd/keeper/option.h"
#include "dblab-authd/keeper/privilege.h"
#include "dblab-authd/keeper/publish.h"
#include "dblab-authd/keeper/reload.h"

#define DEFAULT_CONFIG  DBA_SYSCONFDIR "/dblab-auth/dblab-auth.conf"
#define DEFAULT_CHECKER DBA_LIBEXECDIR "/dblab-authd-checker"
#define CHECKER_USER    "dblab-auth"

enum mode { MODE_RUN, MODE_CHECK, MODE_DUMP };

struct keeper {
    char *config_path, *checker; /* absolute, owned */
    bool own_checker;            /* not the installed one */
    enum mode mode;
    struct notify notify;
    struct memory memory;
    struct reload reload;
    struct loop *loop;
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

/* NULL: errno. A reload, and each further checker, must find the same file. */
static char *absolute(const char *path)
{
    char folder[PATH_MAX];
    char *whole = NULL;

    if (path[0] == '/')
        return strdup(path);
    if (getcwd(folder, sizeof folder) == NULL || asprintf(&whole, "%s/%s", folder, path) < 0)
        return NULL;
    return whole;
}

/* True: go on; false: *code is the exit code. */
static bool parse(struct keeper *keeper, int argc, char **argv, int *code)
{
    const char *config = DEFAULT_CONFIG;
    const char *checker = NULL;

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
            config = argv[++i];
        else if (strcmp(arg, "--checker") == 0 && i + 1 < argc)
            checker = argv[++i];
        else
            return usage_error(code);
    }
    keeper->own_checker = checker != NULL;
    keeper->config_path = absolute(config);
    keeper->checker = absolute(checker != NULL ? checker : DEFAULT_CHECKER);
    if (keeper->config_path != NULL && keeper->checker != NULL)
        return true;
    (void)fprintf(stderr, "dblab-authd: %s\n", strerror(errno));
    *code = 1;
    return false;
}

/* ---- running ---- */

static void on_signal(int signal, void *arg)
{
    struct keeper *keeper = arg;
    char *text;
    size_t len;

    if (signal != SIGHUP) {
        loop_stop(keeper->loop);
        return;
    }
    (void)reload_run(false, &text, &len, &keeper->reload);
    free(text);
}

static int fail(const char *what)
{
    log_line(DBA_LEVEL_ERROR, "cannot start: %s", what);
    return 1;
}

/* The system user, and the program that is to run as it. */
static bool find_checker(const struct keeper *keeper, struct spawn_options *how, char *why)
{
    const struct passwd *user = getpwnam(CHECKER_USER);
    int fd;

    if (user == NULL) {
        (void)snprintf(
            why, FILE_WHY_MAX,
            "the system user " CHECKER_USER " does not exist; make it with: useradd "
            "--system --user-group --no-create-home --shell /usr/sbin/nologin " CHECKER_USER);
        return false;
    }
    if (user->pw_uid == 0 || user->pw_gid == 0) {
        (void)snprintf(why, FILE_WHY_MAX,
                       "the system user " CHECKER_USER
                       " must be neither root nor of its group");
        return false;
    }
    how->program = keeper->checker;
    how->uid = user->pw_uid;
    how->gid = user->pw_gid;
    /* One that the command line names is root's own choice, as this program is. */
    if (keeper->own_checker && access(keeper->checker, X_OK) != 0) {
        (void)snprintf(why, FILE_WHY_MAX, "%s: %s", keeper->checker, strerror(errno));
        return false;
    }
    if (keeper->own_checker)
        return true;
    fd = file_open(keeper->checker, FILE_PROGRAM, why);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
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
    const struct config *config = keeper->reload.config;
    char ready[64];

    keeper->loop = loop_new();
    if (keeper->loop == NULL || !watch_signals(keeper))
        return fail("out of memory");
    how->loop = keeper->loop;
    how->memory = &keeper->memory;
    how->reload = reload_run;
    how->arg = &keeper->reload;
    keeper->reload.driver = driver_new(how, config);
    if (keeper->reload.driver == NULL)
        return fail("no memory, or no process for the checker");
    (void)snprintf(ready, sizeof ready, "READY=1\nMAINPID=%d\n", (int)getpid());
    notify_send(&keeper->notify, ready);
    log_line(DBA_LEVEL_NOTICE, "ready version=" DBA_VERSION " bound=%.3f",
             dba_time_in_seconds(config->settings.bound));
    loop_run(keeper->loop);
    notify_send(&keeper->notify, "STOPPING=1\n");
    log_line(DBA_LEVEL_NOTICE, "stopped");
    return 0;
}

/* What root's rights are needed for, and giving them up. False: `why`. */
static bool prepare(struct keeper *keeper, struct driver_options *how, char *why)
{
    const struct config *config = keeper->reload.config;
    /* A caller and a process that is watched take one each; the rest is ours. */
    size_t files = (size_t)config->settings.connections + config->settings.sessions + 256;

    if (!find_checker(keeper, &how->child, why) ||
        !publish_policy(config->run_dir, &config->settings, why))
        return false;
    how->listen_fd = keeper->notify.activated_fd;
    if (how->listen_fd < 0)
        how->listen_fd = listener_open(config->run_dir, why);
    if (how->listen_fd < 0)
        return false;
    if (!privilege_raise_files(files))
        log_line(DBA_LEVEL_WARNING,
                 "open files limited needed=%zu remedy=\"raise LimitNOFILE, or lower "
                 "limits.connections and limits.sessions\"",
                 files);
    if (privilege_limit() && process_harden())
        return true;
    (void)snprintf(why, FILE_WHY_MAX,
                   "privileges cannot be given up, or not enough are there: %s",
                   strerror(errno));
    return false;
}

/* With the lock held. */
static int prepare_and_serve(struct keeper *keeper)
{
    struct driver_options how = {.listen_fd = -1};
    char why[FILE_WHY_MAX];
    int code;

    _Static_assert(FILE_WHY_MAX >= PUBLISH_WHY_MAX && FILE_WHY_MAX >= LISTENER_WHY_MAX,
                   "one buffer for whatever is said");
    if (prepare(keeper, &how, why)) {
        memory_prepare(&keeper->memory);
        code = serve(keeper, &how);
    } else {
        code = fail(why);
    }
    driver_free(&keeper->reload.driver);
    loop_free(&keeper->loop);
    /* One that was handed over is the supervisor's: callers wait there for the next of us. */
    if (how.listen_fd >= 0 && keeper->notify.activated_fd < 0)
        listener_remove(keeper->reload.config->run_dir);
    return code;
}

static int lock_and_serve(struct keeper *keeper)
{
    char why[PUBLISH_WHY_MAX];
    int lock = publish_lock(keeper->reload.config->run_dir, why);
    int code;

    if (lock < 0)
        return fail(why);
    code = prepare_and_serve(keeper);
    publish_unlock(lock);
    return code;
}

static int load_error(const struct keeper *keeper, enum dba_err err)
{
    if (err != DBA_ERR_CONFIG)
        return fail(dba_err_text(err));
    if (keeper->mode == MODE_RUN)
        log_line(DBA_LEVEL_ERROR,
                 "cannot start: the configuration is invalid; see: dblab-authd --config %s "
                 "--check",
                 keeper->config_path);
    return 1;
}

static int run(struct keeper *keeper)
{
    enum dba_err err =
        config_load(keeper->config_path, say_stderr, NULL, &keeper->reload.config);

    if (err != DBA_OK)
        return load_error(keeper, err);
    keeper->reload.path = keeper->config_path;
    keeper->reload.notify = &keeper->notify;
    switch (keeper->mode) {
    case MODE_CHECK:
        return 0;
    case MODE_DUMP:
        config_dump(keeper->reload.config, stdout);
        return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
    case MODE_RUN:
        break;
    }
    return lock_and_serve(keeper);
}

/* clearenv(3) forgets the environment, but its text stays where it is, for /proc/PID/environ.
 */
static void wipe_environment(void)
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        dba_wipe(*entry, strlen(*entry));
}

/* Before anything is opened or read: nothing that was inherited is believed. */
static bool start_clean(struct keeper *keeper)
{
    notify_read(&keeper->notify);
    log_open();
    process_close_from(keeper->notify.activated_fd >= 0 ? keeper->notify.activated_fd + 1 : 3);
    if (keeper->mode != MODE_RUN)
        return true;
    if (geteuid() != 0) {
        (void)fputs("dblab-authd: must be started by root\n", stderr);
        return false;
    }
    wipe_environment();
    if (process_standard_fds() && process_harden())
        return true;
    (void)fprintf(stderr, "dblab-authd: the process cannot be protected: %s\n",
                  strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    struct keeper keeper = {.mode = MODE_RUN};
    int code;

    if (parse(&keeper, argc, argv, &code))
        code = start_clean(&keeper) ? run(&keeper) : 1;
    config_free(&keeper.reload.config);
    free(keeper.config_path);
    free(keeper.checker);
    return code;
}
