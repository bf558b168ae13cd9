/* Runs a scene under every kind of fault, n = 1, 2, 3 ... until there is no n-th command, call or write.
 * One line of TAP for each kind, and at the end cases, survived and lost.
 *
 *     fault_matrix SCENE [STRIDE [KIND [N]]]
 *
 * STRIDE: every so many n, beginning elsewhere for each kind (1, the default: all). KIND: this kind alone.
 * N: this n alone, and the agent says what it does. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "tests/fault/fault_case.h"
#include "tests/fault/fault_folder.h"
#include "tests/fault/fault_kinds.h"
#include "tests/fault/fault_memory.h"

/* No operation of ours has so many commands: a fault that always strikes. */
#define NTH_MAX 1000000
#define LOST_SHOWN_MAX 10

struct tally {
    unsigned cases, lost, resumed;
};

struct wish {
    unsigned stride;
    const char *kind; /* NULL: all */
    unsigned nth; /* 0: all */
};

static struct tally run_kind(const struct fault_scene *scene, const char *made, size_t index,
                             const struct wish *wish, struct fault_record *record)
{
    struct tally tally = {0};
    const struct fault_kind *kind = fault_kind_at(index);
    unsigned step = wish->stride * (kind->apart > 0 ? kind->apart : 1);
    unsigned first = wish->nth != 0 ? wish->nth : 1 + (unsigned)index % step;
    for (unsigned n = first; n < NTH_MAX; n += step) {
        enum fault_verdict verdict = fault_case_run(scene, made, kind, n, record);
        if (verdict == FAULT_EXHAUSTED)
            break;
        tally.cases++;
        tally.resumed += record->resumed > 0 ? 1 : 0;
        if (verdict == FAULT_LOST && tally.lost++ < LOST_SHOWN_MAX)
            printf("# %s %s %u: %s\n", scene->name, kind->name, n, record->lost);
        if (wish->nth != 0)
            break;
    }
    return tally;
}

static bool is_wanted(const struct wish *wish, const struct fault_kind *kind)
{
    return wish->kind == NULL || strcmp(wish->kind, kind->name) == 0;
}

static unsigned count_kinds(const struct wish *wish)
{
    unsigned count = 0;
    for (size_t i = 0; fault_kind_at(i) != NULL; i++)
        count += is_wanted(wish, fault_kind_at(i)) ? 1 : 0;
    return count;
}

static int run(const struct fault_scene *scene, const char *made, const struct wish *wish)
{
    struct fault_record *record = fault_case_record();
    struct tally all = {0};
    unsigned number = 0;
    printf("1..%u\n", count_kinds(wish));
    for (size_t i = 0; fault_kind_at(i) != NULL; i++) {
        if (!is_wanted(wish, fault_kind_at(i)))
            continue;
        struct tally tally = run_kind(scene, made, i, wish, record);
        printf("%s %u - %s # %u cases, %u survived, %u lost\n", tally.lost == 0 ? "ok" : "not ok",
               ++number, fault_kind_at(i)->name, tally.cases, tally.cases - tally.lost, tally.lost);
        fflush(stdout);
        all.cases += tally.cases;
        all.lost += tally.lost;
        all.resumed += tally.resumed;
    }
    printf("# %s: %u cases, %u survived, %u lost; %u were resumed\n", scene->name, all.cases,
           all.cases - all.lost, all.lost, all.resumed);
    return all.lost == 0 ? 0 : 1;
}

static unsigned number_of(const char *text)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value >= NTH_MAX) {
        fprintf(stderr, "not a number from 1 to %d: %s\n", NTH_MAX, text);
        exit(2);
    }
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 5) {
        fprintf(stderr, "Usage: fault_matrix SCENE [STRIDE [KIND [N]]]\n");
        return 2;
    }
    fault_memory_install();
    const struct fault_scene *scene = fault_scene_named(argv[1]);
    const struct wish wish = {
        .stride = argc > 2 ? number_of(argv[2]) : 1,
        .kind = argc > 3 ? argv[3] : NULL,
        .nth = argc > 4 ? number_of(argv[4]) : 0,
    };
    log_set_level(wish.nth != 0 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
    AUTO(memory_freep) char *base = fault_folder_new();
    AUTO(memory_freep) char *made = file_join(base, "made");
    int result = 2;
    if (file_make_folder(made, 0700, &(struct err){0}) == ERR_NONE && fault_case_make(scene, made))
        result = run(scene, made, &wish);
    fault_folder_remove(base);
    return result;
}
