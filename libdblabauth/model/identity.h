/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Email -> user name. Lines of the map file come first: an address that is listed there has
 * the names of its lines and no other. For all else the rule: the address's domain equals
 * `domain` (case-insensitive), and the name is its local part in lower case, or with
 * DBA_USERNAME_EMAIL the whole address in lower case. Plus tags, display names and anything
 * else that dba_address_valid() refuses map through the file only, compared as a whole text.
 */
#ifndef DBA_MODEL_IDENTITY_H
#define DBA_MODEL_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/name.h"

#define DBA_MAP_FILE_MAX (8u * 1024 * 1024)

/* A parsed map file. Immutable; may be read by several threads. */
struct dba_map;

/*
 * Parses the text of a map file: lines `email  name [name...]`, separated by blanks, '#'
 * starts a comment, empty lines count nothing. Several lines for one email add up. A name
 * must pass dba_name_valid() or, in lower case, dba_address_valid(); an email is any text
 * without blanks and control bytes of at most 254 bytes with something on both sides of an '@'.
 *
 * On DBA_ERR_FORM or DBA_ERR_SIZE `*line` is the line's number and `*why` a sentence (static).
 * `text` need not end with NUL or a newline. *out is NULL on any error.
 */
enum dba_err dba_map_parse(const char *text, size_t len, struct dba_map **out, unsigned *line,
                           const char **why);
void dba_map_free(struct dba_map **map); /* NULLs it; NULL inside is allowed */

size_t dba_map_count(const struct dba_map *map); /* emails */

/*
 * Does the bearer of `email` have the name `user`? `map` may be NULL, `domain` "" (then only
 * the map counts). An empty email fits nobody.
 */
bool dba_identity_fits(const struct dba_map *map, const char *domain, enum dba_username style,
                       const char *email, const char *user);

/* The first name that fits, for `check` without a user; false if none. cap > DBA_USER_MAX. */
bool dba_identity_name(const struct dba_map *map, const char *domain, enum dba_username style,
                       const char *email, char *user, size_t cap);

#endif
