/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The failures that the Platform can be asked for, by name. One table (fixture.c) is the whole
 * list. A token named `fixture-NAME`, perhaps with `.anything` behind it, is answered by the
 * fixture NAME; a control call can ask for one for the next requests, for a token or for all.
 */
#ifndef PLATFORM_FIXTURE_H
#define PLATFORM_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

/* In what manner an answer leaves. Where HTTP/2 has no such thing its nearest is named. */
enum how {
    HOW_PLAIN,              /* with a Content-Length */
    HOW_CHUNKED,            /* without one; HTTP/2: so too */
    HOW_BAD_CHUNK,          /* a chunk size that is none; HTTP/2: RST_STREAM within the body */
    HOW_SHORT_BODY,         /* closed before the Content-Length is reached */
    HOW_TWO_LENGTHS,        /* two Content-Lengths that differ */
    HOW_HTTP10,             /* HTTP/1.0 without a length; HTTP/2: HOW_CHUNKED */
    HOW_HTTP09,             /* the body alone; HTTP/2: HOW_GARBAGE */
    HOW_INFORMED,           /* 100 and 103 first */
    HOW_INFORMED_ENDLESS,   /* 100 again and again */
    HOW_SLOW_HEADERS,       /* byte by byte: all that leaves on this connection */
    HOW_DRIP,               /* the body byte by byte */
    HOW_ENDLESS,            /* a body without an end, as fast as it is taken */
    HOW_HANG,               /* nothing */
    HOW_HANG_AFTER_HEADERS, /* nothing more */
    HOW_HANG_IN_BODY,       /* nothing more after half of it */
    HOW_RST,                /* a TCP reset */
    HOW_RST_STREAM,         /* HTTP/1.1: HOW_RST */
    HOW_REFUSED_STREAM,     /* RST_STREAM that allows to repeat; HTTP/1.1: HOW_CLOSE */
    HOW_CLOSE,              /* end of connection without an answer */
    HOW_CLOSE_AFTER_HEADERS,
    HOW_LAST,    /* answered, and the connection closed: Connection: close, or GOAWAY */
    HOW_GARBAGE, /* bytes that are no HTTP */
};

/* Where the body comes from. */
enum body {
    BODY_TEXT, /* the table's */
    BODY_COPY, /* a control call's, which may be gone before it has left */
    BODY_GOOD, /* the answer of a Platform without this failure */
    BODY_GZIP, /* that, compressed although nobody asked for it */
    BODY_BIG,  /* that, behind 4 MiB of blanks */
    BODY_DEEP, /* 10,000 brackets in one another */
};

struct fixture {
    const char *name;
    int status;
    const char *reason;  /* of HTTP/1.1; NULL: the usual one */
    const char *type;    /* Content-Type; NULL: none */
    const char *headers; /* further ones, `name: value` lines; see reply.c for {words} */
    const char *text;
    size_t len; /* of text; 0: up to its NUL */
    enum body body;
    enum how how;
};

/* NULL: none of this name. `token`: the name in a token's text. */
const struct fixture *fixture_find(const char *name);
const struct fixture *fixture_of_token(const char *token, size_t len);

/* The table, until one without a name. */
const struct fixture *fixture_table(void);

/*
 * What is to happen with requests: first the listed fixtures, one each, then `always`.
 * NULL is no fixture: answered as by a Platform that works.
 */
#define SCRIPT_MAX 256
struct script {
    const struct fixture **steps; /* owned; NULL: none */
    size_t count, at;
    const struct fixture *always;
};

/* `list` is `NAME[*TIMES],...`, "normal" is no fixture. False: an unknown name, or too long. */
bool script_set(struct script *script, const char *list);
bool script_always(struct script *script, const char *name);
void script_clear(struct script *script);

/* Has it a word about the next request? Then *fixture is that. */
bool script_next(struct script *script, const struct fixture **fixture);

#endif
