#include "agent/doctor/doctor_journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "base/file.h"

#define JOURNAL "journal.db"
#define ASK_SECONDS 10

static bool is_any_of(const char *state, const char *const *states, size_t count)
{
    for (size_t i = 0; state != NULL && i < count; i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return false;
}

static void judge(const char *id, const char *kind, const char *state, bool broke_off,
                  struct doctor_findings *findings)
{
    static const char *const unconfirmed[] = {"unconfirmed"};
    const char *shown = kind == NULL ? "" : kind;
    if (is_any_of(state, unconfirmed, ARRAY_SIZE(unconfirmed)))
        doctor_findings_add(findings, DOCTOR_UNCONFIRMED, "%s %s", shown, id);
    else if (broke_off)
        doctor_findings_add(findings, DOCTOR_INTERRUPTED, "%s %s", shown, id);
}

/* ---- the agent knows ---- */

static bool is_resumable(const struct json *operation)
{
    struct err ignored = ERR_INIT;
    bool value = false;
    const struct json_field field = {"resumable", JSON_BOOL, .out = &value};
    return json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) == ERR_NONE && value;
}

static void ask_agent(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *answer = NULL;
    if (world->ask(world->socket_path, "/v1/operations", ASK_SECONDS, &answer, &err) != ERR_NONE) {
        doctor_findings_fact(findings, "error", err.detail);
        return;
    }
    const struct json *rows = json_member(answer, "operations");
    for (size_t i = 0; json_is_array(rows) && i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        const char *id = doctor_world_text(row, "id");
        if (id != NULL)
            judge(id, doctor_world_text(row, "kind"), doctor_world_text(row, "state"),
                  is_resumable(row), findings);
    }
}

/* ---- without it the file is read ---- */

static void take_row(void *context, const struct op_row *row)
{
    static const char *const under_way[] = {"running", "waiting-user", "waiting-platform"};
    judge(row->id, row->kind, row->state, is_any_of(row->state, under_way, ARRAY_SIZE(under_way)),
          context);
}

/* Only a file of ours: reading it makes files beside it. */
static bool is_ours(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid();
}

enum err_code doctor_journal_each(const char *folder, op_journal_take_fn take, void *context,
                                  struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, JOURNAL);
    return is_ours(path) ? op_journal_read(path, take, context, err) : ERR_NONE;
}

static void read_file(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    enum err_code code = doctor_journal_each(world->state_folder, take_row, findings, &err);
    if (code != ERR_NONE && code != ERR_ALREADY_RUNNING) /* an agent that does not answer has it */
        doctor_findings_add(findings, DOCTOR_JOURNAL, "%s", err.detail);
}

void doctor_journal_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    if (doctor_world_agent_runs(world))
        ask_agent(world, findings);
    else if (world->state_folder != NULL)
        read_file(world, findings);
}
