#include "tests/fault/fault_plan.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/fault/fault_disk.h"

#define DAY_S 86400

_Noreturn void fault_die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

bool fault_is(const struct fault_plan *plan, enum fault_way way)
{
    return plan->kind != NULL && plan->kind->way == way;
}

static bool lasts(enum fault_way way)
{
    return way == FAULT_DISK_FULL || way == FAULT_NO_GROWTH;
}

static void strike(struct fault_plan *plan)
{
    plan->record->struck = true;
    switch (plan->kind->way) {
    case FAULT_KILL_BEFORE:
        fault_die();
    case FAULT_POWER_CUT:
        fault_disk_lose_power();
    case FAULT_CLOCK:
        plan->clock_wrong = true;
        clock_set_for_test(plan->right_utc + (int64_t)plan->kind->script * DAY_S);
        return;
    default:
        break;
    }
    if (plan->on_strike != NULL)
        plan->on_strike(plan->world);
}

bool fault_strikes(struct fault_plan *plan, enum fault_place place)
{
    if (plan->record == NULL)
        return false;
    unsigned now = __atomic_add_fetch(&plan->record->counts[place], 1, __ATOMIC_SEQ_CST);
    const struct fault_kind *kind = plan->kind;
    if (kind == NULL || kind->place != place)
        return false;
    if (lasts(kind->way) ? now < plan->nth : now != plan->nth)
        return false;
    strike(plan);
    return true;
}

void fault_after(const struct fault_plan *plan, bool struck)
{
    if (struck && fault_is(plan, FAULT_KILL_AFTER))
        fault_die();
}

void fault_lost(struct fault_record *record, const char *format, ...)
{
    va_list arguments;
    if (record->lost[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(record->lost, sizeof record->lost, format, arguments);
    va_end(arguments);
}

/* ---- the clock ---- */

void fault_set_clock(struct fault_plan *plan, int64_t utc)
{
    plan->right_utc = utc;
    if (!plan->clock_wrong)
        clock_set_for_test(utc);
}

void fault_repair_clock(struct fault_plan *plan)
{
    plan->clock_wrong = false;
    clock_set_for_test(plan->right_utc);
}

int64_t fault_clock_elsewhere(const struct fault_plan *plan)
{
    int64_t said = clock_now_utc();
    if (plan->clock_wrong)
        clock_set_for_test(plan->right_utc);
    return said;
}

void fault_clock_back(const struct fault_plan *plan, int64_t said)
{
    if (plan->clock_wrong)
        clock_set_for_test(said);
}
