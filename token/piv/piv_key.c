#include "token/piv/piv_key.h"

#include "token/piv/piv_access.h"
#include "token/piv/piv_algorithm.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_signature.h"
#include "token/status_word.h"

#define INS_GENERATE 0x47
#define INS_AUTHENTICATE 0x87
#define INS_MOVE 0xF6
#define NOWHERE 0xFF
#define TAG_CONTROL 0xAC
#define TAG_ALGORITHM 0x80
#define TAG_PUBLIC_KEY 0x7F49
#define TAG_TEMPLATE 0x7C
#define TAG_INPUT 0x81
#define TAG_OUTPUT 0x82
#define ANSWER_BYTES_MAX 512 /* a key or a signature of RSA-2048 and its frame */
#define TEMPLATE_BYTES_MAX 300
#define STATUS_SECURITY 0x6982
#define STATUS_NO_KEY 0x6A88
#define STATUS_NOT_FOUND 0x6A82

uint8_t piv_key_reference(size_t slot)
{
    return slot == PIV_SIGNATURE ? 0x9C : (uint8_t)(0x81 + slot);
}

static bool is_certified(const struct piv *piv, enum token_algorithm algorithm,
                         const struct token_public_key *key)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (piv->slot[i].key.algorithm == algorithm &&
            piv_algorithm_same_key(&piv->slot[i].key, key))
            return true;
    return false;
}

/* SM2 has no number in the standard: the token's own is that of a key whose certificate says that it is one. */
static enum err_code number_of(struct piv *piv, enum token_algorithm algorithm, size_t slot,
                               uint8_t *out, struct err *err)
{
    struct piv_metadata found;
    *out = piv_algorithm_number(algorithm);
    if (*out != 0)
        return ERR_NONE;
    if (piv_metadata_read(piv, piv_key_reference(slot), &found, err) != ERR_NONE)
        return err->code;
    if (!found.known || found.algorithm == 0 || !is_certified(piv, algorithm, &found.key))
        return err_set(err, ERR_TOKEN_CANNOT_REPLACE, "the card does not say that it has SM2");
    *out = found.algorithm;
    return ERR_NONE;
}

/* Some cards leave the frame away. */
static bool take_public_key(struct span answer, uint8_t number, struct token_public_key *out)
{
    struct span key;
    if (!piv_tlv_only(answer, TAG_PUBLIC_KEY, &key))
        key = answer;
    return piv_algorithm_public_key(number, key, out);
}

enum err_code piv_key_generate(struct piv *piv, size_t slot, enum token_algorithm algorithm,
                               struct token_public_key *out, struct err *err)
{
    uint8_t number;
    if (number_of(piv, algorithm, PIV_SIGNATURE, &number, err) != ERR_NONE)
        return err->code;
    const uint8_t control[] = {TAG_CONTROL, 3, TAG_ALGORITHM, 1, number};
    struct piv_command command = {
        .name = "GENERATE ASYMMETRIC KEY PAIR",
        .ins = INS_GENERATE,
        .p2 = piv_key_reference(slot),
        .data = SPAN_ARRAY(control),
        .answer_bytes_max = ANSWER_BYTES_MAX,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (piv_send(piv, &command, &answer, &status, err) != ERR_NONE)
        return err->code;
    if (status != APDU_STATUS_OK)
        return err_set_foreign(err, ERR_TOKEN_CANNOT_REPLACE, status,
                               "%s: status %04X: no key pair of algorithm %02X in slot %02X",
                               command.name, status, number, command.p2);
    if (!take_public_key(span_bytes(answer), number, out) || out->algorithm != algorithm)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: no public key", command.name);
    return ERR_NONE;
}

/* ---- signing ---- */

/* Where the card does not take the extended form that it promised, the try may have used the PIN up. */
static enum err_code authenticate(struct piv *piv, size_t slot, uint8_t number,
                                  struct span template, struct bytes **answer, uint16_t *status,
                                  struct err *err)
{
    struct piv_command command = {
        .name = "GENERAL AUTHENTICATE",
        .ins = INS_AUTHENTICATE,
        .p1 = number,
        .p2 = piv_key_reference(slot),
        .data = template,
        .answer_bytes_max = ANSWER_BYTES_MAX,
        .after_pin = true,
    };
    bool was_extended = piv->extended;
    if (piv_send(piv, &command, answer, status, err) != ERR_NONE)
        return err->code;
    if (!was_extended || piv->extended)
        return ERR_NONE;
    bytes_freep(answer);
    if (piv->pin != NULL && piv_access_verify_again(piv, err) != ERR_NONE)
        return err->code;
    return piv_send(piv, &command, answer, status, err);
}

/* Retired slots are meant for decryption, and a card may keep them to that: SP 800-73-4 Part 1 3.3. Whether the PIN
 * is what was missing is known by then. */
static bool refuses_to_sign_there(const struct piv *piv, size_t slot, uint16_t status)
{
    static const uint16_t refusals[] = {0x6982, 0x6985, 0x6986, 0x6A80, 0x6A81, 0x6A82,
                                        0x6A86, 0x6A88, 0x6B00, 0x6D00, 0x6F00};
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (slot != PIV_SIGNATURE && piv->pin != NULL && refusals[i] == status)
            return true;
    return false;
}

/* A key is known to want the PIN before each signature from its first refusal on. */
static enum err_code sign_with_pin(struct piv *piv, size_t slot, uint8_t number,
                                   struct span template, struct bytes **answer, struct err *err)
{
    uint16_t status = 0;
    bool fresh = piv->pin_fresh;
    if (piv->slot[slot].pin_always && !fresh) {
        if (piv_access_verify_again(piv, err) != ERR_NONE)
            return err->code;
        fresh = true;
    }
    if (authenticate(piv, slot, number, template, answer, &status, err) != ERR_NONE)
        return err->code;
    if (status == STATUS_SECURITY && !fresh && piv->pin != NULL) {
        bytes_freep(answer);
        if (piv_access_verify_again(piv, err) != ERR_NONE ||
            authenticate(piv, slot, number, template, answer, &status, err) != ERR_NONE)
            return err->code;
        piv->slot[slot].pin_always = status == APDU_STATUS_OK;
    }
    if (refuses_to_sign_there(piv, slot, status))
        return err_set_foreign(err, ERR_TOKEN_NOT_SUPPORTED, status,
                               "GENERAL AUTHENTICATE: status %04X: no signatures in slot %02X",
                               status, piv_key_reference(slot));
    return status_word_check(status, INS_AUTHENTICATE, "GENERAL AUTHENTICATE", err);
}

enum err_code piv_key_sign(struct piv *piv, size_t slot, enum token_algorithm algorithm,
                           struct span input, struct bytes **out, struct err *err)
{
    AUTO(buf_done) struct buf block = BUF_INIT(PIV_SIGNATURE_BYTES_MAX);
    AUTO(buf_done) struct buf inner = BUF_INIT(TEMPLATE_BYTES_MAX);
    AUTO(buf_done) struct buf template = BUF_INIT(TEMPLATE_BYTES_MAX);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    struct span content, signature;
    uint8_t number;
    if (piv_signature_input(algorithm, input, &block, err) != ERR_NONE ||
        number_of(piv, algorithm, slot, &number, err) != ERR_NONE)
        return err->code;
    piv_tlv_add(&inner, TAG_OUTPUT, SPAN_NONE);
    piv_tlv_add(&inner, TAG_INPUT, buf_span(&block));
    piv_tlv_add(&template, TAG_TEMPLATE, buf_span(&inner));
    if (sign_with_pin(piv, slot, number, buf_span(&template), &answer, err) != ERR_NONE)
        return err_add(err, "sign in slot %02X", piv_key_reference(slot));
    if (!piv_tlv_only(span_bytes(answer), TAG_TEMPLATE, &content) ||
        !piv_tlv_only(content, TAG_OUTPUT, &signature))
        return err_set(err, ERR_TOKEN_ANSWER, "GENERAL AUTHENTICATE: no signature");
    return piv_signature_output(algorithm, signature, out, err);
}

/* ---- moving ---- */

static struct piv_command move(const char *name, uint8_t to, size_t from)
{
    return (struct piv_command){
        .name = name, .ins = INS_MOVE, .p1 = to, .p2 = piv_key_reference(from)};
}

enum err_code piv_key_move(struct piv *piv, size_t from, size_t to, struct err *err)
{
    const struct piv_command command = move("MOVE KEY", piv_key_reference(to), from);
    uint16_t status = 0;
    if (piv_send(piv, &command, NULL, &status, err) != ERR_NONE)
        return err->code;
    if (piv_check_managed(piv, &command, status, err) != ERR_NONE)
        return err_add(err, "move the key from slot %02X to %02X", piv_key_reference(from),
                       piv_key_reference(to));
    return ERR_NONE;
}

enum err_code piv_key_delete(struct piv *piv, size_t slot, struct err *err)
{
    const struct piv_command command = move("DELETE KEY", NOWHERE, slot);
    uint16_t status = 0;
    if (piv_send(piv, &command, NULL, &status, err) != ERR_NONE)
        return err->code;
    if (status == STATUS_NO_KEY || status == STATUS_NOT_FOUND)
        return ERR_NONE;
    return piv_check_managed(piv, &command, status, err);
}
