/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that the configuration rests on: who may have written them. A file, and every folder on
 * its path, must be root's; a file is not writable by group or others, a folder not by others
 * nor by a group that is not root's, but for a sticky one when what it holds on our path is
 * root's; a secret is not readable by others.
 *
 * The path is walked folder by folder, each opened and then judged, so what was judged is what
 * is read. A symbolic link on the way must be root's, too, and what it leads through is judged
 * like the rest: whoever could turn it could choose the file.
 */
#ifndef DBA_KEEPER_FILE_H
#define DBA_KEEPER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FILE_WHY_MAX 1400

enum file_kind { FILE_PLAIN, FILE_SECRET, FILE_PROGRAM };

/*
 * Opens a regular file that passes the rules; -1, with one sentence in `why` (FILE_WHY_MAX
 * bytes) that names the mending command.
 */
int file_open(const char *path, enum file_kind kind, char *why);

/*
 * Reads it whole into a new buffer with a NUL behind; wipe and free it. DBA_ERR_CONFIG: `why`;
 * DBA_ERR_MEMORY.
 */
enum dba_err file_read(const char *path, enum file_kind kind, size_t max, char **text,
                       size_t *len, char *why);

/* Does this folder pass, or, if it is not there yet, everything above it? False: `why`. */
bool file_folder_ok(const char *path, char *why);

#endif
