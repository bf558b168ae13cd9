/* Renewals in a row by one agent, each with a fault at random, and what it costs the agent in the long run.
 *
 *     fault_soak [SEED [COUNT]]
 *
 * A fault that ends the process is met by agents of their own in between. One line at the end. */
#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/ops/op_journal.h"
#include "base/file.h"
#include "base/log.h"
#include "tests/fault/fault_case.h"
#include "tests/fault/fault_disk.h"
#include "tests/fault/fault_folder.h"
#include "tests/fault/fault_kinds.h"
#include "tests/fault/fault_memory.h"
#include "tests/fault/fault_oracle.h"
#include "tests/fault/fault_pairs.h"

#define COUNT_DEFAULT 1000
#define COUNT_MAX 1000000
/* From here on the lists of old operations are full (each renewal takes one operation or a few). */
#define WARM_UP 300
/* What the C library keeps of it for threads that come and go. */
#define GROWTH_KB_MAX 3072
/* An old operation in the list, with its certificates. */
#define OLD_OPERATION_KB 48
#define JOURNAL_KB_MAX 8192
#define ATTEMPTS_MAX 4
#define THREADS_END_MS 10000 /* on a loaded machine */

static const char *const scenes[] = {"renew-kept-sm2", "renew-replaced-sm2",
                                     "renew-kept-rsa", "renew-replaced-rsa",
                                     "renew-kept-piv", "renew-replaced-piv"};

/* Faults strike at the n-th of so many at most. */
static const unsigned events[FAULT_PLACE_COUNT] = {
    [FAULT_KEY] = 30,
    [FAULT_PLATFORM] = 4,
    [FAULT_DISK] = 144,
    [FAULT_FOLDER] = 7,
    [FAULT_MEMORY] = 3400,
    [FAULT_MEMORY_CRYPTO] = 25000,
    [FAULT_MEMORY_JOURNAL] = 1000,
};

struct soak {
    uint64_t random;
    char *base;
    struct fault_record *record;
    struct fault_plan plan;
    struct fault_world world;
    unsigned lost, deaths, struck, operations;
};

struct use {
    long rss_kb, files, threads, journal_kb;
};

/* ---- chance: splitmix64, so that a seed says everything ---- */

static uint64_t next_random(struct soak *soak)
{
    uint64_t z = soak->random += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static unsigned below(struct soak *soak, size_t limit)
{
    return (unsigned)(next_random(soak) % limit);
}

static const struct fault_kind *any_kind(struct soak *soak)
{
    size_t count = 0;
    while (fault_kind_at(count) != NULL)
        count++;
    return fault_kind_at(below(soak, count));
}

static bool is_deadly(const struct fault_kind *kind)
{
    return kind->way == FAULT_KILL_BEFORE || kind->way == FAULT_KILL_AFTER ||
           kind->way == FAULT_POWER_CUT || kind->way == FAULT_REFUSED;
}

/* ---- what the agent uses ---- */

static long status_number(const char *name)
{
    char line[256];
    long number = -1;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && number < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            number = strtol(line + strlen(name), NULL, 10);
    if (file != NULL)
        fclose(file);
    return number;
}

static long count_files(void)
{
    long count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

static long journal_kb(const struct soak *soak)
{
    static const char *const names[] = {"journal.db", "journal.db-wal"};
    long bytes = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct stat status;
        AUTO(memory_freep) char *path = file_join(soak->world.journal_folder, names[i]);
        if (stat(path, &status) == 0)
            bytes += status.st_size;
    }
    return bytes / 1024;
}

static struct use use_of(const struct soak *soak)
{
    malloc_trim(0);
    return (struct use){status_number("VmRSS:"), count_files(), status_number("Threads:"),
                        journal_kb(soak)};
}

/* ---- one renewal ---- */

/* Who is told of an operation's end is told before its thread has wiped the journal. */
static void let_threads_end(void)
{
    for (int i = 0; i < THREADS_END_MS && status_number("Threads:") > 1; i++)
        poll(NULL, 0, 1);
}

static char *made_of(const struct soak *soak, const char *scene)
{
    return file_join(soak->base, scene);
}

static void bring_to_success(struct soak *soak)
{
    struct fault_world *world = &soak->world;
    bool refused = strcmp(world->state, "refused") == 0; /* then the newest is one of before */
    fault_world_repair(world);
    if (refused)
        fault_world_perform(world);
    else
        fault_world_settle(world);
    for (unsigned i = 0; i < ATTEMPTS_MAX && !fault_world_done(world); i++)
        fault_world_go_on(world);
    if (!fault_world_done(world))
        fault_lost(soak->record, "at last: %s, %s", world->state, world->code);
}

static void renew_here(struct soak *soak, const struct fault_scene *scene,
                       const struct fault_kind *kind, unsigned nth)
{
    struct fault_world *world = &soak->world;
    AUTO(memory_freep) char *made = made_of(soak, scene->name);
    AUTO(memory_freep) char *folder = file_join(soak->base, "case");
    fault_folder_copy(made, folder);
    *soak->record = (struct fault_record){.operations = soak->operations};
    fault_pairs_prepare();
    fault_pairs_follow(soak->record);
    fault_world_move(world, folder, scene);
    soak->plan.kind = kind;
    soak->plan.nth = nth;
    world->platform_faulty = kind->place == FAULT_PLATFORM;
    fault_world_perform(world);
    fault_oracle_between(world);
    fault_oracle_claim(world);
    bring_to_success(soak);
    fault_world_log_in(
        world); /* what the disk had no room for is written with the next operation */
    fault_oracle_end(world);
    let_threads_end();
    fault_oracle_journal(world);
    soak->operations = soak->record->operations;
    fault_folder_remove(folder);
}

/* Other agents meet it; this one waits. */
static void renew_there(struct soak *soak, const struct fault_scene *scene,
                        const struct fault_kind *kind, unsigned nth)
{
    AUTO(memory_freep) char *made = made_of(soak, scene->name);
    fault_case_run(scene, made, kind, nth, soak->record);
    soak->deaths++;
}

static void renew(struct soak *soak, unsigned number)
{
    const struct fault_scene *scene = fault_scene_named(scenes[below(soak, ARRAY_SIZE(scenes))]);
    const struct fault_kind *kind = any_kind(soak);
    unsigned nth = 1 + below(soak, events[kind->place]);
    (is_deadly(kind) ? renew_there : renew_here)(soak, scene, kind, nth);
    soak->struck += soak->record->struck ? 1 : 0;
    if (soak->record->lost[0] == '\0')
        return;
    soak->lost++;
    printf("# renewal %u: %s %s %u: %s\n", number, scene->name, kind->name, nth,
           soak->record->lost);
}

/* ---- all of them ---- */

static void make_scene(const struct soak *soak, const char *name)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *made = made_of(soak, name);
    fault_must(file_make_folder(made, 0700, &err), &err, made);
    if (!fault_case_make(fault_scene_named(name), made))
        exit(2);
}

static void begin(struct soak *soak, char **out_journal_folder, char **out_first)
{
    struct err err = ERR_INIT;
    soak->base = fault_folder_new();
    soak->record = fault_case_record();
    soak->plan.record = soak->record;
    for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
        make_scene(soak, scenes[i]);
    *out_journal_folder = file_join(soak->base, "agent");
    *out_first = made_of(soak, scenes[0]);
    fault_must(file_make_folder(*out_journal_folder, 0700, &err), &err, "make a folder");
    fault_set_clock(&soak->plan, FAULT_NOW);
    fault_disk_install(&soak->plan);
    fault_world_open(&soak->world, *out_first, fault_scene_named(scenes[0]), &soak->plan);
    soak->world.journal_folder = *out_journal_folder;
    if (!fault_world_start_agent(&soak->world))
        exit(2);
}

static bool has_grown(const struct use *before, const struct use *now, unsigned count)
{
    unsigned filling = count < 2 * WARM_UP ? OP_JOURNAL_ROWS_MAX * OLD_OPERATION_KB : 0;
    return now->files > before->files || now->threads > before->threads ||
           now->rss_kb - before->rss_kb > GROWTH_KB_MAX + filling ||
           now->journal_kb > JOURNAL_KB_MAX;
}

static int soak_run(struct soak *soak, uint64_t seed, unsigned count)
{
    AUTO(memory_freep) char *journal_folder = NULL;
    AUTO(memory_freep) char *first = NULL;
    struct use before = {0};
    unsigned warm_up = count > 2 * WARM_UP ? WARM_UP : count / 4;
    begin(soak, &journal_folder, &first);
    for (unsigned i = 1; i <= count; i++) {
        renew(soak, i);
        if (i == warm_up)
            before = use_of(soak);
    }
    const struct use now = use_of(soak);
    bool grown = has_grown(&before, &now, count);
    fault_world_close(&soak->world);
    fault_folder_remove(soak->base);
    printf("%s seed %" PRIu64 ": %u renewals, %u faults struck, %u ended an agent, %u lost; "
           "memory %ld to %ld KB, files %ld to %ld, threads %ld to %ld, journal %ld to %ld KB\n",
           soak->lost == 0 && !grown ? "ok" : "not ok", seed, count, soak->struck, soak->deaths,
           soak->lost, before.rss_kb, now.rss_kb, before.files, now.files, before.threads,
           now.threads, before.journal_kb, now.journal_kb);
    return soak->lost == 0 && !grown ? 0 : 1;
}

static uint64_t number_of(const char *text, uint64_t limit)
{
    char *end = NULL;
    uint64_t value = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value > limit) {
        fprintf(stderr, "not a number up to %" PRIu64 ": %s\n", limit, text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static struct soak soak;
    fault_memory_install();
    log_set_level(LOG_LEVEL_ERROR);
    uint64_t seed = argc > 1 ? number_of(argv[1], UINT64_MAX) : (uint64_t)time(NULL);
    unsigned count = argc > 2 ? (unsigned)number_of(argv[2], COUNT_MAX) : COUNT_DEFAULT;
    soak.random = seed;
    return soak_run(&soak, seed, count);
}
