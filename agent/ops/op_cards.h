/* Who uses which card: an operation that works on it or looks at it to find its key, and a reading for
 * people to see. Two that use a card at one time close it for each other. Thread-safe. */
#pragma once

#include "agent/ops/op_engine.h"

bool op_cards_same(const struct token_presence *a, const struct token_presence *b);

/* Whether a reading may begin, which then must end; false while an operation has the card. */
bool op_cards_begin_reading(struct ops *ops, const struct token_presence *presence);
void op_cards_end_reading(struct ops *ops, const struct token_presence *presence);

/* Before an operation opens a card. Waits until it was read for people to see and, with patient, until
 * other operations have looked at it; one that holds a card while it waits for others must not be patient.
 * False when another operation has it, when the time is up, or when the operation needs no more looks.
 * True: the card is this operation's until op_cards_leave. */
bool op_cards_look(struct op *op, const struct token_presence *presence, bool patient,
                   struct deadline deadline);
void op_cards_leave(struct op *op, const struct token_presence *presence);
/* Takes the card that was looked at for the key of this serial: one operation per key. False when another
 * one has this key. The claim ends with the operation. */
bool op_cards_claim(struct op *op, const char *serial, const struct token_presence *presence);
/* Gives the claim up before the operation ends; its card must be closed. */
void op_cards_give_back(struct op *op);
/* Under the lock: has everyone who waits for a card look again. */
void op_cards_changed(struct ops *ops);
/* Under the lock: waits for such a change; false when the time is up. */
bool op_cards_wait(struct ops *ops, struct deadline deadline);
