/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/dump.h"

#include <stdint.h>
#include <string.h>

static void dump_text(const char *text, FILE *out)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void dump_names(const struct dba_names *names, FILE *out)
{
    (void)fputc('[', out);
    for (size_t i = 0; i < names->count; i++) {
        (void)fputs(i > 0 ? ", " : "", out);
        dump_text(names->items[i], out);
    }
    (void)fputc(']', out);
}

/* Always as a fraction, so that it reads as what it is. */
static void dump_seconds(double seconds, FILE *out)
{
    char number[64];

    (void)snprintf(number, sizeof number, "%.15g", seconds);
    (void)fprintf(out, "%s%s", number, strpbrk(number, ".e") != NULL ? "" : ".0");
}

static void dump_value(const struct option *o, const void *base, const char *indent, FILE *out)
{
    const void *at = (const char *)base + o->offset;

    if (o->secrecy == OPTION_SECRET || option_holds_secret(o, base)) {
        (void)fprintf(out, "%s# %s is %s\n", indent, o->name,
                      option_holds_secret(o, base) ? "set" : "not set");
        return;
    }
    (void)fprintf(out, "%s%s = ", indent, o->name);
    switch (o->type) {
    case OPTION_BOOL:
        (void)fputs(*(const bool *)at ? "true" : "false", out);
        break;
    case OPTION_NUMBER:
        (void)fprintf(out, "%lld%s", (long long)*(const int64_t *)at,
                      *(const int64_t *)at > INT32_MAX ? "L" : "");
        break;
    case OPTION_SECONDS:
        dump_seconds(*(const double *)at, out);
        break;
    case OPTION_TEXT:
        dump_text(*(char *const *)at, out);
        break;
    case OPTION_NAMES:
        dump_names(at, out);
        break;
    }
    (void)fputs(";\n", out);
}

static void dump_services(const struct raw *raw, FILE *out)
{
    (void)fputs("services: (\n", out);
    for (size_t i = 0; i < raw->services_count; i++) {
        (void)fputs("  {\n", out);
        for (size_t k = 0; k < options_count; k++)
            if (strcmp(options[k].group, "services") == 0)
                dump_value(&options[k], &raw->services[i], "    ", out);
        (void)fprintf(out, "  }%s\n", i + 1 < raw->services_count ? "," : "");
    }
    (void)fputs(");\n", out);
}

void dump_print(const struct raw *raw, FILE *out)
{
    const char *group = "";

    for (size_t i = 0; i < options_count; i++) {
        const struct option *o = &options[i];

        if (strcmp(o->group, "services") == 0)
            break;
        if (strcmp(o->group, group) != 0) {
            (void)fprintf(out, "%s%s: {\n", group[0] != '\0' ? "};\n" : "", o->group);
            group = o->group;
        }
        dump_value(o, raw, group[0] != '\0' ? "  " : "", out);
    }
    (void)fputs("};\n", out);
    dump_services(raw, out);
}
