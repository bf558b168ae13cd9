#include "token/piv/piv_access.h"

#include <string.h>

#include "token/piv/piv_algorithm.h"
#include "token/piv/piv_application.h"
#include "token/piv/piv_metadata.h"
#include "token/status_word.h"

#define INS_VERIFY 0x20
#define INS_CHANGE 0x24
#define INS_RESET 0x2C
#define INS_AUTHENTICATE 0x87
#define END_LOGIN 0xFF /* P1 of VERIFY */
#define TAG_TEMPLATE 0x7C
#define TAG_CHALLENGE 0x81
#define TAG_RESPONSE 0x82
#define TEMPLATE_BYTES_MAX 64
#define STATUS_TRIES 0x63C0
#define STATUS_TRIES_MASK 0xFFF0
#define STATUS_NOT_VERIFIED 0x6300
#define STATUS_SECURITY 0x6982
#define STATUS_BLOCKED 0x6983
#define STATUS_CONDITIONS 0x6985
#define STATUS_DATA 0x6A80

/* ---- the state of PIN and PUK ---- */

/* Some cards count in the last digit of 630x. */
static uint16_t in_the_standards_words(uint16_t status)
{
    bool counts = (status & STATUS_TRIES_MASK) == STATUS_NOT_VERIFIED && (status & 0xF) != 0;
    return counts ? (uint16_t)(STATUS_TRIES | (status & 0xF)) : status;
}

static enum err_code empty_verify(struct piv *piv, uint16_t *status, struct err *err)
{
    struct piv_command command = {.name = "VERIFY", .ins = INS_VERIFY, .p2 = PIV_REFERENCE_PIN};
    if (piv_send(piv, &command, NULL, status, err) != ERR_NONE)
        return err->code;
    *status = in_the_standards_words(*status);
    return ERR_NONE;
}

/* A card that answers the question without a PIN so has not been asked for one: its tries are not known. */
static bool tells_no_tries(uint16_t status)
{
    static const uint16_t refusals[] = {0x6300, 0x6700, 0x6982, 0x6984, 0x6985, 0x6A80, 0x6A86};
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (refusals[i] == status)
            return true;
    return false;
}

/* Where somebody else's log-in is still open the card says so and not how many tries there are: it is
 * ended. Ours is not: whoever logged in knows the PIN. */
static enum err_code ask_tries(struct piv *piv, int *out, struct err *err)
{
    uint16_t status = 0;
    if (empty_verify(piv, &status, err) != ERR_NONE)
        return err->code;
    if (status == APDU_STATUS_OK && piv->pin == NULL) {
        struct err ignored = ERR_INIT;
        if (piv_access_logout(piv, &ignored) == ERR_NONE &&
            empty_verify(piv, &status, err) != ERR_NONE)
            return err->code;
    }
    *out = -1;
    if ((status & STATUS_TRIES_MASK) == STATUS_TRIES)
        *out = status & 0xF;
    else if (status == STATUS_BLOCKED)
        *out = 0;
    else if (status != APDU_STATUS_OK && !tells_no_tries(status))
        return status_word_check(status, INS_VERIFY, "VERIFY", err);
    return ERR_NONE;
}

static enum err_code ask_metadata(struct piv *piv, enum token_role role,
                                  struct token_pin_state *out, struct err *err)
{
    struct piv_metadata found;
    uint8_t reference = role == TOKEN_USER ? PIV_REFERENCE_PIN : PIV_REFERENCE_PUK;
    if (piv_metadata_read(piv, reference, &found, err) != ERR_NONE)
        return err->code;
    *out = (struct token_pin_state){found.tries_max, found.tries_left, found.is_default};
    return ERR_NONE;
}

/* Another application, which knows nothing of it, may have been asked: ours is selected again, and then what the
 * other one does not know is asked anew. */
static bool was_selected_again(struct piv *piv)
{
    struct err ignored = ERR_INIT;
    if (piv_application_check(piv, &ignored) != ERR_TOKEN_LOGIN_LOST ||
        piv_application_select(piv, &ignored) != ERR_NONE)
        return false;
    if (piv->metadata == PIV_NO)
        piv->metadata = PIV_NOT_ASKED;
    piv->no_extensions = false;
    return true;
}

/* What the metadata say, and of the user's PIN what VERIFY says where they don't; VERIFY first where there are hardly
 * any. */
static enum err_code read_state(struct piv *piv, enum token_role role, struct token_pin_state *out,
                                struct err *err)
{
    struct token_pin_state state = {-1, -1, false};
    bool verify_first = role == TOKEN_USER && piv->no_extensions && piv->metadata == PIV_NOT_ASKED;
    if (verify_first && ask_tries(piv, &state.tries_left, err) != ERR_NONE)
        return err->code;
    if (state.tries_left < 0 && ask_metadata(piv, role, &state, err) != ERR_NONE)
        return err->code;
    if (role == TOKEN_USER && state.tries_left < 0 && !verify_first &&
        ask_tries(piv, &state.tries_left, err) != ERR_NONE)
        return err->code;
    *out = state;
    return ERR_NONE;
}

enum err_code piv_access_pin_state(struct piv *piv, enum token_role role,
                                   struct token_pin_state *out, struct err *err)
{
    struct err refusal = ERR_INIT;
    enum err_code code = read_state(piv, role, out, &refusal);
    bool is_unknown_there = code == ERR_TOKEN_NOT_SUPPORTED || code == ERR_TOKEN_NO_APPLICATION;
    if (is_unknown_there && was_selected_again(piv)) {
        refusal = ERR_INIT;
        code = read_state(piv, role, out, &refusal);
    }
    if (code != ERR_NONE)
        *err = refusal;
    return code;
}

/* ---- the user ---- */

static void add_padded(struct secret *block, size_t offset, struct span pin)
{
    uint8_t *at = secret_room(block) + offset;
    memset(at, 0xFF, PIV_PIN_BYTES);
    memcpy(at, pin.at, pin.len);
}

/* One or two PINs, each padded: SP 800-73-4 Part 2 2.4.3. */
static enum err_code pad(const struct secret *first, const struct secret *second,
                         struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *block = NULL;
    size_t bytes = second != NULL ? 2 * PIV_PIN_BYTES : PIV_PIN_BYTES;
    if (secret_new(bytes, &block, err) != ERR_NONE)
        return err->code;
    add_padded(block, 0, secret_peek(first));
    if (second != NULL)
        add_padded(block, PIV_PIN_BYTES, secret_peek(second));
    secret_set_length(block, bytes);
    *out = TAKE(block);
    return ERR_NONE;
}

/* Some cards have other words for a miss than 63Cx, which tell no tries: they are asked for. */
static enum err_code check_presented(struct piv *piv, enum token_role role,
                                     const struct piv_command *sent, uint16_t status,
                                     struct err *err)
{
    struct token_pin_state state = {.tries_left = -1};
    struct err ignored = ERR_INIT;
    if (status != STATUS_NOT_VERIFIED && status != STATUS_SECURITY && status != STATUS_DATA)
        return status_word_check(in_the_standards_words(status), sent->ins, sent->name, err);
    if (piv_access_pin_state(piv, role, &state, &ignored) != ERR_NONE)
        state.tries_left = -1;
    err_set_foreign(err, state.tries_left == 0 ? ERR_PIN_LOCKED : ERR_PIN_WRONG, status,
                    "%s: status %04X: refused, tries left: %d", sent->name, status,
                    state.tries_left);
    err->tries_left = state.tries_left;
    return err->code;
}

static enum err_code verify(struct piv *piv, const struct secret *padded, struct err *err)
{
    uint16_t status = 0;
    struct piv_command command = {
        .name = "VERIFY", .ins = INS_VERIFY, .p2 = PIV_REFERENCE_PIN, .data = secret_peek(padded)};
    if (piv_send(piv, &command, NULL, &status, err) != ERR_NONE)
        return err->code;
    piv->pin_fresh = status == APDU_STATUS_OK;
    return check_presented(piv, TOKEN_USER, &command, status, err);
}

/* Before a PIN is sent: while the person typed another program may have selected another application,
 * whose PIN would be tried. Selecting may end the manager's log-in, so that is kept by looking only. */
static enum err_code be_selected(struct piv *piv, struct err *err)
{
    secret_freep(&piv->pin);
    if (piv->admin_in)
        return piv_application_check(piv, err);
    if (piv_application_select(piv, err) != ERR_NONE)
        return err->code;
    return piv->tells_properties ? ERR_NONE : piv_application_check(piv, err);
}

enum err_code piv_access_login(struct piv *piv, const struct secret *pin, struct err *err)
{
    AUTO(secret_freep) struct secret *padded = NULL;
    if (be_selected(piv, err) != ERR_NONE || pad(pin, NULL, &padded, err) != ERR_NONE ||
        verify(piv, padded, err) != ERR_NONE)
        return err->code;
    piv->pin = TAKE(padded);
    return ERR_NONE;
}

enum err_code piv_access_verify_again(struct piv *piv, struct err *err)
{
    if (piv->pin == NULL)
        return err_set(err, ERR_TOKEN_LOGIN_LOST, "no PIN was accepted");
    if (piv_application_check(piv, err) == ERR_NONE && verify(piv, piv->pin, err) == ERR_NONE)
        return ERR_NONE;
    secret_freep(&piv->pin);
    return err_add(err, "the PIN that was accepted before");
}

enum err_code piv_access_logout(struct piv *piv, struct err *err)
{
    struct piv_command command = {
        .name = "VERIFY", .ins = INS_VERIFY, .p1 = END_LOGIN, .p2 = PIV_REFERENCE_PIN};
    secret_freep(&piv->pin);
    return piv_call(piv, &command, NULL, err);
}

/* The card has rules of its own for a new PIN. */
static bool breaks_rules(uint16_t status)
{
    return status == STATUS_DATA || status == STATUS_CONDITIONS;
}

static enum err_code refuse_by_rules(const struct piv_command *command, uint16_t status,
                                     struct err *err)
{
    return err_set_foreign(err, ERR_PIN_RULES, status, "%s: status %04X", command->name, status);
}

enum err_code piv_access_change_pin(struct piv *piv, const struct secret *old_pin,
                                    const struct secret *new_pin, struct err *err)
{
    AUTO(secret_freep) struct secret *both = NULL;
    if (be_selected(piv, err) != ERR_NONE || pad(old_pin, new_pin, &both, err) != ERR_NONE)
        return err->code;
    struct piv_command command = {.name = "CHANGE REFERENCE DATA",
                                  .ins = INS_CHANGE,
                                  .p2 = PIV_REFERENCE_PIN,
                                  .data = secret_peek(both)};
    uint16_t status = 0;
    if (piv_send(piv, &command, NULL, &status, err) != ERR_NONE)
        return err->code;
    if (breaks_rules(status))
        return refuse_by_rules(&command, status, err);
    return check_presented(piv, TOKEN_USER, &command, status, err);
}

/* ---- the management key ---- */

static struct piv_command authenticate(struct piv *piv, struct span template)
{
    return (struct piv_command){
        .name = "GENERAL AUTHENTICATE",
        .ins = INS_AUTHENTICATE,
        .p1 = piv->admin_algorithm,
        .p2 = PIV_REFERENCE_ADMIN,
        .data = template,
    };
}

/* Asks for a challenge for this cipher; *out stays empty when the card's key is for another one. */
static enum err_code ask_challenge(struct piv *piv, uint8_t algorithm, struct token_challenge *out,
                                   struct err *err)
{
    static const uint8_t question[] = {TAG_TEMPLATE, 2, TAG_CHALLENGE, 0};
    piv->admin_algorithm = algorithm;
    struct piv_command command = authenticate(piv, SPAN_ARRAY(question));
    command.answer_bytes_max = TEMPLATE_BYTES_MAX;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    struct span template, challenge;
    if (piv_send(piv, &command, &answer, &status, err) != ERR_NONE)
        return err->code;
    if (status == STATUS_BLOCKED)
        return status_word_check(status, command.ins, command.name, err);
    if (status != APDU_STATUS_OK || !piv_tlv_only(span_bytes(answer), TAG_TEMPLATE, &template) ||
        !piv_tlv_find(template, TAG_CHALLENGE, &challenge) ||
        challenge.len != piv_algorithm_admin_block_bytes(algorithm)) {
        err_set_foreign(err, ERR_TOKEN_ANSWER, status, "%s: status %04X, no challenge for %s",
                        command.name, status, piv_algorithm_admin_name(algorithm));
        return ERR_NONE;
    }
    *out = (struct token_challenge){.len = challenge.len};
    memcpy(out->bytes, challenge.at, challenge.len);
    return ERR_NONE;
}

/* What the metadata say; a card without them has the standard's default, else it is asked for each in turn,
 * which costs nothing. out->len is 0 when it gives no challenge, and *err says why. */
static enum err_code find_challenge(struct piv *piv, struct token_challenge *out, struct err *err)
{
    static const uint8_t by_trying[] = {PIV_3DES, PIV_AES128, PIV_AES192, PIV_AES256};
    struct piv_metadata found;
    uint8_t known = piv->admin_algorithm;
    if (known == 0 && piv_metadata_read(piv, PIV_REFERENCE_ADMIN, &found, err) != ERR_NONE)
        return err->code;
    if (known == 0 && found.known && piv_algorithm_admin_name(found.algorithm) != NULL)
        known = found.algorithm;
    long forbidden = 0;
    for (size_t i = 0; out->len == 0 && i < ARRAY_SIZE(by_trying); i++) {
        if (ask_challenge(piv, known != 0 ? known : by_trying[i], out, err) != ERR_NONE)
            return err->code;
        if (err->foreign == STATUS_SECURITY || err->foreign == STATUS_CONDITIONS)
            forbidden = err->foreign;
        if (known != 0)
            break;
    }
    if (out->len > 0)
        return ERR_NONE;
    piv->admin_algorithm = 0;
    if (forbidden != 0)
        err_set_foreign(err, ERR_TOKEN_NOT_SUPPORTED, forbidden,
                        "GENERAL AUTHENTICATE: status %04lX: no challenge; the management key may "
                        "be for mutual authentication only",
                        forbidden);
    return ERR_NONE;
}

static enum err_code login_challenge(struct piv *piv, struct token_challenge *out, struct err *err)
{
    struct token_challenge challenge = {0};
    struct err refusal = ERR_INIT;
    if (piv->select_again && piv_application_select(piv, err) != ERR_NONE)
        return err->code;
    enum err_code code = find_challenge(piv, &challenge, &refusal);
    if (code == ERR_NONE && challenge.len == 0 && was_selected_again(piv))
        code = find_challenge(piv, &challenge, &refusal);
    if (code != ERR_NONE || challenge.len == 0) {
        *err = refusal;
        return err->code;
    }
    piv->facts->admin_algorithm = piv_algorithm_admin_name(piv->admin_algorithm);
    *out = challenge;
    return ERR_NONE;
}

enum err_code piv_access_challenge(struct piv *piv, enum token_purpose purpose,
                                   struct token_challenge *out, struct err *err)
{
    if (purpose == TOKEN_PURPOSE_LOGIN)
        return login_challenge(piv, out, err);
    *out = (struct token_challenge){0};
    return ERR_NONE;
}

enum err_code piv_access_admin_login(struct piv *piv, struct span cryptogram, struct err *err)
{
    if (cryptogram.len != piv_algorithm_admin_block_bytes(piv->admin_algorithm))
        return err_set(err, ERR_FIELD_VALUE, "a log-in cryptogram of %zu bytes instead of %zu",
                       cryptogram.len, piv_algorithm_admin_block_bytes(piv->admin_algorithm));
    AUTO(buf_done) struct buf inner = BUF_INIT(TEMPLATE_BYTES_MAX);
    AUTO(buf_done) struct buf template = BUF_INIT(TEMPLATE_BYTES_MAX);
    piv_tlv_add(&inner, TAG_RESPONSE, cryptogram);
    piv_tlv_add(&template, TAG_TEMPLATE, buf_span(&inner));
    struct piv_command command = authenticate(piv, buf_span(&template));
    uint16_t status = 0;
    if (piv_send(piv, &command, NULL, &status, err) != ERR_NONE)
        return err->code;
    if (status == STATUS_NOT_VERIFIED || status == STATUS_SECURITY || status == STATUS_DATA ||
        status == STATUS_CONDITIONS)
        return err_set_foreign(err, ERR_PIN_WRONG, status, "%s: status %04X: wrong cryptogram",
                               command.name, status);
    if (status_word_check(status, command.ins, command.name, err) != ERR_NONE)
        return err->code;
    piv->admin_in = true;
    return ERR_NONE;
}

/* ---- unblocking ---- */

/* The card has just taken this PUK: a refusal is of something else. */
static enum err_code use_puk(struct piv *piv, const struct piv_command *reset, struct err *err)
{
    uint16_t status = 0;
    if (piv_send(piv, reset, NULL, &status, err) != ERR_NONE)
        return err->code;
    if (breaks_rules(status))
        return refuse_by_rules(reset, status, err);
    if (status != APDU_STATUS_OK)
        return err_set_foreign(err, ERR_TOKEN_STATUS, status,
                               "%s: status %04X, with the PUK that was just set", reset->name,
                               status);
    return ERR_NONE;
}

enum err_code piv_access_unblock(struct piv *piv, struct span blob, struct err *err)
{
    if (blob.len != PIV_UNBLOCK_BYTES)
        return err_set(err, ERR_FIELD_VALUE, "unblock data of %zu bytes instead of %d", blob.len,
                       PIV_UNBLOCK_BYTES);
    struct piv_command change = {.name = "CHANGE REFERENCE DATA",
                                 .ins = INS_CHANGE,
                                 .p2 = PIV_REFERENCE_PUK,
                                 .data = span_part(blob, 0, 2 * PIV_PIN_BYTES)};
    struct piv_command reset = {.name = "RESET RETRY COUNTER",
                                .ins = INS_RESET,
                                .p2 = PIV_REFERENCE_PIN,
                                .data = span_part(blob, PIV_PIN_BYTES, 2 * PIV_PIN_BYTES)};
    uint16_t status = 0;
    if (be_selected(piv, err) != ERR_NONE)
        return err->code;
    if (piv_send(piv, &change, NULL, &status, err) != ERR_NONE ||
        check_presented(piv, TOKEN_ADMINISTRATOR, &change, status, err) != ERR_NONE)
        return err_add(err, "give the card the next PUK");
    return use_puk(piv, &reset, err);
}
