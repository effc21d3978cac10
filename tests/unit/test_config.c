/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to settings: what is read, kept, refused, warned of, and dumped. Its files must be
 * root's; without root all of it is skipped.
 */
#include "dblab-authd/keeper/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/failalloc.h"
#include "tests/support/folder.h"

static char folder[] = FOLDER_TEMPLATE;
static char path[128];
static char said[8192];

static void say(const char *line, void *arg)
{
    (void)arg;
    (void)strncat(said, line, sizeof said - strlen(said) - 2);
    (void)strcat(said, "\n");
}

static void put(const char *name, const char *text, mode_t mode)
{
    char file[256];
    int fd;

    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Every %s of the text is the folder. */
static void put_config(const char *text, mode_t mode)
{
    char whole[8192] = "";

    for (const char *hole; (hole = strstr(text, "%s")) != NULL; text = hole + 2) {
        (void)strncat(whole, text, (size_t)(hole - text));
        (void)strcat(whole, folder);
    }
    (void)strcat(whole, text);
    put("conf", whole, mode);
}

static struct config *good(const char *text)
{
    struct config *config;

    put_config(text, 0644);
    said[0] = '\0';
    if (config_load(path, say, NULL, &config) != DBA_OK)
        fail_msg("%s\n%s", text, said);
    return config;
}

static void bad_mode(const char *text, mode_t mode, const char *what)
{
    struct config *config;

    put_config(text, mode);
    said[0] = '\0';
    assert_int_equal(config_load(path, say, NULL, &config), DBA_ERR_CONFIG);
    assert_null(config);
    if (strstr(said, what) == NULL)
        fail_msg("%s\nsaid: %s\nnot:  %s", text, said, what);
}

static void bad(const char *text, const char *what)
{
    bad_mode(text, 0644, what);
}

static int setup(void **state)
{
    int made;

    (void)state;
    made = folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/conf", folder);
    return made;
}

static int teardown(void **state)
{
    (void)state;
    return folder_remove(folder);
}

#define ID   "identity: { domain = \"acme.io\"; group = \"root\"; };\n"
#define BASE "platform: { orgId = 1; };\n" ID

static void test_values(void **state)
{
    struct config *config;

    (void)state;
    folder_needed();
    config = good("runDir = \"%s/run\";\n"
                  "platform: { url = \"https://a/b///\"; orgId = 5000000001; timeout = 1.5;\n"
                  "  orgKey = \"\"; instanceId = \"i\"; maxInFlight = 7; };\n" ID
                  "outage: { logins = 3; sessions = -1; };\n"
                  "services: ( { name = \"sshd\"; }, { name = \"web\"; unixAccount = false;\n"
                  "  callers = (\"root\"); username = \"email\"; wait = 0.25; } );\n");
    assert_string_equal(config->platform.url, "https://a/b");
    assert_int_equal(config->platform.timeout_ms, 1500);
    assert_int_equal(config->platform.connect_timeout_ms, 1500); /* the default is more */
    assert_int_equal(config->platform.max_in_flight, 7);
    assert_string_equal(config->platform.instance_id, "i");
    assert_true(config->settings.org_id == 5000000001);
    assert_true(config->settings.timeout == 3 * DBA_SECOND / 2);
    assert_true(config->settings.outage_logins == 3 * DBA_SECOND);
    assert_true(config->settings.outage_sessions == DBA_NEVER);
    assert_int_equal(config->settings.services_count, 2);
    assert_true(config->settings.services[0].wait == DBA_NEVER);
    assert_int_equal(config->settings.services[0].session, DBA_SESSION_PAM);
    assert_true(config->settings.services[1].wait == DBA_SECOND / 4);
    assert_int_equal(config->settings.services[1].username, DBA_USERNAME_EMAIL);
    assert_int_equal(config->settings.services[1].callers_count, 1);
    assert_int_equal(config->settings.services[1].session, DBA_SESSION_NONE);
    assert_null(config->ca);
    assert_string_equal(said, "");
    config_free(&config);
    assert_null(config);
}

static void test_tokens(void **state)
{
    struct config *config;

    (void)state;
    folder_needed();
    put("token", "the-token\nand a remark\n", 0600);
    put("verification", "secret\r\n", 0640);
    config = good("platform: { accessTokenFile = \"%s/token\"; };\n" ID
                  "tokens: { verificationTokenFile = \"%s/verification\"; };\n");
    assert_string_equal(config->settings.access_token.bytes, "the-token");
    assert_string_equal(config->settings.verification_token.bytes, "secret");
    config_free(&config);

    put("token", "no newline", 0600);
    config = good("platform: { accessTokenFile = \"%s/token\"; };\n" ID);
    assert_string_equal(config->settings.access_token.bytes, "no newline");
    config_free(&config);

    put("token", "\nsecond\n", 0600);
    bad("platform: { accessTokenFile = \"%s/token\"; };\n" ID,
        "conf:1: accessTokenFile: a token is a line of 1 to 511 bytes");
    put("token", "t", 0644);
    bad("platform: {\n accessTokenFile = \"%s/token\"; };\n" ID,
        "conf:2: accessTokenFile: " /* folder */);
    assert_non_null(strstr(said, "readable by others; mend it with: chmod o-rwx"));
    bad("platform: { accessTokenFile = \"%s/none\"; };\n" ID, "No such file");
}

/* What is a secret in the file makes the file one, and is not dumped. */
static void test_secrets(void **state)
{
    static const char *const secrets[] = {"orgKey = \"hidden\"", "accessToken = \"hidden\"",
                                          "proxy = \"http://u:hidden@proxy:1\""};

    (void)state;
    folder_needed();
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        char text[512];
        char *dump = NULL;
        size_t len;
        FILE *out;
        struct config *config;

        (void)snprintf(text, sizeof text, "platform: { orgId = 1;\n%s; };\n" ID, secrets[i]);
        bad_mode(text, 0644, "conf:2: ");
        assert_non_null(strstr(said, "is a secret, but"));
        put_config(text, 0600);
        assert_int_equal(config_load(path, say, NULL, &config), DBA_OK);
        out = open_memstream(&dump, &len);
        assert_non_null(out);
        config_dump(config, out);
        assert_int_equal(fclose(out), 0);
        assert_null(strstr(dump, "hidden"));
        assert_non_null(strstr(dump, " is set\n"));
        free(dump);
        config_free(&config);
    }
}

static char *dump_of(const struct config *config)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    config_dump(config, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_dump_loads_to_the_same(void **state)
{
    static const char *const texts[] = {
        BASE,
        "platform: { orgId = 5000000001; instanceId = \"a \\\"b\\\" \\\\ c\"; };\n" ID,
        BASE "revocation: { bound = 20.125; remember = 99999999.5; };\nlimits: { verdicts = "
             "10000000; };\n",
        BASE "services: ( { name = \"a\"; denyUsers = [\"x\", \"y\"]; wait = 0.05; } );\n",
        BASE "services: ( );\n",
    };

    (void)state;
    folder_needed();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config *first = good(texts[i]);
        char *one = dump_of(first);
        struct config *second = good(one);
        char *two = dump_of(second);

        assert_string_equal(one, two);
        assert_true(first->settings.org_id == second->settings.org_id);
        assert_true(first->settings.bound == second->settings.bound);
        free(one);
        free(two);
        config_free(&first);
        config_free(&second);
    }
}

static void test_ca(void **state)
{
    struct config *config;

    (void)state;
    folder_needed();
    put("ca", "-----BEGIN CERTIFICATE-----\n", 0644);
    config = good("platform: { orgId = 1; caFile = \"%s/ca\"; };\n" ID);
    assert_true(config->platform.has_ca);
    assert_int_equal(config->ca_len, 28);
    assert_memory_equal(config->ca, "-----BEGIN", 10);
    config_free(&config);
    put("ca", "nothing of the kind", 0644);
    bad("platform: { orgId = 1; caFile = \"%s/ca\"; };\n" ID, "has no certificate (PEM) in it");
    put("ca", "-----BEGIN CERTIFICATE-----\n", 0666);
    bad("platform: { orgId = 1; caFile = \"%s/ca\"; };\n" ID, "caFile: ");
    bad("platform: { orgId = 1; caFile = \"%s/no\"; };\n" ID, "No such file");
}

static void test_map(void **state)
{
    struct config *config;

    (void)state;
    folder_needed();
    put("map", "a@b.c alice\n", 0644);
    config = good("platform: { orgId = 1; };\nidentity: { mapFile = \"%s/map\"; };\n");
    assert_int_equal(dba_map_count(config->settings.map), 1);
    config_free(&config);
    put("map", "# fine\na@b.c alice\nnonsense\n", 0644);
    bad("platform: { orgId = 1; };\nidentity: { mapFile = \"%s/map\"; };\n", "/map:3: ");
}

static void test_connector(void **state)
{
    struct config *config;
    static const char text[] =
        BASE "services: ( { name = \"pool\"; unixAccount = false; callers = [\"root\"];\n"
             "  session = \"connector\"; connector = \"%s/program\"; } );\n";

    (void)state;
    folder_needed();
    bad(text, "conf:3: connector: ");
    put("program", "", 0644);
    bad(text, "is not executable; mend it with: chmod u+x");
    put("program", "", 0755);
    config = good(text);
    assert_int_equal(config->settings.services[0].session, DBA_SESSION_CONNECTOR);
    config_free(&config);
}

static void test_warnings(void **state)
{
    struct config *config;

    (void)state;
    folder_needed();
    config = good(BASE "services: (\n { name = \"a\"; unixAccount = false;\n"
                       "   callers = [\"nobody-is-called-so\"]; } );\n");
    assert_non_null(strstr(said, "conf:4: warning: service \"a\": the caller "
                                 "\"nobody-is-called-so\" has no account"));
    assert_int_equal(config->settings.services[0].callers_count, 0);
    config_free(&config);
    config = good("platform: { orgId = 1; };\nidentity: { domain = \"a.b\";\n"
                  "group = \"nobodies\"; };\nservices: ( { name = \"sshd\"; } );\n");
    assert_non_null(strstr(said, "conf:3: warning: the group \"nobodies\" does not exist"));
    config_free(&config);
}

static void test_the_file_itself(void **state)
{
    struct config *config;

    (void)state;
    folder_needed();
    bad_mode(BASE, 0666, "conf:1: ");
    assert_non_null(strstr(said, "is writable by others; mend it with: chmod go-w"));
    said[0] = '\0';
    assert_int_equal(config_load("/nowhere/conf", say, NULL, &config), DBA_ERR_CONFIG);
    assert_string_equal(said, "/nowhere/conf:1: /nowhere: No such file or directory\n");
    bad("runDir = \"%s/no/run\";\n" BASE, "conf:1: runDir must be root's and writable by root");
    bad("runDir = \"run\";\n" BASE, "conf:1: runDir must be an absolute path");
}

static enum dba_err load_once(void *arg)
{
    struct config *config;
    enum dba_err err;

    (void)arg;
    said[0] = '\0';
    err = config_load(path, say, NULL, &config);
    assert_int_equal(config != NULL, err == DBA_OK);
    if (err != DBA_OK) /* what is wrong is not the file */
        assert_null(strstr(said, path));
    config_free(&config);
    return err;
}

/* There if this is linked with $(FAILALLOC), tests/tests.mk. */
__attribute__((weak)) void *__real_malloc(size_t size);

static void test_memory(void **state)
{
    (void)state;
    if (__real_malloc == NULL)
        skip();
    folder_needed();
    put("token", "t\n", 0600);
    put("ca", "-----BEGIN CERTIFICATE-----\n", 0644);
    put("map", "a@b.c alice\n", 0644);
    put_config("platform: { accessTokenFile = \"%s/token\"; caFile = \"%s/ca\"; };\n"
               "identity: { mapFile = \"%s/map\"; group = \"root\"; denyUsers = [\"x\"]; };\n"
               "tokens: { administrativeUsers = [\"deploy\"]; };\n"
               "services: ( { name = \"sshd\"; }, { name = \"web\"; unixAccount = false;\n"
               "  callers = [\"root\"]; denyUsers = [\"x\"]; } );\n",
               0600);
    assert_true(failalloc_each(load_once, NULL) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_dump_loads_to_the_same),
        cmocka_unit_test(test_ca),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_connector),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_the_file_itself),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
