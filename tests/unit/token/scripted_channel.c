#include "tests/unit/token/scripted_channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"

#define EXCHANGES_MAX 512
#define BEGIN_FAILURES_MAX 4

struct exchange {
    struct bytes *command;
    struct bytes *answer; /* NULL: fails with code */
    enum err_code code;
};

struct scripted_channel {
    struct channel channel;
    struct bytes *atr; /* NULL: atr below */
    size_t command_bytes_max;
    struct exchange exchange[EXCHANGES_MAX];
    size_t count, next;
    enum err_code begin_failure[BEGIN_FAILURES_MAX];
    size_t begin_failures;
    unsigned begins;
    bool held;
};

/* The virtual GM/T 0017 key's. */
static const uint8_t atr[] = {0x3B, 0x85, 0x80, 0x01, 'U', 'K', 'E', 'Y', 'D', 0x42};

struct bytes *scripted_channel_bytes(const char *hex)
{
    AUTO(memory_freep) char *compact = memory_new(strlen(hex) + 1);
    size_t length = 0;
    for (const char *at = hex; *at != '\0'; at++)
        if (*at != ' ')
            compact[length++] = *at;
    struct bytes *bytes = hex_decode(compact);
    if (bytes == NULL)
        fail_msg("not hexadecimal: %s", hex);
    return bytes;
}

static enum err_code scripted_begin(struct channel *channel, struct deadline deadline,
                                    struct err *err)
{
    struct scripted_channel *script = (struct scripted_channel *)channel;
    assert_false(script->held);
    script->begins++;
    if (script->begin_failures > 0) {
        enum err_code code = script->begin_failure[0];
        memmove(script->begin_failure, script->begin_failure + 1,
                --script->begin_failures * sizeof code);
        return err_set(err, code, "scripted");
    }
    script->held = true;
    return ERR_NONE;
}

static void scripted_end(struct channel *channel)
{
    struct scripted_channel *script = (struct scripted_channel *)channel;
    assert_true(script->held);
    script->held = false;
}

static enum err_code scripted_transmit(struct channel *channel, struct span command,
                                       struct bytes **out, struct deadline deadline,
                                       struct err *err)
{
    struct scripted_channel *script = (struct scripted_channel *)channel;
    AUTO(memory_freep) char *sent = hex_encode(command);
    if (script->next == script->count)
        fail_msg("a command that nobody expects: %s", sent);
    struct exchange *exchange = &script->exchange[script->next++];
    AUTO(memory_freep) char *expected = hex_encode(span_bytes(exchange->command));
    assert_string_equal(sent, expected);
    if (exchange->answer == NULL)
        return err_set(err, exchange->code, "scripted");
    *out = bytes_new(span_bytes(exchange->answer));
    return ERR_NONE;
}

static struct span scripted_peek_atr(const struct channel *channel)
{
    const struct scripted_channel *script = (const struct scripted_channel *)channel;
    return script->atr != NULL ? span_bytes(script->atr) : SPAN_ARRAY(atr);
}

static size_t scripted_command_bytes_max(const struct channel *channel)
{
    return ((const struct scripted_channel *)channel)->command_bytes_max;
}

static void scripted_close(struct channel *channel)
{
    struct scripted_channel *script = (struct scripted_channel *)channel;
    assert_int_equal(scripted_channel_left(script), 0);
    assert_false(script->held);
    scripted_channel_free(script);
}

static const struct channel_class scripted_class = {
    .name = "scripted",
    .begin = scripted_begin,
    .end = scripted_end,
    .transmit = scripted_transmit,
    .peek_atr = scripted_peek_atr,
    .command_bytes_max = scripted_command_bytes_max,
    .close = scripted_close,
};

struct scripted_channel *scripted_channel_new(void)
{
    struct scripted_channel *script = memory_new(sizeof *script);
    script->channel.class = &scripted_class;
    return script;
}

struct channel *scripted_channel_channel(struct scripted_channel *script)
{
    return &script->channel;
}

void scripted_channel_free(struct scripted_channel *script)
{
    for (size_t i = 0; i < script->count; i++) {
        bytes_free(script->exchange[i].command);
        bytes_free(script->exchange[i].answer);
    }
    bytes_free(script->atr);
    free(script);
}

void scripted_channel_set_command_bytes_max(struct scripted_channel *script, size_t bytes)
{
    script->command_bytes_max = bytes;
}

void scripted_channel_set_atr(struct scripted_channel *script, const char *hex)
{
    bytes_free(script->atr);
    script->atr = scripted_channel_bytes(hex);
}

static struct exchange *add(struct scripted_channel *script, const char *command)
{
    assert_true(script->count < EXCHANGES_MAX);
    struct exchange *exchange = &script->exchange[script->count++];
    exchange->command = scripted_channel_bytes(command);
    return exchange;
}

void scripted_channel_expect(struct scripted_channel *script, const char *command,
                             const char *answer)
{
    add(script, command)->answer = scripted_channel_bytes(answer);
}

void scripted_channel_expect_failure(struct scripted_channel *script, const char *command,
                                     enum err_code code)
{
    add(script, command)->code = code;
}

void scripted_channel_fail_begin(struct scripted_channel *script, enum err_code code)
{
    assert_true(script->begin_failures < BEGIN_FAILURES_MAX);
    script->begin_failure[script->begin_failures++] = code;
}

size_t scripted_channel_left(const struct scripted_channel *script)
{
    return script->count - script->next;
}

unsigned scripted_channel_begins(const struct scripted_channel *script)
{
    return script->begins;
}

bool scripted_channel_is_held(const struct scripted_channel *script)
{
    return script->held;
}
