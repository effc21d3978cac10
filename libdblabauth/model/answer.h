/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Platform said of one token, as the checker hands it to the core. Pure facts: it
 * says nothing of who may log in (core/admit.h does).
 */
#ifndef DBA_MODEL_ANSWER_H
#define DBA_MODEL_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#define DBA_EMAIL_MAX 254 /* RFC 5321, 4.5.3.1.3 less the brackets */

enum dba_answer_class {
    DBA_ANSWER_UNDECIDED = 0, /* anything else: nothing may be concluded */
    DBA_ANSWER_GOOD,          /* 200 with facts: org_id, is_personal, perhaps email */
    DBA_ANSWER_INVALID,       /* 401; or 200 with a non-empty code, message or details */
};

/* Why an answer is undecided, for the log and the metrics. */
#define DBA_CAUSE_LIST(X)                                                                      \
    X(DBA_CAUSE_NONE, "none", "decided")                                                       \
    X(DBA_CAUSE_STATUS, "status", "the Platform answered with an unexpected HTTP status")      \
    X(DBA_CAUSE_MALFORMED, "malformed", "the Platform's answer is malformed")                  \
    X(DBA_CAUSE_SIZE, "size", "the Platform's answer is over the size limit")                  \
    X(DBA_CAUSE_TIMEOUT, "timeout", "the Platform did not answer within platform.timeout")     \
    X(DBA_CAUSE_CONNECT, "connect", "the Platform cannot be connected to")                     \
    X(DBA_CAUSE_DNS, "dns", "the Platform's name cannot be resolved")                          \
    X(DBA_CAUSE_TLS, "tls", "the Platform's TLS certificate or handshake is not acceptable")   \
    X(DBA_CAUSE_CLOSED, "closed", "the Platform closed the connection without an answer")      \
    X(DBA_CAUSE_HELD, "held", "the Platform asked for a pause (429 or 503)")                   \
    X(DBA_CAUSE_WITNESS, "witness", "no witness was valid: this may not be a revocation")      \
    X(DBA_CAUSE_EMAIL, "email", "the Platform's answer has lost the email")                    \
    X(DBA_CAUSE_ORG, "organization", "our own organization is not known")                      \
    X(DBA_CAUSE_CHECKER, "checker", "the checker cannot run")                                  \
    X(DBA_CAUSE_WAIT, "wait", "no answer in the time that the caller may be kept waiting")     \
    X(DBA_CAUSE_FULL, "full", "a table is full")

enum dba_cause {
#define X(name, word, text) name,
    DBA_CAUSE_LIST(X)
#undef X
        DBA_CAUSE_COUNT
};

/* The word in logs and metrics; the sentence for people. Never NULL. */
const char *dba_cause_word(enum dba_cause cause);
const char *dba_cause_text(enum dba_cause cause);

struct dba_answer {
    enum dba_answer_class class;
    enum dba_cause cause;          /* DBA_CAUSE_NONE unless undecided */
    uint16_t status;               /* HTTP status, 0 if there was none */
    bool http2;                    /* the answer came over HTTP/2 */
    bool hold;                     /* 429, or 503 with Retry-After: nothing may be sent */
    uint32_t retry_after_ms;       /* with `hold`; 0: no usable Retry-After */
    bool personal;                 /* with GOOD: is_personal is a JSON true */
    int64_t org_id;                /* with GOOD: positive */
    char email[DBA_EMAIL_MAX + 1]; /* with GOOD: "" if absent, null, or not a plain text */
};

#endif
