/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings in force as the text of a file that loads to the same, secrets left out.
 */
#ifndef DBA_KEEPER_DUMP_H
#define DBA_KEEPER_DUMP_H

#include <stdio.h>

#include "dblab-authd/keeper/option.h"

/* What is wrong with `out` is found by ferror(3). */
void dump_print(const struct raw *raw, FILE *out);

#endif
