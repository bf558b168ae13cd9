/* The step in which a person reads what will happen and types the PIN. */
#pragma once

#include "agent/ops/op.h"

/* What is done with the PIN that was typed; ERR_PIN_WRONG has it asked for again. dialog: for more
 * questions. */
typedef enum err_code (*op_pin_use)(struct op *op, const struct secret *pin,
                                    const struct cancel *dialog, struct err *err);

/* Spends exactly the tries that were typed: reads the tries left before it asks, asks again after a
 * wrong PIN until the person gives up, and wants a separate yes before the last try. */
enum op_outcome op_ask_pin_for(struct op *op, op_pin_use use, struct err *err);
/* Step: the same, and the key logs the person in. */
enum op_outcome op_ask_pin(struct op *op, struct err *err);
/* clang-format off */
#define OP_ASK_PIN_STEP \
    {"ask", {"请在密码框中输入CA锁密码", "Type the PIN into the dialog"}, op_ask_pin, \
     OP_TOUCHES_USER, OP_TELL, true, 15}
/* clang-format on */
/* A use: logs in. */
MUST_CHECK enum err_code op_ask_login(struct op *op, const struct secret *pin,
                                      const struct cancel *dialog, struct err *err);
