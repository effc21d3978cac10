/* SPDX-License-Identifier: Apache-2.0 */
#include "model/answer.h"

static const struct {
    const char *word;
    const char *text;
} causes[] = {
#define X(name, word, text) {word, text},
    DBA_CAUSE_LIST(X)
#undef X
};

const char *dba_cause_word(enum dba_cause cause)
{
    return (unsigned)cause < DBA_CAUSE_COUNT ? causes[cause].word : "unknown";
}

const char *dba_cause_text(enum dba_cause cause)
{
    return (unsigned)cause < DBA_CAUSE_COUNT ? causes[cause].text : "unknown";
}
