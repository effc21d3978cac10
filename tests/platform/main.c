/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated Platform; see platform.h. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tests/platform/conn.h"
#include "tests/platform/control.h"
#include "tests/platform/listener.h"
#include "tests/platform/tls.h"

static const char usage[] =
    "usage: platformd --certs DIR [--control SOCKET] [--port N] [--http PORT] [--http1]\n"
    "                 [--init FILE]\n"
    "       platformd --ctl SOCKET COMMAND [WORD...]\n"
    "\n"
    "  --certs DIR       what make-ca.sh made\n"
    "  --control SOCKET  Unix socket for commands (control.h lists them)\n"
    "  --port N          HTTPS on 127.0.0.1 and [::1]; 0, the default: any\n"
    "  --http PORT       plain HTTP on 127.0.0.1 too\n"
    "  --http1           HTTP/1.1 only\n"
    "  --init FILE       commands to begin with\n"
    "\n"
    "Prints `ready https=PORT trap=PORT` when it listens; runs until SIGTERM.\n";

struct options {
    const char *certs, *control, *init;
    int port, http;
    bool http1;
};

static void after_batch(void *arg)
{
    conn_after_batch(arg);
}

struct ending {
    struct watch watch;
    struct loop *loop;
};

static void on_signal(struct watch *watch, uint32_t events)
{
    (void)events;
    loop_stop(CONTAINER(watch, struct ending, watch)->loop);
}

/* As many descriptors as may be had: a test opens 10,000 connections. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* HTTPS on both loopbacks, at one port; the trap; plain HTTP if wanted. */
static bool listen_all(struct platform *platform, const struct options *options)
{
    struct listener *https = listener_new(platform, "127.0.0.1", options->port, true, false);
    struct listener *trap = listener_new(platform, "127.0.0.1", 0, true, true);

    if (https == NULL || trap == NULL) {
        return false;
    }
    platform->trap_port = listener_port(trap);
    /* A host may have no IPv6, or the port may be taken there: tests that need it say so. */
    (void)listener_new(platform, "::1", listener_port(https), true, false);
    (void)listener_new(platform, "::1", platform->trap_port, true, true);
    return options->http == 0 ||
           listener_new(platform, "127.0.0.1", options->http, false, false) != NULL;
}

static void release(struct platform *platform)
{
    platform->mode.frozen = false;
    conn_close_all(platform, PART_RUDE);
    conn_after_batch(platform);
    if (platform->control != NULL) {
        control_free(platform->control);
    }
    listener_free_all(platform);
    record_free(&platform->record);
    script_clear(&platform->mode.script);
    tokens_free(platform->tokens);
    if (platform->tls != NULL) {
        tls_free(platform->tls);
    }
    loop_free(platform->loop);
}

static int serve(const struct options *options)
{
    struct platform platform = {
        .mode = {.base = "/api/general",
                 .access_required = true,
                 .drip = 100 * NANOSEC_PER_MS,
                 .http1_only = options->http1,
                 .streams = 1000},
    };
    struct ending ending = {.watch.fn = on_signal};
    sigset_t signals;
    int code = 1;

    raise_limit();
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    platform.loop = loop_new();
    platform.tokens = tokens_new();
    record_init(&platform.record);
    platform.tls = tls_new(options->certs, &platform.mode.http1_only);
    if (platform.tls == NULL) {
        goto out;
    }
    if (!listen_all(&platform, options)) {
        perror("platformd: listen");
        goto out;
    }
    if (options->init != NULL && !command_run_file(&platform, options->init)) {
        goto out;
    }
    if (options->control != NULL) {
        platform.control = control_new(&platform, options->control);
        if (platform.control == NULL) {
            perror(options->control);
            goto out;
        }
    }
    ending.loop = platform.loop;
    ending.watch.fd = signalfd(-1, &signals, SFD_CLOEXEC);
    loop_watch(platform.loop, &ending.watch, EPOLLIN);
    (void)printf("ready https=%d trap=%d\n", listener_port(platform.listeners[0]),
                 platform.trap_port);
    (void)fflush(stdout);
    loop_run(platform.loop, after_batch, &platform);
    close(ending.watch.fd);
    code = 0;
out:
    release(&platform);
    return code;
}

static int misuse(void)
{
    (void)fputs(usage, stderr);
    return 64;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"certs", required_argument, NULL, 'c'},
        {"control", required_argument, NULL, 's'},
        {"port", required_argument, NULL, 'p'},
        {"http", required_argument, NULL, 'h'},
        {"http1", no_argument, NULL, '1'},
        {"init", required_argument, NULL, 'i'},
        {"ctl", required_argument, NULL, 'C'},
        {"help", no_argument, NULL, '?'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {0};
    int c;

    /* "+": the words of a command may look like options */
    while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            options.certs = optarg;
            break;
        case 's':
            options.control = optarg;
            break;
        case 'p':
            options.port = atoi(optarg);
            break;
        case 'h':
            options.http = atoi(optarg);
            break;
        case '1':
            options.http1 = true;
            break;
        case 'i':
            options.init = optarg;
            break;
        case 'C':
            return optind < argc ? control_call(optarg, argv + optind) : misuse();
        default:
            return misuse();
        }
    }
    return options.certs != NULL && optind == argc ? serve(&options) : misuse();
}
