#include "token/pcsc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <winscard.h>

/* pcsc-lite, played by this file: its functions here take the place of the library's. */

static struct fake {
    LONG establish, connect[16], attribute, status, begin, transmit, reconnect, list, change;
    unsigned connects, attributes, transmits, reconnects, ends, releases, cancels;
    DWORD disposition;
    DWORD attribute_bytes_after; /* the ATR's length from the second question on, 0: the same */
    LONG attribute_after; /* and its result, from the third on */
    const char *answer;
    size_t answer_bytes;
    const char *names;
    size_t names_bytes;
    DWORD states[PCSC_READERS_MAX];
    SCARD_READERSTATE asked[PCSC_READERS_MAX];
    size_t asked_count;
    DWORD timeout;
    uint32_t max_input; /* 0: the driver does not know it */
} fake;

static const uint8_t atr[] = {0x3B, 0x80, 0x80, 0x01, 0x01};

LONG SCardEstablishContext(DWORD scope, LPCVOID reserved_1, LPCVOID reserved_2,
                           LPSCARDCONTEXT context)
{
    *context = 7;
    return fake.establish;
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
    fake.releases++;
    return SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
                  LPSCARDHANDLE handle, LPDWORD protocol)
{
    assert_string_equal(reader, "reader");
    assert_int_equal(share, SCARD_SHARE_SHARED);
    assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
    *handle = 9;
    *protocol = SCARD_PROTOCOL_T1;
    return fake.connect[fake.connects++];
}

LONG SCardGetAttrib(SCARDHANDLE handle, DWORD attribute, LPBYTE out, LPDWORD bytes)
{
    if (attribute == 0x7A007) {
        const uint32_t value = fake.max_input;
        memcpy(out, &value, sizeof value);
        *bytes = sizeof value;
        return fake.max_input != 0 ? SCARD_S_SUCCESS : SCARD_E_UNSUPPORTED_FEATURE;
    }
    assert_int_equal(attribute, 0x0303);
    fake.attributes++;
    LONG result =
        fake.attributes >= 3 && fake.attribute_after != 0 ? fake.attribute_after : fake.attribute;
    DWORD length = fake.attributes >= 2 && fake.attribute_bytes_after != 0
                       ? fake.attribute_bytes_after
                       : sizeof atr;
    if (result == SCARD_S_SUCCESS)
        memcpy(out, atr, length);
    *bytes = length;
    return result;
}

LONG SCardStatus(SCARDHANDLE handle, LPSTR name, LPDWORD name_bytes, LPDWORD state,
                 LPDWORD protocol, LPBYTE out, LPDWORD bytes)
{
    memcpy(out, atr, sizeof atr);
    *bytes = sizeof atr;
    return fake.status;
}

LONG SCardDisconnect(SCARDHANDLE handle, DWORD disposition)
{
    fake.disposition = disposition;
    return SCARD_S_SUCCESS;
}

LONG SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD initialization,
                    LPDWORD protocol)
{
    assert_int_equal(initialization, SCARD_LEAVE_CARD);
    fake.reconnects++;
    return fake.reconnect;
}

LONG SCardBeginTransaction(SCARDHANDLE handle)
{
    return fake.begin;
}

LONG SCardEndTransaction(SCARDHANDLE handle, DWORD disposition)
{
    assert_int_equal(disposition, SCARD_LEAVE_CARD);
    fake.ends++;
    return SCARD_S_SUCCESS;
}

LONG SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *send_protocol, LPCBYTE command,
                   DWORD command_bytes, SCARD_IO_REQUEST *receive_protocol, LPBYTE out,
                   LPDWORD out_bytes)
{
    fake.transmits++;
    assert_true(*out_bytes >= 65538);
    if (fake.transmit != SCARD_S_SUCCESS)
        return fake.transmit;
    memcpy(out, fake.answer, fake.answer_bytes);
    *out_bytes = fake.answer_bytes;
    return SCARD_S_SUCCESS;
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD bytes)
{
    if (fake.list != SCARD_S_SUCCESS)
        return fake.list;
    memcpy(names, fake.names, fake.names_bytes);
    *bytes = fake.names_bytes;
    return SCARD_S_SUCCESS;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states,
                          DWORD count)
{
    fake.timeout = timeout;
    fake.asked_count = count;
    memcpy(fake.asked, states, count * sizeof states[0]);
    for (size_t i = 0; i < count; i++)
        states[i].dwEventState = fake.states[i];
    return fake.change;
}

LONG SCardCancel(SCARDCONTEXT context)
{
    fake.cancels++;
    return SCARD_S_SUCCESS;
}

static int reset(void **state)
{
    fake = (struct fake){.answer = "\x90\x00", .answer_bytes = 2};
    return 0;
}

static struct pcsc_card *opened(void)
{
    struct pcsc_card *card = NULL;
    struct err err = ERR_INIT;
    atomic_bool in_use = false;
    assert_int_equal(pcsc_card_open("reader", &in_use, &card, &err), ERR_NONE);
    return card;
}

static void every_code_has_an_error(void **state)
{
    static const struct {
        long foreign;
        enum err_code code;
    } expected[] = {
        {0x00000000, ERR_NONE},
        {0x80100001, ERR_PCSC},
        {0x80100002, ERR_CANCELLED},
        {0x80100008, ERR_TOKEN_TRANSPORT},
        {0x80100009, ERR_TOKEN_REMOVED},
        {0x8010000A, ERR_DEADLINE},
        {0x8010000B, ERR_READER_BUSY},
        {0x8010000C, ERR_TOKEN_REMOVED},
        {0x8010000F, ERR_TOKEN_UNSUPPORTED},
        {0x80100013, ERR_PCSC_NO_SERVICE},
        {0x80100016, ERR_TOKEN_TRANSPORT},
        {0x80100017, ERR_TOKEN_REMOVED},
        {0x8010001D, ERR_PCSC_NO_SERVICE},
        {0x8010001E, ERR_PCSC_NO_SERVICE},
        {0x8010001F, ERR_PCSC},
        {0x8010002E, ERR_TOKEN_REMOVED},
        {0x8010002F, ERR_TOKEN_TRANSPORT},
        {0x80100065, ERR_TOKEN_UNSUPPORTED},
        {0x80100066, ERR_TOKEN_HUNG},
        {0x80100067, ERR_TOKEN_TRANSPORT},
        {0x80100068, ERR_TOKEN_RESET},
        {0x80100069, ERR_TOKEN_REMOVED},
        {0x8010006A, ERR_PCSC_NO_PERMISSION},
        {0x12345678, ERR_PCSC},
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_int_equal(pcsc_err_code(expected[i].foreign), expected[i].code);
}

static void tells_what_the_reader_takes(void **state)
{
    fake.max_input = 3062;
    struct pcsc_card *card = opened();
    assert_int_equal(pcsc_card_command_bytes_max(card), 3062);
    pcsc_card_close(card, false);
    fake.max_input = 0;
    card = opened();
    assert_int_equal(pcsc_card_command_bytes_max(card), 0);
    pcsc_card_close(card, false);
}

static void opens_and_leaves_a_card(void **state)
{
    struct pcsc_card *card = opened();
    assert_true(span_equal(pcsc_card_peek_atr(card), SPAN_ARRAY(atr)));
    pcsc_card_close(card, false);
    assert_int_equal(fake.disposition, SCARD_LEAVE_CARD);
    assert_int_equal(fake.releases, 1);
    pcsc_card_close(opened(), true);
    assert_int_equal(fake.disposition, SCARD_RESET_CARD);
    pcsc_card_close(NULL, true);
}

static void reads_the_atr_the_other_way(void **state)
{
    fake.attribute = SCARD_E_UNSUPPORTED_FEATURE;
    struct pcsc_card *card = opened();
    assert_int_equal(pcsc_card_peek_atr(card).len, sizeof atr);
    pcsc_card_close(card, false);
}

static void waits_for_a_card_that_was_put_in_just_now(void **state)
{
    fake.connect[0] = SCARD_E_NO_SMARTCARD;
    fake.connect[1] = SCARD_W_UNPOWERED_CARD;
    pcsc_card_close(opened(), false);
    assert_int_equal(fake.connects, 3);
}

static void waits_for_a_card_that_is_held_for_a_moment(void **state)
{
    fake.connect[0] = SCARD_E_SHARING_VIOLATION;
    pcsc_card_close(opened(), false);
    assert_int_equal(fake.connects, 2);
}

static void check_in_use(DWORD others, LONG change, bool expected)
{
    struct pcsc_card *card = NULL;
    struct err err = ERR_INIT;
    atomic_bool in_use = !expected;
    reset(NULL);
    fake.states[0] = SCARD_STATE_PRESENT | others;
    fake.change = change;
    assert_int_equal(pcsc_card_open("reader", &in_use, &card, &err), ERR_NONE);
    assert_int_equal(atomic_load(&in_use), expected);
    pcsc_card_close(card, false);
}

static void says_whether_others_use_the_card(void **state)
{
    check_in_use(0, SCARD_S_SUCCESS, false);
    check_in_use(SCARD_STATE_INUSE, SCARD_S_SUCCESS, true);
    check_in_use(SCARD_STATE_EXCLUSIVE, SCARD_S_SUCCESS, true);
    check_in_use(SCARD_STATE_INUSE, SCARD_E_TIMEOUT, false);
}

static void check_not_opened(LONG establish, LONG connect, LONG status, enum err_code expected)
{
    struct pcsc_card *card = NULL;
    struct err err = ERR_INIT;
    reset(NULL);
    fake.establish = establish;
    for (size_t i = 0; i < ARRAY_SIZE(fake.connect); i++)
        fake.connect[i] = connect;
    fake.attribute = status;
    fake.status = status;
    atomic_bool in_use = false;
    assert_int_equal(pcsc_card_open("reader", &in_use, &card, &err), expected);
    assert_null(card);
    assert_true(fake.connects <= 11);
    assert_int_equal(fake.releases, establish == SCARD_S_SUCCESS);
}

static void says_why_a_card_was_not_opened(void **state)
{
    check_not_opened(SCARD_E_NO_SERVICE, 0, 0, ERR_PCSC_NO_SERVICE);
    check_not_opened(0, SCARD_W_SECURITY_VIOLATION, 0, ERR_PCSC_NO_PERMISSION);
    check_not_opened(0, SCARD_E_SHARING_VIOLATION, 0, ERR_READER_BUSY);
    check_not_opened(0, SCARD_E_UNKNOWN_READER, 0, ERR_TOKEN_REMOVED);
    check_not_opened(0, SCARD_E_PROTO_MISMATCH, 0, ERR_TOKEN_UNSUPPORTED);
    check_not_opened(0, SCARD_W_UNRESPONSIVE_CARD, 0, ERR_TOKEN_HUNG);
    check_not_opened(0, 0, SCARD_W_REMOVED_CARD, ERR_TOKEN_REMOVED);
    check_not_opened(0, SCARD_E_NO_SMARTCARD, 0, ERR_TOKEN_REMOVED);
}

static void refuses_a_name_that_is_too_long(void **state)
{
    char name[PCSC_NAME_BYTES + 1];
    struct pcsc_card *card = NULL;
    struct err err = ERR_INIT;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    atomic_bool in_use = false;
    assert_int_equal(pcsc_card_open(name, &in_use, &card, &err), ERR_TOKEN_REMOVED);
}

static enum err_code transmit(struct pcsc_card *card, struct bytes **out, struct err *err)
{
    static const uint8_t command[] = {0x80, 0x04, 0, 0};
    return pcsc_card_transmit(card, SPAN_ARRAY(command), out, err);
}

static void transmits(void **state)
{
    struct pcsc_card *card = opened();
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    fake.answer = "\xAA\x90\x00";
    fake.answer_bytes = 3;
    assert_int_equal(transmit(card, &answer, &err), ERR_NONE);
    assert_int_equal(answer->len, 3);
    pcsc_card_close(card, false);
}

static void check_broken(size_t answer_bytes, LONG transmitted, LONG then, enum err_code expected)
{
    reset(NULL);
    struct pcsc_card *card = opened();
    struct err err = ERR_INIT;
    struct bytes *answer = NULL;
    fake.answer_bytes = answer_bytes;
    fake.transmit = transmitted;
    fake.attribute_after = then;
    assert_int_equal(transmit(card, &answer, &err), expected);
    assert_int_equal(fake.transmits, 1); /* never sent twice */
    assert_null(answer);
    pcsc_card_close(card, false);
}

/* pcsc-lite reports success for an exchange that the card's leaving cut short. */
static void tells_a_pulled_card_from_a_broken_exchange(void **state)
{
    check_broken(0, SCARD_S_SUCCESS, SCARD_W_REMOVED_CARD, ERR_TOKEN_REMOVED);
    check_broken(1, SCARD_S_SUCCESS, SCARD_W_REMOVED_CARD, ERR_TOKEN_REMOVED);
    check_broken(1, SCARD_S_SUCCESS, SCARD_S_SUCCESS, ERR_TOKEN_TRANSPORT);
    check_broken(2, SCARD_E_NOT_TRANSACTED, SCARD_E_NO_SMARTCARD, ERR_TOKEN_REMOVED);
    check_broken(2, SCARD_E_NOT_TRANSACTED, SCARD_S_SUCCESS, ERR_TOKEN_TRANSPORT);
    check_broken(2, SCARD_W_REMOVED_CARD, SCARD_S_SUCCESS, ERR_TOKEN_REMOVED);
    check_broken(2, SCARD_F_COMM_ERROR, SCARD_S_SUCCESS, ERR_PCSC_NO_SERVICE);
    check_broken(2, SCARD_E_NO_SERVICE, SCARD_S_SUCCESS, ERR_PCSC_NO_SERVICE);
    check_broken(2, SCARD_F_INTERNAL_ERROR, SCARD_S_SUCCESS, ERR_PCSC);
}

static void check_reset(bool by_begin, LONG reconnect, DWORD atr_bytes, enum err_code expected)
{
    reset(NULL);
    struct pcsc_card *card = opened();
    struct err err = ERR_INIT;
    struct bytes *answer = NULL;
    fake.begin = fake.transmit = SCARD_W_RESET_CARD;
    fake.reconnect = reconnect;
    fake.attribute_bytes_after = atr_bytes;
    enum err_code code = by_begin ? pcsc_card_begin(card, &err) : transmit(card, &answer, &err);
    assert_int_equal(code, expected);
    assert_int_equal(fake.reconnects, 1);
    assert_int_equal(fake.transmits, by_begin ? 0 : 1);
    pcsc_card_close(card, false);
}

static void reconnects_after_a_reset_but_fails(void **state)
{
    for (int by_begin = 0; by_begin < 2; by_begin++) {
        check_reset(by_begin, SCARD_S_SUCCESS, 0, ERR_TOKEN_RESET);
        check_reset(by_begin, SCARD_E_NO_SMARTCARD, 0, ERR_TOKEN_REMOVED);
        check_reset(by_begin, SCARD_S_SUCCESS, 4, ERR_TOKEN_REMOVED); /* another ATR */
    }
}

static void begins_and_ends(void **state)
{
    struct pcsc_card *card = opened();
    struct err err = ERR_INIT;
    assert_int_equal(pcsc_card_begin(card, &err), ERR_NONE);
    pcsc_card_end(card);
    assert_int_equal(fake.ends, 1);
    pcsc_card_close(card, false);
}

/* ---- the readers ---- */

static struct pcsc_watch *watching(void)
{
    struct pcsc_watch *watch = pcsc_watch_new();
    struct err err = ERR_INIT;
    assert_int_equal(pcsc_watch_connect(watch, &err), ERR_NONE);
    return watch;
}

static void reads_the_readers(void **state)
{
    struct pcsc_watch *watch = watching();
    struct pcsc_readers readers;
    struct err err = ERR_INIT;
    fake.names = "one\0two\0";
    fake.names_bytes = 9;
    fake.states[0] = 0x00030000 | SCARD_STATE_CHANGED | SCARD_STATE_PRESENT | SCARD_STATE_INUSE;
    fake.states[1] = SCARD_STATE_CHANGED | SCARD_STATE_EMPTY;
    fake.states[2] = 0x00050000 | SCARD_STATE_CHANGED;
    assert_int_equal(pcsc_watch_read(watch, &readers, &err), ERR_NONE);
    assert_int_equal(fake.asked_count, 3);
    assert_string_equal(fake.asked[2].szReader, "\\\\?PnP?\\Notification");
    assert_int_equal(fake.timeout, 0);
    assert_int_equal(readers.count, 2);
    assert_string_equal(readers.reader[1].name, "two");
    assert_true(readers.reader[0].has_card);
    assert_int_equal(readers.reader[0].state, 0x00030000 | SCARD_STATE_PRESENT);
    assert_false(readers.reader[1].has_card);
    assert_int_equal(pcsc_watch_wait(watch, &readers, -1, &err), ERR_NONE);
    assert_int_equal(fake.timeout, INFINITE);
    assert_int_equal(fake.asked[0].dwCurrentState, 0x00030000 | SCARD_STATE_PRESENT);
    assert_int_equal(fake.asked[2].dwCurrentState, 0x00050000);
    pcsc_watch_free(watch);
}

static void no_readers_are_no_failure(void **state)
{
    struct pcsc_watch *watch = watching();
    struct pcsc_readers readers;
    struct err err = ERR_INIT;
    fake.list = SCARD_E_NO_READERS_AVAILABLE;
    fake.change = SCARD_E_TIMEOUT;
    assert_int_equal(pcsc_watch_read(watch, &readers, &err), ERR_NONE);
    assert_int_equal(readers.count, 0);
    assert_int_equal(pcsc_watch_wait(watch, &readers, 250, &err), ERR_DEADLINE);
    assert_int_equal(fake.timeout, 250);
    assert_int_equal(fake.asked_count, 1);
    pcsc_watch_free(watch);
}

/* pcsc-lite takes 16 states at most, the PnP reader among them. */
static void leaves_the_pnp_reader_out_at_the_limit(void **state)
{
    char names[17 * 3 + 1] = {0};
    for (int i = 0; i < 17; i++)
        memcpy(names + (size_t)i * 3, (char[]){'r', (char)('a' + i), '\0'}, 3);
    for (size_t count = 15; count <= 17; count++) {
        struct pcsc_watch *watch = watching();
        struct pcsc_readers readers;
        struct err err = ERR_INIT;
        char some[sizeof names] = {0};
        memcpy(some, names, count * 3);
        fake.names = some;
        fake.names_bytes = count * 3 + 1;
        assert_int_equal(pcsc_watch_read(watch, &readers, &err), ERR_NONE);
        assert_int_equal(readers.count, count < 16 ? count : 16);
        assert_int_equal(fake.asked_count, 16);
        pcsc_watch_free(watch);
    }
}

static void tells_what_ended_the_wait(void **state)
{
    struct pcsc_watch *watch = watching();
    struct pcsc_readers readers = {0};
    struct err err = ERR_INIT;
    fake.change = SCARD_E_CANCELLED;
    assert_int_equal(pcsc_watch_wait(watch, &readers, -1, &err), ERR_CANCELLED);
    fake.change = SCARD_F_COMM_ERROR;
    assert_int_equal(pcsc_watch_wait(watch, &readers, -1, &err), ERR_PCSC_NO_SERVICE);
    fake.list = SCARD_E_NO_SERVICE;
    assert_int_equal(pcsc_watch_read(watch, &readers, &err), ERR_PCSC_NO_SERVICE);
    pcsc_watch_cancel(watch);
    assert_int_equal(fake.cancels, 1);
    pcsc_watch_disconnect(watch);
    pcsc_watch_cancel(watch); /* there is nothing to cancel any more */
    assert_int_equal(fake.cancels, 1);
    assert_int_equal(fake.releases, 1);
    pcsc_watch_free(watch);
    assert_int_equal(fake.releases, 1);
    pcsc_watch_free(NULL);
}

static void says_why_it_can_not_watch(void **state)
{
    struct pcsc_watch *watch = pcsc_watch_new();
    struct err err = ERR_INIT;
    fake.establish = SCARD_E_NO_SERVICE;
    assert_int_equal(pcsc_watch_connect(watch, &err), ERR_PCSC_NO_SERVICE);
    fake.establish = SCARD_W_SECURITY_VIOLATION;
    assert_int_equal(pcsc_watch_connect(watch, &err), ERR_PCSC_NO_PERMISSION);
    pcsc_watch_free(watch);
    assert_int_equal(fake.releases, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_code_has_an_error, reset),
        cmocka_unit_test_setup(tells_what_the_reader_takes, reset),
        cmocka_unit_test_setup(opens_and_leaves_a_card, reset),
        cmocka_unit_test_setup(reads_the_atr_the_other_way, reset),
        cmocka_unit_test_setup(waits_for_a_card_that_was_put_in_just_now, reset),
        cmocka_unit_test_setup(waits_for_a_card_that_is_held_for_a_moment, reset),
        cmocka_unit_test_setup(says_whether_others_use_the_card, reset),
        cmocka_unit_test_setup(says_why_a_card_was_not_opened, reset),
        cmocka_unit_test_setup(refuses_a_name_that_is_too_long, reset),
        cmocka_unit_test_setup(transmits, reset),
        cmocka_unit_test_setup(tells_a_pulled_card_from_a_broken_exchange, reset),
        cmocka_unit_test_setup(reconnects_after_a_reset_but_fails, reset),
        cmocka_unit_test_setup(begins_and_ends, reset),
        cmocka_unit_test_setup(reads_the_readers, reset),
        cmocka_unit_test_setup(no_readers_are_no_failure, reset),
        cmocka_unit_test_setup(leaves_the_pnp_reader_out_at_the_limit, reset),
        cmocka_unit_test_setup(tells_what_ended_the_wait, reset),
        cmocka_unit_test_setup(says_why_it_can_not_watch, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
