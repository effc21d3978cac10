/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core: what the host decides about tokens. A state machine without I/O, clock, threads
 * or randomness of its own (model: ngtcp2). Events go in by the functions below, each with
 * its time; actions come out of dba_core_next(). The keeper carries both between here and the
 * kernel; the simulator (tests/sim) is the other driver.
 *
 * How a login travels: dba_core_ask() -> asks.c looks the token up in verdicts.c; an answer
 * that is young enough is decided by admit.c at once. Otherwise checks.c joins it to the
 * check of the same token in flight, or starts one: DBA_DO_CHECK. dba_core_answer() brings
 * the Platform's answer; witness.c asks again where it would take something away from a token
 * that was good before. Then every waiting caller gets its one DBA_DO_REPLY.
 *
 * Rules for a driver:
 *  - `now` (CLOCK_BOOTTIME) never goes back. `random` is any fresh 64-bit number.
 *  - After each event take actions until there is none; an action's pointers are valid until
 *    the next call on the core.
 *  - Call dba_core_expire() when dba_core_expiry() is reached; earlier changes nothing.
 *
 * Not thread-safe. Memory that cannot be had ends in "unavailable", never in "accepted".
 */
#ifndef DBA_CORE_CORE_H
#define DBA_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/token.h"
#include "core/stats.h"
#include "model/answer.h"
#include "model/result.h"
#include "model/settings.h"

struct dba_core;

/* Memory for tokens: locked and kept out of cores by the keeper, plain in the simulator. */
struct dba_core_memory {
    void *(*get)(size_t size, void *arg); /* zeroed, page-aligned; NULL: none to be had */
    void (*put)(void *memory, size_t size, void *arg);
    void *arg;
};

#define DBA_CORE_KEY 32 /* bytes: the key of all hashes, fresh at each start of a keeper */

/*
 * `settings` are borrowed: they must live until the next dba_core_configure() or the free.
 * The first check of the own token is an action right after.
 */
enum dba_err dba_core_new(struct dba_core **out, dba_time now, uint64_t random,
                          const struct dba_settings *settings, const uint8_t key[DBA_CORE_KEY],
                          const struct dba_core_memory *memory);
void dba_core_free(struct dba_core **core);

/*
 * New settings. Callers that wait are decided by the new ones. `new_platform`: the answers so
 * far came from somewhere else (another url, CA, pin, proxy, organization key or own token's
 * organization); none of them admits anybody any more, but what was good before still needs a
 * witness to be refused. Checks in flight are asked again.
 */
void dba_core_configure(struct dba_core *core, dba_time now, uint64_t random,
                        const struct dba_settings *settings, bool new_platform);

/* ---- events ---- */

/* A process on this host, named so that a reused pid is another one. */
struct dba_process {
    pid_t pid;      /* as the keeper sees it; 0: of another pid namespace */
    uint64_t start; /* start time of /proc/PID/stat, in ticks; 0: unknown */
};

struct dba_ask {
    uint64_t id;    /* the driver's name for the caller, unique; 0 is none */
    enum dba_op op; /* AUTH, ACCOUNT or CHECK */
    struct dba_process peer;
    uid_t peer_uid;
    uid_t user_uid;    /* what the peer says of the user's account; -1: none */
    dba_time deadline; /* the caller waits no longer */
    const char *service;
    const char *user; /* CHECK: may be "" */
    const char *rhost;
    const char *tty;
    const struct dba_token *token; /* AUTH, CHECK; copied if needed */
};

/* Answered by exactly one DBA_DO_REPLY with this id, at the deadline at the latest. */
void dba_core_ask(struct dba_core *core, dba_time now, uint64_t random,
                  const struct dba_ask *ask);

/* The caller hung up before its answer: there will be none. Unknown ids count nothing. */
void dba_core_hangup(struct dba_core *core, dba_time now, uint64_t random, uint64_t id);

/* The checker's answer to check `check`. One that is not in flight any more counts nothing. */
void dba_core_answer(struct dba_core *core, dba_time now, uint64_t random, uint32_t check,
                     const struct dba_answer *answer);

/* The checker is gone with all that was in flight; a new one takes requests at once. */
void dba_core_checker_lost(struct dba_core *core, dba_time now, uint64_t random);

/* The checker has no open connection to the Platform (any more). */
void dba_core_cold(struct dba_core *core, dba_time now, uint64_t random);

/* A process that DBA_DO_WATCH named has ended. */
void dba_core_gone(struct dba_core *core, dba_time now, uint64_t random,
                   struct dba_process process);

dba_time dba_core_expiry(const struct dba_core *core); /* DBA_NEVER: nothing to do */
void dba_core_expire(struct dba_core *core, dba_time now, uint64_t random);

/* ---- actions ---- */

enum dba_do {
    DBA_DO_REPLY, /* answer a caller */
    DBA_DO_CHECK, /* ask the Platform about a token; the answer's time starts now */
    DBA_DO_WARM,  /* open a connection to the Platform without asking about a token */
    DBA_DO_WATCH, /* tell by dba_core_gone() when this process has ended */
    DBA_DO_LOG,   /* one line for the log */
};

enum dba_level { DBA_LEVEL_ERROR, DBA_LEVEL_WARNING, DBA_LEVEL_NOTICE, DBA_LEVEL_DEBUG };

struct dba_decision {
    uint64_t id;
    enum dba_op op;
    enum dba_result result;
    enum dba_reason reason;
    enum dba_cause cause; /* with UNAVAILABLE */
    bool personal;        /* CHECK, and ACCEPTED: the facts */
    int64_t org_id;
    char email[DBA_EMAIL_MAX + 1];
    char user[DBA_USER_MAX + 1];
};

struct dba_action {
    enum dba_do what;
    struct dba_decision reply;  /* REPLY */
    uint32_t check;             /* CHECK: its name in the answer */
    bool recheck;               /* CHECK: of a live token, unasked; for metrics only */
    struct dba_token token;     /* CHECK: in the body */
    struct dba_token access;    /* CHECK: in the Access-Token header; len 0: none */
    struct dba_process process; /* WATCH */
    enum dba_level level;       /* LOG */
    char text[512];             /* LOG: `event key=value ...`, clean, no token in it */
};

/*
 * Takes the next action. Replies come before checks. The caller wipes `action` when done: a
 * CHECK has tokens in it (dba_wipe(action, sizeof *action)).
 */
bool dba_core_next(struct dba_core *core, struct dba_action *action);

/* ---- to look at ---- */

/* Counters and gauges for status, metrics and the simulator's invariants. */
void dba_core_stats(const struct dba_core *core, dba_time now, struct dba_stats *stats);

/* Is this token's text held anywhere in the core's memory for tokens? For tests. */
bool dba_core_holds_token(const struct dba_core *core, const struct dba_token *token);

#endif
