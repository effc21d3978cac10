/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Platform's tokens: whose they are, whether they are valid, and how the simulation is to
 * treat requests about each (fixture.h).
 */
#ifndef PLATFORM_TOKENS_H
#define PLATFORM_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/platform/fixture.h"
#include "tests/platform/loop.h"

#define TOKEN_ROOM 4096 /* longer ones are refused with 413 */

enum token_state {
    TOKEN_UNKNOWN, /* has a script or counts, but the Platform knows no such token */
    TOKEN_GOOD,
    TOKEN_REVOKED,
};

enum email_form { EMAIL_TEXT, EMAIL_NULL, EMAIL_ABSENT };

struct token {
    struct token *next; /* in its bucket */
    uint64_t number;    /* its place in the order of arrival; traces name it so */
    enum token_state state;
    nanosec expires; /* 0: never */
    long long org;
    bool personal;
    enum email_form email_form;
    char *email; /* owned */
    size_t email_len;
    struct script script;
    struct fixture *custom; /* owned, with its strings: an answer made by a control call */
    nanosec latency;        /* -1: the Platform's */
    uint64_t requests;
    size_t len;
    char bytes[];
};

struct tokens;

struct tokens *tokens_new(void);
void tokens_free(struct tokens *tokens);

struct token *tokens_find(struct tokens *tokens, const char *bytes, size_t len);

/* Finds it, or adds an unknown one. */
struct token *tokens_get(struct tokens *tokens, const char *bytes, size_t len);
void tokens_delete(struct tokens *tokens, const char *bytes, size_t len);

/* In no particular order; `fn` must not add or delete. */
void tokens_each(struct tokens *tokens, void (*fn)(struct token *token, void *arg), void *arg);

void token_set_email(struct token *token, enum email_form form, const char *email, size_t len);
/* Answers by `custom` from now on (headers and text allocated); NULL: no longer. */
void token_set_custom(struct token *token, struct fixture *custom);

bool token_good(const struct token *token, nanosec now);

#endif
