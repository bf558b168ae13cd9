#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A header longer than this is read no further: browsers send less than 100 bytes. */
#define ACCEPT_LANGUAGE_BYTES_MAX 512

static double quality_of(const char *range, size_t length)
{
    const char *q = memmem(range, length, ";q=", 3);
    if (q == NULL)
        return 1.0;
    char number[8] = {0};
    size_t have = length - (size_t)(q + 3 - range);
    memcpy(number, q + 3, have < sizeof number - 1 ? have : sizeof number - 1);
    return strtod(number, NULL);
}

enum lang text_lang_from_accept_language(const char *header)
{
    double best[2] = {0, 0};
    if (header == NULL || strlen(header) > ACCEPT_LANGUAGE_BYTES_MAX)
        return LANG_ZH;
    for (const char *at = header; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        double quality = quality_of(at, length);
        if (strncasecmp(at, "zh", 2) == 0 && quality > best[LANG_ZH])
            best[LANG_ZH] = quality;
        if (strncasecmp(at, "en", 2) == 0 && quality > best[LANG_EN])
            best[LANG_EN] = best[LANG_ZH] == quality ? quality - 0.001 : quality;
        at += length;
    }
    return best[LANG_EN] > best[LANG_ZH] ? LANG_EN : LANG_ZH;
}

enum lang text_lang_from_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return strncmp(value, "zh", 2) == 0 || value[0] == 'C' ? LANG_ZH : LANG_EN;
    }
    return LANG_ZH;
}
