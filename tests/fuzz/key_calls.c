#include "key_calls.h"

#include <stdio.h>

#include "fuzz.h"
#include "fuzz_input.h"

#define PIN "123456"
#define PAIR "box"
#define FILE_NAME "seal"

static enum err_code read_pairs(struct token *token, struct err *err)
{
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    if (token_read_pairs(token, &pairs, err) != ERR_NONE)
        return err->code;
    fuzz_require(pairs->count <= TOKEN_PAIRS_MAX);
    for (size_t i = 0; i < pairs->count; i++) {
        fuzz_require(strlen(pairs->pairs[i].name) <= TOKEN_NAME_BYTES_MAX);
        fuzz_touch(span_bytes(pairs->pairs[i].sign_cert));
        fuzz_touch(span_bytes(pairs->pairs[i].encrypt_cert));
    }
    return ERR_NONE;
}

static enum err_code read_cert(struct token *token, struct err *err)
{
    AUTO(bytes_freep) struct bytes *cert = NULL;
    if (token_read_cert(token, PAIR, TOKEN_SIGN, &cert, err) != ERR_NONE)
        return err->code;
    fuzz_require(cert->len > 0 && cert->len <= TOKEN_CERT_BYTES_MAX);
    fuzz_touch(span_bytes(cert));
    return ERR_NONE;
}

static enum err_code read_public_key(struct token *token, struct err *err)
{
    struct token_public_key key = {0};
    if (token_read_public_key(token, PAIR, TOKEN_SIGN, &key, err) == ERR_NONE)
        fuzz_require(key.algorithm == TOKEN_SM2 || key.algorithm == TOKEN_RSA2048);
    return err->code;
}

static enum err_code read_pin_state(struct token *token, struct err *err)
{
    struct token_pin_state pin;
    if (token_read_pin_state(token, TOKEN_USER, &pin, err) == ERR_NONE)
        fuzz_require(pin.tries_left >= 0 && pin.tries_left <= pin.tries_max);
    return err->code;
}

static enum err_code check_same(struct token *token, struct err *err)
{
    return token_check_same(token, err);
}

static enum err_code log_in(struct token *token, struct err *err)
{
    AUTO(secret_freep) struct secret *pin = fuzz_secret(PIN);
    return token_login(token, pin, err);
}

static enum err_code sign(struct token *token, struct err *err)
{
    static const uint8_t digest[32] = {1};
    AUTO(bytes_freep) struct bytes *signature = NULL;
    if (log_in(token, err) != ERR_NONE ||
        token_sign(token, PAIR, SPAN_ARRAY(digest), &signature, err) != ERR_NONE)
        return err->code;
    fuzz_require(signature->len == 64 || signature->len == 256);
    return ERR_NONE;
}

static enum err_code create_pair(struct token *token, struct err *err)
{
    struct token_public_key key = {0};
    if (log_in(token, err) != ERR_NONE)
        return err->code;
    return token_create_pair(token, "new", TOKEN_SM2, &key, err);
}

static enum err_code import_key(struct token *token, struct err *err)
{
    static const struct token_envelope envelope = {.cipher_id = 0x401};
    if (log_in(token, err) != ERR_NONE)
        return err->code;
    return token_import_encryption_key(token, PAIR, &envelope, err);
}

static enum err_code write_cert(struct token *token, struct err *err)
{
    static const uint8_t der[200] = {0x30, 0x81, 0xC5};
    if (log_in(token, err) != ERR_NONE)
        return err->code;
    return token_write_cert(token, PAIR, TOKEN_SIGN, SPAN_ARRAY(der), err);
}

static enum err_code delete_pair(struct token *token, struct err *err)
{
    if (log_in(token, err) != ERR_NONE)
        return err->code;
    return token_delete_pair(token, PAIR, err);
}

static enum err_code list_files(struct token *token, struct err *err)
{
    AUTO(token_files_freep) struct token_files *files = NULL;
    if (token_list_files(token, &files, err) != ERR_NONE)
        return err->code;
    fuzz_require(files->count <= TOKEN_FILES_MAX);
    for (size_t i = 0; i < files->count; i++)
        fuzz_require(strlen(files->files[i].name) <= TOKEN_NAME_BYTES_MAX &&
                     files->files[i].size_bytes <= TOKEN_FILE_BYTES_MAX + 1);
    return ERR_NONE;
}

static enum err_code read_file(struct token *token, struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (token_read_file(token, FILE_NAME, &content, err) != ERR_NONE)
        return err->code;
    fuzz_require(content->len <= TOKEN_FILE_BYTES_MAX + 1);
    fuzz_touch(span_bytes(content));
    return ERR_NONE;
}

static enum err_code write_file(struct token *token, struct err *err)
{
    static const uint8_t content[1500] = {7};
    if (log_in(token, err) != ERR_NONE)
        return err->code;
    return token_write_file(token, "new", SPAN_ARRAY(content), err);
}

static enum err_code delete_file(struct token *token, struct err *err)
{
    if (log_in(token, err) != ERR_NONE)
        return err->code;
    return token_delete_file(token, FILE_NAME, err);
}

static enum err_code change_pin(struct token *token, struct err *err)
{
    AUTO(secret_freep) struct secret *old_pin = fuzz_secret(PIN);
    AUTO(secret_freep) struct secret *new_pin = fuzz_secret("654321");
    return token_change_pin(token, old_pin, new_pin, err);
}

static enum err_code unblock(struct token *token, struct err *err)
{
    static const uint8_t blob[36] = {3};
    struct token_challenge challenge;
    if (token_challenge(token, TOKEN_PURPOSE_UNBLOCK, &challenge, err) != ERR_NONE)
        return err->code;
    return token_unblock(token, SPAN_ARRAY(blob), err);
}

static enum err_code admin_login(struct token *token, struct err *err)
{
    static const uint8_t cryptogram[16] = {5};
    struct token_challenge challenge;
    if (token_challenge(token, TOKEN_PURPOSE_LOGIN, &challenge, err) != ERR_NONE)
        return err->code;
    return token_admin_login(token, SPAN_ARRAY(cryptogram), err);
}

static const struct {
    const char *name;
    enum err_code (*make)(struct token *token, struct err *err);
} calls[] = {
    {"read_pairs", read_pairs},
    {"read_cert", read_cert},
    {"read_public_key", read_public_key},
    {"read_pin_state", read_pin_state},
    {"check_same", check_same},
    {"login", log_in},
    {"sign", sign},
    {"create_pair", create_pair},
    {"import_key", import_key},
    {"write_cert", write_cert},
    {"delete_pair", delete_pair},
    {"list_files", list_files},
    {"read_file", read_file},
    {"write_file", write_file},
    {"delete_file", delete_file},
    {"change_pin", change_pin},
    {"unblock", unblock},
    {"admin_login", admin_login},
};

size_t key_call_count(void)
{
    return ARRAY_SIZE(calls);
}

const char *key_call_name(size_t number)
{
    return calls[number].name;
}

void key_call(size_t number, struct channel *channel)
{
    AUTO(token_closep) struct token *token = NULL;
    struct err err = ERR_INIT;
    if (token_open(channel, "reader", NULL, DEADLINE_NEVER, &token, &err) != ERR_NONE) {
        fuzz_require(token == NULL && err.detail[0] != '\0');
        return;
    }
    const struct token_facts *facts = token_peek_facts(token);
    fuzz_require(strlen(facts->serial) <= TOKEN_TEXT_BYTES_MAX && facts->pin_bytes_max <= 16);
    enum err_code code = calls[number].make(token, &err);
    fuzz_require(code == ERR_NONE || (code == err.code && err.detail[0] != '\0'));
}
