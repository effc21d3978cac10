/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload: the daemon re-reads its configuration, all or nothing.
 */
#include "base/text.h"
#include "dblab-auth/command.h"

int reload_run(const struct options *options)
{
    struct dba_request request = {.op = DBA_OP_RELOAD, .uid = DBA_NO_UID};
    struct answer answer;
    int code = EXIT_NO;

    /* A request has no field for switches; that of the service has nothing else to say here. */
    if (options->force)
        (void)dba_text_copy(request.service, sizeof request.service, "force");
    if (!answer_get(options, &request, &answer))
        goto out;
    /* Lines FILE:LINE: message; with a reload that is done they are warnings. */
    if (answer.reply.text_len > 0)
        (void)fwrite(answer.reply.text, 1, answer.reply.text_len, stderr);
    if (answer.reply.result == DBA_ACCEPTED)
        code = EXIT_YES;
    else
        (void)fprintf(stderr, "dblab-auth: %s%s\n", dba_reason_text(answer.reply.reason),
                      answer.reply.reason == DBA_REASON_CONFIG ? "; the old one stays in force"
                                                               : "");
out:
    answer_clear(&answer);
    return code;
}
