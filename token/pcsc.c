#include "token/pcsc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <winscard.h>

_Static_assert(PCSC_READERS_MAX == PCSCLITE_MAX_READERS_CONTEXTS, "see pcsclite.h");
_Static_assert(PCSC_NAME_BYTES == MAX_READERNAME, "see pcsclite.h");

/* pcscd looks at a reader every 400 ms, and only then takes notice of a card; and who reads a card
 * exclusively takes well below a second. */
#define CONNECT_TRIES 11
#define CONNECT_PAUSE_MS 100
/* A card that was pulled out is noticed within two such looks. */
#define REMOVAL_LOOKS 9
#define REMOVAL_PAUSE_MS 100
/* TAG_IFD_ATR of pcsc-lite's handler interface: the ATR, known to every driver of readers. */
#define ATTRIBUTE_ATR 0x0303
#define ATTRIBUTE_MAX_INPUT 0x7A007 /* SCARD_ATTR_MAXINPUT; CCID: a message without its header */
#define PNP_READER "\\\\?PnP?\\Notification"
#define COUNTER_BITS 0xFFFF0000UL
/* Bits that say who uses the card change with our own connections, and are no news. */
#define PRESENCE_BITS \
    (SCARD_STATE_EMPTY | SCARD_STATE_PRESENT | SCARD_STATE_MUTE | SCARD_STATE_UNAVAILABLE | \
     SCARD_STATE_UNKNOWN)

static const struct {
    LONG foreign;
    enum err_code code;
} codes[] = {
    {SCARD_S_SUCCESS, ERR_NONE},
    {SCARD_E_CANCELLED, ERR_CANCELLED},
    {SCARD_E_UNKNOWN_READER, ERR_TOKEN_REMOVED},
    {SCARD_E_TIMEOUT, ERR_DEADLINE},
    {SCARD_E_SHARING_VIOLATION, ERR_READER_BUSY},
    {SCARD_E_NO_SMARTCARD, ERR_TOKEN_REMOVED},
    {SCARD_E_PROTO_MISMATCH, ERR_TOKEN_UNSUPPORTED},
    {SCARD_F_COMM_ERROR, ERR_PCSC_NO_SERVICE}, /* the line to pcscd, not to the card */
    {SCARD_E_NOT_TRANSACTED, ERR_TOKEN_TRANSPORT},
    {SCARD_E_READER_UNAVAILABLE, ERR_TOKEN_REMOVED},
    {SCARD_E_NO_SERVICE, ERR_PCSC_NO_SERVICE},
    {SCARD_E_SERVICE_STOPPED, ERR_PCSC_NO_SERVICE},
    {SCARD_E_NO_READERS_AVAILABLE, ERR_TOKEN_REMOVED},
    {SCARD_E_COMM_DATA_LOST, ERR_TOKEN_TRANSPORT},
    {SCARD_E_INSUFFICIENT_BUFFER, ERR_TOKEN_TRANSPORT}, /* the card acted, its answer is lost */
    {SCARD_W_UNSUPPORTED_CARD, ERR_TOKEN_UNSUPPORTED},
    {SCARD_W_UNRESPONSIVE_CARD, ERR_TOKEN_HUNG},
    {SCARD_W_UNPOWERED_CARD, ERR_TOKEN_TRANSPORT},
    {SCARD_W_RESET_CARD, ERR_TOKEN_RESET},
    {SCARD_W_REMOVED_CARD, ERR_TOKEN_REMOVED},
    {SCARD_W_SECURITY_VIOLATION, ERR_PCSC_NO_PERMISSION},
};

enum err_code pcsc_err_code(long foreign)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].foreign == foreign)
            return codes[i].code;
    return ERR_PCSC;
}

static enum err_code fail(struct err *err, LONG foreign, const char *doing)
{
    return err_set_foreign(err, pcsc_err_code(foreign), foreign, "%s: %08lX", doing,
                           (unsigned long)foreign);
}

/* ---- a card ---- */

struct pcsc_card {
    SCARDCONTEXT context;
    SCARDHANDLE handle;
    bool has_context, has_handle;
    DWORD protocol;
    char reader[PCSC_NAME_BYTES];
    DWORD atr_bytes;
    uint8_t atr[PCSC_ATR_BYTES_MAX];
    size_t command_bytes_max; /* 0: not known */
    uint8_t answer[MAX_BUFFER_SIZE_EXTENDED];
};

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static bool is_in_use(const struct pcsc_card *card)
{
    SCARD_READERSTATE state = {.szReader = card->reader};
    return SCardGetStatusChange(card->context, 0, &state, 1) == SCARD_S_SUCCESS &&
           (state.dwEventState & (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE)) != 0;
}

/* What may be otherwise in a moment. */
static bool passes(LONG result)
{
    return result == SCARD_E_NO_SMARTCARD || result == SCARD_W_UNPOWERED_CARD ||
           result == SCARD_E_SHARING_VIOLATION;
}

static LONG connect_when_possible(struct pcsc_card *card)
{
    LONG result = SCARD_E_NO_SMARTCARD;
    for (int tries = 0; tries < CONNECT_TRIES; tries++) {
        if (tries > 0)
            pause_ms(CONNECT_PAUSE_MS);
        result =
            SCardConnect(card->context, card->reader, SCARD_SHARE_SHARED,
                         SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card->handle, &card->protocol);
        if (!passes(result))
            break;
    }
    return result;
}

/* By the attribute, since SCardStatus of pcsc-lite 1.9 writes a table that all contexts of the process
 * share while the watch reads it; it is left for drivers that don't know the attribute. */
static LONG read_atr(struct pcsc_card *card, uint8_t atr[MAX_ATR_SIZE], DWORD *out_bytes)
{
    DWORD atr_bytes = MAX_ATR_SIZE;
    LONG result = SCardGetAttrib(card->handle, ATTRIBUTE_ATR, atr, &atr_bytes);
    if (result != SCARD_S_SUCCESS) {
        char name[PCSC_NAME_BYTES];
        DWORD name_bytes = sizeof name, state = 0, protocol = 0;
        atr_bytes = MAX_ATR_SIZE;
        result = SCardStatus(card->handle, name, &name_bytes, &state, &protocol, atr, &atr_bytes);
    }
    if (result == SCARD_S_SUCCESS)
        *out_bytes = atr_bytes;
    return result;
}

/* Drivers that don't know the attribute say nothing. */
static size_t read_command_bytes_max(const struct pcsc_card *card)
{
    uint32_t value = 0;
    DWORD bytes = sizeof value;
    LONG result = SCardGetAttrib(card->handle, ATTRIBUTE_MAX_INPUT, (uint8_t *)&value, &bytes);
    return result == SCARD_S_SUCCESS && bytes == sizeof value ? value : 0;
}

static void card_freep(struct pcsc_card **card)
{
    pcsc_card_close(*card, false);
    *card = NULL;
}

enum err_code pcsc_card_open(const char *reader, atomic_bool *in_use, struct pcsc_card **out,
                             struct err *err)
{
    if (strlen(reader) >= PCSC_NAME_BYTES)
        return err_set(err, ERR_TOKEN_REMOVED, "a reader's name of %zu bytes", strlen(reader));
    AUTO(card_freep) struct pcsc_card *card = memory_new(sizeof *card);
    memcpy(card->reader, reader, strlen(reader));
    LONG result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &card->context);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "establish a context");
    card->has_context = true;
    atomic_store(in_use, is_in_use(card));
    result = connect_when_possible(card);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "connect to the card");
    card->has_handle = true;
    uint8_t atr[MAX_ATR_SIZE];
    result = read_atr(card, atr, &card->atr_bytes);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "read the ATR");
    memcpy(card->atr, atr, card->atr_bytes);
    card->command_bytes_max = read_command_bytes_max(card);
    *out = TAKE(card);
    return ERR_NONE;
}

void pcsc_card_close(struct pcsc_card *card, bool reset)
{
    if (card == NULL)
        return;
    if (card->has_handle)
        SCardDisconnect(card->handle, reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
    if (card->has_context)
        SCardReleaseContext(card->context);
    free(card);
}

size_t pcsc_card_command_bytes_max(const struct pcsc_card *card)
{
    return card->command_bytes_max;
}

struct span pcsc_card_peek_atr(const struct pcsc_card *card)
{
    return span_of(card->atr, card->atr_bytes);
}

static enum err_code reconnect(struct pcsc_card *card, struct err *err)
{
    LONG result =
        SCardReconnect(card->handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                       SCARD_LEAVE_CARD, &card->protocol);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "reconnect after a reset");
    uint8_t atr[MAX_ATR_SIZE];
    DWORD atr_bytes = 0;
    result = read_atr(card, atr, &atr_bytes);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "read the ATR after a reset");
    if (!span_equal(span_of(atr, atr_bytes), pcsc_card_peek_atr(card)))
        return err_set(err, ERR_TOKEN_REMOVED, "the card that came back has another ATR");
    return err_set_foreign(err, ERR_TOKEN_RESET, SCARD_W_RESET_CARD,
                           "another program reset the card");
}

static bool has_left(LONG result)
{
    return result == SCARD_W_REMOVED_CARD || result == SCARD_E_NO_SMARTCARD ||
           result == SCARD_E_READER_UNAVAILABLE;
}

/* After a broken exchange the same handle looks sound until pcscd has had its next look: whether the
 * card was pulled out decides what the person is told. */
static enum err_code broke(struct pcsc_card *card, LONG foreign, const char *doing, struct err *err)
{
    for (int looks = 0; looks < REMOVAL_LOOKS; looks++) {
        uint8_t atr[MAX_ATR_SIZE];
        DWORD atr_bytes = sizeof atr;
        pause_ms(REMOVAL_PAUSE_MS);
        if (has_left(SCardGetAttrib(card->handle, ATTRIBUTE_ATR, atr, &atr_bytes)))
            return err_set_foreign(err, ERR_TOKEN_REMOVED, foreign, "%s: the card left", doing);
    }
    return err_set_foreign(err, ERR_TOKEN_TRANSPORT, foreign, "%s: %08lX", doing,
                           (unsigned long)foreign);
}

static enum err_code card_failed(struct pcsc_card *card, LONG foreign, const char *doing,
                                 struct err *err)
{
    switch (pcsc_err_code(foreign)) {
    case ERR_TOKEN_RESET:
        return reconnect(card, err);
    case ERR_TOKEN_TRANSPORT:
        return broke(card, foreign, doing, err);
    default:
        return fail(err, foreign, doing);
    }
}

enum err_code pcsc_card_begin(struct pcsc_card *card, struct err *err)
{
    LONG result = SCardBeginTransaction(card->handle);
    if (result != SCARD_S_SUCCESS)
        return card_failed(card, result, "begin a transaction", err);
    return ERR_NONE;
}

void pcsc_card_end(struct pcsc_card *card)
{
    SCardEndTransaction(card->handle, SCARD_LEAVE_CARD);
}

enum err_code pcsc_card_transmit(struct pcsc_card *card, struct span command, struct bytes **out,
                                 struct err *err)
{
    const SCARD_IO_REQUEST *protocol =
        card->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
    DWORD answer_bytes = sizeof card->answer;
    LONG result = SCardTransmit(card->handle, protocol, command.at, command.len, NULL, card->answer,
                                &answer_bytes);
    if (result != SCARD_S_SUCCESS)
        return card_failed(card, result, "transmit", err);
    if (answer_bytes < 2)
        return broke(card, result, "transmit: an answer without a status word", err);
    *out = bytes_new(span_of(card->answer, answer_bytes));
    return ERR_NONE;
}

/* ---- the readers ---- */

struct pcsc_watch {
    pthread_mutex_t lock; /* guards context and connected against pcsc_watch_cancel */
    SCARDCONTEXT context;
    bool connected;
};

struct pcsc_watch *pcsc_watch_new(void)
{
    struct pcsc_watch *watch = memory_new(sizeof *watch);
    pthread_mutex_init(&watch->lock, NULL);
    return watch;
}

void pcsc_watch_free(struct pcsc_watch *watch)
{
    if (watch == NULL)
        return;
    pcsc_watch_disconnect(watch);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

enum err_code pcsc_watch_connect(struct pcsc_watch *watch, struct err *err)
{
    SCARDCONTEXT context;
    LONG result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "establish a context");
    pthread_mutex_lock(&watch->lock);
    watch->context = context;
    watch->connected = true;
    pthread_mutex_unlock(&watch->lock);
    return ERR_NONE;
}

void pcsc_watch_disconnect(struct pcsc_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    if (watch->connected)
        SCardReleaseContext(
            watch->context); /* fails when pcscd is gone: nothing is left to release */
    watch->connected = false;
    pthread_mutex_unlock(&watch->lock);
}

void pcsc_watch_cancel(struct pcsc_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    if (watch->connected)
        SCardCancel(watch->context);
    pthread_mutex_unlock(&watch->lock);
}

static void set_names(struct pcsc_readers *readers, const char *names)
{
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        if (readers->count == PCSC_READERS_MAX)
            return;
        struct pcsc_reader *reader = &readers->reader[readers->count++];
        memcpy(reader->name, name, strnlen(name, PCSC_NAME_BYTES - 1));
    }
}

static size_t fill_states(SCARD_READERSTATE states[PCSC_READERS_MAX],
                          const struct pcsc_readers *readers)
{
    size_t count = 0;
    for (; count < readers->count; count++)
        states[count] = (SCARD_READERSTATE){
            .szReader = readers->reader[count].name,
            .dwCurrentState = readers->reader[count].state,
        };
    if (count < PCSC_READERS_MAX) /* at the limit there is no room, and no more can come */
        states[count++] = (SCARD_READERSTATE){
            .szReader = PNP_READER,
            .dwCurrentState = readers->pnp_state,
        };
    return count;
}

static void take_states(struct pcsc_readers *readers,
                        const SCARD_READERSTATE states[PCSC_READERS_MAX])
{
    for (size_t i = 0; i < readers->count; i++) {
        struct pcsc_reader *reader = &readers->reader[i];
        reader->state = (unsigned)(states[i].dwEventState & (COUNTER_BITS | PRESENCE_BITS));
        reader->has_card = (reader->state & SCARD_STATE_PRESENT) != 0;
        reader->is_exclusive = (states[i].dwEventState & SCARD_STATE_EXCLUSIVE) != 0;
    }
    if (readers->count < PCSC_READERS_MAX)
        readers->pnp_state = (unsigned)(states[readers->count].dwEventState & COUNTER_BITS);
}

enum err_code pcsc_watch_read(struct pcsc_watch *watch, struct pcsc_readers *out, struct err *err)
{
    char names[PCSC_READERS_MAX * PCSC_NAME_BYTES + 1] = {0};
    DWORD names_bytes = sizeof names;
    struct pcsc_readers readers = {0};
    LONG result = SCardListReaders(watch->context, NULL, names, &names_bytes);
    if (result != SCARD_S_SUCCESS && result != SCARD_E_NO_READERS_AVAILABLE)
        return fail(err, result, "list the readers");
    if (result == SCARD_S_SUCCESS)
        set_names(&readers, names);
    SCARD_READERSTATE states[PCSC_READERS_MAX];
    size_t count = fill_states(states, &readers);
    result = SCardGetStatusChange(watch->context, 0, states, count);
    if (result != SCARD_S_SUCCESS && result != SCARD_E_TIMEOUT)
        return fail(err, result, "read the readers' states");
    take_states(&readers, states);
    *out = readers;
    return ERR_NONE;
}

enum err_code pcsc_watch_wait(struct pcsc_watch *watch, const struct pcsc_readers *known,
                              int timeout_ms, struct err *err)
{
    SCARD_READERSTATE states[PCSC_READERS_MAX];
    size_t count = fill_states(states, known);
    DWORD timeout = timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms;
    LONG result = SCardGetStatusChange(watch->context, timeout, states, count);
    if (result != SCARD_S_SUCCESS)
        return fail(err, result, "wait for a change of the readers");
    return ERR_NONE;
}
