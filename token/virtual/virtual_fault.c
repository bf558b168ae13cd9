#include "token/virtual/virtual_fault.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"

#define GARBAGE_BYTES 16
#define STATUS_BYTES 2
/* A plan further ahead than any operation has commands. */
#define COUNTDOWN_MAX 100000
#define WORDS_MAX 3
#define TEXT_BYTES_MAX 128

struct fault_name {
    const char *name;
    enum virtual_fault_kind kind;
    int argument_base; /* 0: none; else the base of the number */
    uint32_t argument_max;
};

static const struct fault_name names[] = {
    {"lose-before", VIRTUAL_FAULT_LOSE_BEFORE, 0, 0},
    {"lose-after", VIRTUAL_FAULT_LOSE_AFTER, 0, 0},
    {"hang", VIRTUAL_FAULT_HANG, 0, 0},
    {"garbage", VIRTUAL_FAULT_GARBAGE, 0, 0},
    {"short", VIRTUAL_FAULT_SHORT, 0, 0},
    {"cut", VIRTUAL_FAULT_CUT, 0, 0},
    {"status", VIRTUAL_FAULT_STATUS, 16, 0xFFFF},
    {"delay", VIRTUAL_FAULT_DELAY, 10, VIRTUAL_FAULT_DELAY_MS_MAX},
    {"remove-at", VIRTUAL_FAULT_REMOVE, 0, 0},
    {"remove-after", VIRTUAL_FAULT_REMOVE_AFTER, 0, 0},
};

enum err_code virtual_fault_add(struct virtual_faults *faults, enum virtual_fault_kind kind,
                                uint32_t nth, uint32_t argument, struct err *err)
{
    if (nth == 0 || nth > COUNTDOWN_MAX)
        return err_set(err, ERR_FIELD_VALUE, "the command's number: 1 to %d", COUNTDOWN_MAX);
    if (faults->count == VIRTUAL_FAULTS_MAX)
        return err_set(err, ERR_FIELD_VALUE, "at most %d faults wait", VIRTUAL_FAULTS_MAX);
    faults->list[faults->count++] = (struct virtual_fault){kind, nth, argument};
    return ERR_NONE;
}

static bool number(const char *text, int base, uint32_t max, uint32_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, base);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Cuts text (a copy) into words; more than WORDS_MAX give WORDS_MAX + 1. */
static size_t split(char *text, char *words[WORDS_MAX])
{
    size_t count = 0;
    char *rest = text;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (*word == '\0')
            continue;
        if (count == WORDS_MAX)
            return WORDS_MAX + 1;
        words[count++] = word;
    }
    return count;
}

static const struct fault_name *name_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

enum err_code virtual_fault_add_text(struct virtual_faults *faults, const char *text,
                                     struct err *err)
{
    char *words[WORDS_MAX] = {NULL};
    uint32_t nth = 0;
    uint32_t argument = 0;
    if (strlen(text) > TEXT_BYTES_MAX)
        return err_set(err, ERR_USAGE, "a fault of more than %d characters", TEXT_BYTES_MAX);
    AUTO(memory_freep) char *copy = memory_text(text);
    size_t count = split(copy, words);
    if (count == 1 && strcmp(words[0], "clear") == 0) {
        virtual_fault_clear(faults);
        return ERR_NONE;
    }
    const struct fault_name *name = count >= 2 ? name_find(words[0]) : NULL;
    if (name == NULL || count != (name->argument_base != 0 ? 3 : 2) ||
        !number(words[1], 10, COUNTDOWN_MAX, &nth) ||
        (name->argument_base != 0 &&
         !number(words[2], name->argument_base, name->argument_max, &argument)))
        return err_set(err, ERR_USAGE, "fault: \"%s\" is not known", text);
    if (virtual_fault_add(faults, name->kind, nth, argument, err) != ERR_NONE)
        return err->code = ERR_USAGE;
    return ERR_NONE;
}

void virtual_fault_clear(struct virtual_faults *faults)
{
    *faults = (struct virtual_faults){0};
}

struct virtual_fault virtual_fault_next(struct virtual_faults *faults)
{
    struct virtual_fault due = {VIRTUAL_FAULT_NONE, 0, 0};
    size_t kept = 0;
    for (size_t i = 0; i < faults->count; i++) {
        struct virtual_fault fault = faults->list[i];
        if (--fault.countdown > 0)
            faults->list[kept++] = fault;
        else if (due.kind == VIRTUAL_FAULT_NONE)
            due = fault;
    }
    faults->count = kept;
    return due;
}

static struct bytes *garbage(void)
{
    struct bytes *bytes = bytes_new_size(GARBAGE_BYTES);
    virtual_crypto_random(bytes->at, bytes->len);
    return bytes;
}

static struct bytes *without_last_data_byte(const struct bytes *answer)
{
    size_t data = answer->len - STATUS_BYTES;
    struct bytes *cut = bytes_new_size(data - 1 + STATUS_BYTES);
    memcpy(cut->at, answer->at, data - 1);
    memcpy(cut->at + data - 1, answer->at + data, STATUS_BYTES);
    return cut;
}

struct bytes *virtual_fault_spoil(const struct virtual_fault *fault, struct bytes *answer)
{
    struct bytes *spoiled = NULL;
    if (fault->kind == VIRTUAL_FAULT_GARBAGE)
        spoiled = garbage();
    else if (fault->kind == VIRTUAL_FAULT_SHORT)
        spoiled = bytes_new(span_of(answer->at, 1));
    else if (fault->kind == VIRTUAL_FAULT_CUT && answer->len > STATUS_BYTES)
        spoiled = without_last_data_byte(answer);
    if (spoiled == NULL)
        return answer;
    bytes_free(answer);
    return spoiled;
}
