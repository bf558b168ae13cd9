#include "tests/fault/fault_mutants.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ops/op.h"
#include "agent/ops/op_leftovers.h"
#include "agent/ops/op_resume.h"
#include "portal/portal_db.h"
#include "portal/portal_issue.h"

#define STEPS_MAX 16

static const struct fault_mutant mutants[] = {
    {FAULT_READ_BACK_SKIPPED, "what was written is not read back", "renew-kept-sm2",
     "key-says-9000", 0, "no usable pair"},
    {FAULT_OLD_SEAL_REMOVED_FIRST, "the old seal is removed before the new one is written",
     "extend-seal", "killed-after-command", 0, "seal-missing"},
    {FAULT_OLD_KEY_REMOVED, "the old key goes when the new one works", "renew-replaced-sm2",
     "key-lost-after", 1, "can't be deciphered"},
    {FAULT_NOT_CONFIRMED, "it is not confirmed", "renew-kept-sm2", "key-lost-after", 1,
     "confirmed issues"},
    {FAULT_UNCONFIRMED_FORGOTTEN, "what is not confirmed is forgotten with the agent",
     "renew-kept-sm2", "platform-unreachable", 3, "not confirmed by itself"},
    {FAULT_NOT_PUT_BACK, "the old certificates are not put back, and it is said that they were",
     "renew-kept-sm2", "key-says-6581", 0, "said that the key was not changed"},
    {FAULT_ANOTHER_CONTAINER_EACH_TIME, "a container that an earlier attempt left is not taken up",
     "renew-replaced-sm2", "killed-after-call", 2, "the next operation"},
    {FAULT_JOURNAL_NOT_WRITTEN, "the journal is not written", "renew-kept-sm2",
     "killed-before-call", 3, "not in the journal"},
    {FAULT_JOURNAL_NOT_SYNCED, "the journal is not on the disk before the key is changed",
     "renew-kept-sm2", "power-cut-at-call", 3, "not in the journal"},
    {FAULT_CHANGE_NOT_NOTED, "a change of the key is not noted before it is made", "reset-pin",
     "killed-after-command", 0, "said that the key was not changed"},
    {FAULT_SECRET_KEPT, "the job's secret stays in the journal", "renew-kept-sm2", "key-lost-after",
     1, "a job's secret"},
    {FAULT_OLD_SEAL_LEFT, "an old seal that was left stays for good", "extend-seal",
     "key-pulled-out", 0, "files on the key"},
    {FAULT_PIN_GUESSED, "the initial PIN is tried first", "renew-kept-sm2", "killed-after-command",
     0, "user's tries"},
    {FAULT_PIN_OF_ITS_OWN, "another PIN is set than was typed", "change-pin", "key-lost-after", 1,
     "nobody knows"},
    {FAULT_ISSUED_TWICE, "the platform issues for each request anew", "renew-kept-sm2",
     "platform-timeout-after", 2, "neither in force nor revoked"},
    {FAULT_ANY_KEY_TAKEN, "the key's serial is not looked at", "reset-pin", "another-key-put-in", 0,
     "another bidder's key"},
    {FAULT_READ_BACK_SKIPPED, "the same, of a PIV token", "renew-kept-piv", "key-says-9000", 0,
     "no usable pair"},
    {FAULT_OLD_SEAL_REMOVED_FIRST, "the same, of a PIV token", "extend-seal-piv",
     "killed-after-command", 0, "seal-missing"},
    {FAULT_NOT_PUT_BACK, "the same, of a PIV token", "renew-kept-piv", "key-says-6A82", 0,
     "said that the key was not changed"},
    {FAULT_PIV_OVER_THE_ONE_IN_USE, "a pair is made over the one in use", "renew-replaced-piv",
     "key-lost-after", 0, "no usable pair"},
    {FAULT_PIV_OLD_KEY_DELETED, "the old key is deleted to make room for the new one",
     "renew-replaced-piv", "key-lost-after", 1, "can't be deciphered"},
    {FAULT_PIV_HISTORY_LEFT, "the key history stays as it was", "renew-replaced-piv",
     "key-lost-after", 1, "key history"},
    {FAULT_PIV_PUK_KEPT, "the PUK stays as it was", "reset-pin-piv", "key-lost-after", 1,
     "PUK is none"},
};

static const struct fault_mutant *chosen;

const struct fault_mutant *fault_mutant_at(size_t index)
{
    return index < ARRAY_SIZE(mutants) ? &mutants[index] : NULL;
}

void fault_mutant_choose(const struct fault_mutant *mutant)
{
    chosen = mutant;
}

bool fault_mutant_does(enum fault_mutation mutation)
{
    return chosen != NULL && chosen->mutation == mutation;
}

/* ---- other tables of steps ---- */

static struct op_kind kind;
static struct op_step steps[STEPS_MAX];

static size_t step_named(const char *name)
{
    size_t i = 0;
    while (i < kind.step_count && strcmp(steps[i].name, name) != 0)
        i++;
    return i;
}

/* Nothing happens in a kind that has no such step. */
static void move_before(const char *name, const char *before)
{
    size_t from = step_named(name), to = step_named(before);
    if (from == kind.step_count || to >= from)
        return;
    const struct op_step step = steps[from];
    memmove(&steps[to + 1], &steps[to], (from - to) * sizeof *steps);
    steps[to] = step;
}

static void drop(const char *name)
{
    size_t at = step_named(name);
    if (at == kind.step_count)
        return;
    kind.step_count--;
    memmove(&steps[at], &steps[at + 1], (kind.step_count - at) * sizeof *steps);
}

static enum op_outcome (*real_run)(struct op *op, struct err *err);

static void run_instead(const char *name, enum op_outcome (*run)(struct op *op, struct err *err))
{
    size_t at = step_named(name);
    if (at == kind.step_count)
        return;
    real_run = steps[at].run;
    steps[at].run = run;
}

static enum op_outcome remove_then_read_back(struct op *op, struct err *err)
{
    return token_delete_pair(op->key.token, op->key.pair->name, err) == ERR_NONE ? real_run(op, err)
                                                                                 : OP_STEP_FAILED;
}

static enum op_outcome redeem_under_another_name(struct op *op, struct err *err)
{
    enum op_outcome outcome = real_run(op, err);
    if (outcome != OP_STEP_NEXT || op->facts.job == NULL)
        return outcome;
    char *name = memory_printf("%s %.8s", op->facts.job->order, op->id);
    free(op->facts.job->order);
    op->facts.job->order = name;
    return outcome;
}

static void say_unchanged(struct op *op, const struct err *why)
{
    (void)why;
    op->facts.key_changed = false;
}

static void edit(void)
{
    if (fault_mutant_does(FAULT_OLD_SEAL_REMOVED_FIRST))
        move_before("remove-old", "write-seal");
    if (fault_mutant_does(FAULT_OLD_KEY_REMOVED))
        run_instead("read-back", remove_then_read_back);
    if (fault_mutant_does(FAULT_NOT_CONFIRMED))
        drop("confirm");
    if (fault_mutant_does(FAULT_UNCONFIRMED_FORGOTTEN) && step_named("confirm") < kind.step_count)
        steps[step_named("confirm")].after_death = OP_TELL;
    if (fault_mutant_does(FAULT_NOT_PUT_BACK))
        kind.undo = say_unchanged;
    if (fault_mutant_does(FAULT_ANOTHER_CONTAINER_EACH_TIME))
        run_instead("redeem", redeem_under_another_name);
}

const struct op_kind *__real_op_kind_named(const char *name);
const struct op_kind *__wrap_op_kind_named(const char *name);

/* One process, one kind at a time: what is in the table when the first operation of it begins stays. */
const struct op_kind *__wrap_op_kind_named(const char *name)
{
    const struct op_kind *real = __real_op_kind_named(name);
    if (chosen == NULL || real == NULL || real->step_count > STEPS_MAX)
        return real;
    if (kind.name != NULL)
        return strcmp(kind.name, name) == 0 ? &kind : real;
    kind = *real;
    memcpy(steps, real->steps, real->step_count * sizeof *steps);
    kind.steps = steps;
    edit();
    return &kind;
}

/* ---- other functions ---- */

enum err_code __real_token_read_cert(struct token *token, const char *pair, enum token_slot slot,
                                     struct bytes **out, struct err *err);
enum err_code __wrap_token_read_cert(struct token *token, const char *pair, enum token_slot slot,
                                     struct bytes **out, struct err *err);
enum err_code __real_token_write_cert(struct token *token, const char *pair, enum token_slot slot,
                                      struct span cert, struct err *err);
enum err_code __wrap_token_write_cert(struct token *token, const char *pair, enum token_slot slot,
                                      struct span cert, struct err *err);

static struct bytes *written[2];

static size_t index_of(enum token_slot slot)
{
    return slot == TOKEN_SIGN ? 0 : 1;
}

enum err_code __wrap_token_write_cert(struct token *token, const char *pair, enum token_slot slot,
                                      struct span cert, struct err *err)
{
    bytes_freep(&written[index_of(slot)]);
    written[index_of(slot)] = bytes_new(cert);
    return __real_token_write_cert(token, pair, slot, cert, err);
}

enum err_code __wrap_token_read_cert(struct token *token, const char *pair, enum token_slot slot,
                                     struct bytes **out, struct err *err)
{
    const struct bytes *known = written[index_of(slot)];
    if (!fault_mutant_does(FAULT_READ_BACK_SKIPPED) || known == NULL)
        return __real_token_read_cert(token, pair, slot, out, err);
    *out = bytes_new(span_bytes(known));
    return ERR_NONE;
}

enum err_code __real_op_journal_put(struct op_journal *journal, const struct op_row *row,
                                    enum op_durability durability, struct err *err);
enum err_code __wrap_op_journal_put(struct op_journal *journal, const struct op_row *row,
                                    enum op_durability durability, struct err *err);

enum err_code __wrap_op_journal_put(struct op_journal *journal, const struct op_row *row,
                                    enum op_durability durability, struct err *err)
{
    if (fault_mutant_does(FAULT_JOURNAL_NOT_WRITTEN))
        return ERR_NONE;
    return __real_op_journal_put(
        journal, row, fault_mutant_does(FAULT_JOURNAL_NOT_SYNCED) ? OP_OUTLIVES_US : durability,
        err);
}

enum err_code __real_op_note_change(struct op *op, struct err *err);
enum err_code __wrap_op_note_change(struct op *op, struct err *err);

enum err_code __wrap_op_note_change(struct op *op, struct err *err)
{
    return fault_mutant_does(FAULT_CHANGE_NOT_NOTED) ? ERR_NONE : __real_op_note_change(op, err);
}

void __real_op_facts_forget_secret(struct op_facts *facts);
void __wrap_op_facts_forget_secret(struct op_facts *facts);

void __wrap_op_facts_forget_secret(struct op_facts *facts)
{
    if (!fault_mutant_does(FAULT_SECRET_KEPT))
        __real_op_facts_forget_secret(facts);
}

void __real_op_resume_tidy(struct ops *ops);
void __wrap_op_resume_tidy(struct ops *ops);

void __wrap_op_resume_tidy(struct ops *ops)
{
    if (!fault_mutant_does(FAULT_SECRET_KEPT)) /* it would not end */
        __real_op_resume_tidy(ops);
}

void __real_op_leftovers_remove(struct op *op);
void __wrap_op_leftovers_remove(struct op *op);

void __wrap_op_leftovers_remove(struct op *op)
{
    if (!fault_mutant_does(FAULT_OLD_SEAL_LEFT))
        __real_op_leftovers_remove(op);
}

enum err_code __real_token_login(struct token *token, const struct secret *pin, struct err *err);
enum err_code __wrap_token_login(struct token *token, const struct secret *pin, struct err *err);

static struct secret *secret_of(const char *text)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    if (secret_new(SECRET_BYTES_MAX, &secret, &err) != ERR_NONE)
        abort();
    memcpy(secret_room(secret), text, strlen(text));
    secret_set_length(secret, strlen(text));
    return secret;
}

enum err_code __wrap_token_login(struct token *token, const struct secret *pin, struct err *err)
{
    if (fault_mutant_does(FAULT_PIN_GUESSED)) {
        struct err ignored = ERR_INIT;
        AUTO(secret_freep) struct secret *initial = secret_of("123456");
        if (__real_token_login(token, initial, &ignored) == ERR_NONE)
            return ERR_NONE;
    }
    return __real_token_login(token, pin, err);
}

enum err_code __real_token_change_pin(struct token *token, const struct secret *old_pin,
                                      const struct secret *new_pin, struct err *err);
enum err_code __wrap_token_change_pin(struct token *token, const struct secret *old_pin,
                                      const struct secret *new_pin, struct err *err);

enum err_code __wrap_token_change_pin(struct token *token, const struct secret *old_pin,
                                      const struct secret *new_pin, struct err *err)
{
    AUTO(secret_freep) struct secret *other = secret_of("76543210");
    return __real_token_change_pin(token, old_pin,
                                   fault_mutant_does(FAULT_PIN_OF_ITS_OWN) ? other : new_pin, err);
}

const struct token_facts *__real_token_peek_facts(const struct token *token);
const struct token_facts *__wrap_token_peek_facts(const struct token *token);

const struct token_facts *__wrap_token_peek_facts(const struct token *token)
{
    static struct token_facts facts;
    const struct token_facts *real = __real_token_peek_facts(token);
    if (!fault_mutant_does(FAULT_ANY_KEY_TAKEN))
        return real;
    facts = *real;
    memcpy(facts.serial, "KEY00001", sizeof "KEY00001");
    return &facts;
}

enum err_code __real_portal_issue_request(struct portal *portal, const struct portal_job *job,
                                          const struct portal_issue_request *request,
                                          struct portal_issued **out, struct err *err);
enum err_code __wrap_portal_issue_request(struct portal *portal, const struct portal_job *job,
                                          const struct portal_issue_request *request,
                                          struct portal_issued **out, struct err *err);

enum err_code __wrap_portal_issue_request(struct portal *portal, const struct portal_job *job,
                                          const struct portal_issue_request *request,
                                          struct portal_issued **out, struct err *err)
{
    if (fault_mutant_does(FAULT_ISSUED_TWICE) &&
        portal_db_run(portal->db, "UPDATE issue SET state = 'failed'", PORTAL_NO_VALUES, err) !=
            ERR_NONE)
        return err->code;
    return __real_portal_issue_request(portal, job, request, out, err);
}
