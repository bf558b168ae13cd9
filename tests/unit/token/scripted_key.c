#include "tests/unit/token/scripted_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"

static void put_text(uint8_t *at, const char *text)
{
    memcpy(at, text, strlen(text));
}

char *scripted_key_dev_info(const char *manufacturer, const char *label, const char *serial,
                            bool little)
{
    uint8_t info[288 + 2] = {1, 0, 1, 0};
    put_text(info + 4, manufacturer);
    put_text(info + 68, "issuer");
    put_text(info + 132, label);
    put_text(info + 164, serial);
    memcpy(info + 220, little ? "\x00\x80\x00\x00" : "\x00\x00\x80\x00", 4); /* 32768 free */
    memcpy(info + 224, little ? "\x00\x08" : "\x08\x00", 2); /* 2048 a command */
    info[230] = 8;
    memcpy(info + 288, "\x90\x00", 2);
    return hex_encode(SPAN_ARRAY(info));
}

void scripted_key_expect_open(struct scripted_channel *script, const char *manufacturer)
{
    bool little = strcmp(manufacturer, SCRIPTED_KEY_SYNO) == 0;
    AUTO(memory_freep) char *info = scripted_key_dev_info(manufacturer, "LABEL", "SN0001", little);
    scripted_channel_expect(script, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_channel_expect(script, "80 22 00 00 00 00 00", "41 50 50 00 00 9000");
    scripted_channel_expect(script, "80 26 00 00 00 00 03 41 50 50 00 0A",
                            "00 00 00 10 04 08 00 20 10 00 9000");
}

struct scripted_key scripted_key_new(const char *manufacturer)
{
    struct scripted_key key = {.script = scripted_channel_new(), .err = ERR_INIT};
    scripted_key_expect_open(key.script, manufacturer);
    enum err_code code = token_open(scripted_channel_channel(key.script), "reader", NULL,
                                    DEADLINE_NEVER, &key.token, &key.err);
    if (code != ERR_NONE)
        fail_msg("%s", key.err.detail);
    return key;
}

void scripted_key_expect(struct scripted_key *key, const char *command, const char *answer)
{
    scripted_channel_expect(key->script, command, answer);
}

void scripted_key_close(struct scripted_key *key, bool logged_in)
{
    if (logged_in)
        scripted_key_expect(key, "80 1C 00 00 00 00 02 10 00", "9000");
    scripted_key_expect(key, SCRIPTED_KEY_CLOSE_APPLICATION, "9000");
    token_closep(&key->token);
    key->script = NULL;
}

void scripted_key_close_stale(struct scripted_key *key, bool logged_in)
{
    if (logged_in) {
        AUTO(memory_freep)
        char *info = scripted_key_dev_info(token_peek_facts(key->token)->manufacturer, "LABEL",
                                           "SN0001", false);
        scripted_key_expect(key, SCRIPTED_KEY_OPEN_DEV_INFO, info);
        scripted_key_expect(key, "80 26 00 00 00 00 03 41 50 50 00 0A",
                            "00 00 00 10 04 08 00 20 10 00 9000");
        scripted_key_close(key, true);
    }
    token_closep(&key->token);
}

struct secret *scripted_key_secret(const char *text)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(secret_new(64, &secret, &err), ERR_NONE);
    memcpy(secret_room(secret), text, strlen(text));
    secret_set_length(secret, strlen(text));
    return secret;
}

void scripted_key_login(struct scripted_key *key)
{
    AUTO(secret_freep) struct secret *pin = scripted_key_secret("123456");
    bool longmai = strcmp(token_peek_facts(key->token)->profile, "longmai") == 0;
    scripted_key_expect(key, "80 50 00 00 00 00 08", "01 02 03 04 05 06 07 08 9000");
    scripted_key_expect(key,
                        longmai ? "80 18 00 01 00 00 12 10 00 0566E5EB3B4A1E76864236FB8BEF7594"
                                : "80 18 00 01 00 00 12 10 00 920EE2F758A377F47711FEA261F14D1C",
                        "9000");
    assert_int_equal(token_login(key->token, pin, &key->err), ERR_NONE);
}

char *scripted_key_bytes(uint8_t first, size_t count)
{
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size(count);
    for (size_t i = 0; i < count; i++)
        bytes->at[i] = (uint8_t)(first + i);
    return hex_encode(span_bytes(bytes));
}
