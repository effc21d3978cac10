/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper sends: never past its end, and what is taken encodes to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dba_reply reply;
    uint8_t *again;
    size_t total;
    size_t len;

    if (dba_reply_length(data, size, &total) != DBA_OK)
        return 0;
    if (dba_reply_decode(data, size, &reply) != DBA_OK) {
        if (reply.result != DBA_UNAVAILABLE)
            abort();
        return 0;
    }
    again = malloc(DBA_REPLY_BASE + reply.text_len);
    if (again == NULL || dba_reply_encode(&reply, again, &len) != DBA_OK || len != size ||
        memcmp(again, data, size) != 0)
        abort();
    free(again);
    return 0;
}
