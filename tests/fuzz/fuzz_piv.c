/* A PIV card that lies: the first byte of an input is the call, the second says whether the ATR promises
 * extended lengths, then come the card's answers as for lying_channel.h. */
#include "fuzz.h"
#include "fuzz_input.h"
#include "lying_channel.h"
#include "token/token_driver.h"

/* Looking at 21 slots, each in 260 parts, and more than one call looks twice. */
#define COMMANDS_MAX 30000
#define PAIR "renew-1"
#define FILE_NAME "seal"

static bool is_short(struct span command)
{
    return command.len <= 5 + 255 + 1 || command.at[0] == 0x80;
}

/* ---- the calls ---- */

static enum err_code log_in(struct token *token, struct err *err)
{
    AUTO(secret_freep) struct secret *pin = fuzz_secret("123456");
    return token_login(token, pin, err);
}

static enum err_code manage(struct token *token, struct err *err)
{
    static const uint8_t cryptogram[TOKEN_CHALLENGE_BYTES_MAX] = {5};
    struct token_challenge challenge;
    if (token_challenge(token, TOKEN_PURPOSE_LOGIN, &challenge, err) != ERR_NONE)
        return err->code;
    fuzz_require(challenge.len == 8 || challenge.len == 16);
    fuzz_require(token_peek_facts(token)->admin_algorithm[0] != '\0');
    return token_admin_login(token, span_of(cryptogram, challenge.len), err);
}

static enum err_code read_pairs(struct token *token, struct err *err)
{
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    if (token_read_pairs(token, &pairs, err) != ERR_NONE)
        return err->code;
    fuzz_require(pairs->count <= token_peek_facts(token)->pairs_max);
    for (size_t i = 0; i < pairs->count; i++) {
        fuzz_require(strlen(pairs->pairs[i].name) >= 2);
        for (size_t j = 0; j < i; j++)
            fuzz_require(strcmp(pairs->pairs[i].name, pairs->pairs[j].name) != 0);
        fuzz_touch(span_bytes(pairs->pairs[i].sign_cert));
        fuzz_require(pairs->pairs[i].encrypt_cert == NULL);
    }
    return ERR_NONE;
}

static enum err_code read_cert(struct token *token, struct err *err)
{
    AUTO(bytes_freep) struct bytes *cert = NULL;
    if (token_read_cert(token, PAIR, TOKEN_SIGN, &cert, err) != ERR_NONE)
        return err->code;
    fuzz_require(cert->len > 0 && cert->len <= TOKEN_CERT_BYTES_MAX);
    return ERR_NONE;
}

static enum err_code read_pin_state(struct token *token, struct err *err)
{
    struct token_pin_state pin;
    enum token_role roles[] = {TOKEN_USER, TOKEN_ADMINISTRATOR};
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
        if (token_read_pin_state(token, roles[i], &pin, err) != ERR_NONE)
            return err->code;
        fuzz_require(pin.tries_left >= -1 && pin.tries_left <= 255);
        fuzz_require(pin.tries_max == -1 || pin.tries_left <= pin.tries_max);
    }
    return ERR_NONE;
}

static enum err_code sign(struct token *token, struct err *err)
{
    static const uint8_t digest[48] = {1};
    AUTO(bytes_freep) struct bytes *signature = NULL;
    if (log_in(token, err) != ERR_NONE ||
        token_sign(token, "9C", span_of(digest, 32), &signature, err) != ERR_NONE)
        return err->code;
    fuzz_require(signature->len == 64 || signature->len == 256);
    return ERR_NONE;
}

static enum err_code create_pair(struct token *token, struct err *err)
{
    struct token_public_key key = {0};
    if (manage(token, err) != ERR_NONE)
        return err->code;
    if (token_create_pair(token, "renew-2", TOKEN_P256, &key, err) == ERR_NONE)
        fuzz_require(key.algorithm == TOKEN_P256);
    return err->code;
}

static enum err_code write_cert(struct token *token, struct err *err)
{
    static const uint8_t der[700] = {0x30, 0x82, 0x02, 0xB8};
    if (manage(token, err) != ERR_NONE)
        return err->code;
    return token_write_cert(token, PAIR, TOKEN_SIGN, SPAN_ARRAY(der), err);
}

static enum err_code make_current(struct token *token, struct err *err)
{
    if (manage(token, err) != ERR_NONE)
        return err->code;
    return token_make_current(token, PAIR, err);
}

static enum err_code delete_pair(struct token *token, struct err *err)
{
    if (manage(token, err) != ERR_NONE)
        return err->code;
    return token_delete_pair(token, PAIR, err);
}

static enum err_code list_files(struct token *token, struct err *err)
{
    AUTO(token_files_freep) struct token_files *files = NULL;
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (token_list_files(token, &files, err) != ERR_NONE)
        return err->code;
    fuzz_require(files->count <= 2);
    for (size_t i = 0; i < files->count; i++)
        fuzz_require(files->files[i].name[0] != '\0' &&
                     files->files[i].size_bytes <= TOKEN_FILE_BYTES_MAX);
    return token_read_file(token, FILE_NAME, &content, err);
}

static enum err_code write_file(struct token *token, struct err *err)
{
    static const uint8_t content[1500] = {7};
    if (manage(token, err) != ERR_NONE ||
        token_write_file(token, "new", SPAN_ARRAY(content), err) != ERR_NONE)
        return err->code;
    return token_delete_file(token, "new", err);
}

static enum err_code change_pin(struct token *token, struct err *err)
{
    AUTO(secret_freep) struct secret *old_pin = fuzz_secret("123456");
    AUTO(secret_freep) struct secret *new_pin = fuzz_secret("654321");
    return token_change_pin(token, old_pin, new_pin, err);
}

static enum err_code unblock(struct token *token, struct err *err)
{
    static const uint8_t blob[24] = {3};
    struct token_challenge challenge;
    if (token_challenge(token, TOKEN_PURPOSE_UNBLOCK, &challenge, err) != ERR_NONE)
        return err->code;
    return token_unblock(token, SPAN_ARRAY(blob), err);
}

static enum err_code check_same(struct token *token, struct err *err)
{
    return token_check_same(token, err);
}

/* The order is that of the inputs in the corpus. */
static enum err_code (*const calls[])(struct token *token, struct err *err) = {
    read_pairs,  read_cert,  read_pin_state, sign,       create_pair, write_cert, make_current,
    delete_pair, list_files, write_file,     change_pin, unblock,     manage,     check_same,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t short_atr[] = {0x3B, 0x80, 0x80, 0x01, 0x01};
    static const uint8_t extended_atr[] = {0x3B, 0x85, 0x80, 0x01, 0x80,
                                           0x73, 0xC0, 0x21, 0xC0, 0x57};
    struct span rest = span_of(data, size);
    size_t number = fuzz_byte(&rest) % ARRAY_SIZE(calls);
    bool extended = (fuzz_byte(&rest) & 1) != 0;
    const struct lying_card card = {
        .atr = extended ? SPAN_ARRAY(extended_atr) : SPAN_ARRAY(short_atr),
        .answers = rest,
        .commands_max = COMMANDS_MAX,
        .may_be_sent = extended ? NULL : is_short,
    };
    AUTO(token_closep) struct token *token = NULL;
    struct err err = ERR_INIT;
    if (token_open(lying_channel_new(&card), "reader", NULL, DEADLINE_NEVER, &token, &err) !=
        ERR_NONE) {
        fuzz_require(token == NULL && err.detail[0] != '\0');
        return 0;
    }
    const struct token_facts *facts = token_peek_facts(token);
    fuzz_require(strlen(facts->serial) > 0 && strlen(facts->serial) <= TOKEN_TEXT_BYTES_MAX);
    enum err_code code = calls[number](token, &err);
    fuzz_require(code == ERR_NONE || (code == err.code && err.detail[0] != '\0'));
    return 0;
}
