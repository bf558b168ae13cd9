#include "agent/sandbox/sandbox_report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox/sandbox_binary.h"
#include "agent/sandbox/sandbox_trial.h"
#include "base/file.h"

#define LINE "%-40s %-28s %s\n"

/* ---- the stage ---- */

struct place {
    char folder[32];
    char *state;
    char *runtime;
    struct sandbox_stage stage;
};

static void place_done(struct place *place)
{
    if (place->stage.user > 0) {
        kill(place->stage.user, SIGKILL);
        waitpid(place->stage.user, NULL, 0);
    }
    char *const files[] = {place->stage.inside_file, place->stage.outside_file};
    char *const folders[] = {place->state, place->runtime, place->stage.outside_folder};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (files[i] != NULL)
            unlink(files[i]);
        free(files[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (folders[i] != NULL)
            rmdir(folders[i]);
        free(folders[i]);
    }
    if (place->folder[0] != '\0')
        rmdir(place->folder);
}

static enum err_code make_folders(struct place *place, struct err *err)
{
    char folder[] = "/tmp/ukeyd-report.XXXXXX";
    if (mkdtemp(folder) == NULL)
        return err_set_errno(err, ERR_FILE, "make a folder in /tmp");
    memcpy(place->folder, folder, sizeof folder);
    place->state = file_join(folder, "state");
    place->runtime = file_join(folder, "runtime");
    place->stage.outside_folder = file_join(folder, "outside");
    place->stage.outside_file = file_join(place->stage.outside_folder, "file");
    place->stage.inside_file = file_join(place->state, "file");
    if (mkdir(place->state, 0700) != 0 || mkdir(place->runtime, 0700) != 0 ||
        mkdir(place->stage.outside_folder, 0700) != 0)
        return err_set_errno(err, ERR_FILE, folder);
    return file_write_atomic(place->stage.outside_file, span_text("x"), 0600, err);
}

/* Another process of this user's, for those that like to look into one. */
static pid_t start_victim(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static enum err_code place_make(struct place *place, struct err *err)
{
    if (make_folders(place, err) != ERR_NONE)
        return err->code;
    place->stage.settings.state_folder = place->state;
    place->stage.settings.runtime_folder = place->runtime;
    place->stage.user = start_victim();
    return place->stage.user > 0 ? ERR_NONE : err_set_errno(err, ERR_SANDBOX, "fork");
}

/* ---- what the kernel can ---- */

/* A child tells by its exit status, since what it did can't be undone. */
static enum err_code learn_facts(const struct place *place, struct sandbox_facts *out,
                                 struct err *err)
{
    int ends[2];
    if (pipe(ends) != 0)
        return err_set_errno(err, ERR_SANDBOX, "make a pipe");
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_facts facts = {0};
        struct err ignored = ERR_INIT;
        bool good = sandbox_enter(&place->stage.settings, &facts, &ignored) == ERR_NONE &&
                    write(ends[1], &facts, sizeof facts) == sizeof facts;
        _exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    AUTO(file_closep) int in = ends[0];
    bool told = pid > 0 && read(in, out, sizeof *out) == sizeof *out;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return told ? ERR_NONE : err_set(err, ERR_SANDBOX, "a process could not shut itself in");
}

static void print_kernel(FILE *out, const struct sandbox_facts *facts)
{
    struct utsname name;
    if (uname(&name) == 0)
        fprintf(out, "kernel %s, %s\n", name.release, name.machine);
    fprintf(out, LINE, "seccomp filters", facts->calls ? "there" : "the kernel has none", "");
    if (facts->landlock > 0)
        fprintf(out, "%-40s version %d\n", "Landlock", facts->landlock);
    else
        fprintf(out, LINE, "Landlock", "the kernel has none", "files and ports are not restricted");
    fprintf(out, LINE, "written memory never becomes code",
            facts->no_new_code ? "kernel's own rule and filter" : "filter alone (Linux < 6.3)", "");
}

static bool is_in_kernel(const struct sandbox_trial *trial, const struct sandbox_facts *facts)
{
    switch (trial->need) {
    case SANDBOX_NEEDS_NOTHING:
        return true;
    case SANDBOX_NEEDS_CALLS:
        return facts->calls;
    case SANDBOX_NEEDS_LANDLOCK:
        return facts->landlock >= trial->landlock;
    }
    return false;
}

/* ---- the table ---- */

static const char *text_of(const struct sandbox_outcome *outcome)
{
    switch (outcome->ending) {
    case SANDBOX_WENT:
        return "went";
    case SANDBOX_FAILED:
        return strerrorname_np(outcome->cause);
    case SANDBOX_KILLED:
        return "the process was ended";
    case SANDBOX_CRASHED:
        return "crashed without one";
    }
    return "";
}

static enum err_code print_trial(FILE *out, const struct sandbox_trial *trial,
                                 const struct place *place, const struct sandbox_facts *facts,
                                 bool *holds, struct err *err)
{
    struct sandbox_outcome outcome;
    if (!is_in_kernel(trial, facts)) {
        fprintf(out, LINE, trial->name, "not tried", "not in this kernel");
        return ERR_NONE;
    }
    if (sandbox_trial_perform(trial, &place->stage, &outcome, err) != ERR_NONE)
        return err->code;
    bool good = sandbox_trial_holds(trial, &outcome);
    *holds = *holds && good;
    const char *wanted = trial->wanted == SANDBOX_ALLOWED ? "ok (needed)" : "ok (refused)";
    fprintf(out, LINE, trial->name, text_of(&outcome), good ? wanted : "WRONG");
    return ERR_NONE;
}

static void print_flags(FILE *out, bool *holds)
{
    static const char *const words[] = {
        [SANDBOX_BUILT] = "yes",
        [SANDBOX_BUILT_IN_PART] = "ours; not the C library's",
        [SANDBOX_NO_SUCH_THING] = "not on this machine or build",
        [SANDBOX_NOT_BUILT] = "no",
    };
    for (size_t i = 0; i < sandbox_flag_count; i++) {
        enum sandbox_built built = sandbox_flags[i].look();
        *holds = *holds && built != SANDBOX_NOT_BUILT;
        fprintf(out, LINE, sandbox_flags[i].name, words[built],
                built == SANDBOX_NOT_BUILT ? "WRONG" : "ok");
    }
}

enum err_code sandbox_report(FILE *out, bool *out_holds, struct err *err)
{
    AUTO(place_done) struct place place = {0};
    struct sandbox_facts facts;
    bool holds = true;
    if (place_make(&place, err) != ERR_NONE || learn_facts(&place, &facts, err) != ERR_NONE)
        return err->code;
    fflush(out); /* children must not print it again */
    print_kernel(out, &facts);
    fprintf(out, "\ntried by a process that is shut in as the agent is:\n");
    for (size_t i = 0; i < sandbox_trial_count; i++) {
        fflush(out);
        if (print_trial(out, &sandbox_trials[i], &place, &facts, &holds, err) != ERR_NONE)
            return err->code;
    }
    fprintf(out, "\nhow this program was built:\n");
    print_flags(out, &holds);
    fprintf(out, "\n%s\n",
            holds ? "All that this kernel can do holds." : "Something does not hold.");
    *out_holds = holds;
    return ERR_NONE;
}
