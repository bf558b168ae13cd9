#include "token/token_monitor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/token/scripted_key.h"
#include "token/channel_pcsc.h"
#include "token/pcsc.h"

#define PRESENT 0x20 /* SCARD_STATE_PRESENT */
#define EMPTY 0x10 /* SCARD_STATE_EMPTY */
#define PATIENCE_MS 5000

/* pcsc.c's watch and the card's channel, played by this file. */

struct pcsc_watch {
    int unused;
};

static struct fake {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool running; /* the service */
    bool cancelled;
    unsigned version; /* grows with each change */
    struct pcsc_readers readers;
    struct channel *channel; /* the next to be opened */
    enum err_code open;
    unsigned waits_without_end;
    unsigned connect_us; /* how long the service takes to answer */
    bool stuck; /* it answers nothing, not even a cancellation */
    unsigned freed; /* watches */
} fake = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};

struct pcsc_watch *pcsc_watch_new(void)
{
    return memory_new(sizeof(struct pcsc_watch));
}

void pcsc_watch_free(struct pcsc_watch *watch)
{
    free(watch);
    pthread_mutex_lock(&fake.lock);
    fake.freed++;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

enum err_code pcsc_watch_connect(struct pcsc_watch *watch, struct err *err)
{
    pthread_mutex_lock(&fake.lock);
    bool running = fake.running;
    unsigned connect_us = fake.connect_us;
    pthread_mutex_unlock(&fake.lock);
    usleep(connect_us);
    return running ? ERR_NONE : err_set(err, ERR_PCSC_NO_SERVICE, "fake");
}

void pcsc_watch_disconnect(struct pcsc_watch *watch)
{
}

static unsigned seen_version;

enum err_code pcsc_watch_read(struct pcsc_watch *watch, struct pcsc_readers *out, struct err *err)
{
    pthread_mutex_lock(&fake.lock);
    bool running = fake.running;
    *out = fake.readers;
    seen_version = fake.version;
    pthread_mutex_unlock(&fake.lock);
    return running ? ERR_NONE : err_set(err, ERR_PCSC_NO_SERVICE, "fake");
}

static enum err_code wait_locked(int timeout_ms, struct err *err)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 20 * 1000000L; /* a settling wait ends soon */
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    if (timeout_ms < 0)
        fake.waits_without_end++;
    pthread_cond_broadcast(&fake.changed);
    int result = 0;
    while (fake.stuck)
        pthread_cond_wait(&fake.changed, &fake.lock);
    while (fake.version == seen_version && fake.running && !fake.cancelled && result == 0)
        result = timeout_ms < 0 ? pthread_cond_wait(&fake.changed, &fake.lock)
                                : pthread_cond_timedwait(&fake.changed, &fake.lock, &at);
    if (!fake.running)
        return err_set(err, ERR_PCSC_NO_SERVICE, "fake");
    if (fake.cancelled)
        return err_set(err, ERR_CANCELLED, "fake");
    return result == 0 ? ERR_NONE : err_set(err, ERR_DEADLINE, "fake");
}

enum err_code pcsc_watch_wait(struct pcsc_watch *watch, const struct pcsc_readers *known,
                              int timeout_ms, struct err *err)
{
    pthread_mutex_lock(&fake.lock);
    enum err_code code = wait_locked(timeout_ms, err);
    pthread_mutex_unlock(&fake.lock);
    return code;
}

void pcsc_watch_cancel(struct pcsc_watch *watch)
{
    pthread_mutex_lock(&fake.lock);
    while (fake.stuck)
        pthread_cond_wait(&fake.changed, &fake.lock);
    fake.cancelled = true;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

enum err_code channel_pcsc_open(const char *reader, struct deadline deadline, struct channel **out,
                                struct err *err)
{
    if (fake.open != ERR_NONE)
        return err_set(err, fake.open, "fake");
    *out = TAKE(fake.channel);
    return ERR_NONE;
}

/* ---- what the tests do with them ---- */

static char folder[] = "/tmp/token-monitor-XXXXXX";
static char *socket_path;
static struct loop *loop;
static struct token_monitor *monitor;
static atomic_uint changes;

static void count_change(void *context)
{
    atomic_fetch_add(&changes, 1);
    loop_stop(loop);
}

static int set_up_folder(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    socket_path = file_join(folder, "pcscd.comm");
    return setenv("PCSCLITE_CSOCK_NAME", socket_path, 1);
}

static int tear_down_folder(void **state)
{
    unlink(socket_path);
    memory_freep(&socket_path);
    return rmdir(folder);
}

static void start(void)
{
    struct err err = ERR_INIT;
    atomic_store(&changes, 0);
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    assert_int_equal(token_monitor_new(loop, NULL, count_change, NULL, &monitor, &err), ERR_NONE);
}

static void stop(void)
{
    token_monitor_freep(&monitor);
    loop_freep(&loop);
}

static int reset(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    fake = (struct fake){.lock = lock, .changed = changed};
    unlink(socket_path);
    return 0;
}

static void set_reader(size_t at, const char *name, unsigned state)
{
    struct pcsc_reader *reader = &fake.readers.reader[at];
    snprintf(reader->name, sizeof reader->name, "%s", name);
    reader->state = state;
    reader->has_card = (state & PRESENT) != 0;
    if (fake.readers.count <= at)
        fake.readers.count = at + 1;
}

static void change(void (*function)(void))
{
    pthread_mutex_lock(&fake.lock);
    function();
    fake.version++;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static struct token_snapshot snapshot(void)
{
    struct token_snapshot result;
    struct token_source *source = token_monitor_source(monitor);
    source->class->snapshot(source, &result);
    return result;
}

static void time_is_up(void *context)
{
    loop_stop(loop);
}

/* Runs the loop until the monitor has told of a change. */
static void await_change(void)
{
    struct err err = ERR_INIT;
    struct loop_timer *timer = loop_timer_new(loop, time_is_up, NULL);
    unsigned before = atomic_load(&changes);
    loop_timer_set(timer, deadline_in_ms(PATIENCE_MS));
    assert_int_equal(loop_run(loop, &err), ERR_NONE);
    loop_timer_free(timer);
    assert_true(atomic_load(&changes) > before);
}

static void run_service(void)
{
    fake.running = true;
}

static void end_service(void)
{
    fake.running = false;
}

static void listen_at_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void one_empty_reader(void)
{
    run_service();
    set_reader(0, "A", EMPTY);
}

static void one_card(void)
{
    run_service();
    set_reader(0, "A", 0x00010000 | PRESENT);
}

static void another_card(void)
{
    set_reader(0, "A", 0x00030000 | PRESENT);
}

static void in_use(void)
{
    fake.readers.pnp_state = 0x00010000;
}

static void two_cards(void)
{
    set_reader(1, "B", 0x00010000 | PRESENT);
}

static void card_leaves(void)
{
    set_reader(0, "A", 0x00020000 | EMPTY);
}

static void no_reader(void)
{
    fake.readers.count = 0;
}

static void follows_cards(void **state)
{
    one_empty_reader();
    start();
    await_change();
    assert_int_equal(snapshot().service, TOKEN_SERVICE_OK);
    assert_int_equal(snapshot().count, 0);
    change(one_card);
    await_change();
    assert_int_equal(snapshot().count, 1);
    assert_string_equal(snapshot().present[0].reader, "A");
    uint64_t first = snapshot().present[0].sequence;
    change(two_cards);
    await_change();
    assert_int_equal(snapshot().count, 2);
    assert_int_equal(snapshot().present[0].sequence, first);
    assert_true(snapshot().present[1].sequence > first);
    change(card_leaves);
    await_change();
    assert_int_equal(snapshot().count, 1);
    assert_string_equal(snapshot().present[0].reader, "B");
    change(no_reader);
    await_change();
    assert_int_equal(snapshot().service, TOKEN_SERVICE_NO_READER);
    stop();
}

/* Out and in again between two looks: only the count of events tells. */
static void notices_a_swap(void **state)
{
    one_card();
    start();
    await_change();
    uint64_t first = snapshot().present[0].sequence;
    change(another_card);
    await_change();
    assert_int_equal(snapshot().count, 1);
    assert_true(snapshot().present[0].sequence > first);
    stop();
}

static void tells_only_of_changes(void **state)
{
    one_card();
    start();
    await_change();
    unsigned before = atomic_load(&changes);
    change(in_use);
    pthread_mutex_lock(&fake.lock);
    fake.waits_without_end = 0;
    while (fake.waits_without_end == 0) /* it has settled again */
        pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
    assert_int_equal(atomic_load(&changes), before);
    stop();
}

static void survives_a_restart_of_the_service(void **state)
{
    one_card();
    start();
    await_change();
    uint64_t first = snapshot().present[0].sequence;
    change(end_service);
    await_change();
    assert_int_equal(snapshot().service, TOKEN_SERVICE_NONE);
    assert_int_equal(snapshot().count, 0);
    change(run_service);
    listen_at_socket();
    await_change();
    assert_int_equal(snapshot().service, TOKEN_SERVICE_OK);
    assert_true(snapshot().present[0].sequence > first);
    stop();
}

static void waits_for_a_service_that_comes_late(void **state)
{
    start();
    usleep(3000000); /* its quick tries are over */
    assert_int_equal(snapshot().service, TOKEN_SERVICE_NONE);
    change(one_card);
    listen_at_socket();
    await_change();
    assert_int_equal(snapshot().count, 1);
    stop();
}

static void a_snapshot_waits_for_the_first_scan(void **state)
{
    one_card();
    fake.connect_us = 50000;
    start();
    assert_int_equal(snapshot().service, TOKEN_SERVICE_OK);
    assert_int_equal(snapshot().count, 1);
    stop();
}

static void a_snapshot_does_not_wait_for_ever(void **state)
{
    one_card();
    fake.connect_us = 900000;
    start();
    int64_t start_ms = clock_monotonic_ms();
    assert_int_equal(snapshot().service, TOKEN_SERVICE_NONE);
    assert_int_equal(snapshot().service, TOKEN_SERVICE_NONE); /* and waits no second time */
    assert_true(clock_monotonic_ms() - start_ms < 550);
    stop();
}

static void stops_at_once(void **state)
{
    int64_t start_ms = clock_monotonic_ms();
    for (int i = 0; i < 20; i++) {
        reset(NULL);
        if (i % 2 == 0)
            one_card();
        start();
        stop();
    }
    assert_in_range(clock_monotonic_ms() - start_ms, 0, 4000);
    token_monitor_free(NULL);
}

static enum err_code open_presence(const struct token_presence *presence, struct token **out)
{
    struct err err = ERR_INIT;
    struct token_source *source = token_monitor_source(monitor);
    return source->class->open(source, presence, DEADLINE_NEVER, out, &err);
}

static void opens_the_card_that_is_meant(void **state)
{
    one_card();
    start();
    await_change();
    struct token *token = NULL;
    struct token_presence presence = snapshot().present[0];
    struct scripted_channel *script = scripted_channel_new();
    scripted_key_expect_open(script, SCRIPTED_KEY_PLAIN);
    fake.channel = scripted_channel_channel(script);
    assert_int_equal(open_presence(&presence, &token), ERR_NONE);
    assert_string_equal(token_peek_facts(token)->serial, "SN0001");
    scripted_channel_expect(script, SCRIPTED_KEY_CLOSE_APPLICATION, "9000");
    token_closep(&token);
    stop();
}

static void opens_no_other_card(void **state)
{
    one_card();
    start();
    await_change();
    struct token *token = NULL;
    struct token_presence presence = snapshot().present[0];
    struct token_presence elsewhere = presence;
    snprintf(elsewhere.reader, sizeof elsewhere.reader, "B");
    assert_int_equal(open_presence(&elsewhere, &token), ERR_NO_TOKEN);
    fake.open = ERR_TOKEN_REMOVED;
    assert_int_equal(open_presence(&presence, &token), ERR_NO_TOKEN);
    fake.open = ERR_PCSC_NO_PERMISSION;
    assert_int_equal(open_presence(&presence, &token), ERR_PCSC_NO_PERMISSION);
    change(another_card);
    await_change();
    fake.open = ERR_NONE;
    assert_int_equal(open_presence(&presence, &token), ERR_NO_TOKEN);
    assert_null(token);
    stop();
}

static void get_stuck(void)
{
    fake.stuck = true;
}

static void answer_again(void)
{
    fake.stuck = false;
}

static void gives_up_a_service_that_answers_nothing(void **state)
{
    one_card();
    start();
    await_change();
    change(get_stuck);
    stop(); /* returns */
    assert_int_equal(fake.freed, 0);
    change(answer_again);
    pthread_mutex_lock(&fake.lock);
    while (fake.freed == 0) /* the last thread frees it */
        pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
}

static void traces_when_told(void **state)
{
    char *text = NULL;
    size_t text_bytes = 0;
    one_card();
    start();
    await_change();
    FILE *out = open_memstream(&text, &text_bytes);
    token_monitor_set_trace(monitor, out);
    struct token *token = NULL;
    struct token_presence presence = snapshot().present[0];
    struct scripted_channel *script = scripted_channel_new();
    scripted_key_expect_open(script, SCRIPTED_KEY_PLAIN);
    scripted_channel_expect(script, SCRIPTED_KEY_CLOSE_APPLICATION, "9000");
    fake.channel = scripted_channel_channel(script);
    assert_int_equal(open_presence(&presence, &token), ERR_NONE);
    token_closep(&token);
    token_monitor_set_trace(monitor, NULL);
    fclose(out);
    assert_non_null(strstr(text, "> 80040000000120"));
    free(text);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(follows_cards, reset),
        cmocka_unit_test_setup(notices_a_swap, reset),
        cmocka_unit_test_setup(tells_only_of_changes, reset),
        cmocka_unit_test_setup(survives_a_restart_of_the_service, reset),
        cmocka_unit_test_setup(waits_for_a_service_that_comes_late, reset),
        cmocka_unit_test_setup(a_snapshot_waits_for_the_first_scan, reset),
        cmocka_unit_test_setup(a_snapshot_does_not_wait_for_ever, reset),
        cmocka_unit_test_setup(stops_at_once, reset),
        cmocka_unit_test_setup(gives_up_a_service_that_answers_nothing, reset),
        cmocka_unit_test_setup(opens_the_card_that_is_meant, reset),
        cmocka_unit_test_setup(opens_no_other_card, reset),
        cmocka_unit_test_setup(traces_when_told, reset),
    };
    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
