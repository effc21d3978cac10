/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/result.h"

#define U        "%llu"
#define N(value) ((unsigned long long)(value))

char *report_status(const struct report *report, size_t *len)
{
    const struct dba_stats *s = &report->stats;
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (out == NULL)
        return NULL;
    (void)fprintf(out, "reachable=%d\n", s->reachable);
    if (s->since_answer == DBA_NEVER)
        (void)fputs("seconds_since_answer=\n", out);
    else
        (void)fprintf(out, "seconds_since_answer=%.3f\n", dba_time_in_seconds(s->since_answer));
    (void)fprintf(out, "org_id=%lld\ntokens=" U "\nsessions=0\nbound_seconds=%.3f\n",
                  (long long)s->org_id, N(s->tokens), dba_time_in_seconds(s->bound));
    (void)fprintf(out, "oldest_verdict_seconds=%.3f\n", dba_time_in_seconds(s->oldest_verdict));
    (void)fprintf(out, "max_age_seconds=%.3f\n", dba_time_in_seconds(s->max_age));
    (void)fprintf(out, "live_tokens=" U "\nverdicts=" U "\nother_verdicts=" U "\n", N(s->live),
                  N(s->verdicts), N(s->refusals));
    (void)fprintf(out, "holding=%d\nin_flight=" U "\nqueued=" U "\nwaiting=" U "\n", s->holding,
                  N(s->in_flight), N(s->queued), N(s->waiting));
    (void)fprintf(out, "own_token=%s\n",
                  !report->own_token     ? "none"
                  : s->own_token_invalid ? "invalid"
                  : s->reachable         ? "valid"
                                         : "unknown");
    (void)fprintf(out, "promise=%s\n",
                  s->overloaded ? "the load is more than the bound allows" : "kept");
    (void)fprintf(out, "memory_locked=%s\nconnections=%zu\n",
                  report->memory_locked ? "yes" : "no", report->connections);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP dblab_auth_%s %s\n# TYPE dblab_auth_%s %s\n", name, help, name,
                  type);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
    head(out, name, "gauge", help);
    (void)fprintf(out, "dblab_auth_%s %.9g\n", name, value);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "counter", help);
    (void)fprintf(out, "dblab_auth_%s " U "\n", name, N(value));
}

static void logins(FILE *out, const struct dba_stats *s)
{
    head(out, "logins_total", "counter", "Decisions told to callers.");
    /* Service names are of pam.d: nothing in them needs an escape. */
    for (size_t i = 0; i < s->services; i++)
        for (int r = 0; r < DBA_RESULTS; r++)
            (void)fprintf(out, "dblab_auth_logins_total{service=\"%s\",result=\"%s\"} " U "\n",
                          s->logins[i].service, dba_result_word((enum dba_result)r),
                          N(s->logins[i].results[r]));
}

static void checks(FILE *out, const struct dba_stats *s)
{
    static const char *const classes[DBA_CLASSES] = {"undecided", "good", "invalid"};
    static const double ends[DBA_SECONDS_STEPS] = DBA_SECONDS_BUCKETS;

    head(out, "checks_total", "counter", "Answers of the Platform.");
    for (int c = 0; c < DBA_CLASSES; c++)
        (void)fprintf(out, "dblab_auth_checks_total{class=\"%s\"} " U "\n", classes[c],
                      N(s->checks[c]));
    head(out, "undecided_total", "counter", "Undecided answers by cause.");
    for (int c = 1; c < DBA_CAUSE_COUNT; c++)
        (void)fprintf(out, "dblab_auth_undecided_total{cause=\"%s\"} " U "\n",
                      dba_cause_word((enum dba_cause)c), N(s->causes[c]));
    head(out, "check_seconds", "histogram", "Seconds from a request to its answer.");
    for (int i = 0; i < DBA_SECONDS_STEPS; i++)
        (void)fprintf(out, "dblab_auth_check_seconds_bucket{le=\"%g\"} " U "\n", ends[i],
                      N(s->seconds[i]));
    (void)fprintf(out,
                  "dblab_auth_check_seconds_bucket{le=\"+Inf\"} " U "\n"
                  "dblab_auth_check_seconds_sum %.9g\ndblab_auth_check_seconds_count " U "\n",
                  N(s->seconds_count), s->seconds_sum, N(s->seconds_count));
}

/* None is registered by this version, as `status` has it. */
static void sessions(FILE *out)
{
    static const char *const kinds[] = {"pam", "caller", "connector"};

    head(out, "sessions", "gauge", "Live sessions.");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        (void)fprintf(out, "dblab_auth_sessions{kind=\"%s\"} 0\n", kinds[i]);
}

char *report_metrics(const struct report *report, size_t *len)
{
    const struct dba_stats *s = &report->stats;
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (out == NULL)
        return NULL;
    logins(out, s);
    checks(out, s);
    counter(out, "rechecks_total", "Checks of live tokens that nobody asked for.", s->rechecks);
    counter(out, "witnesses_total", "Witnesses asked before a revocation is believed.",
            s->witnesses);
    counter(out, "checker_lost_total", "Checkers that died or hung.", s->checker_lost);
    head(out, "revocations_total", "counter", "Revocations believed.");
    (void)fprintf(out,
                  "dblab_auth_revocations_total{cause=\"revoked\"} " U "\n"
                  "dblab_auth_revocations_total{cause=\"not permitted\"} " U "\n",
                  N(s->revocations_revoked), N(s->revocations_not_permitted));
    gauge(out, "platform_up", "1 if the last check was decided.", s->reachable);
    gauge(out, "tokens", "Tokens remembered or alive.", (double)s->tokens);
    gauge(out, "live_tokens", "Tokens with something alive behind them.", (double)s->live);
    sessions(out);
    gauge(out, "bound_seconds", "The promise, revocation.bound.",
          dba_time_in_seconds(s->bound));
    gauge(out, "oldest_verdict_seconds", "Age of the oldest verdict that something relies on.",
          dba_time_in_seconds(s->oldest_verdict));
    gauge(out, "in_flight", "Requests to the Platform in flight.", (double)s->in_flight);
    gauge(out, "own_token_invalid", "1 if the Platform refuses our own token.",
          s->own_token_invalid);
    gauge(out, "holding", "1 while the Platform has asked for a pause.", s->holding);
    gauge(out, "memory_locked", "1 if all memory that holds tokens is locked.",
          report->memory_locked);
    gauge(out, "connections", "Callers that are connected.", (double)report->connections);
    gauge(out, "overloaded", "1 if the load is more than the bound allows.", s->overloaded);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
