/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate: runs seeds of the simulated host (world.h).
 *
 *     simulate --seconds N [--jobs N] [--first SEED] [--find]
 *     simulate --seed SEED [--log]
 *     simulate --file FILE          one seed a line, '#' starts a comment
 *     simulate --year [--days N]    the host whose year design.md wants in a minute
 *
 * Exit 0 if no run failed, 1 if one did, 2 if it could not be tried. With --find it stops at
 * the first failure, and says by which invariant and after how many seeds.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

#define JOBS_MAX 64
#define STUCK    120 /* seconds of one seed after which it is taken to hang */

struct options {
    double seconds, days;
    unsigned jobs;
    uint64_t first, seed;
    const char *file;
    bool has_first, has_seed, log, find, year;
};

/* What the jobs share: memory that outlives one that crashes. */
struct shared {
    volatile bool stop;
    struct {
        volatile uint64_t seed, seeds, failed;
        volatile double hours;
        char invariant[16];
    } job[JOBS_MAX];
};

static double hours_of(const struct world *w)
{
    return dba_time_in_seconds(w->now) / 3600;
}

/* Again, with the log: the same must come out, or the run is none of its seed's. */
static void show_failure(uint64_t seed, const char *failure)
{
    struct world *w = world_new(seed, TRACE_KEEP, false, 0);

    world_run(w);
    printf("seed %" PRIu64 ": %s\n", seed, failure);
    if (strcmp(w->failure, failure) != 0)
        printf("seed %" PRIu64 ": invariant 0: the same seed gave another run: %s\n", seed,
               w->failed ? w->failure : "no failure");
    trace_print(&w->trace);
    printf("seed %" PRIu64 ": %s\nreplay: simulate --seed %" PRIu64 " --log\n\n", seed, failure,
           seed);
    fflush(stdout);
    world_free(w);
}

/* One seed of a job; true: it failed. */
static bool try_seed(struct shared *shared, unsigned job, uint64_t seed, bool quiet_failure)
{
    struct world *w;
    bool failed;

    shared->job[job].seed = seed;
    (void)alarm(STUCK);
    w = world_new(seed, TRACE_OFF, false, 0);
    world_run(w);
    failed = w->failed;
    shared->job[job].seeds++;
    shared->job[job].hours += hours_of(w);
    if (failed) {
        shared->job[job].failed++;
        (void)snprintf(shared->job[job].invariant, sizeof shared->job[job].invariant, "%s",
                       w->invariant);
        if (!quiet_failure)
            show_failure(seed, w->failure);
    }
    world_free(w);
    return failed;
}

static void run_job(const struct options *o, struct shared *shared, unsigned job)
{
    dba_time until = dba_clock_monotonic() + dba_time_of_seconds(o->seconds);

    for (uint64_t seed = o->first + job; !shared->stop && dba_clock_monotonic() < until;
         seed += o->jobs)
        if (try_seed(shared, job, seed, o->find) && o->find)
            shared->stop = true;
}

/* Waits for the jobs; one that dies takes its seed with it as failed. */
static void wait_for(const pid_t *pids, const struct options *o, struct shared *shared)
{
    for (unsigned i = 0; i < o->jobs; i++) {
        int status = 0;

        while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR)
            continue;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            continue;
        shared->job[i].seeds++;
        shared->job[i].failed++;
        (void)snprintf(shared->job[i].invariant, sizeof shared->job[i].invariant, "crash");
        printf("seed %" PRIu64 ": invariant crash: the run ended with %s %d\n",
               shared->job[i].seed, WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

static int report(const struct options *o, const struct shared *shared)
{
    uint64_t seeds = 0, failed = 0, found = 0;
    const char *invariant = NULL;
    double hours = 0;

    for (unsigned i = 0; i < o->jobs; i++) {
        seeds += shared->job[i].seeds;
        failed += shared->job[i].failed;
        hours += shared->job[i].hours;
        if (shared->job[i].failed > 0) {
            invariant = shared->job[i].invariant;
            found = shared->job[i].seed;
        }
    }
    if (o->find && invariant != NULL)
        printf("found by invariant %s after %" PRIu64 " seeds, the last %" PRIu64 "\n",
               invariant, seeds, found);
    printf("%" PRIu64 " seeds, %.0f host-hours, %" PRIu64 " failed\n", seeds, hours, failed);
    return failed > 0 ? 1 : 0;
}

static int run_seconds(const struct options *o)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[JOBS_MAX];
    int code;

    if (shared == MAP_FAILED)
        return 2;
    printf("first seed %" PRIu64 "\n", o->first);
    fflush(stdout);
    for (unsigned i = 0; i < o->jobs; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            return 2;
        if (pids[i] == 0) {
            run_job(o, shared, i);
            fflush(stdout);
            _exit(0);
        }
    }
    wait_for(pids, o, shared);
    code = report(o, shared);
    (void)munmap(shared, sizeof *shared);
    return code;
}

static int run_file(const char *path)
{
    uint64_t seeds = 0, failed = 0;
    FILE *file = fopen(path, "re");
    char line[256];
    double hours = 0;

    if (file == NULL) {
        fprintf(stderr, "simulate: %s: %s\n", path, strerror(errno));
        return 2;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *end;
        uint64_t seed = strtoull(line, &end, 10);
        struct world *w;

        if (end == line)
            continue;
        w = world_new(seed, TRACE_OFF, false, 0);
        world_run(w);
        seeds++;
        hours += hours_of(w);
        failed += w->failed;
        if (w->failed)
            show_failure(seed, w->failure);
        world_free(w);
    }
    (void)fclose(file);
    printf("%" PRIu64 " seeds, %.0f host-hours, %" PRIu64 " failed\n", seeds, hours, failed);
    return failed > 0 ? 1 : 0;
}

static int run_one(const struct options *o)
{
    struct world *w = world_new(o->year ? o->first : o->seed, o->log ? TRACE_PRINT : TRACE_KEEP,
                                o->year, o->days);
    dba_time begun = dba_clock_monotonic();
    int code;

    world_run(w);
    code = w->failed ? 1 : 0;
    if (w->failed) {
        trace_print(&w->trace);
        printf("seed %" PRIu64 ": %s\n", w->seed, w->failure);
    }
    if (o->year)
        printf("%.0f days of a host with %zu people in %.1f seconds, %" PRIu64 " events\n",
               o->days, w->people_count, dba_time_in_seconds(dba_clock_monotonic() - begun),
               w->events);
    printf("1 seeds, %.0f host-hours, %d failed\n", hours_of(w), code);
    world_free(w);
    return code;
}

static int usage(void)
{
    fputs("usage: simulate --seconds N [--jobs N] [--first SEED] [--find]\n"
          "       simulate --seed SEED [--log] | --file FILE | --year [--days N]\n",
          stderr);
    return 64;
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"seconds", required_argument, NULL, 's'}, {"jobs", required_argument, NULL, 'j'},
        {"first", required_argument, NULL, 'f'},   {"find", no_argument, NULL, 'F'},
        {"seed", required_argument, NULL, 'S'},    {"log", no_argument, NULL, 'l'},
        {"file", required_argument, NULL, 'i'},    {"year", no_argument, NULL, 'y'},
        {"days", required_argument, NULL, 'd'},    {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 's':
            o->seconds = strtod(optarg, NULL);
            break;
        case 'j':
            o->jobs = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'f':
            o->first = strtoull(optarg, NULL, 10);
            o->has_first = true;
            break;
        case 'F':
            o->find = true;
            break;
        case 'S':
            o->seed = strtoull(optarg, NULL, 10);
            o->has_seed = true;
            break;
        case 'l':
            o->log = true;
            break;
        case 'i':
            o->file = optarg;
            break;
        case 'y':
            o->year = true;
            break;
        case 'd':
            o->days = strtod(optarg, NULL);
            break;
        default:
            return false;
        }
    }
    return optind == argc && o->jobs >= 1 && o->jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
    struct options o = {.jobs = 1, .days = 365};

    if (!parse(argc, argv, &o))
        return usage();
    if (!o.has_first && getrandom(&o.first, sizeof o.first, 0) != sizeof o.first)
        return 2;
    if (o.file != NULL)
        return run_file(o.file);
    if (o.has_seed || o.year)
        return run_one(&o);
    if (o.seconds <= 0)
        return usage();
    return run_seconds(&o);
}
