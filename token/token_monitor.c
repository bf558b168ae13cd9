#include "token/token_monitor.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/thread.h"
#include "token/channel_pcsc.h"
#include "token/channel_trace.h"
#include "token/pcsc.h"
#include "token/pcsc_service.h"

_Static_assert(TOKEN_READERS_MAX == PCSC_READERS_MAX, "one limit");
_Static_assert(TOKEN_READER_NAME_BYTES == PCSC_NAME_BYTES, "one limit");

/* After a change one wait with an end, to catch a reader that came while no wait was on. */
#define SETTLE_MS 1000
/* Between a socket's appearance and a pcscd that answers there are milliseconds: some quick tries,
 * 10, 20, 40 ... ms apart. */
#define QUICK_TRIES 8
#define QUICK_FIRST_MS 10
/* Where there is nothing to watch: no inotify, or a service that listens and still refuses us. */
#define SLOW_TRY_MS 5000
#define READER_LEFT_PAUSE_US 10000
/* A request right after the start waits so long for the first scan; most take 2 ms. */
#define FIRST_SCAN_MS 300
/* SCardCancel is lost on a wait that has not begun. */
#define CANCEL_AGAIN_MS 20
/* A thread ends within some ms unless pcscd is stuck; it is given up then, and frees what it works with. */
#define FAREWELL_MS 2000

struct seen {
    char reader[TOKEN_READER_NAME_BYTES];
    unsigned state;
    uint64_t sequence; /* 0: no card */
};

struct token_monitor {
    struct token_source source;
    struct loop *loop;
    loop_fn changed;
    void *context;
    char *profile_folder;
    struct token_settings settings;
    pthread_t thread;
    pthread_t canceller; /* while it is being freed: SCardCancel may block as any call */
    int stop_fd;
    struct pcsc_watch *watch;
    struct deadline first_scan;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t reached; /* scanned or ended became true, or a thread has left */
    int users; /* the threads and the owner; the last one frees it */
    struct token_snapshot snapshot;
    bool scanned; /* snapshot is what there was, not a guess */
    bool stopping;
    bool ended;
    FILE *trace;

    /* The thread's own: */
    struct seen seen[TOKEN_READERS_MAX];
    size_t seen_count;
    uint64_t last_sequence;
};

/* ---- in the thread ---- */

static bool is_stopping(struct token_monitor *monitor)
{
    pthread_mutex_lock(&monitor->lock);
    bool stopping = monitor->stopping;
    pthread_mutex_unlock(&monitor->lock);
    return stopping;
}

static bool snapshots_equal(const struct token_snapshot *a, const struct token_snapshot *b)
{
    if (a->service != b->service || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->present[i].sequence != b->present[i].sequence)
            return false; /* a sequence number belongs to one reader */
    return true;
}

static void publish(struct token_monitor *monitor, const struct token_snapshot *fresh)
{
    pthread_mutex_lock(&monitor->lock);
    bool differs = !snapshots_equal(&monitor->snapshot, fresh);
    monitor->snapshot = *fresh;
    monitor->scanned = true;
    pthread_cond_broadcast(&monitor->reached);
    bool tell = differs && !monitor->stopping;
    if (tell)
        loop_post(monitor->loop, monitor->changed, monitor->context);
    pthread_mutex_unlock(&monitor->lock);
}

static void publish_no_service(struct token_monitor *monitor, enum token_service_state service)
{
    monitor->seen_count = 0;
    publish(monitor, &(struct token_snapshot){.service = service});
}

static uint64_t sequence_for(struct token_monitor *monitor, const struct pcsc_reader *reader)
{
    if (!reader->has_card)
        return 0;
    for (size_t i = 0; i < monitor->seen_count; i++) {
        const struct seen *seen = &monitor->seen[i];
        /* The upper half of the state counts insertions and removals: another count is another card. */
        if (seen->sequence != 0 && seen->state >> 16 == reader->state >> 16 &&
            strcmp(seen->reader, reader->name) == 0)
            return seen->sequence;
    }
    return ++monitor->last_sequence;
}

static void take_readers(struct token_monitor *monitor, const struct pcsc_readers *readers)
{
    struct seen fresh[TOKEN_READERS_MAX];
    struct token_snapshot snapshot = {
        .service = readers->count > 0 ? TOKEN_SERVICE_OK : TOKEN_SERVICE_NO_READER,
    };
    for (size_t i = 0; i < readers->count; i++) {
        const struct pcsc_reader *reader = &readers->reader[i];
        fresh[i].state = reader->state;
        fresh[i].sequence = sequence_for(monitor, reader);
        memcpy(fresh[i].reader, reader->name, sizeof fresh[i].reader);
        if (fresh[i].sequence == 0)
            continue;
        struct token_presence *present = &snapshot.present[snapshot.count++];
        memcpy(present->reader, reader->name, sizeof present->reader);
        present->sequence = fresh[i].sequence;
    }
    memcpy(monitor->seen, fresh, readers->count * sizeof fresh[0]);
    monitor->seen_count = readers->count;
    publish(monitor, &snapshot);
}

static bool readers_equal(const struct pcsc_readers *a, const struct pcsc_readers *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->reader[i].state != b->reader[i].state ||
            strcmp(a->reader[i].name, b->reader[i].name) != 0)
            return false;
    return true;
}

/* Follows the readers until the service is lost or we are told to stop. */
static void follow(struct token_monitor *monitor)
{
    struct pcsc_readers before = {0};
    bool settled = false;
    while (!is_stopping(monitor)) {
        struct err err = ERR_INIT;
        struct pcsc_readers now = {0};
        enum err_code code = pcsc_watch_read(monitor->watch, &now, &err);
        if (code == ERR_TOKEN_REMOVED) { /* a reader left between two calls */
            usleep(READER_LEFT_PAUSE_US);
            continue;
        }
        if (code != ERR_NONE)
            return;
        take_readers(monitor, &now);
        settled = settled && readers_equal(&before, &now);
        before = now;
        code = pcsc_watch_wait(monitor->watch, &now, settled ? -1 : SETTLE_MS, &err);
        settled = code == ERR_DEADLINE;
        if (code == ERR_PCSC_NO_SERVICE || code == ERR_PCSC)
            return;
    }
}

static enum token_service_state service_state(enum err_code code, enum pcsc_service_probe probe)
{
    if (code == ERR_PCSC_NO_PERMISSION || probe == PCSC_SERVICE_FORBIDDEN)
        return TOKEN_SERVICE_NO_PERMISSION;
    return TOKEN_SERVICE_NONE;
}

/* How long to wait for an event before the next try; -1: as long as it takes. */
static int patience_ms(const struct pcsc_service *service, enum pcsc_service_probe probe, int tries)
{
    if (tries < QUICK_TRIES)
        return QUICK_FIRST_MS << tries;
    if (probe == PCSC_SERVICE_LISTENING || !pcsc_service_can_watch(service))
        return SLOW_TRY_MS;
    return -1;
}

static void free_parts(struct token_monitor *monitor)
{
    pcsc_watch_free(monitor->watch);
    file_closep(&monitor->stop_fd);
    pthread_cond_destroy(&monitor->reached);
    pthread_mutex_destroy(&monitor->lock);
    free(monitor->profile_folder);
    free(monitor);
}

static void leave(struct token_monitor *monitor)
{
    pthread_mutex_lock(&monitor->lock);
    bool last = --monitor->users == 0;
    pthread_cond_broadcast(&monitor->reached);
    pthread_mutex_unlock(&monitor->lock);
    if (last)
        free_parts(monitor);
}

static void *run(void *context)
{
    struct token_monitor *monitor = context;
    const char *socket_path = pcsc_service_socket();
    struct pcsc_service *service = pcsc_service_new(socket_path);
    int tries = 0;
    while (!is_stopping(monitor)) {
        struct err err = ERR_INIT;
        pcsc_service_arm(service);
        if (pcsc_watch_connect(monitor->watch, &err) == ERR_NONE) {
            int64_t since_ms = clock_monotonic_ms();
            follow(monitor);
            pcsc_watch_disconnect(monitor->watch);
            if (clock_monotonic_ms() - since_ms > SETTLE_MS)
                tries = 0;
        }
        enum pcsc_service_probe probe = pcsc_service_probe(socket_path);
        publish_no_service(monitor, service_state(err.code, probe));
        if (pcsc_service_wait(service, monitor->stop_fd, patience_ms(service, probe, tries)))
            tries = 0;
        else if (tries < QUICK_TRIES)
            tries++;
    }
    pcsc_service_free(service);
    pthread_mutex_lock(&monitor->lock);
    monitor->ended = true;
    pthread_mutex_unlock(&monitor->lock);
    leave(monitor);
    return NULL;
}

/* ---- from any thread ---- */

static struct timespec time_of(struct deadline deadline)
{
    return (struct timespec){(time_t)(deadline.at_ms / 1000),
                             (long)(deadline.at_ms % 1000) * 1000000};
}

static void monitor_snapshot(struct token_source *source, struct token_snapshot *out)
{
    struct token_monitor *monitor = (struct token_monitor *)source;
    const struct timespec at = time_of(monitor->first_scan);
    int result = 0;
    pthread_mutex_lock(&monitor->lock);
    while (!monitor->scanned && !monitor->stopping && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&monitor->reached, &monitor->lock, &at);
    *out = monitor->snapshot;
    pthread_mutex_unlock(&monitor->lock);
}

static enum err_code check_present(struct token_monitor *monitor,
                                   const struct token_presence *presence, struct err *err)
{
    struct token_snapshot snapshot;
    monitor_snapshot(&monitor->source, &snapshot);
    for (size_t i = 0; i < snapshot.count; i++)
        if (snapshot.present[i].sequence == presence->sequence &&
            strcmp(snapshot.present[i].reader, presence->reader) == 0)
            return ERR_NONE;
    return err_set(err, ERR_NO_TOKEN, "the card is no longer in the reader %s", presence->reader);
}

static enum err_code monitor_open(struct token_source *source,
                                  const struct token_presence *presence, struct deadline deadline,
                                  struct token **out, struct err *err)
{
    struct token_monitor *monitor = (struct token_monitor *)source;
    if (check_present(monitor, presence, err) != ERR_NONE)
        return err->code;
    struct channel *channel = NULL;
    enum err_code code = channel_pcsc_open(presence->reader, deadline, &channel, err);
    if (code == ERR_TOKEN_REMOVED)
        err->code = ERR_NO_TOKEN;
    if (code != ERR_NONE)
        return err->code;
    pthread_mutex_lock(&monitor->lock);
    FILE *trace = monitor->trace;
    pthread_mutex_unlock(&monitor->lock);
    if (trace != NULL)
        channel = channel_trace_new(channel, trace);
    return token_open(channel, presence->reader, &monitor->settings, deadline, out, err);
}

static const struct token_source_class monitor_class = {
    .snapshot = monitor_snapshot,
    .open = monitor_open,
};

struct token_source *token_monitor_source(struct token_monitor *monitor)
{
    return &monitor->source;
}

void token_monitor_set_trace(struct token_monitor *monitor, FILE *out)
{
    pthread_mutex_lock(&monitor->lock);
    monitor->trace = out;
    pthread_mutex_unlock(&monitor->lock);
}

static void init_lock(struct token_monitor *monitor)
{
    pthread_mutex_init(&monitor->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&monitor->reached, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum err_code token_monitor_new(struct loop *loop, const struct token_settings *settings,
                                loop_fn changed, void *context, struct token_monitor **out,
                                struct err *err)
{
    struct token_monitor *monitor = memory_new(sizeof *monitor);
    monitor->source.class = &monitor_class;
    monitor->loop = loop;
    monitor->changed = changed;
    monitor->context = context;
    monitor->profile_folder = memory_text(settings == NULL ? NULL : settings->profile_folder);
    monitor->settings.profile_folder = monitor->profile_folder;
    monitor->snapshot.service = TOKEN_SERVICE_NONE;
    monitor->first_scan = deadline_in_ms(FIRST_SCAN_MS);
    monitor->watch = pcsc_watch_new();
    init_lock(monitor);
    monitor->users = 2;
    monitor->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (monitor->stop_fd < 0)
        err_set_errno(err, ERR_INTERNAL, "make an eventfd");
    else if (thread_start(&monitor->thread, run, monitor, err) == ERR_NONE) {
        *out = monitor;
        return ERR_NONE;
    }
    free_parts(monitor);
    return err->code;
}

static void *cancel_until_ended(void *context)
{
    struct token_monitor *monitor = context;
    pthread_mutex_lock(&monitor->lock);
    while (!monitor->ended) {
        pthread_mutex_unlock(&monitor->lock);
        pcsc_watch_cancel(monitor->watch);
        pthread_mutex_lock(&monitor->lock);
        const struct timespec at = time_of(deadline_in_ms(CANCEL_AGAIN_MS));
        if (!monitor->ended)
            pthread_cond_timedwait(&monitor->reached, &monitor->lock, &at);
    }
    pthread_mutex_unlock(&monitor->lock);
    leave(monitor);
    return NULL;
}

/* Whether both have left; under the lock. */
static bool wait_for_threads(struct token_monitor *monitor)
{
    const struct timespec at = time_of(deadline_in_ms(FAREWELL_MS));
    int result = 0;
    while (monitor->users > 1 && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&monitor->reached, &monitor->lock, &at);
    return monitor->users == 1;
}

static int join(pthread_t thread)
{
    return pthread_join(thread, NULL);
}

void token_monitor_free(struct token_monitor *monitor)
{
    struct err err = ERR_INIT;
    if (monitor == NULL)
        return;
    pthread_mutex_lock(&monitor->lock);
    monitor->stopping = true;
    uint64_t one = 1;
    ssize_t written = write(monitor->stop_fd, &one, sizeof one);
    assert(written == sizeof one);
    (void)written;
    bool cancels = thread_start(&monitor->canceller, cancel_until_ended, monitor, &err) == ERR_NONE;
    monitor->users += cancels;
    int (*part)(pthread_t) = wait_for_threads(monitor) ? join : pthread_detach;
    pthread_t thread = monitor->thread;
    pthread_t canceller = monitor->canceller;
    pthread_mutex_unlock(&monitor->lock);
    part(thread);
    if (cancels)
        part(canceller);
    leave(monitor);
}

void token_monitor_freep(struct token_monitor **monitor)
{
    token_monitor_free(*monitor);
    *monitor = NULL;
}
