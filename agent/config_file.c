#include "agent/config_file.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config_value.h"
#include "base/file.h"
#include "base/text.h"

/* Without the line feed: what Debian's inih takes in one piece. */
#define LINE_BYTES_MAX 198
#define PORT_MIN 1024
#define PORT_MAX 65000 /* the ports up to 21 above it are tried too */
#define DEFAULT_PORT 27510
#define PROMPT_SECONDS_MIN 10
#define PROMPT_SECONDS_MAX 600
#define DEFAULT_PROMPT_SECONDS 120

static const char platform_prefix[] = "platform ";

/* ---- the keys ---- */

struct text_key {
    const char *name;
    size_t offset; /* of the char * */
    const char *(*check)(const char *value);
    bool required; /* of a platform */
};

static const struct text_key agent_keys[] = {
    {"pinentry", offsetof(struct config, pinentry), config_value_path},
    {"profiles", offsetof(struct config, profile_folder), config_value_path},
    {"proxy", offsetof(struct config, proxy), config_value_proxy},
    {"proxy_login", offsetof(struct config, proxy_login), config_value_path},
};

static const struct text_key platform_keys[] = {
    {"name", offsetof(struct config_platform, name), config_value_name, true},
    {"origin", offsetof(struct config_platform, origin), config_value_origin, true},
    {"api", offsetof(struct config_platform, api), config_value_api},
    {"tls_ca", offsetof(struct config_platform, tls_ca), config_value_path},
    {"roots", offsetof(struct config_platform, roots), config_value_path, true},
    {"seal_roots", offsetof(struct config_platform, seal_roots), config_value_path},
    {"proxy", offsetof(struct config_platform, proxy), config_value_proxy},
};

struct number_key {
    const char *name;
    size_t offset; /* of the int */
    int least, most, fallback;
};

static const struct number_key number_keys[] = {
    {"port", offsetof(struct config, port), PORT_MIN, PORT_MAX, DEFAULT_PORT},
    {"prompt_seconds", offsetof(struct config, prompt_seconds), PROMPT_SECONDS_MIN,
     PROMPT_SECONDS_MAX, DEFAULT_PROMPT_SECONDS},
};

static char **text_at(void *object, const struct text_key *key)
{
    return (char **)(void *)((char *)object + key->offset);
}

static int *number_at(struct config *config, const struct number_key *key)
{
    return (int *)(void *)((char *)config + key->offset);
}

/* ---- one line ---- */

/* What inih's callback sees of a file being read. */
struct reading {
    struct config *config;
    bool platforms_only; /* the file may not hold [agent] */
    size_t known_platforms; /* that stand in files before this one */
    struct err *err; /* the first thing wrong; code is ERR_NONE until then */
};

static enum err_code set_text(const struct text_key *key, void *object, const char *value,
                              struct err *err)
{
    char **at = text_at(object, key);
    if (*at != NULL)
        return err_set(err, ERR_CONFIG, "%s: stands there twice", key->name);
    const char *wrong = key->check(value);
    if (wrong != NULL)
        return err_set(err, ERR_CONFIG, "%s: %s", key->name, wrong);
    *at = memory_text(value);
    return ERR_NONE;
}

static enum err_code set_number(const struct number_key *key, struct config *config,
                                const char *value, struct err *err)
{
    int *at = number_at(config, key);
    if (*at != 0)
        return err_set(err, ERR_CONFIG, "%s: stands there twice", key->name);
    bool digits = *value != '\0' && value[strspn(value, "0123456789")] == '\0';
    long number = digits && strlen(value) < 10 ? strtol(value, NULL, 10) : -1;
    if (number < key->least || number > key->most)
        return err_set(err, ERR_CONFIG, "%s: not a number from %d to %d", key->name, key->least,
                       key->most);
    *at = (int)number;
    return ERR_NONE;
}

static enum err_code set_agent(struct config *config, const char *name, const char *value,
                               struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(agent_keys); i++)
        if (strcmp(agent_keys[i].name, name) == 0)
            return set_text(&agent_keys[i], config, value, err);
    for (size_t i = 0; i < ARRAY_SIZE(number_keys); i++)
        if (strcmp(number_keys[i].name, name) == 0)
            return set_number(&number_keys[i], config, value, err);
    return err_set(err, ERR_CONFIG, "%.64s: an unknown key of [agent]", name);
}

/* The platform of the section, a new one when it is its first line. */
static enum err_code platform_of_section(struct reading *reading, const char *id,
                                         struct config_platform **out, struct err *err)
{
    struct config *config = reading->config;
    for (size_t i = 0; i < config->platform_count; i++) {
        if (strcmp(config->platforms[i].id, id) != 0)
            continue;
        /* Only the latest section of this very file goes on. */
        if (i < reading->known_platforms || i + 1 != config->platform_count)
            return err_set(err, ERR_CONFIG, "a second section of the platform %s", id);
        *out = &config->platforms[i];
        return ERR_NONE;
    }
    if (!config_value_is_id(id))
        return err_set(err, ERR_CONFIG,
                       "a platform's id has 1 to %d of: lower-case letters, digits, - _ .",
                       CONFIG_ID_BYTES_MAX);
    if (config->platform_count == CONFIG_PLATFORMS_MAX)
        return err_set(err, ERR_CONFIG, "more than %d platforms", CONFIG_PLATFORMS_MAX);
    *out = &config->platforms[config->platform_count++];
    (*out)->id = memory_text(id);
    return ERR_NONE;
}

static enum err_code set_platform(struct reading *reading, const char *id, const char *name,
                                  const char *value, struct err *err)
{
    struct config_platform *platform = NULL;
    if (platform_of_section(reading, id, &platform, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < ARRAY_SIZE(platform_keys); i++)
        if (strcmp(platform_keys[i].name, name) == 0)
            return set_text(&platform_keys[i], platform, value, err);
    return err_set(err, ERR_CONFIG, "%.64s: an unknown key of a platform", name);
}

/* inih's callback: nonzero is success; it goes on after a failure and reports the first one's line. */
static int take_line(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    struct err *err = reading->err;
    if (err->code != ERR_NONE)
        return 1;
    if (strcmp(section, "agent") == 0 && !reading->platforms_only)
        return set_agent(reading->config, name, value, err) == ERR_NONE;
    if (strncmp(section, platform_prefix, strlen(platform_prefix)) == 0)
        return set_platform(reading, section + strlen(platform_prefix), name, value, err) ==
               ERR_NONE;
    err_set(err, ERR_CONFIG, "%.64s: in a section [%.64s] that is not known here", name, section);
    return 0;
}

/* ---- what files have said ---- */

static void free_texts(void *object, const struct text_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(*text_at(object, &keys[i]));
}

/* Takes back the platforms from the first on. */
static void forget_platforms(struct config *config, size_t first)
{
    while (config->platform_count > first) {
        struct config_platform *platform = &config->platforms[--config->platform_count];
        free(platform->id);
        free_texts(platform, platform_keys, ARRAY_SIZE(platform_keys));
        *platform = (struct config_platform){0};
    }
}

/* ---- one file ---- */

/* An editor that saves GBK is the usual way to get this wrong. */
static bool is_text(struct span text)
{
    return text_is_utf8(text.at, text.len) &&
           (text.len == 0 || memchr(text.at, 0, text.len) == NULL);
}

/* inih would cut a longer line in two and read its rest as a line of its own. */
static enum err_code check_lines(const char *text, struct err *err)
{
    for (size_t line = 1; *text != '\0'; line++) {
        size_t length = strcspn(text, "\n");
        if (length > LINE_BYTES_MAX)
            return err_set(err, ERR_CONFIG, "line %zu: longer than %d bytes", line, LINE_BYTES_MAX);
        text += length + (text[length] == '\n');
    }
    return ERR_NONE;
}

static enum err_code check_complete(const struct config_platform *platform, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(platform_keys); i++) {
        const struct text_key *key = &platform_keys[i];
        if (key->required && *text_at((void *)(uintptr_t)platform, key) == NULL)
            return err_set(err, ERR_CONFIG, "[platform %s]: %s is missing", platform->id,
                           key->name);
    }
    return ERR_NONE;
}

/* One file may give a platform of two origins one name; another file may not pass for that platform. */
static enum err_code check_unique(const struct config *config, size_t first, size_t index,
                                  struct err *err)
{
    const struct config_platform *platforms = config->platforms, *platform = &platforms[index];
    for (size_t i = 0; i < index; i++) {
        bool origin = strcmp(platforms[i].origin, platform->origin) == 0;
        if (origin || (i < first && strcmp(platforms[i].name, platform->name) == 0))
            return err_set(err, ERR_CONFIG, "[platform %s]: %s: the same as [platform %s]'s",
                           platform->id, origin ? "origin" : "name", platforms[i].id);
    }
    return ERR_NONE;
}

static enum err_code finish_platforms(struct config *config, size_t first, struct err *err)
{
    for (size_t i = first; i < config->platform_count; i++) {
        struct config_platform *platform = &config->platforms[i];
        if (check_complete(platform, err) != ERR_NONE ||
            check_unique(config, first, i, err) != ERR_NONE)
            return err->code;
        if (platform->api == NULL)
            platform->api = memory_printf("%s/agent/v1", platform->origin);
    }
    return ERR_NONE;
}

static enum err_code parse(const struct bytes *text, struct reading *reading, struct err *err)
{
    const char *lines = (const char *)text->at;
    if (!is_text(span_bytes(text)))
        return err_set(err, ERR_CONFIG, "not UTF-8 text");
    if (check_lines(lines, err) != ERR_NONE)
        return err->code;
    int line = ini_parse_string(lines, take_line, reading);
    if (line == 0)
        return finish_platforms(reading->config, reading->known_platforms, err);
    if (err->code == ERR_NONE || line < 0)
        return err_set(err, ERR_CONFIG, "line %d: neither [section] nor key = value", line);
    return err_add(err, "line %d", line);
}

enum err_code config_file_read(const char *file, bool platforms_only, struct config *config,
                               struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = NULL;
    if (file_read(file, CONFIG_FILE_BYTES_MAX, &text, err) != ERR_NONE)
        return err->code;
    struct err wrong = ERR_INIT;
    struct reading reading = {config, platforms_only, config->platform_count, &wrong};
    if (parse(text, &reading, &wrong) == ERR_NONE)
        return ERR_NONE;
    forget_platforms(config, reading.known_platforms);
    *err = wrong;
    return err_add(err, "%s", file);
}

void config_file_defaults(struct config *config)
{
    for (size_t i = 0; i < ARRAY_SIZE(number_keys); i++)
        if (*number_at(config, &number_keys[i]) == 0)
            *number_at(config, &number_keys[i]) = number_keys[i].fallback;
}

void config_file_done(struct config *config)
{
    forget_platforms(config, 0);
    free_texts(config, agent_keys, ARRAY_SIZE(agent_keys));
}
