/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pam_thin.c and thin_daemon.c say to each other: two structs of fixed size.
 */
#ifndef BENCH_THIN_H
#define BENCH_THIN_H

struct thin_request {
    char user[64];
    char token[512];
};

struct thin_reply {
    int code; /* of PAM */
};

#endif
