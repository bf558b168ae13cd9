#include "agent/ctl/ctl_text.h"

#include <stdbool.h>
#include <stddef.h>

void ctl_text_print(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    for (; at != NULL && *at != '\0'; at++) {
        /* U+0080 to U+009F, which some terminals obey, are C2 80 to C2 9F. */
        bool two = at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F;
        fputc(*at < ' ' || *at == 0x7F || two ? '?' : *at, out);
        at += two;
    }
}

void ctl_text_line(FILE *out, int indent, struct text label, enum lang lang, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    fprintf(out, "%*s%s%s", indent, "", text_in(label, lang), lang == LANG_EN ? ": " : "：");
    ctl_text_print(out, value);
    fputc('\n', out);
}
