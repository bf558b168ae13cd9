#include "token/virtual/virtual_piv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_family.h"
#include "token/virtual/virtual_latency.h"
#include "token/virtual/virtual_piv_call.h"
#include "token/virtual/virtual_piv_describe.h"
#include "token/virtual/virtual_piv_state.h"

/* T=0 and T=1; the historical bytes are "SIMPIV". */
static const uint8_t short_atr[] = {0x3B, 0x86, 0x80, 0x01, 'S', 'I', 'M', 'P', 'I', 'V', 0x1F};
/* The historical bytes are compact TLV: 73 promises chaining and extended lengths, 56 is "SIMPIV".
 * Source: ISO/IEC 7816-4:2005 8.1.1. */
static const uint8_t extended_atr[] = {0x3B, 0x8C, 0x80, 0x01, 0x80, 0x73, 0xC0, 0x21, 0xC0,
                                       0x56, 'S',  'I',  'M',  'P',  'I',  'V',  0x91};

/* Data of one chain of commands: the largest object of any profile, and the fields around it. */
#define CHAIN_BYTES_MAX (16 * 1024)

struct piv_card {
    struct virtual_card base; /* first */
    struct virtual_piv_objects *objects;
    struct virtual_piv_session session;
    struct buf chain; /* data of a chain under way */
    uint8_t chain_header[3];
    struct bytes *answer; /* that is being fetched by GET RESPONSE */
    size_t answer_given;
};

static struct piv_card *own(struct virtual_card *card)
{
    assert(card->family == &virtual_piv_family);
    return (struct piv_card *)card;
}

struct virtual_card *virtual_piv_new(struct virtual_piv_objects *objects, const char *path)
{
    struct piv_card *card = memory_new(sizeof *card);
    virtual_card_init(&card->base, &virtual_piv_family, path);
    card->objects = objects;
    card->chain = BUF_INIT(CHAIN_BYTES_MAX);
    return &card->base;
}

const struct virtual_piv_objects *virtual_piv_peek_objects(const struct virtual_card *card)
{
    assert(card->family == &virtual_piv_family);
    return ((const struct piv_card *)card)->objects;
}

static enum err_code card_parse(struct span text, const char *path, struct virtual_card **out,
                                struct err *err)
{
    struct virtual_piv_objects *objects = NULL;
    if (virtual_piv_state_parse(text, &objects, err) != ERR_NONE)
        return err->code;
    *out = virtual_piv_new(objects, path);
    return ERR_NONE;
}

static void drop_chain(struct piv_card *card)
{
    if (card->chain.len > 0)
        virtual_crypto_wipe(card->chain.at, card->chain.len);
    buf_clear(&card->chain);
}

static void drop_answer(struct piv_card *card)
{
    bytes_freep(&card->answer);
    card->answer_given = 0;
}

static void card_lose_power(struct virtual_card *base)
{
    struct piv_card *card = own(base);
    virtual_crypto_wipe(&card->session, sizeof card->session);
    card->session.selected = card->objects->profile->selected_by_power;
    drop_chain(card);
    drop_answer(card);
}

static void card_done(struct virtual_card *base)
{
    struct piv_card *card = own(base);
    virtual_piv_objects_free(card->objects);
    buf_done(&card->chain);
}

/* ---- chains of commands: ISO/IEC 7816-4:2005 5.1.1.1 ---- */

static bool goes_on(const struct piv_card *card, const struct virtual_piv_command *command)
{
    const uint8_t header[] = {command->ins, command->p1, command->p2};
    return memcmp(card->chain_header, header, sizeof header) == 0;
}

/* A block that is not the last one. */
static uint16_t add_to_chain(struct piv_card *card, const struct virtual_piv_command *command)
{
    const uint8_t header[] = {command->ins, command->p1, command->p2};
    if (card->chain.len > 0 && !goes_on(card, command))
        drop_chain(card);
    memcpy(card->chain_header, header, sizeof header);
    buf_add(&card->chain, command->data);
    if (!card->chain.bad && command->data.len > 0)
        return VIRTUAL_PIV_SW_OK;
    drop_chain(card);
    return command->data.len > 0 ? VIRTUAL_PIV_SW_NO_SPACE : VIRTUAL_PIV_SW_LENGTH;
}

/* The last block, or the only one: the data of the whole chain. A command that does not go on with the
 * chain ends it and stands for itself. */
static uint16_t end_chain(struct piv_card *card, struct virtual_piv_command *command)
{
    if (card->chain.len > 0 && !goes_on(card, command))
        drop_chain(card);
    if (card->chain.len == 0)
        return VIRTUAL_PIV_SW_OK;
    buf_add(&card->chain, command->data);
    if (card->chain.bad)
        return VIRTUAL_PIV_SW_NO_SPACE;
    command->data = buf_span(&card->chain);
    return VIRTUAL_PIV_SW_OK;
}

/* ---- answers ---- */

static uint16_t more(size_t left)
{
    return (uint16_t)(VIRTUAL_PIV_SW_MORE |
                      (left < VIRTUAL_PIV_ANSWER_SHORT_MAX ? (unsigned)left : 0));
}

/* The next part of what is to be fetched: at most limit bytes. */
static struct bytes *next_part(struct piv_card *card, size_t limit)
{
    size_t left = card->answer->len - card->answer_given;
    size_t now = left < limit ? left : limit;
    struct span data = span_part(span_bytes(card->answer), card->answer_given, now);
    card->answer_given += now;
    struct bytes *answer =
        virtual_card_answer(data, now == left ? VIRTUAL_PIV_SW_OK : more(left - now));
    if (now == left)
        drop_answer(card);
    return answer;
}

/* How much of an answer goes out at once. Without Le some tokens give nothing, others what they can. */
static size_t answer_limit(const struct piv_card *card, const struct virtual_piv_command *command)
{
    if (command->le > 0)
        return command->extended || command->le < VIRTUAL_PIV_ANSWER_SHORT_MAX
                   ? command->le
                   : VIRTUAL_PIV_ANSWER_SHORT_MAX;
    return card->objects->profile->answer_on_request ? 0 : VIRTUAL_PIV_ANSWER_SHORT_MAX;
}

static struct bytes *get_response(struct piv_card *card, const struct virtual_piv_command *command)
{
    if (card->answer == NULL)
        return virtual_card_answer(SPAN_NONE, VIRTUAL_PIV_SW_CONDITIONS);
    if (command->p1 != 0 || command->p2 != 0)
        return virtual_card_answer(SPAN_NONE, VIRTUAL_PIV_SW_P1P2);
    return next_part(card, command->le > 0 ? command->le : VIRTUAL_PIV_ANSWER_SHORT_MAX);
}

/* ---- one command ---- */

void virtual_piv_call_random(struct virtual_piv_call *call, uint8_t *out, size_t len)
{
    size_t forced = call->forced_random.len < len ? call->forced_random.len : len;
    if (forced > 0)
        memcpy(out, call->forced_random.at, forced);
    virtual_crypto_random(out + forced, len - forced);
    call->forced_random = SPAN_NONE;
}

/* "PIN always" may mean that nothing stands between the PIN and the signature. */
static void age_pin(struct piv_card *card, uint8_t ins)
{
    if (card->objects->profile->always == VIRTUAL_PIV_ALWAYS_BEFORE &&
        ins != VIRTUAL_PIV_INS_AUTHENTICATE)
        card->session.pin_fresh = false;
}

static uint16_t perform(struct piv_card *card, const struct virtual_piv_command *command,
                        virtual_piv_handler handler, struct buf *out)
{
    struct virtual_piv_call call = {
        .objects = card->objects,
        .profile = card->objects->profile,
        .session = &card->session,
        .command = command,
        .out = out,
        .forced_random = span_of(card->base.forced_random, card->base.forced_random_len),
    };
    age_pin(card, command->ins);
    uint16_t status = handler(&call);
    if (call.forced_random.len == 0)
        card->base.forced_random_len = 0;
    if (call.changed && !virtual_card_save_change(&card->base))
        return VIRTUAL_PIV_SW_MEMORY;
    return status;
}

static uint16_t call_handler(struct piv_card *card, struct virtual_piv_command *command,
                             const struct virtual_piv_instruction *instruction, struct buf *out)
{
    uint16_t status = end_chain(card, command);
    return status == VIRTUAL_PIV_SW_OK ? perform(card, command, instruction->handler, out) : status;
}

/* A token that writes as it comes has nothing to fall back on when the rest does not. */
static uint16_t take_block(struct piv_card *card, const struct virtual_piv_command *command,
                           const struct virtual_piv_instruction *instruction)
{
    AUTO(buf_done) struct buf none = BUF_INIT(0);
    uint16_t status = add_to_chain(card, command);
    if (status != VIRTUAL_PIV_SW_OK || !card->objects->profile->written_in_blocks ||
        instruction->handler != virtual_piv_data_put)
        return status;
    struct virtual_piv_command so_far = *command;
    so_far.data = buf_span(&card->chain);
    status = perform(card, &so_far, virtual_piv_data_put_beginning, &none);
    if (status != VIRTUAL_PIV_SW_OK)
        drop_chain(card);
    return status;
}

static uint16_t dispatch(struct piv_card *card, struct virtual_piv_command *command,
                         struct buf *out)
{
    const struct virtual_piv_instruction *instruction =
        virtual_piv_instruction_find(card->objects->profile, command->ins);
    if (instruction == NULL || (!card->session.selected && command->ins != VIRTUAL_PIV_INS_SELECT))
        return VIRTUAL_PIV_SW_INS;
    if (command->cla == VIRTUAL_PIV_CLA_CHAIN && instruction->chains)
        return take_block(card, command, instruction);
    uint16_t status =
        command->cla == 0 ? call_handler(card, command, instruction, out) : VIRTUAL_PIV_SW_CLA;
    drop_chain(card);
    return status;
}

static struct bytes *card_process(struct virtual_card *base, struct span apdu)
{
    struct piv_card *card = own(base);
    struct virtual_piv_command command;
    card->objects->commands++;
    if (!virtual_piv_apdu_parse(apdu, card->objects->profile->extended_length, &command)) {
        drop_chain(card);
        drop_answer(card);
        return virtual_card_answer(SPAN_NONE, VIRTUAL_PIV_SW_LENGTH);
    }
    base->counts[command.ins]++;
    if (command.cla == 0 && command.ins == VIRTUAL_PIV_INS_GET_RESPONSE && card->session.selected)
        return get_response(card, &command);
    drop_answer(card);
    AUTO(buf_done) struct buf out = BUF_INIT(VIRTUAL_DATA_BYTES_MAX);
    uint16_t status = dispatch(card, &command, &out);
    assert(!out.bad);
    if (status != VIRTUAL_PIV_SW_OK || out.len == 0)
        return virtual_card_answer(SPAN_NONE, status);
    card->answer = buf_bytes(&out);
    size_t limit = answer_limit(card, &command);
    return limit > 0 ? next_part(card, limit)
                     : virtual_card_answer(SPAN_NONE, more(card->answer->len));
}

/* ---- for whoever looks at the token from outside ---- */

static struct span card_atr(const struct virtual_card *card)
{
    return virtual_piv_peek_objects(card)->profile->extended_length ? SPAN_ARRAY(extended_atr)
                                                                    : SPAN_ARRAY(short_atr);
}

static enum err_code card_print(const struct virtual_card *card, char **out, struct err *err)
{
    return virtual_piv_state_print(virtual_piv_peek_objects(card), out, err);
}

static const char *card_peek_serial(const struct virtual_card *card)
{
    return virtual_piv_peek_objects(card)->serial.at;
}

static const char *card_command_name(uint8_t ins)
{
    const struct virtual_piv_instruction *instruction = virtual_piv_instruction_find(NULL, ins);
    if (ins == VIRTUAL_PIV_INS_GET_RESPONSE)
        return "GET RESPONSE";
    return instruction == NULL ? NULL : instruction->name;
}

static char *card_describe(const struct virtual_card *card)
{
    return virtual_piv_describe(virtual_piv_peek_objects(card));
}

static enum err_code card_put_file(struct virtual_card *card, const char *name, struct span content,
                                   struct err *err)
{
    return virtual_piv_describe_put_file(own(card)->objects, name, content, err);
}

static const struct virtual_pair *card_pair_for(const struct virtual_card *card,
                                                struct span certificate)
{
    return virtual_piv_describe_pair_for(virtual_piv_peek_objects(card), certificate);
}

const struct virtual_family virtual_piv_family = {
    .name = "piv",
    .atr = card_atr,
    .parse = card_parse,
    .done = card_done,
    .lose_power = card_lose_power,
    .process = card_process,
    .print = card_print,
    .peek_serial = card_peek_serial,
    .command_name = card_command_name,
    .latency_ms = virtual_latency_piv_ms,
    .describe = card_describe,
    .put_file = card_put_file,
    .pair_for = card_pair_for,
};
