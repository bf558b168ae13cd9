#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct err_item {
    const char *code;
    enum err_kind kind;
    int http_status;
    struct text title;
    struct text remedy;
};

static const struct err_item items[ERR_CODE_COUNT] = {
    [ERR_NONE] = {"none", ERR_KIND_BUG, 200, {"没有错误", "No error"}, {"", ""}},
#define ERR_ITEM(name, code, kind, http_status, zh, en, zh_remedy, en_remedy) \
    [name] = {code, ERR_KIND_##kind, http_status, {zh, en}, {zh_remedy, en_remedy}},
#include "base/err_list.h"
#undef ERR_ITEM
};

static const struct err_item *item_of(enum err_code code)
{
    return &items[(unsigned)code < ERR_CODE_COUNT ? code : ERR_INTERNAL];
}

__attribute__((format(printf, 4, 0))) static void set(struct err *err, enum err_code code,
                                                      long foreign, const char *format,
                                                      va_list arguments)
{
    *err = ERR_INIT;
    err->code = code;
    err->foreign = foreign;
    vsnprintf(err->detail, sizeof err->detail, format, arguments);
    text_repair_utf8(err->detail);
}

enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(err, code, 0, format, arguments);
    va_end(arguments);
    return code;
}

enum err_code err_set_foreign(struct err *err, enum err_code code, long foreign, const char *format,
                              ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(err, code, foreign, format, arguments);
    va_end(arguments);
    return code;
}

enum err_code err_set_errno(struct err *err, enum err_code code, const char *doing)
{
    int cause = errno;
    char text[128];
    const char *message = strerror_r(cause, text, sizeof text);
    return err_set_foreign(err, code, cause, "%s: %s", doing, message);
}

enum err_code err_add(struct err *err, const char *format, ...)
{
    size_t used = strlen(err->detail);
    int mark = snprintf(err->detail + used, sizeof err->detail - used, " < ");
    used += (size_t)mark;
    if (used < sizeof err->detail) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(err->detail + used, sizeof err->detail - used, format, arguments);
        va_end(arguments);
        text_repair_utf8(err->detail + used);
    }
    return err->code;
}

const char *err_code_text(enum err_code code)
{
    return item_of(code)->code;
}

enum err_kind err_kind_of(enum err_code code)
{
    return item_of(code)->kind;
}

int err_http_status(enum err_code code)
{
    return item_of(code)->http_status;
}

struct text err_title(enum err_code code)
{
    return item_of(code)->title;
}

struct text err_remedy(enum err_code code)
{
    return item_of(code)->remedy;
}

enum err_code err_code_from_text(const char *text)
{
    for (int code = 1; code < ERR_CODE_COUNT; code++)
        if (strcmp(items[code].code, text) == 0)
            return (enum err_code)code;
    return ERR_NONE;
}
