/* Wrong answers on purpose, so that the agent's checks can be tried against a whole platform. Only in
 * binaries built with -Dtest_hooks=true; docs/env.md lists the variables. */
#pragma once

#include "portal/portal_issue.h"

#ifdef UKEYD_TEST_HOOKS
/* Sets the clock from UKEYD_TEST_NOW. */
void portal_test_hooks_init(void);
/* With UKEYD_TEST_ISSUE=pending: true for the first request of a job. */
bool portal_test_hooks_pending(const struct portal_job *job);
/* Spoils the answer (never what is stored) as UKEYD_TEST_ISSUE says. */
void portal_test_hooks_spoil(struct portal *portal, struct portal_issued *issue);
#else
static inline void portal_test_hooks_init(void)
{
}
static inline bool portal_test_hooks_pending(const struct portal_job *job)
{
    return false;
}
static inline void portal_test_hooks_spoil(struct portal *portal, struct portal_issued *issue)
{
}
#endif
