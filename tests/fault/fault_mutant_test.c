/* The oracle again: for each clause a program with just that wrong must be caught, in some case. TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "tests/fault/fault_case.h"
#include "tests/fault/fault_folder.h"
#include "tests/fault/fault_kinds.h"
#include "tests/fault/fault_memory.h"
#include "tests/fault/fault_mutants.h"

static const struct fault_kind *kind_named(const char *name)
{
    for (size_t i = 0; fault_kind_at(i) != NULL; i++)
        if (strcmp(fault_kind_at(i)->name, name) == 0)
            return fault_kind_at(i);
    abort();
}

/* The scene in base; it is made by the right program. */
static char *make(const char *base, const struct fault_scene *scene)
{
    struct err err = ERR_INIT;
    char *made = file_join(base, scene->name);
    if (access(made, F_OK) == 0)
        return made;
    fault_must(file_make_folder(made, 0700, &err), &err, made);
    if (!fault_case_make(scene, made))
        exit(2);
    return made;
}

/* At its n, or at some n. */
static bool is_caught(const struct fault_mutant *mutant, const struct fault_scene *scene,
                      const char *made, struct fault_record *record)
{
    const struct fault_kind *kind = kind_named(mutant->kind);
    bool over = false;
    fault_mutant_choose(mutant);
    for (unsigned n = mutant->nth > 0 ? mutant->nth : 1; !over; n++) {
        enum fault_verdict verdict = fault_case_run(scene, made, kind, n, record);
        if (verdict == FAULT_LOST && strstr(record->lost, mutant->seen) != NULL)
            return true;
        over = verdict == FAULT_EXHAUSTED || mutant->nth > 0;
    }
    return false;
}

/* All, or the one of this number. */
int main(int argc, char **argv)
{
    size_t only = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    int failed = 0;
    fault_memory_install();
    log_set_level(LOG_LEVEL_ERROR);
    struct fault_record *record = fault_case_record();
    AUTO(memory_freep) char *base = fault_folder_new();
    size_t count = 0;
    while (fault_mutant_at(count) != NULL)
        count++;
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        const struct fault_mutant *mutant = fault_mutant_at(i);
        if (only != 0 && only != i + 1)
            continue;
        const struct fault_scene *scene = fault_scene_named(mutant->scene);
        fault_mutant_choose(NULL);
        AUTO(memory_freep) char *made = make(base, scene);
        bool caught = is_caught(mutant, scene, made, record);
        printf("%s %zu - %s # %s\n", caught ? "ok" : "not ok", i + 1, mutant->name, record->lost);
        fflush(stdout);
        failed += caught ? 0 : 1;
    }
    fault_folder_remove(base);
    return failed == 0 ? 0 : 1;
}
