/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A throw-away folder of root's, for tests of what the daemon reads and publishes: it takes
 * files of root alone. Without root there is none, and the cases that need it are skipped.
 */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

/* For mkdtemp(3). */
#define FOLDER_TEMPLATE "/tmp/dblab-test-XXXXXX"

/* Makes it with mode 0755; `folder` is a template. 0, or -1: cmocka's setup has failed. */
int folder_make(char *folder);
int folder_remove(const char *folder); /* with all that is in it; for cmocka's teardown */

void folder_needed(void); /* first thing in a case: skips it without root */

#endif
