#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A header longer than this is read no further: browsers send less than 100 bytes. */
#define ACCEPT_LANGUAGE_BYTES_MAX 512

/* "0.5" in thousandths, whatever the locale's decimal point. Source: RFC 9110 12.4.2. */
static int thousandths(const char *number)
{
    static const int worth[] = {1000, 0, 100, 10, 1};
    int sum = 0;
    for (size_t i = 0; i < sizeof worth / sizeof *worth && number[i] != '\0'; i++)
        if (number[i] >= '0' && number[i] <= '9')
            sum += (number[i] - '0') * worth[i];
        else if (i != 1 || number[i] != '.')
            break;
    return sum < 1000 ? sum : 1000;
}

/* The weight of a range such as "en-US;q=0.5", in thousandths. */
static int quality_of(const char *range)
{
    const char *at = range + strcspn(range, ";,");
    if (*at != ';')
        return 1000;
    at += 1 + strspn(at + 1, " \t");
    return strncasecmp(at, "q=", 2) == 0 ? thousandths(at + 2) : 1000;
}

static bool range_names(const char *range, const char *language)
{
    size_t length = strcspn(range, "-;, \t");
    return length == strlen(language) && strncasecmp(range, language, length) == 0;
}

enum lang text_lang_from_accept_language(const char *header)
{
    enum lang best = LANG_ZH;
    int best_quality = 0;
    if (header == NULL || strlen(header) > ACCEPT_LANGUAGE_BYTES_MAX)
        return LANG_ZH;
    for (const char *at = header; *at != '\0';) {
        at += strspn(at, " \t,");
        int quality = quality_of(at);
        bool zh = range_names(at, "zh");
        if ((zh || range_names(at, "en")) && quality > best_quality) {
            best = zh ? LANG_ZH : LANG_EN;
            best_quality = quality;
        }
        at += strcspn(at, ",");
    }
    return best;
}

static bool names_no_other(const char *locale)
{
    static const char *const ours[] = {"zh", "C", "POSIX"};
    size_t length = strcspn(locale, "_.@");
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == length && strncmp(ours[i], locale, length) == 0)
            return true;
    return false;
}

enum lang text_lang_from_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return names_no_other(value) ? LANG_ZH : LANG_EN;
    }
    return LANG_ZH;
}

size_t text_utf8_length(const void *at, size_t left)
{
    const uint8_t *text = at;
    static const struct {
        uint8_t first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    if (left == 0)
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text[0] < forms[i].first_low || text[0] > forms[i].first_high)
            continue;
        if (forms[i].length > left)
            return 0;
        if (forms[i].length > 1 &&
            (text[1] < forms[i].second_low || text[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (text[k] < 0x80 || text[k] > 0xBF)
                return 0;
        return forms[i].length;
    }
    return 0;
}

bool text_is_utf8(const void *at, size_t bytes)
{
    const uint8_t *text = at;
    for (size_t length = 0; bytes > 0; text += length, bytes -= length) {
        length = text_utf8_length(text, bytes);
        if (length == 0)
            return false;
    }
    return true;
}

bool text_quotes(const char *text, const char *value)
{
    size_t length = strnlen(value, TEXT_QUOTED_BYTES);
    return length > 0 && memmem(text, strlen(text), value, length) != NULL;
}

void text_repair_utf8(char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = text_utf8_length(text, left);
        if (length == 0)
            *text = '?';
        text += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
}
