/* Room for an extended seal. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A key with a seal that has a picture of so many bytes. */
static void use_sealed(struct ops_world *world, const char *profile, size_t picture_bytes)
{
    struct err err = ERR_INIT;
    ops_world_use(world, profile, false);
    world->platform.kind = "extend-seal";
    world->platform.seal_picture_bytes = picture_bytes;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    assert_int_equal(token_read_pairs(token, &pairs, &err), ERR_NONE);
    AUTO(bytes_freep)
    struct bytes *seal = stand_in_platform_seal(
        &world->platform, span_bytes(pairs->pairs[0].sign_cert), FIXTURE_NOW + 20 * FIXTURE_DAY);
    stand_in_keys_put_file(&world->keys, 0, "seal", span_bytes(seal));
}

/* Before the platform has made a seal that could not be kept. */
static void a_token_that_is_too_small_is_told_before_the_platform_is_asked(void **state)
{
    static const struct {
        const char *profile;
        size_t picture_bytes;
    } cases[] = {{"piv-full", 1500}, {"piv-odd", 128}};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        use_sealed(world, cases[i].profile, cases[i].picture_bytes);
        AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
        assert_string_equal(ops_world_code(operation), "key-full");
        assert_int_equal(world->platform.seals_made, 0);
        ops_world_assert_unchanged(world, before);
    }
}

/* The trial's last command, and more than the trial ends at. */
#define TRIAL_COMMANDS 16
#define COMMANDS 70

/* What was written for the trial is not taken for a seal, and goes with the next attempt. */
static void a_trial_that_breaks_off_leaves_nothing_in_the_end(void **state)
{
    struct ops_world *world = *state;
    for (int nth = 10; nth <= COMMANDS; nth += 3) {
        AUTO(memory_freep) char *fault = memory_printf("remove-at %d", nth);
        struct err err = ERR_INIT;
        use_sealed(world, "piv-full", 512);
        world->keys.next_fault = fault;
        AUTO(json_freep) struct json *broken = ops_world_run(world, "extend-seal", "ticket");
        world->person.asked = 0;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
        assert_string_equal(ops_world_code(operation), "none");
        AUTO(token_closep) struct token *token = ops_world_open_token(world);
        AUTO(token_files_freep) struct token_files *files = NULL;
        assert_int_equal(token_list_files(token, &files, &err), ERR_NONE);
        assert_int_equal(files->count, 1);
        assert_string_not_equal(files->files[0].name, "seal-room");
    }
}

static bool is_changed(const struct json *operation)
{
    struct err err = ERR_INIT;
    bool changed = false;
    const struct json_field field = {"key_changed", JSON_BOOL, false, 0, &changed};
    assert_int_equal(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    return changed;
}

/* That there is nothing to remove can't be true of what was written just now. */
static void a_card_that_denies_what_was_written_is_not_believed(void **state)
{
    struct ops_world *world = *state;
    for (int nth = 10; nth <= TRIAL_COMMANDS; nth++) {
        AUTO(memory_freep) char *fault = memory_printf("status %d 6A93", nth);
        use_sealed(world, "piv-full", 512);
        AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
        world->keys.next_fault = fault;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
        if (strcmp(ops_world_state(operation), "done") != 0 && !is_changed(operation))
            ops_world_assert_unchanged(world, before);
    }
}

/* Its free space is known: nothing is written for a trial. */
static void a_key_that_says_how_much_is_free_is_believed(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    use_sealed(world, "gmt0017-2012", 512);
    uint64_t before = virtual_card_count(world->keys.cards[0], 0x30); /* CreateFile */
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(virtual_card_count(world->keys.cards[0], 0x30) - before, 1);
    assert_int_equal(err.code, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_token_that_is_too_small_is_told_before_the_platform_is_asked),
        OPS_WORLD_TEST(a_trial_that_breaks_off_leaves_nothing_in_the_end),
        OPS_WORLD_TEST(a_card_that_denies_what_was_written_is_not_believed),
        OPS_WORLD_TEST(a_key_that_says_how_much_is_free_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
