/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload: the daemon re-reads its configuration, all or nothing.
 */
#include "base/text.h"
#include "dblab-auth/command.h"

int reload_run(const struct options *options)
{
    struct dba_request request = {.op = DBA_OP_RELOAD, .uid = DBA_NO_UID};
    struct dba_reply reply;

    if (options->force)
        (void)dba_text_copy(request.service, sizeof request.service, "force");
    if (!ask_daemon(options, &request, &reply))
        return EXIT_NO;
    if (reply.text_len > 0)
        (void)fwrite(reply.text, 1, reply.text_len, stderr);
    if (reply.result == DBA_ACCEPTED)
        return EXIT_YES;
    (void)fprintf(stderr, "dblab-auth: %s; the old one stays in force\n",
                  dba_reason_text(reply.reason));
    return EXIT_NO;
}
