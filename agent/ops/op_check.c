/* 检查: a dry run. Reads everything, compares it with the platform when there is a ticket, changes
 * nothing, asks for no PIN. */
#include "agent/ops/op_key.h"
#include "agent/ops/op_platform.h"
#include "base/problem.h"

#define FINDINGS_MAX 8

static enum op_outcome read_pin(struct op *op, struct err *err)
{
    return token_read_pin_state(op->key.token, TOKEN_USER, &op->key.pin, err) == ERR_NONE
               ? OP_STEP_NEXT
               : OP_STEP_FAILED;
}

/* What stands in the way of a renewal, as problems with their remedies. */
static size_t find(const struct op *op, const struct due *due, enum err_code out[FINDINGS_MAX])
{
    const struct remote_job *job = op->facts.job;
    const struct token_facts *facts = token_peek_facts(op->key.token);
    bool full = op->key.pairs->count >= facts->pairs_max;
    const struct {
        bool found;
        enum err_code code;
    } checks[] = {
        {op->key.pin.tries_left == 0, ERR_PIN_LOCKED},
        {due->state == DUE_CLOCK_WRONG, ERR_CERT_TIME},
        {due->state == DUE_NOT_YET && job == NULL, ERR_NOT_DUE},
        {job != NULL && !job->approved, ERR_ORDER_NOT_APPROVED},
        {job != NULL && job->not_after_utc < due->not_after_utc, ERR_NOT_DUE},
        {job != NULL && job->replace_key && full, ERR_TOKEN_NO_SPACE},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
        if (checks[i].found)
            out[count++] = checks[i].code;
    return count;
}

static void report(const struct op *op, struct json *result)
{
    enum err_code codes[FINDINGS_MAX];
    struct due due = due_judge(cert_peek(op->key.sign_cert), &op_options(op)->due, clock_now_utc());
    json_add_text(result, "due", op_key_due_text(due.state));
    json_add_integer(result, "days_left", due.days_left < 0 ? 0 : due.days_left);
    json_add_utc(result, "not_after", due.not_after_utc);
    op_key_add_tries(result, "tries_left", op->key.pin.tries_left);
    json_add_bool(result, "pin_default", op->key.pin.is_default);
    if (op->facts.job != NULL) {
        json_add_bool(result, "approved", op->facts.job->approved);
        json_add_text(result, "key", op->facts.job->replace_key ? "replace" : "keep");
        json_add_utc(result, "new_not_after", op->facts.job->not_after_utc);
    }
    struct json *findings = json_new_array();
    size_t count = find(op, &due, codes);
    for (size_t i = 0; i < count; i++) {
        struct err finding = ERR_INIT;
        err_set(&finding, codes[i], "found by the check");
        json_append(findings, problem_json(&finding, op->lang));
    }
    json_add(result, "findings", findings);
}

/* clang-format off */
static const struct op_step steps[] = {
    OP_KEY_FIND_STEP,
    {"read-pin", {"读取密码状态", "Read the PIN's state"}, read_pin, OP_TOUCHES_KEY, OP_TELL, true, 10},
    OP_PLATFORM_REDEEM_STEP,
};
/* clang-format on */

const struct op_kind op_check = {
    .name = "check",
    .title = {"CA锁检查", "Check of the key"},
    .success = {"检查完成，CA锁未被改动。", "Checked. Nothing on the key was changed."},
    .ticket = OP_TICKET_OPTIONAL,
    .steps = steps,
    .step_count = ARRAY_SIZE(steps),
    .report = report,
};
