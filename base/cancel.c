#include "base/cancel.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"

struct cancel {
    atomic_bool requested;
    int fd;
};

enum err_code cancel_new(struct cancel **out, struct err *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return err_set_errno(err, ERR_INTERNAL, "make an eventfd");
    struct cancel *cancel = memory_new(sizeof *cancel);
    cancel->fd = fd;
    *out = cancel;
    return ERR_NONE;
}

void cancel_free(struct cancel *cancel)
{
    if (cancel == NULL)
        return;
    file_closep(&cancel->fd);
    free(cancel);
}

void cancel_freep(struct cancel **cancel)
{
    cancel_free(*cancel);
    *cancel = NULL;
}

void cancel_request(struct cancel *cancel)
{
    uint64_t one = 1;
    atomic_store(&cancel->requested, true);
    ssize_t written = write(cancel->fd, &one, sizeof one);
    (void)written; /* a full counter is readable too */
}

bool cancel_requested(const struct cancel *cancel)
{
    return cancel != NULL && atomic_load(&cancel->requested);
}

int cancel_fd(const struct cancel *cancel)
{
    return cancel == NULL ? -1 : cancel->fd;
}
