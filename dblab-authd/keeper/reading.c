/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/reading.h"

#include <libconfig.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/token.h"
#include "dblab-authd/keeper/literals.h"

void reading_refuse(struct reading *reading, unsigned line, const char *format, ...)
{
    char message[READING_MESSAGE_MAX];
    char out[READING_SAY_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    /* What is missing has no line of its own: the first stands for the whole. */
    (void)snprintf(out, sizeof out, "%.1000s:%u: %s", reading->name, line > 0 ? line : 1,
                   message);
    reading->failed = true;
    reading->say(out, reading->arg);
}

void reading_no_memory(struct reading *reading)
{
    reading->failed = reading->no_memory = true;
}

enum dba_err reading_error(const struct reading *reading)
{
    if (!reading->failed)
        return DBA_OK;
    return reading->no_memory ? DBA_ERR_MEMORY : DBA_ERR_CONFIG;
}

void reading_warn(const struct reading *reading, unsigned line, const char *format, ...)
{
    char message[READING_MESSAGE_MAX];
    char out[READING_SAY_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    (void)snprintf(out, sizeof out, "%.1000s:%u: warning: %s", reading->name,
                   line > 0 ? line : 1, message);
    reading->say(out, reading->arg);
}

unsigned reading_line(const struct reading *reading, const char *group, const char *name)
{
    const struct option *option = option_find(group, name);

    return option != NULL ? reading->lines[option - options] : 0;
}

static unsigned line_of(const config_setting_t *setting)
{
    return config_setting_source_line(setting);
}

static const char *type_name(enum option_type type)
{
    switch (type) {
    case OPTION_BOOL:
        return "true or false";
    case OPTION_NUMBER:
        return "a whole number";
    case OPTION_SECONDS:
        return "a number of seconds";
    case OPTION_TEXT:
        return "a text in quotes";
    case OPTION_NAMES:
        return "a list of texts";
    }
    return "";
}

/* ---- values ---- */

static bool is_number(const config_setting_t *s, double *value)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        *value = (double)config_setting_get_int64(s);
        return true;
    case CONFIG_TYPE_FLOAT:
        *value = config_setting_get_float(s);
        return true;
    default:
        return false;
    }
}

static bool read_number(struct reading *reading, const struct option *o,
                        const config_setting_t *s, void *at)
{
    double value;

    if (!is_number(s, &value) || !isfinite(value) ||
        (o->type == OPTION_NUMBER && config_setting_type(s) == CONFIG_TYPE_FLOAT))
        return false;
    if (!(value >= o->low && value <= o->high) && !(o->zero && value == 0) &&
        !(o->minus_one && value == -1)) {
        reading_refuse(reading, line_of(s), "%s is %.15g, but must be %.15g to %.15g%s%s",
                       o->name, value, o->low, o->high, o->zero ? ", or 0" : "",
                       o->minus_one ? ", or -1" : "");
        return true;
    }
    if (o->type == OPTION_NUMBER)
        *(int64_t *)at = config_setting_get_int64(s);
    else
        *(double *)at = value;
    return true;
}

/* A text that can stand in a log, a header and a path: no control bytes. */
static bool clean_text(struct reading *reading, const struct option *o,
                       const config_setting_t *s, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            reading_refuse(reading, line_of(s), "%s has a control byte in it", o->name);
            return false;
        }
    return true;
}

static bool read_text(struct reading *reading, const struct option *o,
                      const config_setting_t *s, char **at)
{
    const char *text = config_setting_get_string(s);
    char *copy;

    if (text == NULL)
        return false;
    if (!clean_text(reading, o, s, text))
        return true;
    copy = strdup(text);
    if (copy == NULL) {
        reading_no_memory(reading);
        return true;
    }
    free(*at);
    *at = copy;
    return true;
}

static bool read_names(struct reading *reading, const struct option *o,
                       const config_setting_t *s, struct dba_names *names)
{
    int count = config_setting_length(s);

    if (config_setting_type(s) != CONFIG_TYPE_ARRAY &&
        config_setting_type(s) != CONFIG_TYPE_LIST)
        return false;
    dba_names_clear(names);
    for (int i = 0; i < count; i++) {
        const char *text = config_setting_get_string_elem(s, i);

        if (text == NULL)
            return false;
        if (text[0] == '\0')
            reading_refuse(reading, line_of(s), "%s has an empty text in it", o->name);
        else if (!clean_text(reading, o, s, text))
            return true;
        else if (dba_names_have(names, text))
            reading_refuse(reading, line_of(s), "%s names \"%s\" twice", o->name, text);
        else if (dba_names_add(names, text) != DBA_OK)
            reading_no_memory(reading);
    }
    return true;
}

static void read_value(struct reading *reading, const struct option *o,
                       const config_setting_t *s, void *base)
{
    void *at = (char *)base + o->offset;
    bool typed = false;

    switch (o->type) {
    case OPTION_BOOL:
        typed = config_setting_type(s) == CONFIG_TYPE_BOOL;
        if (typed)
            *(bool *)at = config_setting_get_bool(s) != 0;
        break;
    case OPTION_NUMBER:
    case OPTION_SECONDS:
        typed = read_number(reading, o, s, at);
        break;
    case OPTION_TEXT:
        typed = read_text(reading, o, s, at);
        break;
    case OPTION_NAMES:
        typed = read_names(reading, o, s, at);
        break;
    }
    if (!typed)
        reading_refuse(reading, line_of(s), "%s must be %s", o->name, type_name(o->type));
}

/* ---- the tree ---- */

static void read_key(struct reading *reading, const char *group, const config_setting_t *s,
                     void *base)
{
    const char *name = config_setting_name(s);
    const struct option *o = name != NULL ? option_find(group, name) : NULL;
    char shown[64];

    if (o == NULL) {
        reading_refuse(reading, line_of(s), "unknown key \"%s\"%s%s",
                       dba_text_clean(shown, sizeof shown, name != NULL ? name : ""),
                       group[0] != '\0' ? " in " : "", group);
        return;
    }
    if (strcmp(group, "services") != 0)
        reading->lines[o - options] = line_of(s);
    read_value(reading, o, s, base);
}

static void read_group(struct reading *reading, const char *group, config_setting_t *s,
                       void *base)
{
    if (config_setting_type(s) != CONFIG_TYPE_GROUP) {
        reading_refuse(reading, line_of(s), "%s must be a group { ... }", group);
        return;
    }
    /* What is wrong with a key that is not there is said of its group. */
    if (strcmp(group, "services") != 0)
        for (size_t i = 0; i < options_count; i++)
            if (strcmp(options[i].group, group) == 0)
                reading->lines[i] = line_of(s);
    for (int i = 0; i < config_setting_length(s); i++)
        read_key(reading, group, config_setting_get_elem(s, (unsigned)i), base);
}

static void read_services(struct reading *reading, config_setting_t *s, struct raw *raw)
{
    if (config_setting_type(s) != CONFIG_TYPE_LIST) {
        reading_refuse(reading, line_of(s), "services must be a list ( { ... }, ... )");
        return;
    }
    raw_drop_services(raw);
    for (int i = 0; i < config_setting_length(s); i++) {
        config_setting_t *entry = config_setting_get_elem(s, (unsigned)i);
        struct raw_service *service = raw_add_service(raw);

        if (service == NULL) {
            reading_no_memory(reading);
            return;
        }
        service->line = line_of(entry);
        read_group(reading, "services", entry, service);
    }
}

static bool is_group(const char *name)
{
    for (size_t i = 0; i < options_count; i++)
        if (options[i].group[0] != '\0' && strcmp(options[i].group, name) == 0)
            return true;
    return false;
}

static void read_root(struct reading *reading, config_setting_t *root, struct raw *raw)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
        const char *name = config_setting_name(s);

        if (strcmp(name, "services") == 0)
            read_services(reading, s, raw);
        else if (is_group(name))
            read_group(reading, name, s, raw);
        else
            read_key(reading, "", s, raw);
    }
}

/* libconfig would read another file by itself, past the rules on who may have written it. */
static unsigned include_line(const char *text)
{
    unsigned line = 1;

    while (*text != '\0') {
        const char *start = text + strspn(text, " \t");

        if (strncmp(start, "@include", strlen("@include")) == 0)
            return line;
        text = strchr(text, '\n');
        if (text == NULL)
            return 0;
        text++;
        line++;
    }
    return 0;
}

/*
 * libconfig leaves copies of what it read in memory that it gives back; a secret's text is
 * emptied before that.
 */
static void wipe_secrets(const config_t *config)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *o = &options[i];
        char path[64];
        const char *text = NULL;

        if (o->secrecy == OPTION_PUBLIC)
            continue;
        (void)snprintf(path, sizeof path, "%s.%s", o->group, o->name);
        if (config_lookup_string(config, path, &text) == CONFIG_TRUE)
            dba_wipe((void *)(uintptr_t)text, strlen(text));
    }
}

static void read_tree(struct reading *reading, const char *text, struct raw *raw)
{
    config_t config;

    config_init(&config);
    if (config_read_string(&config, text) != CONFIG_TRUE)
        reading_refuse(reading, (unsigned)config_error_line(&config), "%s",
                       config_error_text(&config));
    else
        read_root(reading, config_root_setting(&config), raw);
    wipe_secrets(&config);
    config_destroy(&config);
}

enum dba_err reading_run(struct reading *reading, const char *text, struct raw *raw)
{
    unsigned line = include_line(text);
    char *mended = NULL;
    enum dba_err err;

    if (line != 0) {
        reading_refuse(reading, line, "@include is not supported");
        return DBA_ERR_CONFIG;
    }
    err = literals_mend(text, &mended, &line);
    if (err == DBA_OK) {
        read_tree(reading, mended, raw);
        dba_wipe(mended, strlen(mended));
        free(mended);
    } else if (err == DBA_ERR_MEMORY) {
        reading_no_memory(reading);
    } else {
        reading_refuse(reading, line, "a text has a NUL (\\x00) in it");
    }
    return reading_error(reading);
}
