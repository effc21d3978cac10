/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

int folder_make(char *folder)
{
    if (geteuid() != 0)
        return 0;
    return mkdtemp(folder) != NULL && chmod(folder, 0755) == 0 ? 0 : -1;
}

int folder_remove(const char *folder)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return geteuid() != 0 ? 0 : system(command);
}

void folder_needed(void)
{
    if (geteuid() != 0)
        skip();
}
