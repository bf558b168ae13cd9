#include "agent/config.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* Without the line feed: what Debian's inih takes in one piece. */
#define LINE_BYTES_MAX 198
#define PLATFORM_ID_BYTES_MAX 32
#define PLATFORM_FILES_MAX 256
#define PORT_MIN 1024
#define PORT_MAX 65000 /* the ports up to 21 above it are tried too */
#define DEFAULT_PORT 27510
#define PROMPT_SECONDS_MIN 10
#define PROMPT_SECONDS_MAX 600
#define DEFAULT_PROMPT_SECONDS 120

static const char platform_prefix[] = "platform ";

/* ---- what a value must be: each returns what is wrong, NULL when nothing is ---- */

static const char *check_printable(const char *value)
{
    for (; *value != '\0'; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7F)
            return "holds a control character";
    return NULL;
}

static const char *check_name(const char *value)
{
    return *value == '\0' ? "is empty" : check_printable(value);
}

static const char *check_path(const char *value)
{
    return *value != '/' ? "is not an absolute path" : check_printable(value);
}

/* Host or [IPv6 address]; returns what follows it, NULL when there is none. */
static const char *skip_host(const char *at)
{
    size_t length;
    if (*at == '[') {
        length = strspn(at + 1, "0123456789abcdef:.");
        return length > 0 && at[1 + length] == ']' ? at + length + 2 : NULL;
    }
    length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    bool dots = *at == '.' || (length > 0 && at[length - 1] == '.') || strstr(at, "..") != NULL;
    return length > 0 && !dots ? at + length : NULL;
}

/* The port behind a colon, as a browser writes it; returns what follows it, NULL when it is wrong. */
static const char *skip_port(const char *at)
{
    char *end;
    if (*at != ':')
        return at;
    if (at[1] < '1' || at[1] > '9')
        return NULL;
    errno = 0;
    unsigned long port = strtoul(at + 1, &end, 10);
    return errno == 0 && port <= 65535 && port != 443 ? end : NULL;
}

/* Behind "https://host:port"; NULL when the value does not begin so. */
static const char *skip_origin(const char *value)
{
    static const char scheme[] = "https://";
    if (strncmp(value, scheme, strlen(scheme)) != 0)
        return NULL;
    const char *at = skip_host(value + strlen(scheme));
    return at == NULL ? NULL : skip_port(at);
}

/* Source: RFC 6454 6.2: lower case, the default port left out, no path. */
static const char *check_origin(const char *value)
{
    const char *end = skip_origin(value);
    if (end == NULL || *end != '\0')
        return "is not an exact origin: https://host or https://host:port, lower case, no slash";
    return NULL;
}

static const char *check_api(const char *value)
{
    static const char path[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const char *end = skip_origin(value);
    if (end == NULL || end[strspn(end, path)] != '\0' || value[strlen(value) - 1] == '/')
        return "is not an https address without a query and without a slash at its end";
    return NULL;
}

/* Everybody can read this file. */
static const char *check_proxy(const char *value)
{
    if (strchr(value, '@') != NULL)
        return "holds a log-in: that belongs into a file of its own, see proxy_login";
    return strchr(value, ' ') != NULL ? "holds a blank" : check_printable(value);
}

/* ---- the keys ---- */

struct text_key {
    const char *name;
    size_t offset; /* of the char * */
    const char *(*check)(const char *value);
    bool required; /* of a platform */
};

static const struct text_key agent_keys[] = {
    {"pinentry", offsetof(struct config, pinentry), check_path},
    {"profiles", offsetof(struct config, profile_folder), check_path},
    {"proxy", offsetof(struct config, proxy), check_proxy},
    {"proxy_login", offsetof(struct config, proxy_login), check_path},
};

static const struct text_key platform_keys[] = {
    {"name", offsetof(struct config_platform, name), check_name, true},
    {"origin", offsetof(struct config_platform, origin), check_origin, true},
    {"api", offsetof(struct config_platform, api), check_api},
    {"tls_ca", offsetof(struct config_platform, tls_ca), check_path},
    {"roots", offsetof(struct config_platform, roots), check_path, true},
    {"seal_roots", offsetof(struct config_platform, seal_roots), check_path},
    {"proxy", offsetof(struct config_platform, proxy), check_proxy},
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

static bool is_platform_id(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length <= PLATFORM_ID_BYTES_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == length;
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
    if (!is_platform_id(id))
        return err_set(err, ERR_CONFIG,
                       "a platform's id has 1 to %d of: lower-case letters, digits, - _ .",
                       PLATFORM_ID_BYTES_MAX);
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

/* ---- one file ---- */

/* An editor that saves GBK is the usual way to get this wrong. */
static bool is_utf8(struct span text)
{
    size_t more = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool goes_on = (c & 0xC0) == 0x80;
        if (goes_on != (more > 0) || c == 0 || c == 0xC0 || c == 0xC1 || c > 0xF4)
            return false;
        if (goes_on)
            more--;
        else
            more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    }
    return more == 0;
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
    if (!is_utf8(span_bytes(text)))
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

static enum err_code read_file(const char *file, bool platforms_only, struct config *config,
                               struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = NULL;
    if (file_read(file, CONFIG_FILE_BYTES_MAX, &text, err) != ERR_NONE)
        return err->code;
    struct err wrong = ERR_INIT;
    struct reading reading = {config, platforms_only, config->platform_count, &wrong};
    if (parse(text, &reading, &wrong) == ERR_NONE)
        return ERR_NONE;
    *err = wrong;
    return err_add(err, "%s", file);
}

/* ---- the folder ---- */

static int is_config_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > strlen(".conf") &&
           strcmp(entry->d_name + length - strlen(".conf"), ".conf") == 0;
}

struct listing {
    struct dirent **entries;
    int count;
};

static void listing_done(struct listing *listing)
{
    for (int i = 0; i < listing->count; i++)
        free(listing->entries[i]);
    free(listing->entries);
}

static void free_texts(void *object, const struct text_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(*text_at(object, &keys[i]));
}

/* Takes back the platforms from the first on. */
static void drop_platforms(struct config *config, size_t first)
{
    while (config->platform_count > first) {
        struct config_platform *platform = &config->platforms[--config->platform_count];
        free(platform->id);
        free_texts(platform, platform_keys, ARRAY_SIZE(platform_keys));
        *platform = (struct config_platform){0};
    }
}

static void leave_out(struct config *config, const struct err *why)
{
    if (config->left_out == NULL)
        config->left_out = memory_new((PLATFORM_FILES_MAX + 1) * sizeof *config->left_out);
    config->left_out[config->left_out_count++] = *why;
}

static void read_platforms(const char *file, struct config *config)
{
    struct err err = ERR_INIT;
    size_t known = config->platform_count;
    if (read_file(file, true, config, &err) == ERR_NONE)
        return;
    drop_platforms(config, known);
    leave_out(config, &err);
}

static void read_folder(const char *folder, struct config *config)
{
    struct err err = ERR_INIT;
    AUTO(listing_done) struct listing listing = {0};
    listing.count = scandir(folder, &listing.entries, is_config_file, alphasort);
    if (listing.count < 0 && errno != ENOENT) {
        err_set_errno(&err, ERR_FILE, folder);
        leave_out(config, &err);
    }
    for (int i = 0; i < listing.count && i < PLATFORM_FILES_MAX; i++) {
        AUTO(memory_freep) char *file = file_join(folder, listing.entries[i]->d_name);
        read_platforms(file, config);
    }
    if (listing.count > PLATFORM_FILES_MAX) {
        err_set(&err, ERR_CONFIG, "%s: more than %d files: those from %s on", folder,
                PLATFORM_FILES_MAX, listing.entries[PLATFORM_FILES_MAX]->d_name);
        leave_out(config, &err);
    }
}

static void set_defaults(struct config *config)
{
    for (size_t i = 0; i < ARRAY_SIZE(number_keys); i++)
        if (*number_at(config, &number_keys[i]) == 0)
            *number_at(config, &number_keys[i]) = number_keys[i].fallback;
}

enum err_code config_read_folder(const char *file, const char *folder, struct config **out,
                                 struct err *err)
{
    struct err missing = ERR_INIT;
    AUTO(config_freep) struct config *config = memory_new(sizeof *config);
    if (read_file(file, false, config, &missing) != ERR_NONE && missing.code != ERR_FILE_MISSING) {
        *err = missing;
        return err->code;
    }
    read_folder(folder, config);
    set_defaults(config);
    *out = TAKE(config);
    return ERR_NONE;
}

enum err_code config_read(const char *file, struct config **out, struct err *err)
{
    if (file == NULL)
        return config_read_folder(CONFIG_DEFAULT_FILE, CONFIG_PLATFORM_FOLDER, out, err);
    AUTO(config_freep) struct config *config = memory_new(sizeof *config);
    if (read_file(file, false, config, err) != ERR_NONE)
        return err->code;
    set_defaults(config);
    *out = TAKE(config);
    return ERR_NONE;
}

/* ---- the rest ---- */

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    drop_platforms(config, 0);
    free(config->left_out);
    free_texts(config, agent_keys, ARRAY_SIZE(agent_keys));
    free(config);
}

void config_freep(struct config **config)
{
    config_free(*config);
    *config = NULL;
}

const struct config_platform *config_platform_of(const struct config *config, const char *origin)
{
    for (size_t i = 0; i < config->platform_count; i++)
        if (strcmp(config->platforms[i].origin, origin) == 0)
            return &config->platforms[i];
    return NULL;
}
