#include "agent/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config_file.h"
#include "base/file.h"

#define PLATFORM_FILES_MAX 256

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

static void leave_out(struct config *config, const struct err *why)
{
    if (config->left_out == NULL)
        config->left_out = memory_new((PLATFORM_FILES_MAX + 1) * sizeof *config->left_out);
    config->left_out[config->left_out_count++] = *why;
}

static void read_platforms(const char *file, struct config *config)
{
    struct err err = ERR_INIT;
    if (config_file_read(file, true, config, &err) != ERR_NONE)
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

/* ---- all of it ---- */

enum err_code config_read_folder(const char *file, const char *folder, struct config **out,
                                 struct err *err)
{
    struct err missing = ERR_INIT;
    AUTO(config_freep) struct config *config = memory_new(sizeof *config);
    if (config_file_read(file, false, config, &missing) != ERR_NONE &&
        missing.code != ERR_FILE_MISSING) {
        *err = missing;
        return err->code;
    }
    read_folder(folder, config);
    config_file_defaults(config);
    *out = TAKE(config);
    return ERR_NONE;
}

enum err_code config_read(const char *file, struct config **out, struct err *err)
{
    if (file == NULL)
        return config_read_folder(CONFIG_DEFAULT_FILE, CONFIG_PLATFORM_FOLDER, out, err);
    AUTO(config_freep) struct config *config = memory_new(sizeof *config);
    if (config_file_read(file, false, config, err) != ERR_NONE)
        return err->code;
    config_file_defaults(config);
    *out = TAKE(config);
    return ERR_NONE;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    config_file_done(config);
    free(config->left_out);
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
