#include "agent/doctor/doctor_ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "agent/doctor/doctor_identity.h"
#include "agent/doctor/doctor_process.h"

#define LISTENING 0x0A
/* Programs whose sockets are the agent's: itself, and systemd on its behalf. */
static const char *const ours[] = {"ukeyd", "systemd"};

/* The kernel prints each 32-bit word of an address in the byte order of the computer. */
static bool is_local(const char *address)
{
    static const char *const v6[] = {"00000000000000000000000000000000",
                                     "00000000000000000000000001000000",
                                     "0000000000000000FFFF00000100007F"};
    if (strlen(address) == 8)
        return strcmp(address, "00000000") == 0 || strcmp(address + 6, "7F") == 0;
    for (size_t i = 0; i < ARRAY_SIZE(v6); i++)
        if (strcmp(address, v6[i]) == 0)
            return true;
    return false;
}

bool doctor_ports_listener(const char *table, int port, struct doctor_listener *out)
{
    for (const char *line = table; line != NULL; line = strchr(line, '\n')) {
        char address[33];
        unsigned found_port, state;
        struct doctor_listener found;
        line += *line == '\n';
        if (sscanf(line, " %*d: %32[0-9A-F]:%4X %*[0-9A-F]:%*X %2X %*s %*s %*s %u %*d %lu", address,
                   &found_port, &state, &found.uid, &found.inode) == 5 &&
            state == LISTENING && (int)found_port == port && is_local(address)) {
            *out = found;
            return true;
        }
    }
    return false;
}

struct tables {
    char *v4, *v6;
};

static void tables_done(struct tables *tables)
{
    free(tables->v4);
    free(tables->v6);
}

/* One port of a pair: whether somebody else holds it, and who. */
static bool is_taken(const struct doctor_world *world, const struct tables *tables, int port,
                     char *out_who, size_t size)
{
    struct doctor_listener listener;
    char name[DOCTOR_PROCESS_NAME_BYTES] = "";
    if ((tables->v4 == NULL || !doctor_ports_listener(tables->v4, port, &listener)) &&
        (tables->v6 == NULL || !doctor_ports_listener(tables->v6, port, &listener)))
        return false;
    pid_t pid = doctor_process_of_socket(world, listener.inode, name);
    struct doctor_process agents[DOCTOR_PROCESSES_MAX];
    /* An agent shows nobody its descriptors: it is taken for the one that holds the port. */
    if (pid == 0 && listener.uid == geteuid() && doctor_process_find(world, "ukeyd", agents) > 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        if (strcmp(name, ours[i]) == 0)
            return false;
    if (pid == 0)
        snprintf(out_who, size, "port %d is held by a program of user %u", port, listener.uid);
    else
        snprintf(out_who, size, "port %d is held by %s (process %d, user %u)", port, name, (int)pid,
                 listener.uid);
    return true;
}

static bool is_listened(const struct tables *tables, int port)
{
    struct doctor_listener ignored;
    return (tables->v4 != NULL && doctor_ports_listener(tables->v4, port, &ignored)) ||
           (tables->v6 != NULL && doctor_ports_listener(tables->v6, port, &ignored));
}

/* The agent uses the first pair that is free, so those behind it don't matter. */
void doctor_ports_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct doctor_identity identity;
    AUTO(tables_done)
    struct tables tables = {doctor_world_read(world, "/proc/net/tcp"),
                            doctor_world_read(world, "/proc/net/tcp6")};
    int first = doctor_identity_first_port(world), taken = 0;
    char who[DOCTOR_FOUND_BYTES_MAX] = "";
    doctor_identity_look(world, &identity);
    for (int i = 0; i < DOCTOR_PORT_PAIRS; i++) {
        int port = first + i * DOCTOR_PORT_STEP;
        if (port == identity.port ||
            (!is_listened(&tables, port) && !is_listened(&tables, port + 1)))
            return;
        if (identity.agent[i])
            continue;
        if (!is_taken(world, &tables, port, who, sizeof who) &&
            !is_taken(world, &tables, port + 1, who, sizeof who))
            return;
        taken++;
        doctor_findings_add(findings, DOCTOR_PORT_TAKEN, "%s", who);
    }
    if (taken == DOCTOR_PORT_PAIRS)
        doctor_findings_add(findings, DOCTOR_PORTS_TAKEN, "%d to %d; the last: %s", first,
                            first + (DOCTOR_PORT_PAIRS - 1) * DOCTOR_PORT_STEP + 1, who);
}
