/* SPDX-License-Identifier: Apache-2.0 */
/* Status lines and Prometheus text: well-formed, complete, and with the numbers given. */
#include "dblab-authd/keeper/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct report sample(void)
{
    struct report report = {.memory_locked = true, .own_token = true, .connections = 3};
    struct dba_stats *s = &report.stats;

    s->since_answer = 3 * DBA_SECOND / 2;
    s->reachable = true;
    s->org_id = 5000000001;
    s->tokens = 4;
    s->bound = 30 * DBA_SECOND;
    s->max_age = 15 * DBA_SECOND;
    s->oldest_verdict = 2 * DBA_SECOND;
    s->services = 1;
    (void)strcpy(s->logins[0].service, "sshd");
    s->logins[0].results[DBA_ACCEPTED] = 7;
    s->checks[DBA_ANSWER_GOOD] = 9;
    s->seconds[3] = 5;
    s->seconds_count = 9;
    s->seconds_sum = 0.5;
    return report;
}

static void has(const char *text, const char *line)
{
    char whole[256];

    (void)snprintf(whole, sizeof whole, "\n%s\n", line);
    if (strncmp(text, whole + 1, strlen(whole) - 1) != 0 && strstr(text, whole) == NULL)
        fail_msg("no line: %s", line);
}

static void test_status(void **state)
{
    struct report report = sample();
    size_t len;
    char *text = report_status(&report, &len);

    (void)state;
    assert_non_null(text);
    assert_int_equal(strlen(text), len);
    has(text, "reachable=1");
    has(text, "seconds_since_answer=1.500");
    has(text, "org_id=5000000001");
    has(text, "tokens=4");
    has(text, "sessions=0");
    has(text, "bound_seconds=30.000");
    has(text, "oldest_verdict_seconds=2.000");
    has(text, "own_token=valid");
    has(text, "memory_locked=yes");
    has(text, "promise=kept");
    free(text);

    report.stats.since_answer = DBA_NEVER;
    report.stats.own_token_invalid = report.stats.overloaded = true;
    text = report_status(&report, &len);
    has(text, "seconds_since_answer=");
    has(text, "own_token=invalid");
    has(text, "promise=the load is more than the bound allows");
    free(text);
}

static void test_metrics(void **state)
{
    struct report report = sample();
    size_t len;
    char *text = report_metrics(&report, &len);

    (void)state;
    assert_non_null(text);
    has(text, "dblab_auth_logins_total{service=\"sshd\",result=\"accepted\"} 7");
    has(text, "dblab_auth_logins_total{service=\"sshd\",result=\"refused\"} 0");
    has(text, "dblab_auth_checks_total{class=\"good\"} 9");
    has(text, "dblab_auth_check_seconds_bucket{le=\"0.05\"} 5");
    has(text, "dblab_auth_check_seconds_bucket{le=\"+Inf\"} 9");
    has(text, "dblab_auth_check_seconds_sum 0.5");
    has(text, "dblab_auth_check_seconds_count 9");
    has(text, "dblab_auth_platform_up 1");
    has(text, "dblab_auth_tokens 4");
    has(text, "dblab_auth_sessions{kind=\"pam\"} 0");
    has(text, "dblab_auth_bound_seconds 30");
    has(text, "dblab_auth_oldest_verdict_seconds 2");
    free(text);
}

/* Each sample follows the HELP and the TYPE of its own name; each name comes once. */
static void test_form(void **state)
{
    struct report report = sample();
    char name[128] = "";
    char *rest;
    size_t len;
    char *text = report_metrics(&report, &len);

    (void)state;
    assert_int_equal(text[len - 1], '\n');
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char type[16];

        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line, "# HELP %127s", name), 1);
            line = strtok_r(NULL, "\n", &rest);
            assert_non_null(line);
            assert_int_equal(strncmp(line, "# TYPE ", 7), 0);
            assert_int_equal(strncmp(line + 7, name, strlen(name)), 0);
            assert_int_equal(sscanf(line + 7 + strlen(name), "%15s", type), 1);
            assert_true(strcmp(type, "gauge") == 0 || strcmp(type, "counter") == 0 ||
                        strcmp(type, "histogram") == 0);
            assert_int_equal(strncmp(name, "dblab_auth_", 11), 0);
            assert_int_equal(strcmp(type, "counter") == 0,
                             strcmp(name + strlen(name) - 6, "_total") == 0);
        } else {
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
