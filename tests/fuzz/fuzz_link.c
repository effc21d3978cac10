/* SPDX-License-Identifier: Apache-2.0 */
/* What a checker that was taken over may send: an answer that is believed is an honest one. */
#include <stdlib.h>
#include <string.h>

#include "dblab-authd/common/link.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool is_honest(const struct dba_answer *answer)
{
    switch (answer->class) {
    case DBA_ANSWER_UNDECIDED:
        return answer->cause != DBA_CAUSE_NONE && answer->org_id == 0 && !answer->personal &&
               answer->email[0] == '\0';
    case DBA_ANSWER_GOOD:
        return answer->cause == DBA_CAUSE_NONE && answer->org_id > 0 && !answer->hold &&
               strnlen(answer->email, sizeof answer->email) < sizeof answer->email;
    case DBA_ANSWER_INVALID:
        return answer->cause == DBA_CAUSE_NONE && answer->org_id == 0 && !answer->hold;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct link_frame frame = {0};
    unsigned char *copy = malloc(size > 0 ? size : 1); /* its end is watched */

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (link_answer_valid(copy, size)) {
        memcpy(&frame, copy, size);
        if (frame.kind != LINK_ANSWER || !is_honest(&frame.u.answer.answer))
            abort();
    }
    free(copy);
    return 0;
}
