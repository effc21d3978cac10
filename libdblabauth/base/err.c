/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

const char *dba_err_text(enum dba_err err)
{
    switch (err) {
#define X(name, value, text)                                                                   \
    case name:                                                                                 \
        return text;
        DBA_ERR_LIST(X)
#undef X
    }
    return "unknown error";
}
