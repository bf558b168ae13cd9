/* One error type for everything. Codes, texts and remedies stand in base/err_list.h. */
#pragma once

#include <stddef.h>

#include "base/memory.h"
#include "base/text.h"

/* What a caller can do about it. */
enum err_kind {
    ERR_KIND_RETRY, /* the same again may succeed later */
    ERR_KIND_USER, /* a person must do something first */
    ERR_KIND_STOP, /* this operation is over */
    ERR_KIND_BUG, /* we are at fault */
};

enum err_code {
    ERR_NONE = 0,
#define ERR_ITEM(name, code, kind, http_status, zh, en, zh_remedy, en_remedy) name,
#include "base/err_list.h"
#undef ERR_ITEM
    ERR_CODE_COUNT
};

#define ERR_DETAIL_BYTES 512

struct err {
    enum err_code code;
    long foreign; /* errno, status word, PC/SC or curl code, HTTP status: 0 when there is none */
    int tries_left; /* of a PIN; -1 when not known */
    char detail
        [ERR_DETAIL_BYTES]; /* English, technical: innermost cause first, callers after " < "; UTF-8 */
};

#define ERR_INIT ((struct err){.tries_left = -1})

/* Each sets *err (never NULL) and returns code, so that a failure is one line:
 *     return err_set(err, ERR_NOT_DER, "the outer sequence is %zu bytes short", missing);      */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum err_code err_set_foreign(struct err *err, enum err_code code, long foreign, const char *format,
                              ...) __attribute__((format(printf, 4, 5)));
/* foreign is errno and its text is added. */
enum err_code err_set_errno(struct err *err, enum err_code code, const char *doing);
/* Adds what the caller was doing; returns err->code. */
enum err_code err_add(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Facts from the list. All return static text and accept any value (unknown ones are ERR_INTERNAL). */
const char *err_code_text(enum err_code code); /* stable, "pin-locked" */
enum err_kind err_kind_of(enum err_code code);
int err_http_status(enum err_code code);
struct text err_title(enum err_code code); /* what happened */
struct text err_remedy(enum err_code code); /* what to do */
/* ERR_NONE when there is no such code. */
enum err_code err_code_from_text(const char *text);
