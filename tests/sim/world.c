/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define START (1000 * DBA_SECOND) /* the host has been up so long */

void world_fail(struct world *w, const char *invariant, const char *format, ...)
{
    char text[320];
    va_list args;

    if (w->failed)
        return;
    w->failed = true;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    w->invariant = invariant;
    (void)snprintf(w->failure, sizeof w->failure, "invariant %s: %s", invariant, text);
    world_say(w, "FAILED    %s", w->failure);
}

const char *world_text(struct world *w, const char *format, ...)
{
    char text[DBA_EMAIL_MAX + 1];
    va_list args;
    char *copy;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    copy = need(strlen(text) + 1);
    strcpy(copy, text);
    w->texts = grow(w->texts, &w->texts_room, w->texts_count + 1, sizeof *w->texts);
    w->texts[w->texts_count++] = copy;
    return copy;
}

struct name *world_name(struct world *w, const char *text)
{
    struct name *name;

    for (size_t i = 0; i < w->names_count; i++)
        if (strcmp(w->names[i]->text, text) == 0)
            return w->names[i];
    name = need(sizeof *name);
    name->text = world_text(w, "%s", text);
    w->names = grow(w->names, &w->names_room, w->names_count + 1, sizeof(struct name *));
    w->names[w->names_count++] = name;
    return name;
}

static void draw_life(struct world *w, double days)
{
    struct rng *rng = &w->rng;

    if (w->quiet) {
        w->people_count = 20;
        w->gap = 86400 * DBA_SECOND;
        w->stay = 7200 * DBA_SECOND;
        w->events_max = UINT64_MAX;
        w->ends = w->now + dba_time_of_seconds(days * 86400);
        return;
    }
    w->people_count = (size_t)rng_spread(rng, 1, rng_chance(rng, 20) ? PEOPLE : 10);
    w->gap = rng_spread(rng, w->conf.bound / 16, 30 * w->conf.bound);
    w->stay = rng_spread(rng, w->conf.bound / 2, 60 * w->conf.bound);
    w->events_max = (uint64_t)rng_spread(rng, 1000, 16000);
    w->ends = DBA_NEVER;
}

struct world *world_new(uint64_t seed, enum trace_mode mode, bool quiet, double days)
{
    struct world *w = need(sizeof *w);
    const struct truth own = {.good = true, .org = OUR_ORG, .email = ""};

    w->seed = seed;
    w->quiet = quiet;
    w->now = START;
    w->undecided = w->probe_failed = w->hold_until = -3600 * DBA_SECOND;
    w->http2_served = true;
    rng_seed(&w->rng, seed);
    trace_start(&w->trace, mode);
    conf_draw(w);
    draw_life(w, days);
    if (w->conf.own != NULL)
        platform_change(w, w->conf.own, &own, "own token");
    w->own_token = w->conf.own;
    w->http2_served = rng_chance(&w->rng, 70);
    person_start(w);
    phase_start(w);
    return w;
}

static void step(struct world *w, const struct event *event)
{
    if (event->at > w->now)
        w->now = event->at;
    event->fn(w, event->actor, event->number);
}

void world_run(struct world *w)
{
    struct event event;

    if (!host_start(w))
        return;
    while (!w->failed && queue_take(&w->queue, &event)) {
        step(w, &event);
        if (w->failed)
            break;
        if (!w->draining && (w->now >= w->ends || w->events >= w->events_max))
            phase_drain(w);
        else if (w->draining && w->now >= w->ends)
            break;
    }
    if (!w->failed)
        inv_end(w);
}

static void free_tokens(struct world *w)
{
    for (size_t i = 0; i < w->tokens_count; i++) {
        free(w->tokens[i]->versions);
        free(w->tokens[i]);
    }
    for (size_t i = 0; i < w->names_count; i++)
        free(w->names[i]);
    for (size_t i = 0; i < w->texts_count; i++)
        free(w->texts[i]);
    free(w->tokens);
    free(w->bearers);
    free(w->names);
    free(w->texts);
}

static void free_actors(struct world *w)
{
    struct event event;

    while (queue_take(&w->queue, &event))
        caller_forget(&event);
    while (w->requests != NULL) {
        struct request *next = w->requests->next;

        free(w->requests);
        w->requests = next;
    }
    while (w->processes != NULL) {
        struct process *next = w->processes->next;

        free(w->processes->rests);
        free(w->processes);
        w->processes = next;
    }
    queue_free(&w->queue);
    free(w->asks);
    free(w->must_watch);
    free(w->refusals);
}

void world_free(struct world *w)
{
    dba_core_free(&w->core);
    conf_free(w->settings);
    free_actors(w);
    free_tokens(w);
    trace_free(&w->trace);
    free(w);
}
