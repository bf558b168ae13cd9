#include "agent/ctl/ctl_interrupt.h"

#include <signal.h>
#include <stddef.h>

/* A handler has no context but this. */
static volatile sig_atomic_t count;

static void note(int signal)
{
    count = count + 1;
}

void ctl_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int ctl_interrupt_count(void)
{
    return count;
}
