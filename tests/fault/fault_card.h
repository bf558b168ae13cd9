/* One virtual key as a source of tokens, with faults at the n-th command of the agent's life; and another bidder's
 * key, which must never be touched. */
#pragma once

#include "tests/fault/fault_plan.h"
#include "token/token_monitor.h"
#include "token/virtual/virtual_card.h"

/* Where the other key is. */
enum fault_other { FAULT_OTHER_AWAY, FAULT_OTHER_INSTEAD, FAULT_OTHER_BESIDE };

struct fault_card {
    struct token_source source;
    struct fault_plan *plan;
    struct virtual_card *card;
    struct virtual_card
        *other_card; /* lives in memory: what becomes of it is seen by fault_card_other_changed */
    _Atomic bool out; /* pulled out by a fault */
    _Atomic int other; /* enum fault_other */
    _Atomic int service; /* enum token_service_state */
    _Atomic uint64_t sequence; /* of ours; the other's lies beyond all others */
};

/* path: the key's file; other_path: the other's. plan is borrowed. */
MUST_CHECK enum err_code fault_card_open(struct fault_card *card, const char *path,
                                         const char *other_path, struct fault_plan *plan,
                                         struct err *err);
void fault_card_close(struct fault_card *card);
/* Puts it in (again), in place of the other; service and reader are there. */
void fault_card_insert(struct fault_card *card);
/* Whether the other key's memory is not as it was in its file. */
bool fault_card_other_changed(const struct fault_card *card, const char *other_path);
/* The key, for the oracle. The caller closes it. */
MUST_CHECK enum err_code fault_card_token(struct fault_card *card, struct token **out,
                                          struct err *err);
