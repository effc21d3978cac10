/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the Platform's answer. The one file that includes jansson. Whatever is not exactly as
 * it must be is malformed, that is undecided: it neither lets in nor throws out.
 */
#include "dblab-authd/checker/reply.h"

#include <jansson.h>
#include <string.h>

/* A string, null or absent. False: of another type. *filled: a string that is not empty. */
static bool text_field(const json_t *facts, const char *name, bool *filled)
{
    const json_t *value = json_object_get(facts, name);

    *filled = false;
    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return false;
    *filled = json_string_length(value) > 0;
    return true;
}

/* Copies the email if it is a plain text, else leaves "". False: of a wrong type. */
static bool email_field(const json_t *facts, char email[DBA_EMAIL_MAX + 1])
{
    const json_t *value = json_object_get(facts, "email");
    const char *text;
    size_t len;

    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return false;
    text = json_string_value(value);
    len = json_string_length(value);
    if (len > DBA_EMAIL_MAX)
        return true;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    memcpy(email, text, len);
    email[len] = '\0';
    return true;
}

/* The object with the facts inside of a documented wrapping; NULL: neither that nor plain. */
static const json_t *unwrap(const json_t *root)
{
    const json_t *result;

    if (json_is_array(root)) {
        if (json_array_size(root) != 1)
            return NULL;
        root = json_array_get(root, 0);
    }
    if (!json_is_object(root))
        return NULL;
    result = json_object_get(root, "result");
    if (result == NULL)
        return root;
    /* Facts beside a wrapping would leave open which of them count. */
    if (json_object_size(root) != 1 || !json_is_object(result))
        return NULL;
    return result;
}

static bool malformed(struct dba_answer *answer)
{
    answer->cause = DBA_CAUSE_MALFORMED;
    return false;
}

/* True: the answer is decided. */
static bool facts_read(const json_t *facts, struct dba_answer *answer)
{
    static const char *const failures[] = {"code", "message", "details"};
    const json_t *org_id = json_object_get(facts, "org_id");
    const json_t *personal = json_object_get(facts, "is_personal");
    bool failed = false;
    bool filled;

    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (!text_field(facts, failures[i], &filled))
            return malformed(answer);
        failed = failed || filled;
    }
    if (!text_field(facts, "hint", &filled))
        return malformed(answer);
    if (failed) {
        answer->class = DBA_ANSWER_INVALID;
        return true;
    }
    if (!json_is_integer(org_id) || json_integer_value(org_id) <= 0 ||
        !json_is_boolean(personal))
        return malformed(answer);
    if (!email_field(facts, answer->email))
        return malformed(answer);
    answer->class = DBA_ANSWER_GOOD;
    answer->org_id = json_integer_value(org_id);
    answer->personal = json_is_true(personal);
    return true;
}

static void body_read(const struct reply *reply, struct dba_answer *answer)
{
    /* NUL escapes are let through to be seen, and refused, where they matter: in the email. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    json_t *root = NULL;
    const json_t *facts;

    if (reply->len > 0)
        root = json_loadb(reply->body, reply->len, flags, NULL);
    facts = root == NULL ? NULL : unwrap(root);
    if (facts == NULL)
        (void)malformed(answer);
    else
        (void)facts_read(facts, answer);
    json_decref(root);
}

static void hold(const struct reply *reply, struct dba_answer *answer)
{
    answer->cause = DBA_CAUSE_HELD;
    answer->hold = true;
    answer->retry_after_ms = reply->has_retry_after ? reply->retry_after_ms : 0;
}

void reply_read(const struct reply *reply, struct dba_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->class = DBA_ANSWER_UNDECIDED;
    answer->cause = DBA_CAUSE_NONE;
    answer->status = (uint16_t)reply->status;
    answer->http2 = reply->http2;
    if (reply->status == 401)
        answer->class = DBA_ANSWER_INVALID;
    else if (reply->status == 429 || (reply->status == 503 && reply->has_retry_after))
        hold(reply, answer);
    else if (reply->status != 200)
        answer->cause = DBA_CAUSE_STATUS;
    else if (reply->over_size)
        answer->cause = DBA_CAUSE_SIZE;
    else
        body_read(reply, answer);
}
