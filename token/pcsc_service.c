#include "token/pcsc_service.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define DEFAULT_SOCKET "/run/pcscd/pcscd.comm"
/* IN_ATTRIB: pcscd binds its socket first and opens its mode then. */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define EVENT_BYTES (sizeof(struct inotify_event) + NAME_MAX + 1)

struct pcsc_service {
    char *path;
    int fd; /* inotify, -1: there is none */
    int watch; /* -1: none */
    char *child; /* the entry of the watched folder that leads to the socket */
};

const char *pcsc_service_socket(void)
{
    const char *path = secure_getenv("PCSCLITE_CSOCK_NAME");
    return path != NULL ? path : DEFAULT_SOCKET;
}

enum pcsc_service_probe pcsc_service_probe(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof address.sun_path)
        return PCSC_SERVICE_ABSENT;
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return PCSC_SERVICE_ABSENT;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN)
        return PCSC_SERVICE_LISTENING;
    return errno == EACCES || errno == EPERM ? PCSC_SERVICE_FORBIDDEN : PCSC_SERVICE_ABSENT;
}

struct pcsc_service *pcsc_service_new(const char *socket_path)
{
    struct pcsc_service *service = memory_new(sizeof *service);
    service->path = memory_text(socket_path);
    service->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    service->watch = -1;
    return service;
}

void pcsc_service_free(struct pcsc_service *service)
{
    if (service == NULL)
        return;
    file_closep(&service->fd);
    free(service->path);
    free(service->child);
    free(service);
}

/* Cuts path (absolute) at its last slash: returns the folder's length, at least 1. */
static size_t folder_length(const char *path, size_t length)
{
    while (length > 1 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

static char *part(const char *path, size_t start, size_t end)
{
    while (start < end && path[start] == '/')
        start++;
    while (end > start && path[end - 1] == '/')
        end--;
    return memory_printf("%.*s", (int)(end - start), path + start);
}

static bool watch_folder(struct pcsc_service *service, size_t folder_end, size_t child_end)
{
    AUTO(memory_freep) char *folder = memory_printf("%.*s", (int)folder_end, service->path);
    int watch = inotify_add_watch(service->fd, folder, EVENTS);
    if (watch < 0)
        return false;
    if (service->watch >= 0 && service->watch != watch)
        inotify_rm_watch(service->fd, service->watch);
    service->watch = watch;
    memory_freep(&service->child);
    service->child = part(service->path, folder_end, child_end);
    return true;
}

void pcsc_service_arm(struct pcsc_service *service)
{
    if (service->fd < 0 || service->path[0] != '/')
        return;
    size_t child_end = strlen(service->path);
    for (;;) {
        size_t folder_end = folder_length(service->path, child_end);
        if (watch_folder(service, folder_end, child_end))
            return;
        if (folder_end <= 1)
            break;
        child_end = folder_end;
    }
    service->watch = -1;
}

bool pcsc_service_can_watch(const struct pcsc_service *service)
{
    return service->watch >= 0;
}

static bool is_ours(const struct pcsc_service *service, const struct inotify_event *event)
{
    if (event->wd != service->watch)
        return false;
    if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW)) != 0)
        return true;
    return event->len > 0 && strcmp(event->name, service->child) == 0;
}

/* Reads what inotify has; true when any of it concerns the path. */
static bool take_events(struct pcsc_service *service)
{
    _Alignas(struct inotify_event) char buffer[16 * EVENT_BYTES];
    bool ours = false;
    ssize_t got;
    while ((got = read(service->fd, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            ours = is_ours(service, event) || ours;
            at += sizeof *event + event->len;
        }
    return ours;
}

bool pcsc_service_wait(struct pcsc_service *service, int stop_fd, int timeout_ms)
{
    struct deadline deadline = timeout_ms < 0 ? DEADLINE_NEVER : deadline_in_ms(timeout_ms);
    for (;;) {
        struct pollfd fds[] = {
            {.fd = service->fd, .events = POLLIN},
            {.fd = stop_fd, .events = POLLIN},
        };
        int ready = poll(fds, ARRAY_SIZE(fds), deadline_left_ms(deadline));
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready == 0 || fds[1].revents != 0)
            return false;
        if (ready > 0 && take_events(service))
            return true;
    }
}
