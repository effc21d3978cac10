/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller asks the daemon, and what it is told. The numbers are on the wire: never
 * change one, only add.
 */
#ifndef DBA_MODEL_RESULT_H
#define DBA_MODEL_RESULT_H

enum dba_op {
    DBA_OP_AUTH = 1,    /* may the bearer of this token be this user at this service? */
    DBA_OP_ACCOUNT = 2, /* is there now a valid token behind this user? */
    DBA_OP_CHECK = 3,   /* root: what would the host do with this token? */
    DBA_OP_STATUS = 4,  /* anybody */
    DBA_OP_METRICS = 5, /* anybody */
    DBA_OP_RELOAD = 6,  /* root: re-read the configuration */
};

enum dba_result {
    DBA_UNAVAILABLE = 0, /* undecided: neither yes nor no */
    DBA_ACCEPTED = 1,
    DBA_REFUSED = 2, /* by a decision about the token */
    DBA_LIMITED = 3, /* too many refusals: not looked at */
    DBA_DENIED = 4,  /* the caller or the service, not the token */
};

/* Number, word for logs and JSON, sentence for people. */
#define DBA_REASON_LIST(X)                                                                     \
    X(DBA_REASON_NONE, 0, "none", "no reason")                                                 \
    X(DBA_REASON_VALID, 1, "valid", "the token is valid")                                      \
    X(DBA_REASON_OUTAGE, 2, "outage",                                                          \
      "the Platform does not decide; the last good check is recent enough (outage.logins)")    \
    X(DBA_REASON_INVALID, 3, "invalid", "the token is unknown, expired or revoked")            \
    X(DBA_REASON_OTHER_ORG, 4, "other-organization",                                           \
      "the token belongs to another organization")                                             \
    X(DBA_REASON_NOT_PERSONAL, 5, "not-personal",                                              \
      "the token is an administrative one, not accepted for this user")                        \
    X(DBA_REASON_PERSONAL_OFF, 6, "personal-tokens-off",                                       \
      "personal tokens are switched off (platform.enablePersonalTokens)")                      \
    X(DBA_REASON_NO_EMAIL, 7, "no-email",                                                      \
      "the Platform sends no usable email with the token, so it fits no user")                 \
    X(DBA_REASON_OTHER_USER, 8, "other-user", "the token belongs to another user")             \
    X(DBA_REASON_VERIFICATION, 9, "verification",                                              \
      "the verification token is not accepted for this user")                                  \
    X(DBA_REASON_FORM, 10, "form", "the token is malformed")                                   \
    X(DBA_REASON_LIMITED, 11, "limited", "too many refusals; try again in a minute")           \
    X(DBA_REASON_NO_TOKEN, 12, "no-token",                                                     \
      "no valid Database Lab token was presented on this host; log in with your token")        \
    X(DBA_REASON_UNDECIDED, 13, "undecided", "the Platform does not decide")                   \
    X(DBA_REASON_SERVICE, 14, "service",                                                       \
      "the service is not listed in the setting \"services\"")                                 \
    X(DBA_REASON_CALLER, 15, "caller",                                                         \
      "the caller is not listed in the service's setting \"callers\"")                         \
    X(DBA_REASON_DENY_USER, 16, "deny-user", "the user is listed in \"denyUsers\"")            \
    X(DBA_REASON_USER, 17, "user", "the user cannot be a token user")                          \
    X(DBA_REASON_ROOT_ONLY, 18, "root-only", "only root may ask this")                         \
    X(DBA_REASON_CONFIG, 19, "configuration", "the configuration is invalid")                  \
    X(DBA_REASON_NO_DAEMON, 20, "no-daemon", "dblab-authd cannot be reached; is it running?")  \
    X(DBA_REASON_BUSY, 21, "busy", "a limit of the daemon is reached")

enum dba_reason {
#define X(name, value, word, text) name = (value),
    DBA_REASON_LIST(X)
#undef X
};

/* Never NULL; an unknown number gives "unknown". */
const char *dba_op_word(enum dba_op op);
const char *dba_result_word(enum dba_result result);
const char *dba_reason_word(enum dba_reason reason);
const char *dba_reason_text(enum dba_reason reason);

#endif
