#include "token/virtual/virtual_gmt0017.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "token/virtual/virtual_call.h"
#include "token/virtual/virtual_family.h"
#include "token/virtual/virtual_latency.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_state.h"

/* T=0 and T=1; the historical bytes are "UKEYD". Cards that announce both are spoken to in T=1.
 * Source: ISO/IEC 7816-3 8.2.1. */
static const uint8_t answer_to_reset[] = {0x3B, 0x85, 0x80, 0x01, 'U', 'K', 'E', 'Y', 'D', 0x42};

/* Data of one chain of commands: an RSA certificate chain would fit many times. */
#define CHAIN_BYTES_MAX (16 * 1024)
#define ALGORITHM_SM4 2 /* in P2 */
#define INS_GEN_RANDOM 0x50

struct gmt0017_card {
    struct virtual_card base; /* first */
    struct virtual_objects *objects;
    struct virtual_session session;
    struct buf chain; /* data of a chain under way */
    uint8_t chain_header[3];
    struct bytes *long_command; /* whose answer is being given in parts */
    struct bytes *long_answer;
    size_t long_given;
};

static struct gmt0017_card *own(struct virtual_card *card)
{
    assert(card->family == &virtual_gmt0017_family);
    return (struct gmt0017_card *)card;
}

static const struct gmt0017_card *own_const(const struct virtual_card *card)
{
    assert(card->family == &virtual_gmt0017_family);
    return (const struct gmt0017_card *)card;
}

struct virtual_card *virtual_gmt0017_new(struct virtual_objects *objects, const char *path)
{
    struct gmt0017_card *card = memory_new(sizeof *card);
    virtual_card_init(&card->base, &virtual_gmt0017_family, path);
    card->objects = objects;
    card->chain = BUF_INIT(CHAIN_BYTES_MAX);
    return &card->base;
}

const struct virtual_objects *virtual_gmt0017_objects(const struct virtual_card *card)
{
    return own_const(card)->objects;
}

static enum err_code card_parse(struct span text, const char *path, struct virtual_card **out,
                                struct err *err)
{
    struct virtual_objects *objects = NULL;
    if (virtual_state_parse(text, &objects, err) != ERR_NONE)
        return err->code;
    *out = virtual_gmt0017_new(objects, path);
    return ERR_NONE;
}

static void forget_long_answer(struct gmt0017_card *card)
{
    bytes_freep(&card->long_command);
    bytes_freep(&card->long_answer);
    card->long_given = 0;
}

static void card_lose_power(struct virtual_card *base)
{
    struct gmt0017_card *card = own(base);
    virtual_objects_power_lost(card->objects);
    virtual_crypto_wipe(&card->session, sizeof card->session);
    buf_clear(&card->chain);
    forget_long_answer(card);
}

static void card_done(struct virtual_card *base)
{
    struct gmt0017_card *card = own(base);
    virtual_objects_free(card->objects);
    buf_done(&card->chain);
    virtual_crypto_wipe(&card->session, sizeof card->session);
}

/* ---- what stands before the handler ---- */

static uint16_t check_p1p2(enum virtual_p rule, uint8_t p1, uint8_t p2)
{
    bool good = false;
    switch (rule) {
    case VIRTUAL_P_ID:
        return VIRTUAL_SW_OK;
    case VIRTUAL_P_ZERO:
        good = p1 == 0 && p2 == 0;
        break;
    case VIRTUAL_P_PIN:
        good = p1 == 0 && p2 <= 1;
        break;
    case VIRTUAL_P_SLOT:
        good = p1 <= 1 && p2 == 0;
        break;
    case VIRTUAL_P_ONE:
        good = p1 == 1 && p2 == 0;
        break;
    case VIRTUAL_P_TWO:
        good = p1 == 2 && p2 == 0;
        break;
    case VIRTUAL_P_ONE_TWO:
        good = (p1 == 1 || p1 == 2) && p2 == 0;
        break;
    case VIRTUAL_P_ALGORITHM:
        if (p1 == 0 && p2 < ALGORITHM_SM4)
            return VIRTUAL_SW_UNSUPPORTED;
        good = p1 == 0 && p2 == ALGORITHM_SM4;
        break;
    }
    return good ? VIRTUAL_SW_OK : VIRTUAL_SW_P1P2;
}

static uint16_t wrong_le(size_t right)
{
    return right < 256 ? (uint16_t)(VIRTUAL_SW_LE | right) : VIRTUAL_SW_LE;
}

/* Le against an answer of a length of its own. */
static uint16_t check_le_for(enum virtual_le rule, const struct virtual_command *command,
                             size_t length)
{
    if (rule == VIRTUAL_LE_IGNORED)
        return VIRTUAL_SW_OK;
    if (!command->has_le)
        return rule == VIRTUAL_LE_EXACT ? VIRTUAL_SW_LENGTH : VIRTUAL_SW_OK;
    if (command->le == 0 || command->le == length)
        return VIRTUAL_SW_OK;
    if (rule == VIRTUAL_LE_ENOUGH && command->le > length)
        return VIRTUAL_SW_OK;
    return wrong_le(length);
}

/* Everything about Le that can be known before the command acts. */
static uint16_t check_le(const struct virtual_profile *profile,
                         const struct virtual_instruction *instruction,
                         const struct virtual_command *command)
{
    if (instruction->handler == virtual_device_get_info && profile->dev_info_le != 0)
        return command->has_le && command->le == profile->dev_info_le
                   ? VIRTUAL_SW_OK
                   : wrong_le(profile->dev_info_le);
    switch (instruction->answer) {
    case VIRTUAL_ANSWER_NONE:
        return command->has_le && profile->le == VIRTUAL_LE_EXACT ? VIRTUAL_SW_LENGTH
                                                                  : VIRTUAL_SW_OK;
    case VIRTUAL_ANSWER_LE:
        return command->has_le ? VIRTUAL_SW_OK : VIRTUAL_SW_LENGTH;
    case VIRTUAL_ANSWER_VARIES:
        return command->has_le || profile->le != VIRTUAL_LE_EXACT ? VIRTUAL_SW_OK
                                                                  : VIRTUAL_SW_LENGTH;
    default:
        return check_le_for(profile->le, command, (size_t)instruction->answer);
    }
}

static uint16_t find_application(struct virtual_call *call, enum virtual_scope scope)
{
    uint16_t id = scope == VIRTUAL_SCOPE_APPLICATION_P
                      ? (uint16_t)(call->command->p1 << 8 | call->command->p2)
                      : virtual_apdu_u16(&call->in);
    if (call->in.bad)
        return VIRTUAL_SW_LENGTH;
    call->application = virtual_objects_application_by_id(call->objects, id);
    if (call->application == NULL)
        return VIRTUAL_SW_NO_APPLICATION;
    return call->application->open ? VIRTUAL_SW_OK : VIRTUAL_SW_APPLICATION_CLOSED;
}

static uint16_t find_container(struct virtual_call *call)
{
    uint16_t id = virtual_apdu_u16(&call->in);
    if (call->in.bad)
        return VIRTUAL_SW_LENGTH;
    call->container = virtual_objects_container_by_id(call->application, id);
    if (call->container == NULL)
        return VIRTUAL_SW_NO_CONTAINER_ID;
    return call->container->open ? VIRTUAL_SW_OK : call->profile->closed_container;
}

static uint16_t find_scope(struct virtual_call *call, enum virtual_scope scope)
{
    if (scope == VIRTUAL_SCOPE_DEVICE)
        return VIRTUAL_SW_OK;
    uint16_t status = find_application(call, scope);
    if (status != VIRTUAL_SW_OK || scope != VIRTUAL_SCOPE_CONTAINER)
        return status;
    return find_container(call);
}

static bool may(const struct virtual_call *call, enum virtual_access access)
{
    switch (access) {
    case VIRTUAL_ACCESS_DEVICE:
        return call->session->device_authenticated;
    case VIRTUAL_ACCESS_USER:
        return call->application->logged_in[VIRTUAL_PIN_USER];
    case VIRTUAL_ACCESS_ANYONE:
        return true;
    }
    return false;
}

static uint16_t run(struct virtual_call *call, const struct virtual_instruction *instruction)
{
    const struct virtual_command *command = call->command;
    uint16_t status = check_p1p2(instruction->p, command->p1, command->p2);
    if (status == VIRTUAL_SW_OK)
        status = check_le(call->profile, instruction, command);
    if (status == VIRTUAL_SW_OK)
        status = find_scope(call, instruction->scope);
    if (status != VIRTUAL_SW_OK)
        return status;
    if (!may(call, instruction->access))
        return VIRTUAL_SW_SECURITY;
    status = instruction->handler(call);
    if (status == VIRTUAL_SW_OK && instruction->answer == VIRTUAL_ANSWER_VARIES)
        return check_le_for(call->profile->le, command, call->out->len);
    return status;
}

/* ---- chains of commands ---- */

static void chain_drop(struct gmt0017_card *card)
{
    buf_clear(&card->chain);
}

/* A block that is not the last one. */
static uint16_t chain_add(struct gmt0017_card *card, const struct virtual_command *command)
{
    const uint8_t header[] = {command->ins, command->p1, command->p2};
    bool first = card->chain.len == 0;
    if (first)
        memcpy(card->chain_header, header, sizeof header);
    buf_add(&card->chain, command->data);
    if (!card->chain.bad && memcmp(card->chain_header, header, sizeof header) == 0 &&
        command->data.len > 0)
        return VIRTUAL_SW_OK;
    chain_drop(card);
    return VIRTUAL_SW_LENGTH;
}

/* The last block: the data of the whole chain. A command that does not go on with the chain ends it
 * and stands for itself. */
static uint16_t chain_end(struct gmt0017_card *card, struct virtual_command *command)
{
    if (card->chain.len == 0)
        return VIRTUAL_SW_OK;
    const uint8_t header[] = {command->ins, command->p1, command->p2};
    if (memcmp(card->chain_header, header, sizeof header) != 0) {
        chain_drop(card);
        return VIRTUAL_SW_OK;
    }
    uint16_t status = chain_add(card, command);
    command->data = buf_span(&card->chain);
    return status;
}

/* ---- one command ---- */

static uint16_t check_class(const struct virtual_instruction *instruction, uint8_t cla)
{
    if (instruction->mac)
        return cla == VIRTUAL_CLA_MAC                         ? VIRTUAL_SW_OK
               : cla == (VIRTUAL_CLA_MAC | VIRTUAL_CLA_CHAIN) ? VIRTUAL_SW_NO_SECURE_CHAIN
                                                              : VIRTUAL_SW_CLA;
    return (cla & ~VIRTUAL_CLA_CHAIN) == VIRTUAL_CLA_PLAIN ? VIRTUAL_SW_OK : VIRTUAL_SW_CLA;
}

static uint16_t call_handler(struct gmt0017_card *card, struct virtual_command *command,
                             const struct virtual_instruction *instruction, struct buf *out)
{
    uint16_t status = chain_end(card, command);
    if (status != VIRTUAL_SW_OK)
        return status;
    struct virtual_call call = {
        .objects = card->objects,
        .profile = card->objects->profile,
        .session = &card->session,
        .command = command,
        .in = {.rest = command->data, .little_endian = card->objects->profile->little_endian},
        .out = out,
        .forced_random = span_of(card->base.forced_random, card->base.forced_random_len),
    };
    status = run(&call, instruction);
    chain_drop(card);
    card->base.forced_random_len = call.forced_random.len;
    if (call.changed && !virtual_card_save_change(&card->base))
        return VIRTUAL_SW_MEMORY;
    return status;
}

static uint16_t dispatch(struct gmt0017_card *card, struct span apdu, struct buf *out)
{
    struct virtual_command command;
    if (!virtual_apdu_parse(apdu, &command) ||
        command.data.len > card->objects->profile->data_bytes_max)
        return VIRTUAL_SW_LENGTH;
    card->base.counts[command.ins]++;
    const struct virtual_instruction *instruction = virtual_instruction_find(command.ins);
    if (instruction == NULL)
        return VIRTUAL_SW_INS;
    if (instruction->handler == NULL)
        return VIRTUAL_SW_UNSUPPORTED;
    uint16_t status = check_class(instruction, command.cla);
    if (status != VIRTUAL_SW_OK)
        return status;
    if ((command.cla & VIRTUAL_CLA_CHAIN) != 0)
        return chain_add(card, &command);
    return call_handler(card, &command, instruction, out);
}

static struct bytes *next_part(struct gmt0017_card *card)
{
    size_t part = card->objects->profile->part_bytes;
    size_t left = card->long_answer->len - card->long_given;
    bool last = left <= part;
    struct span data =
        span_part(span_bytes(card->long_answer), card->long_given, last ? left : part);
    struct bytes *answer = virtual_card_answer(data, last ? VIRTUAL_SW_OK : VIRTUAL_SW_MORE);
    card->long_given += data.len;
    if (last)
        forget_long_answer(card);
    return answer;
}

/* Some keys keep a challenge for the very next command only. */
static void age_challenge(struct gmt0017_card *card, struct span command)
{
    bool renewed = command.len > 1 && command.at[1] == INS_GEN_RANDOM;
    if (card->objects->profile->challenge == VIRTUAL_CHALLENGE_NEXT_COMMAND && !renewed)
        card->session.has_challenge = false;
}

static struct bytes *card_process(struct virtual_card *base, struct span command)
{
    struct gmt0017_card *card = own(base);
    card->objects->commands++;
    if (card->long_command != NULL && span_equal(span_bytes(card->long_command), command)) {
        card->base.counts[command.at[1]]++;
        return next_part(card);
    }
    forget_long_answer(card);
    struct buf out = BUF_INIT(VIRTUAL_DATA_BYTES_MAX);
    bool had_challenge = card->session.has_challenge;
    uint16_t status = dispatch(card, command, &out);
    assert(!out.bad);
    if (had_challenge)
        age_challenge(card, command);
    size_t part = card->objects->profile->part_bytes;
    struct bytes *answer = NULL;
    if (status == VIRTUAL_SW_OK && part > 0 && out.len > part) {
        card->long_command = bytes_new(command);
        card->long_answer = buf_bytes(&out);
        answer = next_part(card);
    } else {
        answer = virtual_card_answer(status == VIRTUAL_SW_OK ? buf_span(&out) : SPAN_NONE, status);
    }
    buf_done(&out);
    return answer;
}

/* ---- for whoever looks at the card from outside ---- */

static struct span card_atr(const struct virtual_card *card)
{
    (void)card;
    return SPAN_ARRAY(answer_to_reset);
}

static enum err_code card_print(const struct virtual_card *card, char **out, struct err *err)
{
    return virtual_state_print(virtual_gmt0017_objects(card), out, err);
}

static const char *card_peek_serial(const struct virtual_card *card)
{
    return virtual_gmt0017_objects(card)->serial.at;
}

static const char *card_command_name(uint8_t ins)
{
    const struct virtual_instruction *instruction = virtual_instruction_find(ins);
    return instruction == NULL ? NULL : instruction->name;
}

static char *card_describe(const struct virtual_card *card)
{
    return virtual_personal_describe(virtual_gmt0017_objects(card));
}

static enum err_code card_put_file(struct virtual_card *card, const char *name, struct span content,
                                   struct err *err)
{
    return virtual_personal_put_file(own(card)->objects, name, content, err);
}

static const struct virtual_pair *card_pair_for(const struct virtual_card *card,
                                                struct span certificate)
{
    return virtual_personal_pair_for(virtual_gmt0017_objects(card), certificate);
}

const struct virtual_family virtual_gmt0017_family = {
    .name = "gmt0017",
    .atr = card_atr,
    .parse = card_parse,
    .done = card_done,
    .lose_power = card_lose_power,
    .process = card_process,
    .print = card_print,
    .peek_serial = card_peek_serial,
    .command_name = card_command_name,
    .latency_ms = virtual_latency_ms,
    .describe = card_describe,
    .put_file = card_put_file,
    .pair_for = card_pair_for,
};
