/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: what would this host do with a token?
 */
#include <inttypes.h>

#include "base/text.h"
#include "dblab-auth/command.h"

static const char *decision(const struct dba_reply *reply, int *code)
{
    switch (reply->result) {
    case DBA_ACCEPTED:
        *code = EXIT_YES;
        return "accepted";
    case DBA_REFUSED:
    case DBA_LIMITED:
    case DBA_DENIED:
        *code = EXIT_NO;
        return "refused";
    case DBA_UNAVAILABLE:
        break;
    }
    *code = EXIT_UNDECIDED;
    return "undecided";
}

static const char *sentence(const struct dba_reply *reply)
{
    return reply->cause != DBA_CAUSE_NONE ? dba_cause_text(reply->cause)
                                          : dba_reason_text(reply->reason);
}

/* An absent text is null: "" would be a name that nobody has. */
static void print_member(const char *name, const char *value)
{
    (void)printf(", \"%s\": ", name);
    if (value[0] != '\0')
        json_string(stdout, value);
    else
        (void)fputs("null", stdout);
}

static void print_json(const char *word, const struct dba_reply *reply)
{
    (void)fputs("{\"decision\": ", stdout);
    json_string(stdout, word);
    print_member("reason", dba_reason_word(reply->reason));
    print_member("cause", reply->cause != DBA_CAUSE_NONE ? dba_cause_word(reply->cause) : "");
    print_member("message", sentence(reply));
    print_member("user", reply->user);
    print_member("email", reply->email);
    if (reply->org_id != 0)
        (void)printf(", \"orgId\": %" PRId64, reply->org_id);
    else
        (void)fputs(", \"orgId\": null", stdout);
    (void)printf(", \"personal\": %s}\n", reply->personal ? "true" : "false");
}

static void print_text(const char *word, const struct dba_reply *reply)
{
    char shown[DBA_USER_MAX + 1];

    (void)printf("%s: %s\n", word, sentence(reply));
    if (reply->user[0] != '\0')
        (void)printf("user   %s\n", dba_text_clean(shown, sizeof shown, reply->user));
    if (reply->email[0] != '\0')
        (void)printf("email  %s\n", dba_text_clean(shown, sizeof shown, reply->email));
    if (reply->org_id != 0)
        (void)printf("org    %" PRId64 "%s\n", reply->org_id,
                     reply->personal ? ", a personal token" : ", an administrative token");
}

static int print(const struct options *options, const struct dba_reply *reply)
{
    int code;
    const char *word = decision(reply, &code);

    if (options->json)
        print_json(word, reply);
    else
        print_text(word, reply);
    return code;
}

int check_run(const struct options *options)
{
    struct dba_request request = {.op = DBA_OP_CHECK, .uid = DBA_NO_UID};
    struct answer answer = {0};
    int code = EXIT_UNDECIDED;

    if (!dba_text_copy(request.user, sizeof request.user, options->user) ||
        !dba_text_copy(request.service, sizeof request.service, options->service)) {
        (void)fputs("dblab-auth: the user or the service is too long\n", stderr);
        return EXIT_USAGE;
    }
    switch (token_read(&request.token)) {
    case TOKEN_NONE:
        (void)fputs("dblab-auth: no token could be read\n", stderr);
        break;
    case TOKEN_BAD_FORM: /* what the module does with it: refused, with no traffic */
        answer.reply.result = DBA_REFUSED;
        answer.reply.reason = DBA_REASON_FORM;
        code = print(options, &answer.reply);
        break;
    case TOKEN_READ:
        if (answer_get(options, &request, &answer))
            code = print(options, &answer.reply);
        break;
    }
    dba_request_clear(&request);
    answer_clear(&answer);
    return code;
}
