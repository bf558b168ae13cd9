#include <stdlib.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "agent/doctor/doctor_identity.h"
#include "agent/doctor/doctor_process.h"

#define PROGRAM "ukeyd"

static void check_answer(const struct doctor_world *world, size_t processes,
                         struct doctor_findings *findings)
{
    const char *version = doctor_world_text(world->status, "version");
    doctor_findings_fact(findings, "version", version);
    if (doctor_world_agent_runs(world)) {
        if (version == NULL || strcmp(version, UKEYD_VERSION) != 0)
            doctor_findings_add(findings, DOCTOR_AGENT_OLD, "running %s, installed %s",
                                version == NULL ? "(unknown)" : version, UKEYD_VERSION);
        return;
    }
    bool silent = processes > 0 || world->agent_err.code != ERR_AGENT_UNREACHABLE;
    doctor_findings_add(findings, silent ? DOCTOR_AGENT_SILENT : DOCTOR_AGENT_NOT_RUNNING, "%s",
                        world->agent_err.detail);
}

static void check_processes(const struct doctor_process *processes, size_t count,
                            struct doctor_findings *findings)
{
    if (count > 1)
        doctor_findings_add(findings, DOCTOR_SEVERAL_AGENTS, "processes %d and %d",
                            (int)processes[0].pid, (int)processes[1].pid);
    for (size_t i = 0; i < count; i++)
        if (processes[i].replaced && !doctor_findings_have(findings, DOCTOR_AGENT_OLD))
            doctor_findings_add(findings, DOCTOR_AGENT_OLD,
                                "the program of process %d was replaced since it started",
                                (int)processes[i].pid);
}

/* Pages come by HTTPS: the agent must answer there with the certificate that browsers trust. */
static void check_https(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct doctor_identity identity;
    doctor_identity_look(world, &identity);
    AUTO(memory_freep) char *port = memory_printf("%d", identity.port);
    doctor_findings_fact(findings, "https_port", identity.port == 0 ? NULL : port);
    if (identity.port != 0)
        return;
    doctor_findings_add(findings, identity.expired ? DOCTOR_IDENTITY_EXPIRED : DOCTOR_HTTPS, "%s",
                        identity.words);
}

void doctor_agent_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct doctor_process processes[DOCTOR_PROCESSES_MAX];
    size_t count = doctor_process_find(world, PROGRAM, processes);
    check_answer(world, count, findings);
    check_processes(processes, count, findings);
    if (doctor_world_agent_runs(world) && world->state_folder != NULL)
        check_https(world, findings);
}
