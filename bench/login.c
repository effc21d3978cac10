/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller of the bench: whole PAM transactions (pam_start, authenticate, acct_mgmt, pam_end)
 * on the real libpam, timed.
 *
 *     login latency COUNT            one of each stack in turn, COUNT times
 *     login fork COUNT               the same, each in a process of its own
 *     login throughput PROCESSES MS  of the first stack, by so many processes for so long
 *     login crowd AT_ONCE [THREADS]  each line once, so many at a time, by processes of so many
 *                                    threads (50); waits for the end of standard input, with
 *                                    all processes still alive
 *
 * Standard input has a line for each stack (crowd: for each person; an empty line ends them):
 * `NAME FOLDER SERVICE USER TOKEN CODE`, CODE being what PAM must say (0, or PAM_AUTH_ERR ...;
 * `any`). A transaction that ends otherwise makes the run fail: what is measured are logins.
 * All modes print `NAME nanoseconds...`; throughput prints transactions and nanoseconds, crowd
 * the wall time of all, then that of each.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#define STACKS_MAX   16
#define PEOPLE_MAX   20000
#define THREAD_STACK ((size_t)256 * 1024)

struct login {
    char name[32], folder[128], service[64], user[64], token[512];
    int expect;     /* -1: any */
    int code;       /* what came of it */
    uint64_t nanos; /* what it took */
    uint64_t end;
};

static uint64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "login: %s\n", what);
    exit(1);
}

/* ---- one transaction ---- */

static int answer(int count, const struct pam_message **messages, struct pam_response **out,
                  void *arg)
{
    const struct login *login = arg;
    struct pam_response *answers = calloc((size_t)count, sizeof *answers);

    if (answers == NULL)
        return PAM_CONV_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            answers[i].resp = strdup(login->token);
    *out = answers;
    return PAM_SUCCESS;
}

static int start(struct login *login, pam_handle_t **pamh)
{
    const struct pam_conv conv = {.conv = answer, .appdata_ptr = login};
    int code = pam_start_confdir(login->service, login->user, &conv, login->folder, pamh);

    if (code == PAM_SUCCESS)
        code = pam_set_item(*pamh, PAM_RHOST, "127.0.0.1");
    return code;
}

static int authenticate(pam_handle_t *pamh)
{
    int code = pam_authenticate(pamh, PAM_DISALLOW_NULL_AUTHTOK);

    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(pamh, 0);
    (void)pam_end(pamh, code);
    return code;
}

static int transact(struct login *login)
{
    pam_handle_t *pamh = NULL;
    int code = start(login, &pamh);

    return code == PAM_SUCCESS ? authenticate(pamh) : code;
}

static void check(const struct login *login)
{
    if (login->expect < 0 || login->code == login->expect)
        return;
    (void)fprintf(stderr, "login: %s as %s: %s\n", login->name, login->user,
                  pam_strerror(NULL, login->code));
    exit(1);
}

/* ---- the input ---- */

static bool read_line(struct login *login)
{
    char line[1024];
    char expect[16];

    if (fgets(line, sizeof line, stdin) == NULL || line[0] == '\n')
        return false;
    if (sscanf(line, "%31s %127s %63s %63s %511s %15s", login->name, login->folder,
               login->service, login->user, login->token, expect) != 6)
        die("a line must have six words");
    login->expect = strcmp(expect, "any") == 0 ? -1 : atoi(expect);
    return true;
}

static size_t read_all(struct login *logins, size_t max)
{
    size_t count = 0;

    while (count < max && read_line(&logins[count]))
        count++;
    if (count == 0)
        die("nothing to do");
    return count;
}

/* ---- latency, fork ---- */

static void in_process(struct login *login)
{
    uint64_t begin = now();

    login->code = transact(login);
    login->nanos = now() - begin;
}

static void in_child(struct login *login)
{
    uint64_t begin = now();
    pid_t pid = fork();
    int status = 0;

    if (pid < 0)
        die("fork");
    if (pid == 0)
        _exit(transact(login));
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        die("a child failed");
    login->nanos = now() - begin;
    login->code = WEXITSTATUS(status);
}

static int run_in_turn(long count, void (*one)(struct login *))
{
    static struct login logins[STACKS_MAX];
    size_t stacks = read_all(logins, STACKS_MAX);
    uint64_t *times = calloc((size_t)count * stacks, sizeof *times);

    if (times == NULL)
        die("out of memory");
    for (long i = 0; i < count; i++)
        for (size_t k = 0; k < stacks; k++) {
            /* Each is behind each other equally often. */
            struct login *login = &logins[(k + (size_t)i) % stacks];

            one(login);
            check(login);
            times[(size_t)(login - logins) * (size_t)count + (size_t)i] = login->nanos;
        }
    for (size_t k = 0; k < stacks; k++) {
        (void)printf("%s", logins[k].name);
        for (long i = 0; i < count; i++)
            (void)printf(" %llu", (unsigned long long)times[k * (size_t)count + (size_t)i]);
        (void)printf("\n");
    }
    free(times);
    return 0;
}

/* ---- throughput ---- */

static void work(struct login *login, const volatile bool *go, uint64_t span, uint64_t *done)
{
    uint64_t end;

    while (!*go)
        (void)usleep(100);
    for (end = now() + span; now() < end; (*done)++) {
        login->code = transact(login);
        check(login);
    }
    _exit(0);
}

static int run_throughput(long processes, long ms)
{
    struct shared {
        volatile bool go;
        uint64_t done[256];
    } *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t total = 0;
    uint64_t begin;
    struct login login;
    int status;

    if (shared == MAP_FAILED || processes > 256 || !read_line(&login))
        die("throughput: bad arguments");
    for (long i = 0; i < processes; i++)
        if (fork() == 0)
            work(&login, &shared->go, (uint64_t)ms * 1000000u, &shared->done[i]);
    begin = now();
    shared->go = true;
    for (long i = 0; i < processes; i++) {
        if (wait(&status) < 0 || status != 0)
            die("a process failed");
        total += shared->done[i];
    }
    (void)printf("%s %llu %llu\n", login.name, (unsigned long long)total,
                 (unsigned long long)(now() - begin));
    return 0;
}

/* ---- crowd ---- */

/* Shared by all processes of a crowd. */
struct crowd {
    pthread_barrier_t barrier;
    size_t count;
    size_t next; /* atomic */
    struct login logins[PEOPLE_MAX];
};

static void *take_turns(void *arg)
{
    struct crowd *crowd = arg;
    pam_handle_t *pamh = NULL;
    size_t at = __atomic_fetch_add(&crowd->next, 1, __ATOMIC_RELAXED);
    struct login *login = &crowd->logins[at];

    /* Modules are loaded before the clock runs: what counts is the crowd at the daemon. */
    login->code = start(login, &pamh);
    (void)pthread_barrier_wait(&crowd->barrier);
    while (at < crowd->count) {
        uint64_t begin = now();

        login = &crowd->logins[at];
        if (pamh == NULL)
            login->code = start(login, &pamh);
        if (login->code == PAM_SUCCESS)
            login->code = authenticate(pamh);
        login->end = now();
        login->nanos = login->end - begin;
        pamh = NULL;
        at = __atomic_fetch_add(&crowd->next, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void run_threads(struct crowd *crowd, size_t count)
{
    pthread_t *threads = calloc(count, sizeof *threads);
    pthread_attr_t attr;

    if (threads == NULL || pthread_attr_init(&attr) != 0 ||
        pthread_attr_setstacksize(&attr, THREAD_STACK) != 0)
        die("threads");
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], &attr, take_turns, crowd) != 0)
            die("too many threads");
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    free(threads);
}

static struct crowd *crowd_new(size_t *at_once)
{
    struct crowd *crowd =
        mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t attr;

    if (crowd == MAP_FAILED)
        die("out of memory");
    crowd->count = read_all(crowd->logins, PEOPLE_MAX);
    if (*at_once > crowd->count)
        *at_once = crowd->count;
    if (pthread_barrierattr_init(&attr) != 0 ||
        pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0 ||
        pthread_barrier_init(&crowd->barrier, &attr, (unsigned)*at_once + 1) != 0)
        die("barrier");
    return crowd;
}

static void print_crowd(const struct crowd *crowd, uint64_t begin)
{
    uint64_t last = begin;

    for (size_t i = 0; i < crowd->count; i++)
        last = crowd->logins[i].end > last ? crowd->logins[i].end : last;
    (void)printf("wall %llu\nfailed", (unsigned long long)(last - begin));
    for (size_t i = 0; i < crowd->count; i++)
        if (crowd->logins[i].code != PAM_SUCCESS)
            (void)printf(" %d", crowd->logins[i].code);
    (void)printf("\neach");
    for (size_t i = 0; i < crowd->count; i++)
        (void)printf(" %llu", (unsigned long long)crowd->logins[i].nanos);
    (void)printf("\n");
    (void)fflush(stdout);
}

/* A process of the crowd: tells by closing `done`, and ends when `stay` is closed. */
static void be_process(struct crowd *crowd, size_t threads, int done, int stay)
{
    char byte;

    run_threads(crowd, threads);
    (void)close(done);
    while (read(stay, &byte, 1) > 0)
        continue;
    _exit(0);
}

static int run_crowd(size_t at_once, size_t per_process)
{
    struct crowd *crowd = crowd_new(&at_once);
    int done[2];
    int stay[2];
    uint64_t begin;
    char byte;

    if (pipe(done) != 0 || pipe(stay) != 0)
        die("pipe");
    for (size_t left = at_once; left > 0;) {
        size_t threads = left < per_process ? left : per_process;
        pid_t pid = fork();

        if (pid < 0)
            die("too many processes");
        if (pid == 0) {
            (void)close(done[0]);
            (void)close(stay[1]);
            be_process(crowd, threads, done[1], stay[0]);
        }
        left -= threads;
    }
    (void)close(done[1]);
    (void)pthread_barrier_wait(&crowd->barrier);
    begin = now();
    while (read(done[0], &byte, 1) > 0)
        continue;
    for (size_t i = 0; i < crowd->count; i++)
        check(&crowd->logins[i]);
    print_crowd(crowd, begin);
    while (getchar() != EOF)
        continue;
    (void)close(stay[1]);
    while (wait(NULL) > 0)
        continue;
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[1] : "";

    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(mode, "latency") == 0)
        return run_in_turn(atol(argv[2]), in_process);
    if (strcmp(mode, "fork") == 0)
        return run_in_turn(atol(argv[2]), in_child);
    if (strcmp(mode, "throughput") == 0 && argc == 4)
        return run_throughput(atol(argv[2]), atol(argv[3]));
    if (strcmp(mode, "crowd") == 0)
        return run_crowd((size_t)atol(argv[2]), argc > 3 ? (size_t)atol(argv[3]) : 50);
    die("see the head of bench/login.c");
}
