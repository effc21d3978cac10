/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words after the module's name. libpam cuts them at blanks; one with blanks in it is
 * written in brackets, `[prompt=Token: ]`, and comes here without them (pam.conf(5)).
 */
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "base/text.h"
#include "client/client.h"
#include "model/name.h"
#include "pam_dblab/module.h"

#define DEFAULT_PROMPT "Database Lab token: "
#define DEFAULT_GROUP  "dblab"

/* Seconds: 0.05, as all of the product's, to an hour. */
#define TIMEOUT_DEFAULT (6 * DBA_SECOND)
#define TIMEOUT_MIN     (50 * DBA_MSEC)
#define TIMEOUT_MAX     (3600 * DBA_SECOND)

/* `12` or `12.5`, whatever the locale of the program that we are in. */
static bool parse_seconds(const char *text, dba_time *out)
{
    dba_time value = 0;
    dba_time unit = DBA_SECOND;
    bool digits = false;

    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (*text - '0') * DBA_SECOND;
        digits = true;
        if (value > TIMEOUT_MAX)
            return false;
    }
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++) {
            unit /= 10;
            value += (*text - '0') * unit;
            digits = true;
        }
    *out = value;
    return digits && *text == '\0' && value >= TIMEOUT_MIN && value <= TIMEOUT_MAX;
}

/* The text behind `name=`, or NULL if the word is another. */
static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static bool parse_word(struct options *options, const char *word)
{
    const char *value;

    if (strcmp(word, "use_first_pass") == 0)
        options->use_first_pass = true;
    else if (strcmp(word, "try_first_pass") == 0)
        options->try_first_pass = true;
    else if (strcmp(word, "debug") == 0)
        options->debug = true;
    else if ((value = value_of(word, "socket")) != NULL)
        return value[0] == '/' && dba_text_copy(options->socket, sizeof options->socket, value);
    else if ((value = value_of(word, "timeout")) != NULL)
        return parse_seconds(value, &options->timeout);
    else if ((value = value_of(word, "group")) != NULL)
        return dba_name_valid(value) &&
               dba_text_copy(options->group, sizeof options->group, value);
    else if ((value = value_of(word, "prompt")) != NULL)
        return value[0] != '\0' &&
               dba_text_copy(options->prompt, sizeof options->prompt, value);
    else
        return false;
    return true;
}

int options_parse(pam_handle_t *pamh, int argc, const char **argv, struct options *options)
{
    char shown[64];

    *options = (struct options){.timeout = TIMEOUT_DEFAULT};
    (void)dba_text_copy(options->socket, sizeof options->socket, DBA_DEFAULT_SOCKET);
    (void)dba_text_copy(options->group, sizeof options->group, DEFAULT_GROUP);
    (void)dba_text_copy(options->prompt, sizeof options->prompt, DEFAULT_PROMPT);
    for (int i = 0; i < argc; i++) {
        if (parse_word(options, argv[i]))
            continue;
        pam_syslog(pamh, LOG_ERR, "unknown or invalid option \"%s\"; see pam_dblab(8)",
                   dba_text_clean(shown, sizeof shown, argv[i]));
        return PAM_SERVICE_ERR;
    }
    return PAM_SUCCESS;
}
