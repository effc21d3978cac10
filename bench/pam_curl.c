/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one would write in an afternoon: a module that makes a libcurl handle for each login. A
 * yardstick of the bench, and a list of what not to do (it obeys the caller's environment, has
 * no memory and no limits, and looks at the answer by strstr).
 *
 *     auth required pam_curl.so URL CA-FILE ACCESS-TOKEN-FILE DOMAIN
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#define ENTRY __attribute__((visibility("default")))

struct body {
    char text[4096];
    size_t len;
};

static size_t keep(char *data, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    size_t len = size * count;

    if (len >= sizeof body->text - body->len)
        return 0;
    memcpy(body->text + body->len, data, len);
    body->len += len;
    body->text[body->len] = '\0';
    return len;
}

static bool read_access(const char *path, char *header, size_t cap)
{
    char token[512] = "";
    FILE *in = fopen(path, "re");

    if (in == NULL)
        return false;
    if (fgets(token, sizeof token, in) == NULL)
        token[0] = '\0';
    (void)fclose(in);
    token[strcspn(token, "\n")] = '\0';
    (void)snprintf(header, cap, "Access-Token: %s", token);
    return true;
}

static bool perform(const char **argv, const char *token, struct body *body)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    CURL *curl = curl_easy_init();
    char access[600];
    char url[1024];
    char json[600];
    long status = 0;

    if (curl != NULL && read_access(argv[2], access, sizeof access)) {
        headers = curl_slist_append(headers, access);
        (void)snprintf(url, sizeof url, "%s/rpc/dblab_token_check", argv[0]);
        (void)snprintf(json, sizeof json, "{\"token\":\"%s\"}", token);
        (void)curl_easy_setopt(curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, argv[1]);
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 4L);
        (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
        if (curl_easy_perform(curl) == CURLE_OK)
            (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status == 200;
}

static int ask(const char **argv, const char *user, const char *token)
{
    struct body body = {.len = 0};
    char email[300];

    if (!perform(argv, token, &body))
        return PAM_AUTH_ERR;
    (void)snprintf(email, sizeof email, "%s@%s\"", user, argv[3]);
    return strstr(body.text, email) != NULL && strstr(body.text, "\"is_personal\"") != NULL
               ? PAM_SUCCESS
               : PAM_AUTH_ERR;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const char *user = NULL;
    char *token = NULL;
    int code = PAM_SERVICE_ERR;

    (void)flags;
    if (argc != 4 || pam_get_user(pamh, &user, NULL) != PAM_SUCCESS)
        return code;
    if (pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &token, "Token: ") == PAM_SUCCESS &&
        token != NULL)
        code = ask(argv, user, token);
    free(token);
    return code;
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return pam_sm_setcred(pamh, flags, argc, argv);
}
