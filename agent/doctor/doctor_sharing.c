#include "agent/doctor/doctor_sharing.h"

#include "agent/doctor/doctor_process.h"
#include "base/buf.h"

/* Whoever speaks to pcscd has it loaded; GnuPG loads it when it first needs it. */
#define LIBRARY "libpcsclite.so"
#define GNUPG "scdaemon"
#define USB "/dev/bus/usb/"
#define NAMES_BYTES_MAX (DOCTOR_PROCESSES_MAX * (DOCTOR_PROCESS_NAME_BYTES + 16))

/* With the agent's launcher, which has what the agent had loaded. */
static bool is_ours(const struct doctor_program *program)
{
    static const char *const names[] = {"ukeyd", "ukeyd-launch", "ukeyctl"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(program->name, names[i]) == 0)
            return true;
    return false;
}

char *doctor_sharing_programs(const struct doctor_world *world)
{
    struct doctor_program found[DOCTOR_PROCESSES_MAX];
    size_t count = doctor_process_with_library(world, LIBRARY, found);
    AUTO(buf_done) struct buf names = BUF_INIT(NAMES_BYTES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!is_ours(&found[i]))
            buf_printf(&names, "%s%s (%d)", buf_span(&names).len == 0 ? "" : ", ", found[i].name,
                       (int)found[i].pid);
    if (names.bad || buf_span(&names).len == 0)
        return NULL;
    buf_add_u8(&names, '\0');
    return memory_text((const char *)buf_span(&names).at);
}

static bool gnupg_speaks_to_pcscd(const struct doctor_world *world)
{
    struct doctor_program found[DOCTOR_PROCESSES_MAX];
    size_t count = doctor_process_with_library(world, LIBRARY, found);
    for (size_t i = 0; i < count; i++)
        if (strcmp(found[i].name, GNUPG) == 0)
            return true;
    return false;
}

void doctor_sharing_blame(const struct doctor_world *world, const char *reader,
                          struct doctor_findings *findings)
{
    AUTO(memory_freep) char *programs = doctor_sharing_programs(world);
    enum doctor_code code =
        gnupg_speaks_to_pcscd(world) ? DOCTOR_KEY_HELD_BY_GNUPG : DOCTOR_KEY_HELD;
    doctor_findings_add(findings, code, "%s: %s%s", reader,
                        programs == NULL ? "" : "may be held by ",
                        programs == NULL ? "no program of this user is known to use it" : programs);
}

bool doctor_sharing_gnupg_has_usb(const struct doctor_world *world)
{
    struct doctor_process found[DOCTOR_PROCESSES_MAX];
    size_t count = doctor_process_find(world, GNUPG, found);
    for (size_t i = 0; i < count; i++)
        if (doctor_process_has_open(world, found[i].pid, USB))
            return true;
    return false;
}
