#include "token/channel_pcsc.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/thread.h"
#include "token/apdu.h"
#include "token/pcsc.h"

/* Ending a transaction and disconnecting take microseconds unless pcscd is stuck. */
#define FAREWELL_MS 2000

enum job { JOB_NONE, JOB_OPEN, JOB_BEGIN, JOB_TRANSMIT, JOB_END, JOB_CLOSE };

/* Shared by the channel and its thread; the last of the two frees it. */
struct worker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    enum job job; /* JOB_NONE: idle, or the last one is done */
    bool abandoned; /* nobody waits for the job any longer */
    atomic_bool in_use; /* others were connected to the card before it was opened */
    struct bytes *command;
    struct bytes *answer;
    enum err_code code;
    struct err err;
    /* The thread's own: */
    char reader[PCSC_NAME_BYTES];
    struct pcsc_card *card;
    bool in_transaction;
    bool pin_sent; /* a log-in may be left on the card */
    bool needs_reset; /* one is left that only a reset ends */
    bool broken; /* the driver may have been unable to end it */
};

/* Exchanges that were given up and have not come back: such a card is in use by ourselves. Of the process,
 * since it outlives whoever waited. */
static atomic_uint lost_exchanges;

struct channel_pcsc {
    struct channel channel;
    struct worker *worker;
    pthread_t thread;
    bool dead;
    struct err death; /* why it is dead */
    size_t atr_bytes;
    uint8_t atr[CHANNEL_ATR_BYTES_MAX];
    size_t command_bytes_max;
};

static struct worker *worker_new(const char *reader)
{
    struct worker *worker = memory_new(sizeof *worker);
    worker->owners = 2;
    snprintf(worker->reader, sizeof worker->reader, "%s", reader);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return worker;
}

static void worker_drop(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    int owners = --worker->owners;
    pthread_mutex_unlock(&worker->lock);
    if (owners > 0)
        return;
    bytes_wipe_freep(&worker->command);
    bytes_free(worker->answer);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

/* ---- in the thread ---- */

static enum err_code do_job(struct worker *worker, enum job job, struct bytes **answer,
                            struct err *err)
{
    switch (job) {
    case JOB_OPEN:
        return pcsc_card_open(worker->reader, &worker->in_use, &worker->card, err);
    case JOB_BEGIN:
        worker->in_transaction = pcsc_card_begin(worker->card, err) == ERR_NONE;
        return worker->in_transaction ? ERR_NONE : err->code;
    case JOB_TRANSMIT:
        worker->pin_sent |= apdu_carries_pin(span_bytes(worker->command));
        worker->needs_reset |= apdu_needs_reset(span_bytes(worker->command));
        return pcsc_card_transmit(worker->card, span_bytes(worker->command), answer, err);
    case JOB_END:
        if (worker->in_transaction)
            pcsc_card_end(worker->card);
        worker->in_transaction = false;
        return ERR_NONE;
    case JOB_CLOSE:
    case JOB_NONE:
        break;
    }
    return ERR_NONE;
}

static void close_card(struct worker *worker)
{
    if (worker->card == NULL)
        return;
    if (worker->in_transaction)
        pcsc_card_end(worker->card);
    pcsc_card_close(worker->card, worker->needs_reset || (worker->pin_sent && worker->broken));
    worker->card = NULL;
}

/* Takes the next job, does it, hands its result over; false when it was the last one. */
static bool serve(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (worker->job == JOB_NONE && !worker->abandoned)
        pthread_cond_wait(&worker->changed, &worker->lock);
    enum job job = worker->job;
    pthread_mutex_unlock(&worker->lock);

    struct err err = ERR_INIT;
    struct bytes *answer = NULL;
    enum err_code code = do_job(worker, job, &answer, &err);
    if (code != ERR_NONE && code != ERR_TOKEN_RESET)
        worker->broken = true;
    if (job == JOB_CLOSE || job == JOB_NONE)
        close_card(worker);

    pthread_mutex_lock(&worker->lock);
    worker->code = code;
    worker->err = err;
    worker->answer = answer;
    worker->job = JOB_NONE;
    bytes_wipe_freep(&worker->command);
    bool abandoned = worker->abandoned;
    if (abandoned && job == JOB_TRANSMIT)
        lost_exchanges--;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    return !abandoned && job != JOB_CLOSE;
}

static void *run(void *context)
{
    struct worker *worker = context;
    while (serve(worker))
        continue;
    worker->broken = true; /* it still has the card when it was given up in the middle */
    close_card(worker);
    worker_drop(worker);
    return NULL;
}

/* ---- in the caller's thread ---- */

static bool wait_done(struct worker *worker, struct deadline deadline)
{
    struct timespec at = {
        .tv_sec = (time_t)(deadline.at_ms / 1000),
        .tv_nsec = (long)(deadline.at_ms % 1000) * 1000000,
    };
    int result = 0;
    while (worker->job != JOB_NONE && result != ETIMEDOUT)
        result = deadline.at_ms == INT64_MAX
                     ? pthread_cond_wait(&worker->changed, &worker->lock)
                     : pthread_cond_timedwait(&worker->changed, &worker->lock, &at);
    return worker->job == JOB_NONE;
}

/* Both a transaction and a silent card keep others from connecting. */
static bool is_kept(const struct channel_pcsc *self, enum job job)
{
    return job == JOB_BEGIN ||
           (job == JOB_OPEN && atomic_load(&self->worker->in_use) && lost_exchanges == 0);
}

static enum err_code die(struct channel_pcsc *self, enum job job, struct err *err)
{
    self->dead = true;
    if (is_kept(self, job))
        err_set(&self->death, ERR_READER_BUSY, "%s: another program keeps the card to itself",
                self->worker->reader);
    else
        err_set(&self->death, ERR_TOKEN_HUNG, "%s: no answer in time", self->worker->reader);
    *err = self->death;
    return err->code;
}

/* Has the job done by the thread; command goes with JOB_TRANSMIT, and out too. */
static enum err_code ask(struct channel_pcsc *self, enum job job, struct span command,
                         struct bytes **out, struct deadline deadline, struct err *err)
{
    if (self->dead) {
        *err = self->death;
        return err->code;
    }
    struct worker *worker = self->worker;
    pthread_mutex_lock(&worker->lock);
    assert(worker->job == JOB_NONE);
    worker->job = job;
    if (job == JOB_TRANSMIT)
        worker->command = bytes_new(command);
    pthread_cond_broadcast(&worker->changed);
    bool done = wait_done(worker, deadline);
    worker->abandoned = !done;
    if (!done && job == JOB_TRANSMIT)
        lost_exchanges++;
    enum err_code code = worker->code;
    struct bytes *answer = done ? TAKE(worker->answer) : NULL;
    if (done && code != ERR_NONE)
        *err = worker->err;
    pthread_mutex_unlock(&worker->lock);
    if (!done)
        return die(self, job, err);
    if (code == ERR_NONE && out != NULL)
        *out = answer;
    return code;
}

static enum err_code pcsc_begin(struct channel *channel, struct deadline deadline, struct err *err)
{
    struct channel_pcsc *self = (struct channel_pcsc *)channel;
    return ask(self, JOB_BEGIN, SPAN_NONE, NULL, deadline, err);
}

static void pcsc_end(struct channel *channel)
{
    struct channel_pcsc *self = (struct channel_pcsc *)channel;
    struct err ignored = ERR_INIT; /* a channel that died here says so at the next call */
    if (ask(self, JOB_END, SPAN_NONE, NULL, deadline_in_ms(FAREWELL_MS), &ignored) != ERR_NONE)
        return;
}

static enum err_code pcsc_transmit(struct channel *channel, struct span command, struct bytes **out,
                                   struct deadline deadline, struct err *err)
{
    struct channel_pcsc *self = (struct channel_pcsc *)channel;
    if (command.len < APDU_HEADER_BYTES || command.len > CHANNEL_COMMAND_BYTES_MAX)
        return err_set(err, ERR_INTERNAL, "a command of %zu bytes", command.len);
    return ask(self, JOB_TRANSMIT, command, out, deadline, err);
}

static size_t pcsc_command_bytes_max(const struct channel *channel)
{
    return ((const struct channel_pcsc *)channel)->command_bytes_max;
}

static struct span pcsc_peek_atr(const struct channel *channel)
{
    const struct channel_pcsc *self = (const struct channel_pcsc *)channel;
    return span_of(self->atr, self->atr_bytes);
}

static void pcsc_close(struct channel *channel)
{
    struct channel_pcsc *self = (struct channel_pcsc *)channel;
    struct err ignored = ERR_INIT;
    if (ask(self, JOB_CLOSE, SPAN_NONE, NULL, deadline_in_ms(FAREWELL_MS), &ignored) == ERR_NONE)
        pthread_join(self->thread, NULL);
    else
        pthread_detach(self->thread);
    worker_drop(self->worker);
    free(self);
}

static const struct channel_class pcsc_class = {
    .name = "pcsc",
    .begin = pcsc_begin,
    .end = pcsc_end,
    .transmit = pcsc_transmit,
    .peek_atr = pcsc_peek_atr,
    .command_bytes_max = pcsc_command_bytes_max,
    .close = pcsc_close,
};

/* What is known of card and reader, as it is for good. */
static void take_facts(struct channel_pcsc *self)
{
    struct worker *worker = self->worker;
    pthread_mutex_lock(&worker->lock); /* the thread wrote it before it gave the lock back */
    struct span atr = pcsc_card_peek_atr(worker->card);
    memcpy(self->atr, atr.at, atr.len);
    self->atr_bytes = atr.len;
    self->command_bytes_max = pcsc_card_command_bytes_max(worker->card);
    pthread_mutex_unlock(&worker->lock);
}

enum err_code channel_pcsc_open(const char *reader, struct deadline deadline, struct channel **out,
                                struct err *err)
{
    if (strlen(reader) >= PCSC_NAME_BYTES)
        return err_set(err, ERR_TOKEN_REMOVED, "a reader's name of %zu bytes", strlen(reader));
    struct channel_pcsc *self = memory_new(sizeof *self);
    self->channel.class = &pcsc_class;
    self->worker = worker_new(reader);
    if (thread_start(&self->thread, run, self->worker, err) != ERR_NONE) {
        self->worker->owners = 1;
        worker_drop(self->worker);
        free(self);
        return err->code;
    }
    AUTO(channel_closep) struct channel *channel = &self->channel;
    if (ask(self, JOB_OPEN, SPAN_NONE, NULL, deadline, err) != ERR_NONE)
        return err_add(err, "open the reader %s", reader);
    take_facts(self);
    *out = TAKE(channel);
    return ERR_NONE;
}
