/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User names and addresses: what text may be one at all.
 */
#ifndef DBA_MODEL_NAME_H
#define DBA_MODEL_NAME_H

#include <stdbool.h>

#define DBA_NAME_MAX    32  /* utmp and useradd agree on this */
#define DBA_USER_MAX    254 /* a whole address may be a name (username = "email") */
#define DBA_SERVICE_MAX 63

/* How a service writes the name of a person. */
enum dba_username {
    DBA_USERNAME_LOCAL, /* alice */
    DBA_USERNAME_EMAIL, /* alice@acme.io */
};

/* ^[a-z_][a-z0-9_.-]{0,31}$ */
bool dba_name_valid(const char *name);

/*
 * A plain address: the engine's label rule ^[a-zA-Z0-9._@-]+$, at most 254 bytes, exactly
 * one '@' with something on both sides. No display name, no plus tag, no comment.
 */
bool dba_address_valid(const char *address);

/* A name as the style wants it; an address counts in lower case only. */
bool dba_user_valid(enum dba_username style, const char *user);

/* ^[A-Za-z0-9_.-]+$, at most 63 bytes: a file name in pam.d. */
bool dba_service_name_valid(const char *name);

/* A DNS domain with at least one label, letters, digits, '-' and '.', at most 253 bytes. */
bool dba_domain_valid(const char *domain);

#endif
