/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated host: one seed, one run. This header is the map of its actors:
 *
 *     conf.c      configurations, drawn from the seed; admin.c changes them
 *     person.c    people: they make tokens, log in, lose tokens, mistype them
 *     caller.c    who asks: deadlines, hang-ups, floods; process.c  their processes
 *     platform.c  the Platform: what is true of a token, when it looks, how it fails
 *     checker.c   the way there and back: deaths, late and double answers, cold connections
 *     host.c      carries events into the core and actions out of it; the clock
 *     phase.c     when there are faults and when there are none
 *
 * and of its oracle, which knows the core's header and nothing else of it:
 *
 *     rules.c     who may be whom, written a second time
 *     book.c      what was true, answered and granted, and so what is live
 *     evidence.c  what entitles the core to take something away
 *     inv_*.c     the invariants of revocation.md by number
 *
 * Actors never call the core from within an action; they put an event into the queue.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/core.h"
#include "queue.h"
#include "rng.h"
#include "trace.h"

#define PIDS           4000 /* few, so that they are used again */
#define SERVICES       6
#define PEOPLE         64
#define TOKENS_OWN     3                /* that a person has at once */
#define PAIRS          6                /* names under which one token is accepted */
#define VERDICTS       8                /* decided answers that are kept of one token */
#define REMEMBER_GRACE (DBA_SECOND / 5) /* the core may forget so much later: late timers */
#define OUR_ORG        7
#define OTHER_ORG      8

/* ---- tokens: book.c, platform.c ---- */

struct truth {
    bool good, personal;
    int64_t org;
    const char *email; /* never NULL */
};

struct version {
    dba_time from;
    struct truth truth;
};

/* A decided answer that reached the core. */
struct verdict {
    uint64_t arrived; /* world.sequence */
    dba_time sent;
    struct truth facts;
};

/* A ring of the last. Those that say good are kept apart: any number of others that are not
 * believed leave them as they are. */
struct history {
    struct verdict verdicts[VERDICTS];
    size_t count;
};

struct name {
    const char *text;
    unsigned alive; /* processes behind any of its tokens */
};

/* A token accepted for a name: remembered, or with something alive behind it. */
struct pair {
    uint64_t id; /* 0: none */
    struct name *name;
    const struct service *service; /* of the last accepted auth */
    dba_time last, until;          /* its last accepted auth, and when that is forgotten */
    unsigned alive;
    struct truth facts; /* by which it was accepted, or confirmed since */
    uint64_t negative;  /* when an answer arrived that no longer admits it; 0: none */
    dba_time first_at, negative_at; /* the first and the last of these as times */
    uint64_t witnessed; /* when a witness that was sent later had arrived; 0: none */
    dba_time forgotten; /* when it was; DBA_NEVER: it is remembered */
    bool may_go;        /* twice answered so, around the witness */
};

enum token_kind { TOKEN_PERSONAL, TOKEN_ADMIN, TOKEN_JUNK, TOKEN_OWN, TOKEN_SECRET };

struct token {
    size_t number;
    enum token_kind kind;
    struct dba_token text;
    struct version *versions; /* what is true of it, the newest last; none: never existed */
    size_t versions_count, versions_room;
    /* book.c */
    struct pair pairs[PAIRS];
    size_t pairs_count;
    struct history good, bad;
    uint64_t refused; /* when it was last refused as invalid, or lost */
    /* When the request was sent on whose answer the core relies: not before, not after. The two
     * differ while it may have been asked about as a witness. DBA_NEVER: none. */
    dba_time good_low, good_high;
    dba_time counted;   /* its last refusal that must count with the limiter */
    dba_time undecided; /* its last undecided answer */
    dba_time live_since, dead_since;
    dba_time lonely; /* when it was the only live one, and there was no own token, last */
    dba_time asked;  /* somebody last asked about it */
    bool live;
    bool wanted;      /* somebody asked since the last answer */
    bool repeated;    /* its last request was lost */
    unsigned open;    /* requests in flight */
    dba_time doubted; /* forgotten in the middle of a check, which goes on until then */
};

/* ---- conf.c ---- */

struct service {
    const char *name;
    bool unix_account, email_style;
    uid_t caller; /* beside root; 0: nobody */
    dba_time wait;
    const char *admin_user, *denied; /* may be NULL */
    bool listed;
};

struct mapping {
    const char *email, *name;
};

struct conf {
    dba_time bound, timeout, notice, kill_wait, remember, outage;
    int64_t org_id;
    bool personal;
    uint32_t connections, in_flight, failures, verdicts;
    struct token *own, *secret; /* NULL: none */
    const char *admin_user, *secret_user, *denied;
    uid_t min_uid;
    const char *domain;
    bool mapped;
    struct service services[SERVICES];
};

/* ---- person.c, caller.c ---- */

struct rest {
    struct token *token;
    uint64_t pair;
};

struct process {
    struct dba_process id;
    bool running, watched, gone_told;
    unsigned refs;      /* events and callers that name it */
    struct rest *rests; /* accepted auths that rest on it */
    size_t rests_count, rests_room;
    struct process *next, *previous;
};

struct person {
    size_t number;
    struct name *local, *address, *alias; /* alias: by the map file; may be NULL */
    const char *email, *moved, *shouted, *tagged;
    uid_t uid;
    struct token *tokens[TOKENS_OWN];
    struct token *old; /* a revoked one */
};

/* What a caller does after its answer. */
enum plan {
    PLAN_NOTHING, /* its process is shared */
    PLAN_END,
    PLAN_ACCOUNT,
    PLAN_STAY,
};

struct ask {
    uint64_t id; /* 0: not open */
    enum dba_op op;
    enum plan plan;
    struct token *token;
    struct name *name;
    const struct service *service; /* of the world's table; may not be listed */
    size_t address;
    struct process *process;
    pid_t peer_pid;
    uid_t peer_uid, user_uid;
    dba_time asked, deadline, limit; /* limit: the service's wait, or the deadline */
    dba_time life;                   /* with PLAN_STAY: how long the process goes on */
    bool must_be_limited;
    bool paused;    /* it came while the Platform had asked for a pause */
    size_t backlog; /* callers that waited already, and live tokens */
};

/* ---- platform.c, checker.c ---- */

struct request {
    uint32_t check;
    struct token *token, *access;
    dba_time sent;
    uint64_t sent_order;
    bool recheck, login, may_witness;
    bool may_speak; /* for others, as a witness, when it was sent */
    bool live;      /* its token was, when it was sent */
    bool over;      /* answered, lost, or past T */
    bool lost;      /* with its checker */
    bool outdated;  /* its answer counts nothing: sent under another own token */
    struct dba_answer answer;
    const char *email; /* of the answer; lives as long as the world */
    unsigned events;   /* that still name it */
    struct request *next;
};

struct faults {
    unsigned undecided, hold, lost_email, flicker, stuck, doubled, slow; /* percent */
    bool outage, gateway, own_bad, deaths, suspends, reloads, floods, late;
};

struct refusal {
    dba_time at;
    const struct service *service;
    size_t address;
    struct name *name;
    bool must_count;
};

struct world {
    uint64_t seed;
    struct rng rng;
    struct queue queue;
    struct trace trace;
    dba_time now;
    uint64_t sequence; /* counts what happens: tells before from after at one time */
    uint64_t events;
    bool quiet; /* no faults at all, ever: the host whose year is measured */

    struct conf conf;
    struct dba_settings *settings;
    struct dba_core *core;
    struct mapping mappings[PEOPLE];
    size_t mappings_count;

    struct token **tokens;
    size_t tokens_count, tokens_room;
    struct token **bearers; /* those by which somebody was let in, and is remembered */
    size_t bearers_count, bearers_room;
    struct name **names;
    size_t names_count, names_room;
    char **texts; /* to be freed */
    size_t texts_count, texts_room;

    struct person people[PEOPLE];
    size_t people_count;
    dba_time gap; /* between two doings of a person */
    dba_time stay;
    struct token *junk[8]; /* tried again and again */
    struct token *admin;
    struct process *processes, *pids[PIDS]; /* all; the last of each pid */
    pid_t last_pid;
    uint64_t last_start;
    struct ask *asks;
    size_t asks_count, asks_room, asks_open;
    uint64_t last_ask;

    /* phase.c */
    struct faults faults;
    dba_time calm_since; /* DBA_NEVER: there are faults */
    dba_time latency;    /* the Platform takes at most this; more with faults.slow */
    dba_time late;       /* timers are served so late at most */
    dba_time ends;
    uint64_t events_max;
    bool draining;

    /* platform.c, checker.c */
    struct request *requests;
    bool gateway_bad, http2_served;

    /* host.c */
    dba_time armed;
    uint64_t armed_number;
    dba_time served; /* the last time of a dba_core_expire() */
    unsigned served_in_vain;

    /* book.c */
    uint64_t last_pair;
    size_t live, known, suspects;
    dba_time doubted; /* until then a witness may be asked for who is forgotten */
    dba_time live_changed;
    dba_time lonely; /* when there were no own token and no live one, last */
    int64_t own_org;
    const struct token *own_token; /* in force */
    bool org_conflict, own_invalid, own_answered;
    uint64_t own_refused;        /* when it was answered invalid, last */
    struct token *subject;       /* of the answer that is being handed over */
    struct process **must_watch; /* somebody was let in by them in this event */
    size_t must_watch_count, must_watch_room;
    bool marks;            /* some pair has may_go set */
    bool reviewed;         /* new rules decide: those with may_go are lost */
    dba_time undecided;    /* the last such answer */
    dba_time silent_until; /* the core may not have given up yet what nobody answers */
    uint64_t undecided_order, decided_order;

    /* inv_traffic.c */
    bool http2;
    dba_time hold_until, opened;
    uint64_t held_order;  /* when the last pause was asked for */
    dba_time hold_latest; /* the pause if nothing that is alive cut it short */
    bool probing;
    dba_time probe_failed;
    dba_time rechecks[512]; /* a ring */
    size_t rechecks_count, rechecks_judged;
    uint32_t verdicts_most; /* limits.verdicts, or what was there when it was lowered */

    dba_time overloaded; /* when it was more than the promise is for, last */

    /* inv_login.c */
    struct refusal *refusals;
    size_t refusals_first, refusals_count, refusals_room;

    bool failed;
    const char *invariant;
    char failure[400];
};

/* Ends the run as failed; the first call counts. `invariant` is its number in revocation.md. */
void world_fail(struct world *w, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define world_say(w, ...) trace_line(&(w)->trace, (w)->now, __VA_ARGS__)

struct world *world_new(uint64_t seed, enum trace_mode mode, bool quiet, double days);
void world_run(struct world *w);
void world_free(struct world *w);
const char *world_text(struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* lives as long as the world */
struct name *world_name(struct world *w, const char *text);

/* ---- conf.c ---- */
void conf_draw(struct world *w);
struct dba_settings *conf_settings(const struct world *w);
void conf_free(struct dba_settings *settings);
dba_time conf_max_age(const struct conf *conf);

/* ---- admin.c ---- */
void admin_reload(struct world *w, void *actor, uint64_t number); /* event: some change */
void admin_new_own(struct world *w, bool other_org);              /* the own token rotates */
void admin_heal(struct world *w); /* a good own token of our organization is in force */

/* ---- person.c ---- */
void person_start(struct world *w);
void person_told(struct world *w, const struct ask *ask, const struct dba_decision *d);

/* ---- caller.c ---- */
extern const char *const caller_addresses[];
size_t caller_address_group(size_t address); /* those that the limiter takes for one */
void caller_ask(struct world *w, const struct ask *draft, dba_time when);
void caller_replied(struct world *w, const struct dba_decision *d);
void caller_flood(struct world *w, void *actor, uint64_t number);
void caller_forget(const struct event *event); /* frees what an event that never comes holds */
void caller_audit(struct world *w);            /* nobody is left at the end */

/* ---- process.c ---- */
struct process *process_new(struct world *w); /* NULL: no pid is free */
void process_end(struct world *w, struct process *process, dba_time when);
void process_watch(struct world *w, struct dba_process id);
void process_unref(struct world *w, struct process *process);

/* ---- platform.c ---- */
struct token *platform_token(struct world *w, enum token_kind kind, size_t length);
struct token *platform_find(const struct world *w, const struct dba_token *text);
const struct truth *platform_truth(const struct token *token);
void platform_change(struct world *w, struct token *token, const struct truth *truth,
                     const char *why);
void platform_look(struct world *w, void *actor, uint64_t number);
dba_time platform_latency(struct world *w);
void platform_gateway(struct world *w, void *actor, uint64_t number);

/* ---- checker.c ---- */
void checker_send(struct world *w, const struct dba_action *action);
void checker_drop_all(struct world *w);
void checker_death(struct world *w, void *actor, uint64_t number);
void checker_cold(struct world *w, void *actor, uint64_t number);
void checker_warm(struct world *w);
void checker_suspended(struct world *w, dba_time until);

/* ---- host.c ---- */
bool host_start(struct world *w);
void host_ask(struct world *w, const struct dba_ask *ask);
void host_hangup(struct world *w, uint64_t id);
void host_answer(struct world *w, uint32_t check, const struct dba_answer *answer);
void host_checker_lost(struct world *w);
void host_cold(struct world *w);
void host_gone(struct world *w, struct dba_process id);
void host_configure(struct world *w, bool new_platform);
void host_serve(struct world *w); /* dba_core_expire() now, due or not */

/* ---- phase.c ---- */
void phase_start(struct world *w);
void phase_drain(struct world *w);
/* Since when there is nothing left of the faults; DBA_NEVER: there are some. */
dba_time phase_settled(const struct world *w);

/* ---- rules.c ---- */
enum dba_reason rule_may_ask(const struct conf *conf, const struct ask *ask);
enum dba_reason rule_admits(const struct world *w, int64_t org, const struct truth *facts,
                            const struct service *service, const char *name);
int64_t rule_org(const struct world *w); /* 0: not known */

/* ---- book.c ---- */
void book_accepted(struct world *w, const struct ask *ask);
void book_gone(struct world *w, struct process *process);
void book_answer(struct world *w, struct request *request);
void book_logged_loss(struct world *w, const char *name, bool invalid);
void book_configured(struct world *w, bool new_platform);
bool book_held(const struct world *w, const struct token *token);
struct pair *book_pair(struct token *token, const struct name *name);
bool book_remembers(const struct world *w, const struct pair *pair);
void book_recount(struct world *w); /* what is live and known */
void book_reviewed(struct world *w);
void book_slept(struct world *w); /* what is remembered no longer */
void book_lost(struct world *w, struct token *token, struct pair *pair);

/* ---- evidence.c ---- */
void evidence_negative(struct world *w, const struct token *token, struct pair *pair,
                       const struct request *request);
bool evidence_may_speak(const struct world *w, const struct token *token);
void evidence_witness(struct world *w, const struct request *request);
void evidence_over(struct world *w, struct token *token); /* nothing follows any more */
void evidence_expire(struct world *w);
void evidence_recount(struct world *w);

/* ---- inv_*.c ---- */
void inv_reply(struct world *w, const struct ask *ask, const struct dba_decision *d);
bool inv_must_limit(const struct world *w, const struct ask *ask);
void inv_limited(struct world *w, const struct ask *ask, const struct dba_decision *d);
void inv_live(struct world *w, const struct ask *ask, const struct dba_decision *d);
void inv_request(struct world *w, struct request *request);
bool inv_promise(const struct world *w); /* live tokens x answer time is small enough */
void inv_token(struct world *w, struct token *token);
void inv_hold(struct world *w, const struct dba_answer *answer); /* asks for a pause */
void inv_rate(struct world *w);
void inv_answered(struct world *w, const struct request *request);
void inv_log(struct world *w, const char *text);
void inv_after(struct world *w);
void inv_audit(struct world *w, void *actor, uint64_t number);
void inv_end(struct world *w);

#endif
