/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/asking.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/client.h"

static struct dba_request sample(void)
{
    struct dba_request request = {.op = DBA_OP_AUTH, .uid = 1001};

    strcpy(request.service, "sshd");
    strcpy(request.user, "alice");
    strcpy(request.rhost, "192.0.2.1");
    assert_int_equal(dba_token_set(&request.token, "to ken", 6), DBA_OK);
    return request;
}

enum dba_err asking(const char *path, dba_time most, struct dba_reply *reply)
{
    struct dba_request request = sample();
    uint8_t buf[DBA_REPLY_BASE];

    memset(reply, 0xee, sizeof *reply);
    return dba_client_ask(path, dba_clock_monotonic() + most, &request, buf, sizeof buf, reply);
}

void asking_fails(const char *path, dba_time most, enum dba_err want)
{
    struct dba_reply reply;

    assert_int_equal(asking(path, most, &reply), want);
    assert_int_equal(reply.result, DBA_UNAVAILABLE);
    assert_int_equal(reply.reason, DBA_REASON_NO_DAEMON);
    assert_int_equal(reply.text_len, 0);
}

void asking_succeeds(const char *path)
{
    struct dba_reply reply;

    assert_int_equal(asking(path, LONG, &reply), DBA_OK);
    assert_int_equal(reply.result, DBA_ACCEPTED);
}

static int lowest_free(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)close(fd);
    return fd;
}

int asking_setup(void **state)
{
    static int fd;

    fd = lowest_free();
    *state = &fd;
    return 0;
}

int asking_teardown(void **state)
{
    return lowest_free() == *(const int *)*state ? 0 : -1;
}
