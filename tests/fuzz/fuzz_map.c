/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map file. What is taken is read a second time here, word by word: each name of a line
 * fits its email, one that stands nowhere in the file does not, and what `check` would say
 * fits.
 */
#include <stdlib.h>
#include <string.h>

#include "model/identity.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define DOMAIN "acme.io"
#define NOBODY "nobody-has-this-name"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool fits(const struct dba_map *map, const char *email, const char *user)
{
    enum dba_username style =
        strchr(user, '@') != NULL ? DBA_USERNAME_EMAIL : DBA_USERNAME_LOCAL;

    return dba_identity_fits(map, DOMAIN, style, email, user);
}

/* How many names the line gives. */
static size_t check_line(const struct dba_map *map, char *line, bool has_nobody)
{
    char user[DBA_USER_MAX + 1];
    char *rest = NULL;
    const char *email = strtok_r(line, " \t\r", &rest);
    const char *name;
    size_t names = 0;

    if (email == NULL || email[0] == '#')
        return 0;
    while ((name = strtok_r(NULL, " \t\r", &rest)) != NULL && name[0] != '#') {
        names++;
        check(fits(map, email, name));
    }
    check(names > 0 && (has_nobody || !fits(map, email, NOBODY)));
    for (int style = DBA_USERNAME_LOCAL; style <= DBA_USERNAME_EMAIL; style++)
        if (dba_identity_name(map, DOMAIN, (enum dba_username)style, email, user, sizeof user))
            check(dba_user_valid((enum dba_username)style, user) && fits(map, email, user));
    return names;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct dba_map *map;
    const char *why;
    unsigned line;
    size_t names = 0;
    bool has_nobody;
    char *copy;

    if (dba_map_parse((const char *)data, size, &map, &line, &why) != DBA_OK) {
        check(map == NULL && why != NULL && line > 0);
        return 0;
    }
    copy = malloc(size + 1);
    check(copy != NULL && why == NULL && line == 0);
    memcpy(copy, data, size);
    copy[size] = '\0';
    has_nobody = strstr(copy, NOBODY) != NULL;
    for (char *at = copy, *next; at != NULL; at = next) {
        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        names += check_line(map, at, has_nobody);
    }
    check(dba_map_count(map) <= names && (names == 0) == (dba_map_count(map) == 0));
    free(copy);
    dba_map_free(&map);
    return 0;
}
