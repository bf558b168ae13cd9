#include "tests/fault/fault_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tests/fault/fault_disk.h"
#include "tests/fault/fault_folder.h"
#include "tests/fault/fault_look.h"
#include "tests/fault/fault_memory.h"
#include "tests/fault/fault_oracle.h"
#include "tests/fault/fault_pairs.h"

struct fault_record *fault_case_record(void)
{
    void *record = mmap(NULL, sizeof(struct fault_record), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (record == MAP_FAILED)
        abort();
    return record;
}

static void make(const struct fault_scene *scene, const char *folder, struct fault_plan *plan)
{
    fault_scene_make(scene, folder, plan);
}

/* In a child: everything that a run does. */
typedef void (*act_fn)(const struct fault_scene *scene, const char *folder,
                       struct fault_plan *plan);

/* The child's end, as waitpid tells it. */
static int in_child(act_fn act, const struct fault_scene *scene, const char *folder,
                    const struct fault_plan *plan)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        static struct fault_plan own;
        const struct rlimit no_dump = {0, 0};
        own = *plan;
        setrlimit(RLIMIT_CORE, &no_dump);
        fault_set_clock(&own, FAULT_NOW);
        fault_disk_install(&own);
        fault_memory_follow(&own);
        fault_pairs_follow(act == make ? NULL : own.record);
        fault_memory_elsewhere(true);
        act(scene, folder, &own);
        exit(0);
    }
    if (waitpid(pid, &status, 0) != pid)
        abort();
    return status;
}

static bool ended_well(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool fault_case_make(const struct fault_scene *scene, const char *folder)
{
    struct fault_record *record = fault_case_record();
    const struct fault_plan plan = {.record = record};
    bool made = ended_well(in_child(make, scene, folder, &plan));
    munmap(record, sizeof *record);
    return made;
}

/* Every third time with a new ticket, else as the agent offers it. */
static void try_again(struct fault_world *world)
{
    if (world->plan->nth % 3 == 0)
        fault_world_perform(world);
    else
        fault_world_go_on(world);
}

/* The key that is there is not the one that is meant, or nobody said which one is. */
static void must_refuse(struct fault_world *world)
{
    if (!fault_world_refuses(world))
        fault_lost(world->plan->record, "another bidder's key was taken");
    fault_oracle_between(world);
}

/* Every second time the person tries again at once, else the agent ends first. */
static void meet_fault(const struct fault_scene *scene, const char *folder, struct fault_plan *plan)
{
    struct fault_world world;
    fault_world_open(&world, folder, scene, plan);
    fault_oracle_content(&world, plan->record->before);
    if (fault_world_start_agent(&world)) {
        bool any_key_would_do = strcmp(scene->kind, "change-pin") == 0;
        if (fault_is(plan, FAULT_PULLED_BESIDE) && plan->nth == 1 && !any_key_would_do)
            must_refuse(&world);
        fault_world_perform(&world);
        fault_oracle_between(&world);
        fault_oracle_claim(&world);
        if (world.card.other == FAULT_OTHER_INSTEAD && !fault_world_done(&world) &&
            !any_key_would_do)
            must_refuse(&world);
        bool again = plan->nth % 2 == 0 && !fault_world_done(&world) &&
                     strcmp(world.state, "unconfirmed") != 0;
        if (again) {
            fault_world_repair(&world);
            try_again(&world);
        }
        plan->record->told_done = fault_world_done(&world);
        plan->record->told_written = strcmp(world.state, "unconfirmed") == 0;
    }
    plan->record->over = true;
    fault_world_close(&world);
}

/* An old seal that could not be removed goes with the next log-in, whatever it is for. */
static void log_in_once_more(struct fault_world *world)
{
    struct fault_look look;
    fault_look_at(world->card.card, &look);
    if (look.file_count >= 2 && world->scene->key->management == NULL)
        fault_world_log_in(world);
}

static void recover(const struct fault_scene *scene, const char *folder, struct fault_plan *plan)
{
    struct fault_world world;
    char first[128];
    fault_world_open(&world, folder, scene, plan);
    fault_oracle_between(&world);
    if (!fault_world_start_agent(&world)) {
        fault_lost(plan->record, "the journal can't be opened");
        return;
    }
    fault_world_settle(&world);
    fault_oracle_resumed(&world);
    snprintf(first, sizeof first, "%s, %s", world.state, world.code);
    bool was_done = fault_world_done(&world) || plan->record->told_done;
    bool offered = world.resumable; /* though it was done: the journal did not hear of it */
    if (!fault_world_done(&world)) {
        fault_oracle_between(&world);
        if (!was_done)
            try_again(&world);
        else if (offered)
            fault_world_go_on(&world);
    }
    if (!fault_world_done(&world) && (!was_done || offered)) {
        fault_lost(plan->record, "%s; the next operation: %s, %s", first, world.state, world.code);
    } else {
        log_in_once_more(&world);
        fault_oracle_end(&world);
    }
    fault_world_stop_agent(&world);
    bool may_go_on = !fault_world_done(&world) || plan->record->second_page;
    if (!may_go_on) /* else its job's secret is still needed */
        fault_oracle_journal(&world);
    fault_world_close(&world);
}

/* The agent ends itself when it gets none: that is as safe as a power cut. */
static bool is_memory(const struct fault_kind *kind)
{
    return kind->place == FAULT_MEMORY || kind->place == FAULT_MEMORY_CRYPTO;
}

enum fault_verdict fault_case_run(const struct fault_scene *scene, const char *made,
                                  const struct fault_kind *kind, unsigned nth,
                                  struct fault_record *record)
{
    AUTO(memory_freep) char *base = fault_folder_new();
    AUTO(memory_freep) char *folder = file_join(base, "case");
    struct fault_plan plan = {.kind = kind, .nth = nth, .record = record};
    *record = (struct fault_record){0};
    if (scene->key->kind == VIRTUAL_PAIR_RSA)
        fault_pairs_prepare();
    fault_folder_copy(made, folder);
    int met = in_child(meet_fault, scene, folder, &plan);
    bool killed = WIFSIGNALED(met) && record->struck &&
                  (WTERMSIG(met) == SIGKILL || (WTERMSIG(met) == SIGABRT && is_memory(kind)));
    if (!killed && !ended_well(met))
        fault_lost(record, "the agent ended with status %x", (unsigned)met);
    bool struck = record->struck;
    if (struck || record->lost[0] != '\0') {
        plan.kind = NULL;
        int after = in_child(recover, scene, folder, &plan);
        if (!ended_well(after))
            fault_lost(record, "the next agent ended with status %x", (unsigned)after);
    }
    fault_folder_remove(base);
    if (record->lost[0] != '\0')
        return FAULT_LOST;
    return struck ? FAULT_SURVIVED : FAULT_EXHAUSTED;
}
