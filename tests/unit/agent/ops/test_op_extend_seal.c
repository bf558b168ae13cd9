/* CA签章延期. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <stdio.h>

#include <cmocka.h>

#include "certs/proof.h"

static void log_in(struct token *token)
{
    AUTO(secret_freep) struct secret *pin = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(secret_new(16, &pin, &err), ERR_NONE);
    memcpy(secret_room(pin), "123456", 6);
    secret_set_length(pin, 6);
    assert_int_equal(token_begin(token, &err), ERR_NONE);
    assert_int_equal(token_login(token, pin, &err), ERR_NONE);
}

/* Puts a seal onto the key, bound to the certificate that is on it. */
static void put_seal(struct ops_world *world, const char *file, int64_t until_utc)
{
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(bytes_freep) struct bytes *holder = NULL;
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    assert_int_equal(token_read_pairs(token, &pairs, &err), ERR_NONE);
    assert_int_equal(token_read_cert(token, pairs->pairs[0].name, TOKEN_SIGN, &holder, &err),
                     ERR_NONE);
    AUTO(bytes_freep)
    struct bytes *seal = stand_in_platform_seal(&world->platform, span_bytes(holder), until_utc);
    stand_in_keys_put_file(&world->keys, 0, file, span_bytes(seal));
}

static size_t count_files(struct ops_world *world, struct token_file *out_first)
{
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(token_files_freep) struct token_files *files = NULL;
    assert_int_equal(token_list_files(token, &files, &err), ERR_NONE);
    if (files->count > 0)
        *out_first = files->files[0];
    return files->count;
}

static void a_seal_is_extended_and_the_old_one_goes(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    world->platform.kind = "extend-seal";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
    assert_string_equal(json_text_of(json_member(operation, "message")), "CA签章延期成功!");
    assert_int_equal(count_files(world, &file), 1);
    assert_string_not_equal(file.name, "seal");
    assert_int_equal(file.size_bytes, world->platform.new_seal->len);
}

/* With seals that fit a PIV token too. */
static void use_small(struct ops_world *world, const char *profile)
{
    ops_world_use(world, profile, false);
    world->platform.kind = "extend-seal";
    world->platform.seal_picture_bytes = 512;
}

static void a_seal_on_a_piv_token_is_extended(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-5.4"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct token_file file;
        use_small(world, profiles[i]);
        put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
        assert_string_equal(ops_world_code(operation), "none");
        assert_int_equal(world->platform.piv.managed, 1);
        assert_int_equal(count_files(world, &file), 1);
        assert_int_equal(file.size_bytes, world->platform.new_seal->len);
        assert_string_not_equal(file.name, "seal");
    }
}

/* The platform gives another seal than the one that an earlier attempt left, and both objects are taken. */
static void a_token_with_two_files_of_the_seal_makes_room(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    use_small(world, "piv-full");
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    put_seal(world, "seal-left", FIXTURE_NOW + 30 * FIXTURE_DAY);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(count_files(world, &file), 1);
    assert_int_equal(file.size_bytes, world->platform.new_seal->len);
}

/* The platform gives again what the key has: an agent whose disk was full has not noted its success. */
static void a_seal_that_the_key_already_has_is_success(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    world->platform.kind = "extend-seal";
    AUTO(json_freep) struct json *first = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_state(first), "done");
    world->person.answers[1] = world->person.answers[0];
    AUTO(json_freep) struct json *again = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(again), "none");
    assert_string_equal(ops_world_state(again), "done");
    assert_int_equal(count_files(world, &file), 1);
}

/* After an attempt that broke off before the old one was removed. */
static void two_files_of_one_seal_are_put_right(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    put_seal(world, "seal-new", FIXTURE_NOW + 385 * FIXTURE_DAY);
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    struct err err = ERR_INIT;
    assert_int_equal(token_read_file(token, "seal-new", &world->platform.new_seal, &err), ERR_NONE);
    token_closep(&token);
    world->platform.kind = "extend-seal";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(count_files(world, &file), 1);
    assert_string_equal(file.name, "seal-new");
}

/* What earlier attempts left goes too, but never another seal. */
static void of_several_seals_only_the_named_one_is_touched(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    world->platform.kind = "extend-seal";
    world->platform.seal_id = "person";
    put_seal(world, "person", FIXTURE_NOW + 10 * FIXTURE_DAY);
    world->platform.seal_id = "unit";
    put_seal(world, "unit", FIXTURE_NOW + 20 * FIXTURE_DAY);
    put_seal(world, "unit-left", FIXTURE_NOW + 30 * FIXTURE_DAY);
    put_seal(world, "unit-later", FIXTURE_NOW + 400 * FIXTURE_DAY);
    AUTO(json_freep) struct json *refused = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(refused), "several-seals");
    assert_int_equal(world->person.asked, 0);
    world->platform.job_seal = "unit";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(bytes_freep) struct bytes *content = NULL;
    assert_int_equal(token_read_file(token, "unit", &content, &err), ERR_TOKEN_NO_FILE);
    assert_int_equal(token_read_file(token, "unit-left", &content, &err), ERR_TOKEN_NO_FILE);
    assert_int_equal(token_read_file(token, "person", &content, &err), ERR_NONE);
    bytes_freep(&content);
    assert_int_equal(token_read_file(token, "unit-later", &content, &err), ERR_NONE);
    token_closep(&token);
    struct token_file file;
    assert_int_equal(count_files(world, &file), 3);
}

/* ---- what others did to the key while the person was asked ---- */

/* The seal that the platform will make, not on the key; names the file that it would get. */
static void make_next_seal(struct ops_world *world, char out_name[TOKEN_NAME_BYTES_MAX + 1])
{
    struct err err = ERR_INIT;
    uint8_t hash[32];
    put_seal(world, "next", FIXTURE_NOW + 385 * FIXTURE_DAY);
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    log_in(token);
    assert_int_equal(token_read_file(token, "next", &world->platform.new_seal, &err), ERR_NONE);
    assert_int_equal(token_delete_file(token, "next", &err), ERR_NONE);
    token_end(token);
    proof_sha256(span_bytes(world->platform.new_seal), hash);
    snprintf(out_name, TOKEN_NAME_BYTES_MAX + 1, "seal-%02X%02X%02X%02X", hash[0], hash[1], hash[2],
             hash[3]);
}

static void check_file(struct ops_world *world, const char *file, struct span wanted)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    assert_int_equal(token_read_file(token, file, &content, &err), ERR_NONE);
    assert_true(span_equal(span_bytes(content), wanted));
}

static char next_name[TOKEN_NAME_BYTES_MAX + 1];

static void another_agent_extends(void *context)
{
    struct ops_world *world = context;
    stand_in_keys_put_file(&world->keys, 0, next_name, span_bytes(world->platform.new_seal));
    stand_in_keys_put_file(&world->keys, 0, "seal", SPAN_NONE);
    world->person.holds = false;
}

/* It is the only one on the key then. */
static void a_seal_that_another_agent_wrote_meanwhile_is_not_written_again(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    make_next_seal(world, next_name);
    world->platform.kind = "extend-seal";
    world->person.holds = true;
    world->on_waiting_user = another_agent_extends;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    bool changed = true;
    struct err err = ERR_INIT;
    const struct json_field field = {"key_changed", JSON_BOOL, false, 0, &changed};
    assert_int_equal(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    assert_false(changed);
    assert_int_equal(count_files(world, &file), 1);
    check_file(world, next_name, span_bytes(world->platform.new_seal));
}

static void other_software_writes(void *context)
{
    struct ops_world *world = context;
    stand_in_keys_put_file(&world->keys, 0, "seal", span_text("not the seal that was read"));
    world->person.holds = false;
}

static void a_file_that_was_written_over_meanwhile_is_not_removed(void **state)
{
    struct ops_world *world = *state;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    world->platform.kind = "extend-seal";
    world->person.holds = true;
    world->on_waiting_user = other_software_writes;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    check_file(world, "seal", span_text("not the seal that was read"));
}

/* A name is 32 bits of a hash, which a maker of seals could aim at another seal's. */
static void another_seal_of_the_new_ones_name_is_not_overwritten(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    world->platform.seal_id = "unit";
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    make_next_seal(world, next_name);
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(bytes_freep) struct bytes *present = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(token_read_file(token, "seal", &present, &err), ERR_NONE);
    token_closep(&token);
    stand_in_keys_put_file(&world->keys, 0, "seal", SPAN_NONE);
    stand_in_keys_put_file(&world->keys, 0, next_name,
                           span_bytes(present)); /* the present seal has that name itself */
    world->platform.seal_id = "person";
    put_seal(world, "person", FIXTURE_NOW + 20 * FIXTURE_DAY);
    world->platform.kind = "extend-seal";
    world->platform.job_seal = "unit";
    world->platform.confirm_fails_with =
        ERR_ORDER_STATE; /* so that nothing is removed at the end */
    world->platform.confirm_failures = 1;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "order-state");
    check_file(world, next_name, span_bytes(present));
    assert_int_equal(count_files(world, &file), 3);
}

/* What an attempt left that was cut while it wrote. */
static void rubbish_of_the_new_ones_name_is_written_over(void **state)
{
    struct ops_world *world = *state;
    struct token_file file;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    make_next_seal(world, next_name);
    struct span next = span_bytes(world->platform.new_seal);
    stand_in_keys_put_file(&world->keys, 0, next_name, span_part(next, 0, next.len - 1));
    world->platform.kind = "extend-seal";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(count_files(world, &file), 1);
    check_file(world, next_name, next);
}

static void a_seal_that_is_wrong_is_never_written(void **state)
{
    static const struct {
        const char *what, *code;
        bool other_picture, other_holder, other_maker;
        int days;
    } cases[] = {
        {"another picture", "seal-picture", .other_picture = true, .days = 385},
        {"another holder", "seal-holder", .other_holder = true, .days = 385},
        {"no later end", "seal-end", .days = 20},
        {"a maker outside the roots", "seal-maker", .other_maker = true, .days = 385},
    };
    struct ops_world *world = *state;
    struct token_file file;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    struct stand_in_platform stranger;
    stand_in_platform_init(&stranger);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct stand_in_platform *platform = &world->platform;
        struct stand_in_platform own = *platform;
        platform->kind = "extend-seal";
        platform->seal_other_picture = cases[i].other_picture;
        platform->seal_other_holder = cases[i].other_holder;
        platform->seal_until_utc = FIXTURE_NOW + cases[i].days * FIXTURE_DAY;
        if (cases[i].other_maker) {
            platform->maker_key = stranger.maker_key;
            platform->maker_cert = stranger.maker_cert;
        }
        world->person.asked = 0;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
        if (strcmp(ops_world_code(operation), cases[i].code) != 0)
            print_error("%s: %s\n", cases[i].what, ops_world_code(operation));
        assert_string_equal(ops_world_code(operation), cases[i].code);
        bytes_freep(&platform->new_seal);
        platform->maker_key = own.maker_key;
        platform->maker_cert = own.maker_cert;
        platform->seal_other_picture = platform->seal_other_holder = false;
    }
    stand_in_platform_done(&stranger);
    ops_world_assert_unchanged(world, before);
    assert_int_equal(count_files(world, &file), 1);
}

/* By the platform's CA and its maker's own key, but not marked as a maker's: a holder's could be that. */
static struct bytes *unmarked_maker(const struct stand_in_platform *platform)
{
    return stand_in_platform_issue(platform, platform->maker_key, "holder",
                                   "critical,digitalSignature",
                                   FIXTURE_NOW + 3000 * (int64_t)FIXTURE_DAY);
}

static void a_maker_must_be_marked_unless_its_roots_are_named(void **state)
{
    struct ops_world *world = *state;
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    bytes_freep(&world->platform.maker_cert);
    world->platform.maker_cert = unmarked_maker(&world->platform);
    world->platform.kind = "extend-seal";
    AUTO(json_freep) struct json *refused = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(refused), "seal-maker");
    ops_world_assert_unchanged(world, before);
    world->listed.seal_roots = world->platform.roots;
    world->person.asked = 0;
    AUTO(json_freep) struct json *extended = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(extended), "none");
    /* And of the roots that are named the others don't count. */
    struct stand_in_platform stranger;
    stand_in_platform_init(&stranger);
    world->listed.seal_roots = stranger.roots;
    world->person.asked = 0;
    bytes_freep(&world->platform.new_seal);
    AUTO(json_freep) struct json *foreign = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(foreign), "seal-maker");
    stand_in_platform_done(&stranger);
}

static void a_key_without_a_seal_says_so(void **state)
{
    struct ops_world *world = *state;
    world->platform.kind = "extend-seal";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_code(operation), "seal-missing");
    assert_int_equal(world->person.asked, 0);
}

/* A fresh key with a seal, whose line breaks as fault says while the seal is extended. False: the platform
 * has acknowledged the new seal nevertheless. */
static bool breaks_off(struct ops_world *world, const char *profile, const char *fault)
{
    use_small(world, profile);
    put_seal(world, "seal", FIXTURE_NOW + 20 * FIXTURE_DAY);
    world->platform.confirmed = 0;
    world->keys.next_fault = fault;
    world->person.asked = 0;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    world->keys.next_fault = NULL;
    bool broke = world->platform.confirmed == 0;
    assert_string_equal(ops_world_state(operation), broke ? "failed" : "done");
    return broke;
}

/* What the platform has acknowledged is done, whatever becomes of the old file; what it has not can be
 * done again. */
static void a_line_that_breaks_at_any_command_can_be_extended_later(void **state)
{
    static const struct {
        const char *profile;
        int commands; /* more than an extension takes */
    } cases[] = {{"gmt0017-2012", 40}, {"longmai", 40}, {"syno", 40}, {"piv-full", 90}};
    static const char *const faults[] = {"remove-at", "lose-after"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(faults); i++) {
        unsigned broken = 0;
        int commands = cases[i % ARRAY_SIZE(cases)].commands;
        for (int nth = 1; nth <= commands; nth++) {
            AUTO(memory_freep)
            char *fault = memory_printf("%s %d", faults[i / ARRAY_SIZE(cases)], nth);
            if (!breaks_off(world, cases[i % ARRAY_SIZE(cases)].profile, fault))
                continue;
            broken++;
            world->person.asked = 0;
            AUTO(json_freep) struct json *again = ops_world_run(world, "extend-seal", "ticket");
            assert_string_equal(ops_world_code(again), "none");
            struct token_file file;
            assert_int_equal(count_files(world, &file), 1);
        }
        assert_in_range(broken, 10, commands - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_seal_is_extended_and_the_old_one_goes),
        OPS_WORLD_TEST(a_seal_on_a_piv_token_is_extended),
        OPS_WORLD_TEST(a_token_with_two_files_of_the_seal_makes_room),
        OPS_WORLD_TEST(a_seal_that_the_key_already_has_is_success),
        OPS_WORLD_TEST(two_files_of_one_seal_are_put_right),
        OPS_WORLD_TEST(of_several_seals_only_the_named_one_is_touched),
        OPS_WORLD_TEST(a_seal_that_another_agent_wrote_meanwhile_is_not_written_again),
        OPS_WORLD_TEST(a_file_that_was_written_over_meanwhile_is_not_removed),
        OPS_WORLD_TEST(another_seal_of_the_new_ones_name_is_not_overwritten),
        OPS_WORLD_TEST(rubbish_of_the_new_ones_name_is_written_over),
        OPS_WORLD_TEST(a_seal_that_is_wrong_is_never_written),
        OPS_WORLD_TEST(a_maker_must_be_marked_unless_its_roots_are_named),
        OPS_WORLD_TEST(a_key_without_a_seal_says_so),
        OPS_WORLD_TEST(a_line_that_breaks_at_any_command_can_be_extended_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
