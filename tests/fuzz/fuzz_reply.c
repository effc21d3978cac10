/* SPDX-License-Identifier: Apache-2.0 */
/* The Platform's answer: the first byte chooses the status, the rest is the body. */
#include <stdlib.h>
#include <string.h>

#include "dblab-authd/checker/reply.h"
#include "dblab-authd/common/link.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const unsigned statuses[] = {200, 401, 403, 429, 503, 200, 200, 204};
    struct link_frame frame = {.kind = LINK_ANSWER};
    struct reply reply = {0};

    if (size == 0)
        return 0;
    reply.status = statuses[data[0] % 8];
    reply.body = (const char *)data + 1;
    reply.len = size - 1;
    reply_read(&reply, &frame.u.answer.answer);
    if (!link_answer_valid(&frame, link_frame_size(LINK_ANSWER)))
        abort();
    if (frame.u.answer.answer.class == DBA_ANSWER_GOOD &&
        (reply.status != 200 || frame.u.answer.answer.org_id <= 0))
        abort();
    return 0;
}
