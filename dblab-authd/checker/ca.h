/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates that the Platform's is checked against: those of platform.caFile alone, or
 * the system's.
 */
#ifndef DBA_CHECKER_CA_H
#define DBA_CHECKER_CA_H

#include <stdbool.h>
#include <stddef.h>

#define CA_FILE_MAX (4u * 1024 * 1024)

/*
 * Reads a file whole, from its start, into a new buffer that the caller frees. False: errno
 * (EFBIG: over the limit, ENODATA: empty).
 */
bool ca_read(int fd, char **bytes, size_t *len);

/* Is this a folder with certificates under hashed names (openssl-rehash(1))? NULL is none. */
bool ca_folder_hashed(const char *path);

#endif
