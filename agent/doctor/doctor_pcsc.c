#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "agent/doctor/doctor_sharing.h"
#include "base/buf.h"
#include "base/file.h"
#include "token/pcsc.h"

/* Source: pcsc-lite, pcscd.h; the variable is libpcsclite's own. */
#define SOCKET "/run/pcscd/pcscd.comm"
#define SOCKET_VARIABLE "PCSCLITE_CSOCK_NAME"
/* Names of at most PCSC_READERS_MAX readers. */
#define NAMES_BYTES_MAX (PCSC_READERS_MAX * (PCSC_NAME_BYTES + 16))

/* errno of a connection to the service's socket, 0 when it was taken. */
static int try_socket(const struct doctor_world *world)
{
    const char *given = getenv(SOCKET_VARIABLE);
    AUTO(memory_freep)
    char *path = given != NULL ? memory_text(given) : doctor_world_path(world, SOCKET);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >=
        (int)sizeof address.sun_path)
        return ENAMETOOLONG;
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    return connect(fd, (const void *)&address, sizeof address) == 0 ? 0 : errno;
}

/* The library says "no service" for a missing one, for one that refuses the socket and for one of another
 * version alike: the socket tells them apart. */
static void explain(const struct doctor_world *world, const struct err *err,
                    struct doctor_findings *findings)
{
    int failure = try_socket(world);
    enum doctor_code code = DOCTOR_PCSC;
    if (err->code == ERR_PCSC_NO_PERMISSION || failure == EACCES)
        code = DOCTOR_PCSC_NO_PERMISSION;
    else if (failure != 0)
        code = DOCTOR_PCSC_NO_SERVICE;
    else if (err->code == ERR_PCSC_NO_SERVICE)
        code = DOCTOR_PCSC_MISMATCH;
    doctor_findings_add(findings, code, "%s%s%s", err->detail, failure == 0 ? "" : "; the socket: ",
                        failure == 0 ? "" : strerror(failure));
}

/* While the agent runs it says itself what it can't open. */
static void judge_sharing(const struct doctor_world *world, const struct pcsc_readers *readers,
                          struct doctor_findings *findings)
{
    AUTO(memory_freep) char *programs = doctor_sharing_programs(world);
    doctor_findings_fact(findings, "programs", programs);
    for (size_t i = 0; !doctor_world_agent_runs(world) && i < readers->count; i++)
        if (readers->reader[i].is_exclusive)
            doctor_sharing_blame(world, readers->reader[i].name, findings);
}

static void judge(const struct doctor_world *world, const struct pcsc_readers *readers,
                  struct doctor_findings *findings)
{
    size_t cards = 0;
    AUTO(buf_done) struct buf names = BUF_INIT(NAMES_BYTES_MAX);
    for (size_t i = 0; i < readers->count; i++) {
        cards += readers->reader[i].has_card;
        buf_printf(&names, "%s%s%s", i == 0 ? "" : "; ", readers->reader[i].name,
                   readers->reader[i].has_card ? " (card)" : "");
    }
    buf_add_u8(&names, '\0');
    const char *text = names.bad ? "" : (const char *)buf_span(&names).at;
    doctor_findings_fact(findings, "readers", text);
    judge_sharing(world, readers, findings);
    if (cards == 0 && doctor_sharing_gnupg_has_usb(world, readers->count))
        doctor_findings_add(
            findings, DOCTOR_KEY_HELD_BY_GNUPG,
            "scdaemon may drive a USB reader itself, which the service does not list");
    else if (readers->count == 0)
        doctor_findings_add(findings, DOCTOR_NO_READER, "the service lists no reader");
    else if (cards == 0)
        doctor_findings_add(findings, DOCTOR_NO_KEY, "empty: %s", text);
}

void doctor_pcsc_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    struct pcsc_readers readers;
    struct pcsc_watch *watch = pcsc_watch_new();
    if (pcsc_watch_connect(watch, &err) != ERR_NONE ||
        pcsc_watch_read(watch, &readers, &err) != ERR_NONE)
        explain(world, &err, findings);
    else
        judge(world, &readers, findings);
    pcsc_watch_disconnect(watch);
    pcsc_watch_free(watch);
}
