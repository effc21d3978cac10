/* SPDX-License-Identifier: Apache-2.0 */
#include "model/result.h"

const char *dba_op_word(enum dba_op op)
{
    switch (op) {
    case DBA_OP_AUTH:
        return "auth";
    case DBA_OP_ACCOUNT:
        return "account";
    case DBA_OP_CHECK:
        return "check";
    case DBA_OP_STATUS:
        return "status";
    case DBA_OP_METRICS:
        return "metrics";
    case DBA_OP_RELOAD:
        return "reload";
    }
    return "unknown";
}

const char *dba_result_word(enum dba_result result)
{
    switch (result) {
    case DBA_UNAVAILABLE:
        return "unavailable";
    case DBA_ACCEPTED:
        return "accepted";
    case DBA_REFUSED:
        return "refused";
    case DBA_LIMITED:
        return "limited";
    case DBA_DENIED:
        return "denied";
    }
    return "unknown";
}

const char *dba_reason_word(enum dba_reason reason)
{
    switch (reason) {
#define X(name, value, word, text)                                                             \
    case name:                                                                                 \
        return word;
        DBA_REASON_LIST(X)
#undef X
    }
    return "unknown";
}

const char *dba_reason_text(enum dba_reason reason)
{
    switch (reason) {
#define X(name, value, word, text)                                                             \
    case name:                                                                                 \
        return text;
        DBA_REASON_LIST(X)
#undef X
    }
    return "unknown";
}
