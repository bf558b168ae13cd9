#include "agent/doctor/doctor.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "base/clock.h"
#include "base/thread.h"

const struct doctor_check doctor_checks[] = {
    {"agent", doctor_agent_check, 15},
    {"units", doctor_units_check, 15},
    {"ports", doctor_ports_check, 15},
    {"state", doctor_state_check, 10},
    {"journal", doctor_journal_check, 15},
    {"pcsc", doctor_pcsc_check, 10},
    {"usb", doctor_usb_check, 10},
    /* Several slow keys. */
    {"keys", doctor_keys_check, 45},
    {"trust", doctor_trust_check, 45},
    {"policy", doctor_policy_check, 10},
    {"display", doctor_display_check, 10},
    {"clock", doctor_clock_check, 10},
    {"platform", doctor_platform_check, 45},
};
const size_t doctor_check_count = ARRAY_SIZE(doctor_checks);

/* What need not be told once its cause is. */
static const struct {
    enum doctor_code cause, consequence;
} consequences[] = {
    {DOCTOR_CONFIG, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_CONFIG, DOCTOR_UNIT_FAILED},
    {DOCTOR_JOURNAL, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_JOURNAL, DOCTOR_UNIT_FAILED},
    {DOCTOR_STATE_FOREIGN, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_STATE_FOREIGN, DOCTOR_UNIT_FAILED},
    {DOCTOR_STATE_FOREIGN, DOCTOR_JOURNAL},
    {DOCTOR_STATE_FOREIGN, DOCTOR_STATE_MODE},
    {DOCTOR_STATE_FOREIGN, DOCTOR_TRUST_MISSING},
    {DOCTOR_STATE_MODE, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_STATE_MODE, DOCTOR_JOURNAL},
    {DOCTOR_DISK_FULL, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_DISK_FULL, DOCTOR_JOURNAL},
    {DOCTOR_PORTS_TAKEN, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_PORTS_TAKEN, DOCTOR_PORT_TAKEN},
    {DOCTOR_SEVERAL_AGENTS, DOCTOR_PORT_TAKEN},
    {DOCTOR_UNIT_DISABLED, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_UNIT_FAILED, DOCTOR_AGENT_NOT_RUNNING},
    {DOCTOR_IDENTITY_EXPIRED, DOCTOR_HTTPS},
    {DOCTOR_PCSC_NO_SERVICE, DOCTOR_KEY_NO_DRIVER},
    /* The key that is there in another form. */
    {DOCTOR_KEY_HID, DOCTOR_NO_READER},
    {DOCTOR_KEY_MASS_STORAGE, DOCTOR_NO_READER},
    {DOCTOR_KEY_NO_DRIVER, DOCTOR_NO_READER},
    {DOCTOR_KEY_HELD_BY_GNUPG, DOCTOR_KEY_HELD},
    {DOCTOR_TRUST_NO_POLICY, DOCTOR_POLICY_MISSING},
    {DOCTOR_POLICY_OVERRIDDEN, DOCTOR_POLICY_MISSING},
    {DOCTOR_POLICY_FAILED, DOCTOR_TRUST_FAILED},
    {DOCTOR_CLOCK_RESET, DOCTOR_CLOCK_WRONG},
    {DOCTOR_CLOCK_RESET, DOCTOR_RTC_RESET},
    {DOCTOR_CLOCK_RESET, DOCTOR_PLATFORM_CERTIFICATE_TIME},
    {DOCTOR_CLOCK_RESET, DOCTOR_IDENTITY_EXPIRED},
    {DOCTOR_CLOCK_WRONG, DOCTOR_PLATFORM_CERTIFICATE_TIME},
    {DOCTOR_CLOCK_WRONG, DOCTOR_IDENTITY_EXPIRED},
    {DOCTOR_CLOCK_WRONG, DOCTOR_CERTIFICATE_EXPIRED},
};

/* ---- checks in threads ---- */

struct run;

struct job {
    struct run *run;
    const struct doctor_check *check;
    pthread_t thread;
    bool started;
    bool over; /* the thread no longer writes findings */
    struct doctor_findings findings;
};

/* Shared with threads that were given up: the last one to leave frees it. */
struct run {
    pthread_mutex_t lock; /* guards users and each job's over */
    pthread_cond_t changed;
    size_t users;
    struct doctor_world *world;
    size_t count;
    struct job jobs[];
};

static struct run *run_new(struct doctor_world *world, const struct doctor_check *checks,
                           size_t count)
{
    struct run *run = memory_new(sizeof *run + count * sizeof run->jobs[0]);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&run->lock, NULL);
    run->users = 1;
    run->world = world;
    run->count = count;
    for (size_t i = 0; i < count; i++)
        run->jobs[i] = (struct job){.run = run, .check = &checks[i]};
    return run;
}

static void leave(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    bool last = --run->users == 0;
    pthread_mutex_unlock(&run->lock);
    if (!last)
        return;
    for (size_t i = 0; i < run->count; i++)
        doctor_findings_done(&run->jobs[i].findings);
    doctor_world_free(run->world);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

static void *perform(void *context)
{
    struct job *job = context;
    struct run *run = job->run;
    job->check->run(run->world, &job->findings);
    pthread_mutex_lock(&run->lock);
    job->over = true;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
    leave(run);
    return NULL;
}

static void start(struct run *run, struct job *job)
{
    struct err err = ERR_INIT;
    /* Held meanwhile, so that the thread, whose share this is, can't leave before it is counted. */
    pthread_mutex_lock(&run->lock);
    job->started = thread_start(&job->thread, perform, job, &err) == ERR_NONE;
    if (job->started) {
        pthread_detach(job->thread);
        run->users++;
    }
    pthread_mutex_unlock(&run->lock);
}

/* Whether it ended before its deadline, which counts from the start of all. */
static bool wait_for(struct run *run, const struct job *job, int64_t started_ms)
{
    int64_t end_ms = started_ms + (int64_t)job->check->seconds * 1000;
    const struct timespec end = {end_ms / 1000, end_ms % 1000 * 1000000};
    pthread_mutex_lock(&run->lock);
    int late = 0;
    while (job->started && !job->over && late == 0)
        late = pthread_cond_timedwait(&run->changed, &run->lock, &end);
    bool over = job->over;
    pthread_mutex_unlock(&run->lock);
    return over;
}

static void end_at_once(int status, void *context)
{
    fflush(NULL);
    _exit(status);
}

/* ---- putting together ---- */

static void merge_facts(struct doctor_findings *out, const struct job *job)
{
    if (job->findings.facts == NULL)
        return;
    if (out->facts == NULL)
        out->facts = json_new_object();
    json_add(out->facts, job->check->name, json_copy(job->findings.facts));
}

static void drop_consequences(struct doctor_findings *findings)
{
    bool had[DOCTOR_CODE_COUNT];
    for (size_t i = 0; i < DOCTOR_CODE_COUNT; i++)
        had[i] = doctor_findings_have(findings, (enum doctor_code)i);
    for (size_t i = 0; i < ARRAY_SIZE(consequences); i++)
        if (had[consequences[i].cause])
            doctor_findings_drop(findings, consequences[i].consequence);
}

void doctor_run(struct doctor_world *world, const struct doctor_check *checks, size_t count,
                struct doctor_findings *out)
{
    struct run *run = run_new(world, checks, count);
    int64_t started_ms = clock_monotonic_ms();
    bool late = false;
    for (size_t i = 0; i < count; i++)
        start(run, &run->jobs[i]);
    for (size_t i = 0; i < count; i++) {
        struct job *job = &run->jobs[i];
        if (!wait_for(run, job, started_ms)) {
            doctor_findings_add(out, DOCTOR_CHECK_LATE, "the check \"%s\" took more than %d s",
                                job->check->name, job->check->seconds);
            late = true;
            continue;
        }
        merge_facts(out, job);
        doctor_findings_move(out, &job->findings);
    }
    drop_consequences(out);
    if (late)
        on_exit(end_at_once, NULL);
    leave(run);
}

struct json *doctor_json(const struct doctor_findings *findings, enum lang lang)
{
    struct json *json = json_new_object();
    struct json *rows = json_new_array();
    for (size_t i = 0; i < findings->count; i++)
        json_append(rows, doctor_finding_json(&findings->at[i], lang));
    json_add_text(json, "version", UKEYD_VERSION);
    json_add_bool(json, "healthy", findings->count == 0);
    json_add(json, "findings", rows);
    json_add(json, "facts",
             findings->facts == NULL ? json_new_object() : json_copy(findings->facts));
    return json;
}
