/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of our own functions: 0 or a negative value. They say why a function did not do
 * its work; they never decide access (model/result.h does).
 */
#ifndef DBA_BASE_ERR_H
#define DBA_BASE_ERR_H

/* One list gives the number, the name and the text. */
#define DBA_ERR_LIST(X)                                                                        \
    X(DBA_OK, 0, "success")                                                                    \
    X(DBA_ERR_MEMORY, -1, "out of memory")                                                     \
    X(DBA_ERR_ARGUMENT, -2, "invalid argument")                                                \
    X(DBA_ERR_FORM, -3, "malformed input")                                                     \
    X(DBA_ERR_SIZE, -4, "input over its limit")                                                \
    X(DBA_ERR_SHORT, -5, "input incomplete")                                                   \
    X(DBA_ERR_VERSION, -6, "another protocol version")                                         \
    X(DBA_ERR_SYSTEM, -7, "system call failed")                                                \
    X(DBA_ERR_TIMEOUT, -8, "deadline passed")                                                  \
    X(DBA_ERR_REFUSED, -9, "connection refused")                                               \
    X(DBA_ERR_CLOSED, -10, "connection closed")                                                \
    X(DBA_ERR_PEER, -11, "peer is not who it must be")                                         \
    X(DBA_ERR_ABSENT, -12, "not there")                                                        \
    X(DBA_ERR_LIMIT, -13, "limit reached")                                                     \
    X(DBA_ERR_CONFIG, -14, "invalid configuration")

enum dba_err {
#define X(name, value, text) name = (value),
    DBA_ERR_LIST(X)
#undef X
};

/* A short English text, never NULL, no newline. */
const char *dba_err_text(enum dba_err err);

#endif
