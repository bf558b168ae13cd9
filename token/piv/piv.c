#include "token/piv/piv.h"

#include <string.h>

#include "token/status_word.h"

#define CHAINED 0x10 /* CLA: more of the command follows. ISO/IEC 7816-4 5.4.1 */
#define BLOCK_BYTES 255 /* of data in a short command */
#define STATUS_WRONG_LENGTH 0x6700
#define STATUS_NO_CHAINING 0x6884
#define STATUS_NO_CLASS 0x6E00
#define STATUS_MORE 0x6100
#define STATUS_FAMILY 0xFF00
#define INS_GET_RESPONSE 0xC0
/* Answers of 64 KiB in parts of 256 bytes; more parts than that are a key that never ends. */
#define PARTS_MAX 260

static void forget_slot(struct piv_slot *slot)
{
    bytes_free(slot->cert);
    *slot = (struct piv_slot){.state = PIV_SLOT_UNKNOWN};
}

void piv_forget(struct piv *piv)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        forget_slot(&piv->slot[i]);
    for (size_t i = 0; i < PIV_FILES_MAX; i++) {
        bytes_free(piv->file[i].content);
        piv->file[i] = (struct piv_file){.exists = PIV_NOT_ASKED};
    }
    piv->history = (struct piv_history){0};
    piv->slots_known = false;
    piv->pin_fresh = false;
    piv->admin_in = false;
    piv->select_again = false;
    secret_freep(&piv->pin);
}

bool piv_line_failed(enum err_code code)
{
    static const enum err_code of_the_line[] = {ERR_TOKEN_REMOVED, ERR_TOKEN_RESET, ERR_TOKEN_HUNG,
                                                ERR_TOKEN_TRANSPORT, ERR_PCSC_NO_SERVICE};
    for (size_t i = 0; i < ARRAY_SIZE(of_the_line); i++)
        if (of_the_line[i] == code)
            return true;
    return false;
}

static enum err_code exchange(struct piv *piv, const struct apdu *apdu, bool extended,
                              struct bytes **answer, uint16_t *status, struct err *err)
{
    AUTO(bytes_wipe_freep) struct bytes *bytes = NULL;
    enum err_code code =
        extended ? apdu_build(apdu, &bytes, err) : apdu_build_short(apdu, &bytes, err);
    if (code != ERR_NONE)
        return code;
    piv->pin_fresh = false;
    bytes_freep(answer);
    return token_link_exchange(piv->link, span_bytes(bytes), answer, status, err);
}

static enum err_code send_short(struct piv *piv, const struct piv_command *command, int le,
                                struct bytes **answer, uint16_t *status, struct err *err)
{
    struct apdu apdu = {CHAINED,     command->ins,  command->p1,
                        command->p2, command->data, APDU_LE_NONE};
    struct span rest = command->data;
    while (rest.len > BLOCK_BYTES) {
        apdu.data = span_of(rest.at, BLOCK_BYTES);
        if (exchange(piv, &apdu, false, answer, status, err) != ERR_NONE)
            return err->code;
        if ((*status & STATUS_FAMILY) == STATUS_MORE) /* fetched, it would pass for the whole's */
            return err_set(err, ERR_TOKEN_ANSWER, "status %04X in the middle of a chain", *status);
        if (*status != APDU_STATUS_OK)
            return ERR_NONE;
        rest = span_of(rest.at + BLOCK_BYTES, rest.len - BLOCK_BYTES);
    }
    apdu.cla = 0;
    apdu.data = rest;
    apdu.le = command->answer_bytes_max > 0 ? le : APDU_LE_NONE;
    return exchange(piv, &apdu, false, answer, status, err);
}

#define SHORT_COMMAND_BYTES_MAX 261
#define EXTENDED_FRAME_BYTES 9 /* header, Lc, Le */

/* A reader that takes no more than short commands would not pass long answers on either. */
static bool reader_takes(const struct piv *piv, size_t data_bytes)
{
    size_t limit = token_link_command_bytes_max(piv->link);
    return limit == 0 ||
           (limit > SHORT_COMMAND_BYTES_MAX && data_bytes + EXTENDED_FRAME_BYTES <= limit);
}

bool piv_in_one_piece(const struct piv *piv, size_t data_bytes)
{
    return data_bytes <= BLOCK_BYTES || (piv->extended && reader_takes(piv, data_bytes));
}

/* Data and Le in one command have no form in T=0, and some readers leave it to us to take Le away:
 * ISO/IEC 7816-3 12.2.5. The answer is announced with 61xx then. */
static bool refuses_le(const struct piv *piv, const struct piv_command *command)
{
    return !piv->no_le && command->data.len > 0 && command->answer_bytes_max > 0;
}

static enum err_code send_extended(struct piv *piv, const struct piv_command *command,
                                   struct bytes **answer, uint16_t *status, struct err *err)
{
    struct apdu apdu = {
        0,           command->ins,  command->p1,
        command->p2, command->data, command->answer_bytes_max > 0 ? APDU_LE_ALL : APDU_LE_NONE};
    return exchange(piv, &apdu, true, answer, status, err);
}

/* A card without chains knows no class with their bit. It has done nothing. */
static bool refuses_chains(const struct piv_command *command, uint16_t status)
{
    return command->data.len > BLOCK_BYTES &&
           (status == STATUS_NO_CHAINING || status == STATUS_NO_CLASS);
}

static enum err_code too_long(const struct piv_command *command, struct err *err)
{
    return err_set(err, ERR_TOKEN_COMMANDS_SHORT,
                   "%zu bytes: the card takes neither chains nor extended lengths",
                   command->data.len);
}

/* A card that takes no chain may take the whole without having promised to. It is asked once. */
static enum err_code send_unchained(struct piv *piv, const struct piv_command *command,
                                    struct bytes **answer, uint16_t *status, struct err *err)
{
    piv->no_chaining = true;
    if (!reader_takes(piv, command->data.len))
        return too_long(command, err);
    if (send_extended(piv, command, answer, status, err) != ERR_NONE)
        return err->code;
    piv->extended = *status != STATUS_WRONG_LENGTH;
    return piv->extended ? ERR_NONE : too_long(command, err);
}

/* In short commands; what they may need in another form is found out by refusals, which do nothing. */
static enum err_code send_in_short(struct piv *piv, const struct piv_command *command,
                                   struct bytes **answer, uint16_t *status, struct err *err)
{
    int le = piv->no_le && command->data.len > 0 ? APDU_LE_NONE : APDU_LE_ALL;
    if (send_short(piv, command, le, answer, status, err) != ERR_NONE)
        return err->code;
    if (refuses_chains(command, *status))
        return ERR_NONE;
    if (*status == STATUS_WRONG_LENGTH && refuses_le(piv, command)) {
        piv->no_le = true;
        return send_short(piv, command, APDU_LE_NONE, answer, status, err);
    }
    int wanted = status_word_wanted_le(*status);
    if (wanted > 0 && command->answer_bytes_max > 0)
        return send_short(piv, command, wanted, answer, status, err);
    return ERR_NONE;
}

/* A card that refuses the extended form has done nothing, and is spoken to in the short one from then on. */
static enum err_code send_whole(struct piv *piv, const struct piv_command *command,
                                struct bytes **answer, uint16_t *status, struct err *err)
{
    bool is_long = command->data.len > BLOCK_BYTES;
    bool wants_extended = is_long || command->answer_bytes_max > BLOCK_BYTES + 1;
    bool refused_extended = false;
    if (piv->extended && wants_extended && reader_takes(piv, command->data.len)) {
        if (send_extended(piv, command, answer, status, err) != ERR_NONE)
            return err->code;
        if (*status != STATUS_WRONG_LENGTH)
            return ERR_NONE;
        piv->extended = false;
        refused_extended = true;
        if (command->after_pin)
            return ERR_NONE;
    }
    if (is_long && piv->no_chaining)
        return too_long(command, err);
    if (send_in_short(piv, command, answer, status, err) != ERR_NONE)
        return err->code;
    if (!refuses_chains(command, *status))
        return ERR_NONE;
    if (!refused_extended)
        return send_unchained(piv, command, answer, status, err);
    piv->no_chaining = true;
    return too_long(command, err);
}

static enum err_code get_response(struct piv *piv, int le, struct bytes **answer, uint16_t *status,
                                  struct err *err)
{
    struct apdu apdu = {0, INS_GET_RESPONSE, 0, 0, SPAN_NONE, le};
    if (exchange(piv, &apdu, false, answer, status, err) != ERR_NONE)
        return err->code;
    apdu.le = status_word_wanted_le(*status);
    return apdu.le > 0 ? exchange(piv, &apdu, false, answer, status, err) : ERR_NONE;
}

/* *broken_off: the card has begun an answer and then refused the rest. */
static enum err_code send_and_fetch(struct piv *piv, const struct piv_command *command,
                                    struct buf *whole, bool *broken_off, uint16_t *status,
                                    struct err *err)
{
    AUTO(bytes_freep) struct bytes *part = NULL;
    int parts = 0;
    if (send_whole(piv, command, &part, status, err) != ERR_NONE)
        return err->code;
    buf_add(whole, span_bytes(part));
    for (; (*status & STATUS_FAMILY) == STATUS_MORE && !whole->bad; parts++) {
        if (parts == PARTS_MAX)
            return err_set(err, ERR_TOKEN_ANSWER, "more than %d parts", PARTS_MAX);
        if (get_response(piv, *status & 0xFF, &part, status, err) != ERR_NONE)
            return err->code;
        buf_add(whole, span_bytes(part));
    }
    *broken_off = parts > 0 && *status != APDU_STATUS_OK && !whole->bad;
    return ERR_NONE;
}

/* Some cards lose what they could not give at once of an answer to an extended command. */
static enum err_code send_again_in_short(struct piv *piv, const struct piv_command *command,
                                         struct buf *whole, uint16_t *status, struct err *err)
{
    bool broken_off;
    piv->extended = false;
    buf_clear(whole);
    if (command->after_pin) {
        *status = STATUS_WRONG_LENGTH;
        return ERR_NONE;
    }
    return send_and_fetch(piv, command, whole, &broken_off, status, err);
}

enum err_code piv_send(struct piv *piv, const struct piv_command *command, struct bytes **out,
                       uint16_t *out_status, struct err *err)
{
    AUTO(buf_done) struct buf whole = BUF_INIT(command->answer_bytes_max);
    bool broken_off = false;
    uint16_t status = 0;
    if (send_and_fetch(piv, command, &whole, &broken_off, &status, err) != ERR_NONE)
        return err_add(err, "%s", command->name);
    if (broken_off && piv->extended &&
        send_again_in_short(piv, command, &whole, &status, err) != ERR_NONE)
        return err_add(err, "%s", command->name);
    if (whole.bad)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: more than %zu bytes", command->name,
                       command->answer_bytes_max);
    if (out != NULL)
        *out = bytes_new(buf_span(&whole));
    *out_status = status;
    return ERR_NONE;
}

enum err_code piv_check_managed(struct piv *piv, const struct piv_command *command, uint16_t status,
                                struct err *err)
{
    enum err_code code = status_word_check(status, command->ins, command->name, err);
    if (code == ERR_TOKEN_LOGIN_LOST) {
        piv->admin_in = false;
        piv->select_again = true;
    }
    return code;
}

enum err_code piv_call(struct piv *piv, const struct piv_command *command, struct bytes **out,
                       struct err *err)
{
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (piv_send(piv, command, &answer, &status, err) != ERR_NONE ||
        status_word_check(status, command->ins, command->name, err) != ERR_NONE)
        return err->code;
    if (out != NULL)
        *out = TAKE(answer);
    return ERR_NONE;
}
