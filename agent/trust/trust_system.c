#include "agent/trust/trust_system.h"

#include <libgen.h>
#include <unistd.h>

#include "agent/trust/trust_chromium.h"
#include "agent/trust/trust_firefox.h"
#include "agent/trust/trust_record.h"
#include "agent/trust/trust_state.h"
#include "agent/trust/trust_user.h"
#include "base/file.h"

#define FIREFOX_RECORD TRUST_SYSTEM_STATE "/firefox.json"
#define FOLDER_MODE 0755

/* Source: chromeenterprise.google, Linux; learn.microsoft.com, Edge on Linux. */
static const struct {
    const char *browser;
    const char *folder;
} chromiums[] = {
    {"chromium", "/etc/chromium/policies/managed"},
    {"chrome", "/etc/opt/chrome/policies/managed"},
    {"edge", "/etc/opt/edge/policies/managed"},
};

/* The paths of a machine; system's root before each. */
struct paths {
    char *state;
    char *firefox;
    char *firefox_folder;
    char *firefox_record;
    char *folders[ARRAY_SIZE(chromiums)];
};

static char *below(const struct trust_system *system, const char *path)
{
    return memory_printf("%s%s", system->root, path);
}

static void paths_init(const struct trust_system *system, struct paths *out)
{
    AUTO(memory_freep) char *copy = memory_text(TRUST_FIREFOX_POLICIES);
    out->state = below(system, TRUST_SYSTEM_STATE);
    out->firefox = below(system, TRUST_FIREFOX_POLICIES);
    out->firefox_folder = below(system, dirname(copy));
    out->firefox_record = below(system, FIREFOX_RECORD);
    for (size_t i = 0; i < ARRAY_SIZE(chromiums); i++)
        out->folders[i] = below(system, chromiums[i].folder);
}

static void paths_done(struct paths *paths)
{
    memory_freep(&paths->state);
    memory_freep(&paths->firefox);
    memory_freep(&paths->firefox_folder);
    memory_freep(&paths->firefox_record);
    for (size_t i = 0; i < ARRAY_SIZE(chromiums); i++)
        memory_freep(&paths->folders[i]);
}

static struct trust_firefox firefox_of(const struct trust_system *system, const struct paths *paths)
{
    return (struct trust_firefox){
        .path = paths->firefox,
        .record = paths->firefox_record,
        .origins = system->origins,
        .origin_count = system->origin_count,
    };
}

static struct trust_chromium chromium_of(const struct trust_system *system,
                                         const struct paths *paths, size_t index)
{
    return (struct trust_chromium){
        .folder = paths->folders[index],
        .origins = system->origins,
        .origin_count = system->origin_count,
    };
}

static void keep_first(struct err *first, const struct err *next)
{
    if (first->code == ERR_NONE)
        *first = *next;
}

/* ---- folders that we make ---- */

static enum err_code note_missing(struct trust_record *record, const char *path, struct err *err)
{
    AUTO(memory_freep) char *parent = memory_text(path);
    if (access(path, F_OK) == 0)
        return ERR_NONE;
    if (note_missing(record, dirname(parent), err) != ERR_NONE)
        return err->code;
    return trust_record_add_made(record, path, err);
}

static enum err_code note_folders(const struct paths *paths, struct trust_record *record,
                                  struct err *err)
{
    if (note_missing(record, paths->firefox_folder, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < ARRAY_SIZE(chromiums); i++)
        if (note_missing(record, paths->folders[i], err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

static void read_record(const struct paths *paths, struct trust_record *out)
{
    struct err ignored = ERR_INIT;
    if (trust_record_read(paths->state, out, &ignored) != ERR_NONE)
        *out = (struct trust_record){0};
}

static enum err_code prepare(const struct paths *paths, struct err *err)
{
    AUTO(trust_record_done) struct trust_record record = {0};
    read_record(paths, &record);
    record.wanted = true;
    if (note_missing(&record, paths->state, err) != ERR_NONE ||
        note_folders(paths, &record, err) != ERR_NONE ||
        file_make_folder(paths->state, FOLDER_MODE, err) != ERR_NONE)
        return err->code;
    return trust_record_write(paths->state, &record, err);
}

/* Those that others use by now stay. */
static enum err_code clean_up(const struct paths *paths, struct err *err)
{
    AUTO(trust_record_done) struct trust_record record = {0};
    read_record(paths, &record);
    if (trust_record_delete(paths->state, err) != ERR_NONE)
        return err->code;
    for (size_t i = record.made_count; i > 0; i--)
        rmdir(record.made[i - 1]);
    return ERR_NONE;
}

/* ---- exported ---- */

enum err_code trust_system_install(const struct trust_system *system, struct err *err)
{
    struct err first = ERR_INIT;
    AUTO(paths_done) struct paths paths = {0};
    paths_init(system, &paths);
    if (prepare(&paths, err) != ERR_NONE)
        return err->code;
    const struct trust_firefox firefox = firefox_of(system, &paths);
    struct err failure = ERR_INIT;
    if (trust_firefox_install(&firefox, &failure) != ERR_NONE)
        keep_first(&first, &failure);
    for (size_t i = 0; i < ARRAY_SIZE(chromiums); i++) {
        const struct trust_chromium chromium = chromium_of(system, &paths, i);
        failure = ERR_INIT;
        if (trust_chromium_install(&chromium, &failure) != ERR_NONE)
            keep_first(&first, &failure);
    }
    if (first.code != ERR_NONE)
        *err = first;
    return first.code;
}

enum err_code trust_system_remove(const struct trust_system *system, struct err *err)
{
    struct err first = ERR_INIT;
    AUTO(paths_done) struct paths paths = {0};
    paths_init(system, &paths);
    const struct trust_firefox firefox = firefox_of(system, &paths);
    struct err failure = ERR_INIT;
    if (trust_firefox_remove(&firefox, &failure) != ERR_NONE)
        keep_first(&first, &failure);
    for (size_t i = 0; i < ARRAY_SIZE(chromiums); i++) {
        const struct trust_chromium chromium = chromium_of(system, &paths, i);
        failure = ERR_INIT;
        if (trust_chromium_remove(&chromium, &failure) != ERR_NONE)
            keep_first(&first, &failure);
    }
    if (first.code == ERR_NONE)
        return clean_up(&paths, err);
    *err = first;
    return first.code;
}

static enum trust_state state_of(bool there, bool same)
{
    if (same)
        return TRUST_STATE_TRUSTED;
    return there ? TRUST_STATE_OUTDATED : TRUST_STATE_MISSING;
}

static struct json *row(const char *browser, const char *path, enum err_code code, bool there,
                        bool same, const struct err *err, enum lang lang)
{
    if (code != ERR_NONE)
        return trust_state_row_failed(browser, path, err, lang);
    return trust_state_row_system(browser, path, state_of(there, same), lang);
}

struct json *trust_system_status(const struct trust_system *system, enum lang lang)
{
    bool there = false, same = false;
    struct err err = ERR_INIT;
    struct json *rows = json_new_array();
    AUTO(paths_done) struct paths paths = {0};
    paths_init(system, &paths);
    const struct trust_firefox firefox = firefox_of(system, &paths);
    enum err_code code = trust_firefox_look(&firefox, &same, &there, &err);
    json_append(rows, row("firefox", paths.firefox, code, there, same, &err, lang));
    for (size_t i = 0; i < ARRAY_SIZE(chromiums); i++) {
        const struct trust_chromium chromium = chromium_of(system, &paths, i);
        AUTO(memory_freep) char *path = file_join(paths.folders[i], TRUST_CHROMIUM_FILE);
        code = trust_chromium_look(&chromium, &there, &same, &err);
        json_append(rows, row(chromiums[i].browser, path, code, there, same, &err, lang));
    }
    return rows;
}
