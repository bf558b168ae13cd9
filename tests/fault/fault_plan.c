#include "tests/fault/fault_plan.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

bool fault_strikes(struct fault_plan *plan, enum fault_place place)
{
    if (plan->record == NULL)
        return false;
    unsigned now = __atomic_add_fetch(&plan->record->counts[place], 1, __ATOMIC_SEQ_CST);
    const struct fault_kind *kind = plan->kind;
    if (kind == NULL || kind->place != place)
        return false;
    bool strikes = kind->way == FAULT_DISK_FULL ? now >= plan->nth : now == plan->nth;
    if (!strikes)
        return false;
    plan->record->struck = true;
    if (kind->way == FAULT_KILL_BEFORE)
        die();
    return true;
}

void fault_after(const struct fault_plan *plan, bool struck)
{
    if (struck && plan->kind->way == FAULT_KILL_AFTER)
        die();
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
