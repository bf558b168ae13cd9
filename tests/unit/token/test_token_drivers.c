#include "token/token_driver.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Whoever adds a driver must fill the whole table. */
static void every_mandatory_entry_is_there(void **state)
{
    size_t count;
    const struct token_driver *const *drivers = token_drivers(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const struct token_driver *driver = drivers[i];
        assert_non_null(driver->name);
        assert_true(driver->open && driver->close && driver->reopen && driver->read_pairs &&
                    driver->read_cert && driver->read_public_key && driver->read_pin_state &&
                    driver->read_serial && driver->login && driver->logout && driver->sign &&
                    driver->create_pair && driver->import_encryption_key && driver->write_cert &&
                    driver->delete_pair && driver->list_files && driver->read_file &&
                    driver->write_file && driver->delete_file && driver->change_pin &&
                    driver->challenge && driver->unblock);
    }
}

static void settings_without_a_folder_are_fine(void **state)
{
    struct err err = ERR_INIT;
    struct token_settings settings = {.profile_folder = NULL};
    assert_int_equal(token_settings_check(&settings, &err), ERR_NONE);
}

static void settings_that_cannot_be_read_are_refused(void **state)
{
    struct err err = ERR_INIT;
    struct token_settings settings = {.profile_folder = "/dev/null"};
    assert_int_equal(token_settings_check(&settings, &err), ERR_CONFIG);
}

static void only_an_atr_that_is_known_for_sure_changes_the_order(void **state)
{
    static const uint8_t virtual_key[] = {0x3B, 0x85, 0x80, 0x01, 'U', 'K', 'E', 'Y', 'D', 0x42};
    static const uint8_t any_card[] = {0x3B, 0x80, 0x80, 0x01, 0x01};
    struct token_settings settings = {.profile_folder = NULL};
    const struct token_driver *driver = token_driver_for_atr(&settings, SPAN_ARRAY(virtual_key));
    assert_non_null(driver);
    assert_string_equal(driver->name, "gmt0017");
    assert_null(token_driver_for_atr(&settings, SPAN_ARRAY(any_card)));
    settings.profile_folder = "/dev/null"; /* a mistake in the settings is said by opening */
    assert_null(token_driver_for_atr(&settings, SPAN_ARRAY(virtual_key)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mandatory_entry_is_there),
        cmocka_unit_test(settings_without_a_folder_are_fine),
        cmocka_unit_test(settings_that_cannot_be_read_are_refused),
        cmocka_unit_test(only_an_atr_that_is_known_for_sure_changes_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
