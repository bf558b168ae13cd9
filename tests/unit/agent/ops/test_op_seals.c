/* The electronic seals on a key. */
#include "agent/ops/op_seals.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/agent/ops/ops_world.h"

static void log_in(struct token *token)
{
    AUTO(secret_freep) struct secret *pin = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(secret_new(16, &pin, &err), ERR_NONE);
    memcpy(secret_room(pin), "123456", 6);
    secret_set_length(pin, 6);
    assert_int_equal(token_login(token, pin, &err), ERR_NONE);
}

static void write_seal(struct ops_world *world, struct token *token, const char *file,
                       struct span holder, int64_t until_utc)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep)
    struct bytes *seal = stand_in_platform_seal(&world->platform, holder, until_utc);
    assert_int_equal(token_write_file(token, file, span_bytes(seal), &err), ERR_NONE);
}

static void files_that_are_no_seals_are_passed_over(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(op_seals_freep) struct op_seals *seals = NULL;
    log_in(token);
    assert_int_equal(token_write_file(token, "notes", span_text("no seal"), &err), ERR_NONE);
    write_seal(world, token, "seal", span_bytes(world->platform.maker_cert), FIXTURE_NOW + 100);
    assert_int_equal(op_seals_read(token, &seals, &err), ERR_NONE);
    assert_int_equal(seals->count, 1);
    assert_string_equal(seals->seals[0].file, "seal");
    assert_ptr_equal(op_seals_holding(seals, seal_peek(seals->seals[0].seal)->der),
                     &seals->seals[0]);
    assert_null(op_seals_holding(seals, span_text("no seal")));
}

static void the_unbound_one_is_to_be_extended(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(op_seals_freep) struct op_seals *seals = NULL;
    AUTO(cert_freep)
    struct cert *cert = fixture_parse(span_bytes(world->platform.maker_cert));
    const struct op_seal *present = NULL;
    log_in(token);
    assert_int_equal(op_seals_read(token, &seals, &err), ERR_NONE);
    assert_int_equal(op_seals_present(seals, NULL, cert, &present, &err), ERR_SEAL_MISSING);
    op_seals_freep(&seals);
    write_seal(world, token, "bound", span_bytes(world->platform.maker_cert), FIXTURE_NOW + 50);
    write_seal(world, token, "other", span_bytes(world->platform.ca), FIXTURE_NOW + 100);
    assert_int_equal(op_seals_read(token, &seals, &err), ERR_NONE);
    assert_int_equal(op_seals_present(seals, NULL, cert, &present, &err), ERR_NONE);
    assert_string_equal(present->file, "other");
}

/* A unit's seal and its legal person's. */
static void of_several_the_one_that_is_meant_is_extended(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(op_seals_freep) struct op_seals *seals = NULL;
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(world->platform.maker_cert));
    const struct span holder = span_bytes(world->platform.ca);
    const struct op_seal *present = NULL;
    log_in(token);
    world->platform.seal_id = "unit";
    write_seal(world, token, "unit-new", holder, FIXTURE_NOW + 100);
    write_seal(world, token, "unit-old", holder, FIXTURE_NOW + 50);
    world->platform.seal_id = "person";
    write_seal(world, token, "person", holder, FIXTURE_NOW + 10);
    assert_int_equal(op_seals_read(token, &seals, &err), ERR_NONE);
    assert_int_equal(op_seals_present(seals, NULL, cert, &present, &err), ERR_SEAL_SEVERAL);
    assert_int_equal(op_seals_present(seals, "other", cert, &present, &err), ERR_SEAL_MISSING);
    assert_int_equal(op_seals_present(seals, "unit", cert, &present, &err), ERR_NONE);
    assert_string_equal(present->file, "unit-old");
    assert_int_equal(op_seals_present(seals, "person", cert, &present, &err), ERR_NONE);
    assert_string_equal(present->file, "person");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(files_that_are_no_seals_are_passed_over),
        OPS_WORLD_TEST(the_unbound_one_is_to_be_extended),
        OPS_WORLD_TEST(of_several_the_one_that_is_meant_is_extended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
