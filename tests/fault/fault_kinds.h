/* Everything that goes wrong, as a table. */
#pragma once

#include "tests/fault/fault_plan.h"

/* NULL past the end. */
const struct fault_kind *fault_kind_at(size_t index);
