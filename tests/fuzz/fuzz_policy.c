/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy file. The input is taken as its text: a rule, or all zero. Then as settings: what
 * is printed reads back as the settings say, for each service, user and caller in them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/policy.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool same(const struct dba_policy_rule *a, const struct dba_policy_rule *b)
{
    return strcmp(a->group, b->group) == 0 && a->min_uid == b->min_uid &&
           a->service_listed == b->service_listed && a->unix_account == b->unix_account &&
           a->username == b->username && a->caller_may == b->caller_may &&
           a->user_denied == b->user_denied;
}

static void from_text(const char *text, size_t len)
{
    static const struct dba_policy_rule none;
    struct dba_policy_rule rule;
    struct dba_policy_rule root;

    if (dba_policy_read(text, len, "sshd", "alice", 104, &rule) != DBA_OK) {
        check(same(&rule, &none));
        return;
    }
    check(dba_name_valid(rule.group) && rule.min_uid != (uid_t)-1);
    check(rule.service_listed || (!rule.unix_account && !rule.caller_may));
    /* Root may do what anybody may, and a file that lost its last byte is damaged. */
    check(dba_policy_read(text, len, "sshd", "alice", 0, &root) == DBA_OK);
    check(root.caller_may == root.service_listed);
    root.caller_may = rule.caller_may;
    check(same(&rule, &root));
    check(dba_policy_read(text, len - 1, "sshd", "alice", 104, &rule) == DBA_ERR_SHORT);
}

/* ---- settings: one word after the other, the first byte says what it is ---- */

#define WORDS_MAX 32 /* each user is asked about for each service and caller */

static void add_service(struct dba_settings *s, const char *word)
{
    struct dba_service *grown =
        realloc(s->services, (s->services_count + 1) * sizeof *s->services);

    check(grown != NULL);
    s->services = grown;
    grown += s->services_count++;
    *grown =
        (struct dba_service){.unix_account = word[0] & 1,
                             .username = word[0] & 2 ? DBA_USERNAME_EMAIL : DBA_USERNAME_LOCAL};
    (void)dba_text_copy(grown->name, sizeof grown->name, word[0] != '\0' ? word + 1 : word);
}

static void add_caller(struct dba_service *service, uid_t uid)
{
    uid_t *grown =
        realloc(service->callers, (service->callers_count + 1) * sizeof *service->callers);

    check(grown != NULL);
    service->callers = grown;
    grown[service->callers_count++] = uid;
}

static void add_word(struct dba_settings *s, const char *word)
{
    struct dba_service *last =
        s->services_count > 0 ? &s->services[s->services_count - 1] : NULL;

    if (word[0] == 'g')
        (void)dba_text_copy(s->group, sizeof s->group, word + 1);
    else if (word[0] == 'm')
        s->min_uid = (uid_t)strtol(word + 1, NULL, 10);
    else if (word[0] == 's')
        add_service(s, word + 1);
    else if (word[0] == 'c' && last != NULL)
        add_caller(last, (uid_t)strtol(word + 1, NULL, 10));
    else if (word[0] == 'd')
        check(dba_names_add(last != NULL ? &last->deny_users : &s->deny_users, word + 1) ==
              DBA_OK);
}

static void check_user(const struct dba_settings *s, const char *text, size_t len,
                       const struct dba_service *service, const char *user)
{
    struct dba_policy_rule want = {
        .min_uid = s->min_uid,
        .service_listed = true,
        .unix_account = service->unix_account,
        .username = service->username,
        .user_denied =
            dba_names_have(&s->deny_users, user) || dba_names_have(&service->deny_users, user),
    };
    struct dba_policy_rule rule;

    strcpy(want.group, s->group);
    for (size_t i = 0; i <= service->callers_count; i++) {
        uid_t caller = i < service->callers_count ? service->callers[i] : 104;

        want.caller_may = dba_service_caller(service, caller);
        check(dba_policy_read(text, len, service->name, user, caller, &rule) == DBA_OK);
        check(same(&rule, &want));
    }
}

static void from_settings(const struct dba_settings *s)
{
    char *text;
    size_t len;
    enum dba_err err = dba_policy_print(s, &text, &len);

    if (err != DBA_OK) {
        check(text == NULL && len == 0 && (err == DBA_ERR_ARGUMENT || err == DBA_ERR_SIZE));
        return;
    }
    for (size_t i = 0; i < s->services_count; i++) {
        const struct dba_service *service = &s->services[i];

        check_user(s, text, len, service, "alice");
        for (size_t j = 0; j < s->deny_users.count; j++)
            check_user(s, text, len, service, s->deny_users.items[j]);
        for (size_t j = 0; j < service->deny_users.count; j++)
            check_user(s, text, len, service, service->deny_users.items[j]);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct dba_settings s = {.group = "dblab"};
    char *words = malloc(size + 1);

    check(words != NULL);
    from_text((const char *)data, size);
    memcpy(words, data, size);
    words[size] = '\0';
    for (size_t at = 0, n = 0; at < size && n < WORDS_MAX; at += strlen(words + at) + 1, n++)
        add_word(&s, words + at);
    from_settings(&s);
    dba_settings_clear(&s);
    free(words);
    return 0;
}
