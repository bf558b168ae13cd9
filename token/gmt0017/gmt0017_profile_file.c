#include "token/gmt0017/gmt0017_profile_file.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

struct choice {
    const char *text;
    int value;
};

static const struct choice byte_orders[] = {{"big", false}, {"little", true}, {NULL, 0}};
static const struct choice yes_or_no[] = {{"no", false}, {"yes", true}, {NULL, 0}};
static const struct choice envelopes[] = {{"issued", false}, {"draft", true}, {NULL, 0}};
static const struct choice pin_keys[] = {
    {"sha1-padded", GMT0017_PIN_KEY_SHA1_PADDED},
    {"sha1-bare", GMT0017_PIN_KEY_SHA1_BARE},
    {"sm3-bare", GMT0017_PIN_KEY_SM3_BARE},
    {"sm3-padded", GMT0017_PIN_KEY_SM3_PADDED},
    {NULL, 0},
};
static const struct choice blocks[] = {
    {"zeros", GMT0017_BLOCK_ZEROS}, {"length", GMT0017_BLOCK_LENGTH}, {NULL, 0}};
static const struct choice mac_inputs[] = {
    {"m1", GMT0017_MAC_HEADER_LE},
    {"m2", GMT0017_MAC_HEADER_LE_LC},
    {"m3", GMT0017_MAC_AS_SENT},
    {"m4", GMT0017_MAC_PLAIN_PIN},
    {NULL, 0},
};
static const struct choice continuations[] = {{"none", 0}, {"6A9E", 0x6A9E}, {NULL, 0}};

enum target { AS_TEXT, AS_ATR, AS_SIZE, AS_BOOL, AS_PIN_KEY, AS_BLOCK, AS_MAC_INPUT, AS_STATUS };

static const struct key {
    const char *name;
    size_t offset;
    enum target target;
    bool optional;
    size_t min, max; /* AS_SIZE */
    const struct choice *choices; /* the others but AS_TEXT and AS_ATR */
} keys[] = {
#define AT(member) offsetof(struct gmt0017_profile, member)
    {"name", AT(name), AS_TEXT},
    {"model", AT(model), AS_TEXT},
    {"manufacturer", AT(manufacturer), AS_TEXT},
    {"label", AT(label), AS_TEXT, .optional = true},
    {"atr", AT(atr), AS_ATR, .optional = true},
    {"byte_order", AT(little_endian), AS_BOOL, .choices = byte_orders},
    {"pin_key", AT(pin_key), AS_PIN_KEY, .choices = pin_keys},
    {"verify_block", AT(verify_block), AS_BLOCK, .choices = blocks},
    {"new_pin_block", AT(new_pin_block), AS_BLOCK, .choices = blocks},
    {"mac_input", AT(mac_input), AS_MAC_INPUT, .choices = mac_inputs},
    {"mac_extra_block", AT(mac_extra_block), AS_BOOL, .choices = yes_or_no},
    {"pin_bytes_min", AT(pin_bytes_min), AS_SIZE, .min = 1, .max = GMT0017_PIN_BYTES_MAX},
    {"pin_bytes_max", AT(pin_bytes_max), AS_SIZE, .min = 1, .max = GMT0017_PIN_BYTES_MAX},
    {"file_name_bytes", AT(file_name_bytes), AS_SIZE, .min = GMT0017_FILE_NAME_BYTES_MIN,
     .max = TOKEN_NAME_BYTES_MAX},
    {"read_bytes", AT(read_bytes), AS_SIZE, .min = GMT0017_CHUNK_BYTES_MIN,
     .max = GMT0017_CHUNK_BYTES_MAX},
    {"write_bytes", AT(write_bytes), AS_SIZE, .min = GMT0017_CHUNK_BYTES_MIN,
     .max = GMT0017_CHUNK_BYTES_MAX},
    {"continuation", AT(continuation), AS_STATUS, .choices = continuations},
    {"unblock_needs_admin_login", AT(unblock_needs_admin_login), AS_BOOL, .choices = yes_or_no},
    {"envelope", AT(draft_envelope), AS_BOOL, .choices = envelopes},
#undef AT
};

struct reading {
    struct gmt0017_profile profile;
    bool given[ARRAY_SIZE(keys)];
    char problem[160]; /* the first one; its line is what inih returns */
};

static int refuse(struct reading *reading, const char *key, const char *problem)
{
    if (reading->problem[0] == '\0')
        snprintf(reading->problem, sizeof reading->problem, "%.40s: %s", key, problem);
    return 0;
}

static bool read_text(char *into, const char *value)
{
    size_t length = strlen(value);
    if (length == 0 || length > TOKEN_TEXT_BYTES_MAX)
        return false;
    memcpy(into, value, length + 1);
    return true;
}

static bool is_atr_digit(char digit)
{
    return strchr("0123456789ABCDEFabcdef", digit) != NULL;
}

/* Pairs of digits, or of dots. */
static bool read_atr(char *into, const char *value)
{
    size_t length = strlen(value);
    if (length == 0 || length % 2 != 0 || length > 2 * CHANNEL_ATR_BYTES_MAX)
        return false;
    for (size_t i = 0; i < length; i += 2)
        if (strncmp(value + i, "..", 2) != 0 &&
            !(is_atr_digit(value[i]) && is_atr_digit(value[i + 1])))
            return false;
    memcpy(into, value, length + 1);
    return true;
}

static bool read_size(const struct key *key, const char *value, size_t *into)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || value[0] < '0' || value[0] > '9' ||
        number < key->min || number > key->max)
        return false;
    *into = number;
    return true;
}

static bool read_choice(const struct key *key, const char *value, int *into)
{
    for (const struct choice *choice = key->choices; choice->text != NULL; choice++)
        if (strcmp(choice->text, value) == 0) {
            *into = choice->value;
            return true;
        }
    return false;
}

static bool read_value(struct gmt0017_profile *profile, const struct key *key, const char *value)
{
    void *at = (char *)profile + key->offset;
    int chosen = 0;
    if (key->choices != NULL && !read_choice(key, value, &chosen))
        return false;
    switch (key->target) {
    case AS_TEXT:
        return read_text(at, value);
    case AS_ATR:
        return read_atr(at, value);
    case AS_SIZE:
        return read_size(key, value, at);
    case AS_BOOL:
        *(bool *)at = chosen != 0;
        return true;
    case AS_PIN_KEY:
        *(enum gmt0017_pin_key *)at = (enum gmt0017_pin_key)chosen;
        return true;
    case AS_BLOCK:
        *(enum gmt0017_block *)at = (enum gmt0017_block)chosen;
        return true;
    case AS_MAC_INPUT:
        *(enum gmt0017_mac_input *)at = (enum gmt0017_mac_input)chosen;
        return true;
    case AS_STATUS:
        *(uint16_t *)at = (uint16_t)chosen;
        return true;
    }
    return false;
}

static int take(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    if (strcmp(section, "profile") != 0)
        return refuse(reading, section, "not the section [profile]");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(keys[i].name, name) != 0)
            continue;
        if (reading->given[i])
            return refuse(reading, name, "given twice");
        reading->given[i] = true;
        return read_value(&reading->profile, &keys[i], value)
                   ? 1
                   : refuse(reading, name, "a value that is not possible");
    }
    return refuse(reading, name, "unknown key");
}

static enum err_code check_whole(const struct reading *reading, const char *path, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!keys[i].optional && !reading->given[i])
            return err_set(err, ERR_CONFIG, "%s: %s is missing", path, keys[i].name);
    if (reading->profile.pin_bytes_min > reading->profile.pin_bytes_max)
        return err_set(err, ERR_CONFIG, "%s: pin_bytes_min is above pin_bytes_max", path);
    return ERR_NONE;
}

enum err_code gmt0017_profile_file_read(const char *path, struct gmt0017_profile *out,
                                        struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (file_read(path, GMT0017_PROFILE_FILE_BYTES_MAX, &content, err) != ERR_NONE) {
        err->code = ERR_CONFIG;
        return err_add(err, "read a device profile");
    }
    if (memchr(content->at, 0, content->len) != NULL)
        return err_set(err, ERR_CONFIG, "%s: not a text", path);
    struct reading reading = {0};
    int line = ini_parse_string((const char *)content->at, take, &reading);
    if (line != 0)
        return err_set(err, ERR_CONFIG, "%s:%d: %s", path, line,
                       reading.problem[0] != '\0' ? reading.problem : "not a key and a value");
    if (check_whole(&reading, path, err) != ERR_NONE)
        return err->code;
    *out = reading.profile;
    return ERR_NONE;
}

static int is_ini(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static bool name_taken(const struct gmt0017_profiles *profiles, const char *name)
{
    size_t count;
    const struct gmt0017_profile *built_in = gmt0017_profile_built_in(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(built_in[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < profiles->count; i++)
        if (strcmp(profiles->profile[i].name, name) == 0)
            return true;
    return false;
}

static enum err_code add(struct gmt0017_profiles *profiles, const char *folder, const char *name,
                         struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, name);
    if (profiles->count == GMT0017_PROFILE_FILES_MAX)
        return err_set(err, ERR_CONFIG, "%s: more than %d device profiles", folder,
                       GMT0017_PROFILE_FILES_MAX);
    struct gmt0017_profile profile;
    if (gmt0017_profile_file_read(path, &profile, err) != ERR_NONE)
        return err->code;
    if (name_taken(profiles, profile.name))
        return err_set(err, ERR_CONFIG, "%s: another profile has the name %s", path, profile.name);
    profiles->profile[profiles->count++] = profile;
    return ERR_NONE;
}

static enum err_code add_all(struct gmt0017_profiles *profiles, const char *folder,
                             struct dirent **entries, int count, struct err *err)
{
    for (int i = 0; i < count; i++)
        if (add(profiles, folder, entries[i]->d_name, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

enum err_code gmt0017_profile_file_read_all(const char *folder, struct gmt0017_profiles **out,
                                            struct err *err)
{
    AUTO(memory_freep)
    struct gmt0017_profiles *profiles =
        memory_new(sizeof *profiles + GMT0017_PROFILE_FILES_MAX * sizeof(struct gmt0017_profile));
    struct dirent **entries = NULL;
    int count = folder == NULL ? 0 : scandir(folder, &entries, is_ini, alphasort);
    if (count < 0 && errno != ENOENT) {
        err_set_errno(err, ERR_CONFIG, "list the device profiles");
        return err_add(err, "%s", folder);
    }
    enum err_code code = add_all(profiles, folder, entries, count, err);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    if (code == ERR_NONE)
        *out = TAKE(profiles);
    return code;
}
