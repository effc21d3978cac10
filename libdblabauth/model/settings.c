/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settings.h"

#include <stdlib.h>
#include <string.h>

bool dba_names_have(const struct dba_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

enum dba_err dba_names_add(struct dba_names *names, const char *name)
{
    char *copy = strdup(name);
    char **items;

    if (copy == NULL)
        return DBA_ERR_MEMORY;
    items = reallocarray(names->items, names->count + 1, sizeof *items);
    if (items == NULL) {
        free(copy);
        return DBA_ERR_MEMORY;
    }
    items[names->count++] = copy;
    names->items = items;
    return DBA_OK;
}

void dba_names_clear(struct dba_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct dba_names){0};
}

void dba_settings_clear(struct dba_settings *settings)
{
    for (size_t i = 0; i < settings->services_count; i++) {
        struct dba_service *service = &settings->services[i];

        dba_names_clear(&service->administrative_users);
        dba_names_clear(&service->deny_users);
        free(service->callers);
    }
    free(settings->services);
    dba_names_clear(&settings->administrative_users);
    dba_names_clear(&settings->verification_users);
    dba_names_clear(&settings->deny_users);
    dba_map_free(&settings->map);
    dba_wipe(settings, sizeof *settings);
}

const struct dba_service *dba_settings_service(const struct dba_settings *settings,
                                               const char *name)
{
    for (size_t i = 0; i < settings->services_count; i++)
        if (strcmp(settings->services[i].name, name) == 0)
            return &settings->services[i];
    return NULL;
}

bool dba_service_caller(const struct dba_service *service, uid_t uid)
{
    if (uid == 0)
        return true;
    for (size_t i = 0; i < service->callers_count; i++)
        if (service->callers[i] == uid)
            return true;
    return false;
}

dba_time dba_settings_max_age(const struct dba_settings *settings)
{
    return settings->bound - 3 * settings->timeout - settings->notice - settings->kill_wait -
           DBA_SECOND;
}
