/* The checks, by what they look at: each fits doctor_check_fn. */
#pragma once

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

/* doctor_agent.c: whether it runs, in which version, how often, and whether pages reach it. */
void doctor_agent_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_units.c: systemd's user units, where there is a user manager. */
void doctor_units_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_ports.c: who holds the agent's ports. */
void doctor_ports_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_state.c: configuration, folders and disk. */
void doctor_state_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_journal.c: what broke off, and whether the file is sound. */
void doctor_journal_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_pcsc.c: service and readers. */
void doctor_pcsc_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_usb.c: keys that the service can't see. */
void doctor_usb_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_keys.c: the keys, as the agent reads them. */
void doctor_keys_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_trust.c: the browsers' trust. */
void doctor_trust_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_policy.c: the browsers' policies. */
void doctor_policy_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_display.c: the PIN dialog. */
void doctor_display_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_clock.c: the computer's clocks, by themselves. */
void doctor_clock_check(const struct doctor_world *world, struct doctor_findings *findings);
/* doctor_platform.c: the way to each platform, and the clock against the platforms'. */
void doctor_platform_check(const struct doctor_world *world, struct doctor_findings *findings);
