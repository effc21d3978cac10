/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of the checker: text in, text out, and when to call a connection cold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dblab-authd/checker/ca.h"
#include "dblab-authd/checker/incoming.h"
#include "dblab-authd/checker/names.h"
#include "dblab-authd/checker/request.h"
#include "dblab-authd/checker/resolve.h"
#include "dblab-authd/checker/url.h"
#include "dblab-authd/checker/warmth.h"
#include "dblab-authd/checker/wiping.h"

/* ---- url ---- */

static void test_urls(void **state)
{
    struct url url;

    (void)state;
    assert_true(url_split("https://postgres.ai/api/general", "", &url));
    assert_string_equal(url.scheme, "https");
    assert_string_equal(url.host, "postgres.ai");
    assert_int_equal(url.port, 0);
    assert_false(url.address || url.has_user || url.has_query);
    assert_true(url_split("HTTP://127.0.0.1:80", "", &url));
    assert_true(url.address);
    assert_int_equal(url.port, 80);
    assert_true(url_split("https://[2001:db8::1]:8443/x", "", &url));
    assert_string_equal(url.host, "2001:db8::1");
    assert_true(url.address);
    assert_int_equal(url.port, 8443);
    assert_true(url_split("proxy.acme.io:3128", "http", &url));
    assert_string_equal(url.scheme, "http");
    assert_int_equal(url.port, 3128);
    assert_true(url_split("socks5h://u:p@proxy:1080/", "http", &url));
    assert_string_equal(url.host, "proxy");
    assert_true(url.has_user);
    assert_true(url_split("https://a/b?c", "", &url));
    assert_true(url.has_query);
}

static void test_no_urls(void **state)
{
    static const char *const wrong[] = {
        "",
        "host",
        "ftp://a/",
        "https://",
        "https:///x",
        "https://:1",
        "https://a:0/",
        "https://a:/",
        "https://a:65536/",
        "https://a:12x",
        "https://[::1",
        "https://[a]/",
        "https://a b/",
        "https://\xc3\xa4.de",
        "://a",
        "https://[::1]x",
        "https://a:1:2",
    };
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (url_split(wrong[i], "", &url))
            print_error("taken: %s\n", wrong[i]);
        assert_false(url_split(wrong[i], "", &url));
    }
}

/* ---- request ---- */

static void test_body(void **state)
{
    char body[REQUEST_BODY_MAX];
    struct dba_token token;
    char all[DBA_TOKEN_MAX];

    (void)state;
    assert_int_equal(dba_token_set(&token, "a\"b\\c \xc3\xa4", 8), DBA_OK);
    assert_int_equal(request_body(&token, body), strlen("{'token':'a_'b__c ab'}"));
    assert_string_equal(body, "{\"token\":\"a\\\"b\\\\c \xc3\xa4\"}");
    memset(all, '"', sizeof all);
    assert_int_equal(dba_token_set(&token, all, sizeof all), DBA_OK);
    assert_int_equal(request_body(&token, body), REQUEST_BODY_MAX - 1);
    assert_int_equal(strlen(body), REQUEST_BODY_MAX - 1);
}

static void test_token_valid(void **state)
{
    struct dba_token token;

    (void)state;
    assert_int_equal(dba_token_set(&token, "abc", 3), DBA_OK);
    assert_true(request_token_valid(&token));
    token.bytes[1] = '\r';
    assert_false(request_token_valid(&token));
    token.bytes[1] = 'b';
    token.bytes[3] = 'd'; /* not terminated */
    assert_false(request_token_valid(&token));
    token.len = DBA_TOKEN_MAX + 1;
    assert_false(request_token_valid(&token));
    token.len = 0;
    assert_false(request_token_valid(&token));
}

static struct link_setup setup_good(void)
{
    return (struct link_setup){.version = LINK_VERSION,
                               .url = "https://platform.test/api",
                               .connect_timeout_ms = 1,
                               .timeout_ms = 1,
                               .max_connections = 1,
                               .max_in_flight = 1};
}

static void test_common(void **state)
{
    struct link_setup setup = setup_good();
    struct request_common common;

    (void)state;
    assert_null(request_common(&setup, &common));
    assert_string_equal(common.url, "https://platform.test/api/rpc/dblab_token_check");
    assert_int_equal(common.count, 3);
    assert_string_equal(common.headers[1], "Selfassigned-Instance-ID;"); /* sent, empty */
    strcpy(setup.org_key, "key");
    strcpy(setup.instance_id, "id");
    assert_null(request_common(&setup, &common));
    assert_int_equal(common.count, 4);
    assert_string_equal(common.headers[1], "Selfassigned-Instance-ID: id");
    assert_string_equal(common.headers[2], "Org-Key: key");
    strcpy(setup.org_key, "a\r\nEvil: b");
    assert_non_null(request_common(&setup, &common));
    memset(setup.org_key, 'a', sizeof setup.org_key);
    assert_non_null(request_common(&setup, &common));
    setup = setup_good();
    setup.version++;
    assert_non_null(request_common(&setup, &common));
    setup = setup_good();
    setup.max_in_flight = 0;
    assert_non_null(request_common(&setup, &common));
}

/* ---- incoming ---- */

static bool header(struct incoming *in, const char *line)
{
    return incoming_header(in, line, strlen(line));
}

static uint32_t retry_after(const char *value)
{
    char line[256] = "Retry-After: ";
    struct incoming in = {0};

    strcat(strcat(line, value), "\r\n");
    assert_true(header(&in, line));
    assert_true(in.has_retry_after);
    return incoming_retry_after_ms(&in, 1000000000); /* Sun, 09 Sep 2001 01:46:40 GMT */
}

static void test_retry_after(void **state)
{
    (void)state;
    assert_int_equal(retry_after("7"), 7000);
    assert_int_equal(retry_after("  60  "), 60000);
    assert_int_equal(retry_after("0"), 0);
    assert_int_equal(retry_after("86400"), 86400000);
    assert_int_equal(retry_after("86401"), 86400000);
    assert_int_equal(retry_after("99999999999999999999999999"), 86400000);
    assert_int_equal(retry_after("Sun, 09 Sep 2001 01:47:10 GMT"), 30000);
    assert_int_equal(retry_after("Sun, 09 Sep 2001 01:46:39 GMT"), 0);
    assert_int_equal(retry_after("Sun, 09 Sep 2037 01:46:39 GMT"), 86400000);
    assert_int_equal(retry_after(""), 0);
    assert_int_equal(retry_after("-5"), 0);
    assert_int_equal(retry_after("1.5"), 0);
    assert_int_equal(retry_after("soon"), 0);
    assert_int_equal(retry_after("60s"), 0);
    assert_int_equal(retry_after("0000000000000000000000000000000000000000000000000000000000000"
                                 "0000000007"),
                     0);
}

static void test_headers(void **state)
{
    struct incoming in = {0};
    char line[1024];

    (void)state;
    assert_true(header(&in, "HTTP/1.1 103 Early Hints\r\n"));
    assert_true(header(&in, "rEtRy-AfTeR:3\r\n"));
    assert_true(in.has_retry_after);
    assert_true(header(&in, "HTTP/1.1 200 OK\r\n"));
    assert_false(in.has_retry_after);
    assert_true(header(&in, "X-Retry-After: 3\r\n"));
    assert_false(in.has_retry_after);
    memset(line, 'a', sizeof line);
    for (int i = 0; i < 31; i++)
        assert_true(incoming_header(&in, line, sizeof line));
    assert_false(incoming_header(&in, line, sizeof line));
    assert_true(in.headers_over);
    incoming_reset(&in);
    assert_false(in.headers_over);
    incoming_free(&in);
}

static void test_bodies(void **state)
{
    struct incoming in = {0};
    char bytes[1000];

    (void)state;
    memset(bytes, 'b', sizeof bytes);
    assert_true(incoming_body(&in, bytes, 0));
    for (int i = 0; i < 65; i++)
        assert_true(incoming_body(&in, bytes, sizeof bytes));
    assert_int_equal(in.len, 65000);
    assert_true(incoming_body(&in, bytes, INCOMING_BODY_MAX - 65000));
    assert_false(in.body_over);
    assert_false(incoming_body(&in, bytes, 1));
    assert_true(in.body_over);
    incoming_reset(&in);
    assert_null(in.body);
    assert_true(incoming_body(&in, "x", 1));
    incoming_reset(&in);
    assert_int_equal(in.len, 0);
    assert_non_null(in.body); /* a small one is kept */
    incoming_free(&in);
}

/* ---- warmth ---- */

static void test_warmth_at_once(void **state)
{
    struct warmth warmth;
    dba_time now = 5 * DBA_SECOND;

    (void)state;
    warmth_init(&warmth, now);
    assert_true(warmth_report(&warmth, now));
    assert_false(warmth_report(&warmth, now + DBA_SECOND));
    /* Kept connections that are lost: so many at once, then at a steady pace. */
    for (int i = 0; i < WARMTH_BURST; i++) {
        warmth_set(&warmth, now, true);
        warmth_keeps(&warmth);
        warmth_set(&warmth, now, false);
        assert_true(warmth_report(&warmth, now));
    }
    warmth_set(&warmth, now, true);
    warmth_keeps(&warmth);
    warmth_set(&warmth, now, false);
    assert_false(warmth_report(&warmth, now));
    assert_true(warmth.due == now + WARMTH_REFILL);
    assert_true(warmth_report(&warmth, warmth.due));
    assert_true(warmth.due == DBA_NEVER);
}

static void test_warmth_in_vain(void **state)
{
    struct warmth warmth;
    dba_time now = 0;
    dba_time delay = WARMTH_DELAY_MIN;

    (void)state;
    warmth_init(&warmth, now);
    assert_true(warmth_report(&warmth, now));
    for (int i = 0; i < 6; i++) {
        warmth_set(&warmth, now, true);
        assert_true(warmth.due == DBA_NEVER);
        warmth_set(&warmth, now, false);
        assert_true(warmth.due == now + delay);
        now = warmth.due;
        assert_true(warmth_report(&warmth, now));
        delay = 2 * delay > WARMTH_DELAY_MAX ? WARMTH_DELAY_MAX : 2 * delay;
    }
    warmth_set(&warmth, now, true);
    warmth_keeps(&warmth);
    warmth_set(&warmth, now, false);
    assert_true(warmth_report(&warmth, now));
    warmth_set(&warmth, now, true);
    warmth_set(&warmth, now, false);
    assert_true(warmth.due == now + WARMTH_DELAY_MIN);
}

/* ---- memory, files ---- */

static void test_wiping(void **state)
{
    char *text = malloc(10);

    (void)state;
    assert_non_null(text);
    strcpy(text, "secret");
    text = wiping_realloc(text, 100000);
    assert_non_null(text);
    assert_string_equal(text, "secret");
    text = wiping_realloc(text, 20);
    assert_string_equal(text, "secret");
    wiping_free(text);
    wiping_free(NULL);
    text = wiping_realloc(NULL, 1);
    assert_non_null(text);
    wiping_free(text);
}

static void test_ca(void **state)
{
    FILE *file = tmpfile();
    char *bytes;
    size_t len;

    (void)state;
    assert_non_null(file);
    assert_false(ca_read(fileno(file), &bytes, &len)); /* empty */
    assert_null(bytes);
    assert_int_equal(fputs("certificate", file) < 0, 0);
    assert_int_equal(fflush(file), 0);
    assert_true(ca_read(fileno(file), &bytes, &len)); /* from the start, wherever it stands */
    assert_int_equal(len, strlen("certificate"));
    assert_memory_equal(bytes, "certificate", len);
    free(bytes);
    assert_int_equal(ftruncate(fileno(file), CA_FILE_MAX + 1), 0);
    assert_false(ca_read(fileno(file), &bytes, &len));
    fclose(file);
    assert_false(ca_folder_hashed(NULL));
    assert_false(ca_folder_hashed("/nonexistent"));
    assert_false(ca_folder_hashed("/proc/self"));
}

/* ---- names ---- */

struct lookup {
    struct loop *loop;
    int ended;
    bool found;
};

static void looked_up(bool found, void *arg)
{
    struct lookup *lookup = arg;

    lookup->ended++;
    lookup->found = found;
    loop_stop(lookup->loop);
}

static void test_names(void **state)
{
    struct lookup lookup = {.loop = loop_new()};
    struct names *names;
    const char *why;

    (void)state;
    names = names_new(lookup.loop, "https://localhost:8443/x", "", looked_up, &lookup, &why);
    assert_non_null(names);
    assert_false(names_known(names));
    assert_null(names_entry(names, 0));
    assert_true(names_refresh(names, 0));
    assert_true(names_refresh(names, 0)); /* one at a time */
    loop_run(lookup.loop);
    assert_int_equal(lookup.ended, 1);
    assert_true(lookup.found);
    assert_true(names_known(names));
    assert_int_equal(names_version(names), 1);
    assert_memory_equal(names_entry(names, 0), "localhost:8443:", strlen("localhost:8443:"));
    assert_null(names_entry(names, 1));
    /* Freed while a lookup runs. */
    assert_true(names_refresh(names, 0));
    names_free(&names);
    assert_null(names);
    loop_free(&lookup.loop);
}

static void test_names_not_found(void **state)
{
    struct lookup lookup = {.loop = loop_new()};
    const char *why;
    /* RFC 6761: never found; and too long to be asked of anybody. */
    struct names *names = names_new(
        lookup.loop,
        "https://"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid/",
        "", looked_up, &lookup, &why);

    (void)state;
    assert_non_null(names);
    assert_true(names_refresh(names, 0));
    loop_run(lookup.loop);
    assert_false(lookup.found);
    assert_false(names_known(names));
    names_free(&names);
    loop_free(&lookup.loop);
}

static void test_names_of_a_setup(void **state)
{
    struct loop *loop = loop_new();
    struct names *names;
    const char *why;

    (void)state;
    names = names_new(loop, "https://127.0.0.1/x", "", looked_up, NULL, &why);
    assert_non_null(names);
    assert_true(names_known(names)); /* nothing to look up */
    names_free(&names);
    assert_null(names_new(loop, "https://a/?x", "", looked_up, NULL, &why));
    assert_non_null(why);
    assert_null(names_new(loop, "https://u@a/", "", looked_up, NULL, &why));
    assert_null(names_new(loop, "socks5://a/", "", looked_up, NULL, &why));
    assert_null(names_new(loop, "https://a/", "ftp://b", looked_up, NULL, &why));
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_no_urls),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_token_valid),
        cmocka_unit_test(test_common),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_warmth_at_once),
        cmocka_unit_test(test_warmth_in_vain),
        cmocka_unit_test(test_wiping),
        cmocka_unit_test(test_ca),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_not_found),
        cmocka_unit_test(test_names_of_a_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
