#include "tests/fault/fault_pairs.h"

#include "tests/fault/fault_world.h"
#include "token/virtual/virtual_pair.h"

/* A case makes one, and another one when its first was lost. */
#define PAIRS 3

static struct bytes *pool[PAIRS];
static struct fault_record *followed;

enum err_code __real_virtual_pair_generate(enum virtual_pair_kind kind, struct virtual_pair **out,
                                           struct err *err);
enum err_code __wrap_virtual_pair_generate(enum virtual_pair_kind kind, struct virtual_pair **out,
                                           struct err *err);

static void make(struct bytes **out)
{
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    fault_must(__real_virtual_pair_generate(VIRTUAL_PAIR_RSA, &pair, &err), &err, "make a pair");
    fault_must(virtual_pair_to_der(pair, out, &err), &err, "keep a pair");
}

void fault_pairs_prepare(void)
{
    for (size_t i = 0; i < PAIRS; i++)
        if (pool[i] == NULL)
            make(&pool[i]);
}

void fault_pairs_follow(struct fault_record *record)
{
    followed = record;
}

enum err_code __wrap_virtual_pair_generate(enum virtual_pair_kind kind, struct virtual_pair **out,
                                           struct err *err)
{
    if (kind == VIRTUAL_PAIR_RSA && followed != NULL && followed->pairs_made < PAIRS &&
        pool[followed->pairs_made] != NULL)
        return virtual_pair_from_der(span_bytes(pool[followed->pairs_made++]), out, err);
    return __real_virtual_pair_generate(kind, out, err);
}
