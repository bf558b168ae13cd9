#include "token/channel_pcsc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "token/pcsc.h"

/* pcsc.c, played by this file: a card that can be told to keep silent. */

struct pcsc_card {
    int unused;
};

static struct fake {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool in_use; /* by others */
    bool silent_open, silent_begin, silent_transmit; /* until released */
    bool released;
    enum err_code open, begin, transmit;
    unsigned opens, begins, ends, transmits, closes;
    bool was_reset;
} fake = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};

static const uint8_t atr[] = {0x3B, 0x00};

static void wait_if(bool silent)
{
    while (silent && !fake.released)
        pthread_cond_wait(&fake.changed, &fake.lock);
}

enum err_code pcsc_card_open(const char *reader, atomic_bool *in_use, struct pcsc_card **out,
                             struct err *err)
{
    pthread_mutex_lock(&fake.lock);
    atomic_store(in_use, fake.in_use);
    wait_if(fake.silent_open);
    fake.opens++;
    enum err_code code = fake.open;
    pthread_mutex_unlock(&fake.lock);
    if (code != ERR_NONE)
        return err_set(err, code, "fake");
    *out = memory_new(sizeof **out);
    return ERR_NONE;
}

void pcsc_card_close(struct pcsc_card *card, bool reset)
{
    pthread_mutex_lock(&fake.lock);
    fake.closes++;
    fake.was_reset = reset;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
    free(card);
}

struct span pcsc_card_peek_atr(const struct pcsc_card *card)
{
    return SPAN_ARRAY(atr);
}

size_t pcsc_card_command_bytes_max(const struct pcsc_card *card)
{
    return 261;
}

enum err_code pcsc_card_begin(struct pcsc_card *card, struct err *err)
{
    pthread_mutex_lock(&fake.lock);
    wait_if(fake.silent_begin);
    fake.begins++;
    enum err_code code = fake.begin;
    pthread_mutex_unlock(&fake.lock);
    return code == ERR_NONE ? ERR_NONE : err_set(err, code, "fake");
}

void pcsc_card_end(struct pcsc_card *card)
{
    pthread_mutex_lock(&fake.lock);
    fake.ends++;
    pthread_mutex_unlock(&fake.lock);
}

enum err_code pcsc_card_transmit(struct pcsc_card *card, struct span command, struct bytes **out,
                                 struct err *err)
{
    pthread_mutex_lock(&fake.lock);
    fake.transmits++;
    wait_if(fake.silent_transmit);
    enum err_code code = fake.transmit;
    pthread_mutex_unlock(&fake.lock);
    if (code != ERR_NONE)
        return err_set(err, code, "fake");
    *out = bytes_new(command); /* an echo */
    return ERR_NONE;
}

static int reset(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    fake = (struct fake){.lock = lock, .changed = changed};
    return 0;
}

/* Lets the silent call return, and waits until the thread that was given up has closed the card. */
static void release_and_wait(unsigned closes)
{
    pthread_mutex_lock(&fake.lock);
    fake.released = true;
    pthread_cond_broadcast(&fake.changed);
    while (fake.closes < closes)
        pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
}

static bool was_reset(void)
{
    pthread_mutex_lock(&fake.lock);
    bool result = fake.was_reset;
    pthread_mutex_unlock(&fake.lock);
    return result;
}

static struct channel *opened(void)
{
    struct channel *channel = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(channel_pcsc_open("reader", deadline_in_ms(5000), &channel, &err), ERR_NONE);
    return channel;
}

static enum err_code transmit(struct channel *channel, uint8_t ins, struct deadline deadline)
{
    const uint8_t command[] = {0x80, ins, 0x90, 0x00};
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    enum err_code code =
        channel->class->transmit(channel, SPAN_ARRAY(command), &answer, deadline, &err);
    if (code == ERR_NONE)
        assert_true(span_equal(span_bytes(answer), SPAN_ARRAY(command)));
    return code;
}

static void exchanges_through_its_thread(void **state)
{
    struct channel *channel = opened();
    struct err err = ERR_INIT;
    assert_int_equal(channel->class->begin(channel, DEADLINE_NEVER, &err), ERR_NONE);
    for (int i = 0; i < 100; i++)
        assert_int_equal(transmit(channel, 0x04, deadline_in_ms(5000)), ERR_NONE);
    channel->class->end(channel);
    assert_true(span_equal(channel->class->peek_atr(channel), SPAN_ARRAY(atr)));
    assert_int_equal(channel->class->command_bytes_max(channel), 261);
    channel_close(channel);
    assert_int_equal(fake.transmits, 100);
    assert_int_equal(fake.ends, 1);
    assert_int_equal(fake.closes, 1);
    assert_false(fake.was_reset);
}

static void says_why_it_was_not_opened(void **state)
{
    struct channel *channel = NULL;
    struct err err = ERR_INIT;
    char name[PCSC_NAME_BYTES + 1];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    fake.open = ERR_PCSC_NO_PERMISSION;
    assert_int_equal(channel_pcsc_open("reader", DEADLINE_NEVER, &channel, &err),
                     ERR_PCSC_NO_PERMISSION);
    assert_int_equal(channel_pcsc_open(name, DEADLINE_NEVER, &channel, &err), ERR_TOKEN_REMOVED);
    assert_null(channel);
    assert_int_equal(fake.closes, 0);
}

static void gives_up_a_card_that_keeps_silent(void **state)
{
    struct channel *channel = opened();
    fake.silent_transmit = true;
    int64_t start_ms = clock_monotonic_ms();
    assert_int_equal(transmit(channel, 0x04, deadline_in_ms(50)), ERR_TOKEN_HUNG);
    int64_t took_ms = clock_monotonic_ms() - start_ms;
    assert_in_range(took_ms, 45, 2000);
    /* Dead from now on, at once, and nothing more is sent. */
    struct err err = ERR_INIT;
    start_ms = clock_monotonic_ms();
    assert_int_equal(transmit(channel, 0x04, deadline_in_ms(5000)), ERR_TOKEN_HUNG);
    assert_int_equal(channel->class->begin(channel, DEADLINE_NEVER, &err), ERR_TOKEN_HUNG);
    channel->class->end(channel);
    channel_close(channel);
    assert_in_range(clock_monotonic_ms() - start_ms, 0, 1000);
    release_and_wait(1);
    assert_false(was_reset()); /* no PIN was sent */
}

static void other_cards_do_not_notice(void **state)
{
    struct channel *silent = opened();
    fake.silent_transmit = true;
    assert_int_equal(transmit(silent, 0x04, deadline_in_ms(20)), ERR_TOKEN_HUNG);
    pthread_mutex_lock(&fake.lock);
    fake.silent_transmit = false; /* the first call still waits */
    pthread_mutex_unlock(&fake.lock);
    struct channel *other = opened();
    assert_int_equal(transmit(other, 0x04, deadline_in_ms(5000)), ERR_NONE);
    channel_close(other);
    channel_close(silent);
    release_and_wait(2);
}

static void a_late_answer_goes_nowhere(void **state)
{
    struct channel *channel = opened();
    fake.silent_transmit = true;
    assert_int_equal(transmit(channel, 0x04, deadline_in_ms(20)), ERR_TOKEN_HUNG);
    release_and_wait(1); /* it answers after all */
    assert_int_equal(transmit(channel, 0x04, deadline_in_ms(5000)), ERR_TOKEN_HUNG);
    channel_close(channel);
}

static void resets_a_card_whose_manager_logged_in(void **state)
{
    static const uint8_t authenticate[] = {0x00, 0x87, 0x0A, 0x9B};
    struct channel *channel = opened();
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    assert_int_equal(channel->class->transmit(channel, SPAN_ARRAY(authenticate), &answer,
                                              deadline_in_ms(5000), &err),
                     ERR_NONE);
    channel_close(channel);
    release_and_wait(1);
    assert_true(was_reset());
}

static void resets_a_silent_card_after_a_pin(void **state)
{
    struct channel *channel = opened();
    assert_int_equal(transmit(channel, 0x18, deadline_in_ms(5000)), ERR_NONE);
    fake.silent_transmit = true;
    assert_int_equal(transmit(channel, 0x04, deadline_in_ms(20)), ERR_TOKEN_HUNG);
    channel_close(channel);
    release_and_wait(1);
    assert_true(was_reset());
}

static void check_reset_at_the_end(uint8_t ins, enum err_code then, bool expected)
{
    reset(NULL);
    struct channel *channel = opened();
    assert_int_equal(transmit(channel, ins, DEADLINE_NEVER), ERR_NONE);
    fake.transmit = then;
    assert_int_equal(transmit(channel, 0x04, DEADLINE_NEVER), then);
    channel_close(channel);
    assert_int_equal(fake.was_reset, expected);
}

static void resets_only_when_a_login_may_be_left(void **state)
{
    check_reset_at_the_end(0x18, ERR_NONE, false);
    check_reset_at_the_end(0x18, ERR_TOKEN_RESET, false);
    check_reset_at_the_end(0x18, ERR_TOKEN_TRANSPORT, true);
    check_reset_at_the_end(0x04, ERR_TOKEN_TRANSPORT, false);
}

static void gives_up_a_card_that_another_program_keeps(void **state)
{
    struct channel *channel = opened();
    struct err err = ERR_INIT;
    fake.silent_begin = true;
    assert_int_equal(channel->class->begin(channel, deadline_in_ms(20), &err), ERR_READER_BUSY);
    assert_int_equal(transmit(channel, 0x04, DEADLINE_NEVER), ERR_READER_BUSY);
    channel_close(channel);
    release_and_wait(1);
    assert_int_equal(fake.ends, 1); /* it got the transaction late, and let go */
    assert_false(was_reset());
}

static void gives_up_a_card_that_does_not_open(void **state)
{
    struct channel *channel = NULL;
    struct err err = ERR_INIT;
    fake.silent_open = true;
    assert_int_equal(channel_pcsc_open("reader", deadline_in_ms(20), &channel, &err),
                     ERR_TOKEN_HUNG);
    assert_null(channel);
    release_and_wait(1);
}

static enum err_code open_in_vain(void)
{
    struct channel *channel = NULL;
    struct err err = ERR_INIT;
    fake.silent_open = true;
    return channel_pcsc_open("reader", deadline_in_ms(20), &channel, &err);
}

static void says_that_another_program_keeps_the_card_from_opening(void **state)
{
    fake.in_use = true;
    assert_int_equal(open_in_vain(), ERR_READER_BUSY);
    release_and_wait(1);
}

static void a_card_that_we_wait_for_ourselves_is_hung(void **state)
{
    struct channel *silent = opened();
    fake.in_use = fake.silent_transmit = true;
    assert_int_equal(transmit(silent, 0x04, deadline_in_ms(20)), ERR_TOKEN_HUNG);
    assert_int_equal(open_in_vain(), ERR_TOKEN_HUNG);
    channel_close(silent);
    release_and_wait(2);
    reset(NULL); /* it came back: others may be to blame again */
    fake.in_use = true;
    assert_int_equal(open_in_vain(), ERR_READER_BUSY);
    release_and_wait(1);
}

static void closing_ends_the_transaction(void **state)
{
    struct channel *channel = opened();
    struct err err = ERR_INIT;
    assert_int_equal(channel->class->begin(channel, DEADLINE_NEVER, &err), ERR_NONE);
    channel_close(channel);
    assert_int_equal(fake.ends, 1);
}

static void a_failed_begin_holds_nothing(void **state)
{
    struct channel *channel = opened();
    struct err err = ERR_INIT;
    fake.begin = ERR_TOKEN_RESET;
    assert_int_equal(channel->class->begin(channel, DEADLINE_NEVER, &err), ERR_TOKEN_RESET);
    fake.begin = ERR_NONE;
    assert_int_equal(channel->class->begin(channel, DEADLINE_NEVER, &err), ERR_NONE);
    channel_close(channel);
    assert_int_equal(fake.ends, 1);
}

static void check_length(size_t length, enum err_code expected)
{
    struct channel *channel = opened();
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *command = bytes_new_size(length);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    assert_int_equal(
        channel->class->transmit(channel, span_bytes(command), &answer, DEADLINE_NEVER, &err),
        expected);
    channel_close(channel);
}

/* One byte would be taken for a control code by vpcd, more than 65,535 eject its card. */
static void sends_only_commands_of_a_possible_length(void **state)
{
    check_length(0, ERR_INTERNAL);
    check_length(1, ERR_INTERNAL);
    check_length(3, ERR_INTERNAL);
    check_length(4, ERR_NONE);
    check_length(CHANNEL_COMMAND_BYTES_MAX, ERR_NONE);
    check_length(CHANNEL_COMMAND_BYTES_MAX + 1, ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exchanges_through_its_thread, reset),
        cmocka_unit_test_setup(says_why_it_was_not_opened, reset),
        cmocka_unit_test_setup(gives_up_a_card_that_keeps_silent, reset),
        cmocka_unit_test_setup(other_cards_do_not_notice, reset),
        cmocka_unit_test_setup(a_late_answer_goes_nowhere, reset),
        cmocka_unit_test_setup(resets_a_card_whose_manager_logged_in, reset),
        cmocka_unit_test_setup(resets_a_silent_card_after_a_pin, reset),
        cmocka_unit_test_setup(resets_only_when_a_login_may_be_left, reset),
        cmocka_unit_test_setup(gives_up_a_card_that_another_program_keeps, reset),
        cmocka_unit_test_setup(gives_up_a_card_that_does_not_open, reset),
        cmocka_unit_test_setup(says_that_another_program_keeps_the_card_from_opening, reset),
        cmocka_unit_test_setup(a_card_that_we_wait_for_ourselves_is_hung, reset),
        cmocka_unit_test_setup(closing_ends_the_transaction, reset),
        cmocka_unit_test_setup(a_failed_begin_holds_nothing, reset),
        cmocka_unit_test_setup(sends_only_commands_of_a_possible_length, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
