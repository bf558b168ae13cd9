/* One virtual key as a source of tokens, with faults at the n-th command of the agent's life. */
#pragma once

#include "tests/fault/fault_plan.h"
#include "token/token_monitor.h"
#include "token/virtual/virtual_card.h"

struct fault_card {
    struct token_source source;
    struct fault_plan *plan;
    struct virtual_card *card;
    _Atomic bool out; /* pulled out by a fault */
    _Atomic uint64_t sequence;
};

/* path: the key's file. plan is borrowed. */
MUST_CHECK enum err_code fault_card_open(struct fault_card *card, const char *path,
                                         struct fault_plan *plan, struct err *err);
void fault_card_close(struct fault_card *card);
/* Puts it in (again). */
void fault_card_insert(struct fault_card *card);
/* The key, for the oracle. The caller closes it. */
MUST_CHECK enum err_code fault_card_token(struct fault_card *card, struct token **out,
                                          struct err *err);
