#include "agent/doctor/doctor_fix.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/doctor/doctor_units.h"
#include "agent/trust/trust.h"
#include "base/file.h"

/* Each does one thing; true when it did, and *out_text says what, or why not. The caller frees it. */
typedef bool (*fix_fn)(const struct doctor_world *world, char **out_text);

/* ---- folders ---- */

/* Only what is ours and stands there itself: whoever put a link there would choose whose mode is set. */
static bool set_mode(const char *path, mode_t mode, struct err *err)
{
    struct stat status;
    if (path == NULL || lstat(path, &status) != 0)
        return true;
    if (S_ISLNK(status.st_mode) || status.st_uid != geteuid())
        err_set(err, ERR_FILE, "%s is a symbolic link or belongs to somebody else", path);
    else if (fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) == 0)
        return true;
    else
        err_set_errno(err, ERR_FILE, path);
    return false;
}

static bool fix_modes(const struct doctor_world *world, char **out_text)
{
    static const struct {
        const char *name;
        mode_t mode;
    } inside[] = {{"identity", 0700}, {"identity/loopback.key", 0600}, {"journal.db", 0600}};
    struct err err = ERR_INIT;
    bool done =
        set_mode(world->runtime_folder, 0700, &err) && set_mode(world->state_folder, 0700, &err);
    for (size_t i = 0; done && world->state_folder != NULL && i < ARRAY_SIZE(inside); i++) {
        AUTO(memory_freep) char *path = file_join(world->state_folder, inside[i].name);
        done = set_mode(path, inside[i].mode, &err);
    }
    *out_text = done ? memory_printf("chmod 700 %s %s",
                                     world->runtime_folder == NULL ? "" : world->runtime_folder,
                                     world->state_folder == NULL ? "" : world->state_folder)
                     : memory_text(err.detail);
    return done;
}

/* ---- trust ---- */

static bool fix_trust(const struct doctor_world *world, char **out_text)
{
    struct err err = ERR_INIT;
    AUTO(trust_user_done) struct trust_user user = {0};
    bool done = trust_user_from_environment(world->state_folder, NULL, &user, &err) == ERR_NONE &&
                trust_install(&user, &err) == ERR_NONE;
    *out_text = memory_text(done ? "ukeyctl trust install" : err.detail);
    return done;
}

/* ---- the unit ---- */

/* Restarting is safe: what is under way is journaled and goes on. */
static bool fix_unit(const struct doctor_world *world, char **out_text)
{
    static const char *const arguments[] = {"--user", "restart", DOCTOR_UNIT_SERVICE, NULL};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *output = NULL;
    AUTO(memory_freep) char *program = doctor_world_path(world, DOCTOR_SYSTEMCTL);
    if (!doctor_units_manager()) {
        *out_text = memory_text("there is no user manager of systemd in this session");
        return false;
    }
    bool done = child_run(program, arguments, &output, &err) == ERR_NONE;
    *out_text = memory_text(done ? "systemctl --user restart " DOCTOR_UNIT_SERVICE : err.detail);
    return done;
}

/* ---- together ---- */

static const struct {
    enum doctor_code code;
    fix_fn fix;
} fixes[] = {
    {DOCTOR_STATE_MODE, fix_modes},      {DOCTOR_AGENT_NOT_RUNNING, fix_unit},
    {DOCTOR_AGENT_SILENT, fix_unit},     {DOCTOR_AGENT_OLD, fix_unit},
    {DOCTOR_UNIT_FAILED, fix_unit},      {DOCTOR_HTTPS, fix_unit},
    {DOCTOR_IDENTITY_EXPIRED, fix_unit}, {DOCTOR_DISPLAY_GONE, fix_unit},
    {DOCTOR_TRUST_MISSING, fix_trust},   {DOCTOR_TRUST_OUTDATED, fix_trust},
};

struct json *doctor_fix(const struct doctor_options *options,
                        const struct doctor_findings *findings)
{
    struct json *rows = json_new_array();
    fix_fn tried[ARRAY_SIZE(fixes)];
    size_t count = 0;
    AUTO(doctor_world_freep) struct doctor_world *world = doctor_world_new(options);
    for (size_t i = 0; i < ARRAY_SIZE(fixes); i++) {
        bool again = false;
        for (size_t k = 0; k < count; k++)
            again |= tried[k] == fixes[i].fix;
        if (again || !doctor_findings_have(findings, fixes[i].code))
            continue;
        AUTO(memory_freep) char *text = NULL;
        struct json *row = json_new_object();
        bool done = fixes[i].fix(world, &text);
        tried[count++] = fixes[i].fix;
        json_add_text(row, "code", doctor_code_text(fixes[i].code));
        json_add_bool(row, "done", done);
        json_add_text(row, "text", text);
        json_append(rows, row);
    }
    return rows;
}
