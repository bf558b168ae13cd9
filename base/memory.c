#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *memory_new(size_t size_bytes)
{
    return must(calloc(1, size_bytes > 0 ? size_bytes : 1));
}

char *memory_text(const char *text)
{
    return text == NULL ? NULL : must(strdup(text));
}

char *memory_printf(const char *format, ...)
{
    char *out = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&out, format, arguments);
    va_end(arguments);
    return must(length < 0 ? NULL : out);
}

void memory_freep(void *pointer)
{
    void **at = pointer;
    free(*at);
    *at = NULL;
}
