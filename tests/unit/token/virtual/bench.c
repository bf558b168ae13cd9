#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#define COMMAND_DIGITS_MAX (64 * 1024)

struct bytes *bench_bytes(const char *hex)
{
    struct bytes *bytes = hex_decode(hex);
    assert_non_null(bytes);
    return bytes;
}

void bench_init(struct bench *bench, const struct virtual_profile *profile)
{
    struct virtual_name name;
    *bench = (struct bench){0};
    bench->objects = virtual_objects_new(profile, "SERIAL-1", "label");
    assert_non_null(bench->objects);
    assert_true(virtual_objects_set_name(&name, span_text("APP"), 32));
    bench->application = virtual_objects_add_application(bench->objects, &name);
    virtual_pin_make(&bench->application->pins[VIRTUAL_PIN_ADMIN], span_text("12345678"),
                     profile->admin_tries);
    virtual_pin_make(&bench->application->pins[VIRTUAL_PIN_USER], span_text("123456"),
                     profile->user_tries);
    bench->application->create_file_rights = VIRTUAL_RIGHTS_USER;
    bench->application->containers_max = profile->containers_max;
    bench->application->certificates_max = profile->certificates_max;
    bench->application->files_max = profile->files_max;
    assert_true(virtual_objects_set_name(&name, span_text("box"), 32));
    bench->container = virtual_objects_add_container(bench->application, &name);
    bench->card = virtual_card_new(bench->objects, NULL);
}

void bench_done(struct bench *bench)
{
    bytes_freep(&bench->answer);
    virtual_card_freep(&bench->card);
}

static struct bytes *command_of(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++)
        if (*from != ' ')
            *to++ = *from;
    *to = '\0';
    return bench_bytes(text);
}

unsigned bench_send(struct bench *bench, const char *format, ...)
{
    AUTO(memory_freep) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    assert_true(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    AUTO(bytes_freep) struct bytes *command = command_of(text);
    AUTO(bytes_freep)
    struct bytes *answer = virtual_card_process(bench->card, span_bytes(command));
    assert_true(answer->len >= 2);
    bytes_freep(&bench->answer);
    bench->answer = bytes_new(span_of(answer->at, answer->len - 2));
    return (unsigned)(answer->at[answer->len - 2] << 8 | answer->at[answer->len - 1]);
}

void bench_expect(const struct bench *bench, const char *format, ...)
{
    AUTO(memory_freep) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    assert_true(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    AUTO(bytes_freep) struct bytes *expected = command_of(text);
    AUTO(memory_freep) char *want = hex_encode(span_bytes(expected));
    AUTO(memory_freep) char *got = hex_encode(span_bytes(bench->answer));
    assert_string_equal(got, want);
}

void bench_challenge(struct bench *bench)
{
    AUTO(bytes_freep) struct bytes *challenge = bench_bytes(CHALLENGE);
    virtual_card_set_random(bench->card, span_bytes(challenge));
    assert_int_equal(bench_send(bench, "80500000 000008"), 0x9000);
    bench_expect(bench, CHALLENGE);
}

void bench_open(struct bench *bench)
{
    assert_int_equal(bench_send(bench, "80260000 000003 415050 000A"), 0x9000);
}

static const char *id(const struct bench *bench)
{
    return bench->objects->profile->little_endian ? "0010" : "1000";
}

static void verify(struct bench *bench, unsigned kind, const char *zeros, const char *length)
{
    const struct virtual_profile *profile = bench->objects->profile;
    bench_challenge(bench);
    assert_int_equal(bench_send(bench, "801800%02X 000012 %s %s", kind, id(bench),
                                profile->verify_block == VIRTUAL_BLOCK_LENGTH ? length : zeros),
                     0x9000);
}

void bench_log_in(struct bench *bench)
{
    bench_open(bench);
    verify(bench, VIRTUAL_PIN_USER, USER_ZEROS, USER_LENGTH);
}

void bench_log_in_admin(struct bench *bench)
{
    verify(bench, VIRTUAL_PIN_ADMIN, ADMIN_ZEROS, ADMIN_LENGTH);
}

void bench_open_container(struct bench *bench)
{
    assert_int_equal(bench_send(bench, "80420000 000005 %s 626F78 0002", id(bench)), 0x9000);
    bench_expect(bench, bench->objects->profile->little_endian ? "0130" : "3001");
}

void bench_authenticate(struct bench *bench)
{
    bench_challenge(bench);
    assert_int_equal(bench_send(bench, "80100002 000010 5FA2DF7AEAF68C7F0DDCEC1871CA96B7"), 0x9000);
}

void bench_put_sign_pair(struct bench *bench)
{
    struct err err = ERR_INIT;
    struct virtual_pair *pair = NULL;
    AUTO(bytes_freep) struct bytes *scalar = bench_bytes(SIGN_SCALAR);
    assert_int_equal(virtual_pair_from_scalar(scalar->at, &pair, &err), ERR_NONE);
    virtual_objects_set_pair(&bench->container->slots[VIRTUAL_SLOT_SIGN], pair, true);
}
