#include "agent/doctor/doctor_mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define TEXT_BYTES_MIN 3
#define SERIAL_SIGNS 2 /* that stay at each end */
/* A word behind "key" that is a serial: longer ones of letters alone are words. */
#define SERIAL_BYTES_MIN 6
/* All findings and the end of the log, and room. */
#define TEXT_BYTES_MAX 4194304

struct replacement {
    char *text, *by;
};

struct doctor_mask {
    size_t count, room;
    struct replacement *at;
};

struct doctor_mask *doctor_mask_new(void)
{
    return memory_new(sizeof(struct doctor_mask));
}

void doctor_mask_free(struct doctor_mask *mask)
{
    if (mask == NULL)
        return;
    for (size_t i = 0; i < mask->count; i++) {
        free(mask->at[i].text);
        free(mask->at[i].by);
    }
    free(mask->at);
    free(mask);
}

void doctor_mask_freep(struct doctor_mask **mask)
{
    doctor_mask_free(*mask);
    *mask = NULL;
}

static void make_room(struct doctor_mask *mask)
{
    if (mask->count < mask->room)
        return;
    struct replacement *old = mask->at;
    mask->room = 2 * mask->room + 64;
    mask->at = memory_new(mask->room * sizeof *mask->at);
    if (mask->count > 0)
        memcpy(mask->at, old, mask->count * sizeof *old);
    free(old);
}

void doctor_mask_text(struct doctor_mask *mask, const char *text, const char *by)
{
    if (text == NULL || strlen(text) < TEXT_BYTES_MIN)
        return;
    for (size_t i = 0; i < mask->count; i++)
        if (strcmp(mask->at[i].text, text) == 0)
            return;
    make_room(mask);
    mask->at[mask->count++] = (struct replacement){memory_text(text), memory_text(by)};
}

/* ---- names ---- */

/* As it is, and as it stands in JSON, where a quotation mark is escaped. */
static void both_spellings(struct doctor_mask *mask, const char *text)
{
    static const char by[] = "(name)";
    AUTO(json_freep) struct json *array = json_new_array();
    json_append_text(array, text);
    AUTO(memory_freep) char *printed = json_print(array);
    static const size_t around = sizeof "[\"" - 1;
    AUTO(memory_freep)
    char *escaped = memory_printf("%.*s", (int)(strlen(printed) - 2 * around), printed + around);
    doctor_mask_text(mask, text, by);
    doctor_mask_text(mask, escaped, by);
}

void doctor_mask_name(struct doctor_mask *mask, const char *name)
{
    if (name == NULL)
        return;
    both_spellings(mask, name);
    for (const char *at = strchr(name, '='); at != NULL; at = strchr(at + 1, '=')) {
        AUTO(memory_freep)
        char *part = memory_printf("%.*s", (int)strcspn(at + 1, ",+"), at + 1);
        /* A country is in every word. */
        both_spellings(mask, part);
    }
}

/* ---- serials ---- */

void doctor_mask_serial(struct doctor_mask *mask, const char *serial)
{
    size_t length = serial == NULL ? 0 : strlen(serial);
    if (length < TEXT_BYTES_MIN)
        return;
    bool long_enough = length > 3 * SERIAL_SIGNS;
    AUTO(memory_freep)
    char *by = long_enough ? memory_printf("%.*s...%s", SERIAL_SIGNS, serial,
                                           serial + length - SERIAL_SIGNS)
                           : memory_text("(serial)");
    doctor_mask_text(mask, serial, by);
}

/* ---- what a text itself shows ---- */

/* "Maker Model [CCID] (0123456789ABCDEF) 00 00": libccid puts the serial of USB there. */
static void learn_reader(struct doctor_mask *mask, const char *at)
{
    size_t length = strspn(at + 1, "0123456789ABCDEFabcdef");
    AUTO(memory_freep) char *serial = memory_printf("%.*s", (int)length, at + 1);
    if (at[1 + length] == ')' && length > 3 * SERIAL_SIGNS)
        doctor_mask_serial(mask, serial);
}

/* The word here, when it has a digit and is no short one. */
static void learn_serial(struct doctor_mask *mask, const char *at)
{
    size_t length = 0, digits = 0;
    for (; isalnum((unsigned char)at[length]) || (length > 0 && at[length] == '-'); length++)
        digits += isdigit((unsigned char)at[length]) != 0;
    AUTO(memory_freep) char *serial = memory_printf("%.*s", (int)length, at);
    if (digits > 0 && length >= SERIAL_BYTES_MIN)
        doctor_mask_serial(mask, serial);
}

/* Where token/, agent/ops/ and the checks name a key or an order. */
static const char *const before_serials[] = {
    "key ", "serial ", "serial number ", "serial number was ", "now it is ", "order "};

static const char *const name_types[] = {
    "CN=", "O=", "OU=", "L=", "ST=", "SN=", "GN=", "DC=", "emailAddress=", "serialNumber="};

/* Source: RFC 2253 2.4: what separates parts is escaped inside of one. */
static size_t name_length(const char *at)
{
    size_t length = 0;
    while (at[length] != '\0' && strchr(",+;\"\n<", at[length]) == NULL)
        length += at[length] == '\\' && at[length + 1] != '\0' ? 2 : 1;
    while (length > 0 && at[length - 1] == ' ')
        length--;
    return length;
}

static void learn_name(struct doctor_mask *mask, const char *at)
{
    AUTO(memory_freep) char *part = memory_printf("%.*s", (int)name_length(at), at);
    both_spellings(mask, part);
}

static size_t begins(const char *text, const char *word)
{
    size_t length = strlen(word);
    return strncmp(text, word, length) == 0 ? length : 0;
}

static void learn_here(struct doctor_mask *mask, const char *at)
{
    for (size_t i = 0; i < ARRAY_SIZE(before_serials); i++)
        if (begins(at, before_serials[i]) > 0)
            learn_serial(mask, at + begins(at, before_serials[i]));
    for (size_t i = 0; i < ARRAY_SIZE(name_types); i++)
        if (begins(at, name_types[i]) > 0)
            learn_name(mask, at + begins(at, name_types[i]));
}

void doctor_mask_learn(struct doctor_mask *mask, const char *text)
{
    bool in_word = false;
    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        if (*at == '(')
            learn_reader(mask, at);
        else if (!in_word)
            learn_here(mask, at);
        in_word = isalnum((unsigned char)*at) != 0 || *at == '_';
    }
}

/* ---- replacing ---- */

static int longer_first(const void *a, const void *b)
{
    const struct replacement *one = a, *two = b;
    size_t first = strlen(one->text), second = strlen(two->text);
    return first < second ? 1 : first > second ? -1 : 0;
}

static const struct replacement *at_start_of(const struct doctor_mask *mask, const char *text)
{
    for (size_t i = 0; i < mask->count; i++)
        if (begins(text, mask->at[i].text) > 0)
            return &mask->at[i];
    return NULL;
}

char *doctor_mask_apply(struct doctor_mask *mask, const char *text)
{
    AUTO(buf_done) struct buf out = BUF_INIT(TEXT_BYTES_MAX);
    if (mask->count > 0)
        qsort(mask->at, mask->count, sizeof mask->at[0], longer_first);
    while (*text != '\0') {
        const struct replacement *found = at_start_of(mask, text);
        if (found != NULL)
            buf_add_text(&out, found->by);
        else
            buf_add_u8(&out, (uint8_t)*text);
        text += found != NULL ? strlen(found->text) : 1;
    }
    struct span span = buf_span(&out);
    return memory_printf("%.*s", (int)span.len, span.len == 0 ? "" : (const char *)span.at);
}
