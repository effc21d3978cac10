/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/answer.h"
#include "tests/support/failalloc.h"

#define DOMAIN "acme.io"

/* From memory of exactly its size: a sanitizer build sees a byte read too many. */
static enum dba_err parse_bytes(const char *text, size_t len, struct dba_map **map,
                                unsigned *line, const char **why)
{
    char *copy = malloc(len > 0 ? len : 1);
    enum dba_err err;

    assert_non_null(copy);
    memcpy(copy, text, len);
    err = dba_map_parse(copy, len, map, line, why);
    free(copy);
    return err;
}

static struct dba_map *parse(const char *text)
{
    struct dba_map *map;
    unsigned line = 77;
    const char *why = "untouched";

    if (parse_bytes(text, strlen(text), &map, &line, &why) != DBA_OK)
        fail_msg("line %u: %s\n%s", line, why, text);
    assert_int_equal(line, 0);
    assert_null(why);
    return map;
}

static void refused_bytes(const char *text, size_t len, unsigned line)
{
    struct dba_map *map = (struct dba_map *)&line;
    const char *why = NULL;
    unsigned at = 77;

    assert_int_equal(parse_bytes(text, len, &map, &at, &why), DBA_ERR_FORM);
    assert_null(map);
    assert_int_equal(at, line);
    assert_non_null(why);
}

static void refused(const char *text, unsigned line)
{
    refused_bytes(text, strlen(text), line);
}

static bool fits(const struct dba_map *map, const char *email, const char *user)
{
    return dba_identity_fits(map, DOMAIN, DBA_USERNAME_LOCAL, email, user);
}

static bool fits_email(const struct dba_map *map, const char *email, const char *user)
{
    return dba_identity_fits(map, DOMAIN, DBA_USERNAME_EMAIL, email, user);
}

/* The name that `check` gives; "" for none. It always fits. */
static const char *name_of(const struct dba_map *map, enum dba_username style,
                           const char *email)
{
    static char user[DBA_USER_MAX + 1];
    bool found;

    strcpy(user, "untouched");
    found = dba_identity_name(map, DOMAIN, style, email, user, sizeof user);
    assert_int_equal(found, user[0] != '\0');
    assert_true(!found || dba_identity_fits(map, DOMAIN, style, email, user));
    return user;
}

static void test_rule(void **state)
{
    (void)state;
    assert_true(fits(NULL, "alice@acme.io", "alice"));
    assert_true(fits(NULL, "Alice@ACME.IO", "alice"));
    assert_true(fits(NULL, "a.b-c_9@acme.io", "a.b-c_9"));
    assert_true(
        dba_identity_fits(NULL, "ACME.io", DBA_USERNAME_LOCAL, "alice@acme.io", "alice"));
    assert_false(fits(NULL, "alice@acme.io", "Alice")); /* names are in lower case */
    assert_false(fits(NULL, "alice@acme.io", "bob"));
    assert_false(fits(NULL, "alice@acme.io", "alic"));
    assert_false(fits(NULL, "alice@acme.io", "alice1"));
    assert_false(fits(NULL, "alice@acme.io", ""));
    assert_false(fits(NULL, "alice@acme.io", "alice@acme.io"));
    assert_false(fits(NULL, "", "alice"));
    assert_false(fits(NULL, "", ""));
    assert_false(fits(NULL, "alice", "alice"));
    assert_false(fits(NULL, "9a@acme.io", "9a")); /* no user name can be so */
    assert_false(fits(NULL, "../a@acme.io", "../a"));
}

/* Whoever owns another domain must not become somebody here. */
static void test_domain(void **state)
{
    static const char *const strangers[] = {
        "alice@other.io",
        "alice@acme.io.other.io",
        "alice@other.io.acme.io",
        "alice@xacme.io",
        "alice@acme.i",
        "alice@acme.io.",
        "alice@sub.acme.io",
        "alice@",
        "@acme.io",
        "alice@acme.io@other.io",
        "alice@other.io@acme.io",
        "alice@@acme.io",
        "\"alice@acme.io\"@x.com",
        "alice@acme.io,a@x.com",
        "alice@acme.io\n",
        "alice@acme\xc4\xb1.io",
        "alice@acme.io ",
        " alice@acme.io",
    };

    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        assert_false(fits(NULL, strangers[i], "alice"));
        assert_string_equal(name_of(NULL, DBA_USERNAME_LOCAL, strangers[i]), "");
        assert_string_equal(name_of(NULL, DBA_USERNAME_EMAIL, strangers[i]), "");
    }
    assert_false(dba_identity_fits(NULL, "", DBA_USERNAME_LOCAL, "alice@acme.io", "alice"));
    assert_false(dba_identity_fits(NULL, "", DBA_USERNAME_LOCAL, "alice@", "alice"));
    /* What dba_address_valid() refuses maps through the file only. */
    assert_false(fits(NULL, "alice+x@acme.io", "alice"));
    assert_false(fits(NULL, "A <alice@acme.io>", "alice"));
    assert_false(fits(NULL, "alice(x)@acme.io", "alice"));
}

static void test_whole_address(void **state)
{
    struct dba_map *map = parse("bob@acme.io bob@acme.io robert\n"
                                "carol@else.where carol\n");

    (void)state;
    assert_true(fits_email(NULL, "Alice@acme.io", "alice@acme.io"));
    assert_true(fits_email(NULL, "9a@acme.io", "9a@acme.io"));
    assert_false(fits_email(NULL, "alice@acme.io", "alice"));
    assert_false(fits_email(NULL, "alice@acme.io", "Alice@acme.io"));
    assert_false(fits_email(NULL, "alice@other.io", "alice@other.io"));
    assert_true(fits_email(map, "bob@acme.io", "bob@acme.io"));
    assert_false(fits_email(map, "bob@acme.io", "robert"));
    assert_true(fits(map, "bob@acme.io", "robert"));
    assert_false(fits(map, "bob@acme.io", "bob@acme.io"));
    assert_string_equal(name_of(map, DBA_USERNAME_EMAIL, "bob@acme.io"), "bob@acme.io");
    assert_string_equal(name_of(map, DBA_USERNAME_LOCAL, "bob@acme.io"), "robert");
    /* Its lines name it, but not as this service writes names. */
    assert_string_equal(name_of(map, DBA_USERNAME_EMAIL, "carol@else.where"), "");
    dba_map_free(&map);
}

static void test_lengths(void **state)
{
    char name[64] = {0};
    char email[DBA_EMAIL_MAX + 2] = {0};
    char line[600];

    (void)state;
    memset(name, 'n', DBA_NAME_MAX);
    (void)sprintf(email, "%s@" DOMAIN, name);
    assert_true(fits(NULL, email, name));
    strcat(name, "n");
    (void)sprintf(email, "%s@" DOMAIN, name);
    assert_false(fits(NULL, email, name));
    assert_true(fits_email(NULL, email, email));

    memset(email, 'e', DBA_EMAIL_MAX);
    memcpy(email + DBA_EMAIL_MAX - strlen("@" DOMAIN), "@" DOMAIN, strlen("@" DOMAIN));
    assert_true(fits_email(NULL, email, email));
    assert_string_equal(name_of(NULL, DBA_USERNAME_EMAIL, email), email);
    (void)sprintf(line, "%s x %s", email, email);
    {
        struct dba_map *map = parse(line);

        assert_true(fits(map, email, "x") && fits_email(map, email, email));
        dba_map_free(&map);
    }
    memmove(email + 1, email, DBA_EMAIL_MAX); /* one byte too many */
    assert_false(fits_email(NULL, email, email));
    assert_string_equal(name_of(NULL, DBA_USERNAME_EMAIL, email), "");
    (void)sprintf(line, "%s x", email);
    refused(line, 1);
    (void)sprintf(line, "a@b %s", email);
    refused(line, 1);
}

static void test_lines(void **state)
{
    struct dba_map *map = parse("# people\n"
                                "Bob@Acme.io\tbobby  robert # two\n"
                                "\n"
                                "  \t \n"
                                " a+b@else.where plus\r\n"
                                "x#y@z hash\n"
                                "\"Q\"@z\xc3\xa9 quoted # bob@acme.io bob\n"
                                "#bob@acme.io bob\n"
                                "bob@acme.io third bobby");

    (void)state;
    assert_int_equal(dba_map_count(map), 4);
    assert_true(fits(map, "bob@acme.io", "bobby"));
    assert_true(fits(map, "BOB@acme.io", "robert"));
    assert_true(fits(map, "bob@acme.io", "third")); /* several lines add up */
    assert_false(fits(map, "bob@acme.io", "bob"));  /* its lines, and nothing else */
    assert_false(fits(map, "bob@acme.io", "two"));
    assert_false(fits(map, "bob@acme.io", "plus"));
    assert_true(fits(map, "a+b@else.where", "plus"));
    assert_true(fits(map, "A+B@else.where", "plus"));
    assert_true(fits(map, "x#y@z", "hash"));
    assert_true(fits(map, "\"q\"@z\xc3\xa9", "quoted"));
    assert_false(fits(map, "\"q\"@z\xc3\x89", "quoted")); /* lower case is for ASCII only */
    assert_true(fits(map, "carol@acme.io", "carol"));
    assert_false(fits(map, "", "bobby"));
    assert_string_equal(name_of(map, DBA_USERNAME_LOCAL, "bob@acme.io"), "bobby");
    assert_string_equal(name_of(map, DBA_USERNAME_LOCAL, "Carol@acme.io"), "carol");
    assert_string_equal(name_of(map, DBA_USERNAME_LOCAL, "x@y.z"), "");
    assert_string_equal(name_of(map, DBA_USERNAME_LOCAL, ""), "");
    dba_map_free(&map);
    assert_null(map);
    dba_map_free(&map);
}

static void test_empty(void **state)
{
    static const char *const texts[] = {"", "\n", "\r\n\r\n", "# nobody", " \t", "#"};
    struct dba_map *map;
    const char *why;
    unsigned line;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        map = parse(texts[i]);
        assert_int_equal(dba_map_count(map), 0);
        assert_true(fits(map, "alice@acme.io", "alice"));
        dba_map_free(&map);
    }
    assert_int_equal(dba_map_parse(NULL, 0, &map, &line, &why), DBA_OK);
    dba_map_free(&map);
}

static void test_refused(void **state)
{
    (void)state;
    refused("alice\n", 1);
    refused("alice alice\n", 1);
    refused("@b x\n", 1);
    refused("a@ x\n", 1);
    refused("@ x\n", 1);
    refused("\na@b\n", 2);
    refused("a@b # only a comment\n", 1);
    refused("a@b Alice\n", 1);
    refused("a@b ok Alice\n", 1);
    refused("a@b ../x\n", 1);
    refused("a@b 0\n", 1);
    refused("a@b A@b\n", 1);
    refused("a@b x@\n", 1);
    refused("a@b x, y\n", 1);
    refused("a@b x#y\n", 1);
    refused("a@b: x\nc@d", 2);
    refused("a@b ok\n\x01\n", 2);
    refused("a@b ok\n# \x1b[31m\n", 2);
    refused("a@b ok\n\n\nc@d x\x7f\n", 4);
    refused("a@b\v ok\n", 1);
    refused_bytes("a@b ok\0\n", 8, 1);
    refused_bytes("a@b ok\n\0", 8, 2);
    refused_bytes("a@b ok\n#\0\nc@d ok\n", 17, 2);
    refused("\xef\xbb\xbf# a byte order mark\n", 1);
}

static void test_size(void **state)
{
    size_t len = DBA_MAP_FILE_MAX;
    char *text = malloc(len + 1);
    struct dba_map *map;
    const char *why;
    unsigned line;

    (void)state;
    assert_non_null(text);
    memset(text, '#', len + 1);
    memcpy(text, "a@b x\n", 6);
    assert_int_equal(dba_map_parse(text, len, &map, &line, &why), DBA_OK);
    assert_int_equal(dba_map_count(map), 1);
    dba_map_free(&map);
    assert_int_equal(dba_map_parse(text, len + 1, &map, &line, &why), DBA_ERR_SIZE);
    assert_null(map);
    assert_non_null(why);
    free(text);
}

/* A buffer that is too small gets nothing, not a part of a name. */
static void test_cap(void **state)
{
    struct dba_map *map = parse("bob@acme.io bobby");
    char user[8];

    (void)state;
    for (size_t cap = 0; cap <= 6; cap++) {
        memset(user, 'k', sizeof user);
        assert_int_equal(
            dba_identity_name(map, DOMAIN, DBA_USERNAME_LOCAL, "bob@acme.io", user, cap),
            cap == 6);
        assert_string_equal(cap == 0 ? "" : user, cap == 6 ? "bobby" : "");
        assert_int_equal(user[cap], 'k');
        memset(user, 'k', sizeof user);
        assert_int_equal(
            dba_identity_name(NULL, DOMAIN, DBA_USERNAME_LOCAL, "alice@acme.io", user, cap),
            cap == 6);
        assert_string_equal(cap == 0 ? "" : user, cap == 6 ? "alice" : "");
        assert_int_equal(user[cap], 'k');
    }
    dba_map_free(&map);
}

enum { N = 100000 };

/* Each email twice, far apart and in no order. */
static int place(int i)
{
    return (int)((i * 7919LL) % N);
}

static void test_large(void **state)
{
    char *text = malloc((size_t)N * 2 * 40);
    struct dba_map *map;
    char email[40];
    char user[40];
    size_t len = 0;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < 2 * N; i++)
        len += (size_t)sprintf(text + len, "u%d@acme.io x%d\n", place(i), i);
    map = parse(text);
    free(text);
    assert_int_equal(dba_map_count(map), N);
    for (int i = 0; i < 2 * N; i++) {
        (void)sprintf(email, "U%d@acme.io", place(i));
        (void)sprintf(user, "x%d", i);
        assert_true(fits(map, email, user));
        (void)sprintf(user, "x%d", i % N);
        assert_string_equal(name_of(map, DBA_USERNAME_LOCAL, email), user);
    }
    assert_false(fits(map, "u0@acme.io", "x1"));
    assert_false(fits(map, "u0@acme.io", "u0"));
    assert_true(fits(map, "u100000@acme.io", "u100000"));
    dba_map_free(&map);
}

/* More pairs than fit the first block of the array, so that growing it fails, too. */
static enum dba_err parse_many(void *arg)
{
    static const char line[] = "a@b x y z\n";
    char text[100 * sizeof line];
    struct dba_map *map;
    const char *why;
    unsigned at;
    size_t len = 0;
    enum dba_err err;

    (void)arg;
    for (int i = 0; i < 100; i++, len += strlen(line))
        memcpy(text + len, line, strlen(line));
    err = dba_map_parse(text, len, &map, &at, &why);
    assert_int_equal(map != NULL, err == DBA_OK);
    if (err != DBA_OK)
        assert_non_null(why);
    dba_map_free(&map);
    return err;
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(failalloc_each(parse_many, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule),          cmocka_unit_test(test_domain),
        cmocka_unit_test(test_whole_address), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lines),         cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_size),
        cmocka_unit_test(test_cap),           cmocka_unit_test(test_large),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
