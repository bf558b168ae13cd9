#include "agent/ops/op_platform.h"

#include "agent/ops/op_key.h"
#include "base/log.h"

/* Between two attempts at confirming: doubles from the first to the last. */
#define CONFIRM_RETRY_FIRST_MS 2000
#define CONFIRM_RETRY_LAST_MS 300000
/* Longer than that nobody is kept waiting, whatever Retry-After says. */
#define CONFIRM_RETRY_AFTER_S_MAX 3600
/* How long a platform may ask us to wait for its certificates, and for how many times. */
#define ISSUE_WAIT_MAX_S 60
#define ISSUE_ATTEMPTS_MAX 120
/* The key is kept from other programs meanwhile, and a challenge does not live long. */
#define RELAY_MS 15000
/* One last call after a failure must not keep the person waiting. */
#define FAILURE_REPORT_MS 5000

static struct remote_call call_of(const struct op *op)
{
    return (struct remote_call){&op->platform->remote, op_step_cancel(op), op_step_deadline(op),
                                NULL};
}

static struct remote *remote_of(const struct op *op)
{
    return op_options(op)->remote;
}

/* ---- redeem ---- */

static enum err_code redeem(struct op *op, struct err *err)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    const struct span certs[] = {span_bytes(op->key.pair->sign_cert),
                                 span_bytes(op->key.pair->encrypt_cert)};
    struct remote_redeem redeem = {
        .ticket = op->ticket,
        .serial = facts->serial,
        .model = facts->model,
        .cert_count = op->key.pair->encrypt_cert != NULL ? 2 : 1,
        .certs = certs,
    };
    struct remote_call call = call_of(op);
    int64_t start_us = clock_monotonic_us();
    enum err_code code =
        remote_of(op)->class->redeem(remote_of(op), &call, &redeem, &op->facts.job, err);
    op->platform_us += clock_monotonic_us() - start_us;
    return code;
}

enum op_outcome op_platform_redeem(struct op *op, struct err *err)
{
    if (op->ticket != NULL && redeem(op, err) != ERR_NONE) {
        err_add(err, "redeem the ticket");
        return OP_STEP_FAILED;
    }
    memory_freep(&op->ticket);
    const struct remote_job *job = op->facts.job;
    if (job == NULL)
        return OP_STEP_NEXT;
    if (strcmp(job->serial, token_peek_facts(op->key.token)->serial) != 0) {
        err_set(err, ERR_WRONG_TOKEN, "the order is for key %s", job->serial);
        return OP_STEP_FAILED;
    }
    if (strcmp(job->kind, op->kind->name) != 0) {
        err_set(err, ERR_TICKET_KIND, "the ticket is for \"%s\"", job->kind);
        return OP_STEP_FAILED;
    }
    return OP_STEP_NEXT;
}

/* ---- issue ---- */

static enum op_outcome wait_for_platform(struct op *op, int retry_s, struct err *err)
{
    if (op->attempts >= ISSUE_ATTEMPTS_MAX) {
        err_set(err, ERR_PLATFORM_TIMEOUT, "still under way after %u attempts", op->attempts);
        return OP_STEP_FAILED;
    }
    int wait_s = retry_s < 1 ? 1 : retry_s > ISSUE_WAIT_MAX_S ? ISSUE_WAIT_MAX_S : retry_s;
    op->retry_at = deadline_in_ms((int64_t)wait_s * 1000);
    if (op->state != OP_WAITING_PLATFORM &&
        op_enter(op, OP_WAITING_PLATFORM, op->step, err) != ERR_NONE)
        return OP_STEP_FAILED;
    return OP_STEP_LATER;
}

enum op_outcome op_platform_issue(struct op *op, struct err *err)
{
    struct remote_request request = {
        .csr = span_bytes(op->facts.csr),
        .proof = span_bytes(op->facts.proof),
        .kept = op->facts.kept_reason != ERR_NONE ? err_code_text(op->facts.kept_reason) : NULL,
    };
    struct remote_call call = call_of(op);
    op->facts.requested = true;
    int retry_s = 0;
    int64_t start_us = clock_monotonic_us();
    enum err_code code = remote_of(op)->class->request(remote_of(op), &call, op->facts.job,
                                                       &request, &op->facts.issued, &retry_s, err);
    op->platform_us += clock_monotonic_us() - start_us;
    if (code == ERR_PLATFORM_PENDING)
        return wait_for_platform(op, retry_s, err);
    return code == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
}

/* ---- seal and PIN ---- */

enum err_code op_platform_seal(struct op *op, const struct remote_seal_request *request,
                               struct remote_new_seal **out, struct err *err)
{
    struct remote_call call = call_of(op);
    int64_t start_us = clock_monotonic_us();
    enum err_code code =
        remote_of(op)->class->seal(remote_of(op), &call, op->facts.job, request, out, err);
    op->platform_us += clock_monotonic_us() - start_us;
    return code;
}

enum err_code op_platform_unblock(struct op *op, const struct remote_unblock_request *request,
                                  struct secret **out, struct err *err)
{
    struct remote_call call = call_of(op);
    call.deadline = deadline_in_ms(RELAY_MS);
    int64_t start_us = clock_monotonic_us();
    enum err_code code =
        remote_of(op)->class->unblock(remote_of(op), &call, op->facts.job, request, out, err);
    op->platform_us += clock_monotonic_us() - start_us;
    return code;
}

/* ---- confirm ---- */

int64_t op_platform_confirm_pause_ms(int64_t attempts, int retry_after_s)
{
    int64_t pause_ms = CONFIRM_RETRY_FIRST_MS;
    for (int64_t i = 1; i < attempts && pause_ms < CONFIRM_RETRY_LAST_MS; i++)
        pause_ms *= 2;
    if (pause_ms > CONFIRM_RETRY_LAST_MS)
        pause_ms = CONFIRM_RETRY_LAST_MS;
    int64_t wanted_s =
        retry_after_s > CONFIRM_RETRY_AFTER_S_MAX ? CONFIRM_RETRY_AFTER_S_MAX : retry_after_s;
    return wanted_s * 1000 > pause_ms ? wanted_s * 1000 : pause_ms;
}

static enum op_outcome try_again_later(struct op *op, int retry_after_s, struct err *err)
{
    op->facts.confirm_attempts++;
    int64_t pause_ms = op_platform_confirm_pause_ms(op->facts.confirm_attempts, retry_after_s);
    op->facts.confirm_after_utc = retry_after_s > 0 ? clock_now_utc() + pause_ms / 1000 : 0;
    op->retry_at = deadline_in_ms(pause_ms);
    log_err("ops", "confirm to the platform", err);
    err_set(&op->facts.error, ERR_WRITTEN_NOT_CONFIRMED, "%s: %s", err_code_text(err->code),
            err->detail);
    op_key_give_back(op); /* an outage lasts for days: the person needs the key meanwhile */
    op_enter_anyway(op, OP_UNCONFIRMED, op->step);
    return OP_STEP_LATER;
}

/* After a restart: what the platform asked for still holds. A clock that was set back must not make it a day. */
static bool is_too_early(struct op *op)
{
    int64_t left_s = op->facts.confirm_after_utc - clock_now_utc();
    if (!op->resumed || op->attempts > 1 || left_s <= 0 || left_s > CONFIRM_RETRY_AFTER_S_MAX)
        return false;
    op->retry_at = deadline_in_ms(left_s * 1000);
    return true;
}

/* The platform's last word. Everything else (a captive portal, a proxy, an outage) may pass. */
static bool is_final(enum err_code code)
{
    static const enum err_code final[] = {
        ERR_PROOF,       ERR_JOB_UNKNOWN, ERR_JOB_EXPIRED, ERR_JOB_FORBIDDEN,
        ERR_ORDER_STATE, ERR_SEAL_STATE,  ERR_RESET_STATE, ERR_PLATFORM_REFUSED,
    };
    for (size_t i = 0; i < ARRAY_SIZE(final); i++)
        if (final[i] == code)
            return true;
    return false;
}

enum op_outcome op_platform_confirm(struct op *op, struct err *err)
{
    struct remote_confirmation confirmation = {
        .outcome = "written",
        .digest = SPAN_ARRAY(op->facts.written_digest),
        .proof = span_bytes(op->facts.confirmation_proof),
    };
    if (is_too_early(op))
        return OP_STEP_LATER;
    int retry_after_s = 0;
    struct remote_call call = call_of(op);
    call.retry_after_s = &retry_after_s;
    int64_t start_us = clock_monotonic_us();
    enum err_code code =
        remote_of(op)->class->confirm(remote_of(op), &call, op->facts.job, &confirmation, err);
    op->platform_us += clock_monotonic_us() - start_us;
    if (code != ERR_NONE)
        return is_final(code) || cancel_requested(op_step_cancel(op))
                   ? OP_STEP_FAILED
                   : try_again_later(op, retry_after_s, err);
    op->facts.error = ERR_INIT;
    return OP_STEP_NEXT;
}

bool op_platform_report_failure(struct op *op, struct span proof)
{
    static const uint8_t nothing[OP_DIGEST_BYTES];
    struct remote_confirmation confirmation = {"failed", SPAN_ARRAY(nothing), proof};
    struct remote_call call = {&op->platform->remote, NULL, deadline_in_ms(FAILURE_REPORT_MS),
                               NULL};
    struct err err = ERR_INIT;
    if (remote_of(op)->class->confirm(remote_of(op), &call, op->facts.job, &confirmation, &err) ==
        ERR_NONE) {
        op_facts_forget_secret(&op->facts); /* the job is over */
        return true;
    }
    log_err("ops", "tell the platform that nothing was written", &err);
    return false;
}
