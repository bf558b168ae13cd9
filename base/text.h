/* Texts that a person reads, in the two languages that we speak. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum lang { LANG_ZH, LANG_EN };

/* Both members are static UTF-8 texts. */
struct text {
    const char *zh;
    const char *en;
};

static inline const char *text_in(struct text text, enum lang lang)
{
    return lang == LANG_EN ? text.en : text.zh;
}

/* The language that an Accept-Language header asks for; zh-CN when it is NULL or names neither.
 * Source: RFC 9110 12.5.4 (quality values are respected, equal ones go to the first). */
enum lang text_lang_from_accept_language(const char *header);

/* The language of the process from LC_ALL, LC_MESSAGES, LANG; Chinese unless they name another. */
enum lang text_lang_from_environment(void);

/* Bytes of the UTF-8 sequence at the start of left bytes; 0 when it is broken or left is 0.
 * Source: RFC 3629 4. */
size_t text_utf8_length(const void *at, size_t left);
/* Whether all of it is UTF-8. A zero byte is. */
bool text_is_utf8(const void *at, size_t bytes);
/* Whether text quotes value, be it cut off behind its first TEXT_QUOTED_BYTES. False for an empty value. */
#define TEXT_QUOTED_BYTES 8
bool text_quotes(const char *text, const char *value);
/* Puts '?' where text is not UTF-8, as after a cut inside a character. */
void text_repair_utf8(char *text);
