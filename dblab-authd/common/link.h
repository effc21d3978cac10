/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames between keeper and checker: fixed size, over a SOCK_SEQPACKET socketpair that
 * the checker finds as descriptor LINK_FD. Both programs are of one build, so a frame is a
 * struct; a checker that was taken over may send anything, so the keeper believes none of it
 * before link_answer_valid().
 *
 *     keeper -> checker   LINK_SETUP once and first, then LINK_CHECK, LINK_WARM, LINK_PING
 *     checker -> keeper   LINK_READY once, then LINK_ANSWER, LINK_COLD, LINK_PONG
 *
 * A token is in LINK_CHECK frames only: the checker sees only what is being checked, and
 * both wipe the frame when it was sent or read.
 */
#ifndef DBA_COMMON_LINK_H
#define DBA_COMMON_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/token.h"
#include "model/answer.h"

#define LINK_FD    3 /* the socketpair's end */
#define LINK_CA_FD 4 /* platform.caFile opened by the keeper, or /dev/null where it is "" */

#define LINK_VERSION 1

enum link_kind {
    LINK_SETUP = 1,
    LINK_CHECK,
    LINK_WARM,
    LINK_PING,
    LINK_READY = 16,
    LINK_ANSWER,
    LINK_COLD,
    LINK_PONG,
};

#define LINK_URL_MAX 1023

/* What the checker must know of the configuration. Strings are NUL-terminated. */
struct link_setup {
    uint32_t version;           /* LINK_VERSION */
    char url[LINK_URL_MAX + 1]; /* without trailing slashes */
    char org_key[512];
    char instance_id[256];
    char pinned_public_key[512];  /* as CURLOPT_PINNEDPUBLICKEY has it; "": none */
    char proxy[LINK_URL_MAX + 1]; /* "": none, whatever the environment says */
    bool has_ca;                  /* LINK_CA_FD is a file of certificates */
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms; /* of a whole call */
    uint32_t max_connections;
    uint32_t max_in_flight;
};

struct link_check {
    uint32_t id;
    struct dba_token token;
    struct dba_token access; /* Access-Token header; len 0: no such header */
};

struct link_answer {
    uint32_t id;
    struct dba_answer answer;
};

struct link_frame {
    uint32_t kind;   /* enum link_kind */
    uint32_t number; /* PING, PONG: repeated in the PONG */
    union {
        struct link_setup setup;
        struct link_check check;
        struct link_answer answer;
    } u;
};

/*
 * Is this what an honest checker sends as LINK_ANSWER? Every enum in range, bools 0 or 1 (by
 * their bytes: a struct from outside may hold a bool that is neither), the email terminated,
 * the class's fields and no others. Pure; reads the frame as `len` bytes.
 */
bool link_answer_valid(const void *frame, size_t len);

/* Bytes of a frame of this kind on the wire (not all of the union); 0: no such kind. */
size_t link_frame_size(enum link_kind kind);

/* Sends without blocking, MSG_NOSIGNAL. False: errno says why (EAGAIN: the buffer is full). */
bool link_send(int fd, const struct link_frame *frame);

/*
 * Receives one frame, without blocking. 1: one is there, whole and of a known kind; 0: none
 * now; -1: the other side is gone, or sent something else.
 */
int link_receive(int fd, struct link_frame *frame);

#endif
