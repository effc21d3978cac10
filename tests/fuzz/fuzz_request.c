/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller sends: never past its end, and what is taken encodes to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[DBA_REQUEST_MAX];
    struct dba_request request;
    size_t total;
    size_t len;

    if (dba_request_length(data, size, &total) != DBA_OK)
        return 0;
    if (dba_request_decode(data, size, &request) != DBA_OK) {
        if (request.token.len != 0)
            abort();
        return 0;
    }
    if (dba_request_encode(&request, again, &len) != DBA_OK || len != size ||
        memcmp(again, data, size) != 0)
        abort();
    return 0;
}
