/* SPDX-License-Identifier: Apache-2.0 */
/* The call, and the scripts; see service.h. */
#include "tests/platform/service.h"

#include <stdio.h>
#include <string.h>

#include "tests/platform/conn.h"

/* Facts of a fixture's token that is in no table: alice's, of organization 1. */
static const struct token somebody = {
    .state = TOKEN_GOOD,
    .org = 1,
    .personal = true,
    .email_form = EMAIL_TEXT,
    .email = (char[]){"alice@acme.io"},
    .email_len = sizeof "alice@acme.io" - 1,
};

static bool is_the_call(const struct platform *platform, const char *path)
{
    size_t len = strlen(platform->mode.base);

    return strncmp(path, platform->mode.base, len) == 0 &&
           strcmp(path + len, "/rpc/dblab_token_check") == 0;
}

/* As the Platform says it where one word of JSON is wrong. */
static void refuse_body(struct reply *reply, int status)
{
    reply->status = status;
    reply->type = "application/json; charset=utf-8";
    reply->name = "bad-body";
    reply->body = "{\"code\":\"PGRST102\",\"message\":\"Error in $: not enough input\"}";
    reply->len = strlen(reply->body);
}

/* Whoever comes to the other port followed a redirect. */
static void answer_trap(struct platform *platform, struct exchange *exchange,
                        const struct reply_style *style)
{
    platform->record.trap_requests++;
    if (exchange->has_access || exchange->body_len > 0) {
        platform->record.trap_tokens++;
    }
    reply_good(&exchange->reply, style, &somebody);
}

static bool access_token_good(struct platform *platform, struct exchange *exchange, nanosec now)
{
    const struct token *token;

    if (!exchange->has_access) {
        platform->record.without_access_token++;
        return !platform->mode.access_required;
    }
    platform->record.with_access_token++;
    token = tokens_find(platform->tokens, exchange->access, exchange->access_len);
    return token != NULL && token_good(token, now);
}

/* A global script goes before a token's own, that before the fixture of its name. */
static const struct fixture *choose(struct platform *platform, struct token *token)
{
    const struct fixture *fixture;

    if (script_next(&platform->mode.script, &fixture) ||
        script_next(&token->script, &fixture)) {
        return fixture;
    }
    return token->state == TOKEN_UNKNOWN ? fixture_of_token(token->bytes, token->len) : NULL;
}

static nanosec answer_call(struct platform *platform, struct exchange *exchange,
                           struct record_entry *entry, const struct reply_style *style)
{
    char bytes[TOKEN_ROOM];
    size_t len = 0;
    const struct fixture *fixture;
    const struct token *facts;
    struct token *token;
    nanosec now = entry->arrived;
    bool access_good = access_token_good(platform, exchange, now);

    if (!json_member(exchange->body, exchange->body_len, "token", bytes, sizeof bytes, &len)) {
        platform->record.bad_bodies++;
        refuse_body(&exchange->reply, exchange->too_long ? 413 : 400);
        return platform->mode.latency;
    }
    token = tokens_get(platform->tokens, bytes, len);
    token->requests++;
    entry->token = token->number;
    record_trace_request(&platform->record, now, token->number);
    facts = token_good(token, now) ? token : NULL;
    fixture = choose(platform, token);
    if (facts == NULL && token->state == TOKEN_UNKNOWN &&
        fixture_of_token(token->bytes, token->len) != NULL) {
        facts = &somebody;
    }
    if (fixture != NULL) {
        reply_fixture(&exchange->reply, style, fixture, facts);
    } else if (!access_good) {
        platform->record.bad_access_token++;
        reply_invalid(&exchange->reply);
    } else if (facts != NULL) {
        reply_good(&exchange->reply, style, facts);
    } else {
        reply_invalid(&exchange->reply);
    }
    return token->latency >= 0 ? token->latency : platform->mode.latency;
}

nanosec service_answer(struct platform *platform, struct exchange *exchange,
                       struct record_entry *entry)
{
    struct reply_style style = {
        .wrap = platform->mode.wrap,
        .extras = platform->mode.extras,
        .trap_port = platform->trap_port,
        .path = exchange->path,
    };
    nanosec wait = 0;

    platform->record.http2 += exchange->stream != 0;
    if (exchange->conn->trap) {
        answer_trap(platform, exchange, &style);
    } else if (strcmp(exchange->method, "POST") == 0 && is_the_call(platform, exchange->path)) {
        platform->record.requests++;
        wait = answer_call(platform, exchange, entry, &style);
    } else if (strcmp(exchange->method, "OPTIONS") == 0) {
        platform->record.options++;
        exchange->reply.status = 204;
        exchange->reply.body = "";
        exchange->reply.name = "options";
    } else {
        platform->record.other_paths++;
        reply_named(&exchange->reply, &style, "404");
    }
    entry->name = exchange->reply.name;
    return wait;
}
