#include "agent/trust/trust_user.h"

#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/trust/trust_nss.h"
#include "base/file.h"

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* ---- the user ---- */

/* Source: XDG Base Directory Specification 0.8 (relative paths are to be ignored). */
static char *xdg_folder(const char *variable, const char *home, const char *below)
{
    const char *value = getenv(variable);
    return value != NULL && *value == '/' ? memory_text(value) : file_join(home, below);
}

static enum err_code check_home(const char *home, struct err *err)
{
    struct stat status;
    if (home == NULL || *home != '/')
        return err_set(err, ERR_USAGE, "no HOME");
    if (stat(home, &status) != 0) {
        err_set_errno(err, ERR_FILE_MISSING, "look at the home folder");
        return err_add(err, "%s", home);
    }
    if (status.st_uid != geteuid())
        return err_set(err, ERR_TRUST_HOME, "%s belongs to user %u, this is user %u", home,
                       status.st_uid, geteuid());
    return ERR_NONE;
}

/* NULL when there is no Firefox that we know. */
static const char *firefox_libraries(void)
{
    static const char *const folders[] = {
        "/usr/lib/firefox-esr",
        "/usr/lib/firefox",
        "/usr/lib64/firefox",
        "/opt/firefox",
        "/snap/firefox/current/usr/lib/firefox",
    };
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        AUTO(memory_freep) char *library = file_join(folders[i], "libsoftokn3.so");
        if (access(library, R_OK) == 0)
            return folders[i];
    }
    return NULL;
}

/* NULL when there is none. */
static char *own_runtime(void)
{
    const char *value = getenv("XDG_RUNTIME_DIR");
    return value != NULL && *value == '/' ? file_join(value, "ukeyd") : NULL;
}

enum err_code trust_user_from_environment(const char *state_folder, const struct cancel *cancel,
                                          struct trust_user *out, struct err *err)
{
    const char *home = getenv("HOME");
    if (check_home(home, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *data_home = xdg_folder("XDG_DATA_HOME", home, ".local/share");
    AUTO(memory_freep) char *own_state = file_join(data_home, "ukeyd");
    const char *state = state_folder != NULL ? state_folder : own_state;
    *out = (struct trust_user){
        .home = memory_text(home),
        .config_home = xdg_folder("XDG_CONFIG_HOME", home, ".config"),
        .identity = file_join(state, TRUST_IDENTITY_FOLDER),
        .firefox_policies = TRUST_FIREFOX_POLICIES,
        .certutil = {TRUST_CERTUTIL, cancel, NULL},
        .firefox_certutil = {TRUST_CERTUTIL, cancel, firefox_libraries()},
        .foreign =
            {[TRUST_FOREIGN_STATE] = memory_text(state), [TRUST_FOREIGN_RUNTIME] = own_runtime()},
    };
    out->data_home = TAKE(data_home);
    return ERR_NONE;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The real path of the last folder that is there: what is missing may be made at any moment. */
static char *real_ancestor(const char *path)
{
    AUTO(memory_freep) char *part = memory_text(path);
    char *found = realpath(part, NULL);
    while (found == NULL && strcmp(part, "/") != 0 && strcmp(part, ".") != 0) {
        char *parent = memory_text(dirname(part));
        memory_freep(&part);
        part = parent;
        found = realpath(part, NULL);
    }
    return found;
}

bool trust_user_is_foreign(const struct trust_user *user, const char *path)
{
    AUTO(memory_freep) char *real = real_ancestor(path);
    for (size_t i = 0; real != NULL && i < TRUST_FOREIGN_MAX; i++) {
        AUTO(memory_freep)
        char *foreign = user->foreign[i] == NULL ? NULL : realpath(user->foreign[i], NULL);
        if (foreign != NULL && is_inside(real, foreign))
            return true;
    }
    return false;
}

void trust_user_done(struct trust_user *user)
{
    memory_freep(&user->home);
    memory_freep(&user->data_home);
    memory_freep(&user->config_home);
    memory_freep(&user->identity);
    for (size_t i = 0; i < TRUST_FOREIGN_MAX; i++)
        memory_freep(&user->foreign[i]);
}

/* ---- where browsers look ---- */

/* root stands for the home folder; without a root below the user's home it is the home itself, with its
 * XDG folder. installed: a folder that shows that the browser is there; NULL: always. */
static const struct {
    const char *browser;
    enum trust_kind kind;
    const char *root;
    const char *installed;
} browsers[] = {
    {"chromium", TRUST_CHROMIUM, NULL, NULL},
    {"chromium-snap", TRUST_CHROMIUM, "snap/chromium/current", "snap/chromium"},
    {"firefox", TRUST_FIREFOX, NULL, NULL},
    {"firefox-snap", TRUST_FIREFOX, "snap/firefox/common", "snap/firefox"},
};

/* The old folder, even an empty one, wins over the new one. Where there is neither, a new Chromium would
 * make the new one, and use the old one when it finds that; an old Chromium knows only that. */
static char *chromium_database(const char *root, const char *data_home)
{
    AUTO(memory_freep) char *old = file_join(root, ".pki/nssdb");
    AUTO(memory_freep) char *new = file_join(data_home, "pki/nssdb");
    return is_folder(old) || !is_folder(new) ? TAKE(old) : TAKE(new);
}

static char *path_of(const struct trust_user *user, enum trust_kind kind, const char *below)
{
    AUTO(memory_freep)
    char *root = below == NULL ? memory_text(user->home) : file_join(user->home, below);
    AUTO(memory_freep)
    char *data_home =
        below == NULL ? memory_text(user->data_home) : file_join(root, ".local/share");
    if (kind == TRUST_CHROMIUM)
        return chromium_database(root, data_home);
    return file_join(root, ".mozilla/certificates");
}

void trust_user_places(const struct trust_user *user, struct trust_places *out)
{
    *out = (struct trust_places){0};
    for (size_t i = 0; i < ARRAY_SIZE(browsers); i++) {
        if (browsers[i].installed != NULL) {
            AUTO(memory_freep) char *installed = file_join(user->home, browsers[i].installed);
            if (!is_folder(installed))
                continue;
        }
        out->at[out->count++] = (struct trust_place){
            .browser = browsers[i].browser,
            .kind = browsers[i].kind,
            .path = path_of(user, browsers[i].kind, browsers[i].root),
        };
    }
}

void trust_places_done(struct trust_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        memory_freep(&places->at[i].path);
    places->count = 0;
}

/* ---- Firefox's profiles ---- */

static void add_profiles_in(const char *folder, struct trust_profiles *out)
{
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return;
    for (const struct dirent *entry; out->count < TRUST_PROFILES_MAX;) {
        entry = readdir(stream);
        if (entry == NULL)
            break;
        if (entry->d_name[0] == '.')
            continue;
        AUTO(memory_freep) char *path = file_join(folder, entry->d_name);
        if (trust_nss_exists(path))
            out->at[out->count++] = TAKE(path);
    }
    closedir(stream);
}

void trust_user_profiles(const struct trust_user *user, struct trust_profiles *out)
{
    AUTO(memory_freep) char *old = file_join(user->home, ".mozilla/firefox");
    AUTO(memory_freep) char *new = file_join(user->config_home, "mozilla/firefox");
    AUTO(memory_freep) char *snap = file_join(user->home, "snap/firefox/common/.mozilla/firefox");
    *out = (struct trust_profiles){0};
    add_profiles_in(old, out);
    add_profiles_in(new, out);
    add_profiles_in(snap, out);
}

void trust_profiles_done(struct trust_profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++)
        memory_freep(&profiles->at[i]);
    profiles->count = 0;
}
