#include "token/virtual/sim_put_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "authority.h"
#include "base/file.h"
#include "bench.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/virtual_state.h"

#define SEAL_TEXT "the bytes of a seal"

struct desk {
    struct authority authority;
    char seal[128]; /* a file with SEAL_TEXT */
};

static int open_desk(void **state)
{
    struct desk *desk = memory_new(sizeof *desk);
    struct err err = ERR_INIT;
    authority_init(&desk->authority);
    snprintf(desk->seal, sizeof desk->seal, "%s/seal", desk->authority.folder);
    assert_int_equal(file_write_atomic(desk->seal, span_text(SEAL_TEXT), 0600, &err), ERR_NONE);
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    unlink(desk->seal);
    authority_done(&desk->authority);
    free(desk);
    return 0;
}

static enum err_code create(struct desk *desk, const char *option, const char *value)
{
    struct err err = ERR_INIT;
    const char *words[] = {"--state",      desk->authority.state,   "--serial",
                           "S1",           "--issuer-cert",         desk->authority.sm2_cert,
                           "--issuer-key", desk->authority.sm2_key, option,
                           value};
    return sim_create(words, option == NULL ? 8 : 10, &err);
}

static enum err_code put(struct desk *desk, const char *path, const char *name)
{
    struct err err = ERR_INIT;
    const char *words[] = {"--state", desk->authority.state, "--file", path, "--name", name};
    return sim_put_file(words, name == NULL ? 4 : 6, &err);
}

static void expect_file(struct desk *desk, size_t index, const char *name, const char *content)
{
    struct err err = ERR_INIT;
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    assert_int_equal(virtual_state_load(desk->authority.state, &objects, &err), ERR_NONE);
    const struct virtual_application *application = objects->applications[0];
    assert_int_equal(application->file_count, index + 1);
    const struct virtual_file *file = application->files[index];
    assert_string_equal(file->name.at, name);
    assert_true(span_equal(span_bytes(file->content), span_text(content)));
    assert_int_equal(file->read_rights, VIRTUAL_RIGHTS_ANYONE);
    assert_int_equal(file->write_rights, VIRTUAL_RIGHTS_USER);
}

static void creates_a_key_with_a_seal(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(create(desk, "--seal", desk->seal), ERR_NONE);
    expect_file(desk, 0, "seal", SEAL_TEXT);
}

static enum err_code create_piv(struct desk *desk, const char *profile, const char *serial)
{
    struct err err = ERR_INIT;
    const char *words[] = {"--state",
                           desk->authority.state,
                           "--serial",
                           serial,
                           "--issuer-key",
                           desk->authority.sm2_key,
                           "--profile",
                           profile,
                           "--family",
                           "piv",
                           "--force",
                           "--issuer-cert",
                           desk->authority.sm2_cert};
    return sim_create(words, ARRAY_SIZE(words), &err);
}

static void puts_files_onto_piv_tokens_that_take_them(void **state)
{
    struct desk *desk = *state;
    struct err err = ERR_INIT;
    assert_int_equal(create_piv(desk, "piv-5.4", "7"), ERR_NONE);
    assert_int_equal(put(desk, desk->seal, NULL), ERR_NONE);
    AUTO(virtual_card_freep) struct virtual_card *card = NULL;
    assert_int_equal(virtual_card_load(desk->authority.state, &card, &err), ERR_NONE);
    AUTO(memory_freep) char *text = virtual_card_describe(card);
    assert_non_null(strstr(text, "\"dGhlIGJ5dGVzIG9mIGEgc2VhbA==\""));
    assert_int_equal(create_piv(desk, "piv-plain", "00112233445566778899AABBCCDDEEFF"), ERR_NONE);
    assert_int_equal(put(desk, desk->seal, NULL), ERR_TOKEN_NO_SPACE);
}

static void creates_no_key_when_the_seal_is_missing(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(create(desk, "--seal", "/nowhere/seal"), ERR_FILE_MISSING);
    assert_int_not_equal(access(desk->authority.state, F_OK), 0);
}

static void puts_files_onto_a_key(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(create(desk, NULL, NULL), ERR_NONE);
    assert_int_equal(put(desk, desk->seal, NULL), ERR_NONE);
    expect_file(desk, 0, "seal", SEAL_TEXT);
    assert_int_equal(put(desk, desk->seal, "other"), ERR_NONE);
    expect_file(desk, 1, "other", SEAL_TEXT);
}

static void replaces_a_file_of_the_same_name(void **state)
{
    struct desk *desk = *state;
    struct err err = ERR_INIT;
    assert_int_equal(create(desk, "--seal", desk->seal), ERR_NONE);
    assert_int_equal(file_write_atomic(desk->seal, span_text("newer"), 0600, &err), ERR_NONE);
    assert_int_equal(put(desk, desk->seal, NULL), ERR_NONE);
    expect_file(desk, 0, "seal", "newer");
}

static void keeps_the_key_when_it_refuses(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(create(desk, "--seal", desk->seal), ERR_NONE);
    assert_int_equal(put(desk, "/nowhere/seal", NULL), ERR_FILE_MISSING);
    assert_int_equal(put(desk, desk->seal, "a name of more than thirty-two bytes"),
                     ERR_FIELD_VALUE);
    assert_int_equal(put(desk, desk->seal, ""), ERR_USAGE);
    expect_file(desk, 0, "seal", SEAL_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_a_key_with_a_seal, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(puts_files_onto_piv_tokens_that_take_them, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(creates_no_key_when_the_seal_is_missing, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(puts_files_onto_a_key, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(replaces_a_file_of_the_same_name, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(keeps_the_key_when_it_refuses, open_desk, close_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
