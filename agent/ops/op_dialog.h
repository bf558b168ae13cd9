/* Talking with the person: what every dialog says, and how it can be withdrawn. */
#pragma once

#include "agent/ops/op.h"

/* Has talk(op, dialog, context, err) while others see that the operation waits for the person; dialog is
 * cancelled when the operation is, or when the key is pulled out (ERR_TOKEN_REMOVED then). */
typedef enum err_code (*op_talk)(struct op *op, const struct cancel *dialog, void *context,
                                 struct err *err);
MUST_CHECK enum err_code op_dialog_run(struct op *op, op_talk talk, void *context, struct err *err);

/* Platform, origin, operation, holder, key, order, tries left: lines for a description. The caller
 * frees. */
char *op_dialog_describe(const struct op *op);
/* A question with the usual words and the full time for an answer; description and error are borrowed. */
struct prompt_question op_dialog_question(const struct op *op, const char *description,
                                          const char *error);
/* A yes or no. ERR_PROMPT_CANCELLED is a no. */
MUST_CHECK enum err_code op_dialog_confirm(struct op *op, const struct cancel *dialog,
                                           struct text title, const char *description,
                                           struct text yes, struct err *err);
/* A PIN, and a new one typed twice. */
MUST_CHECK enum err_code op_dialog_pin(struct op *op, const struct cancel *dialog,
                                       const struct prompt_question *question, struct secret **out,
                                       struct err *err);
MUST_CHECK enum err_code op_dialog_new_pin(struct op *op, const struct cancel *dialog,
                                           const struct prompt_new_pin *question,
                                           struct secret **out, struct err *err);
