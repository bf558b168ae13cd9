/* Changing the PIN: on its own, and right after a reset. */
#pragma once

#include "agent/ops/op.h"

/* Step: asks for the present PIN and a new one, and changes it. */
enum op_outcome op_change_pin_ask(struct op *op, struct err *err);
