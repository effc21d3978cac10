/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/reload.h"

#include <stdlib.h>
#include <string.h>

#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/publish.h"

/* What is said, for the log and for who asked. */
struct lines {
    char *text;
    size_t len;
};

static void say(const char *line, void *arg)
{
    struct lines *lines = arg;
    size_t len = strlen(line);
    char *text = realloc(lines->text, lines->len + len + 2);

    log_line(DBA_LEVEL_WARNING, "configuration %s", line);
    if (text == NULL)
        return;
    memcpy(text + lines->len, line, len);
    lines->len += len;
    text[lines->len++] = '\n';
    text[lines->len] = '\0';
    lines->text = text;
}

static bool can_replace(const struct config *old, const struct config *fresh,
                        struct lines *lines)
{
    char why[PUBLISH_WHY_MAX];

    if (strcmp(fresh->run_dir, old->run_dir) != 0) {
        say("runDir cannot be changed by a reload; restart dblab-authd", lines);
        return false;
    }
    /* The last thing that can fail: what follows it is in memory. */
    if (publish_policy(fresh->run_dir, &fresh->settings, why))
        return true;
    say(why, lines);
    return false;
}

static bool load(struct reload *reload, struct lines *lines)
{
    struct config *fresh = NULL;
    enum dba_err err = config_load(reload->path, say, lines, &fresh);

    if (err == DBA_ERR_MEMORY)
        say(dba_err_text(err), lines);
    if (err != DBA_OK)
        return false;
    if (!can_replace(reload->config, fresh, lines)) {
        config_free(&fresh);
        return false;
    }
    driver_configure(reload->driver, fresh);
    config_free(&reload->config);
    reload->config = fresh;
    return true;
}

bool reload_run(bool force, char **text, size_t *len, void *arg)
{
    struct reload *reload = arg;
    struct lines lines = {0};
    bool done;

    (void)force;
    notify_reloading(reload->notify);
    done = load(reload, &lines);
    log_line(done ? DBA_LEVEL_NOTICE : DBA_LEVEL_ERROR, "reload result=%s",
             done ? "done" : "refused, the old configuration stays in force");
    notify_send(reload->notify, "READY=1\n");
    *text = lines.text;
    *len = lines.len;
    return done;
}
