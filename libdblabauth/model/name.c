/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include <string.h>

#define DOMAIN_MAX 253 /* RFC 1035, 2.3.4, as text without the root */
#define LABEL_MAX  63

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c);
}

bool dba_name_valid(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > DBA_NAME_MAX || !(is_lower(name[0]) || name[0] == '_'))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_lower(name[i]) && !is_digit(name[i]) && strchr("_.-", name[i]) == NULL)
            return false;
    return true;
}

bool dba_address_valid(const char *address)
{
    const char *at = strchr(address, '@');
    size_t len = strlen(address);

    if (len > DBA_USER_MAX || at == NULL || at == address || at[1] == '\0' ||
        strchr(at + 1, '@') != NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(address[i]) && strchr("._@-", address[i]) == NULL)
            return false;
    return true;
}

bool dba_user_valid(enum dba_username style, const char *user)
{
    if (style == DBA_USERNAME_LOCAL)
        return dba_name_valid(user);
    for (const char *p = user; *p != '\0'; p++)
        if (is_upper(*p))
            return false;
    return dba_address_valid(user);
}

bool dba_service_name_valid(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > DBA_SERVICE_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(name[i]) && strchr("_.-", name[i]) == NULL)
            return false;
    return true;
}

bool dba_domain_valid(const char *domain)
{
    size_t len = strlen(domain);
    size_t label = 0;

    if (len == 0 || len > DOMAIN_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (domain[i] == '.') {
            if (label == 0 || domain[i - 1] == '-')
                return false;
            label = 0;
        } else if (is_letter_or_digit(domain[i]) || (domain[i] == '-' && label > 0)) {
            if (++label > LABEL_MAX)
                return false;
        } else {
            return false;
        }
    }
    return label > 0 && domain[len - 1] != '-';
}
