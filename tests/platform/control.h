/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket, one command a line, words percent-encoded (a
 * space is %20, an empty word ""). The reply is any number of lines that begin with "= ",
 * then `ok` or `error WHY`. A connection may send any number of commands.
 *
 *     add TOKEN ORG PERSONAL EMAIL [MS]   EMAIL: text, null, or - for none; expires in MS
 *     add-many PREFIX COUNT ORG DOMAIN    PREFIX0, ... of userN@DOMAIN, personal
 *     set TOKEN org|personal|email VALUE
 *     revoke|restore|delete TOKEN
 *     expire TOKEN [MS]
 *     list                                tokens, JSON
 *
 *     all FIXTURE|normal                  every request, from now on
 *     next FIXTURE[*N],...                the next requests, one each
 *     token-all TOKEN FIXTURE|normal      the same for one token's requests
 *     token-next TOKEN FIXTURE[*N],...
 *     answer TOKEN STATUS TYPE BODY [HEADER ...]   a reply of one's own ("" no TYPE)
 *     latency MS [TOKEN]                  fractions allowed
 *     drip MS                             between two bytes of what drips
 *     wrap plain|array|result|array-result
 *     extras absent|null|empty            hint, details, code, message of successes
 *     access required|optional            a request without Access-Token
 *     base PATH
 *     fixtures                            all names
 *
 *     certificate NAME                    good, expired, wrong-host, self-signed
 *     tls-max 1.0|1.1|1.2|1.3
 *     alpn h2|http/1.1                    of new connections
 *     streams N                           SETTINGS_MAX_CONCURRENT_STREAMS of new ones
 *     listener open|closed|silent         closed: refused; silent: accepted, never answered
 *     freeze on|off                       nothing is read, written or accepted
 *     close-all [polite]                  polite: GOAWAY
 *     close-each never|polite|rude        after each answer
 *
 *     counts [TOKEN]                      JSON
 *     reset                               counters and kept requests
 *     keep N                              how many requests are kept whole
 *     requests [N]                        the last ones, JSON, with headers and body
 *     log [N]                             the same without
 *     trace FILE|off                      times of requests into a file
 *     ports                               JSON
 *     quit
 */
#ifndef PLATFORM_CONTROL_H
#define PLATFORM_CONTROL_H

#include "tests/platform/platform.h"

/* NULL: errno. */
struct control *control_new(struct platform *platform, const char *path);
void control_free(struct control *control);

/* One command, without its newline; it is taken apart in place. Appends the whole reply. */
void command_run(struct platform *platform, char *line, struct text *out);

/* Runs each line of a file (# starts a comment). False: said on stderr. */
bool command_run_file(struct platform *platform, const char *path);

/* The client, `platformd --ctl PATH CMD...`: prints the reply; 0 ok, 1 error, 2 no platform. */
int control_call(const char *path, char **words);

#endif
