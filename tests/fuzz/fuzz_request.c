/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller sends. The input is taken as a frame: it is read within its bounds, and what is
 * taken encodes to the same bytes. Then as the fields of a request: what is encoded decodes to
 * the same fields.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void from_bytes(const uint8_t *data, size_t size)
{
    static const struct dba_request none;
    uint8_t again[DBA_REQUEST_MAX];
    struct dba_request request;
    size_t total;
    size_t len;
    enum dba_err err = dba_request_length(data, size, &total);

    check((err == DBA_OK) == (total != 0) && total <= DBA_REQUEST_MAX);
    if (dba_request_decode(data, size, &request) != DBA_OK) {
        check(memcmp(&request, &none, sizeof none) == 0);
        return;
    }
    check(err == DBA_OK && total == size);
    check(dba_request_encode(&request, again, &len) == DBA_OK && len == size);
    check(memcmp(again, data, size) == 0);
}

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* As many bytes as the next one says (twice that: all lengths can come), cut to what fits. */
static size_t bytes(struct input *in, char *out, size_t most)
{
    size_t want = (size_t)byte(in) * 2;
    size_t len = want < in->left ? want : in->left;

    if (len > most)
        len = most;
    memcpy(out, in->at, len);
    out[len] = '\0';
    in->at += len;
    in->left -= len;
    return len;
}

static void from_fields(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct dba_request a = {.op = (enum dba_op)(byte(&in) % 8)};
    struct dba_request b;
    uint8_t buf[DBA_REQUEST_MAX];
    char token[DBA_TOKEN_MAX + 1];
    size_t len;

    a.wait_ms = (uint32_t)byte(&in) << 24 | byte(&in);
    a.uid = (uid_t)byte(&in) << 24 | byte(&in);
    (void)bytes(&in, a.service, DBA_SERVICE_MAX);
    (void)bytes(&in, a.user, DBA_USER_MAX);
    (void)bytes(&in, a.rhost, DBA_RHOST_MAX);
    (void)bytes(&in, a.tty, DBA_TTY_MAX);
    (void)bytes(&in, a.ruser, DBA_USER_MAX);
    len = bytes(&in, token, DBA_TOKEN_MAX);
    (void)dba_token_set(&a.token, token, len); /* or none */
    if (dba_request_encode(&a, buf, &len) != DBA_OK) {
        check(len == 0);
        return;
    }
    check(dba_request_decode(buf, len, &b) == DBA_OK);
    check(a.op == b.op && a.wait_ms == b.wait_ms && a.uid == b.uid);
    check(strcmp(a.service, b.service) == 0 && strcmp(a.user, b.user) == 0);
    check(strcmp(a.rhost, b.rhost) == 0 && strcmp(a.tty, b.tty) == 0);
    check(strcmp(a.ruser, b.ruser) == 0 && dba_token_equal(&a.token, &b.token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    from_bytes(data, size);
    from_fields(data, size);
    return 0;
}
