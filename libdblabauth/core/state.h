/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's state, private to core/. Each part below has a file of its own that alone changes
 * it; this header is their map:
 *
 *     verdicts.c  what is known of tokens: `known` (something rests on them) and `seen`
 *     alive.c     processes that an accepted auth rests behind, and so which tokens are live
 *     asks.c      callers that wait
 *     decide.c    what they are told, and why
 *     tell.c      telling them
 *     checks.c    one check of one token: queued, sent, answered, believed
 *     witness.c   before a token that was good is believed not to be
 *     recheck.c   when live tokens are checked again
 *     platform.c  what the Platform's state allows to be sent: slots, pauses, probes
 *     own.c       our own access token, the connection, and which organization is ours
 *     out.c       actions that wait for the driver
 */
#ifndef DBA_CORE_STATE_H
#define DBA_CORE_STATE_H

#include "core/admit.h"
#include "core/core.h"
#include "core/digest.h"
#include "core/limiter.h"
#include "core/list.h"
#include "core/table.h"
#include "core/timers.h"
#include "core/vault.h"

/* ---- verdicts.c ---- */

/* An answer of the Platform that is believed. */
struct dba_verdict {
    enum dba_answer_class class; /* GOOD or INVALID; UNDECIDED: none yet */
    bool personal;
    int64_t org_id;
    char *email;      /* owned; NULL: none */
    dba_time sent;    /* its age counts from here (revocation.md); DBA_VOID: too old for all */
    dba_time counted; /* its last refusal that the limiter counted; DBA_VOID: none */
};

#define DBA_VOID INT64_MIN

/* A token that was accepted for somebody and is remembered, or has something alive behind
 * it. Value of `known`, keyed by the token's digest. */
struct dba_known {
    struct dba_verdict verdict; /* GOOD */
    bool verification;          /* the engine's verification token: never sent anywhere */
    struct dba_kept *kept;      /* the token itself; NULL for the verification token */
    struct dba_list presented;  /* struct dba_presented.of_known: never empty */
    /* recheck.c */
    bool live;
    struct dba_list in_live; /* all live ones */
    struct dba_list
        in_due; /* those that wait for a re-check, or for their turn after a back-off */
    struct dba_timer retry;
    unsigned failures; /* undecided re-checks in a row */
};

/* One name under which a known token was accepted. */
struct dba_presented {
    struct dba_known *known;
    struct dba_user *user;
    struct dba_list of_known, of_user;
    struct dba_list in_remembered;     /* by `last`; in no list: forgotten, but alive */
    struct dba_list alive;             /* struct dba_alive.of_presented */
    dba_time last;                     /* its last accepted auth */
    bool failed_first;                 /* a first answer no longer admits it (witness.c) */
    char service[DBA_SERVICE_MAX + 1]; /* of the last accepted auth */
};

/* A name with at least one presented token. Value of `users`, keyed by the name's digest. */
struct dba_user {
    struct dba_list presented; /* struct dba_presented.of_user */
    size_t alive;              /* processes behind any of its tokens */
    char name[DBA_USER_MAX + 1];
};

/* ---- alive.c ---- */

/* A process that is watched. Value of `processes`, keyed by struct dba_process_key. */
struct dba_watched {
    struct dba_list alive; /* struct dba_alive.of_process */
};

struct dba_process_key {
    int32_t pid;  /* first: the table takes its bits as the hash */
    int32_t zero; /* no padding in a key */
    uint64_t start;
};

/* An accepted auth at a service with Unix accounts: alive until its process ends. */
struct dba_alive {
    struct dba_list of_process, of_presented;
    struct dba_presented *presented;
};

/* ---- checks.c ---- */

enum dba_phase {
    DBA_PHASE_QUEUED,  /* waits for a slot */
    DBA_PHASE_FIRST,   /* sent */
    DBA_PHASE_WITNESS, /* the answer would take something away: a witness is wanted or asked */
    DBA_PHASE_PAUSE,   /* nobody can be a witness: a second passes */
    DBA_PHASE_AGAIN,   /* to be sent again: the second time, or its request was lost */
    DBA_PHASE_SECOND,  /* sent a second time */
};

#define DBA_WITNESS_TRIES 3

/* Value of `checks`, keyed by the token's digest: never two for one token at once. */
struct dba_check {
    enum dba_phase phase;
    bool urgent;        /* a re-check: ahead of logins */
    bool second;        /* with AGAIN: which request is to be repeated */
    bool slot;          /* it holds one of the slots, from its first request to its end */
    bool asked_witness; /* one was asked, so that "none valid" is undecided */
    bool asked_own;
    unsigned losses; /* requests lost with a checker */
    unsigned tries;  /* witnesses other than our own that were asked */
    struct dba_digest tried[DBA_WITNESS_TRIES];
    struct dba_request_out *request; /* in flight, or NULL */
    struct dba_kept *kept;
    struct dba_list links;    /* struct dba_link.of_check: callers that wait */
    struct dba_list in_queue; /* logins, urgent, again or want_witness */
    struct dba_timer pause;
};

/* ---- witness.c ---- */

struct dba_witness {
    struct dba_kept *kept;  /* another person's live token; NULL: our own */
    struct dba_list checks; /* those that waited when it was sent: struct dba_check.in_queue */
    struct dba_request_out *request;
    struct dba_list in_witnesses;
};

/* A request in flight. Value of `requests`, keyed by its number. */
struct dba_request_out {
    struct dba_check *check; /* one of three: a check, */
    struct dba_witness *witness;
    bool own;        /* our own token by itself (own.c) */
    bool own_access; /* carried our own token as Access-Token */
    bool outdated;   /* ours is another one since: its answer counts nothing */
    bool recheck;
    bool probe;
    dba_time sent;
    struct dba_timer timer;
    struct dba_list in_out; /* not yet taken by the driver */
};

/* ---- asks.c ---- */

struct dba_waiter {
    uint64_t id;
    enum dba_op op;
    struct dba_process peer;
    uid_t peer_uid, user_uid;
    enum dba_cause cause;     /* of its last undecided check; NONE: none was */
    struct dba_digest digest; /* AUTH, CHECK: of the token */
    struct dba_list links;    /* struct dba_link.of_waiter */
    struct dba_timer timer;
    char service[DBA_SERVICE_MAX + 1];
    char user[DBA_USER_MAX + 1];
    char *rhost; /* owned */
};

/* A caller that waits for a check. */
struct dba_link {
    struct dba_waiter *waiter;
    struct dba_check *check;
    struct dba_list of_waiter, of_check;
};

/* ---- platform.c ---- */

enum dba_flow {
    DBA_FLOW_OPEN,
    DBA_FLOW_HELD,  /* nothing is sent until flow_timer */
    DBA_FLOW_PROBE, /* one request at a time until one is decided; flow_timer: not before */
};

/* ---- own.c ---- */

enum dba_own_state { DBA_OWN_NONE, DBA_OWN_UNKNOWN, DBA_OWN_GOOD, DBA_OWN_INVALID };

struct dba_core {
    const struct dba_settings *settings;
    dba_time now; /* of the event that is being handled */
    uint64_t random;
    uint8_t key[DBA_CORE_KEY];
    struct dba_timers timers;
    struct dba_vault *vault;
    struct dba_limiter *limiter;

    struct dba_table *known, *seen, *users;
    struct dba_list remembered; /* struct dba_presented, the oldest auth first */
    struct dba_timer remember_timer;
    struct dba_digest verification; /* of the setting; compared in constant time besides */

    struct dba_table *processes;

    struct dba_table *checks, *requests, *waiters;
    uint32_t last_request;
    struct dba_list logins, urgent, again, want_witness; /* struct dba_check.in_queue */
    struct dba_list witnesses;
    size_t slots; /* held by checks */

    /* recheck.c */
    struct dba_list live, due, retries;
    size_t live_count;
    dba_time live_changed; /* when live_count did, last */
    dba_time last_recheck;
    dba_time gap, gap_until; /* the pace, and until when it may be used */
    dba_time resume_until;   /* after a pause of the Platform: spread over A until then */
    struct dba_timer pace_timer;

    /* platform.c */
    enum dba_flow flow;
    struct dba_timer flow_timer;
    dba_time probe_backoff;
    size_t probes; /* in flight */
    bool http2;
    bool reachable;
    dba_time last_answer; /* decided; DBA_VOID: none */
    double mean_seconds;  /* of recent answers */

    /* own.c */
    enum dba_own_state own;
    struct dba_digest own_digest; /* of the setting */
    bool own_failed;              /* the last answer about it was undecided */
    bool own_wanted;              /* to be checked as soon as the flow lets it */
    bool org_conflict; /* it turned out to be another organization's while something lives */
    int64_t own_org;   /* 0: not known */
    dba_time own_sent; /* of its last decided answer; DBA_VOID */
    dba_time own_backoff;
    struct dba_request_out *own_request;
    struct dba_timer own_timer;
    bool cold;
    dba_time warmed; /* when a connection was last opened on purpose */
    dba_time warm_backoff;
    struct dba_timer cold_timer;

    /* out.c */
    struct dba_list out_replies, out_requests, out_others;

    struct dba_stats stats; /* the counters */
};

/* Each event of a driver starts with this. */
void dba_core_event(struct dba_core *core, dba_time now, uint64_t random);

/* A number from `low` to `high`, both included. */
dba_time dba_random_between(struct dba_core *core, dba_time low, dba_time high);

/* ---- verdicts.c ---- */

struct dba_verdict *dba_verdict_find(struct dba_core *core, const struct dba_digest *digest,
                                     struct dba_known **known);

/* Young enough to decide a login, now. */
bool dba_verdict_fresh(const struct dba_core *core, const struct dba_verdict *verdict);

/* The organization that tokens must be of; 0: not known now, so nothing is decided. */
int64_t dba_core_org(const struct dba_core *core);

/* admit.c's rule on a verdict: VALID, INVALID or why not. `org_id` must be known. */
enum dba_reason dba_verdict_admits(const struct dba_core *core,
                                   const struct dba_verdict *verdict, const char *service,
                                   const char *user);

/*
 * Believes a decided answer about a token. A known one that it no longer admits under some
 * names loses those, and is no longer known when it has none left.
 */
void dba_verdict_believe(struct dba_core *core, const struct dba_digest *digest,
                         const struct dba_answer *answer, dba_time sent);

/* Would this answer take a name away from a known token? Marks which (failed_first). */
bool dba_verdict_takes(struct dba_core *core, struct dba_known *known,
                       const struct dba_answer *answer);

/* Asked of the second answer: does it take away nothing but what the first took, too? */
bool dba_verdict_confirms(struct dba_core *core, const struct dba_known *known,
                          const struct dba_answer *answer);

/* Remembers an accepted auth. NULL: a limit (cause FULL) or no memory. */
struct dba_presented *dba_verdict_present(struct dba_core *core,
                                          const struct dba_digest *digest,
                                          const struct dba_token *token, bool verification,
                                          const char *service, const char *user);

struct dba_user *dba_user_find(const struct dba_core *core, const char *name);
void dba_presented_drop(struct dba_core *core, struct dba_presented *presented);
void dba_remember_due(struct dba_core *core);

/* All that new settings no longer admit goes, without a witness. `void_all`: no verdict decides
 * any more. */
void dba_verdicts_review(struct dba_core *core, bool void_all);

/* Answers INVALID may have been about our own token: they decide nothing any more. */
void dba_verdicts_void_refusals(struct dba_core *core);

/* ---- alive.c ---- */
bool dba_alive_add(struct dba_core *core, struct dba_presented *presented,
                   struct dba_process process);
void dba_alive_drop(struct dba_core *core, struct dba_alive *alive);

/* Brings `live` of one known token, or of all of a user's, up to date. */
void dba_alive_known(struct dba_core *core, struct dba_known *known);
void dba_alive_user(struct dba_core *core, struct dba_user *user);

/* ---- tell.c ---- */
void dba_tell(struct dba_core *core, const struct dba_waiter *waiter,
              struct dba_decision *decision);
void dba_tell_short(struct dba_core *core, const struct dba_waiter *waiter,
                    enum dba_result result, enum dba_reason reason);
void dba_tell_facts(struct dba_decision *decision, const struct dba_verdict *verdict);

/* ---- decide.c ---- each true: the caller was told ---- */

/* NONE, or why the caller, the service or the user is denied; settings may have changed. */
enum dba_reason dba_may_ask(const struct dba_core *core, const struct dba_waiter *waiter);
struct dba_origin dba_origin_of(const struct dba_waiter *waiter);

/* By a young verdict. `token` is the caller's, or the check's: the same. */
bool dba_decide_token(struct dba_core *core, const struct dba_waiter *waiter,
                      const struct dba_token *token);

/* The engine's verification token is compared here and sent nowhere. */
bool dba_decide_verification(struct dba_core *core, const struct dba_waiter *waiter,
                             const struct dba_token *token);

/* By any token of the user that vouches and is young; refused if none vouches at all. */
bool dba_decide_account(struct dba_core *core, const struct dba_waiter *waiter);

/* Would this one vouch for the user at this service, if it is still valid? */
bool dba_vouches(const struct dba_core *core, const struct dba_presented *presented,
                 const struct dba_waiter *waiter);

/* Nobody decides. `really`: the Platform was asked and did not, or is known not to. `token`
 * may be NULL with ACCOUNT. Always tells. */
void dba_decide_unavailable(struct dba_core *core, const struct dba_waiter *waiter,
                            const struct dba_token *token, enum dba_cause cause, bool really);

/* ---- asks.c ---- */
void dba_waiter_told(struct dba_core *core, struct dba_check *check, bool decided,
                     enum dba_cause cause); /* the check is over: who waits goes on */
void dba_waiter_deadline(struct dba_core *core, struct dba_waiter *waiter);
void dba_waiter_free(struct dba_core *core, struct dba_waiter *waiter);

/* ---- checks.c ---- */

/* The check of this token, joined or new; NULL: no memory. */
struct dba_check *dba_check_join(struct dba_core *core, const struct dba_digest *digest,
                                 const struct dba_token *token, bool urgent);
const struct dba_digest *dba_check_digest(const struct dba_core *core,
                                          const struct dba_check *check);
void dba_check_answered(struct dba_core *core, struct dba_check *check,
                        const struct dba_answer *answer, dba_time sent, bool own_access);
void dba_check_undecided(struct dba_core *core, struct dba_check *check, enum dba_cause cause);
void dba_check_again(struct dba_core *core, struct dba_check *check); /* the second time */
void dba_check_repeat(struct dba_core *core, struct dba_check *check, bool lost);
void dba_check_send(struct dba_core *core, struct dba_check *check);

/* Logins that were not sent yet cannot be decided now. */
void dba_checks_fail_queued(struct dba_core *core, enum dba_cause cause);

/* ---- witness.c ---- */
void dba_witness_want(struct dba_core *core, struct dba_check *check);
void dba_witness_send(struct dba_core *core); /* for all that want one */
void dba_witness_answered(struct dba_core *core, struct dba_witness *witness,
                          const struct dba_answer *answer, dba_time sent);
void dba_witness_lost(struct dba_core *core, struct dba_witness *witness);

/* ---- recheck.c ---- */
void dba_recheck_track(struct dba_core *core, struct dba_known *known); /* verdict is new */
void dba_recheck_forget(struct dba_core *core, struct dba_known *known);
void dba_recheck_failed(struct dba_core *core, struct dba_known *known); /* undecided */
void dba_recheck_retry(struct dba_core *core,
                       struct dba_known *known);           /* its back-off is over */
struct dba_known *dba_recheck_next(struct dba_core *core); /* one that is to be sent now */
void dba_recheck_sent(struct dba_core *core, struct dba_known *known);
dba_time dba_live_oldest(const struct dba_core *core); /* `sent` of it; DBA_NEVER: none */

/* ---- platform.c ---- */

/* Sends what may be sent now, in the order of the contract. Every event ends with this. */
void dba_platform_pump(struct dba_core *core);
struct dba_request_out *dba_request_new(struct dba_core *core);
void dba_request_answered(struct dba_core *core, struct dba_request_out *request,
                          const struct dba_answer *answer);

/* Its time is over, but only because the host slept: it is sent again. */
bool dba_request_slept(struct dba_core *core, struct dba_request_out *request);
void dba_requests_lost(struct dba_core *core, bool lost); /* all are sent again */
void dba_requests_outdate(struct dba_core *core); /* all will be, once they are answered */
void dba_platform_flow_due(struct dba_core *core);

/* The Platform asks for a pause. 0: it names no time. */
void dba_platform_hold(struct dba_core *core, uint32_t retry_after_ms);

/* Can a new login's check be sent at once, or has it to wait only for a slot? */
bool dba_platform_takes_login(const struct dba_core *core, enum dba_cause *cause);

/* ---- own.c ---- */
void dba_own_start(struct dba_core *core); /* new settings */
void dba_own_want(struct dba_core *core);
void dba_own_send(struct dba_core *core);
void dba_own_answered(struct dba_core *core, const struct dba_answer *answer, dba_time sent,
                      bool by_itself);
void dba_own_lost(struct dba_core *core);    /* its request has to be sent again */
void dba_own_suspect(struct dba_core *core); /* a refusal may be about ours */
void dba_own_cold(struct dba_core *core);
void dba_own_cold_due(struct dba_core *core);

/* ---- out.c ---- */
void dba_out_decide(struct dba_core *core, const struct dba_decision *decision);
void dba_out_request(struct dba_core *core, struct dba_request_out *request);
void dba_out_warm(struct dba_core *core);
void dba_out_watch(struct dba_core *core, struct dba_process process);
void dba_out_log(struct dba_core *core, enum dba_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void dba_out_free(struct dba_core *core);
bool dba_out_next(struct dba_core *core, struct dba_action *action);

#endif
