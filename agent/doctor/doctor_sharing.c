#include "agent/doctor/doctor_sharing.h"

#include <stdlib.h>

#include "agent/doctor/doctor_process.h"
#include "agent/doctor/doctor_usb.h"
#include "base/buf.h"
#include "base/file.h"

/* Whoever speaks to pcscd has it loaded. */
#define LIBRARY "libpcsclite.so"
#define GNUPG "scdaemon"
#define SETTINGS "scdaemon.conf"
#define NAMES_BYTES_MAX (2 * DOCTOR_PROCESSES_MAX * (DOCTOR_PROCESS_NAME_BYTES + 16))

/* ---- GnuPG ---- */

/* Each line of the file is one option. Source: scdaemon(1). */
static bool is_set(const char *text, const char *option)
{
    size_t length = strlen(option);
    for (; text != NULL; text = strchr(text, '\n')) {
        text += strspn(text, "\n\t ");
        if (strncmp(text, option, length) == 0 && strchr("\n\t\r ", text[length]) != NULL)
            return true;
    }
    return false;
}

static bool gnupg_is_told(const struct doctor_world *world, const char *option)
{
    const char *folder = getenv("GNUPGHOME"), *home = getenv("HOME");
    AUTO(memory_freep) char *usual = home == NULL ? NULL : file_join(home, ".gnupg");
    const char *chosen = folder != NULL && *folder == '/' ? folder : usual;
    AUTO(memory_freep) char *path = chosen == NULL ? NULL : file_join(chosen, SETTINGS);
    AUTO(memory_freep) char *own = path == NULL ? NULL : doctor_world_read(world, path);
    AUTO(memory_freep) char *everybodys = doctor_world_read(world, "/etc/gnupg/" SETTINGS);
    return is_set(own, option) || is_set(everybodys, option);
}

static bool gnupg_runs(const struct doctor_world *world)
{
    struct doctor_process found[DOCTOR_PROCESSES_MAX];
    return doctor_process_find(world, GNUPG, found) > 0;
}

static size_t usb_readers(const struct doctor_world *world)
{
    size_t readers = 0;
    AUTO(memory_freep)
    struct doctor_usb_device *devices = memory_new(DOCTOR_USB_DEVICES_MAX * sizeof *devices);
    size_t count = doctor_usb_read(world, devices);
    for (size_t i = 0; i < count; i++)
        readers += (devices[i].interfaces & DOCTOR_USB_CCID) != 0;
    return readers;
}

bool doctor_sharing_gnupg_has_usb(const struct doctor_world *world, size_t readers)
{
    return gnupg_runs(world) && usb_readers(world) > readers &&
           !gnupg_is_told(world, "disable-ccid");
}

/* ---- whoever it is ---- */

/* Those that are named otherwise; with the agent's launcher, which has what the agent had loaded. */
static bool is_left_out(const struct doctor_program *program)
{
    static const char *const names[] = {"ukeyd", "ukeyd-launch", "ukeyctl", GNUPG};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(program->name, names[i]) == 0)
            return true;
    return false;
}

static void add_name(struct buf *names, const char *name, pid_t pid)
{
    buf_printf(names, "%s%s (%d)", buf_span(names).len == 0 ? "" : ", ", name, (int)pid);
}

char *doctor_sharing_programs(const struct doctor_world *world)
{
    struct doctor_process gnupg[DOCTOR_PROCESSES_MAX];
    struct doctor_program found[DOCTOR_PROCESSES_MAX];
    AUTO(buf_done) struct buf names = BUF_INIT(NAMES_BYTES_MAX);
    size_t count = doctor_process_find(world, GNUPG, gnupg);
    for (size_t i = 0; i < count; i++)
        add_name(&names, GNUPG, gnupg[i].pid);
    count = doctor_process_with_library(world, LIBRARY, found);
    for (size_t i = 0; i < count; i++)
        if (!is_left_out(&found[i]))
            add_name(&names, found[i].name, found[i].pid);
    if (names.bad || buf_span(&names).len == 0)
        return NULL;
    buf_add_u8(&names, '\0');
    return memory_text((const char *)buf_span(&names).at);
}

void doctor_sharing_blame(const struct doctor_world *world, const char *reader,
                          struct doctor_findings *findings)
{
    AUTO(memory_freep) char *programs = doctor_sharing_programs(world);
    bool gnupg = gnupg_runs(world) && !gnupg_is_told(world, "pcsc-shared");
    doctor_findings_add(findings, gnupg ? DOCTOR_KEY_HELD_BY_GNUPG : DOCTOR_KEY_HELD, "%s: %s%s",
                        reader, programs == NULL ? "" : "may be held by ",
                        programs == NULL ? "no program of this user is known to use it" : programs);
}
