#include "portal/portal_command_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <unistd.h>

#include "base/file.h"
#include "certs/seal.h"
#include "command_runner.h"

static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 1, 2, 3};

static char *write_picture(const struct world *world, struct span content)
{
    char *path = file_join(world->folder, "picture.png");
    struct err err = ERR_INIT;
    world_must(file_write_atomic(path, content, 0600, &err), &err);
    return path;
}

/* more: "|--list|digests" */
static char *make_words(struct world *world, const char *serial, const char *picture,
                        const char *more)
{
    return memory_printf("seal|make|--serial|%s|--picture|%s|--name|电子签章|--out|%s/seal.esl%s",
                         serial, picture, world->folder, more);
}

static struct seal *made(struct world *world, const struct world_key *key, const char *more)
{
    AUTO(memory_freep) char *picture = write_picture(world, SPAN_ARRAY(png));
    AUTO(memory_freep) char *words = make_words(world, key->serial, picture, more);
    AUTO(json_freep) struct json *answer = command_json(world, words);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct seal *seal = NULL;
    struct err err = ERR_INIT;
    assert_string_equal(command_text(answer, "serial"), key->serial);
    world_must(file_read(command_text(answer, "out"), SEAL_BYTES_MAX, &der, &err), &err);
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    return seal;
}

static void a_seal_is_made_by_its_options(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(seal_freep) struct seal *usual = made(world, key, "");
    AUTO(seal_freep)
    struct seal *digests = made(world, key, "|--list|digests|--type|2|--width|30|--height|200");
    AUTO(seal_freep) struct seal *old = made(world, key, "|--version|1");
    assert_int_equal(seal_peek(usual)->version, SEAL_V4);
    assert_int_equal(seal_peek(usual)->list, SEAL_LIST_CERTIFICATES);
    assert_int_equal(seal_peek(usual)->type, 1);
    assert_int_equal(seal_peek(usual)->picture_width_mm, 40);
    assert_int_equal(seal_peek(digests)->list, SEAL_LIST_DIGESTS);
    assert_int_equal(seal_peek(digests)->type, 2);
    assert_int_equal(seal_peek(digests)->picture_width_mm, 30);
    assert_int_equal(seal_peek(digests)->picture_height_mm, 200);
    assert_int_equal(seal_peek(old)->version, SEAL_V1);
    AUTO(memory_freep) char *list = memory_printf("seal|list|--serial|%s", key->serial);
    AUTO(json_freep) struct json *seals = command_json(world, list);
    assert_int_equal(json_count(seals), 3);
    assert_string_equal(command_text(json_item(seals, 0), "state"), "current");
    assert_string_equal(command_text(json_item(seals, 0), "name"), "电子签章");
}

static void wrong_options_are_refused_and_nothing_is_written(void **state)
{
    static const struct {
        const char *more;
        enum err_code code;
    } cases[] = {
        {"|--version|5", ERR_USAGE},
        {"|--list|both", ERR_USAGE},
        {"|--version|1|--list|digests", ERR_USAGE},
        {"|--width|201", ERR_USAGE},
        {"|--height|0", ERR_FIELD_VALUE},
        {"|--type|x", ERR_USAGE},
    };
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *picture = write_picture(world, SPAN_ARRAY(png));
    AUTO(memory_freep) char *out = file_join(world->folder, "seal.esl");
    unlink(out);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *words = make_words(world, key->serial, picture, cases[i].more);
        if (command_refused(world, words) != cases[i].code)
            fail_msg("not refused: %s", words);
    }
    AUTO(memory_freep) char *other_key = make_words(world, "none", picture, "");
    AUTO(memory_freep) char *no_picture = make_words(world, key->serial, "/nowhere.png", "");
    assert_int_equal(command_refused(world, other_key), ERR_NO_SUCH_RECORD);
    assert_int_equal(command_refused(world, no_picture), ERR_FILE_MISSING);
    free(write_picture(world, SPAN_ARRAY("GIF89a")));
    AUTO(memory_freep) char *no_png = make_words(world, key->serial, picture, "");
    assert_int_equal(command_refused(world, no_png), ERR_FIELD_VALUE);
    assert_int_equal(access(out, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seal_is_made_by_its_options),
        cmocka_unit_test(wrong_options_are_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
