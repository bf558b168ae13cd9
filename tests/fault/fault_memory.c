#include "tests/fault/fault_memory.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>

static struct fault_plan *plan;
static _Thread_local bool is_elsewhere;
static sqlite3_mem_methods sqlite_memory;

static bool refused(enum fault_place place)
{
    return plan != NULL && plan->kind != NULL && plan->kind->place == place && !is_elsewhere &&
           fault_strikes(plan, place);
}

bool fault_memory_elsewhere(bool elsewhere)
{
    bool before = is_elsewhere;
    is_elsewhere = elsewhere;
    return before;
}

void fault_memory_follow(struct fault_plan *wanted)
{
    plan = wanted;
}

/* ---- our own ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
int __real_vasprintf(char **out, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_vasprintf(char **out, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

void *__wrap_malloc(size_t size)
{
    return refused(FAULT_MEMORY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused(FAULT_MEMORY) ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
    return refused(FAULT_MEMORY) ? NULL : __real_strdup(text);
}

int __wrap_vasprintf(char **out, const char *format, va_list arguments)
{
    return refused(FAULT_MEMORY) ? -1 : __real_vasprintf(out, format, arguments);
}

/* ---- OpenSSL's ---- */

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return refused(FAULT_MEMORY_CRYPTO) ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return refused(FAULT_MEMORY_CRYPTO) ? NULL : realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

/* ---- SQLite's ---- */

static void *journal_malloc(int size)
{
    return refused(FAULT_MEMORY_JOURNAL) ? NULL : sqlite_memory.xMalloc(size);
}

static void *journal_realloc(void *memory, int size)
{
    return refused(FAULT_MEMORY_JOURNAL) ? NULL : sqlite_memory.xRealloc(memory, size);
}

void fault_memory_install(void)
{
    cJSON_Hooks json = {__wrap_malloc, free};
    sqlite3_mem_methods faulty;
    cJSON_InitHooks(&json);
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1 ||
        sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
        abort();
    faulty = sqlite_memory;
    faulty.xMalloc = journal_malloc;
    faulty.xRealloc = journal_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty) != SQLITE_OK)
        abort();
}
