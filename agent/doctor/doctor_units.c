#include "agent/doctor/doctor_units.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/doctor/doctor_checks.h"

/* Of a manager's folder: XDG_RUNTIME_DIR/systemd/private. */
#define MANAGER_SOCKET "systemd/private"

bool doctor_units_manager(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime == NULL)
        return false;
    AUTO(memory_freep) char *path = memory_printf("%s/" MANAGER_SOCKET, runtime);
    return access(path, F_OK) == 0;
}

/* The value of "Key=value" in one block, into out. */
static void take_value(const char *block, size_t length, const char *key, char *out, size_t size)
{
    AUTO(memory_freep) char *text = memory_printf("\n%.*s", (int)length, block);
    AUTO(memory_freep) char *wanted = memory_printf("\n%s=", key);
    const char *at = strstr(text, wanted);
    out[0] = '\0';
    if (at != NULL)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(wanted), "\n"), at + strlen(wanted));
}

void doctor_units_read(const char *output, const char *name, struct doctor_unit *out)
{
    *out = (struct doctor_unit){0};
    while (*output != '\0') {
        const char *end = strstr(output, "\n\n");
        size_t length = end == NULL ? strlen(output) : (size_t)(end - output);
        char id[64], load[32], active[32], file[32];
        take_value(output, length, "Id", id, sizeof id);
        take_value(output, length, "LoadState", load, sizeof load);
        take_value(output, length, "ActiveState", active, sizeof active);
        take_value(output, length, "UnitFileState", file, sizeof file);
        if (strcmp(id, name) == 0) {
            take_value(output, length, "Result", out->result, sizeof out->result);
            out->known = strcmp(load, "not-found") != 0 && load[0] != '\0';
            out->masked = strcmp(load, "masked") == 0;
            out->disabled = strcmp(file, "disabled") == 0;
            out->active = strcmp(active, "active") == 0;
            out->failed = strcmp(active, "failed") == 0;
            return;
        }
        output += length + strspn(output + length, "\n");
    }
}

static void judge(const struct doctor_unit *service, const struct doctor_unit *listener,
                  struct doctor_findings *findings)
{
    /* The sockets fail where the ports are taken; the agent then finds its own. */
    if (service->failed || (listener->failed && !service->active))
        doctor_findings_add(findings, DOCTOR_UNIT_FAILED, "%s: %s",
                            service->failed ? DOCTOR_UNIT_SERVICE : DOCTOR_UNIT_SOCKET,
                            service->failed ? service->result : listener->result);
    bool off = service->disabled && (!listener->known || listener->disabled);
    if (service->masked || listener->masked)
        doctor_findings_add(findings, DOCTOR_UNIT_DISABLED, "masked");
    else if (off && !service->active && !listener->active)
        doctor_findings_add(findings, DOCTOR_UNIT_DISABLED, "disabled");
}

void doctor_units_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    static const char *const arguments[] = {
        "--user",
        "--no-pager",
        "show",
        "--property=Id,LoadState,ActiveState,UnitFileState,Result",
        DOCTOR_UNIT_SERVICE,
        DOCTOR_UNIT_SOCKET,
        NULL};
    struct err err = ERR_INIT;
    struct doctor_unit service, listener;
    AUTO(memory_freep) char *program = doctor_world_path(world, DOCTOR_SYSTEMCTL);
    AUTO(memory_freep) char *output = NULL;
    if (!doctor_units_manager())
        return;
    if (child_run(program, arguments, &output, &err) != ERR_NONE) {
        doctor_findings_fact(findings, "error", err.detail);
        return;
    }
    doctor_units_read(output, DOCTOR_UNIT_SERVICE, &service);
    doctor_units_read(output, DOCTOR_UNIT_SOCKET, &listener);
    doctor_findings_fact(findings, "service", service.active ? "active" : "inactive");
    doctor_findings_fact(findings, "socket", listener.active ? "active" : "inactive");
    if (service.known || listener.known)
        judge(&service, &listener, findings);
}
