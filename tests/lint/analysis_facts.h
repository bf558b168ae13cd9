/* Included before every file that an analyser reads. They follow one file at a time and would take it that a
 * call which sets an error may return ERR_NONE; here they see that it returns the error. */
#pragma once

#include "base/err.h"

#define err_set(err, code, ...) ((void)(err_set)((err), (code), __VA_ARGS__), (code))
#define err_set_foreign(err, code, ...) \
    ((void)(err_set_foreign)((err), (code), __VA_ARGS__), (code))
#define err_set_errno(err, code, doing) ((void)(err_set_errno)((err), (code), (doing)), (code))
#define err_add(err, ...) \
    __extension__({ \
        enum err_code code_ = (err_add)((err), __VA_ARGS__); \
        if (code_ == ERR_NONE) \
            __builtin_unreachable(); \
        code_; \
    })
