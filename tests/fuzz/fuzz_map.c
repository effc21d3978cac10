/* SPDX-License-Identifier: Apache-2.0 */
/* The map file: what is taken answers, and only with names that are valid. */
#include <stdlib.h>

#include "model/identity.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char user[DBA_USER_MAX + 1];
    struct dba_map *map;
    const char *why;
    unsigned line;

    if (dba_map_parse((const char *)data, size, &map, &line, &why) != DBA_OK) {
        if (map != NULL || why == NULL)
            abort();
        return 0;
    }
    if (dba_identity_name(map, "acme.io", DBA_USERNAME_LOCAL, "a@b", user, sizeof user) &&
        (!dba_name_valid(user) ||
         !dba_identity_fits(map, "acme.io", DBA_USERNAME_LOCAL, "A@B", user)))
        abort();
    dba_map_free(&map);
    return 0;
}
