/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file as the module reads it: a rule, or all zero. */
#include <stdlib.h>
#include <string.h>

#include "model/policy.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct dba_policy_rule none;
    struct dba_policy_rule rule;

    if (dba_policy_read((const char *)data, size, "sshd", "alice", 104, &rule) != DBA_OK) {
        if (memcmp(&rule, &none, sizeof rule) != 0)
            abort();
    } else if (!dba_name_valid(rule.group)) {
        abort();
    }
    return 0;
}
