/* Small allocations that never fail, and locals that release themselves.
 *
 * Every size is bounded by a named limit before it gets here, so a refusal means that the machine is
 * out of memory. The process then ends at once; the journal makes that as safe as a power cut. */
#pragma once

#include <stddef.h>

/* Zeroed memory; ends the process with a message when there is none. */
void *memory_new(size_t size_bytes) __attribute__((returns_nonnull, malloc));
/* A copy of text (NULL stays NULL). */
char *memory_text(const char *text);
/* printf into new memory. */
char *memory_printf(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* For AUTO: frees what *pointer points at, whatever its type. */
void memory_freep(void *pointer);

/* A local that is released by function(&local) at the end of its scope. */
#define AUTO(function) __attribute__((cleanup(function), unused))
/* Hands a pointer on: its value, and the variable becomes NULL. */
#define TAKE(pointer) \
    __extension__({ \
        __auto_type taken_ = (pointer); \
        (pointer) = NULL; \
        taken_; \
    })

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))
#define MUST_CHECK __attribute__((warn_unused_result))
