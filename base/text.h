/* Texts that a person reads, in the two languages that we speak. */
#pragma once

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
