/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libconfig would read otherwise than it stands there, without a word. Before 1.7 a whole
 * number that has no L behind it is cut to 32 bits (5000000001 becomes 705032705, and so
 * another organization's id); in any version \x00 ends a text in its middle. Pure.
 */
#ifndef DBA_KEEPER_LITERALS_H
#define DBA_KEEPER_LITERALS_H

#include "base/err.h"

/*
 * A new text, in which each whole number that needs 64 bits has its L; lines stay what they
 * are. Wipe and free it. DBA_ERR_FORM: there is a \x00 in a text on `*line`; DBA_ERR_MEMORY.
 */
enum dba_err literals_mend(const char *text, char **mended, unsigned *line);

#endif
