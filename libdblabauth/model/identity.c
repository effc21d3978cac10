/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map is one copy of the file's text, cut into words in place, and an array of (email,
 * name) pairs sorted by email: two blocks of memory for 100,000 lines, and a search is a
 * bisection.
 */
#include "model/identity.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/answer.h"

struct pair {
    const char *email; /* in lower case */
    const char *name;
    size_t order; /* of its place in the file: the first name is the one that `check` names */
};

struct dba_map {
    char *text;
    struct pair *pairs;
    size_t count;
    size_t room;
    size_t emails;
};

void dba_map_free(struct dba_map **map)
{
    if (*map == NULL)
        return;
    free((*map)->text);
    free((*map)->pairs);
    free(*map);
    *map = NULL;
}

size_t dba_map_count(const struct dba_map *map)
{
    return map->emails;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool email_ok(const char *email)
{
    const char *at = strchr(email, '@');

    return at != NULL && at != email && at[1] != '\0' && strlen(email) <= DBA_EMAIL_MAX;
}

/* The next word of the line, terminated in place; NULL at its end or at a comment. */
static char *next_word(char **cursor)
{
    char *word = *cursor;

    while (is_blank(*word))
        word++;
    if (*word == '\0' || *word == '#') {
        *cursor = word + strlen(word);
        return NULL;
    }
    *cursor = word;
    while (**cursor != '\0' && !is_blank(**cursor))
        (*cursor)++;
    if (**cursor != '\0')
        *(*cursor)++ = '\0';
    return word;
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = dba_text_lower(*text);
}

static enum dba_err add_pair(struct dba_map *map, const char *email, const char *name)
{
    if (map->count == map->room) {
        size_t room = map->room == 0 ? 64 : map->room * 2;
        struct pair *pairs = reallocarray(map->pairs, room, sizeof *pairs);

        if (pairs == NULL)
            return DBA_ERR_MEMORY;
        map->pairs = pairs;
        map->room = room;
    }
    map->pairs[map->count] = (struct pair){.email = email, .name = name, .order = map->count};
    map->count++;
    return DBA_OK;
}

static enum dba_err parse_line(struct dba_map *map, char *line, const char **why)
{
    char *email = next_word(&line);
    char *name;
    size_t names = 0;
    enum dba_err err = DBA_OK;

    if (email == NULL)
        return DBA_OK;
    if (!email_ok(email)) {
        *why = "the first word is no email address of at most 254 bytes";
        return DBA_ERR_FORM;
    }
    lower(email);
    while (err == DBA_OK && (name = next_word(&line)) != NULL) {
        if (!dba_name_valid(name) && !dba_user_valid(DBA_USERNAME_EMAIL, name)) {
            *why = "a user name is neither ^[a-z_][a-z0-9_.-]{0,31}$ nor an address in lower "
                   "case";
            return DBA_ERR_FORM;
        }
        names++;
        err = add_pair(map, email, name);
    }
    if (err == DBA_OK && names == 0) {
        *why = "no user name follows the email address";
        return DBA_ERR_FORM;
    }
    return err;
}

static int compare(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    int order = strcmp(x->email, y->email);

    if (order != 0)
        return order;
    return (x->order > y->order) - (x->order < y->order);
}

static bool has_control(const char *line)
{
    for (; *line != '\0'; line++)
        if (((unsigned char)*line < 0x20 && !is_blank(*line)) || *line == 0x7f)
            return true;
    return false;
}

static enum dba_err parse_lines(struct dba_map *map, size_t len, unsigned *line,
                                const char **why)
{
    char *cursor = map->text;
    char *end = map->text + len;

    for (*line = 1; cursor < end; (*line)++) {
        char *newline = memchr(cursor, '\n', (size_t)(end - cursor));
        char *stop = newline != NULL ? newline : end;
        enum dba_err err;

        *stop = '\0';
        if (strlen(cursor) != (size_t)(stop - cursor) || has_control(cursor)) {
            *why = "a control byte in the line";
            return DBA_ERR_FORM;
        }
        err = parse_line(map, cursor, why);
        if (err != DBA_OK)
            return err;
        cursor = stop + 1;
    }
    return DBA_OK;
}

enum dba_err dba_map_parse(const char *text, size_t len, struct dba_map **out, unsigned *line,
                           const char **why)
{
    struct dba_map *map = NULL;
    enum dba_err err = DBA_ERR_SIZE;

    *out = NULL;
    *line = 0;
    *why = "the file is too large";
    if (len > DBA_MAP_FILE_MAX)
        goto out;
    err = DBA_ERR_MEMORY;
    *why = "out of memory";
    map = calloc(1, sizeof *map);
    if (map == NULL)
        goto out;
    map->text = malloc(len + 1);
    if (map->text == NULL)
        goto out;
    if (len > 0)
        memcpy(map->text, text, len);
    map->text[len] = '\0';
    err = parse_lines(map, len, line, why);
    if (err != DBA_OK)
        goto out;
    if (map->count > 0)
        qsort(map->pairs, map->count, sizeof *map->pairs, compare);
    for (size_t i = 0; i < map->count; i++)
        if (i == 0 || strcmp(map->pairs[i - 1].email, map->pairs[i].email) != 0)
            map->emails++;
    *line = 0;
    *why = NULL;
    *out = map;
    map = NULL;
out:
    dba_map_free(&map);
    return err;
}

/* The first pair of this email (in lower case), or `count`. */
static size_t find(const struct dba_map *map, const char *email)
{
    size_t low = 0;
    size_t high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(map->pairs[middle].email, email) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map->count && strcmp(map->pairs[low].email, email) == 0 ? low : map->count;
}

/* The rule for an address (in lower case) that no line of the map names. */
static bool by_rule(const char *domain, enum dba_username style, const char *email, char *user,
                    size_t cap)
{
    const char *at = strchr(email, '@');
    size_t len;

    if (!dba_address_valid(email) || !dba_text_equal_nocase(at + 1, domain))
        return false;
    len = style == DBA_USERNAME_EMAIL ? strlen(email) : (size_t)(at - email);
    if (len >= cap)
        return false;
    memcpy(user, email, len);
    user[len] = '\0';
    return dba_user_valid(style, user);
}

static bool lowered(const char *email, char *out, size_t cap)
{
    if (email[0] == '\0' || !dba_text_copy(out, cap, email))
        return false;
    lower(out);
    return true;
}

bool dba_identity_fits(const struct dba_map *map, const char *domain, enum dba_username style,
                       const char *email, const char *user)
{
    char address[DBA_EMAIL_MAX + 1];
    char name[DBA_USER_MAX + 1];
    size_t first;

    if (!lowered(email, address, sizeof address) || !dba_user_valid(style, user))
        return false;
    first = map != NULL ? find(map, address) : 0;
    if (map != NULL && first < map->count) {
        for (size_t i = first; i < map->count && strcmp(map->pairs[i].email, address) == 0; i++)
            if (strcmp(map->pairs[i].name, user) == 0)
                return true;
        return false; /* its lines name it, and nothing else does */
    }
    return by_rule(domain, style, address, name, sizeof name) && strcmp(name, user) == 0;
}

bool dba_identity_name(const struct dba_map *map, const char *domain, enum dba_username style,
                       const char *email, char *user, size_t cap)
{
    char address[DBA_EMAIL_MAX + 1];
    size_t first;

    if (cap > 0)
        user[0] = '\0';
    if (!lowered(email, address, sizeof address))
        return false;
    first = map != NULL ? find(map, address) : 0;
    if (map != NULL && first < map->count) {
        for (size_t i = first; i < map->count && strcmp(map->pairs[i].email, address) == 0; i++)
            if (dba_user_valid(style, map->pairs[i].name))
                return dba_text_copy(user, cap, map->pairs[i].name);
        return false;
    }
    if (by_rule(domain, style, address, user, cap))
        return true;
    if (cap > 0)
        user[0] = '\0';
    return false;
}
