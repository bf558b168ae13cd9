/* The step in which a person reads what will happen, types the PIN, and the key logs them in. */
#pragma once

#include "agent/ops/op.h"

/* Step. Spends exactly the tries that were typed: reads the tries left before it asks, asks again after a
 * wrong PIN until the person gives up, and wants a separate yes before the last try. */
enum op_outcome op_ask_pin(struct op *op, struct err *err);
